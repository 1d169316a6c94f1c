"""Slope and aspect."""

from __future__ import annotations

import numpy as np
import pytest

from rootzone.covariates.grid import MasterGrid, Window
from rootzone.covariates.layers.stack import CovariateStack
from rootzone.covariates.layers.terrain import aspect_deg, convergence_deg, gradient, slope_deg
from tests.covariates.rasters import GRID, catalog, write_tif

DEM = {
    "reader": "dem",
    "path": "dem.tif",
    "unit": "m",
    "variables": {
        "elevation_m": {"unit": "m", "range": (-100, 4500)},
        "slope_deg": {"unit": "degree", "range": (0, 90)},
        "aspect_deg": {"unit": "degree", "range": (0, 360)},
    },
}


def plane(rise_east, rise_north, shape=(5, 6), resolution_m=30.0):
    row, col = np.mgrid[0 : shape[0], 0 : shape[1]]
    return 1000.0 + resolution_m * (rise_east * col - rise_north * row)


@pytest.mark.parametrize(
    ("rise_east", "rise_north", "slope", "aspect"),
    [
        # By hand: atan(1) is 45 degrees; ground that rises to the east falls to the west, 270.
        (1.0, 0.0, 45.0, 270.0),
        (-1.0, 0.0, 45.0, 90.0),
        (0.0, 1.0, 45.0, 180.0),
        (0.0, -1.0, 45.0, 0.0),
        # A 3-4-5 triangle: the steepest slope of 0.3 and 0.4 is 0.5, atan 0.5 = 26.565 degrees;
        # falls to the south-west at 180 + atan(0.3 / 0.4) = 216.870 degrees.
        (0.3, 0.4, 26.565051, 216.869898),
    ],
)
def test_a_plane_has_the_slope_and_aspect_of_its_normal(rise_east, rise_north, slope, aspect):
    east, north = gradient(plane(rise_east, rise_north), 30.0)
    assert slope_deg(east, north) == pytest.approx(slope, abs=1e-6)
    assert aspect_deg(east, north) == pytest.approx(aspect, abs=1e-6)


def test_level_ground_faces_nowhere():
    east, north = gradient(np.full((3, 3), 7.0), 30.0)
    assert slope_deg(east, north) == 0.0
    assert np.isnan(aspect_deg(east, north)).all()


def test_the_worked_example_of_a_3_by_3_block():
    # Esri, "How slope works", worked example: block 50 45 50 / 30 30 30 / 8 10 10, cell 5,
    # dz/dx 0.05, dz/dy (down) -3.8, slope 75.25762 degrees (from a rise rounded to 3.80032).
    block = np.array([[50.0, 45, 50], [30, 30, 30], [8, 10, 10]])
    east, north = gradient(block, 5.0)
    assert east[0, 0] == pytest.approx(0.05, abs=1e-12)
    assert north[0, 0] == pytest.approx(3.8, abs=1e-12)
    assert slope_deg(east, north)[0, 0] == pytest.approx(75.25762, abs=1e-4)


@pytest.mark.parametrize("hole", [(0, 0), (1, 1), (2, 1)])
def test_a_hole_anywhere_in_the_block_gives_no_slope(hole):
    block = np.full((3, 3), 7.0)
    block[hole] = np.nan
    east, north = gradient(block, 30.0)
    assert np.isnan(slope_deg(east, north)).all()


def test_grid_north_is_off_by_the_documented_angle_in_colorado():
    # data_formats.md 13: -7.9 degrees at the west edge, -3.6 at the east edge. These are the
    # figures of Colorado's middle latitude and outer meridians.
    grid = MasterGrid.for_bounds((-109.060253, 36.992426, -102.041524, 41.003444))
    row = grid.height // 2
    row_west, col_west = grid.row_col_of_lon_lat(-109.06, 39.0)
    row_east, col_east = grid.row_col_of_lon_lat(-102.04, 39.0)
    west = convergence_deg(grid, Window(int(row_west), int(col_west), 1, 1))[0, 0]
    east = convergence_deg(grid, Window(int(row_east), int(col_east), 1, 1))[0, 0]
    assert west == pytest.approx(-7.9, abs=0.05)
    assert east == pytest.approx(-3.6, abs=0.05)
    # And exactly: a cone of Albers turns by n (lon - lon0); n = (sin 29.5 + sin 45.5) / 2 on the
    # sphere, 0.6028; the ellipsoid moves it by less than 0.001.
    middle = convergence_deg(grid, Window(row, 10_000, 1, 1))[0, 0]
    lon, _ = grid.lon_lat(row, 10_000)
    assert middle == pytest.approx(0.6028 * (float(lon) + 96), abs=0.01)


