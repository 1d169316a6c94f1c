"""Files that people have reported to go wrong elsewhere: right here, or refused by name.

The kinds are those of the review's `cases` (1 to 35 there); inputs are made small here, and each
expected value is worked by hand from what is written.
"""

from __future__ import annotations

import netCDF4
import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine

from rootzone._shared.errors import RequestError
from rootzone.covariates.check.check import check_file
from rootzone.covariates.grid import MasterGrid, Window
from rootzone.covariates.layers.catalog import Catalog, load_catalog
from rootzone.covariates.layers.source import Source
from rootzone.covariates.layers.stack import CovariateStack
from rootzone.covariates.readers.daily_netcdf import READER
from rootzone.covariates.weather.cells import Cells
from tests.covariates.weather_files import GRIDMET

GRID = MasterGrid.for_bounds((-105.30, 40.00, -105.28, 40.015))
WINDOW = Window(0, 0, 64, 64)
CELLS = Cells(GRIDMET, np.array([224, 225]), np.array([466, 469]))
EXPECTED = [22.4 + 0.466, 22.5 + 0.469]  # each cell holds row / 10 + col / 1000


def write_rain(path, order=("day", "lat", "lon"), east=False, **time):
    """A day of rain whose cells say where they lie; ``time`` holds attributes of the day axis."""
    rows, cols = np.arange(222, 230), np.arange(464, 474)
    lat = GRIDMET.origin[1] - rows * GRIDMET.step[1]
    lon = GRIDMET.origin[0] + cols * GRIDMET.step[0] + (360.0 if east else 0.0)
    sizes = {"day": len(time.get("values", [1])), "lat": 8, "lon": 10}
    cube = np.broadcast_to(rows[:, None] / 10 + cols / 1000, (sizes["day"], 8, 10))
    with netCDF4.Dataset(path, "w") as file:
        for name in order:
            file.createDimension(name, sizes[name])
        day = file.createVariable("day", "f8", ("day",), fill_value=-9999.0)
        for name in ("units", "calendar"):
            if time.get(name):
                setattr(day, name, time[name])
        day[:] = time.get("values", [1])
        file.createVariable("lat", "f8", ("lat",))[:] = lat
        file.createVariable("lon", "f8", ("lon",))[:] = lon
        rain = file.createVariable("precipitation_amount", "f4", order)
        rain.units = "mm"
        rain[:] = np.transpose(cube, [("day", "lat", "lon").index(name) for name in order])
    return path


@pytest.fixture(scope="module")
def rain(tmp_path_factory):
    return load_catalog([], tmp_path_factory.mktemp("none")).layer("gridmet/pr/2010")


DAYS = {"units": "days since 1900-01-01", "calendar": "standard"}


@pytest.mark.parametrize(
    "order",
    [("day", "lat", "lon"), ("day", "lon", "lat"), ("lat", "lon", "day"), ("lon", "day", "lat")],
)
@pytest.mark.parametrize("east", [False, True])
def test_cells_are_found_whatever_the_order_of_axes_and_the_count_of_longitude(
    tmp_path, rain, order, east
):
    path = write_rain(tmp_path / "pr_2010.nc", order, east, **DAYS)
    _, values = READER.read_file(path, rain, CELLS)
    assert values[0] == pytest.approx(EXPECTED, abs=1e-5)


@pytest.mark.parametrize("calendar", ["noleap", "365_day"])
def test_a_calendar_without_leap_days_is_honoured(tmp_path, rain, calendar):
    # By hand: 110 years of 365 days and 141 days after 1 January are 22 May 2010; the standard
    # calendar would read 27 days earlier.
    value = 110 * 365 + 141
    path = write_rain(
        tmp_path / "pr_2010.nc", units="days since 1900-01-01", calendar=calendar, values=[value]
    )
    times, _ = READER.read_file(path, rain, CELLS)
    assert times.astype("datetime64[D]").tolist() == [np.datetime64("2010-05-22").astype(object)]


@pytest.mark.parametrize("calendar", ["360_day", "julian", "all_leap", "none of ours"])
def test_a_calendar_whose_days_are_no_days_is_refused_by_name(tmp_path, rain, calendar):
    path = write_rain(
        tmp_path / "pr_2010.nc", units="days since 1900-01-01", calendar=calendar, values=[59]
    )
    with pytest.raises(RequestError, match=f"axis day has the calendar '{calendar}'"):
        READER.read_file(path, rain, CELLS)


