"""Cells beyond the region in which pixels of the grid lie."""

from __future__ import annotations

import numpy as np
import pytest

from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import MasterGrid
from rootzone.covariates.layers.catalog import load_catalog
from rootzone.covariates.weather.cell_elevation import cell_elevation_m
from rootzone.covariates.weather.cells import Cells
from rootzone.covariates.weather.forcing import ForcingRequest, prepare_year
from rootzone.covariates.weather.rim_cells import CellsOutside, cells_of_grid, without_lost
from tests.covariates.rasters import catalog as rasters
from tests.covariates.rasters import write_tif
from tests.covariates.weather_files import COLS, GRIDMET, ROWS, write_year

BOUNDS = (-105.28, 40.02, -105.16, 40.11)  # of the demo, whose rim had no weather at 5,678 pixels
GRID = MasterGrid.for_bounds(BOUNDS)


def test_every_pixel_of_the_grid_lies_in_one_of_the_cells():
    cells, rim = cells_of_grid(GRIDMET, BOUNDS, GRID)
    # By definition: the cell of each pixel, pixel by pixel, and what the region touches.
    row, col = np.mgrid[0 : GRID.height, 0 : GRID.width]
    wanted = np.unique(GRIDMET.id_at(*GRID.lon_lat(row, col)))
    assert set(wanted.tolist()) <= set(cells.cell_id.tolist())
    core = GRIDMET.cells_in(BOUNDS).cell_id
    assert set(cells.cell_id[~rim].tolist()) == set(core.tolist())
    assert set(cells.cell_id[rim].tolist()) == set(wanted.tolist()) - set(core.tolist())
    outside = ~np.isin(GRIDMET.ids(GRID, GRID.full_window), core)
    assert outside.sum() == 5678  # as a map of the demo counted them: FORCING_MISSING
    assert (np.diff(cells.cell_id) > 0).all()


def test_pixels_beyond_the_weather_grid_ask_for_nothing():
    # The region ends 5 km south of the northern edge of gridMET, 49.4 + 1/48; its tiles do not.
    bounds = (-105.3, 49.30, -105.2, 49.40)
    grid = MasterGrid.for_bounds(bounds, 30.0, 512)
    cells, _ = cells_of_grid(GRIDMET, bounds, grid)
    assert GRIDMET.holds(cells.row, cells.col).all()
    with pytest.raises(RequestError, match="reaches beyond the weather grid"):
        cells_of_grid(GRIDMET, (-105.3, 49.3, -105.2, 49.5), grid)


def year(folder, cells, rim, **request):
    asked = ForcingRequest(**request)

    def made(some, kept):
        return prepare_year(load_catalog([], folder), asked, 2023, some, rim=rim[kept])

    return without_lost(cells, rim, made)


def test_a_file_cut_to_the_region_serves_the_region(tmp_path):
    write_year(tmp_path, 2023)  # rows 224 to 226, columns 466 to 469
    wide = (-105.40, 39.95, -105.20, 40.08)
    cells, _ = cells_of_grid(GRIDMET, wide, MasterGrid.for_bounds(wide, 30.0, 512))
    held = (
        (cells.row >= ROWS.start) & (cells.row < ROWS.stop)
        & (cells.col >= COLS.start) & (cells.col < COLS.stop)
    )  # fmt: skip
    assert held.sum() == 12
    assert not held.all()
    weather, kept = year(tmp_path, cells, ~held)
    assert (kept == held).all()
    assert weather.cells.cell_id.tolist() == cells.cell_id[held].tolist()
    core = ~held
    core[np.flatnonzero(~held)[0]] = False  # a cell of the region itself is not in the file
    with pytest.raises(CellsOutside, match="lie outside"):
        year(tmp_path, cells, core)


def test_a_gap_beyond_the_region_stops_nothing(tmp_path):
    gap = (40, 0, 0)  # one day of the north-western cell

    def change(short, values):
        if short == "tmmx":
            values[gap] = np.nan
        return values

    write_year(tmp_path, 2023, change=change)
    rows, cols = np.mgrid[ROWS, COLS]
    cells = Cells(GRIDMET, rows.ravel(), cols.ravel())
    rim = np.arange(12) == 0
    weather, _ = year(tmp_path, cells, rim)
    assert len(weather.cells) == 11
    assert weather.gaps == []
    assert weather.empty_cells == 0
    with pytest.raises(RequestError, match="FORCING_GAP"):
        year(tmp_path, cells, np.zeros(12, dtype=bool))


def test_what_the_region_reads_is_not_touched_by_its_rim(tmp_path):
    write_year(tmp_path, 2023)
    rows, cols = np.mgrid[ROWS, COLS]
    cells = Cells(GRIDMET, rows.ravel(), cols.ravel())
    rim = np.arange(12) >= 8
    whole, _ = year(tmp_path, cells, rim)
    alone, _ = year(tmp_path, cells.those(~rim), np.zeros(8, dtype=bool))
    for name, values in alone.columns.items():
        assert np.array_equal(whole.columns[name][:, :8], values, equal_nan=True), name


def test_heights_beyond_the_region_may_be_unknown(tmp_path):
    values = np.full((200, 60), 1500.0, dtype=np.float32)
    write_tif(tmp_path / "dem.tif", values, -105.31, 40.10, 1e-3, "EPSG:4326", nodata=-9999)
    catalog = rasters(tmp_path, dem={"reader": "dem", "path": "dem.tif", "unit": "m"})
    bounds = (-105.29, 39.98, -105.27, 40.01)
    cells, rim = cells_of_grid(GRIDMET, bounds, MasterGrid.for_bounds(bounds, 30.0, 1024))
    heights = cell_elevation_m(catalog, "dem", cells, bounds, rim)
    assert heights[~rim] == pytest.approx(1500.0)
    east = cells.lon > -105.2  # the file ends at 105.25 W
    assert east.any()
    assert np.isnan(heights[east]).all()
    with pytest.raises(RequestError, match="no elevation in"):
        cell_elevation_m(catalog, "dem", cells, bounds)
