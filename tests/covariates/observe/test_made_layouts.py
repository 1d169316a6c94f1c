"""Products whose files are not at hand, in layouts that public readers of them tell of."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import netCDF4
import numpy as np
import pytest

from rootzone._shared.errors import RequestError
from rootzone.covariates.check.check import check_file
from rootzone.covariates.layers.catalog import load_catalog
from rootzone.covariates.observe.cell_series import read_cell_series
from rootzone.covariates.observe.each import observe_file

CATALOG = load_catalog([], Path())


def grid_file(path: Path, names: tuple[str, str], order: tuple[str, ...]) -> netCDF4.Dataset:
    """Axes of 3 rows from the north and 4 columns, and the file to put variables in."""
    file = netCDF4.Dataset(path, "w")
    for name, values in zip(
        names, ([40.0, 39.0, 38.0], [-100.0, -99.0, -98.0, -97.0]), strict=True
    ):
        file.createDimension(name, len(values))
        file.createVariable(name, "f4", (name,))[:] = values
    assert set(order) >= set(names)
    return file


def test_amsr2_goes_by_longitude_first_and_in_volumetric_percent(tmp_path: Path) -> None:
    # NASA GES DISC: Longitude, Latitude in this order and spelling, -32768 where nothing was seen.
    path = tmp_path / "LPRM-AMSR2_L3_D_SOILM3_V001_20121216010911.nc4"
    with grid_file(path, ("Latitude", "Longitude"), ("Longitude", "Latitude")) as file:
        made = file.createVariable("soil_moisture_c1", "f4", ("Longitude", "Latitude"))
        made.units = "percent"
        stored = np.full((4, 3), -32768.0)
        stored[1, 0] = 25.0  # 99 west, 40 north
        stored[3, 2] = 40.0  # 97 west, 38 north
        made[:] = stored
    seen = observe_file(path, CATALOG)
    assert seen.dropped.counts == {"fill value": 10}
    rows = seen.frame.sort("lat", descending=True).select("lat", "lon", "value", "quantity").rows()
    assert rows == [(40.0, -99.0, pytest.approx(0.25), "theta_c1"),
                    (38.0, -97.0, pytest.approx(0.40), "theta_c1")]  # fmt: skip
    assert seen.frame["date"].unique().to_list() == [dt.date(2012, 12, 16)]


def test_gleam_3_goes_by_time_longitude_latitude(tmp_path: Path) -> None:
    # NASA's LISF reads (nr, nc, day) and turns it over: C order time, lon, lat; -999 is fill.
    path = tmp_path / "SMsurf_2016_GLEAM_v3.3a.nc"
    with grid_file(path, ("lat", "lon"), ("time", "lon", "lat")) as file:
        file.createDimension("time", 2)
        time = file.createVariable("time", "f8", ("time",))
        time.units = "days since 2016-01-01 00:00:00"
        time[:] = [0.0, 1.0]
        made = file.createVariable("SMsurf", "f4", ("time", "lon", "lat"), fill_value=-999.0)
        made.units = "m3/m3"
        stored = np.full((2, 4, 3), -999.0)
        stored[1, 2, 0] = 0.31  # second day, 98 west, 40 north
        made[:] = stored
    frame = observe_file(path, CATALOG).frame
    assert frame.select("date", "lat", "lon", "quantity").rows() == [
        (dt.date(2016, 1, 2), 40.0, -98.0, "surface")
    ]
    assert frame["value"][0] == pytest.approx(0.31)


def test_glass_is_a_leaf_area_of_the_day_it_looked(tmp_path: Path) -> None:
    # GLASS01B02.V40.A1981001.2019353: day 1 of 1981, processed on day 353 of 2019.
    path = tmp_path / "GLASS01B02.V40.A1981001.2019353.nc"
    with grid_file(path, ("lat", "lon"), ("lat", "lon")) as file:
        made = file.createVariable("LAI", "i2", ("lat", "lon"), fill_value=2550)
        made.scale_factor = 0.01
        made.set_auto_scale(False)
        stored = np.full((3, 4), 2550)
        stored[2, 0] = 230
        made[:] = stored
    frame = observe_file(path, CATALOG).frame
    assert frame.select("date", "lat", "lon").rows() == [(dt.date(1981, 1, 1), 38.0, -100.0)]
    assert frame["value"][0] == pytest.approx(2.3)


def ascat(path: Path, sizes: tuple[int, int] = (3, 2)) -> Path:
    """H SAF's contiguous series: two cells, five values one after the other."""
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("locations", 2)
        file.createDimension("obs", 5)
        for name, values in (("lon", [-155.5, -155.3]), ("lat", [19.5, 19.7])):
            file.createVariable(name, "f4", ("locations",))[:] = values
        file.createVariable("row_size", "i4", ("locations",))[:] = sizes
        time = file.createVariable("time", "f8", ("obs",))
        time.units = "days since 1900-01-01 00:00:00"
        time[:] = [42734.3, 42735.3, 42736.3, 42734.8, 42735.8]  # 42734 is 2017-01-01
        made = file.createVariable("sm", "i1", ("obs",), fill_value=-128)
        made.units = "percentage"
        made[:] = [40, 60, -128, 100, 20]
        file.createVariable("ssf", "i1", ("obs",))[:] = [1, 2, 1, 1, 0]
        file.createVariable("proc_flag", "i1", ("obs",))[:] = [0, 0, 0, 1, 0]
    return path


def test_ascat_lies_cell_after_cell_and_frozen_ground_does_not_count(tmp_path: Path) -> None:
    path = ascat(tmp_path / "H115_0165.nc")
    layer = CATALOG.layer("ascat_series/saturation")
    first = read_cell_series(path, layer, -155.5, 19.5)
    assert dict(zip(first.date.astype(str), first.theta, strict=True)) == {"2017-01-01": 0.4}
    assert first.dropped.counts == {"fill value": 1, "ssf is not 0 or 1": 1}
    second = read_cell_series(path, layer, -155.3, 19.7)
    assert dict(zip(second.date.astype(str), second.theta, strict=True)) == {"2017-01-02": 0.2}
    report = check_file(path, CATALOG)
    assert (report.source, report.ok) == ("ascat_series", True), report.findings


def test_a_series_that_was_cut_is_named(tmp_path: Path) -> None:
    path = ascat(tmp_path / "H115_0165.nc", sizes=(3, 4))
    with pytest.raises(RequestError, match="claim 7 values by row_size, and it holds 5"):
        read_cell_series(path, CATALOG.layer("ascat_series/saturation"), -155.5, 19.5)