@pytest.mark.parametrize(
    ("time", "words"),
    [
        ({"units": "day as %Y%m%d.%f", "values": [20100522.0]}, "axis day is in 'day as"),
        ({"values": [40319]}, "axis day is in 'no unit'"),
        ({**DAYS, "values": [40319, -9999.0]}, "axis day has 1 times that were never written"),
        ({**DAYS, "values": []}, "axis day holds no day at all"),
        ({"units": "fortnights since 1900-01-01", "values": [1]}, "cannot be read as times"),
    ],
)
def test_a_time_axis_that_tells_no_dates_is_named_by_reading_and_by_check(
    tmp_path, rain, time, words
):
    path = write_rain(tmp_path / "pr_2010.nc", **time)
    with pytest.raises(RequestError, match=words):
        READER.read_file(path, rain, CELLS)
    report = check_file(path, load_catalog([], tmp_path), "gridmet")
    assert any(words in finding.problem for finding in report.findings)
    assert not report.ok


def raster(path, values, transform=None, crs=GRID.crs, unit=None, mask=None, nodata=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    profile = {
        "driver": "GTiff", "count": 1, "height": values.shape[0], "width": values.shape[1],
        "dtype": values.dtype.name, "crs": crs, "transform": transform or GRID.affine(),
        "nodata": nodata,
    }  # fmt: skip
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "w", **profile) as file:
        file.write(values, 1)
        if unit:
            file.units = (unit,)
        if mask is not None:
            file.write_mask(mask)
    return path


def stack_of(folder, **entry):
    source = Source.model_validate({"title": "t", "reader": "raster", "path": "a.tif", **entry})
    return CovariateStack(Catalog({"a": source}, folder), GRID)


NUMBERS = {"kind": "continuous", "unit": "m", "range": (-500.0, 9000.0)}
CLASSES = {"kind": "class", "legend": "nlcd", "nodata": (0.0,)}


@pytest.mark.parametrize("value", [41.4, 41.5, np.inf])
def test_averaged_classes_are_no_classes(tmp_path, value):
    codes = np.full(GRID.shape, 41.0, dtype=np.float32)
    codes[3, 4] = value
    raster(tmp_path / "a.tif", codes)
    with pytest.raises(RequestError, match=r"UNKNOWN_CODES .*1 px such as (41\.[45]|inf)"):
        stack_of(tmp_path, **CLASSES).read("a", WINDOW)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "int64", "uint64", "float64"])
def test_classes_of_any_whole_type_are_read(tmp_path, dtype):
    # xarray writes int64 by default.
    raster(tmp_path / "a.tif", np.full(GRID.shape, 41, dtype=dtype))
    assert set(stack_of(tmp_path, **CLASSES).read("a", WINDOW).ravel()) == {41}


def test_codes_beyond_a_short_integer_are_not_folded_into_classes(tmp_path):
    # 65536 + 41 is 41 in sixteen bits.
    raster(tmp_path / "a.tif", np.full(GRID.shape, 65_577, dtype=np.int32))
    with pytest.raises(RequestError, match=r"UNKNOWN_CODES .*65577"):
        stack_of(tmp_path, **CLASSES).read("a", WINDOW)


@pytest.mark.parametrize("unit", ["US survey foot", "ft", "feet"])
def test_heights_in_feet_are_refused_under_an_entry_in_metres(tmp_path, unit):
    raster(tmp_path / "a.tif", np.full(GRID.shape, 3937.0, dtype=np.float32), unit=unit)
    with pytest.raises(RequestError, match=f"OTHER_UNIT .*'{unit}'.*says 'm'"):
        stack_of(tmp_path, **NUMBERS).read("a", WINDOW)


def test_a_mask_inside_the_file_counts_even_without_nodata(tmp_path):
    heights = np.full(GRID.shape, 1500.0, dtype=np.float32)
    heights[:10] = 0.0
    mask = np.full(GRID.shape, 255, dtype=np.uint8)
    mask[:10] = 0
    raster(tmp_path / "a.tif", heights, mask=mask)
    read = stack_of(tmp_path, **NUMBERS).read("a", WINDOW)
    assert np.isnan(read[:10]).all()
    assert set(read[10:].ravel()) == {1500.0}


DEGREES = Affine(0.0005, 0, -105.33, 0, -0.0005, 40.06)


@pytest.mark.parametrize(
    ("stored", "how"),
    [
        (0.0, {"mask": True}),
        (0.0, {"mask": True, "dtype": "int16"}),
        (-3.4028234663852886e38, {"nodata": -3.4028234663852886e38}),  # ArcGIS
        (-1.7976931348623157e308, {"nodata": -1.7976931348623157e308, "dtype": "float64"}),
        (-9999.9, {"nodata": float(np.float32(-9999.9))}),
        (-9999.9, {"nodata": -9999.9, "dtype": "float64"}),
        (-9999.9, {"nodata": -9999.9, "dtype": "float64", "entry": (-9999.9,)}),
        (np.nan, {"nodata": np.nan}),
        (-32768, {"nodata": -32768, "dtype": "int16"}),
        (-9999, {"nodata": -32768, "dtype": "int16", "entry": (-9999.0,)}),
        (-9999, {"dtype": "int16", "entry": (-32768.0, -9999.0)}),
    ],
)
def test_no_value_leaks_into_its_neighbours_where_pixels_are_put_between(tmp_path, stored, how):
    heights = np.full((200, 200), 1500, dtype=how.get("dtype", "float32"))
    heights[:97] = stored
    mask = np.where(heights == 1500, 255, 0).astype(np.uint8) if "mask" in how else None
    raster(tmp_path / "a.tif", heights, DEGREES, "EPSG:4269", mask=mask, nodata=how.get("nodata"))
    entry = {"kind": "continuous", "unit": "m", "nodata": how.get("entry", ())}
    read = stack_of(tmp_path, **entry).read("a", WINDOW)
    assert 500 < np.isfinite(read).sum() < read.size - 500
    assert set(read[np.isfinite(read)]) == {1500.0}


