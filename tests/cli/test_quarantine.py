from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from rootzone.campaign.workspace import Workspace
from rootzone.jobs.record.read_state import CampaignState

from .campaign_runs import MakeBucket, invoke, make_campaign, run, use_bucket

ENGINE = MakeBucket(never=frozenset({3, 30, 1_000_000}), raises="")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    use_bucket(monkeypatch, ENGINE)
    file = make_campaign(tmp_path / "c", reserves=6)
    for path in (Workspace.beside(file).sites, Workspace.beside(file).reserves):
        pl.read_parquet(path).with_columns(block=pl.lit(0, dtype=pl.Int32)).write_parquet(path)
    run(file, ENGINE)
    return file


def test_the_list_names_site_class_attempts_and_the_engine_text(file: Path) -> None:
    shown = invoke("quarantine", "list", file)
    assert "NO_CONVERGENCE  4 attempt(s): SWIM gave up at site 3" in shown.stdout
    assert "2 failed sites without a stand-in" in shown.stdout
    assert "next: rootzone why" in shown.stderr


def test_the_list_can_be_narrowed_to_a_shard_and_a_class(file: Path) -> None:
    facts = json.loads(invoke("quarantine", "list", file, "--json").stdout)
    shard = facts["sites"][0]["shard"]
    one = json.loads(invoke("quarantine", "list", file, "--json", "--shard", shard).stdout)
    assert {row["shard"] for row in one["sites"]} == {shard}
    none = json.loads(invoke("quarantine", "list", file, "--json", "--class", "TIMEOUT").stdout)
    assert none["failed"] == 0


def test_an_unknown_class_is_refused_with_the_nearest_one(file: Path) -> None:
    result = invoke("quarantine", "list", file, "--class", "NO_CONVERGENC")
    assert "did you mean NO_CONVERGENCE?" in str(result.exception)


def test_each_stratum_shows_what_it_lost_by_weight(file: Path) -> None:
    losses = json.loads(invoke("quarantine", "list", file, "--json").stdout)["losses"]
    by_stratum = {row["stratum"]: row for row in losses}
    # Sites 3 and 30 are both in the first of three strata (their number is divisible by 3), which
    # has 20 sites of equal weight: 10 %.
    assert by_stratum["grass x semi-arid"]["failed"] == 2
    assert by_stratum["grass x semi-arid"]["weight_lost_pct"] == pytest.approx(10.0)
    assert by_stratum["forest x montane"]["failed"] == 0


def test_a_retry_is_a_round_of_its_own_and_leaves_the_old_shards(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace.beside(file)
    before = workspace.ledger(1).read_bytes()
    shown = invoke("quarantine", "retry", file, "--set", "tolerance=0.001")
    assert "round 1: 2 sites to try again" in shown.stdout
    better = MakeBucket(needs_small_steps=frozenset({3, 30}))
    use_bucket(monkeypatch, better)
    assert json.loads(invoke("status", file, "--json").stdout)["missing"] == 1
    run(file, better)
    assert json.loads(invoke("quarantine", "list", file, "--json").stdout)["failed"] == 0
    assert workspace.ledger(1).read_bytes() == before
    again = invoke("quarantine", "retry", file)
    assert "nothing to try again" in str(again.exception)


def test_stand_ins_come_from_the_same_stratum_and_keep_its_weight(file: Path) -> None:
    sites = pl.read_parquet(Workspace.beside(file).sites)
    shown = invoke("quarantine", "replace", file)
    # The stratum has 2 of the 6 reserves.
    assert "round 1: 2 sites to run as stand-ins" in shown.stdout
    run(file, ENGINE)
    state = CampaignState.beside(file)
    final = state.final_sites()
    assert final.height == 60
    stand_ins = final.filter(pl.col("replaces").is_not_null())
    assert set(stand_ins["stratum"]) == {"grass x semi-arid"}
    assert set(stand_ins["replaces"]) == {3, 30}
    weights = final.group_by("stratum").agg(pl.col("weight").sum()).sort("stratum")
    drawn = sites.group_by("stratum").agg(pl.col("weight").sum()).sort("stratum")
    assert weights["weight"].to_list() == pytest.approx(drawn["weight"].to_list())


def test_without_a_reserve_the_weight_goes_to_the_other_sites_of_the_stratum(file: Path) -> None:
    final = CampaignState.beside(file).final_sites()
    in_stratum = final.filter(stratum="grass x semi-arid")
    # 18 sites are left of 20 with weight 100: each stands for 2000 / 18.
    assert in_stratum["weight"].to_list() == pytest.approx([2000 / 18] * 18)


def test_a_stand_in_that_fails_is_replaced_by_the_next_of_its_stratum(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = MakeBucket(never=frozenset({3, 1_000_002}))
    use_bucket(monkeypatch, engine)
    file = make_campaign(tmp_path / "d", reserves=9)
    for path in (Workspace.beside(file).sites, Workspace.beside(file).reserves):
        pl.read_parquet(path).with_columns(block=pl.lit(0, dtype=pl.Int32)).write_parquet(path)
    # Reserves of the first stratum, in order of rank: 1000002, 1000005, 1000008 (1000002 = 3 k).
    run(file, engine)
    invoke("quarantine", "replace", file)
    run(file, engine)
    second = invoke("quarantine", "replace", file)
    assert "round 2: 1 sites to run as stand-ins" in second.stdout
    run(file, engine)
    final = CampaignState.beside(file).final_sites()
    assert final.filter(replaces=3)["site_id"].to_list() == [1_000_005]


def test_a_wrong_setting_of_a_retry_is_told_at_once(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_bucket(monkeypatch, MakeBucket(refuses="dt_mix is not a setting"))
    result = invoke("quarantine", "retry", file, "--set", "dt_mix=1")
    assert "dt_mix is not a setting" in str(result.exception)
    assert not Workspace.beside(file).rounds.exists()


def test_a_design_without_reserves_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_bucket(monkeypatch, ENGINE)
    file = make_campaign(tmp_path / "bare")
    run(file, ENGINE)
    result = invoke("quarantine", "replace", file)
    assert "sites.reserves_pct above 0" in str(result.exception)
