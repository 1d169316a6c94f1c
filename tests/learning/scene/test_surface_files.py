from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import numpy as np
import pytest
import rasterio

from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import MasterGrid, Window
from rootzone.learning.scene.surface_files import LEAF_AREA_REACH_DAYS, SurfaceFiles
from tests.learning import scenes

DAY = dt.date(2023, 7, 1)


def write(path: Path, values: np.ndarray, grid: MasterGrid, window: Window, **more: object) -> Path:
    """A GeoTIFF of a window of the grid."""
    scale = more.pop("scale", None)
    with rasterio.open(
        path, "w", driver="GTiff", width=values.shape[1], height=values.shape[0], count=1,
        dtype=values.dtype, crs=grid.crs, transform=grid.affine(window), **more,
    ) as file:  # fmt: skip
        file.write(values, 1)
        if scale is not None:
            file.scales = (scale,)
    return path


def test_a_day_is_read_where_it_lies_and_missing_elsewhere(tmp_path: Path) -> None:
    grid = scenes.grid()
    values = np.arange(24, dtype=np.float32).reshape(4, 6) / 100
    write(tmp_path / "s_2023-07-01.tif", values, grid, Window(10, 20, 4, 6))
    source = SurfaceFiles(str(tmp_path / "s_{date}.tif"), grid)
    read = source.read(DAY, Window(9, 19, 3, 4))
    # One row and one column outside the file, then its upper-left corner: 0, 0.01, 0.02 / 0.06 ...
    assert np.isnan(read[0]).all()
    assert np.isnan(read[:, 0]).all()
    assert read[1:, 1:] == pytest.approx(values[:2, :3])
    assert np.isnan(source.read(DAY, Window(0, 0, 4, 4))).all()


def test_scale_and_nodata_of_the_file_are_applied(tmp_path: Path) -> None:
    grid = scenes.grid()
    stored = np.array([[2500, 65535]], dtype=np.uint16)
    write(
        tmp_path / "s20230701.tif", stored, grid, Window(0, 0, 1, 2), nodata=65535, scale=1e-4
    )  # fmt: skip
    source = SurfaceFiles(str(tmp_path / "s{date:%Y%m%d}.tif"), grid)
    read = source.read(DAY, Window(0, 0, 1, 2))
    assert read[0, 0] == pytest.approx(0.25)
    assert np.isnan(read[0, 1])


def test_a_day_without_a_file_is_missing(tmp_path: Path) -> None:
    grid = scenes.grid()
    write(tmp_path / "s_2023-07-01.tif", np.ones((2, 2), np.float32), grid, Window(0, 0, 2, 2))
    source = SurfaceFiles(str(tmp_path / "s_{date}.tif"), grid)
    assert np.isnan(source.read(dt.date(2023, 7, 2), Window(0, 0, 2, 2))).all()


def test_leaf_area_is_that_of_the_nearest_day_within_reach(tmp_path: Path) -> None:
    grid, part = scenes.grid(), Window(0, 0, 2, 2)
    for day, value in ((1, 1.0), (11, 3.0)):
        values = np.full((2, 2), value, np.float32)
        write(tmp_path / f"lai_202307{day:02d}.tif", values, grid, part)
    pattern = str(tmp_path / "lai_{date:%Y%m%d}.tif")
    source = SurfaceFiles(pattern, grid, "leaf_area", LEAF_AREA_REACH_DAYS)
    # By hand: 1 July holds to the 5th, and on the 6th, 5 days from both, as the earlier; the 7th
    # is 4 days before the 11th. 8 days reach from 23 June to 19 July.
    days = {
        dt.date(2023, 6, 22): np.nan, dt.date(2023, 6, 23): 1.0, DAY: 1.0, dt.date(2023, 7, 6): 1.0,
        dt.date(2023, 7, 7): 3.0, dt.date(2023, 7, 19): 3.0, dt.date(2023, 7, 20): np.nan,
    }  # fmt: skip
    read = [float(source.read(day, part)[1, 1]) for day in days]
    assert read == pytest.approx(list(days.values()), nan_ok=True)
    with pytest.raises(RequestError, match=r"leaf_area .* names one file for all days"):
        SurfaceFiles("lai.tif", grid, "leaf_area")


def test_a_pattern_that_fits_nothing_or_names_no_day_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="No file fits"):
        SurfaceFiles(str(tmp_path / "s_{date}.tif"), scenes.grid())
    with pytest.raises(RequestError, match="one file for all days"):
        SurfaceFiles(str(tmp_path / "s.tif"), scenes.grid())


def test_a_file_off_the_lattice_of_the_grid_is_refused(tmp_path: Path) -> None:
    grid = scenes.grid()
    shifted = MasterGrid(grid.crs, 100.0, grid.left + 50.0, grid.top, 48, 32, 16)
    write(tmp_path / "s_2023-07-01.tif", np.ones((2, 2), np.float32), shifted, Window(0, 0, 2, 2))
    source = SurfaceFiles(str(tmp_path / "s_{date}.tif"), grid)
    with pytest.raises(RequestError, match="not those of the master grid"):
        source.read(DAY, Window(0, 0, 2, 2))


def test_the_digest_changes_with_a_file_and_with_another_day(tmp_path: Path) -> None:
    grid, values = scenes.grid(), np.full((4, 6), 0.2, dtype=np.float32)
    first = write(tmp_path / "s_2023-07-01.tif", values, grid, Window(0, 0, 4, 6))
    source = SurfaceFiles(str(tmp_path / "s_{date}.tif"), grid)
    before = source.digest
    assert source.digest == before
    os.utime(first, ns=(0, first.stat().st_mtime_ns + 1))  # as a product put in its place has
    renewed = source.digest
    write(tmp_path / "s_2023-07-02.tif", values, grid, Window(0, 0, 4, 6))
    assert len({before, renewed, source.digest}) == 3
