"""Weather of any product: hours to days, grids of every kind, what is worked out from what."""

from __future__ import annotations

from pathlib import Path

import netCDF4
import numpy as np
import pytest

from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import MasterGrid
from rootzone.covariates.layers.catalog import Catalog, load_catalog
from rootzone.covariates.layers.source import Source
from rootzone.covariates.readers.daily_netcdf import READER
from rootzone.covariates.weather import derive
from rootzone.covariates.weather.cells import Cells, WeatherGrid
from rootzone.covariates.weather.convert import conversion
from rootzone.covariates.weather.daily import by_day, increments
from rootzone.covariates.weather.forcing import ForcingRequest, prepare_year
from rootzone.covariates.weather.gaps import absent_days
from rootzone.covariates.weather.netcdf_axes import read_times


def hours(first, count, step=1):
    return np.datetime64(first, "s") + np.arange(count) * np.timedelta64(step * 3600, "s")


def test_a_running_total_starts_again_after_midnight_utc():
    # By hand: 1 h holds 0-1 h, 2 h holds 0-2 h, 0 h holds the whole day before (24 mm less 23).
    times = hours("2020-06-01T23", 4)  # 23 h, 0 h, 1 h, 2 h
    added = increments(times, np.array([[23.0], [24.0], [0.5], [2.0]]), 3600)
    assert added[1:].ravel().tolist() == [1.0, 0.5, 1.5]
    assert np.isnan(added[0, 0])  # what 22 h held is not known


@pytest.mark.parametrize(
    ("offset", "day"), [(0, "2020-06-02"), (-6, "2020-06-01"), (10, "2020-06-02")]
)
def test_an_hour_counts_for_the_local_day_it_lies_in(offset, day):
    # Rain of 3 to 4 h UTC on 2 June is that of 1 June, 21 to 22 h, six hours west of Greenwich.
    times = hours("2020-05-31T01", 96)
    rain = np.zeros((96, 1))
    rain[times == np.datetime64("2020-06-02T04", "s")] = 7.0
    read = by_day(times, rain, "sum", "end", offset, "t")
    wet = read.dates[np.nan_to_num(read.values[:, 0]) > 0]
    assert [str(d) for d in wet] == [day]


def test_a_day_with_an_hour_missing_is_missing():
    times = hours("2020-06-01T00", 48)
    values = np.ones((48, 1))
    values[5] = np.nan
    read = by_day(times, values, "mean", "start", 0, "t")
    assert np.isnan(read.values[0, 0])
    assert read.values[1, 0] == 1.0


def test_three_hourly_extremes_and_means_are_those_of_the_day():
    # By hand: 0, 3, .. 21 h hold 0 to 7; mean 3.5.
    times = hours("2020-06-01T00", 8, 3)
    values = np.arange(8.0)[:, None]
    for how, want in (("max", 7.0), ("min", 0.0), ("mean", 3.5), ("sum", 28.0)):
        assert by_day(times, values, how, "start", 0, "t").values.ravel().tolist() == [want]


def test_hours_that_are_counted_as_fractions_of_a_day_are_whole_hours(tmp_path):
    # 48 hours as k / 24 days since 1900: cut to seconds, some would be 1 s early.
    path = tmp_path / "hours.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("time", 48)
        when = file.createVariable("time", "f8", ("time",))
        when.units = "days since 1900-01-01"
        when[:] = 43_980 + np.arange(48) / 24
    with netCDF4.Dataset(path) as file:
        times = read_times(file, "t")
    # 43,980 days after 1 January 1900 is 31 May 2020: 120 years, 29 leap days, 151 days less 1.
    assert times.tolist() == hours("2020-05-31T00", 48).tolist()


def test_parts_of_days_need_a_step_that_divides_the_day():
    with pytest.raises(RequestError, match="at a step that divides a day"):
        by_day(hours("2020-06-01T00", 5, 7), np.ones((5, 1)), "sum", "start", 0, "t")


