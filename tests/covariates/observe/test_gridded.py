"""Real gridded products."""

from __future__ import annotations

from pathlib import Path

import netCDF4
import numpy as np
import pytest

from rootzone._shared.errors import RequestError
from rootzone.covariates.layers.catalog import load_catalog
from rootzone.covariates.observe.gridded import read_gridded
from rootzone.surface.grids.cell_grid import CellGrid

CATALOG = load_catalog([], Path())
GLDAS, SSM, SMOS, ERA5 = (
    CATALOG.layer(name)
    for name in ("gldas_moisture/theta_0_10cm", "ssm_1km/saturation", "smos_l3/theta",
                 "era5_land_moisture/theta_0_7cm")
)  # fmt: skip


def test_gldas_is_turned_over_and_divided_by_its_layer(shared: Path) -> None:
    path = next((shared / "realdata/surface/gldas").glob("*.nc4"))
    field = read_gridded(path, GLDAS)
    assert CellGrid.of_centres(field.lon, field.lat) == CellGrid(-180.0, 90.0, 0.25, 1440, 600)
    assert str(field.time[0]) == "2016-01-01T12:00:00"  # type: ignore[index]
    with netCDF4.Dataset(path) as file:
        kg = file["SoilMoi0_10cm_inst"][0]  # row 0 is 59.875 south
        row, col = (int(v[1000]) for v in np.nonzero(~np.ma.getmaskarray(kg)))
        by_hand = float(kg[row, col]) / 100.0  # kg m-2 of a layer of 100 mm
    assert field.values[0, 599 - row, col] == pytest.approx(by_hand)
    assert 0.0199 < np.nanmin(field.values) < np.nanmax(field.values) < 0.6


def test_flags_among_the_values_of_copernicus_are_no_moisture(shared: Path) -> None:
    path = sorted((shared / "realdata/surface/cgls_ssm1km").glob("*SSM1km*"))[0]
    field = read_gridded(path, SSM)
    with netCDF4.Dataset(path) as file:
        variable = file["ssm"]
        variable.set_auto_maskandscale(False)
        stored = variable[0]
    # Valid numbers are 0 to 200, half a percent each; 241 to 253 are flags, 255 fill.
    assert field.dropped.kept == int((stored <= 200).sum())
    assert field.dropped.counts.get("water", 0) == int((stored == 251).sum())
    assert np.nanmax(field.values) <= 1.0
    assert field.values[0][stored <= 200] == pytest.approx(stored[stored <= 200] / 200.0)


def test_smos_lies_on_rows_that_are_not_even_in_latitude(shared: Path) -> None:
    path = next((shared / "realdata/surface/smos").glob("*CLF31A*"))
    field = read_gridded(path, SMOS)
    with pytest.raises(RequestError):
        CellGrid.of_centres(field.lon, field.lat)
    assert field.lat[0] > field.lat[-1]
    assert field.dropped.kept > 0


def made(path: Path, values: np.ndarray, lat: int = 4) -> Path:
    with netCDF4.Dataset(path, "w") as file:
        for name, size in (("lat", lat), ("lon", 5), ("row", values.shape[0])):
            file.createDimension(name, size)
        file.createVariable("lat", "f8", ("lat",))[:] = np.arange(lat)
        file.createVariable("lon", "f8", ("lon",))[:] = np.arange(5)
        made = file.createVariable("swvl1", "f4", ("row", "lon"), fill_value=-9999.0)
        made[:] = values
    return path


def test_bad_input_is_named(tmp_path: Path) -> None:
    percent = made(tmp_path / "percent.nc", np.full((4, 5), 25.0))
    with pytest.raises(RequestError, match="unit of the file is another"):
        read_gridded(percent, ERA5)
    half = made(tmp_path / "half.nc", np.full((2, 5), 0.25))
    with pytest.raises(RequestError, match="half a grid"):
        read_gridded(half, ERA5)
    empty = made(tmp_path / "empty.nc", np.full((4, 5), -9999.0))
    with pytest.raises(RequestError, match="no value is left"):
        read_gridded(empty, ERA5)
    with pytest.raises(RequestError, match="variable ssm"):
        read_gridded(empty, SSM)
