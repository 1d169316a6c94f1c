from __future__ import annotations

import numpy as np
import pytest

from rootzone._shared.errors import RequestError
from rootzone.surface.fusion.downscale import DownscaleSettings, conserved, fit_downscaler
from rootzone.surface.grids.aggregate import weights
from rootzone.surface.grids.cell_grid import CellGrid

FINE = CellGrid(10.0, 50.0, 0.05, 40, 40)
COARSE = CellGrid(10.0, 50.0, 0.25, 8, 8)
SETTINGS = DownscaleSettings(rounds=150, least_in_leaf=20)
NAMES = ("ndvi", "rain", "clay")
DAYS = 60


def fields(day: int) -> np.ndarray:
    """Vegetation in stripes, rain that changes by day, clay in a slope."""
    rng = np.random.default_rng(day)
    row, col = np.indices(FINE.shape)
    ndvi = 0.4 + 0.2 * np.sin(col / 3.0) + 0.1 * np.sin(row / 2.0)
    rain = np.full(FINE.shape, rng.uniform(0.0, 20.0)) + 0.05 * row
    return np.stack([ndvi, rain, 10.0 + 0.5 * row])


def truth(day: int) -> np.ndarray:
    ndvi, rain, clay = fields(day)
    return 0.1 + 0.2 * ndvi + 0.003 * rain + 0.002 * clay


@pytest.fixture(scope="module")
def product() -> np.ndarray:
    return np.stack([weights(FINE, COARSE).mean(truth(day))[0] for day in range(DAYS)])


def test_the_pattern_inside_cells_is_found(product: np.ndarray) -> None:
    found = fit_downscaler(NAMES, fields, product, weights(FINE, COARSE), SETTINGS)
    theta, outside = found.at(fields(3))
    coarse = np.repeat(np.repeat(product[3], 5, axis=0), 5, axis=1)
    off = np.sqrt(((theta - truth(3)) ** 2).mean())
    assert off < 0.6 * np.sqrt(((coarse - truth(3)) ** 2).mean())
    assert found.held_out_rmse < 0.02
    assert not outside.all()


def test_the_same_bits_again(product: np.ndarray) -> None:
    one, two = (
        fit_downscaler(NAMES, fields, product[:20], weights(FINE, COARSE), SETTINGS)
        for _ in range(2)
    )
    assert np.array_equal(one.at(fields(3))[0], two.at(fields(3))[0])


def test_beyond_the_training_cells_is_flagged_and_a_gap_has_no_value(product: np.ndarray) -> None:
    found = fit_downscaler(NAMES, fields, product[:20], weights(FINE, COARSE), SETTINGS)
    odd = fields(3)
    odd[2, 5, 6], odd[0, 8, 9] = 90.0, np.nan
    theta, outside = found.at(odd)
    assert outside[5, 6]
    assert np.isnan(theta[8, 9])
    assert np.isnan(theta).sum() == 1
    assert not outside[8, 9]


def test_conserving_brings_cell_means_to_the_product(product: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    noisy = product[3] + 0.02 * rng.standard_normal(product[3].shape)
    moved = conserved(truth(3), noisy, weights(FINE, COARSE), COARSE, FINE)
    # The papers ask for 1e-3.
    assert np.abs(weights(FINE, COARSE).mean(moved)[0] - noisy).max() < 1e-3


def test_cells_with_too_many_gaps_do_not_train(product: np.ndarray) -> None:
    def cloudy(day: int) -> np.ndarray:
        told = fields(day)
        told[0, :, :20] = np.nan
        return told

    # Half of the cells are left; a whole cloud leaves none.
    fit_downscaler(NAMES, cloudy, product[:20], weights(FINE, COARSE), SETTINGS)
    with pytest.raises(RequestError, match="no cell is known on any day"):
        fit_downscaler(
            NAMES, lambda day: fields(day) * np.nan, product[:5], weights(FINE, COARSE), SETTINGS
        )


def test_bad_requests_are_named(product: np.ndarray) -> None:
    between = weights(FINE, COARSE)
    with pytest.raises(RequestError, match="The product has cells"):
        fit_downscaler(NAMES, fields, product[:, :4], between, SETTINGS)
    with pytest.raises(RequestError, match="clay is the same in every cell and day"):
        fit_downscaler(
            NAMES, lambda d: np.stack([*fields(d)[:2], np.full(FINE.shape, 3.0)]), product[:5],
            between, SETTINGS,
        )  # fmt: skip
    few = np.full(product.shape, np.nan)
    few[:, 0, 0] = product[:, 0, 0]
    with pytest.raises(RequestError, match="lie in one block"):
        fit_downscaler(NAMES[:2], lambda d: fields(d)[:2], few, between, SETTINGS)
    found = fit_downscaler(NAMES, fields, product[:10], between, SETTINGS)
    with pytest.raises(RequestError, match="the trees know ndvi, rain, clay"):
        found.at(fields(0)[:2])
