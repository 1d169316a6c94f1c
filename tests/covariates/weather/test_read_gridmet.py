"""gridMET files: the real subset of realdata, and yearly files to the documented layout."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.io import netcdf_file

from rootzone._shared.errors import RequestError
from rootzone.covariates.layers.catalog import load_catalog
from rootzone.covariates.readers.daily_netcdf import READER
from rootzone.covariates.weather.cells import Cells
from tests.covariates.weather_files import GRIDMET, ROWS, plausible, write_gridmet, year_dates

CELLS = Cells(GRIDMET, np.array([224, 226, 225]), np.array([466, 469, 467]))
COLORADO = (-109.060253, 36.992426, -102.041524, 41.003444)


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    catalog = load_catalog([], tmp_path_factory.mktemp("none"))
    names = catalog.source("gridmet").variables
    return {name: catalog.layer(f"gridmet/{name}/2023") for name in names}


def read_gridmet(path, short, layer, cells):
    times, values = READER.read_file(path, layer, cells)
    return SimpleNamespace(dates=times.astype("datetime64[D]"), values=values)


@pytest.mark.parametrize(
    ("file", "short", "scale", "offset", "shift"),
    [
        # realdata/README.md: int16, fill 32767, scale 0.1, offset 220 / 210 / 0; K and mm.
        ("daily_maximum_temperature_2010-05-22_2010-05-22.nc", "tmmx", 0.1, 220.0, -273.15),
        ("daily_minimum_temperature_2010-05-22_2010-05-22.nc", "tmmn", 0.1, 210.0, -273.15),
        ("precipitation_amount_2010-05-22_2010-05-22.nc", "pr", 0.1, 0.0, 0.0),
    ],
)
def test_the_real_day_is_decoded_as_its_readme_says(
    shared, parts, file, short, scale, offset, shift
):
    path = shared / "realdata" / "gridmet" / file
    colorado = GRIDMET.cells_in(COLORADO)
    read = read_gridmet(path, short, parts[short], colorado)
    assert read.dates.tolist() == [np.datetime64("2010-05-22").astype(object)]
    # Another reader (SciPy's NetCDF-3) and the packing of the README.
    with netcdf_file(path, mmap=False) as raw:
        name = next(k for k, v in raw.variables.items() if len(v.shape) == 3)
        packed = raw.variables[name][0].astype(int)
    assert packed.shape == (585, 1386)
    expected = packed[202:299, 377:546].ravel() * scale + offset + shift
    assert (packed[202:299, 377:546] != 32767).all()
    assert read.values[0] == pytest.approx(expected, abs=1e-4)


def test_the_sea_is_missing_in_the_real_day(shared, parts):
    # data_formats.md 7: 40 % of the rectangle is masked.
    path = shared / "realdata" / "gridmet" / "precipitation_amount_2010-05-22_2010-05-22.nc"
    row, col = np.mgrid[0:585, 0:1386]
    values = read_gridmet(path, "pr", parts["pr"], Cells(GRIDMET, row.ravel(), col.ravel())).values
    assert np.isnan(values).mean() == pytest.approx(0.40, abs=0.03)


@pytest.mark.parametrize("file_format", ["NETCDF4", "NETCDF3_CLASSIC"])
@pytest.mark.parametrize("ascending", [False, True])
def test_cells_are_found_by_coordinate_in_any_order(tmp_path, parts, file_format, ascending):
    # Generated to the documented layout: no real yearly file is at hand.
    dates = year_dates(2024)
    values = plausible("tmmx", dates)
    path = write_gridmet(
        tmp_path / "tmmx_2024.nc",
        "tmmx",
        values,
        dates,
        file_format=file_format,
        ascending=ascending,
    )
    read = read_gridmet(path, "tmmx", parts["tmmx"], CELLS)
    assert read.values.shape == (366, 3)  # a leap year
    picked = values[:, CELLS.row - ROWS.start, CELLS.col - 466]
    # Packing rounds to 0.1 K, so half of that.
    assert read.values == pytest.approx(picked - 273.15, abs=0.0501)


def test_radiation_becomes_megajoules(tmp_path, parts):
    dates = year_dates(2023)
    path = write_gridmet(tmp_path / "srad_2023.nc", "srad", np.full((365, 3, 4), 250.0), dates)
    # data_formats.md 7: x 0.0864, so 250 W m-2 is 21.6 MJ m-2 d-1.
    assert read_gridmet(path, "srad", parts["srad"], CELLS).values == pytest.approx(21.6)


def test_missing_values_stay_missing(tmp_path, parts):
    values = plausible("pr", year_dates(2023))
    values[5, 0, 0] = np.nan
    path = write_gridmet(tmp_path / "pr_2023.nc", "pr", values, year_dates(2023))
    read = read_gridmet(path, "pr", parts["pr"], CELLS)
    assert np.isnan(read.values[5]).tolist() == [True, False, False]


def test_a_renamed_file_is_caught_by_its_notes(tmp_path, parts):
    # data_formats.md fact 1: tmmx and tmmn both hold air_temperature.
    path = write_gridmet(
        tmp_path / "tmmx_2023.nc",
        "tmmn",
        plausible("tmmn", year_dates(2023)),
        year_dates(2023),
        long_name="tmmn",
    )
    with pytest.raises(RequestError, match=r"should hold tmmx, but notes inside say tmmn"):
        read_gridmet(path, "tmmx", parts["tmmx"], CELLS)


def test_another_variable_is_refused(tmp_path, parts):
    path = write_gridmet(
        tmp_path / "pr_2023.nc", "vs", plausible("vs", year_dates(2023)), year_dates(2023)
    )
    with pytest.raises(RequestError, match=r"should hold pr .*but its variable is wind_speed"):
        read_gridmet(path, "pr", parts["pr"], CELLS)


def test_both_naming_sets_are_read(tmp_path, parts):
    # data_formats.md fact 1: the aggregated THREDDS files use other names.
    path = write_gridmet(
        tmp_path / "tmmn_2023.nc",
        "tmmn",
        plausible("tmmn", year_dates(2023)),
        year_dates(2023),
        variable="daily_minimum_temperature",
    )
    assert read_gridmet(path, "tmmn", parts["tmmn"], CELLS).values.shape == (365, 3)


def test_an_unknown_unit_is_refused_not_guessed(tmp_path, parts):
    path = write_gridmet(
        tmp_path / "tmmx_2023.nc",
        "tmmx",
        plausible("tmmx", year_dates(2023)),
        year_dates(2023),
        units="degF",
    )
    with pytest.raises(RequestError, match=r"air_temperature is in 'degF'"):
        read_gridmet(path, "tmmx", parts["tmmx"], CELLS)


def test_a_subset_that_does_not_cover_the_region_says_how_many_cells_it_misses(tmp_path, parts):
    path = write_gridmet(
        tmp_path / "pr_2023.nc", "pr", plausible("pr", year_dates(2023)), year_dates(2023)
    )
    beyond = Cells(GRIDMET, np.array([224, 300]), np.array([466, 466]))
    with pytest.raises(RequestError, match="1 of 2 cells of the region lie outside"):
        read_gridmet(path, "pr", parts["pr"], beyond)


def test_a_repeated_day_is_refused(tmp_path, parts):
    dates = year_dates(2023)
    dates[7] = dates[6]
    path = write_gridmet(tmp_path / "pr_2023.nc", "pr", plausible("pr", year_dates(2023)), dates)
    with pytest.raises(RequestError, match="holds 2023-01-07 more than once"):
        read_gridmet(path, "pr", parts["pr"], CELLS)


def test_a_web_page_saved_as_data_is_named_as_such(tmp_path, parts):
    path = tmp_path / "pr_2023.nc"
    path.write_text("<html>please log in</html>")
    with pytest.raises(RequestError, match=r"cannot be read as NetCDF.*web page saved as data"):
        read_gridmet(path, "pr", parts["pr"], CELLS)
    with pytest.raises(RequestError, match=r"does not exist\. Fetch it"):
        read_gridmet(tmp_path / "tmmx_2023.nc", "tmmx", parts["tmmx"], CELLS)


def test_an_opendap_address_is_handed_to_the_library_as_it_is(monkeypatch, parts):
    import netCDF4

    asked = []

    def refuse(name):
        asked.append(name)
        raise OSError("no network in tests")

    monkeypatch.setattr(netCDF4, "Dataset", refuse)
    monkeypatch.setattr("rootzone.covariates.readers.daily_netcdf._PAUSE_S", 0.0)
    address = (
        "https://www.northwestknowledge.net/thredds/dodsC/agg_met_pr_1979_CurrentYear_CONUS.nc"
    )
    with pytest.raises(RequestError, match="no network in tests"):
        read_gridmet(address, "pr", parts["pr"], CELLS)
    assert asked == [address] * 3  # a server that does not answer is asked again
