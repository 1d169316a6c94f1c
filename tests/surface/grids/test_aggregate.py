from __future__ import annotations

import numpy as np
import pytest
import rasterio
from rasterio.warp import Resampling, reproject

from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import MasterGrid
from rootzone.surface.grids.aggregate import spread, weights
from rootzone.surface.grids.cell_grid import CellGrid, ease_grid, piece_of

FINE = piece_of(ease_grid(1), 4000, 8000, 72, 72)
COARSE = piece_of(ease_grid(9), 444, 888, 9, 9)  # 4000 / 9 = 444.4: it starts 4 km before
ALBERS = MasterGrid("EPSG:5070", 30.0, 0.0, 3000.0, 100, 100)
KM = MasterGrid("EPSG:5070", 1000.0, 0.0, 3000.0, 3, 3)  # 33.3 pixels of 30 m


@pytest.mark.parametrize(
    ("fine", "coarse"),
    [(FINE, COARSE), (ALBERS, KM), (FINE, CellGrid(-98.0, 50.0, 0.25, 60, 60))],
)
def test_the_way_back_is_the_transpose(fine: MasterGrid, coarse: MasterGrid) -> None:
    rng = np.random.default_rng(0)
    made = weights(fine, coarse)
    x, y = rng.normal(size=fine.shape), rng.normal(size=coarse.shape)
    left, right = (made.forward(x) * y).sum(), (x * made.adjoint(y)).sum()
    assert left == pytest.approx(right, abs=1e-12 * np.sqrt(x.size))


def test_a_constant_stays_and_areas_add_up() -> None:
    made = weights(ALBERS, KM)
    mean, valid = made.mean(np.full(ALBERS.shape, 0.3))
    np.testing.assert_allclose(mean, 0.3, rtol=1e-12)
    np.testing.assert_allclose(valid, 1.0, rtol=1e-12)
    assert made.share.sum() == pytest.approx(100 * 100)


def test_a_pixel_on_an_edge_counts_by_its_parts() -> None:
    # A row of 30 m pixels against cells of 1000 m: the first cell holds 33 and a third.
    field = np.zeros(ALBERS.shape)
    field[:, 33] = 3.0
    mean, _ = weights(ALBERS, KM).mean(field)
    assert mean[0, 0] == pytest.approx(3.0 * (1 / 3) / (1000 / 30))
    assert mean[0, 1] == pytest.approx(3.0 * (2 / 3) / (1000 / 30))


def test_nested_means_are_rasterios() -> None:
    rng = np.random.default_rng(3)
    fine, coarse = piece_of(FINE, 5, 1, 63, 63), piece_of(ease_grid(9), 445, 889, 7, 7)
    field = rng.random(fine.shape)
    field[10:40, 5:9] = np.nan
    told = np.full(coarse.shape, np.nan)
    reproject(
        field, told, src_transform=fine.affine(), dst_transform=coarse.affine(),
        src_crs=rasterio.CRS.from_epsg(6933), dst_crs=rasterio.CRS.from_epsg(6933),
        src_nodata=np.nan, dst_nodata=np.nan, resampling=Resampling.average,
    )  # fmt: skip
    mean, valid = weights(fine, coarse).mean(field)
    np.testing.assert_allclose(mean, told, rtol=1e-6)
    assert valid.min() < 1.0
    assert valid.max() == pytest.approx(1.0)


def test_a_coarse_cell_with_nothing_known_is_unknown() -> None:
    field = np.full((2, *ALBERS.shape), np.nan)
    field[1] = 1.0
    mean, valid = weights(ALBERS, KM).mean(field)
    assert np.isnan(mean[0]).all()
    assert (valid[0] == 0.0).all()
    np.testing.assert_allclose(mean[1], 1.0)


def test_spreading_gives_cells_their_own_value_or_a_plane() -> None:
    near = spread(np.arange(81).reshape(9, 9), COARSE, FINE)
    assert near[0, 0] == 0
    assert np.array_equal(np.unique(near), np.arange(81))
    row, col = np.mgrid[0:9, 0:9]
    plane = 0.1 + 0.01 * row - 0.02 * col
    smooth = spread(plane, COARSE, FINE, "bilinear")
    # Inside the outer centres bilinear keeps a plane: slope .01 a coarse row = .01 / 9 a fine one.
    np.testing.assert_allclose(np.diff(smooth[2:60, 30]), 0.01 / 9, rtol=1e-9)


def test_unknown_cells_are_not_filled_from_their_neighbours() -> None:
    field = np.ones((9, 9))
    field[4, 4] = np.nan
    told = spread(field, COARSE, FINE, "bilinear")
    row, col = COARSE.row_col(*FINE.xy_m(*np.mgrid[0:72, 0:72]))
    assert (np.isnan(told) == ((row == 4) & (col == 4))).all()
    assert np.nanmin(told) == pytest.approx(1.0)


def test_a_field_of_another_grid_is_refused() -> None:
    with pytest.raises(RequestError, match="another grid"):
        weights(FINE, COARSE).mean(np.zeros((9, 9)))
