"""Figures of skill, each by hand or by definition."""

from __future__ import annotations

import numpy as np
import pytest

from rootzone._shared.skill import (
    METRICS,
    PairSums,
    median_interval,
    skill_of,
    triple_collocation,
)


def test_figures_of_four_pairs_by_hand() -> None:
    # Errors 0.1, 0.1, -0.1, 0.1: bias 0.05, MAE 0.1, RMSE 0.1, ubRMSE sqrt(0.01 - 0.0025).
    observed = np.array([0.1, 0.2, 0.3, 0.4])
    found = skill_of(observed + np.array([0.1, 0.1, -0.1, 0.1]), observed, least_pairs=2)
    assert (found.bias, found.mae, found.rmse) == pytest.approx((0.05, 0.1, 0.1))
    assert found.ubrmse == pytest.approx(np.sqrt(0.0075))


def test_r_is_that_of_numpy_and_does_not_see_level_or_scale() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 200))
    assert skill_of(a, b).r == pytest.approx(np.corrcoef(a, b)[0, 1])
    assert skill_of(3.0 * b + 1.0, b).r == pytest.approx(1.0)


def test_pairs_need_both_values() -> None:
    found = skill_of(np.array([0.1, np.nan, 0.3]), np.array([0.1, 0.2, np.nan]), least_pairs=1)
    assert found.n == 1


def test_too_few_pairs_and_constant_series_give_nan_not_0() -> None:
    # science/systems.md section 0: N < 30 or constant series: NaN, not 0.
    assert np.isnan(skill_of(np.full(29, 0.1), np.full(29, 0.2)).rmse)
    flat = skill_of(np.full(40, 0.1), np.linspace(0.1, 0.3, 40))
    assert np.isnan(flat.r)
    assert flat.bias == pytest.approx(-0.1)


def test_the_interval_of_a_median_holds_it_and_shrinks_with_stations() -> None:
    rng = np.random.default_rng(3)
    few, many = rng.normal(size=10), rng.normal(size=1000)
    spans = []
    for values in (few, many):
        middle, low, high = median_interval(values, np.random.default_rng(0))
        assert low <= middle <= high
        spans.append(high - low)
    assert spans[1] < spans[0] / 3  # as 1/sqrt(n) for a median


def test_the_same_seed_gives_the_same_interval() -> None:
    values = np.arange(20.0)
    first, second = (median_interval(values, np.random.default_rng(7)) for _ in range(2))
    assert first == second


def test_stations_without_a_figure_do_not_count() -> None:
    assert median_interval([0.1, np.nan, 0.3], np.random.default_rng(0))[0] == pytest.approx(0.2)
    assert np.isnan(median_interval([np.nan], np.random.default_rng(0))).all()


def test_r2_is_of_errors_against_scatter_and_not_the_square_of_r() -> None:
    # Observed 0.1 to 0.4: SST 0.05. Errors 0.1, 0.1, -0.1, 0.1: SSE 0.04. R2 = 1 - 0.04/0.05.
    observed = np.array([0.1, 0.2, 0.3, 0.4])
    found = skill_of(observed + np.array([0.1, 0.1, -0.1, 0.1]), observed, least_pairs=2)
    assert found.r2 == pytest.approx(0.2)
    # Twice as wet with r = 1: SSE = 0.01 + 0.04 + 0.09 + 0.16 = 0.3, so R2 = 1 - 0.3/0.05 = -5.
    assert skill_of(2.0 * observed, observed, least_pairs=2).r2 == pytest.approx(-5.0)


def test_kge_by_hand() -> None:
    # Gupta et al. (2009): doubled series has r = 1, ratio of deviations 2, of means 2: 1 - sqrt(2).
    observed = np.linspace(0.1, 0.4, 40)
    assert skill_of(2.0 * observed, observed).kge == pytest.approx(1.0 - np.sqrt(2.0))
    # Shifted by half its mean of 0.25: only the ratio of means, 1.5, is off.
    assert skill_of(observed + 0.125, observed).kge == pytest.approx(0.5)


def test_r2_and_kge_of_constant_series_are_nan() -> None:
    varied, flat = np.linspace(0.1, 0.3, 40), np.full(40, 0.1)
    assert np.isnan([skill_of(varied, flat).r2, skill_of(varied, flat).kge]).all()
    assert np.isnan(skill_of(flat, varied).kge)
    # A constant prediction has errors all the same: mean 0.2, so R2 = -(0.1^2)/var of observed.
    assert skill_of(flat, varied).r2 == pytest.approx(-(0.01) / np.var(varied))


def test_pooling_sums_equals_pooling_pairs() -> None:
    # Figures of the pairs of groups 0 and 2, group 2 taken twice, from the sums alone.
    rng = np.random.default_rng(5)
    observed, predicted = rng.uniform(0.05, 0.45, size=(2, 90))
    group = np.repeat([0, 1, 2], [20, 30, 40])
    sums = PairSums.of(predicted, observed, group).pooled(np.array([[1.0, 0.0, 2.0]]))
    taken = np.concatenate((np.flatnonzero(group == 0), *[np.flatnonzero(group == 2)] * 2))
    wanted = skill_of(predicted[taken], observed[taken])
    found = sums.figures()
    assert sums.n[0] == wanted.n == 100
    for name in METRICS:
        assert found[name][0] == pytest.approx(getattr(wanted, name), rel=1e-12)


def test_triple_collocation_finds_errors_that_were_put_in() -> None:
    # One truth, independent errors of .01, .03 and .05: with 20,000 days each comes out to 4 %.
    rng = np.random.default_rng(5)
    truth = 0.2 + 0.05 * rng.standard_normal(20_000)
    put_in = (0.01, 0.03, 0.05)
    x, y, z = (truth + sd * rng.standard_normal(truth.size) for sd in put_in)
    found = triple_collocation(x, y, z)
    assert found.n == 20_000
    assert found.error_sd == pytest.approx(put_in, rel=0.04)
    assert found.n_negative == 0


def test_triple_collocation_by_hand() -> None:
    # Four days; means 0. Vx = 2/3 * ... : x = (1,-1,1,-1), y = x, z = (1,-1,-1,1) + x.
    x = np.array([1.0, -1.0, 1.0, -1.0])
    z = x + np.array([1.0, -1.0, -1.0, 1.0])
    found = triple_collocation(x, x, z, least_days=4)
    # All covariances with n - 1: Vx = Cxy = Cxz = Cyz = 4/3 and Vz = 8/3; errors 0, 0 and 4/3.
    assert found.variance == pytest.approx((0.0, 0.0, 4.0 / 3.0))


def test_a_negative_variance_is_said_and_not_clipped() -> None:
    # y and z share an error that x lacks: their covariance is too large for x's share of it, and
    # one of the three comes out negative.
    x = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
    y = np.array([0.0, 2.0, 1.0, 3.0, 4.0])
    z = 2.0 * x - y + np.array([0.0, 0.1, -0.1, 0.1, 0.0])
    found = triple_collocation(x, y, z, least_days=4)
    assert found.n_negative >= 1
    assert any(np.isnan(found.error_sd))


def test_too_few_common_days_say_nothing() -> None:
    short = np.arange(10.0)
    assert np.isnan(triple_collocation(short, short, short).variance).all()
