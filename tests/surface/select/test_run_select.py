"""rootzone surface select, from a table to its verdict."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from rootzone._shared.errors import RequestError
from rootzone._shared.table_files import read_table
from rootzone.surface.select.run_select import SELECTION
from tests.cli.campaign_runs import invoke
from tests.surface.select.test_choose import planted


@pytest.fixture
def table(tmp_path: Path) -> Path:
    samples, environments = planted(0)
    path = tmp_path / "samples.parquet"
    named = samples.join(environments, on="station").rename({"theta": "ssm"})
    named.with_columns(date=pl.col("date").cast(pl.Datetime)).write_parquet(path)
    return path


def test_choices_and_skill_are_told_and_written(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "selection.parquet"
    words = ("--features", "a,b", "--target", "ssm", "--by", "environment", "--out", out)
    words += ("--outer", "2", "--rounds", "20")
    told = invoke("surface", "select", table, *words, "--json")
    assert told.exit_code == 0, told.output
    facts = json.loads(told.stdout)
    assert facts["n_station"] == 40
    assert facts["beats_climatology"]
    written = read_table(out, SELECTION)
    assert written["environment"].to_list() == ["first", "second"]
    text = invoke("surface", "select", table, *words, "--force").output
    assert "every row predicted without its station" in text
    assert f"Global winner: {facts['winner']}." in text


def test_clusters_of_stations_are_environments_too(table: Path, tmp_path: Path) -> None:
    # A column that lies far apart in the two planted environments groups stations as they are.
    frame = pl.read_parquet(table)
    is_first = pl.col("environment") == "first"
    apart = frame.with_columns(height=pl.when(is_first).then(100.0).otherwise(2000.0))
    told_apart = tmp_path / "apart.parquet"
    jitter = pl.col("station").str.slice(1).cast(pl.Float64)
    apart.with_columns(pl.col("height") + jitter).write_parquet(told_apart)
    words = ("--features", "a,b", "--target", "ssm", "--outer", "2", "--rounds", "5", "--json")
    told = invoke("surface", "select", told_apart, *words, "--cluster", "height")
    assert told.exit_code == 0, (told.output, told.exception)
    choices = json.loads(told.stdout)["choices"]
    assert [c["n_station"] for c in choices] == [20, 20]
    assert {c["environment"] for c in choices} == {"cluster 1", "cluster 2"}


def test_percent_and_unknown_columns_are_named(table: Path, tmp_path: Path) -> None:
    told = invoke("surface", "select", table, "--features", "a,c", "--target", "ssm")
    assert isinstance(told.exception, RequestError)
    assert "has no column 'c'" in str(told.exception)
    percent = tmp_path / "percent.parquet"
    pl.read_parquet(table).with_columns(pl.col("ssm") * 100).write_parquet(percent)
    told = invoke("surface", "select", percent, "--features", "a", "--target", "ssm")
    assert "Divide percent by 100" in str(told.exception)


def test_a_station_of_two_classes_is_named(table: Path, tmp_path: Path) -> None:
    mixed = tmp_path / "mixed.parquet"
    frame = pl.read_parquet(table).with_row_index()
    two = pl.when(pl.col("index") == 0).then(pl.lit("third")).otherwise("environment")
    frame.with_columns(environment=two).write_parquet(mixed)
    words = ("--features", "a", "--target", "ssm", "--by", "environment")
    told = invoke("surface", "select", mixed, *words)
    assert "station 's00' has more than one class of environment" in str(told.exception)
