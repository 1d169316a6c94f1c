from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rootzone._shared.errors import RequestError
from rootzone.surface.grids.cell_grid import CellGrid, ease_grid


def test_ease_grids_nest_exactly() -> None:
    # 36 km = 4 x 9 = 12 x 3 = 36 x 1; sizes of Brodzik et al. (2012)
    shapes = {km: (ease_grid(km).width, ease_grid(km).height) for km in (36, 9, 3, 1)}
    assert shapes == {36: (964, 406), 9: (3856, 1624), 3: (11568, 4872), 1: (34704, 14616)}
    assert ease_grid(9).resolution_m == pytest.approx(9008.055210146, abs=1e-9)
    assert ease_grid(1).bounds_m == pytest.approx(ease_grid(36).bounds_m, abs=1e-6)


def test_another_size_is_refused() -> None:
    with pytest.raises(RequestError, match="36, 9, 3 or 1"):
        ease_grid(25)


def test_cells_lie_where_a_real_smap_file_has_them(shared: Path) -> None:
    import netCDF4

    path = next((shared / "realdata/surface/smap_l2").glob("*02801*.h5"))
    with netCDF4.Dataset(path) as file:
        group = file["Soil_Moisture_Retrieval_Data"]
        row, col = group["EASE_row_index"][:], group["EASE_column_index"][:]
        lon, lat = group["longitude"][:], group["latitude"][:]
    told = ease_grid(36).lon_lat(np.asarray(row), np.asarray(col))
    assert np.abs(told[0] - lon).max() < 1e-5
    assert np.abs(told[1] - lat).max() < 1e-5


def test_latitudes_may_ascend_in_a_file() -> None:
    lon, lat = np.arange(-179.875, 180, 0.25), np.arange(-59.875, 90, 0.25)  # GLDAS
    grid = CellGrid.of_centres(lon, lat)
    assert grid == CellGrid(-180.0, 90.0, 0.25, 1440, 600) == CellGrid.of_centres(lon, lat[::-1])
    row, col = grid.row_col_of_lon_lat(-105.2, 40.1)
    assert (int(row), int(col)) == (199, 299)  # (90 - 40.1) / .25 = 199.6; 74.8 / .25 = 299.2


def test_half_a_grid_is_named() -> None:
    lon = np.concatenate([np.arange(0.0, 5.0), np.arange(10.0, 12.0)])
    with pytest.raises(RequestError, match="missing"):
        CellGrid.of_centres(lon, np.arange(5.0))
