"""Which weather cell a pixel lies in."""

from __future__ import annotations

import numpy as np
import pytest

from rootzone.covariates.grid import MasterGrid, Window
from rootzone.covariates.weather.cells import WeatherGrid, degrees_of
from rootzone.design.box_mask import BoxMask
from tests.covariates.weather_files import GRIDMET
from tests.design.land import small_grid

pytestmark = pytest.mark.kernels


def test_positions_between_the_lattice_are_within_5_cm_of_the_projection() -> None:
    # Largest gap of a straight line over 32 pixels of 30 m on a sphere: 960^2 / (8 R) = 0.018 m.
    grid, window = small_grid(200, 150), Window(7, 11, 90, 130)
    row, col = np.mgrid[7:97, 11:141]
    lon, lat = grid.lon_lat(row, col)
    ours_lon, ours_lat = degrees_of(grid, window)
    assert np.abs(ours_lat - lat).max() * 111_000 < 0.05
    assert np.abs(ours_lon - lon).max() * 111_000 < 0.05


def test_cells_are_those_the_forcing_uses() -> None:
    # The definition: every pixel projected by itself.
    grid = small_grid(300, 300)
    row, col = np.mgrid[0:300, 0:300]
    rows, cols = GRIDMET.window(grid, grid.full_window)
    expected = GRIDMET.id_at(*grid.lon_lat(row, col))
    assert np.array_equal(rows.astype(np.int64) * GRIDMET.cols + cols, expected)


def test_the_first_and_last_cell_centres_of_gridmet_are_in_the_corner_cells() -> None:
    # data_formats.md 7: centres 49.4 to 25.066667 N, -124.766667 to -67.058333 E, 585 x 1386.
    row = (49.4 - 25.066667) * 24
    west, north = GRIDMET.corner
    assert (north - 25.066667) * 24 // 1 == 584
    assert (-67.058333 - west) * 24 // 1 == 1385
    assert row == pytest.approx(584, abs=1e-4)


def test_a_pixel_lies_in_the_same_cell_in_every_window() -> None:
    grid = small_grid(150, 120)
    whole = GRIDMET.window(grid, grid.full_window)
    part = GRIDMET.window(grid, Window(33, 41, 50, 60))
    for one, other in zip(whole, part, strict=True):
        assert np.array_equal(one[33:83, 41:101], other)


def test_pixels_outside_the_weather_grid_are_marked() -> None:
    # A grid of one cell that covers no part of Colorado.
    far = WeatherGrid(origin=(0.5, 0.5), step=(1.0, 1.0), size=(1, 1))
    rows, cols = far.window(small_grid(40, 40), Window(0, 0, 40, 40))
    assert set(rows.ravel()) == {65535}
    assert set(cols.ravel()) == {65535}


def test_the_inside_of_a_box_is_found() -> None:
    grid = MasterGrid("EPSG:5070", 1000.0, -800025.0, 2000025.0, 60, 60)
    lon, lat = grid.lon_lat(30, 30)
    mask = BoxMask((float(lon) - 0.1, float(lat) - 0.1, float(lon) + 0.1, float(lat) + 0.1))
    inside = mask.window(grid, grid.full_window)
    assert inside[30, 30]
    assert not inside[0, 0]
    # 0.2 degrees are about 22.2 km by 17 km here: some 380 pixels of 1 km2.
    assert 330 < inside.sum() < 430
