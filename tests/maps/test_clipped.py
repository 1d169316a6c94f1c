"""Maps of a region with an outline have no value beyond it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest
import shapely

from rootzone._shared.provenance import Provenance
from rootzone.covariates.grid import MasterGrid, Window
from rootzone.covariates.region import Region
from rootzone.maps.assemble import MapPlan, clipped

GRID = MasterGrid("EPSG:32755", 100.0, 690000.0, 6080000.0, 20, 10)


def plan(region: Region | None, dtype: str = "uint16") -> MapPlan:
    return MapPlan(
        GRID, (date(2023, 1, 1),), (200.0,), Path(), dtype, 80.0, 64, {}, Provenance("t"), None,
        region,
    )  # fmt: skip


@pytest.mark.parametrize(("dtype", "nothing"), [("uint16", 65535), ("float32", np.nan)])
def test_pixels_beyond_the_outline_have_no_value(dtype: str, nothing: float) -> None:
    # The western half: 10 of 20 columns of 100 m.
    lon, lat = GRID.lon_lat(np.array([-0.5, 9.5]), np.array([-0.5, 9.5]))
    west, east, south, north = (
        lon[0] - 1,
        lon.mean() + (lon[1] - lon[0]) / 2,
        lat[1] - 1,
        lat[0] + 1,
    )
    region = Region("half", (west, south, east, north), shapely.box(west, south, east, north))
    theta = np.full((10, 20), 2000 if dtype == "uint16" else 0.2, dtype=dtype)
    for window in (GRID.full_window, Window(2, 5, 4, 10)):
        part = theta[: window.height, : window.width]
        kept = clipped(plan(region, dtype), part, window)
        columns = np.arange(window.col, window.col + window.width)
        inside = kept != nothing if dtype == "uint16" else np.isfinite(kept)
        assert np.array_equal(inside.all(axis=0), columns < 10)


def test_a_box_cuts_nothing() -> None:
    theta = np.full((10, 20), 2000, dtype=np.uint16)
    assert clipped(plan(None), theta, GRID.full_window) is theta
