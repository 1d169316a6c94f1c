"""Weather that comes a day at a time: rasters of PRISM and Earth Engine, totals at 0 h."""

from __future__ import annotations

from datetime import date

import netCDF4
import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine

from rootzone._shared.errors import RequestError
from rootzone.covariates.check.check import check_file
from rootzone.covariates.layers.catalog import load_catalog
from rootzone.covariates.readers.registry import daily_reader
from rootzone.covariates.weather.cells import Cells
from rootzone.covariates.weather.daily import by_day
from tests.covariates.rasters import write_tif

STEP = 1 / 24


def write_prism(folder, name, day, values):
    """The documented layout: NAD83, corner at 125 1/48 W, 49 15/16 N; here a cut of 3 x 4 cells."""
    path = folder / f"prism/{name}/prism_{name}_us_25m_{day:%Y%m%d}.tif"
    left, top = -125 - STEP / 2 + 460 * STEP, 49.916666666667 + STEP / 2 - 230 * STEP
    return write_tif(path, np.asarray(values, np.float32), left, top, STEP, "EPSG:4269", -9999)


def prism_cells(catalog):
    grid = catalog.weather_grid("prism")
    row, col = np.mgrid[230:233, 460:464]
    return Cells(grid, row.ravel(), col.ravel())


def test_prism_is_read_day_by_day_cell_by_cell(tmp_path):
    catalog = load_catalog([], tmp_path)
    days = [date(2023, 6, d) for d in (1, 2, 3)]
    truth = np.arange(36.0).reshape(3, 3, 4)
    truth[1, 0, 0] = -9999
    for day, values in zip(days, truth, strict=True):
        write_prism(tmp_path, "ppt", day, values)
        write_prism(tmp_path, "vpdmax", day, values + 1)
    cells = prism_cells(catalog).those(np.array([0, 5, 11]))
    layer = catalog.layer("prism/ppt", 2023)
    read = daily_reader(layer).read(layer, tmp_path, cells, days[0], days[-1])
    # By hand: places 0, 5 and 11 of 12 in each day; the first is nodata on 2 June.
    assert read.dates.astype(str).tolist() == ["2023-06-01", "2023-06-02", "2023-06-03"]
    np.testing.assert_array_equal(read.values, [[0, 5, 11], [np.nan, 17, 23], [24, 29, 35]])
    # 6 hPa at place 5 are 0.6 kPa; the files do not say hPa, the entry does.
    layer = catalog.layer("prism/vpdmax", 2023)
    kpa = daily_reader(layer).read(layer, tmp_path, cells, days[0], days[0]).values
    assert kpa[0, 1] == pytest.approx(0.6)


def test_days_that_are_not_there_and_files_elsewhere_are_named(tmp_path):
    catalog = load_catalog([], tmp_path)
    layer, cells = catalog.layer("prism/ppt", 2023), prism_cells(catalog)
    path = write_prism(tmp_path, "ppt", date(2023, 6, 1), np.zeros((3, 4)))
    reader = daily_reader(layer)
    with pytest.raises(RequestError, match=r"1 of 2 days are missing.*20230602"):
        reader.read(layer, tmp_path, cells, date(2023, 6, 1), date(2023, 6, 2))
    beyond = Cells(cells.grid, cells.row + 1, cells.col)
    with pytest.raises(RequestError, match="4 of 12 cells of the region lie outside"):
        reader.read(layer, tmp_path, beyond, date(2023, 6, 1), date(2023, 6, 1))
    assert check_file(path, catalog).ok
    write_tif(path, np.zeros((3, 4), np.float32), -2e6, 2e6, 4000, "EPSG:5070")
    report = check_file(path, catalog)
    assert not report.ok
    assert "EPSG:5070" in str([f.problem for f in report.findings])