@pytest.mark.parametrize(
    ("found", "wanted", "value", "right"),
    [
        ("K", "degC", 300.0, 26.85), ("m", "mm d-1", 0.012, 12.0),
        ("J m**-2", "MJ m-2 d-1", 2e7, 20.0),
        ("kg m-2 s-1", "mm d-1", 1e-4, 8.64), ("hPa", "kPa", 15.0, 1.5), ("Pa", "kPa", 1500.0, 1.5),
        ("W m-2", "MJ m-2 d-1", 250.0, 21.6), ("1", "%", 0.5, 50.0), ("mm/day", "mm d-1", 3.0, 3.0),
    ],
)  # fmt: skip
def test_units_are_converted_as_a_physicist_would(found, wanted, value, right):
    assert float(conversion(found, wanted, "t")(np.float32(value))) == pytest.approx(
        right, rel=1e-5
    )


def test_vapour_pressure_deficit_and_radiation_are_those_of_fao56():
    # FAO-56 Examples 5 and 6: 18 and 25 degC, RHmax 82, RHmin 54 %: ea 1.70, deficit 0.91 kPa.
    ea = derive.vapour_from_humidity(82.0, 54.0, 25.0, 18.0)
    assert float(ea) == pytest.approx(1.70, abs=0.005)
    assert float(derive.deficit(ea, 25.0, 18.0)) == pytest.approx(0.91, abs=0.01)
    # FAO-56 Example 15 (Lyon, July): 26.6 and 14.8 degC, Ra 40.6: 22.3 MJ m-2 d-1.
    assert float(derive.radiation_from_range(26.6, 14.8, 40.6)) == pytest.approx(22.3, abs=0.05)
    # q = 0.622 e / (p - 0.378 e) turned round: e 1.5 kPa at 100 kPa is q 0.0093832.
    q = 0.622 * 1.5 / (100.0 - 0.378 * 1.5)
    assert float(derive.vapour_from_specific_humidity(q, 100.0)) == pytest.approx(1.5)


def test_a_product_that_lacks_what_is_asked_says_what_it_delivers():
    with pytest.raises(RequestError, match=r"daymet delivers .*no way to wind_m_s"):
        ForcingRequest("daymet", "fao56").recipe(load_catalog([], Path()))


GREENWICH = WeatherGrid(origin=(0.0, 60.0), step=(0.5, 0.5), size=(720, 200))


def test_a_region_across_the_seam_of_a_global_grid_keeps_its_cells():
    # Centres -0.5, 0 and 0.5 E are columns 719, 0 and 1 of a grid that starts at 0 E.
    cells = GREENWICH.cells_in((-0.6, 51.3, 0.6, 51.6))
    assert sorted(set(cells.col.tolist())) == [0, 1, 719]
    assert set(np.round(cells.lon, 6).tolist()) == {-0.5, 0.0, 0.5}
    grid = MasterGrid.for_bounds((-0.3, 51.4, 0.3, 51.5), 500.0, 16, "EPSG:32631")
    lon, lat = grid.lon_lat(*np.mgrid[0 : grid.height, 0 : grid.width])
    assert np.array_equal(GREENWICH.ids(grid, grid.full_window), GREENWICH.id_at(lon, lat))


ROTATED = (
    "+proj=ob_tran +o_proj=longlat +o_lon_p=0 +o_lat_p=39.25 +lon_0=18 +to_meter=0.0174532925199433"
)


def test_cells_of_a_rotated_pole_are_found_by_projecting_the_place():
    # EURO-CORDEX: pole at 39.25 N, 162 W. Its equator passes its origin at 18 E, 50.75 N.
    grid = WeatherGrid(origin=(-2.2, 2.2), step=(0.11, 0.11), size=(41, 41), crs=ROTATED)
    down, right = grid.place(18.0, 50.75)
    assert (float(down), float(right)) == pytest.approx((20.0, 20.0), abs=1e-6)
    cells = grid.cells_in((17.9, 50.6, 18.1, 50.9))
    middle = np.flatnonzero((cells.row == 20) & (cells.col == 20))[0]
    assert (cells.lon[middle], cells.lat[middle]) == pytest.approx((18.0, 50.75), abs=1e-6)


