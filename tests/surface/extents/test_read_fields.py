"""Coarse fields of the grid's own projection, between their cells, against GDAL's warp."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.enums import Resampling
from rasterio.vrt import WarpedVRT

from rootzone._shared.arrays import AnyArray
from rootzone.covariates.grid import ALBERS, MasterGrid, Window
from rootzone.surface.extents.read_fields import read_part

GRID = MasterGrid(ALBERS, 30.0, -760005.0, 1930005.0, 512, 512, 64)
CELL_M, CELLS = 1100.0, 12  # no multiple of a pixel; 13.2 of the grid's 15.4 km


def written(path: Path, cells: AnyArray) -> Path:
    affine = rasterio.Affine(CELL_M, 0.0, GRID.left + 400.0, 0.0, -CELL_M, GRID.top - 700.0)
    with rasterio.open(
        path, "w", driver="GTiff", width=CELLS, height=CELLS, count=1, dtype="float32",
        crs=ALBERS, transform=affine, nodata=np.nan,
    ) as file:  # fmt: skip
        file.write(cells.astype(np.float32), 1)
        file.set_band_description(1, "pr")
    return path


@pytest.fixture
def cells() -> AnyArray:
    return np.random.default_rng(3).uniform(0.0, 30.0, (CELLS, CELLS))


def warped(path: Path, window: Window) -> AnyArray:
    with rasterio.open(path) as file, WarpedVRT(
        file, crs=GRID.crs, transform=GRID.affine(window), width=window.width,
        height=window.height, resampling=Resampling.bilinear,
    ) as warp:  # fmt: skip
        return np.asarray(warp.read(1, masked=True).filled(np.nan))


@pytest.mark.parametrize(
    "window", [Window(-96, -96, 448, 448), Window(160, 96, 256, 128), Window(400, 400, 200, 200)]
)
def test_values_between_cells_are_those_of_a_warp(
    tmp_path: Path, cells: AnyArray, window: Window
) -> None:
    path = written(tmp_path / "pr.tif", cells)
    mine, theirs = read_part(path, GRID, window, ("pr",))[0], warped(path, window)
    np.testing.assert_array_equal(np.isnan(mine), np.isnan(theirs))
    assert np.nanstd(theirs) > 1.0
    # GDAL's float32 kernel; 30 is the largest value.
    np.testing.assert_allclose(mine, theirs, atol=30.0 * 2e-5)


def test_a_pixel_has_the_same_value_from_any_window(tmp_path: Path, cells: AnyArray) -> None:
    path = written(tmp_path / "pr.tif", cells)
    whole = read_part(path, GRID, GRID.full_window, ("pr",))[0]
    part = read_part(path, GRID, Window(130, 260, 90, 75), ("pr",))[0]
    np.testing.assert_array_equal(part, whole[130:220, 260:335])


def test_a_cell_without_a_value_leaves_a_gap_as_in_a_warp(tmp_path: Path, cells: AnyArray) -> None:
    cells[4, 5] = np.nan
    path = written(tmp_path / "pr.tif", cells)
    window = Window(0, 0, 512, 512)
    mine, theirs = read_part(path, GRID, window, ("pr",))[0], warped(path, window)
    np.testing.assert_array_equal(np.isnan(mine), np.isnan(theirs))
    np.testing.assert_allclose(mine, theirs, atol=30.0 * 2e-5)
    assert np.isnan(mine[4 * 37 + 42, 5 * 37 + 32])  # the middle of that cell


def test_a_window_beyond_the_cells_is_missing(tmp_path: Path, cells: AnyArray) -> None:
    path = written(tmp_path / "pr.tif", cells)
    assert np.isnan(read_part(path, GRID, Window(900, 900, 64, 64), ("pr",))).all()
