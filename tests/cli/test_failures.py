"""What the machine refuses is told in one sentence, with the exit status that is due."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from rootzone._cli._failures import in_one_sentence
from rootzone._shared import atomic
from rootzone._shared.errors import RequestError, StoppedEarly
from rootzone._shared.sweep import sweep
from rootzone._shared.workers import in_parallel


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        (errno.ENOSPC, StoppedEarly, "disk is full"),
        (errno.EDQUOT, StoppedEarly, "quota"),
        (errno.EMFILE, StoppedEarly, "ulimit -n"),
        (errno.EROFS, RequestError, "read-only"),
        (errno.EACCES, RequestError, "may not be read or written"),
    ],
)
def test_an_error_of_the_system_names_the_file_and_the_remedy(
    number: int, kind: type[Exception], words: str
) -> None:
    told = in_one_sentence(OSError(number, "x", "/c/soils/soils.parquet"))
    assert type(told) is kind
    assert words in str(told)
    assert "/c/soils/soils.parquet" in str(told)


def test_a_full_disk_is_told_where_a_library_wraps_it() -> None:
    wrapped = pl.exceptions.ComputeError("No space left on device (os error 28)")
    assert isinstance(in_one_sentence(wrapped), StoppedEarly)


def test_a_fault_of_ours_stays_a_fault() -> None:
    assert in_one_sentence(KeyError("x")) is None
    assert in_one_sentence(RuntimeError("x")) is None


def test_a_writer_that_tells_a_full_disk_in_its_own_words_is_understood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(atomic, "is_full", lambda folder: True)

    def write() -> None:
        with atomic.atomic_path(tmp_path / "a.nc") as temporary:
            temporary.write_text("half")
            raise RuntimeError("NetCDF: HDF error")

    with pytest.raises(OSError, match="HDF error") as caught:
        write()
    assert caught.value.errno == errno.ENOSPC
    assert caught.value.filename == str(tmp_path / "a.nc")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    (tmp_path / "c").mkdir()
    (tmp_path / "c").chmod(0o500)
    done = subprocess.run(
        [sys.executable, "-m", "rootzone", "init", str(tmp_path / "c" / "d")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_what_a_killed_run_left_is_swept_and_nothing_else(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    host = socket.gethostname()
    left = tmp_path / "labels" / "year=2020" / f".labels-00001.{host}-{ended.pid}.tmp.parquet"
    plain = tmp_path / "maps" / f".theta.{host}-{ended.pid}.tmp.plain.tif"
    others = [
        tmp_path / "labels" / f".a.{host}-{os.getpid()}.tmp.parquet",  # its writer lives
        tmp_path / "labels" / ".a.other-machine-1.tmp.parquet",  # may live elsewhere
        tmp_path / "labels" / "a.parquet",
        tmp_path / "data" / f".b.{host}-{ended.pid}.tmp.tif",  # no folder of ours
    ]
    for path in (left, plain, *others):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert sorted(sweep(tmp_path)) == sorted([left, plain])
    assert all(path.exists() for path in others)


DRIVER = """
import os, sys, time
from joblib import delayed
from rootzone._shared.workers import in_parallel
def work(path):
    open(path + "/" + str(os.getpid()), "w").close()
    time.sleep(60)
if __name__ == "__main__":
    list(in_parallel([delayed(work)(sys.argv[1]) for _ in range(2)], 2))
"""


def test_workers_end_with_a_driver_that_is_killed(tmp_path: Path) -> None:
    script, marks = tmp_path / "driver.py", tmp_path / "marks"
    script.write_text(DRIVER)
    marks.mkdir()
    driver = subprocess.Popen([sys.executable, str(script), str(marks)], env={**os.environ})
    end = time.monotonic() + 90
    while len(list(marks.iterdir())) < 2 and time.monotonic() < end:
        time.sleep(0.1)
    workers = [int(path.name) for path in marks.iterdir()]
    assert len(workers) == 2
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    while any(_lives(pid) for pid in workers) and time.monotonic() < end:
        time.sleep(0.1)
    assert not any(_lives(pid) for pid in workers)


def test_a_worker_that_starts_after_its_driver_was_killed_ends_at_once() -> None:
    code = (
        "import sys; from rootzone._shared.workers import end_with_driver as e; e(int(sys.argv[1]))"
    )
    ours, gone = os.getpid(), 1  # an orphan's parent is not the one that started it
    for driver, status in ((ours, 0), (gone, 1)):
        assert subprocess.run([sys.executable, "-c", code, str(driver)]).returncode == status


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


def test_one_worker_works_in_this_process() -> None:
    # No pickling: a lambda goes through, and sees what it closes over.
    seen: list[int] = []
    tasks = [(lambda n: seen.append(n) or n, (n,), {}) for n in (3, 1)]
    assert list(in_parallel(tasks, 1)) == seen == [3, 1]


def test_a_worker_that_is_killed_ends_the_verb_as_stopped() -> None:
    with pytest.raises(StoppedEarly, match="ended from outside"):
        list(in_parallel([(_die, (), {})] * 2, 2))


def _die() -> None:
    os.kill(os.getpid(), 9)


def test_sigterm_ends_a_verb_with_status_4(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys, click\n"
        "import rootzone._cli as c\n"
        "@click.command()\n"
        "def slow(): os.kill(os.getpid(), signal.SIGTERM)\n"
        "c.cli.get_command = lambda ctx, name: slow\n"
        "sys.argv = ['rootzone', 'x']\n"
        "c.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 4
    assert "SIGTERM" in done.stderr


@pytest.mark.parametrize("number", ["SIGTERM", "SIGINT"])
def test_a_signal_on_the_way_out_changes_nothing(tmp_path: Path, number: str) -> None:
    code = (
        "import atexit, os, signal, sys\n"
        f"atexit.register(os.kill, os.getpid(), signal.{number})\n"
        "sys.argv = ['rootzone', '--version']\n"
        "from rootzone._cli import main; main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_numpys_words_for_a_full_disk_are_understood() -> None:
    assert isinstance(in_one_sentence(OSError("105763 requested and 1272 written")), StoppedEarly)


@pytest.mark.parametrize("path", ["", ".", "/"])
def test_a_path_without_a_name_is_no_fault_of_ours(path: str) -> None:
    # pathlib's own words, whatever verb asked for the file beside.
    with pytest.raises(ValueError, match="empty name") as told:
        Path(path).with_name("x.parquet")
    assert "names no file" in str(in_one_sentence(told.value))