def write_daymet(folder, year, absent=0):
    """Daymet's layout: metres of a cone, rows from the north, 365 days in every year."""
    grid = load_catalog([], folder).weather_grid("daymet")
    row, col = (int(v) for v in grid.cell_at(-105.1, 40.1))
    x = grid.origin[0] + np.arange(col - 1, col + 2) * 1000.0
    y = grid.origin[1] - np.arange(row - 1, row + 2) * 1000.0
    values = {"prcp": ("mm/day", 2.0), "tmax": ("degrees C", 20.0), "tmin": ("degrees C", 8.0),
              "srad": ("W/m2", 200.0), "dayl": ("s", 43200.0), "vp": ("Pa", 900.0)}  # fmt: skip
    (folder / "daymet").mkdir(exist_ok=True)
    for name, (unit, value) in values.items():
        with netCDF4.Dataset(
            folder / "daymet" / f"daymet_v4_daily_na_{name}_{year}.nc", "w"
        ) as file:
            for axis, size in (("time", 365 - absent), ("y", 3), ("x", 3)):
                file.createDimension(axis, size)
            when = file.createVariable("time", "f8", ("time",))
            when.units, when.calendar = f"days since {year}-01-01", "standard"
            when[:] = np.arange(365 - absent) + 0.5
            file.createVariable("y", "f8", ("y",))[:] = y
            file.createVariable("x", "f8", ("x",))[:] = x
            file.createVariable("lat", "f8", ("y", "x"))[:] = 40.1
            data = file.createVariable(name, "f4", ("time", "y", "x"))
            data.units = "degrees C" if unit == "degrees C" else unit
            data[:] = value
    return Cells(grid, np.array([row]), np.array([col]))


def test_daymet_years_of_365_days_are_refused_or_filled_by_name(tmp_path):
    cells = write_daymet(tmp_path, 2024)
    catalog = load_catalog([], tmp_path)
    request = ForcingRequest("daymet", "hargreaves")
    with pytest.raises(RequestError, match=r"(?s)2024-12-31.* has no 31 December of leap years"):
        prepare_year(catalog, request, 2024, cells)
    filled = prepare_year(
        catalog, ForcingRequest("daymet", "hargreaves", gap_policy="fill"), 2024, cells
    )
    assert len(filled.dates) == 366
    assert filled.columns["rain_mm"][-1, 0] == 0.0  # repeated, dry
    assert filled.columns["tmax_degc"][-1, 0] == 20.0
    assert filled.flags[-1, 0] & 1
    # By hand: 200 W m-2 over 43,200 s are 8.64 MJ m-2.
    assert filled.columns["radn_mj_m2"][0, 0] == pytest.approx(8.64)
    # e(20) 2.338, e(8) 1.073, mean 1.705 less 0.9 kPa.
    assert filled.columns["vpd_kpa"][0, 0] == pytest.approx(0.805, abs=0.002)


def test_days_that_calendars_leave_out():
    dates = np.arange("2023-01-01", "2025-01-01", dtype="datetime64[D]")
    assert [str(d) for d in dates[absent_days(dates, "29 February")]] == ["2024-02-29"]
    assert [str(d) for d in dates[absent_days(dates, "31 December of leap years")]] == [
        "2024-12-31"
    ]


def test_a_real_image_of_gldas_is_read_by_its_own_axes(shared):
    # realdata: 600 x 1440, latitude ascending from -59.875; minutes since 2000-01-01 03:00.
    path = shared / "realdata/surface/gldas/GLDAS_NOAH025_3H.A20160101.1200.021.nc4"
    with netCDF4.Dataset(path) as file:
        name = next(v.name for v in file.variables.values() if len(v.dimensions) == 3)
        unit, raw = file[name].units, np.ma.filled(file[name][0], np.nan)
        lat, lon = file["lat"][:], file["lon"][:]
    grid = load_catalog([], path.parent).weather_grid("gldas")
    source = Source.model_validate({
        "title": "t", "reader": "daily_netcdf", "kind": "daily", "path": "x.nc",
        "weather_grid": grid.model_dump(),
        "variables": {"v": {"unit": "mm d-1", "range": [0, 5000], "names": [name]}},
    })  # fmt: skip
    if "".join(unit.split()) not in ("kgm-2", "kgm-2s-1"):
        pytest.skip(f"the file's first variable is in {unit}")
    layer = Catalog({"a": source}, path.parent).layer("a/v")
    cells = grid.cells_in((-100.2, 38.8, -99.3, 39.4))
    times, values = READER.read_file(path, layer, cells)
    assert str(times[0]) == "2016-01-01T12:00:00"
    i = [int(np.abs(lat - a).argmin()) for a in cells.lat]
    j = [int(np.abs(lon - a).argmin()) for a in cells.lon]
    factor = 86400.0 if "s-1" in unit else 1.0
    assert values[0] == pytest.approx(raw[i, j] * factor, rel=1e-5, nan_ok=True)
