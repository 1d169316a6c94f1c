from __future__ import annotations

import json
from pathlib import Path

import pytest

from rootzone.campaign.workspace import Workspace

from .campaign_runs import MakeBucket, invoke, make_campaign, use_bucket


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    use_bucket(monkeypatch, MakeBucket(sleep_s=0.002))
    return make_campaign(tmp_path / "c", n_site=90, sites_per_shard=20)


def test_the_estimate_has_hours_interval_disk_files_and_a_script(file: Path) -> None:
    facts = json.loads(invoke("plan", file, "--json", "--cores", 4).stdout)
    assert (facts["sites"], facts["shards"]) == (90, 5)
    # 2 ms a site are slept, so 90 sites take 0.18 s of one core at the least.
    assert facts["core_hours"]["low"] >= 0.18 / 3600
    assert facts["core_hours"]["low"] <= facts["core_hours"]["value"] <= facts["core_hours"]["high"]
    assert facts["files"] == 2 * 5 + 4
    assert facts["disk_gb"] > 0
    assert facts["pilot"]["sites"] == 64
    assert "#SBATCH --array=1-" in facts["sbatch"]


def test_text_and_json_hold_the_same_script_and_nothing_is_sent(file: Path) -> None:
    text = invoke("plan", file).stdout
    assert "not sent" in text
    assert "simulate" in text
    assert "of one core (90 % interval)" in text
    assert not Workspace.beside(file).slurm_script.exists()


def test_a_pilot_writes_no_shard(file: Path) -> None:
    invoke("plan", file)
    assert [p.name for p in Workspace.beside(file).runs.iterdir()] == ["plan.json"]
