"""Intervals that hold what they promise."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rootzone._shared.errors import RequestError
from rootzone.networks.calibration import Calibration, calibrate


def test_the_half_width_is_the_conformal_quantile_of_the_errors() -> None:
    # Errors 0.01 to 0.09 of nine values: level 0.8 * 10 / 9, the 8th smallest = 0.08.
    observed = 0.2 + np.arange(1, 10) * 0.01
    found = calibrate(observed, np.full(9, 0.2))
    assert found.factor == pytest.approx(0.08, abs=1e-12)
    assert (found.n, found.n_place, found.scaled) == (9, 9, False)
    low, high = found.interval([0.3], None)
    assert (low[0], high[0]) == (pytest.approx(0.22), pytest.approx(0.38))


def test_errors_are_counted_in_spreads_where_there_is_one() -> None:
    # Errors of exactly 2 spreads everywhere: the factor is 2 and the interval follows the spread.
    spread = np.linspace(0.01, 0.05, 9)
    found = calibrate(0.2 + 2.0 * spread, np.full(9, 0.2), spread)
    assert found.factor == pytest.approx(2.0)
    low, high = found.interval([0.3, 0.3], [0.01, 0.02])
    np.testing.assert_allclose(high - low, [0.04, 0.08])


def test_every_station_has_the_same_say_however_long_its_record() -> None:
    # Four stations, errors 0.01, 0.02, 0.03 (one day each) and 0.04 on a thousand days: level
    # 0.8 * 5 / 4 = 1, the largest error. Five: level 0.96, still the fifth; days do not count.
    errors = np.concatenate([[0.01, 0.02, 0.03, 0.04], np.full(1000, 0.015)])
    place = np.concatenate([[1, 2, 3, 4], np.full(1000, 5)])
    found = calibrate(0.2 + errors, np.full(errors.size, 0.2), place=place)
    assert found.n_place == 5
    assert found.factor == pytest.approx(0.04)


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9])
def test_new_values_are_held_as_often_as_promised(coverage: float) -> None:
    # Exchangeable errors of uneven size: coverage + at most 1 / (n + 1), and 3 standard errors of
    # the calibration's own chance, sqrt(c (1 - c) / n).
    rng = np.random.default_rng(7)
    n = 4000
    spread = rng.uniform(0.01, 0.05, 2 * n)
    observed = 0.25 + spread * rng.standard_t(5, 2 * n)
    found = calibrate(observed[:n], np.full(n, 0.25), spread[:n], coverage)
    low, high = found.interval(np.full(n, 0.25), spread[n:])
    held = np.mean((observed[n:] >= low) & (observed[n:] <= high))
    assert held == pytest.approx(coverage, abs=3.0 * math.sqrt(2.0 * coverage * (1 - coverage) / n))


def test_the_error_of_physics_is_part_of_the_width_and_of_the_scores() -> None:
    # Errors .05 where physics may be .03 off, .13 where .12: .04 and .05 beyond (3-4-5, 5-12-13);
    # .02 with .03 has nothing beyond. Five of each at level .8 * 16 / 15 = .853: the 13th, .05.
    observed = 0.2 + np.repeat([0.05, 0.13, 0.02], 5)
    error = np.repeat([0.03, 0.12, 0.03], 5)
    found = calibrate(observed, np.full(15, 0.2), error=error)
    assert found.factor == pytest.approx(0.05)
    # sqrt(.05^2 + .12^2) = .13; without an error the factor alone.
    half = found.half_width([0.3, 0.3], error=[0.12, np.nan])
    np.testing.assert_allclose(half, [0.13, 0.05])
    assert Calibration.from_dict(found.to_dict()) == found
    with pytest.raises(RequestError, match="pass them"):
        found.half_width([0.3])


def test_missing_values_do_not_count() -> None:
    observed = np.array([0.21, 0.22, 0.23, 0.24, np.nan])
    assert calibrate(observed, np.full(5, 0.2)).n == 4


def test_too_few_places_are_refused_with_the_number_needed() -> None:
    # 0.8 (n + 1) / n <= 1 needs n = 4; 0.9 needs 9.
    with pytest.raises(RequestError, match="needs 4 held-out places; there are 3"):
        calibrate([0.1, 0.2, 0.3], [0.1, 0.1, 0.1])
    with pytest.raises(RequestError, match="needs 9 held-out places; there are 0"):
        calibrate([], [], coverage=0.9)


def test_intervals_stay_between_nought_and_one() -> None:
    low, high = Calibration(0.8, 0.1, False, 9, 9).interval([0.05, 0.95])
    np.testing.assert_allclose(low, [0.0, 0.85])
    np.testing.assert_allclose(high, [0.15, 1.0])


def test_a_scaled_calibration_asks_for_the_spread() -> None:
    with pytest.raises(RequestError, match="pass the spread"):
        Calibration(0.8, 2.0, True, 9, 9).interval([0.2])


def test_a_missing_prediction_has_no_interval() -> None:
    low, _ = Calibration(0.8, 0.1, False, 9, 9).interval([math.nan])
    assert math.isnan(low[0])


def test_a_calibration_survives_its_plain_form() -> None:
    found = Calibration(0.8, 2.0, True, 90, 9)
    assert Calibration.from_dict(found.to_dict()) == found


def test_each_season_has_its_own_factor_where_it_has_enough_places() -> None:
    # Nine places: errors .01 to .09 in winter (the eighth, .08, as above) and twice that in summer;
    # spring has three places, too few for 80 %, and takes the common factor.
    errors = np.arange(1, 10) * 0.01
    observed = 0.2 + np.concatenate([errors, 2 * errors, errors[:3]])
    place = np.concatenate([np.arange(9), np.arange(9), np.arange(3)])
    season = np.array(["DJF"] * 9 + ["JJA"] * 9 + ["MAM"] * 3)
    found = calibrate(observed, np.full(21, 0.2), place=place, season=season)
    assert found.by_season == pytest.approx({"DJF": 0.08, "JJA": 0.16})
    half = found.half_width([0.3, 0.3, 0.3, np.nan], season=["DJF", "JJA", "MAM", "DJF"])
    np.testing.assert_allclose(half, [0.08, 0.16, found.factor, np.nan])
    assert Calibration.from_dict(found.to_dict()) == found


def test_what_is_not_known_of_the_soil_widens_the_interval() -> None:
    # .03 and .04 as sides of a right angle: .05.
    known = Calibration(0.8, 0.03, False, 9, 9, soil={"DJF": 0.04, "JJA": 0.0})
    np.testing.assert_allclose(known.half_width([0.2, 0.2], season=["DJF", "JJA"]), [0.05, 0.03])