def test_ground_that_falls_due_north_faces_true_north_not_grid_north(tmp_path):
    # Elevation falls with latitude alone, so downslope is true north whatever the grid's own.
    centre = (np.arange(300) + 0.5) * 0.001
    _, lat = np.meshgrid(centre, 40.1 - centre)
    elevation = (3000 - 1000 * (lat - 40)).astype(np.float32)
    write_tif(tmp_path / "dem.tif", elevation, -105.4, 40.1, 0.001, "EPSG:4326")
    with CovariateStack(catalog(tmp_path, dem=DEM), GRID) as stack:
        aspect = stack.read("dem/aspect_deg", Window(10, 10, 20, 20))
    off = (aspect + 180) % 360 - 180
    # float32 metres of 3000 over 60 m leave 0.05 degrees of noise.
    assert np.abs(off).mean() < 0.1


def rough_dem(folder):
    rng = np.random.default_rng(5)
    values = (2000 + 50 * rng.normal(size=(300, 300))).astype(np.float32)
    return write_tif(folder / "dem.tif", values, -105.32, 40.03, 1 / 3600, "EPSG:4269")


@pytest.mark.parametrize("name", ["slope_deg", "aspect_deg"])
@pytest.mark.parametrize("size_px", [1, 50, 64])
def test_terrain_is_the_same_in_every_window(tmp_path, name, size_px):
    rough_dem(tmp_path)
    with CovariateStack(catalog(tmp_path, dem=DEM), GRID) as stack:
        whole = stack.read(f"dem/{name}", GRID.full_window)
        windows = list(GRID.windows(size_px))[:: 1 if size_px > 1 else 977]
        for window in windows:
            part = whole[
                window.row : window.row + window.height, window.col : window.col + window.width
            ]
            assert np.array_equal(stack.read(f"dem/{name}", window), part, equal_nan=True)


def test_the_edge_of_the_grid_has_slopes_where_the_elevation_goes_on(tmp_path):
    rough_dem(tmp_path)
    with CovariateStack(catalog(tmp_path, dem=DEM), GRID) as stack:
        assert np.isfinite(stack.read("dem/slope_deg", GRID.full_window)).all()


def test_elevation_is_the_variable_that_is_meant_when_none_is_named(tmp_path):
    rough_dem(tmp_path)
    with CovariateStack(catalog(tmp_path, dem=DEM), GRID) as stack:
        window = Window(0, 0, 8, 8)
        assert np.array_equal(stack.read("dem", window), stack.read("dem/elevation_m", window))
        assert stack.layer("dem").unit == "m"
        assert stack.layer("dem/slope_deg").unit == "degree"


def test_a_lake_that_was_resampled_faces_nowhere():
    # 1609 m in single precision: heights differ by its last digit, 1.2e-4 m, which over 60 m is a
    # rise of 2e-6. A plain that falls 3 mm from pixel to pixel is no lake.
    rng = np.random.default_rng(1)
    lake = np.float32(1609.0) + rng.integers(-1, 2, (12, 12)) * np.float32(1.2e-4)
    east, north = gradient(lake, 30.0)
    assert (slope_deg(east, north) == 0.0).all()
    assert np.isnan(aspect_deg(east, north)).all()
    plain = np.tile(0.003 * np.arange(12.0), (12, 1))
    assert aspect_deg(*gradient(plain, 30.0)) == pytest.approx(270.0)
