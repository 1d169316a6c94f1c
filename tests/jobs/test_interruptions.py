"""Whatever ends a run, the same command finishes it, and the tables are the same to the bit."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import psutil
import pytest

from rootzone.campaign.workspace import Workspace
from rootzone.jobs.shard.read_shard import digest_shard

from .synthetic import make_campaign

ROOT = Path(__file__).resolve().parents[2]
# Long enough to be hit while shards are under way: 60 sites on 2 workers take at least 0.6 s.
SLOW = {"sleep_s": 0.02, "needs_small_steps": [4], "never": [5]}
LENIENT = {"max_failed_pct": 5.0}


def start(file: Path, engine: dict[str, object], *words: str) -> subprocess.Popen[str]:
    drive = [sys.executable, "-m", "tests.jobs.drive", json.dumps(engine)]
    return subprocess.Popen(
        [*drive, "simulate", str(file), "--cores", "2", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(file: Path, engine: dict[str, object], *words: str) -> tuple[int, str]:
    process = start(file, engine, *words)
    _, told = process.communicate(timeout=120)
    return process.returncode, told


def digests(file: Path) -> list[str]:
    workspace = Workspace.beside(file)
    numbers = range(1, len([*workspace.runs.glob("shard=*")]) + 1)
    return [digest_shard(workspace, number) for number in numbers]


def half_written(file: Path) -> list[Path]:
    return [*Workspace.beside(file).runs.rglob("*.tmp*")]


def wait_for_shards(file: Path, n: int) -> None:
    runs = Workspace.beside(file).runs
    deadline = time.monotonic() + 60
    while len([*runs.glob("*/ledger.parquet")]) < n:
        assert time.monotonic() < deadline, "no shard was done in a minute"
        time.sleep(0.01)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    file = make_campaign(tmp_path_factory.mktemp("undisturbed") / "c", **LENIENT)
    status, told = finish(file, SLOW)
    assert status == 0, told
    return digests(file)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return make_campaign(tmp_path / "c", **LENIENT)


def test_processes_and_threads_give_the_same_tables(file: Path, undisturbed: list[str]) -> None:
    finish(file, {**SLOW, "sleep_s": 0.0}, "--executor", "threads")
    assert digests(file) == undisturbed


def test_a_killed_driver_is_resumed(file: Path, undisturbed: list[str]) -> None:
    process = start(file, SLOW)
    wait_for_shards(file, 2)
    process.kill()
    process.communicate()
    status, told = finish(file, SLOW)
    assert status == 0, told
    assert "shards were done before" in told
    assert digests(file) == undisturbed
    assert not half_written(file)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_cleanly_with_status_4_and_ends_the_workers(
    file: Path, undisturbed: list[str], number: signal.Signals
) -> None:
    process = start(file, SLOW)
    wait_for_shards(file, 1)
    workers = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 4, told
    assert f"Stopped by {number.name}" in told
    assert "The same command resumes" in told
    assert not half_written(file)
    _, alive = psutil.wait_procs(workers, timeout=10)
    assert not [p for p in alive if "loky" in " ".join(p.cmdline()) and p.status() != "zombie"]
    assert finish(file, SLOW)[0] == 0
    assert digests(file) == undisturbed


def test_a_worker_killed_for_memory_costs_nothing_but_time(
    file: Path, undisturbed: list[str], tmp_path: Path
) -> None:
    engine = {**SLOW, "kills_once": [20, str(tmp_path / "killed")]}
    status, told = finish(file, engine)
    assert status == 0, told
    assert (tmp_path / "killed").exists()
    assert digests(file) == undisturbed


def test_a_site_that_hangs_in_a_worker_is_found_and_the_run_finishes(tmp_path: Path) -> None:
    file = make_campaign(tmp_path / "c", n_site=20, site_timeout_s=3.0, max_failed_pct=5.0)
    status, told = finish(file, {"hangs": [7]})
    assert status == 0, told
    assert "nothing moved for 3 s" in told
    ledgers = pl.concat(
        pl.read_parquet(path) for path in Workspace.beside(file).runs.glob("*/ledger.parquet")
    )
    assert ledgers.filter(outcome="failed").select("site_id", "failure_class").rows() == [
        (7, "TIMEOUT")
    ]
    assert ledgers.height == 20


def test_a_full_disk_stops_with_status_4_and_leaves_nothing_half_written(
    tmp_path: Path,
) -> None:
    # The profiles of a shard of this shape take 13.8 kB, the kept cut 9.8 kB.
    shape = {"sites_per_shard": 30, "n_layer": 12}
    file = make_campaign(tmp_path / "full", **shape)  # type: ignore[arg-type]
    whole = make_campaign(tmp_path / "whole", **shape)  # type: ignore[arg-type]
    for executor in ("processes", "threads"):
        status, told = finish(file, {"fsize": 12_000}, "--executor", executor)
        assert status == 4, told
        assert "disk is full" in told
        assert not half_written(file)
        assert not [*Workspace.beside(file).runs.glob("*/ledger.parquet")]
    for folder in (file, whole):
        assert finish(folder, {}, "--executor", "threads")[0] == 0
    assert digests(file) == digests(whole)


def test_a_second_driver_waits_for_no_one_and_writes_nothing(file: Path) -> None:
    process = start(file, {**SLOW, "sleep_s": 0.2})
    runs = Workspace.beside(file).runs
    while not (runs / ".lock").exists():
        time.sleep(0.01)
    time.sleep(0.2)
    status, told = finish(file, SLOW)
    process.kill()
    process.communicate()
    assert status == 2
    assert "Another run of this campaign is under way" in told


@pytest.mark.hpc
def test_twenty_kills_at_random_moments_change_no_bit(tmp_path: Path) -> None:
    """The embedded engine on two workers, SIGKILL to the whole process group each time."""
    make = {"n_site": 1200, "sites_per_shard": 40, "n_layer": 12, "spin_up_days": 365}
    whole = make_campaign(tmp_path / "whole", **make)  # type: ignore[arg-type]
    command = [sys.executable, "-c", "from rootzone._cli import main; main()", "simulate"]
    environment = {**os.environ, "NUMBA_NUM_THREADS": "2"}
    begun = time.monotonic()
    subprocess.run([*command, str(whole)], check=True, env=environment, capture_output=True)
    whole_s = time.monotonic() - begun
    wanted = [digest_shard(Workspace.beside(whole), n) for n in range(1, 31)]
    rng = np.random.default_rng(7)
    hits: list[int] = []  # shards done at each kill
    file = make_campaign(tmp_path / "killed", **make)  # type: ignore[arg-type]
    runs = Workspace.beside(file).runs
    for _ in range(80):  # a resumed run has less to do and may end before its kill
        process = subprocess.Popen(
            [*command, str(file)],
            env=environment,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(rng.uniform(0.05, 0.95) * whole_s)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            hits.append(len([*runs.glob("*/ledger.parquet")]))
        else:
            for path in runs.glob("shard=*/*"):
                path.unlink()
        process.wait()
        if len(hits) == 20:
            break
    subprocess.run([*command, str(file)], check=True, env=environment, capture_output=True)
    assert len(hits) == 20
    assert sum(0 < done < 30 for done in hits) >= 5, f"kills fell with {hits} shards done"
    assert [digest_shard(Workspace.beside(file), n) for n in range(1, 31)] == wanted
    assert not half_written(file)


@pytest.mark.hpc
def test_a_real_small_disk_that_fills_up_stops_cleanly(tmp_path: Path) -> None:
    """A tmpfs of a quarter of a megabyte; needs the right to mount."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("mounting a tmpfs is not allowed here")
    try:
        file = make_campaign(disk / "c", n_site=400, sites_per_shard=40)
        status, told = finish(file, {"sleep_s": 0.001})
        assert status == 4, told
        assert "disk is full" in told
        assert not half_written(file)
    finally:
        subprocess.run(["umount", str(disk)], check=True)
