"""Labels of a campaign: only finished shards, the sample as it stands, weights that add up."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from rootzone._shared.errors import RequestError
from rootzone.campaign.workspace import Workspace
from rootzone.engines.kinds import nodes_told
from rootzone.labels.read_design import campaign_jobs, facts_of, nodes_of_engine
from rootzone.labels.write_labels import label_files
from tests.cli.campaign_runs import MakeBucket, invoke, make_campaign, run, use_bucket


@pytest.fixture
def campaign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """60 sites in 6 shards; sites 3 and 30 fail and have stand-ins."""
    engine = MakeBucket(never=frozenset({3, 30}))
    use_bucket(monkeypatch, engine)
    file = make_campaign(tmp_path / "c", reserves=6, max_failed_pct=10.0)
    for path in (Workspace.beside(file).sites, Workspace.beside(file).reserves):
        pl.read_parquet(path).with_columns(block=pl.lit(0, dtype=pl.Int32)).write_parquet(path)
    run(file, engine)
    return file


def labels_of(file: Path) -> pl.DataFrame:
    files = label_files(Workspace.beside(file).labels)
    return pl.concat([pl.read_parquet(path) for path in files])


def test_labels_of_a_campaign_carry_the_weights_of_the_sample_as_it_stands(campaign: Path) -> None:
    result = invoke("labels", campaign, "--json")
    facts = json.loads(result.stdout)
    # 58 finished sites; 2020 has 366 days, the spin-up is cut off by the runner already.
    assert (facts["labels"], facts["other_year"], facts["shards_missing"]) == (58 * 366, 0, 0)
    labels = labels_of(campaign)
    drawn = pl.read_parquet(Workspace.beside(campaign).sites)
    day = labels.filter(pl.col("date") == labels["date"].min())
    # Failed sites gave their weight to their stratum: the sum is that of the drawn sites.
    assert day["weight"].sum() == pytest.approx(drawn["weight"].sum(), rel=1e-6)
    assert set(labels["engine"].cast(pl.String)) == {"swim/van_genuchten/converged"}


def test_stand_ins_take_the_place_of_failed_sites(campaign: Path) -> None:
    invoke("labels", campaign)
    invoke("quarantine", "replace", campaign)
    run(campaign, MakeBucket(never=frozenset({3, 30})))
    facts = json.loads(invoke("labels", campaign, "--json").stdout)
    assert facts["labels"] == 60 * 366
    labels = labels_of(campaign)
    assert labels["site_id"].n_unique() == 60
    # Weights of other sites changed back, so their shards were made again: one digest's worth each.
    drawn = pl.read_parquet(Workspace.beside(campaign).sites)
    day = labels.filter(pl.col("date") == labels["date"].min())
    assert day["weight"].sum() == pytest.approx(drawn["weight"].sum(), rel=1e-6)


def test_shards_that_are_not_finished_are_counted_and_come_later(campaign: Path) -> None:
    workspace = Workspace.beside(campaign)
    profiles = workspace.profiles(2)
    kept = {path: path.read_bytes() for path in profiles.parent.iterdir()}
    for path in kept:
        path.unlink()
    assert json.loads(invoke("labels", campaign, "--json").stdout)["shards_missing"] == 1
    for path, content in kept.items():
        path.write_bytes(content)
    facts = json.loads(invoke("labels", campaign, "--json").stdout)
    assert (facts["shards_missing"], facts["labels"]) == (0, 58 * 366)


def test_a_campaign_without_runs_is_told_what_to_do(tmp_path: Path) -> None:
    file = make_campaign(tmp_path / "d")
    with pytest.raises(RequestError, match="rootzone simulate"):
        campaign_jobs(file)


def test_a_site_that_stands_twice_is_refused() -> None:
    twice = pl.DataFrame({"site_id": [1, 1], "stratum": "a", "weight": 1.0, "year": 2020})
    with pytest.raises(RequestError, match="not unique"):
        facts_of(twice)


@pytest.mark.parametrize(
    ("physics", "stepping", "nodes"),
    [
        ("van_genuchten", "converged", "mid_layer"),
        ("van_genuchten", "apsim", "swim3"),
        ("swim3", "converged", "swim3"),
        ("swim3", "apsim", "swim3"),
        ("", "", "mid_layer"),
    ],
)
def test_only_finite_volumes_report_layer_means(physics: str, stepping: str, nodes: str) -> None:
    # science/swim3.md section 1 and the table of pairs in docs/engine.md; unknown: the paper's way.
    assert nodes_of_engine(physics, stepping) == nodes
    told = {"engine": "apsim", "physics": physics, "stepping": stepping}
    assert nodes_told(told) == "swim3"
