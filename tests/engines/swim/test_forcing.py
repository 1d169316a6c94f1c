"""What a day's weather becomes at the surface."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from rootzone.engines.swim import forcing

pytestmark = pytest.mark.kernels


def test_cover_factor_is_one_on_bare_ground_and_zero_under_full_residue() -> None:
    assert forcing.cover_factor(0.0, 0.0) == 1.0
    assert forcing.cover_factor(0.0, 1.0) == 0.0
    assert forcing.cover_factor(0.0, 0.5) == pytest.approx(0.5**0.44)


def test_cover_lowers_the_curve_number_until_its_limit() -> None:
    # Half of CNCov 0.8 gives half of CNRed 20.
    assert forcing.covered_curve_number(73.0, 20.0, 0.8, 0.0) == 73.0
    assert forcing.covered_curve_number(73.0, 20.0, 0.8, 0.4) == pytest.approx(63.0)
    assert forcing.covered_curve_number(73.0, 20.0, 0.8, 0.9) == 53.0


def test_wetness_weights_sum_to_one_and_end_at_the_considered_depth() -> None:
    weight = np.zeros(4)
    forcing.fill_wetness_weights(np.array([100.0, 200.0, 200.0, 500.0]), 450.0, 4.16, weight)
    # By hand: F(100 mm) with a = 4.16; layer 3 takes what is left at 450 mm, layer 4 nothing.
    assert weight[0] == pytest.approx((1 - np.exp(-4.16 * 100 / 450)) / (1 - np.exp(-4.16)))
    assert weight.sum() == pytest.approx(1.0, abs=1e-14)
    assert weight[3] == 0.0


def test_a_shallow_profile_weighs_its_own_depth() -> None:
    weight = np.zeros(2)
    forcing.fill_wetness_weights(np.array([100.0, 100.0]), 450.0, 4.16, weight)
    assert weight[0] == pytest.approx((1 - np.exp(-2.08)) / (1 - np.exp(-4.16)))
    assert weight.sum() == pytest.approx(1.0, abs=1e-14)


def test_wetness_is_zero_at_the_lower_limit_and_one_above_the_upper() -> None:
    weight = np.array([0.75, 0.25])
    dry, wet = np.array([0.1, 0.2]), np.array([0.3, 0.4])
    assert forcing.profile_wetness(dry, dry, wet, weight) == 0.0
    assert forcing.profile_wetness(wet + 0.1, dry, wet, weight) == 1.0
    assert forcing.profile_wetness(np.array([0.2, 0.2]), dry, wet, weight) == pytest.approx(0.375)


def test_curve_number_runoff_by_hand() -> None:
    # CN2 75 at wetness 0: CN1 = 75/(2.334-1.0005) = 56.243; s = 254*(100/CN1-1) = 197.6 mm;
    # P 100: (100-0.2s)^2/(100+0.8s).
    cn1 = 75.0 / (2.334 - 0.01334 * 75.0)
    s_mm = 254.0 * (100.0 / cn1 - 1.0)
    assert forcing.curve_number_runoff_mm(100.0, 75.0, 0.0) == pytest.approx(
        (100.0 - 0.2 * s_mm) ** 2 / (100.0 + 0.8 * s_mm)
    )


def test_no_runoff_below_the_initial_abstraction_nor_on_dry_days() -> None:
    assert forcing.curve_number_runoff_mm(5.0, 75.0, 0.0) == 0.0
    assert forcing.curve_number_runoff_mm(0.0, 100.0, 1.0) == 0.0  # NaN in APSIM


def test_a_curve_number_of_100_sheds_all_rain() -> None:
    assert forcing.curve_number_runoff_mm(30.0, 100.0, 0.0) == pytest.approx(30.0, rel=1e-3)


def test_shares_of_the_day_add_up_to_the_daily_sum() -> None:
    edges = [0.0, 5.0, 7.3, 11.0, 18.0, 24.0]
    shares = [
        forcing.share_of_day(a, b, 6.0, forcing.window_end_h(6.0, 12.0))
        for a, b in itertools.pairwise(edges)
    ]
    assert shares[0] == 0.0
    assert shares[1] == pytest.approx(1.3 / 12.0)
    assert sum(shares) == pytest.approx(1.0, abs=1e-15)
    assert forcing.share_of_day(0.0, 24.0, 6.0, 18.0) == 1.0


def test_a_window_past_midnight_is_cut_and_keeps_the_daily_sum() -> None:
    end_h = forcing.window_end_h(20.0, 12.0)
    assert end_h == 24.0
    assert forcing.share_of_day(0.0, 24.0, 20.0, end_h) == 1.0
