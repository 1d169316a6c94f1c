from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from rootzone.campaign.workspace import Workspace

from .campaign_runs import MakeBucket, invoke, make_campaign, run, use_bucket

ENGINE = MakeBucket(never=frozenset({3, 30}))


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    use_bucket(monkeypatch, ENGINE)
    return make_campaign(tmp_path / "c")


def test_before_any_run_every_shard_is_to_do_and_nothing_is_written(file: Path) -> None:
    before = sorted(file.parent.rglob("*"))
    facts = json.loads(invoke("status", file, "--json").stdout)
    assert (facts["shards"], facts["missing"], facts["sites"]) == (6, 6, 60)
    assert sorted(file.parent.rglob("*")) == before


@pytest.mark.parametrize("engine", ["", "  physics: swim3\n  stepping: apsim\n"])
def test_no_engine_is_made_to_tell_what_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("an engine was made")

    file = make_campaign(tmp_path / "own", extra=engine)
    monkeypatch.setattr("rootzone.engines.swim.engine.SwimEngine.__init__", never)
    assert json.loads(invoke("status", file, "--json").stdout)["missing"] == 6


def test_apsim_is_not_started_to_tell_what_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("a program was started")

    file = make_campaign(
        tmp_path / "c",
        extra="  name: apsim\n  physics: swim3\n  stepping: apsim\n  apsim_models: /opt/Models\n",
    )
    monkeypatch.setattr("subprocess.run", never)
    monkeypatch.setattr("rootzone.engines.apsim.engine.ApsimEngine.__init__", never)
    assert json.loads(invoke("status", file, "--json").stdout)["missing"] == 6


def test_after_a_run_the_failed_sites_are_counted_by_class(file: Path) -> None:
    run(file, ENGINE)
    shown = invoke("status", file)
    assert "6 of 6 shards done, 0 to do, 0 stale" in shown.stdout
    assert "2 NO_CONVERGENCE" in shown.stdout
    # 2 of 60 sites by hand.
    assert "3.33 % of the sites tried; 1 % allowed" in shown.stdout
    assert f"next: rootzone quarantine list {file}" in shown.stderr


def test_text_and_json_hold_the_same_facts(file: Path) -> None:
    run(file, ENGINE)
    facts = json.loads(invoke("status", file, "--json", "--losses").stdout)
    text = invoke("status", file, "--losses").stdout
    assert f"{facts['sites_done']} done, {facts['sites_failed']} failed" in text
    for row in facts["losses"]:
        assert f"{row['stratum']}: {row['failed']} of {row['sites']} failed" in text


def test_it_says_how_many_shards_a_changed_table_made_stale(file: Path) -> None:
    run(file, ENGINE)
    soils = Workspace.beside(file).soils
    frame = pl.read_parquet(soils)
    changed = pl.when(pl.col("site_id").is_in([1])).then(5.0).otherwise(pl.col("ks_mm_d"))
    frame.with_columns(changed.alias("ks_mm_d")).write_parquet(soils)
    shown = invoke("status", file)
    assert "1 shard is stale because the soils table changed" in shown.stdout
    assert "--force" in shown.stderr


def test_a_shard_folder_of_an_older_cut_is_told(file: Path) -> None:
    run(file, ENGINE)
    file.write_text(file.read_text().replace("sites_per_shard: 10", "sites_per_shard: 20"))
    facts = json.loads(invoke("status", file, "--json").stdout)
    assert facts["orphans"] == [4, 5, 6]
    assert facts["stale"] == 3


def test_a_missing_campaign_file_is_a_wrong_request(tmp_path: Path) -> None:
    result = invoke("status", tmp_path / "none.yaml")
    assert "none.yaml does not exist" in str(result.exception)
    assert result.exception.exit_code == 2
