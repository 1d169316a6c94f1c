"""Gaps of the weather."""

from __future__ import annotations

import numpy as np
import pytest

from rootzone.covariates.weather.cells import Cells
from rootzone.covariates.weather.gaps import (
    FLAG_BITS,
    LIMITS,
    fill_from_neighbours,
    fill_in_time,
    impossible,
    list_gaps,
)
from tests.covariates.weather_files import GRIDMET

CELLS = Cells(GRIDMET, np.array([10, 10, 11]), np.array([20, 21, 20]))
DATES = np.arange("2023-01-01", "2023-01-06", dtype="datetime64[D]")


def values(**changes):
    base = {"rain_mm": 0.0, "tmax_degc": 20.0, "tmin_degc": 10.0, "radn_mj_m2": 20.0}
    out = {name: np.full((5, 3), value) for name, value in base.items()}
    for name, (day, cell, value) in changes.items():
        out[name][day, cell] = value
    return out


def gaps_of(data, top=30.0):
    return list_gaps(data, impossible(data, np.full((5, 3), top)), DATES, CELLS)


def test_sound_weather_has_no_gaps():
    assert gaps_of(values()) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rain_mm": (2, 1, -0.5)}, "2023-01-03 rain_mm: impossible (-0.5), cell 13881"),
        ({"rain_mm": (2, 1, np.nan)}, "2023-01-03 rain_mm: missing, cell 13881"),
        ({"rain_mm": (1, slice(None), np.nan)}, "2023-01-02 rain_mm: missing day, all 3 cells"),
        ({"radn_mj_m2": (0, 0, 31.0)}, "2023-01-01 radn_mj_m2: impossible (31), cell 13880"),
        ({"tmax_degc": (4, 2, 75.0)}, "2023-01-05 tmax_degc: impossible (75), cell 15266"),
    ],
)
def test_each_gap_is_named_with_day_cell_and_value(change, words):
    # Cell ids by hand: 10 * 1386 + 20 = 13880, + 21 = 13881, 11 * 1386 + 20 = 15266.
    assert [str(gap) for gap in gaps_of(values(**change))] == [words]


def test_a_night_warmer_than_the_day_makes_both_impossible():
    found = gaps_of(values(tmin_degc=(1, 0, 22.0)))
    assert {(gap.variable, gap.kind) for gap in found} == {
        ("tmax_degc", "impossible"),
        ("tmin_degc", "impossible"),
    }


def test_packing_may_cross_equal_temperatures_by_a_tenth():
    # Both are rounded to 0.1 K, so equal ones may cross by 0.1.
    assert gaps_of(values(tmin_degc=(1, 0, 20.05))) == []


def test_every_column_that_is_checked_can_be_flagged():
    assert set(LIMITS) == set(FLAG_BITS)
    assert len(set(FLAG_BITS.values())) == len(FLAG_BITS)


def test_short_gaps_lie_on_the_line_between_their_neighbours():
    # By hand: 10, gap of 3, 18 in four equal steps of 2.
    column = np.array([10.0, np.nan, np.nan, np.nan, 18.0])[:, None]
    filled, flags = fill_in_time(column)
    assert filled[:, 0].tolist() == [10.0, 12.0, 14.0, 16.0, 18.0]
    assert flags[:, 0].tolist() == [False, True, True, True, False]


def test_long_gaps_and_gaps_at_the_ends_are_left():
    column = np.array([np.nan, 1.0, np.nan, np.nan, np.nan, np.nan, 2.0, np.nan])[:, None]
    filled, flags = fill_in_time(column)
    assert np.isnan(filled).sum() == 6
    assert not flags.any()


def test_rain_is_the_mean_of_the_known_cells_around_on_the_same_day():
    column = np.array([[np.nan, 4.0, 8.0], [np.nan, np.nan, np.nan]])
    filled, flags = fill_from_neighbours(column, CELLS)
    # By hand: both other cells touch the first; on the second day nobody knows.
    assert filled[0].tolist() == [6.0, 4.0, 8.0]
    assert np.isnan(filled[1]).all()
    assert flags.tolist() == [[True, False, False], [False, False, False]]
