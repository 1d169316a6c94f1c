"""Quadkeys of tiles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from rootzone.covariates.grid import MasterGrid
from rootzone.covariates.quadkeys import mercator_tile, quadkey, quadkeys, tile_index

QUADKEYS = Path(__file__).parents[1] / "surface" / "data" / "quadkeys.csv"


def test_the_worked_example_of_the_bing_tile_system():
    # Bing Maps Tile System: tile (3, 5) at level 3 is quadkey 213.
    assert quadkey(3, 5, 3) == "213"


def test_colorado_box_is_the_documented_range_of_zoom_14_tiles():
    # data_formats.md 13: x 3228-3547, y 6142-6377.
    column, row = mercator_tile(
        np.array([-109.060253, -102.041524]), np.array([41.003444, 36.992426]), 14
    )
    assert column.tolist() == [3228, 3547]
    assert row.tolist() == [6142, 6377]


def test_the_coarse_key_begins_the_fine_key():
    lon, lat = np.array([-105.2705, 2.35]), np.array([40.015, 48.85])
    for fine, coarse in zip(quadkeys(lon, lat, 14), quadkeys(lon, lat, 12), strict=True):
        assert fine[:12] == coarse


def test_the_poles_and_the_dateline_stay_on_the_map():
    column, row = mercator_tile(np.array([-180.0, 180.0]), np.array([90.0, -90.0]), 3)
    assert column.tolist() == [0, 7]
    assert row.tolist() == [0, 7]


def test_every_tile_has_a_row_with_its_centre_and_both_keys():
    grid = MasterGrid.for_bounds((-105.3, 40.0, -105.2, 40.05))
    frame = tile_index(grid)
    assert frame.height == grid.tiles_across * grid.tiles_down
    first = frame.row(0, named=True)
    # By hand: the centre of a 64 px tile is 32 px = 960 m from its corner; back in metres below.
    from rootzone.covariates.grid import from_lon_lat

    x_m, y_m = from_lon_lat(grid.crs, first["lon"], first["lat"])
    assert abs(float(x_m) - (grid.left + 960)) < 1e-3
    assert abs(float(y_m) - (grid.top - 960)) < 1e-3
    assert first["quadkey14"][:12] == first["quadkey12"]


def test_five_places_have_the_keys_of_the_reference_table() -> None:
    # tests/surface/data/quadkeys.csv: the reference notes' tiles and keys, two zooms
    table = pl.read_csv(QUADKEYS, schema_overrides={"quadkey": pl.String})
    for row in table.iter_rows(named=True):
        lon, lat = np.array([row["lon"]]), np.array([row["lat"]])
        column, line = mercator_tile(lon, lat, row["zoom"])
        assert (int(column[0]), int(line[0])) == (row["x"], row["y"]), row["place"]
        assert quadkeys(lon, lat, row["zoom"]) == [row["quadkey"]]
