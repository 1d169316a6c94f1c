"""`rootzone stations` and `rootzone split` on small files."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from rootzone._cli.split import command as split
from rootzone._cli.stations import command as stations
from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import read_provenance
from rootzone.labels.stations.station_table import at_depth, read_stations, weather_path
from tests.labels.stations_data import uscrn_line, write_uscrn


@pytest.fixture
def table(tmp_path: Path) -> Path:
    lines = [uscrn_line(f"202306{d:02d}", 0.9 if d == 3 else 0.2) for d in range(1, 31)]
    write_uscrn(tmp_path / "CRND0103-2023-X.txt", lines)
    out = tmp_path / "out" / "stations.parquet"
    result = CliRunner().invoke(
        stations, [str(tmp_path), "--out", str(out), "--json"], catch_exceptions=False
    )
    report = json.loads(result.stdout)
    assert (report["rows"], report["good"], report["sensors"]) == (30, 29, 1)
    assert report["findings"] == {"COARSE_POSITION": 1}
    return out


def test_the_table_is_written_with_flags_units_and_provenance(table: Path) -> None:
    frame = read_stations(table)
    assert frame.filter(pl.col("flag") != "")["flag"].to_list() == ["range,rise,spike"]
    assert list(read_provenance(table).inputs) == ["CRND0103-2023-X.txt"]
    assert pl.read_parquet(weather_path(table)).height == 30


def test_values_at_a_depth_leave_flagged_ones_out(table: Path) -> None:
    frame = read_stations(table)
    assert at_depth(frame, 0.2).height == 29
    assert at_depth(frame, 0.2, good_only=False).height == 30
    assert at_depth(frame, 0.5).height == 0


def test_a_rule_can_be_switched_off(tmp_path: Path) -> None:
    path = write_uscrn(tmp_path / "CRND0103-2023-X.txt", [uscrn_line("20230601", 0.9)])
    options = [str(path), "--out", str(tmp_path / "s.csv"), "--without", "range", "--json"]
    result = CliRunner().invoke(stations, options, catch_exceptions=False)
    assert json.loads(result.stdout)["good"] == 1


def test_nothing_is_overwritten_without_force(table: Path) -> None:
    with pytest.raises(RequestError, match="--force"):
        CliRunner().invoke(stations, [str(table), "--out", str(table)], catch_exceptions=False)


def test_a_split_is_written_with_its_leakage(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "split.parquet"
    result = CliRunner().invoke(
        split, [str(table), "--out", str(out), "--json"], catch_exceptions=False
    )
    facts = json.loads(result.stdout)
    # 30 days of one June: 21 train, 3 validate, 6 test.
    assert facts["samples"] == {"train": 21, "validation": 3, "test": 6, "none": 0}
    assert facts["shared_dates"] == 0
    parts = pl.read_parquet(out)["part"].value_counts().rows()
    assert dict(parts) == {"train": 21, "validation": 3, "test": 6}


def test_a_split_by_a_column_that_is_not_there_is_refused(table: Path, tmp_path: Path) -> None:
    options = [str(table), "--out", str(tmp_path / "s.parquet"), "--kind", "regions"]
    with pytest.raises(RequestError, match=r"stratum"):
        CliRunner().invoke(split, options, catch_exceptions=False)
