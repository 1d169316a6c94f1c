"""Position and wetness of a pixel among its neighbours."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rootzone.covariates.layers.topography import HALO_PX, STEPS, topography

SIDE = 12
WIDE = SIDE + 2 * HALO_PX


def test_a_plane_is_neither_ridge_nor_valley_and_drains_what_lies_above() -> None:
    # Falls to the south by 1 in 10: water of each of the 16 rows above arrives, all of it, whatever
    # goes to the side, so 17 pixels of 30 m. Steepest is straight down: ln(17 x 30 / 0.1).
    z = np.repeat(-3.0 * np.arange(WIDE)[:, None], WIDE, axis=1)
    told = topography(z, 30.0)
    np.testing.assert_allclose(told["position_m"], 0.0, atol=1e-5)
    np.testing.assert_allclose(told["wetness_index"], math.log((STEPS + 1) * 30.0 / 0.1), rtol=1e-6)


def test_a_ridge_stands_above_and_a_valley_is_wetter() -> None:
    across = np.abs(np.arange(WIDE) - WIDE // 2).astype(float)
    ridge = np.repeat(-across[None], WIDE, axis=0)
    top, bottom = topography(ridge, 30.0), topography(-ridge, 30.0)
    middle = WIDE // 2 - HALO_PX
    # By hand: distances 0 to 10 on both sides and 0 in the middle: their mean is 110 / 21.
    assert top["position_m"][0, middle] == pytest.approx(110.0 / 21.0, rel=1e-6)
    assert bottom["position_m"][0, middle] == pytest.approx(-110.0 / 21.0, rel=1e-6)
    assert (bottom["wetness_index"][:, middle] > top["wetness_index"][:, middle] + 2.0).all()


def test_level_ground_has_an_index_too() -> None:
    told = topography(np.full((WIDE, WIDE), 1500.0), 30.0)
    np.testing.assert_allclose(told["wetness_index"], math.log(30.0 / 1e-3), rtol=1e-6)


def test_a_window_with_its_halo_says_what_the_whole_says_to_the_bit() -> None:
    z = np.random.default_rng(3).normal(1500.0, 20.0, (70, 90))
    whole = topography(z, 30.0)
    part = topography(z[10 : 10 + 16 + 2 * HALO_PX, 7 : 7 + 20 + 2 * HALO_PX], 30.0)
    for name, values in part.items():
        np.testing.assert_array_equal(values, whole[name][10:26, 7:27])


def test_a_pixel_without_height_has_no_index_and_sends_no_water() -> None:
    z = np.repeat(-3.0 * np.arange(WIDE)[:, None], WIDE, axis=1)
    z[HALO_PX + 3] = np.nan
    told = topography(z, 30.0)
    assert np.isnan(told["wetness_index"][3]).all()
    # The row below the gap gets nothing: its own area alone.
    np.testing.assert_allclose(told["wetness_index"][4], math.log(30.0 / 0.1), rtol=1e-6)
    assert np.isfinite(told["position_m"][4]).all()
