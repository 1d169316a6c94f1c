"""What a radiometer sees of pixels: means of what adds up, opacity as a whole."""

from __future__ import annotations

import numpy as np

from rootzone.surface.physics.classes import Prior
from rootzone.surface.samples.footprint import footprint_columns

HALF = np.ones((1, 2))


def one_cell(field: np.ndarray) -> np.ndarray:
    """A footprint of two pixels, alike for both."""
    return np.broadcast_to(np.asarray(field).mean(axis=-1, keepdims=True), np.shape(field))


def test_the_canopy_of_a_footprint_is_the_mean_opacity_and_not_a_product_of_means() -> None:
    # b .10 with 1 kg m-2 and b .20 with 3: opacities .1 and .6, mean .35; water 2 kg m-2, so the
    # footprint's b is .175. Means of b and water would have given .15 * 2 = .30.
    prior = Prior(h=HALF, omega=HALF, b=np.array([[0.1, 0.2]]))
    told = footprint_columns(
        one_cell, prior, np.array([[1.0, 3.0]]), HALF, {"sand_pct": np.array([[20.0, 60.0]])}
    )
    np.testing.assert_allclose(told["b0"] * told["vwc_kg_m2"], 0.35)
    np.testing.assert_allclose(told["b0"], 0.175)
    np.testing.assert_allclose(told["sand_pct"], 40.0)
    np.testing.assert_allclose(told["pixel_sand_pct"], [[20.0, 60.0]])


def test_without_a_canopy_b_is_the_class_tables() -> None:
    prior = Prior(h=HALF, omega=HALF, b=np.array([[0.1, 0.2]]))
    told = footprint_columns(one_cell, prior, 0.0 * HALF, HALF, {})
    np.testing.assert_allclose(told["b0"], 0.15)
