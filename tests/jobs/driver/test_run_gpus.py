from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rootzone._shared.errors import RequestError
from rootzone.campaign.read_campaign import load_campaign
from rootzone.campaign.workspace import Workspace
from rootzone.engines.swim.gpu import run_device
from rootzone.jobs.driver.run_campaign import WorkersLost, prepare, run_campaign
from rootzone.jobs.driver.run_gpus import OnGpus, gpus_here
from rootzone.jobs.shard.engine_choice import device_of, make_engine_of
from rootzone.jobs.shard.read_cut import read_shards
from tests.jobs.engines import Bucket, MakeBucket
from tests.jobs.synthetic import make_campaign


@dataclass(frozen=True)
class MakeWatched(MakeBucket):
    """Buckets of workers that leave a note of the GPU they were given."""

    notes: str = ""

    def __call__(self, changes: Mapping[str, Any], *, threads: int) -> Bucket:
        gpu = os.environ.get("CUDA_VISIBLE_DEVICES", "none")
        (Path(self.notes) / f"{gpu} {os.getpid()} {threads}").touch()
        return super().__call__(changes, threads=threads)


def _workers(notes: Path) -> dict[str, set[str]]:
    seen: dict[str, set[str]] = {}
    for note in notes.iterdir():
        gpu, process, _ = note.name.split()
        seen.setdefault(gpu, set()).add(process)
    return seen


def test_each_gpu_has_one_worker_that_sees_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    file = make_campaign(tmp_path / "c", n_site=60, sites_per_shard=10)
    (tmp_path / "notes").mkdir()
    engine = MakeWatched(sleep_s=0.02, notes=str(tmp_path / "notes"))
    executor = OnGpus(("3", "GPU-b"), cores=4)
    assert (executor.name, executor.threads_per_task) == ("2 GPUs", 2)
    campaign = load_campaign(file).campaign
    run = run_campaign(campaign, Workspace.beside(file), executor, make_engine=engine)
    assert sorted(report.number for report in run.reports) == [1, 2, 3, 4, 5, 6]
    seen = _workers(tmp_path / "notes")
    driver = seen.pop("none")
    assert driver == {str(os.getpid())}
    assert sorted(seen) == ["3", "GPU-b"]
    assert [len(workers) for workers in seen.values()] == [1, 1]


def test_a_worker_that_dies_names_its_shard_alone(tmp_path: Path) -> None:
    file = make_campaign(tmp_path / "c", n_site=40, sites_per_shard=10)
    campaign, workspace = load_campaign(file).campaign, Workspace.beside(file)
    table = read_shards(campaign, workspace, freeze=True)
    executor = OnGpus(("0", "1"), cores=2)
    engine = MakeBucket(sleep_s=0.01, kills=frozenset({15}))
    tasks = prepare(campaign, workspace, engine, table)
    done = []
    with pytest.raises(WorkersLost, match=r"the worker of GPU [01] died") as lost:
        done += [report.number for report in executor.run(tasks, engine)]
    assert len(lost.value.numbers) == 1
    assert not set(lost.value.numbers) & set(done)


def test_slurms_gpus_are_those_of_the_task(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_device, "count_devices", lambda: 2)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5, 7")
    assert gpus_here() == ("5", "7")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert gpus_here() == ("0", "1")


def test_no_gpu_is_told_before_anything_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_device, "count_devices", lambda: 0)
    monkeypatch.setattr(run_device, "find_spec", lambda name: None)
    with pytest.raises(RequestError, match="device cuda"):
        gpus_here()


def test_the_device_makes_no_shard_stale_and_travels_with_the_task(tmp_path: Path) -> None:
    file = make_campaign(tmp_path / "c", n_site=20, sites_per_shard=10)
    campaign, workspace = load_campaign(file).campaign, Workspace.beside(file)
    table = read_shards(campaign, workspace, freeze=False)
    on_cpu, on_gpu = (
        prepare(campaign, workspace, make_engine_of(campaign, device=device), table)
        for device in ("cpu", "cuda")
    )
    assert [task.inputs for task in on_cpu] == [task.inputs for task in on_gpu]
    assert {task.device for task in on_cpu} == {"cpu"}
    assert {task.device for task in on_gpu} == {"cuda"}
    assert (device_of(campaign), device_of(campaign, "cuda")) == ("cpu", "cuda")
