"""A station's weather as forcing: what is filled, what is refused, which years count."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from rootzone._shared.days import day_of_year
from rootzone._shared.errors import RequestError
from rootzone.stations.station_forcing import (
    SPIN_UP_D,
    ForcingRules,
    climatology,
    fill_gaps,
    station_forcing,
)


def weather(days: int = 800, **columns: np.ndarray) -> pl.DataFrame:
    values = {
        "rain_mm": np.where(np.arange(days) % 7 == 0, 5.0, 0.0),
        "tmax_degc": np.full(days, 20.0),
        "tmin_degc": np.full(days, 8.0),
        "radn_mj_m2": np.full(days, 15.0),
        **columns,
    }
    return pl.DataFrame(
        {
            "network": "N",
            "station": "a",
            "date": [date(2021, 1, 1) + timedelta(days=i) for i in range(days)],
            **values,
        }
    ).with_columns(pl.col(list(values)).fill_nan(None))


def test_the_first_year_runs_once_more_before_the_record() -> None:
    rain = np.arange(800.0)
    forcing = station_forcing(weather(rain_mm=rain))
    assert forcing.columns["rain_mm"][:SPIN_UP_D].tolist() == rain[:SPIN_UP_D].tolist()
    assert forcing.columns["rain_mm"][SPIN_UP_D:].tolist() == rain.tolist()
    # 2021-01-01 is day 18,628 since 1970-01-01: 51 * 365 + 13 leap days.
    assert forcing.first_day == 18_628 - SPIN_UP_D


def test_short_gaps_are_linear_and_long_ones_come_from_the_day_of_the_year() -> None:
    doy = np.arange(800) % 365
    values = 10.0 + np.sin(2 * np.pi * doy / 365)
    gapped = values.copy()
    gapped[100:103] = np.nan
    gapped[500:530] = np.nan
    filled, by_climate = fill_gaps(gapped, doy)
    linear = np.interp([100, 101, 102], [99, 103], values[[99, 103]])
    assert filled[100:103] == pytest.approx(linear)
    assert np.flatnonzero(by_climate).tolist() == list(range(500, 530))
    # The other years say the same, but for the smoothing: a day's window reaches 7 days into a
    # slope of 2 pi / 365 a day, and the years beside the gap are unevenly many.
    assert filled[500:530] == pytest.approx(values[500:530], abs=7 * 2 * np.pi / 365 / 2)


def test_a_gap_at_an_end_is_never_extrapolated_linearly() -> None:
    values = np.array([np.nan, 1.0, 2.0, 3.0])
    assert fill_gaps(values, np.arange(4))[1].tolist() == [True, False, False, False]


def test_days_of_the_year_without_any_value_are_interpolated_round_the_year() -> None:
    doy = np.array([20, 340])
    mean = climatology(np.array([1.0, 1.0]), doy)
    assert np.isfinite(mean).all()
    assert mean == pytest.approx(1.0)


def test_days_of_the_year_start_at_0_on_1_january() -> None:
    days = np.array(["2024-01-01", "2024-12-31"], dtype="datetime64[D]").astype(np.int64)
    assert day_of_year(days).tolist() == [0, 365]


def test_missing_rain_is_none_and_too_much_of_it_makes_a_year_unusable() -> None:
    rain = np.full(800, 1.0)
    rain[10:21] = np.nan  # 11 days of 2021; 10 are allowed
    forcing = station_forcing(weather(rain_mm=rain))
    assert forcing.filled_d["rain_mm"] == 11
    assert forcing.columns["rain_mm"][SPIN_UP_D + 10 : SPIN_UP_D + 21].sum() == 0.0
    assert forcing.usable_years == (2022, 2023)
    assert 2021 in station_forcing(weather(rain_mm=rain), ForcingRules(11)).usable_years


def test_a_year_with_a_long_gap_in_radiation_is_unusable() -> None:
    radn = np.full(800, 15.0)
    radn[400:431] = np.nan  # 31 days of 2022; 30 are allowed
    assert station_forcing(weather(radn_mj_m2=radn)).usable_years == (2021, 2023)


def test_weather_without_a_quantity_or_of_a_short_time_is_refused() -> None:
    with pytest.raises(RequestError, match="holds no radn_mj_m2"):
        station_forcing(weather(radn_mj_m2=np.full(800, np.nan)))
    with pytest.raises(RequestError, match="shorter than a year"):
        station_forcing(weather(days=300))


def test_weather_can_be_cut_after_a_year() -> None:
    assert station_forcing(weather()).until(2021).year.max() == 2021
