"""A map against the truth, and a lattice found by its phase means."""

from __future__ import annotations

import numpy as np
import pytest

from rootzone.maps.scores import pattern_of, phase_means, score_map, spectrum


def _land(seed: int = 0, side: int = 160) -> np.ndarray:
    """A smooth field of 0.1 to 0.4 m3 m-3, without a lattice."""
    row, col = np.mgrid[0:side, 0:side]
    rng = np.random.default_rng(seed)
    numbers = rng.uniform(-0.25, 0.25, size=(12, 3)) * [1.0, 1.0, 9.0]
    waves = [np.sin(row * a + col * b + c) for a, b, c in numbers]
    return np.asarray(0.25 + 0.02 * np.sum(waves, axis=0))


def test_a_lattice_is_found_whatever_the_land_below() -> None:
    lattice = np.zeros((8, 8))
    lattice[3, 5] = 0.02
    field = _land() + np.tile(lattice, (20, 20))
    # By hand: the lattice's mean is 0.02 / 64, so its phase stands 0.02 above the others; the box
    # of 17 px is not a multiple of 8, which moves that by (9 / 289 - 4 / 289) * 0.02 at most.
    assert pattern_of(field) - pattern_of(_land()) == pytest.approx(0.02, abs=0.002)
    means = phase_means(field)  # the inner part begins at 17, which is phase 1
    assert np.unravel_index(means.argmax(), means.shape) == (2, 4)


def test_land_without_a_lattice_has_none() -> None:
    assert pattern_of(_land()) < 0.0015


def test_the_truth_scores_itself_as_perfect() -> None:
    truth = _land()
    found = score_map(truth, truth)
    assert (found.bias, found.rmse, found.mae, found.pattern) == (0.0, 0.0, 0.0, 0.0)
    assert (found.r2, found.detail, found.detail_r, found.edge_ratio) == pytest.approx((1,) * 4)


def test_bias_and_gaps_are_told_by_hand() -> None:
    truth = _land()
    wrong = truth + 0.03
    wrong[:20] = np.nan
    found = score_map(wrong, truth)
    assert found.n == 140 * 160
    assert (found.bias, found.rmse, found.mae) == pytest.approx((0.03, 0.03, 0.03))
    assert found.detail == pytest.approx(1.0)  # a constant has no detail


def test_a_blurred_map_lacks_detail_and_edges() -> None:
    from scipy.ndimage import uniform_filter

    truth = np.where(np.indices((160, 160))[1] // 20 % 2 == 0, 0.15, 0.35)
    found = score_map(uniform_filter(truth, 15), truth)
    assert found.detail < 0.8
    assert found.edge_ratio < 0.2  # a step spread over 15 pixels is a fifteenth in each


def test_a_wave_stands_in_its_own_class_of_wavelength() -> None:
    col = np.indices((128, 128))[1]
    field = 0.25 + 0.05 * np.sin(2 * np.pi * col / 16.0)
    wavelength, variance = spectrum(field)
    # A sine of amplitude a has the variance a2 / 2; the window leaks a little to the neighbours.
    assert wavelength[variance.argmax()] == pytest.approx(16.0, rel=0.01)
    assert variance.max() == pytest.approx(0.05**2 / 2, rel=0.05)


def test_nothing_in_common_is_no_score() -> None:
    found = score_map(np.full((20, 20), np.nan), _land(side=20))
    assert found.n == 0
    assert np.isnan(found.rmse)