@pytest.mark.parametrize(
    ("transform", "code"),
    [
        (Affine(30, 0, GRID.left, 0, 30, GRID.top - 64 * 30), "UPSIDE_DOWN"),
        (Affine(30, 5, GRID.left, 5, -30, GRID.top), "ROTATED"),
    ],
)
def test_check_names_what_reading_refuses(tmp_path, transform, code):
    path = raster(tmp_path / "a.tif", np.full(GRID.shape, 5.0, np.float32), transform)
    stack = stack_of(tmp_path, **NUMBERS)
    with pytest.raises(RequestError, match="rotated or upside down"):
        stack.read("a", WINDOW)
    assert code in {f.code for f in check_file(path, stack.catalog, "a").findings}


def test_reflectances_that_were_scaled_already_are_not_scaled_again(tmp_path):
    path = raster(tmp_path / "a.tif", np.full(GRID.shape, 0.3, np.float32))
    stack = stack_of(tmp_path, kind="continuous", scale=2.75e-5, offset=-0.2, range=(-0.2, 1.6))
    with pytest.raises(RequestError, match=r"ALREADY_SCALED .*float32"):
        stack.read("a", WINDOW)
    assert "ALREADY_SCALED" in {f.code for f in check_file(path, stack.catalog, "a").findings}


@pytest.mark.parametrize("sensor", ["LE07", "LT05", "LT04"])
def test_bands_of_another_landsat_are_refused(tmp_path, sensor):
    scene = f"{sensor}_L2SP_034032_20100601_20200825_02_T1"
    for band in ("SR_B5", "QA_PIXEL"):
        raster(tmp_path / "landsat" / f"{scene}_{band}.TIF", np.full(GRID.shape, 9000, np.uint16))
    stack = CovariateStack(load_catalog([], tmp_path), GRID)
    with pytest.raises(RequestError, match=f"OTHER_SENSOR .*{sensor}"):
        stack.read(f"landsat/{scene}/SR_B5", WINDOW)


def test_a_missing_fraction_is_closed_by_difference(tmp_path):
    # By hand: 100 - 62 - 13.
    for name, value in (("sand", 62.0), ("clay", 13.0)):
        raster(tmp_path / f"{name}.tif", np.full(GRID.shape, value, np.float32))
    percent = {"unit": "%", "range": (0.0, 100.0)}
    stack = stack_of(
        tmp_path,
        path="{variable}.tif",
        kind="continuous",
        variables={
            "sand": percent,
            "clay": percent,
            "silt": {**percent, "remainder_of": ("sand", "clay")},
        },
    )
    assert set(stack.read("a/silt", WINDOW).ravel()) == {25.0}


def test_the_real_map_of_beck_2023_is_read_under_its_legend(shared, tmp_path):
    # realdata: koppen_geiger_0p1_1991_2020.tif, 0.1 degree. Boulder lies in BSk or Dfb.
    stack = CovariateStack(
        Catalog(
            {
                "a": Source.model_validate(
                    {**CLASSES, "title": "t", "reader": "raster", "legend": "koppen_beck",
                     "path": "koppen/koppen_geiger_0p1_1991_2020.tif"}
                )
            },
            shared / "realdata",
        ),
        GRID,
    )  # fmt: skip
    codes = np.unique(stack.read("a", WINDOW))
    with rasterio.open(shared / "realdata/koppen/koppen_geiger_0p1_1991_2020.tif") as file:
        # Another reader: the pixel of 40.01 N, 105.29 W of the file itself.
        expected = int(file.read(1)[file.index(-105.29, 40.01)])
    assert expected in codes
    assert {stack.legend("a").names[int(code)] for code in codes} <= {"BSk", "Dfb", "Dfa", "Cfb"}


def test_check_names_the_unit_that_reading_refuses_beside_the_pixels(tmp_path):
    path = raster(
        tmp_path / "a.tif", np.full((200, 200), 3937.0, np.float32), DEGREES, "EPSG:4269", "feet"
    )
    entry = stack_of(tmp_path, **NUMBERS, pixel=0.001).catalog
    assert {f.code for f in check_file(path, entry, "a").findings} == {"OTHER_PIXEL", "OTHER_UNIT"}
