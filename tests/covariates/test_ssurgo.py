"""gNATSGO and SSURGO: keys of map units are looked up in the tables of their horizons."""

from __future__ import annotations

import numpy as np
import pytest

from rootzone._shared.errors import RequestError
from rootzone.covariates.check.check import check_file
from rootzone.covariates.layers.catalog import load_catalog
from rootzone.covariates.layers.stack import CovariateStack
from tests.covariates.rasters import ALBERS_WGS84, GRID, write_tif

# SSURGO's own column names. Of unit 1001 component 11 is the largest; 2002 is rock.
COMPONENTS = "mukey,cokey,comppct_r\n1001,12,20\n1001,11,70\n2002,21,100\n"
HORIZONS = (
    "cokey,hzdept_r,hzdepb_r,sandtotal_r,silttotal_r,claytotal_r,dbthirdbar_r,om_r\n"
    "11,0,20,40,40,20,1.40,3.0\n11,20,100,20,40,40,1.55,\n12,0,100,90,5,5,1.6,0.1\n"
)


@pytest.fixture
def stack(tmp_path):
    keys = np.full((GRID.height, GRID.width), 1001, np.int32)
    keys[:, : GRID.width // 2] = 2002
    path = tmp_path / "gnatsgo/gNATSGO_mukey_30m.tif"
    write_tif(path, keys, GRID.left, GRID.top, 30, ALBERS_WGS84, 0)
    (path.parent / "component.csv").write_text(COMPONENTS)
    (path.parent / "chorizon.csv").write_text(HORIZONS)
    return CovariateStack(load_catalog([], tmp_path), GRID)


@pytest.mark.parametrize(
    ("layer", "value"),
    # By hand: 15 to 30 cm is 5 cm of the first horizon and 10 of the second,
    # (5 * 40 + 10 * 20) / 15 = 26.667; om of the second is not known, so the first counts alone.
    [("sand/0_5", 40.0), ("sand/15_30", 80 / 3), ("clay/30_60", 40.0), ("om/15_30", 3.0),
     ("om/30_60", np.nan), ("sand/100_200", np.nan)],
)  # fmt: skip
def test_a_layer_has_the_mean_of_the_horizons_of_the_largest_component(stack, layer, value):
    read = stack.read(f"gnatsgo/{layer}", GRID.full_window)
    half = GRID.width // 2
    assert read[:, half:] == pytest.approx(value, nan_ok=True)
    assert np.isnan(read[:, :half]).all()  # rock


def test_tables_that_are_missing_say_how_to_get_them(stack):
    path = stack.catalog.data_folder / "gnatsgo/gNATSGO_mukey_30m.tif"
    assert check_file(path, stack.catalog).ok
    (path.parent / "chorizon.csv").unlink()
    with pytest.raises(RequestError, match="ogr2ogr"):
        stack.read("gnatsgo/sand/0_5", GRID.full_window)
    assert "ogr2ogr" in str(check_file(path, stack.catalog).findings)
