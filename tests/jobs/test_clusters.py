"""A real Slurm and a real Dask cluster run a campaign, each with one casualty."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rootzone._shared.jit import cache_dir
from rootzone.campaign.workspace import Workspace
from rootzone.jobs.shard.read_shard import digest_shard

from .synthetic import make_campaign

ROOT = Path(__file__).resolve().parents[2]
ROOTZONE = (sys.executable, "-c", "from rootzone._cli import main; main()")
SLURM = ROOT / "scripts" / "slurm_single_node.sh"
N_SHARD = 24
SHAPE = {"n_site": 24 * 60, "sites_per_shard": 60, "n_layer": 12, "spin_up_days": 365}

pytestmark = pytest.mark.hpc


def rootzone(*words: object, **environment: str) -> str:
    return subprocess.run(
        [*ROOTZONE, *map(str, words)],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    ).stdout


def digests(file: Path) -> list[str]:
    return [digest_shard(Workspace.beside(file), n) for n in range(1, N_SHARD + 1)]


def shards_done(file: Path) -> int:
    return len([*Workspace.beside(file).runs.glob("*/ledger.parquet")])


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    file = make_campaign(tmp_path_factory.mktemp("local") / "c", **SHAPE)  # type: ignore[arg-type]
    rootzone("simulate", file, "--cores", 2)
    return digests(file)


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    if not all(shutil.which(name) for name in ("slurmctld", "slurmd", "munged")):
        pytest.skip("Slurm is not installed: apt-get install slurmctld slurmd slurm-client munge")
    folder = tmp_path / "slurm"
    subprocess.run([str(SLURM), "start", str(folder)], check=True, timeout=60)
    monkeypatch.setenv("SLURM_CONF", str(folder / "slurm.conf"))
    yield folder
    subprocess.run([str(SLURM), "stop", str(folder)], check=True, timeout=60)


def squeue(job: str) -> dict[str, str]:
    shown = subprocess.run(
        ["squeue", "--noheader", "--array", "--format=%i %T", "--jobs", job],
        capture_output=True,
        text=True,
    ).stdout
    return dict(line.split() for line in shown.splitlines() if line.strip())


def test_a_slurm_array_with_one_task_killed_and_requeued_gives_the_same_tables(
    tmp_path: Path, undisturbed: list[str], slurm: Path
) -> None:
    file = make_campaign(tmp_path / "c", **SHAPE)  # type: ignore[arg-type]
    cache = str(cache_dir().parents[1])
    rootzone("plan", file, "--sites", 16)
    job = rootzone("submit", file, "--slurm", "--tasks", 4, ROOTZONE_CACHE_DIR=cache).strip()
    deadline = time.monotonic() + 300
    victim = ""
    while states := squeue(job):
        assert time.monotonic() < deadline, states
        running = [name for name, state in states.items() if state == "RUNNING"]
        if not victim and running and shards_done(file) > 0:
            victim = running[0]
            subprocess.run(["scontrol", "requeue", victim], check=True)
        time.sleep(0.05)
    assert victim, "no task was there to be killed"
    told = subprocess.run(["scontrol", "show", "job", victim], capture_output=True, text=True)
    assert "Restarts=1" in told.stdout
    assert digests(file) == undisturbed
    assert not [*Workspace.beside(file).runs.rglob("*.tmp*")]


def test_a_dask_cluster_with_one_worker_killed_gives_the_same_tables(
    tmp_path: Path, undisturbed: list[str]
) -> None:
    pytest.importorskip("distributed")
    file = make_campaign(tmp_path / "c", **SHAPE)  # type: ignore[arg-type]
    address_file = tmp_path / "scheduler.json"
    folder = str(tmp_path / "dask")
    one_thread = {**os.environ, "NUMBA_NUM_THREADS": "1"}
    address = ("--scheduler-file", str(address_file))
    worker = ("worker", *address, "--nthreads", "1", "--no-nanny", "--no-dashboard")
    with (tmp_path / "dask.log").open("w") as log:

        def dask(*words: str) -> subprocess.Popen[bytes]:
            call = [sys.executable, "-m", "dask", *words]
            return subprocess.Popen(call, stderr=log, env=one_thread)

        programs = [dask("scheduler", *address, "--port", "0", "--dashboard-address", ":0")]
        programs += [dask(*worker, "--local-directory", folder) for _ in range(2)]
        try:
            run = subprocess.Popen(
                [*ROOTZONE, "simulate", str(file), "--executor", "dask", "--scheduler", address[1]],
                stderr=subprocess.PIPE,
                text=True,
            )
            deadline = time.monotonic() + 200
            while not shards_done(file):
                assert time.monotonic() < deadline
                assert run.poll() is None, run.communicate()
                time.sleep(0.02)
            programs[1].send_signal(signal.SIGKILL)
            _, told = run.communicate(timeout=200)
            assert run.returncode == 0, told
        finally:
            for program in reversed(programs):
                program.kill()
                program.wait()
    assert digests(file) == undisturbed
