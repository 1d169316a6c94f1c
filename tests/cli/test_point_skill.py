"""rootzone point-skill, from a station table to its summary."""

from __future__ import annotations

import json
import warnings
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import rasterio
from rasterio.errors import NotGeoreferencedWarning

from rootzone._shared.provenance import Provenance
from rootzone._shared.table_files import read_table, write_table
from rootzone.learning.evaluation.tables import PREDICTIONS, SKILL
from rootzone.learning.points.read_inputs import PointFiles, climate_classes
from rootzone.stations.station_table import STATION_WEATHER, STATIONS
from tests.cli.campaign_runs import invoke

DAYS = 800
DATES = [date(2020, 1, 1) + timedelta(days=i) for i in range(DAYS)]
RECORD = Provenance("test")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four stations over 800 days: wetter after rain, each with its own level."""
    folder = tmp_path_factory.mktemp("stations")
    values, weather = [], []
    season = np.sin(2 * np.pi * (np.arange(DAYS) - 100) / 365.25)
    for number in range(4):
        rng = np.random.default_rng(number)
        rain = np.where(rng.random(DAYS) < 0.3, rng.exponential(6.0, DAYS), 0.0)
        theta = 0.1 + 0.05 * number + 0.002 * np.convolve(rain, np.ones(10) / 10)[:DAYS]
        names = {"network": "N", "station": f"s{number}"}
        values.append(
            pl.DataFrame({"date": DATES, "theta": theta}).with_columns(
                **{name: pl.lit(value) for name, value in names.items()},
                lat=40.0 + number, lon=-105.0, elevation_m=None, position_m=5.0, depth_m=0.2,
                depth_top_m=None, sensor=pl.lit(""), day_kind=pl.lit("mean_lst"), flag=pl.lit(""),
                source_flag=pl.lit(""), readings=1,
            )
        )  # fmt: skip
        weather.append(
            pl.DataFrame(
                {"date": DATES, "rain_mm": rain, "tmax_degc": 18 + 12 * season,
                 "tmin_degc": 6 + 10 * season, "radn_mj_m2": 15 + 9 * season}
            ).with_columns(**{name: pl.lit(value) for name, value in names.items()})
        )  # fmt: skip
    stations = pl.concat(values).with_columns(pl.col("elevation_m", "depth_top_m").cast(pl.Float64))
    write_table(folder / "stations.parquet", stations, STATIONS, RECORD)
    write_table(folder / "stations.weather.parquet", pl.concat(weather), STATION_WEATHER, RECORD)
    return folder / "stations.parquet"


def test_tables_and_summary_are_written_and_json_holds_the_same(
    table: Path, tmp_path: Path
) -> None:
    pytest.importorskip("torch")
    out = tmp_path / "skill"
    words = ("point-skill", table, "--out", out, "--split", "stations", "--folds", 2, "--steps", 2)
    done = invoke(*words, "--json")
    assert done.exit_code == 0, done.exception
    skill = read_table(out / "skill.parquet", SKILL)
    assert json.loads(done.stdout) == skill.to_dicts()
    assert set(skill["model"]) >= {"lightgbm", "tcn", "loam_simulation", "climatology_own"}
    predictions = read_table(out / "predictions.parquet", PREDICTIONS)
    assert predictions.filter(pl.col("model") == "tcn").height == 4 * DAYS
    assert "Left-out stations" in (out / "summary.md").read_text()
    again = invoke(*words)
    assert "--force" in str(again.exception)


def test_a_table_of_something_else_is_no_inversion(table: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    done = invoke("point-skill", table, "--out", tmp_path, "--inversions", table)
    assert "no inversions.parquet" in str(done.exception)


def test_climate_classes_of_a_raster_with_and_without_a_position(
    table: Path, tmp_path: Path
) -> None:
    # 4 x 8 pixels of 45 degrees: 40 N, 105 W lies in row 1 (45 to 0 N), column 1 (135 to 90 W).
    codes = np.zeros((4, 8), np.uint8)
    codes[1, 1] = 6  # BSk among Kottek's classes, BSh being 5
    stations = read_table(table, STATIONS)
    globe = {"driver": "GTiff", "height": 4, "width": 8, "count": 1, "dtype": "uint8"}
    placed = globe | {
        "crs": "EPSG:4326", "transform": rasterio.transform.from_origin(-180, 90, 45, 45)
    }  # fmt: skip
    for name, profile in (("placed.tif", placed), ("bare.tif", globe)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(tmp_path / name, "w", **profile) as file:
                file.write(codes, 1)
        files = PointFiles(table, table, climate=tmp_path / name)
        found = climate_classes(files, stations)
        assert found["N", "s0"] == "BSk"
