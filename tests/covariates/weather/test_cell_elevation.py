"""Height of weather cells."""

from __future__ import annotations

import numpy as np
import pytest

from rootzone._shared.errors import RequestError
from rootzone.covariates.weather.cell_elevation import cell_elevation_m
from tests.covariates.rasters import catalog, write_tif
from tests.covariates.weather_files import GRIDMET

BOUNDS = (-105.30, 40.00, -105.10, 40.15)


def plane(folder, west=-105.5, width=600):
    x, y = np.meshgrid(west + (np.arange(width) + 0.5) * 1e-3, 40.3 - (np.arange(600) + 0.5) * 1e-3)
    values = (2000 + 1000 * (x + 105.2) - 2000 * (y - 40.0)).astype(np.float32)
    write_tif(folder / "dem.tif", values, west, 40.3, 1e-3, "EPSG:4326", nodata=-9999)
    entry = {"reader": "dem", "path": "dem.tif", "unit": "m"}
    return catalog(folder, dem=entry)


def test_the_mean_of_a_plane_over_a_cell_is_its_height_at_the_centre(tmp_path):
    cells = GRIDMET.cells_in(BOUNDS)
    heights = cell_elevation_m(plane(tmp_path), "dem", cells, BOUNDS)
    inside = (np.abs(cells.lon + 105.2) < 0.06) & (np.abs(cells.lat - 40.075) < 0.04)
    expected = 2000 + 1000 * (cells.lon + 105.2) - 2000 * (cells.lat - 40.0)
    assert inside.sum() >= 4
    # Points 500 m apart in a cell of 3.5 x 4.6 km: the mean is off by a few metres at most.
    assert heights[inside] == pytest.approx(expected[inside], abs=6)


def test_a_cell_without_elevation_is_named(tmp_path):
    with pytest.raises(RequestError, match=r"no elevation in \d+ of \d+ weather cells"):
        cell_elevation_m(plane(tmp_path, width=250), "dem", GRIDMET.cells_in(BOUNDS), BOUNDS)
