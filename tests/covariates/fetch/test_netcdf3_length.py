"""The length a classic NetCDF file must have."""

from __future__ import annotations

import netCDF4
import numpy as np
import pytest
from scipy.io import netcdf_file

from rootzone._shared.errors import RequestError
from rootzone.covariates.fetch.netcdf3_length import NotClassic, missing_bytes, promised_length
from rootzone.covariates.layers.catalog import load_catalog
from rootzone.covariates.readers.daily_netcdf import READER
from rootzone.covariates.weather.cells import Cells
from tests.covariates.weather_files import GRIDMET, plausible, write_gridmet, year_dates

FORMATS = ["NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA"]


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("unlimited", [False, True])
@pytest.mark.parametrize("kind", ["i1", "i2", "f4", "f8"])
def test_a_file_is_as_long_as_its_header_promises(tmp_path, file_format, unlimited, kind):
    path = tmp_path / "a.nc"
    with netCDF4.Dataset(path, "w", format=file_format) as file:
        file.note = "odd"
        file.createDimension("day", None if unlimited else 7)
        file.createDimension("x", 5)
        for name, axes in (("a", ("day", "x")), ("b", ("day",)), ("c", ("x",))):
            variable = file.createVariable(name, kind, axes)
            variable.units = "K"
            variable[:] = np.ones([7 if axis == "day" else 5 for axis in axes])
    # The library itself wrote the file; padding to four bytes may follow.
    assert 0 <= path.stat().st_size - promised_length(path) <= 3
    assert missing_bytes(path) == 0
    content = path.read_bytes()
    path.write_bytes(content[:-8])
    assert missing_bytes(path) >= 5


def test_a_file_of_another_writer_is_measured_too(tmp_path):
    path = tmp_path / "a.nc"
    with netcdf_file(path, "w") as file:  # SciPy's own writer
        file.createDimension("x", 100)
        file.createVariable("v", "d", ("x",))[:] = np.arange(100.0)
    assert promised_length(path) == path.stat().st_size


def test_the_real_files_are_whole(shared):
    for path in (shared / "realdata" / "gridmet").glob("*.nc"):
        assert missing_bytes(path) == 0
        assert promised_length(path) >= path.stat().st_size - 3


def test_another_kind_of_file_is_not_judged(tmp_path):
    (tmp_path / "a.nc").write_bytes(b"\x89HDF\r\n\x1a\n")
    assert missing_bytes(tmp_path / "a.nc") == 0
    with pytest.raises(NotClassic):
        promised_length(tmp_path / "a.nc")
    (tmp_path / "b.nc").write_bytes(b"CDF\x01" + bytes(6))
    with pytest.raises(NotClassic, match="cut short"):
        missing_bytes(tmp_path / "b.nc")


def test_weather_cut_short_is_refused_not_read_as_zero(tmp_path):
    layer = load_catalog([], tmp_path).layer("gridmet/tmmx/2023")
    cells = Cells(GRIDMET, np.array([224]), np.array([466]))
    path = write_gridmet(
        tmp_path / "tmmx_2023.nc",
        "tmmx",
        plausible("tmmx", year_dates(2023)),
        year_dates(2023),
        file_format="NETCDF3_CLASSIC",
    )
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(RequestError, match=r"was cut short: its header promises \d+ bytes more"):
        READER.read_file(path, layer, cells)
