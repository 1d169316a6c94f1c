from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import Provenance
from rootzone._shared.table_files import write_table
from rootzone._shared.tables import WEATHER
from rootzone.learning.scene.features import faithful_features
from rootzone.learning.scene.weather_days import WeatherDays
from tests.learning import scenes

SPEC = faithful_features()


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    return scenes.weather_frame()


@pytest.fixture(scope="module")
def weather(frame: pl.DataFrame) -> WeatherDays:
    return WeatherDays.from_frame(frame, SPEC)


def test_a_day_holds_the_scaled_columns_of_every_cell(
    weather: WeatherDays, frame: pl.DataFrame
) -> None:
    date = scenes.day(45)
    table = weather.table(date)
    rows = frame.filter(pl.col("date") == date).sort("cell_id")
    assert table.shape == (rows.height, 12)
    for column, position in enumerate(SPEC.of_origin("weather")):
        physical = rows[SPEC.channels[position].column].to_numpy()
        assert table[:, column] == pytest.approx(SPEC.scaled(position, physical), rel=1e-6)


def test_the_net_of_a_window_is_its_rain_less_its_demand(weather: WeatherDays) -> None:
    # Systems note 2.2: channel 16 = 12 - 14 and 17 = 13 - 15, before scaling.
    table = weather.table(scenes.day(50)).astype(np.float64)

    def physical(name: str) -> np.ndarray:
        at = SPEC.names.index(name)
        channel = SPEC.channels[at]
        return table[:, SPEC.dynamic.index(at)] * (channel.high - channel.low) + channel.low

    for days in (7, 30):
        net = physical(f"rain_{days}d_mm") - physical(f"pet_{days}d_mm")
        assert physical(f"net_{days}d_mm") == pytest.approx(net, abs=1e-3)


def test_the_calendar_is_the_same_in_every_cell(weather: WeatherDays) -> None:
    # 15 February is day 46 of the year; scaled from -1..1 to 0..1.
    table = weather.table(dt.date(2023, 2, 15))
    angle = 2 * np.pi * 46 / 365.25
    assert table[:, 10] == pytest.approx((np.sin(angle) + 1) / 2, abs=1e-6)
    assert table[:, 11] == pytest.approx((np.cos(angle) + 1) / 2, abs=1e-6)


def test_the_first_29_days_of_a_record_are_refused(weather: WeatherDays) -> None:
    # Sums over 30 days end on their day and include it: day 29 (from 0) is the first with one.
    assert weather.usable_dates[0] == np.datetime64(scenes.day(29))
    weather.table(scenes.day(29))
    with pytest.raises(RequestError, match="first 29 days of a record"):
        weather.table(scenes.day(28))


def test_a_day_without_weather_is_refused_with_the_span_there_is(weather: WeatherDays) -> None:
    with pytest.raises(RequestError, match=r"2024-06-01.*from 2023-01-01 to 2023-03-01"):
        weather.day_index([dt.date(2023, 2, 20), dt.date(2024, 6, 1)])


def test_a_gap_in_one_cell_stays_missing_and_refuses_nothing(frame: pl.DataFrame) -> None:
    cell = frame["cell_id"].min()
    holed = frame.with_columns(
        pl.when((pl.col("cell_id") == cell) & (pl.col("date") == scenes.day(40)))
        .then(None)
        .otherwise(pl.col("vpd_kpa"))
        .alias("vpd_kpa")
    )
    table = WeatherDays.from_frame(holed, SPEC).table(scenes.day(40))
    assert np.isnan(table[0]).sum() == 1
    assert np.isfinite(table[1:]).all()


def test_the_order_of_the_rows_does_not_matter(frame: pl.DataFrame, weather: WeatherDays) -> None:
    turned = WeatherDays.from_frame(frame.reverse(), SPEC)
    assert np.array_equal(turned.cell_id, weather.cell_id)
    assert np.array_equal(turned.values, weather.values, equal_nan=True)


def test_years_are_read_from_their_files_and_joined(frame: pl.DataFrame, tmp_path: Path) -> None:
    frame = frame.with_columns(pl.col("date").cast(pl.Date))
    halves = [
        frame.filter(pl.col("date") < scenes.day(30)),
        frame.filter(pl.col("date") >= scenes.day(30)),
    ]
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    for path, half in zip(paths, halves, strict=True):
        write_table(path, half, WEATHER, Provenance("test", code="none"))
    read = WeatherDays.read(paths, SPEC)
    assert np.array_equal(read.values, WeatherDays.from_frame(frame, SPEC).values, equal_nan=True)


def test_a_table_without_a_column_the_network_needs_is_refused(
    frame: pl.DataFrame, tmp_path: Path
) -> None:
    path = tmp_path / "weather.parquet"
    lacking = frame.drop("vpd_kpa").with_columns(pl.col("date").cast(pl.Date))
    write_table(path, lacking, WEATHER, Provenance("test", code="none"))
    with pytest.raises(RequestError, match="vpd_kpa"):
        WeatherDays.read([path], SPEC)
    with pytest.raises(RequestError, match="no weather tables"):
        WeatherDays.read([], SPEC)


def test_a_cell_twice_on_one_day_is_refused(frame: pl.DataFrame) -> None:
    with pytest.raises(RequestError, match="twice"):
        WeatherDays.from_frame(pl.concat([frame, frame.head(1)]), SPEC)


def test_a_cell_without_weather_points_behind_the_last(weather: WeatherDays) -> None:
    ids = np.array([weather.cell_id[2], 5, weather.cell_id[0]])
    assert weather.cell_index(ids).tolist() == [2, weather.n_cell, 0]
