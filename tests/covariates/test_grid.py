"""The master grid: its lattice, its windows, its tiles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import ANCHOR_X_M, ANCHOR_Y_M, MasterGrid, Window

# data_formats.md 13: the bounds of Colorado.
COLORADO = (-109.060253, 36.992426, -102.041524, 41.003444)


@pytest.fixture(scope="module")
def colorado() -> MasterGrid:
    return MasterGrid.for_bounds(COLORADO)


def test_colorado_is_the_documented_grid(colorado):
    # data_formats.md 13, row "64-px blocks of the NLCD L48 origin".
    assert (colorado.left, colorado.top) == (-1149045.0, 2075445.0)
    assert colorado.bounds_m[1:3] == (1566645.0, -502005.0)
    assert (colorado.width, colorado.height) == (21_568, 16_960)
    assert colorado.width * colorado.height == 365_793_280
    assert (colorado.tiles_across, colorado.tiles_down) == (337, 265)


def test_colorado_lies_at_whole_tiles_of_nlcd_l48(colorado):
    # data_formats.md 13: L48 offset column 44,800, row 41,152, both multiples of 64.
    assert (colorado.left - ANCHOR_X_M) / 30 == 44_800
    assert (ANCHOR_Y_M - colorado.top) / 30 == 41_152


def test_edges_lie_at_15_mod_30_m(colorado):
    # data_formats.md fact 5.
    assert all(edge % 30.0 == 15.0 for edge in colorado.bounds_m)


def test_bounds_on_a_tile_edge_do_not_add_a_tile():
    # By hand: a box that is exactly 2 x 1 tiles of 100 m from the anchor, in an equirectangular
    # CRS where projected bounds are exact.
    crs = "+proj=eqc +a=6378137 +b=6378137 +units=m"
    degree_m = 6378137 * np.pi / 180
    grid = MasterGrid.for_bounds(
        (0.0, 0.0, 200 / degree_m, 100 / degree_m), 10.0, 10, crs, anchor_m=(0.0, 100.0)
    )
    assert (grid.left, grid.top, grid.width, grid.height) == (0.0, 100.0, 20, 10)


def test_pixel_to_point_and_back_is_the_same_pixel(colorado):
    row, col = np.array([0, 8000, 16_959]), np.array([0, 12_345, 21_567])
    assert np.array_equal(colorado.row_col(*colorado.xy_m(row, col)), (row, col))
    assert np.array_equal(colorado.row_col_of_lon_lat(*colorado.lon_lat(row, col)), (row, col))


def test_pixel_centres_are_multiples_of_30_m(colorado):
    # data_formats.md fact 5: centres at multiples of 30 m. First centre by hand: corner + 15.
    x_m, y_m = colorado.xy_m(0, 0)
    assert (float(x_m), float(y_m)) == (-1149030.0, 2075430.0)


def test_a_point_outside_is_not_contained(colorado):
    row, col = colorado.row_col_of_lon_lat(np.array([-105.0, -95.0]), np.array([39.0, 39.0]))
    assert colorado.contains(row, col).tolist() == [True, False]


@pytest.mark.parametrize("size_px", [7, 64, 1000])
def test_windows_cover_every_pixel_once(size_px):
    grid = MasterGrid("EPSG:5070", 30.0, 15.0, 15.0, width=200, height=130, tile_px=64)
    seen = np.zeros(grid.shape, dtype=int)
    for window in grid.windows(size_px):
        seen[window.row : window.row + window.height, window.col : window.col + window.width] += 1
    assert (seen == 1).all()


def test_tile_number_and_tile_window_agree():
    # By hand: 200 px are 4 tiles of 64 (the last of 8 px); pixel (70, 199) is tile row 1, column 3.
    grid = MasterGrid("EPSG:5070", 30.0, 15.0, 15.0, width=200, height=130, tile_px=64)
    assert int(grid.tile_of(70, 199)) == 7
    assert grid.tile_window(7) == Window(64, 192, 64, 8)
    with pytest.raises(RequestError, match="Tile 12 is not on the grid, which has 4 x 3"):
        grid.tile_window(12)


@given(
    west=st.floats(-124, -70),
    south=st.floats(25, 48),
    width=st.floats(0.01, 3),
    height=st.floats(0.01, 1),
)
@settings(max_examples=40, deadline=None)
def test_any_box_is_covered_by_whole_tiles_of_one_lattice(west, south, width, height):
    # Whatever the box: its corners lie on the grid, the edges on the NLCD lattice, in whole tiles.
    grid = MasterGrid.for_bounds((west, south, west + width, south + height))
    lon = np.array([west, west, west + width, west + width, west + width / 2])
    lat = np.array([south, south + height, south, south + height, south + height])
    assert grid.contains(*grid.row_col_of_lon_lat(lon, lat)).all()
    assert (grid.left - ANCHOR_X_M) % 1920 == 0
    assert (ANCHOR_Y_M - grid.top) % 1920 == 0
    assert grid.width % 64 == grid.height % 64 == 0


def test_half_a_pixel_off_is_seen_as_half_a_pixel(colorado):
    # data_formats.md fact 5: the WCS returns edges at multiples of 30 m, 15 m off.
    assert colorado.lattice_offset_px(-1149045.0 + 90, 2075445.0 - 60) == (0.0, 0.0)
    assert np.abs(colorado.lattice_offset_px(-1149030.0, 2075430.0)).tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    "bounds", [(-102, 37, -109, 41), (-109, 41, -102, 37), (0, 0, 0, 1), (float("nan"), 0, 1, 1)]
)
def test_reversed_or_empty_bounds_are_refused(bounds):
    with pytest.raises(RequestError, match="west, south, east, north"):
        MasterGrid.for_bounds(bounds)


def test_a_window_of_the_transform_starts_at_its_own_corner(colorado):
    # By hand: 10 columns right and 20 rows down of the corner.
    transform = colorado.affine(Window(20, 10, 5, 5))
    assert transform @ (0, 0) == (-1149045.0 + 300, 2075445.0 - 600)
