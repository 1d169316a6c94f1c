from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from rootzone.campaign.workspace import Workspace

from .campaign_runs import MakeBucket, invoke, make_campaign, run, use_bucket

ENGINE = MakeBucket()


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    use_bucket(monkeypatch, ENGINE)
    return make_campaign(tmp_path / "c", n_site=90, sites_per_shard=20)


@pytest.fixture
def sbatch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An ``sbatch`` that writes down what it was given and answers with a job number."""
    folder = tmp_path / "bin"
    folder.mkdir()
    given = tmp_path / "given"
    program = folder / "sbatch"
    program.write_text(f'#!/bin/sh\necho "$@" > {given}\ncat "$2" >> {given}\necho "4711;here"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return given


def test_one_array_job_is_sent_and_its_number_told(file: Path, sbatch: Path) -> None:
    invoke("plan", file)
    shown = invoke("submit", file, "--slurm", "--tasks", 3, "--task-cores", 2)
    assert shown.stdout == "4711\n"
    given = sbatch.read_text()
    assert "#SBATCH --array=1-3" in given
    assert "#SBATCH --cpus-per-task=2" in given
    assert "#SBATCH --requeue" in given
    assert '--task "$SLURM_ARRAY_TASK_ID/3" --cores 2' in given


def test_there_are_no_more_tasks_than_shards(file: Path, sbatch: Path) -> None:
    invoke("plan", file)
    facts = json.loads(invoke("submit", file, "--slurm", "--tasks", 50, "--json").stdout)
    assert facts["tasks"] == 5
    assert facts["job"] == "4711"


def test_a_dry_run_sends_nothing(file: Path, sbatch: Path) -> None:
    invoke("plan", file)
    shown = invoke("submit", file, "--slurm", "--dry-run")
    assert shown.stdout.startswith("#!/bin/bash")
    assert not sbatch.exists()


def test_a_finished_campaign_sends_nothing(file: Path, sbatch: Path) -> None:
    invoke("plan", file)
    run(file, ENGINE)
    shown = invoke("submit", file, "--slurm")
    assert "every shard is done" in shown.stderr
    assert not sbatch.exists()


def test_without_a_plan_the_cost_is_asked_for(file: Path, sbatch: Path) -> None:
    assert "rootzone plan" in str(invoke("submit", file, "--slurm").exception)


def test_a_damaged_plan_is_told(file: Path, sbatch: Path) -> None:
    invoke("plan", file)
    Workspace.beside(file).plan.write_text("{}")
    assert "is no plan" in str(invoke("submit", file, "--slurm").exception)


def test_a_machine_without_slurm_is_told(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoke("plan", file)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "sbatch is not on the path" in str(invoke("submit", file, "--slurm").exception)


def test_gpus_are_asked_for_by_gres(file: Path, sbatch: Path) -> None:
    invoke("plan", file, "--device", "cuda", "--gpu-rate", 1.0)
    words = ("submit", file, "--slurm", "--device", "cuda", "--gres", "gpu:h100:2")
    facts = json.loads(invoke(*words, "--task-cores", 4, "--json").stdout)
    given = sbatch.read_text()
    assert "#SBATCH --gres=gpu:h100:2" in given
    assert given.rstrip().endswith("--cores 4 --device cuda")
    assert facts["tasks"] == 1


def test_gpus_of_unknown_rate_need_a_time_limit(file: Path, sbatch: Path) -> None:
    invoke("plan", file)
    words = ("submit", file, "--slurm", "--device", "cuda")
    assert "--minutes" in str(invoke(*words).exception)
    invoke(*words, "--minutes", 30, "--tasks", 2)
    given = sbatch.read_text()
    assert "#SBATCH --gres=gpu:1" in given
    assert "#SBATCH --time=00:30:00" in given


def test_a_line_end_in_a_partition_is_refused(file: Path, sbatch: Path) -> None:
    invoke("plan", file)
    words = ("submit", file, "--slurm", "--dry-run", "--partition", "p\ntouch x\n#")
    assert "run as a command" in str(invoke(*words).exception)
    assert not sbatch.exists()


def test_gres_without_the_device_is_refused(file: Path, sbatch: Path) -> None:
    invoke("plan", file)
    assert "--device cuda" in str(invoke("submit", file, "--slurm", "--gres", "gpu:1").exception)
