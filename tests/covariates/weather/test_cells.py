"""gridMET cells."""

from __future__ import annotations

import numpy as np
import pytest

from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import MasterGrid, Window
from rootzone.covariates.weather.cells import (
    Cells,
)
from tests.covariates.weather_files import GRIDMET

COLORADO = (-109.060253, 36.992426, -102.041524, 41.003444)


def test_colorado_has_the_documented_cells():
    # data_formats.md 7: rows 202-298, columns 377-545, 97 x 169 = 16,393 cells.
    cells = GRIDMET.cells_in(COLORADO)
    assert len(cells) == 16_393
    assert (cells.row.min(), cells.row.max()) == (202, 298)
    assert (cells.col.min(), cells.col.max()) == (377, 545)


def test_the_corners_of_the_grid_are_the_documented_centres():
    # data_formats.md 7: 49.4 to 25.066667 N, -124.766667 to -67.058333 E.
    corners = Cells(GRIDMET, np.array([0, 584]), np.array([0, 1385]))
    assert corners.lat == pytest.approx([49.4, 25.066667], abs=1e-6)
    assert corners.lon == pytest.approx([-124.766667, -67.058333], abs=1e-6)


def test_cell_id_is_row_times_1386_plus_column_and_back():
    # Task and data_formats.md 7: cell_id = row * 1386 + col; 202 * 1386 + 377 = 280349.
    assert int(GRIDMET.cell_id(np.array(202), np.array(377))) == 280_349
    assert [int(v) for v in GRIDMET.row_col(np.array(280_349))] == [202, 377]


def test_a_place_lies_in_the_cell_whose_centre_is_nearest():
    row, col = GRIDMET.cell_at(-105.2705, 40.015)
    # By hand: (49.4 - 40.015) * 24 = 225.24; (124.766667 - 105.2705) * 24 = 467.908.
    assert (int(row), int(col)) == (225, 468)


def test_every_pixel_of_a_window_has_its_cell():
    grid = MasterGrid.for_bounds((-105.30, 40.00, -105.20, 40.05))
    window = next(grid.windows(64))
    ids = GRIDMET.ids(grid, window)
    lon, lat = grid.lon_lat(window.row, window.col)
    assert ids.shape == window.shape
    assert ids[0, 0] == GRIDMET.id_at(lon, lat)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 700), (650, 33), (450, 700)])
@pytest.mark.parametrize("resolution_m", [30.0, 300.0, 5000.0])
def test_a_window_gives_the_cell_of_each_pixel_by_itself(height, width, resolution_m):
    # Blocks inside one cell are filled at once; the pixel's own projection is the definition.
    grid = MasterGrid.for_bounds((-105.9, 39.2, -104.9, 40.2), resolution_m)
    window = Window(-5, 3, height, width)
    row, col = np.mgrid[-5 : height - 5, 3 : width + 3]
    expected = GRIDMET.id_at(*grid.lon_lat(row, col))
    np.testing.assert_array_equal(GRIDMET.ids(grid, window), expected)


def test_a_region_beyond_gridmet_is_refused():
    with pytest.raises(RequestError, match="reaches beyond the weather grid of catalog"):
        GRIDMET.cells_in((-150.0, 60.0, -149.0, 61.0))


def test_coordinates_of_another_grid_are_refused():
    with pytest.raises(RequestError, match="no cell centre of the weather grid"):
        GRIDMET.index_of(np.array([40.0, 39.9]), "y", "latitude")
