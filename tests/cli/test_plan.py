from __future__ import annotations

import json
from pathlib import Path

import pytest

from rootzone.campaign.workspace import Workspace

from .campaign_runs import MakeBucket, invoke, make_campaign, use_bucket


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    use_bucket(monkeypatch, MakeBucket(sleep_s=0.002))
    monkeypatch.setenv("ROOTZONE_SETTINGS", str(tmp_path / "user" / "settings.yaml"))
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
    # The driver runs twelve canaries before its first shard, 2 ms each.
    assert facts["pilot"]["program_s"] >= 12 * 0.002
    assert facts["wall_hours"]["value"] > facts["pilot"]["program_s"] / 3600
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


def test_a_gpu_that_nobody_measured_has_no_price(file: Path) -> None:
    text = invoke("plan", file, "--device", "cuda").stdout
    assert "on GPUs     unknown: no GPU was measured here" in text
    assert "No Slurm script" in text
    facts = json.loads(invoke("plan", file, "--device", "cuda", "--json").stdout)
    assert facts["gpu"] == {"gpus": 1, "rate": None, "gpu_hours": None, "wall_hours": None}
    assert facts["sbatch"] == ""
    told = invoke("submit", file, "--slurm", "--device", "cuda", "--dry-run")
    assert "no rate was measured" in str(told.exception)


def test_a_gpus_price_follows_from_its_rate(file: Path) -> None:
    words = ("--device", "cuda", "--gpus", 2, "--nodes", 2, "--gpu-rate", 1.0)
    facts = json.loads(invoke("plan", file, *words, "--json").stdout)
    assert facts["gpu"]["gpus"] == 4
    assert facts["gpu"]["rate"]["site_years_per_s"] == 1.0
    # 2020 has 366 days, after 30 of spin-up: 90 sites take 97.6 s at a site-year a second.
    computed = 90 * 396 / 365.25 / 3600
    overhead = 90 * facts["pilot"]["overhead_s_per_site"] / 3600
    assert facts["gpu"]["gpu_hours"] == pytest.approx(computed + overhead)
    assert "#SBATCH --gres=gpu:1" in facts["sbatch"]
    assert facts["sbatch"].rstrip().endswith("--cores 1 --device cuda")
    assert "1 site-years/s measured (--gpu-rate)" in invoke("plan", file, *words).stdout


def test_cpus_alone_have_no_gpus_price(file: Path) -> None:
    facts = json.loads(invoke("plan", file, "--json").stdout)
    assert facts["gpu"] is None
    assert "--gres" not in facts["sbatch"]


def test_the_networks_that_auto_trains_are_counted(file: Path) -> None:
    assert "  networks " not in invoke("plan", file).stdout
    file.write_text(file.read_text() + "learning:\n  model: auto\n  auto_folds: 3\n")
    # Net A and the correction: in one fold of three each, or in all and the winner once more.
    told = invoke("plan", file, "--json").stdout
    assert json.loads(told)["networks_trained"] == {"fewest": 2, "most": 7}
    assert "networks    2 to 7 in rootzone train" in invoke("plan", file).stdout
