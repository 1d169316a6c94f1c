"""Sites against land."""

from __future__ import annotations

import numpy as np
import pytest

from rootzone.design.balance import balance_of, ks_distance
from rootzone.design.features import STORED, Moments


def _land() -> tuple[np.ndarray, np.ndarray]:
    q = np.random.default_rng(1).integers(0, 500, (4000, len(STORED))).astype(np.uint16)
    counts = np.stack([np.bincount(q[:, i], minlength=65536) for i in range(len(STORED))])
    return q, counts


def test_taking_all_the_land_is_perfect_balance() -> None:
    q, counts = _land()
    for item in balance_of(q, np.ones(len(q)), Moments.of(q), counts):
        assert item.smd == pytest.approx(0.0, abs=1e-12)
        assert item.ks == pytest.approx(0.0, abs=1e-12)
        assert item.site_mean == pytest.approx(item.land_mean)


def test_the_standardized_mean_difference_is_in_land_standard_deviations() -> None:
    # By hand: land 0, 2 with mean 1 and standard deviation 1; one site at 2 is one sd above.
    q = np.repeat(np.array([[0], [2]], np.uint16), len(STORED), axis=1)
    counts = np.stack([np.bincount(q[:, i], minlength=65536) for i in range(len(STORED))])
    for item in balance_of(q[1:], np.ones(1), Moments.of(q), counts):
        assert item.smd == pytest.approx(1.0)


def test_weights_can_mend_what_numbers_bend() -> None:
    # By hand: sites 0, 2, 2 of a land half 0, half 2; with weights 2, 1, 1 they are the land.
    q = np.repeat(np.array([[0], [2], [2]], np.uint16), len(STORED), axis=1)
    land = q[:2]
    counts = np.stack([np.bincount(land[:, i], minlength=65536) for i in range(len(STORED))])
    item = balance_of(q, np.array([2.0, 1.0, 1.0]), Moments.of(land), counts)[0]
    assert item.smd == pytest.approx(0.0)
    assert item.ks == pytest.approx(0.0)
    assert item.smd_unweighted == pytest.approx(1 / 3)
    assert item.ks_unweighted == pytest.approx(1 / 6)


def test_a_covariate_that_does_not_vary_has_no_standardized_difference() -> None:
    q = np.full((5, len(STORED)), 7, np.uint16)
    counts = np.stack([np.bincount(q[:, i], minlength=65536) for i in range(len(STORED))])
    item = balance_of(q, np.ones(5), Moments.of(q), counts)[0]
    assert np.isnan(item.smd)
    assert item.ks == 0.0


def test_the_distance_of_distributions_agrees_with_scipy() -> None:
    # Independent implementation: scipy.stats.ks_2samp on the same unweighted samples.
    from scipy.stats import ks_2samp

    rng = np.random.default_rng(3)
    land, sites = rng.integers(0, 60, 5000), rng.integers(5, 70, 300)
    ours = ks_distance(sites, np.ones(300), np.bincount(land, minlength=128))
    assert ours == pytest.approx(ks_2samp(land, sites).statistic, abs=1e-12)
