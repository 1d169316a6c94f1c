"""HWSD2: mapping units are looked up, never averaged."""

from __future__ import annotations

import numpy as np
import pytest
from pyproj import Transformer

from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import MasterGrid
from rootzone.covariates.layers.catalog import load_catalog
from rootzone.covariates.layers.stack import CovariateStack
from tests.covariates.rasters import write_tif

# The documented layout: sequence 1 is the largest soil; D1 0-20, D2 20-40 cm; -4 is no soil.
TABLE = """HWSD2_SMU_ID,SEQUENCE,LAYER,SAND,SILT,CLAY,BULK,ORG_CARBON
7001,1,D1,40,35,25,1.4,1.0
7001,1,D2,30,35,35,1.5,0.5
7001,2,D1,90,5,5,1.6,0.1
9002,1,D1,10,30,60,1.2,2.0
9002,1,D2,10,30,60,1.2,1.0
8000,1,D1,-4,-4,-4,-4,-4
8000,1,D2,-4,-4,-4,-4,-4
"""
GRID = MasterGrid.for_bounds((36.80, -1.30, 36.86, -1.27), 100.0, 8, "EPSG:32737")


@pytest.fixture
def stack(tmp_path):
    # Pixels of 1/120 degree, in turn 7001, 9002, 8000 from west to east.
    units = np.tile(np.array([7001, 9002, 8000], dtype=np.uint16), (20, 10))
    write_tif(tmp_path / "hwsd/HWSD2.tif", units, 36.75, -1.2, 1 / 120, "EPSG:4326", 65535)
    (tmp_path / "hwsd/HWSD2_LAYERS.csv").write_text(TABLE)
    return CovariateStack(load_catalog([], tmp_path), GRID)


def test_each_pixel_has_the_largest_soil_of_its_own_unit(stack):
    row, col = np.mgrid[: GRID.height, : GRID.width]
    lon, _ = Transformer.from_crs(GRID.crs, "EPSG:4326", always_xy=True).transform(
        *GRID.xy_m(row, col)
    )
    unit = np.floor((lon - 36.75) * 120).astype(int) % 3
    clear = np.abs((lon - 36.75) * 120 - np.round((lon - 36.75) * 120)) > 0.02  # not on a border
    for layer, values in (("sand/0_20", (40, 10, np.nan)), ("clay/20_40", (35, 60, np.nan))):
        read = stack.read(f"hwsd2/{layer}", GRID.full_window)
        assert np.array_equal(
            read[clear], np.array(values, np.float32)[unit][clear], equal_nan=True
        )
    # Organic carbon of 1 % is 1.724 % organic matter.
    om = stack.read("hwsd2/om/0_20", GRID.full_window)
    assert om[clear & (unit == 0)] == pytest.approx(1.724)


def test_a_raster_without_its_table_says_how_to_get_it(stack):
    (stack.catalog.data_folder / "hwsd/HWSD2_LAYERS.csv").unlink()
    with pytest.raises(RequestError, match="mdb-export"):
        stack.read("hwsd2/sand/0_20", GRID.full_window)
