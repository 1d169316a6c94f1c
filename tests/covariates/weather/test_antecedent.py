"""Antecedent sums."""

from __future__ import annotations

import numpy as np
import pytest

from rootzone.covariates.weather.antecedent import PAD_DAYS, antecedent_columns, antecedent_sum


def test_a_window_ends_on_the_day_and_includes_it():
    # By hand: 1..10 in windows of 7: day 7 is 1+...+7 = 28, day 8 is 2+...+8 = 35.
    sums = antecedent_sum(np.arange(1.0, 11.0)[:, None], 7)[:, 0]
    assert np.isnan(sums[:6]).all()
    assert sums[6:].tolist() == [28.0, 35.0, 42.0, 49.0]


def test_the_first_29_days_have_no_30_day_sum():
    assert PAD_DAYS == 29
    sums = antecedent_sum(np.ones((40, 2)), 30)
    assert np.isnan(sums[:29]).all()
    assert (sums[29:] == 30.0).all()


def test_a_missing_day_empties_every_window_that_holds_it_and_no_other():
    values = np.ones((20, 1))
    values[9] = np.nan
    sums = antecedent_sum(values, 7)[:, 0]
    assert np.isnan(sums[9:16]).all()
    assert (sums[16:] == 7.0).all()
    assert (sums[6:9] == 7.0).all()


def test_a_year_shorter_than_the_window_has_no_sum():
    assert np.isnan(antecedent_sum(np.ones((5, 3)), 7)).all()


def test_the_net_balance_is_rain_less_demand():
    rng = np.random.default_rng(0)
    rain, pet = rng.random((60, 3)), rng.random((60, 3))
    columns = antecedent_columns(rain, pet)
    assert set(columns) == {f"{k}_{d}d_mm" for k in ("rain", "pet", "net") for d in (7, 30)}
    assert columns["net_30d_mm"] == pytest.approx(
        columns["rain_30d_mm"] - columns["pet_30d_mm"], nan_ok=True
    )


@pytest.mark.parametrize("days", [7, 30])
def test_the_sums_are_those_of_another_library(days):
    # polars' rolling_sum, which sums the row and the rows before it.
    import polars as pl

    values = np.random.default_rng(1).random(100)
    theirs = pl.Series(values).rolling_sum(days).to_numpy()
    ours = antecedent_sum(values[:, None], days)[:, 0]
    assert ours == pytest.approx(theirs, rel=1e-12, nan_ok=True)
