"""`rootzone stations` and `rootzone split` on small files."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from rootzone._cli.split import command as split
from rootzone._cli.stations import command as stations
from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import read_provenance
from rootzone.stations.station_table import at_depth, read_stations, weather_path
from tests.stations.stations_data import uscrn_line, write_uscrn


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
    # 29 good days of one June: round(20.3) train, up to round(23.2) validate, the rest test.
    assert facts["samples"] == {"train": 20, "validation": 3, "test": 6, "none": 0}
    assert facts["shared_dates"] == 0
    parts = pl.read_parquet(out)["part"].value_counts().rows()
    assert dict(parts) == {"train": 20, "validation": 3, "test": 6}


def test_a_split_by_a_column_that_is_not_there_is_refused(table: Path, tmp_path: Path) -> None:
    options = [str(table), "--out", str(tmp_path / "s.parquet"), "--kind", "regions"]
    with pytest.raises(RequestError, match=r"stratum"):
        CliRunner().invoke(split, options, catch_exceptions=False)


def test_stations_are_put_on_the_pixels_of_a_campaign(table: Path, tmp_path: Path) -> None:
    campaign = tmp_path / "campaign.yaml"
    campaign.write_text(
        "name: small\nregion: {bounds_lonlat_deg: [-105.0, 40.7, -104.5, 41.0]}\nyears: [2023]\n"
    )
    out = tmp_path / "placed.parquet"
    source = tmp_path / "CRND0103-2023-X.txt"
    options = [str(source), "--out", str(out), "--pixels", str(campaign), "--neighbourhood", "1"]
    CliRunner().invoke(stations, options, catch_exceptions=False)
    pixels = pl.read_parquet(tmp_path / "placed.pixels.parquet")
    assert pixels.height == 9
    assert pixels["uncertain"].all()  # 0.01 degree is coarser than 30 m
    assert read_provenance(tmp_path / "placed.pixels.parquet").settings["neighbourhood_px"] == 1


def test_a_campaign_names_its_own_stations_and_their_place(tmp_path: Path) -> None:
    from rootzone.campaign.workspace import Workspace

    campaign = tmp_path / "campaign.yaml"
    text = "name: small\nregion: {bounds_lonlat_deg: [-105.0, 40.7, -104.5, 41.0]}\nyears: [2023]\n"
    campaign.write_text(text)
    with pytest.raises(RequestError, match=r"labels\.stations"):
        CliRunner().invoke(stations, [str(campaign)], catch_exceptions=False)
    (tmp_path / "uscrn").mkdir()
    write_uscrn(tmp_path / "uscrn" / "CRND0103-2023-X.txt", [uscrn_line("20230601", 0.2)])
    campaign.write_text(
        text
        + "labels: {depths_mm: [200], stations: [uscrn]}\nlearning: {station_neighbourhood_px: 1}\n"
    )
    told = CliRunner().invoke(stations, [str(campaign)], catch_exceptions=False)
    assert f"next: rootzone train {campaign}" in told.stderr
    table = Workspace.beside(campaign).stations
    assert read_stations(table).height == 1
    assert pl.read_parquet(table.with_name("stations.pixels.parquet")).height == 9


def test_files_need_a_place_for_their_table(tmp_path: Path) -> None:
    path = write_uscrn(tmp_path / "CRND0103-2023-X.txt", [uscrn_line("20230601", 0.2)])
    with pytest.raises(RequestError, match="--out"):
        CliRunner().invoke(stations, [str(path)], catch_exceptions=False)


def test_a_stations_own_weather_drives_the_engine(tmp_path: Path) -> None:
    from rootzone._shared.table_files import read_table
    from rootzone._shared.tables import WEATHER

    first = date(2021, 1, 1)
    lines = [
        uscrn_line((first + timedelta(days=i)).strftime("%Y%m%d"), 0.2, rain_mm=float(i % 5))
        for i in range(400)
    ]
    path = write_uscrn(tmp_path / "CRND0103-2021-X.txt", lines)
    forcing = tmp_path / "weather.parquet"
    options = [str(path), "--out", str(tmp_path / "s.parquet"), "--forcing", str(forcing)]
    CliRunner().invoke(stations, options, catch_exceptions=False)
    weather = read_table(forcing, WEATHER)
    assert (weather.height, weather["cell_id"].unique().to_list()) == (400, ["X"])
    assert weather["rain_mm"].to_list()[:5] == [0.0, 1.0, 2.0, 3.0, 4.0]
    # FAO-56: es of 20 and 5 degC is (2.338 + 0.872) / 2 kPa; at 60 % humidity 40 % of it lacks.
    assert weather["vpd_kpa"][0] == pytest.approx(0.4 * (2.338 + 0.872) / 2, abs=1e-3)
