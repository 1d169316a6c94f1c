"""``rootzone simulate CAMPAIGN``, in this process (``--executor threads``)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rootzone.campaign.workspace import Workspace

from .campaign_runs import MakeBucket, invoke, make_campaign, use_bucket


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    use_bucket(monkeypatch, MakeBucket())
    return make_campaign(tmp_path / "c")


def simulate(file: Path, *words: object):  # type: ignore[no-untyped-def]
    return invoke("simulate", file, "--executor", "threads", *words)


def test_a_shard_tells_its_file_on_stdout_and_its_count_on_stderr(file: Path) -> None:
    shown = simulate(file, "--shard", "2/6")
    assert shown.exit_code == 0
    assert shown.stdout == f"{Workspace.beside(file).profiles(2)}\n"
    assert "shard 2/6: 10 of 10 sites done" in shown.stderr
    assert "next: rootzone status" in shown.stderr


def test_a_number_made_for_another_cut_is_refused(file: Path) -> None:
    error = simulate(file, "--shard", "2/7").exception
    assert "the campaign has 6 shards, not 7" in str(error)
    assert error.exit_code == 2


@pytest.mark.parametrize("text", ["0/6", "x", "7/6", "3/", "1/2/3"])
def test_a_shard_that_is_no_number_is_refused(file: Path, text: str) -> None:
    assert simulate(file, "--shard", text).exception.exit_code == 2


def test_the_shard_can_come_from_the_environment(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "3")
    assert "shard 3/6" in simulate(file, "--shard", "env").stderr
    monkeypatch.setenv("ROOTZONE_SHARD", "4")
    assert "shard 4/6" in simulate(file, "--shard", "env").stderr


def test_an_empty_environment_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLURM_ARRAY_TASK_ID", raising=False)
    monkeypatch.delenv("ROOTZONE_SHARD", raising=False)
    assert "SLURM_ARRAY_TASK_ID" in str(simulate(file, "--shard", "env").exception)


def test_an_array_task_runs_its_share_of_the_shards(file: Path) -> None:
    facts = json.loads(simulate(file, "--task", "2/4", "--json").stdout)
    assert facts["shards_run"] == 2
    done = sorted(p.parent.name for p in Workspace.beside(file).runs.glob("*/ledger.parquet"))
    assert done == ["shard=00002", "shard=00006"]


def test_too_many_failures_leave_with_status_3_and_say_what_to_do(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_bucket(monkeypatch, MakeBucket(never=frozenset({3})))
    error = simulate(file).exception
    # 1 of 60 sites is 1.67 %, the campaign allows 1 %.
    assert "1 of 60 sites failed (1.67 %)" in str(error)
    assert "quarantine replace" in str(error)
    assert error.exit_code == 3
    assert Workspace.beside(file).ledger(6).exists()


def test_failures_within_the_tolerance_leave_with_status_0(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_bucket(monkeypatch, MakeBucket(never=frozenset({3})))
    file = make_campaign(tmp_path / "lenient", max_failed_pct=2.0)
    shown = simulate(file)
    assert shown.exit_code == 0
    assert "59 of 60 sites done, 1 quarantined (1 NO_CONVERGENCE)" in shown.stderr
    assert f"next: rootzone quarantine list {file}" in shown.stderr


def test_a_campaign_takes_no_tables(file: Path, tmp_path: Path) -> None:
    shown = invoke("simulate", file, "--soils", tmp_path / "s.parquet")
    assert shown.exit_code == 2
    assert "No such option" in shown.stderr


def test_neither_campaign_nor_tables_is_a_wrong_request() -> None:
    assert invoke("simulate").exit_code == 2


def test_dask_without_a_scheduler_is_told(file: Path) -> None:
    pytest.importorskip("distributed")
    error = invoke("simulate", file, "--executor", "dask").exception
    assert "--scheduler" in str(error)


def test_a_missing_apsim_is_told_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("ROOTZONE_APSIM_MODELS", raising=False)
    extra = "  name: apsim\n  physics: swim3\n  stepping: apsim\n"
    file = make_campaign(tmp_path / "apsim", extra=extra)
    error = invoke("simulate", file, "--executor", "threads").exception
    assert "Models is not on PATH" in str(error)
    assert error.exit_code == 2
    assert not Workspace.beside(file).runs.exists()


def test_a_wrong_engine_setting_is_told_before_anything_is_written(tmp_path: Path) -> None:
    file = make_campaign(tmp_path / "wrong", extra="  settings: {dt_mx_min: 5}\n")
    error = invoke("simulate", file, "--executor", "threads").exception
    assert "dt_mx_min is not a setting" in str(error)
    assert "dt_max_min" in str(error)
    assert not Workspace.beside(file).runs.exists()


@pytest.mark.parametrize("executor", [(), ("--executor", "threads"), ("--executor", "gpus")])
def test_a_machine_without_a_gpu_is_told_before_anything_runs(
    file: Path, executor: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rootzone.engines.swim.gpu.run_device.find_spec", lambda name: None)
    error = invoke("simulate", file, "--device", "cuda", *executor).exception
    assert "device cuda needs the package numba-cuda" in str(error)
    assert error.exit_code == 2
    assert not Workspace.beside(file).profiles(1).exists()


def test_executor_and_device_must_go_together(file: Path) -> None:
    one = invoke("simulate", file, "--executor", "gpus").exception
    assert "--executor gpus needs --device cuda" in str(one)
    other = invoke("simulate", file, "--executor", "processes", "--device", "cuda").exception
    assert "each GPU has one worker" in str(other)
