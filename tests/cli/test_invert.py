"""`rootzone invert` from a station table to tables and figures."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from rootzone._cli.invert import command as invert
from rootzone._cli.stations import command as stations
from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import read_provenance


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stations")
    days, rng = 731, np.random.default_rng(5)
    rain = np.where(rng.random(days) < 0.2, 10.0, 0.0)
    frame = pl.DataFrame(
        {
            "station": ["a b"] * days,
            "date": [date(2022, 1, 1) + timedelta(days=i) for i in range(days)],
            "sm_020": 0.2 + 0.05 * np.sin(np.arange(days) / 30.0),
            "rain_mm": rain,
            "tmax_c": 20.0,
            "tmin_c": 8.0,
            "srad_mj_m2": 15.0,
        }
    )
    frame.write_parquet(folder / "raw.parquet")
    out = folder / "stations.parquet"
    CliRunner().invoke(
        stations, [str(folder / "raw.parquet"), "--out", str(out)], catch_exceptions=False
    )
    return out


def test_tables_and_a_figure_per_station_are_written(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "inverted"
    result = CliRunner().invoke(
        invert, [str(table), "--out", str(out), "--json"], catch_exceptions=False
    )
    facts = json.loads(result.stdout)
    assert (facts["stations"], facts["station_years"], facts["held_out_station_years"]) == (1, 2, 1)
    names = {path.name for path in out.iterdir()}
    tables = {"inversions.parquet", "scores.parquet", "summary.parquet", "summary.md"}
    assert tables <= names
    # "a b" is spelled out, with a digest, so that "a_b" has a file of its own.
    (figure,) = (out / "figures").glob("plain_a_b*.png")
    assert figure.stat().st_size > 10_000
    assert read_provenance(figure).verb == "rootzone invert"
    with pytest.raises(RequestError, match="--force"):
        CliRunner().invoke(invert, [str(table), "--out", str(out)], catch_exceptions=False)


def test_an_unknown_station_is_refused_with_the_nearest(table: Path, tmp_path: Path) -> None:
    options = [str(table), "--out", str(tmp_path), "--station", "a_b"]
    with pytest.raises(RequestError, match="did you mean a b"):
        CliRunner().invoke(invert, options, catch_exceptions=False)


def test_stations_without_weather_are_refused(table: Path, tmp_path: Path) -> None:
    options = [str(table), "--out", str(tmp_path), "--weather", str(tmp_path / "none.parquet")]
    with pytest.raises(RequestError, match="no weather of their own"):
        CliRunner().invoke(invert, options, catch_exceptions=False)