def write_bands(path, bands):
    path.parent.mkdir(parents=True, exist_ok=True)
    transform = Affine(0.1, 0, 148.95, 0, -0.1, -35.25)
    with rasterio.open(
        path, "w", driver="GTiff", height=2, width=2, count=len(bands), dtype="float64",
        crs="EPSG:4326", transform=transform,
    ) as out:  # fmt: skip
        for number, (name, value) in enumerate(bands.items(), 1):
            out.write(np.full((2, 2), value), number)
            out.set_band_description(number, name)
    return path


def test_bands_of_earth_engine_are_told_by_name_not_by_place(tmp_path):
    catalog = load_catalog([], tmp_path)
    path = tmp_path / "era5_land_aggregates/2020/era5_land_20200601.tif"
    bands = {
        "total_precipitation_sum": 0.012, "temperature_2m_max": 300.0, "temperature_2m_min": 280.0,
        "surface_solar_radiation_downwards_sum": 2e7, "dewpoint_temperature_2m": 285.15,
        "u_component_of_wind_10m": 3.0, "v_component_of_wind_10m": -4.0,
    }  # fmt: skip
    write_bands(path, bands)
    cells = catalog.weather_grid("era5_land_aggregates").cells_in((149.0, -35.4, 149.05, -35.32))
    day = date(2020, 6, 1)
    # 12 mm; 26.85 degC; 20 MJ m-2.
    for name, right in (("rain", 12.0), ("tmax", 26.85), ("radiation", 20.0), ("wind_v", -4.0)):
        layer = catalog.layer(f"era5_land_aggregates/{name}", 2020)
        values = daily_reader(layer).read(layer, tmp_path, cells, day, day).values
        assert values == pytest.approx(right, rel=1e-6)
    assert check_file(path, catalog).ok
    write_bands(path, {"total_precipitation": 0.012, "temperature_2m": 300.0})
    assert "bands are called total_precipitation" in str(check_file(path, catalog).findings)


def test_the_total_at_0_h_is_that_of_the_day_before(tmp_path):
    # 5 mm fall on 31 January: the value of 1 February, 0 h, which lies in the next month's file.
    catalog = load_catalog([], tmp_path)
    totals = {"2021-01-31": 1.0, "2021-02-01": 5.0, "2021-02-02": 0.0}
    for month in ("01", "02"):
        days = [day for day in totals if day[5:7] == month]
        path = tmp_path / f"era5_land_daily/total_precipitation_0h_2021_{month}.nc"
        path.parent.mkdir(exist_ok=True)
        with netCDF4.Dataset(path, "w") as file:
            for axis, size in (("valid_time", len(days)), ("latitude", 2), ("longitude", 2)):
                file.createDimension(axis, size)
            when = file.createVariable("valid_time", "f8", ("valid_time",))
            when.units = "seconds since 1970-01-01"
            when[:] = [np.datetime64(day, "s").astype(float) for day in days]
            file.createVariable("latitude", "f8", ("latitude",))[:] = [-35.3, -35.4]
            file.createVariable("longitude", "f8", ("longitude",))[:] = [149.0, 149.1]
            rain = file.createVariable("tp", "f4", ("valid_time", "latitude", "longitude"))
            rain.units = "m"
            rain[:] = np.array([totals[day] for day in days])[:, None, None] / 1000
    cells = catalog.weather_grid("era5_land_daily").cells_in((149.0, -35.4, 149.05, -35.32))
    layer = catalog.layer("era5_land_daily/rain", 2021)
    read = daily_reader(layer).read(
        layer, tmp_path, cells, date(2021, 1, 30), date(2021, 2, 1), utc_offset_h=10.0
    )
    assert read.dates.astype(str).tolist() == ["2021-01-30", "2021-01-31", "2021-02-01"]
    assert read.values[:, 0] == pytest.approx([1.0, 5.0, 0.0])


def test_totals_without_a_midnight_are_refused():
    noon = np.array(["2021-01-01T12", "2021-01-02T12"], dtype="datetime64[s]")
    with pytest.raises(RequestError, match="no value at 0 h UTC"):
        by_day(noon, np.ones((2, 1)), "total at 0 h", "start", 0, "t")
