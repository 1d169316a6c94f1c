"""What catalog check finds, and that it finds nothing in sound files."""

from __future__ import annotations

import numpy as np
import pytest

from rootzone._shared.errors import RequestError
from rootzone.covariates.check.check import check_file
from rootzone.covariates.layers.catalog import load_catalog
from tests.covariates.rasters import ALBERS_WGS84, GRID, write_tif
from tests.covariates.weather_files import plausible, write_gridmet, year_dates


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    return load_catalog([], tmp_path_factory.mktemp("none"))


def codes_of(report):
    return {finding.code for finding in report.findings if finding.level == "problem"}


def nlcd(folder, left=GRID.left, top=GRID.top, codes=None, nodata=0):
    values = np.full((100, 100), 42, np.uint8) if codes is None else codes
    path = folder / "nlcd" / "Annual_NLCD_LndCov_2023_CU_C1V1.tif"
    return write_tif(path, values, left, top, 30, ALBERS_WGS84, nodata)


def polaris(folder, variable, value, nodata=-9999):
    path = folder / "polaris" / variable / "mean" / "15_30" / "lat3940_lon-106-105.tif"
    values = np.full((36, 36), value, np.float32)
    values[0, 0] = value * 1.001
    return write_tif(path, values, -106, 40, 1 / 3600, "EPSG:4326", nodata)


@pytest.mark.parametrize(
    ("name", "as_source", "problems"),
    [
        ("nlcd/NLCD_augusta_GA_native_albers_wgs84.tif", "nlcd", set()),
        ("nlcd/SYNTHETIC_Annual_NLCD_LndCov_2019_CU_C1V0.tif", "nlcd", set()),
        ("nlcd/spDataLarge_nlcd2011_zion_utm.tif", "nlcd", {"OTHER_CRS", "OTHER_PIXEL"}),
        ("koppen/kottek_rubel_kg_100arcsec_colorado.tif", "koppen_kottek", set()),
        (
            "koppen/kottek_rubel_kg_100arcsec_colorado.tif",
            "koppen_beck",
            {"OTHER_NUMBERING", "UNKNOWN_CODES"},
        ),
        ("dem/west_bijou_escarpment_snippet.asc", "dem_3dep", set()),
        ("dem/SRTMGL3_40.09_-105.55_40.21_-105.35.asc", "dem_3dep", {"OTHER_PIXEL"}),
        ("landsat/LC08_L2SP_008059_20191201_20200825_02_T1_SR_B4.TIF", None, set()),
        ("modis/MOD10A2.A2022033.h09v05.061.2022042050729.hdf", None, {"UNREADABLE"}),
        ("gridmet/daily_maximum_temperature_2010-05-22_2010-05-22.nc", None, set()),
    ],
)
def test_real_files_have_the_problems_they_have(shared, packed, name, as_source, problems):
    # What each file is stands in realdata/README.md: the UTM cut is reprojected, the Kottek cut is
    # not Beck's, SRTM has 3 arc-seconds, HDF4 cannot be read, the others are sound.
    report = check_file(shared / "realdata" / name, packed, as_source)
    assert codes_of(report) == problems
    assert report.ok == (not problems)


def test_facts_of_the_real_weather_day(shared, packed):
    # realdata/README.md: NetCDF-3, scale 0.1, offset 220, lat descending; 40 % masked.
    name = "gridmet/daily_maximum_temperature_2010-05-22_2010-05-22.nc"
    facts = check_file(shared / "realdata" / name, packed, "gridmet").facts
    assert facts["driver"] == "NETCDF3_CLASSIC"
    assert facts["packing"] == [0.1, 220.0]
    assert facts["latitude"] == "north to south"
    assert (facts["rows"], facts["cols"]) == ([0, 584], [0, 1385])
    assert facts["masked_first_day_pct"] == pytest.approx(40, abs=1)


def test_a_half_pixel_shift_is_named_with_the_corner_that_mends_it(tmp_path, packed):
    report = check_file(nlcd(tmp_path, GRID.left + 15, GRID.top - 15), packed)
    assert codes_of(report) == {"HALF_PIXEL"}
    assert "+15.000 m east and +15.000 m north" in report.findings[0].problem
    # By hand: 100 px of 30 m, moved 15 m west and 15 m south: half a pixel has no direction.
    left, top = int(GRID.left), int(GRID.top)
    assert f"{left} {top - 30} {left + 3000} {top - 3030}" in report.findings[0].mend


def test_an_odd_shift_is_off_the_lattice(tmp_path, packed):
    assert codes_of(check_file(nlcd(tmp_path, GRID.left + 7), packed)) == {"OFF_LATTICE"}


def test_unknown_codes_are_counted(tmp_path, packed):
    values = np.full((10, 10), 42, np.uint8)
    values[0, :3] = 99
    report = check_file(nlcd(tmp_path, codes=values), packed)
    assert codes_of(report) == {"UNKNOWN_CODES"}
    assert "99 (3 px)" in report.findings[0].problem


def test_nodata_that_is_not_declared_is_seen(tmp_path, packed):
    values = np.full((10, 10), 42, np.uint8)
    values[0] = 250
    report = check_file(nlcd(tmp_path, codes=values, nodata=None), packed)
    assert [f.code for f in report.findings] == ["UNDECLARED_NODATA"]
    assert report.ok  # the catalog declares 250 in the file's stead
    sand = polaris(tmp_path, "sand", 40.0, nodata=None)
    assert check_file(sand, packed).ok
    import rasterio

    with rasterio.open(sand, "r+") as out:
        out.write(np.where(np.eye(36) > 0, -32768, 40).astype(np.float32), 1)
    assert codes_of(check_file(sand, packed)) == {"UNDECLARED_NODATA"}


@pytest.mark.parametrize(
    ("variable", "value", "problem"),
    [
        # data_formats.md fact 3: ksat is log10(cm h-1); 12 cm/h is a natural value, log10 is 1.08.
        ("ksat", 12.0, {"OUT_OF_RANGE"}),
        ("ksat", -0.4, set()),
        # Alpha of 0.2 kPa-1 in natural form is positive; its log10 is -0.7.
        ("alpha", 0.2, {"NATURAL_NOT_LOG10"}),
        ("alpha", -0.7, set()),
        ("sand", 45.0, set()),
        ("sand", 0.45, {"FRACTION_NOT_PERCENT"}),
    ],
)
def test_polaris_columns_in_the_wrong_form_are_seen(tmp_path, packed, variable, value, problem):
    assert codes_of(check_file(polaris(tmp_path, variable, value), packed)) == problem


def test_the_repeated_names_of_gridmet_are_pointed_out(tmp_path, packed):
    path = write_gridmet(
        tmp_path / "tmmx_2023.nc", "tmmx", plausible("tmmx", year_dates(2023)), year_dates(2023)
    )
    report = check_file(path, packed)
    assert report.ok
    assert [f.code for f in report.findings] == ["SHARED_NAME"]
    assert "tmmx and tmmn" in report.findings[0].problem


def test_a_renamed_weather_file_is_a_problem(tmp_path, packed):
    path = write_gridmet(
        tmp_path / "tmmx_2023.nc",
        "tmmn",
        plausible("tmmn", year_dates(2023)),
        year_dates(2023),
        long_name="tmmn",
    )
    assert codes_of(check_file(path, packed)) == {"RENAMED"}


def test_missing_days_are_listed(tmp_path, packed):
    dates = np.delete(year_dates(2023), [100, 364])
    path = write_gridmet(
        tmp_path / "pr_2023.nc", "pr", plausible("pr", year_dates(2023))[:363], dates
    )
    report = check_file(path, packed)
    assert codes_of(report) == {"MISSING_DAYS"}
    # By hand: day 101 of 2023 is 11 April; the last is 31 December.
    assert report.facts["missing_days"] == ["2023-04-11", "2023-12-31"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("pr_2023.nc", b"<!DOCTYPE html><html>log in</html>", "a web page"),
        ("pr_2023.nc", b"", "empty"),
        ("pr_2023.nc", b"PK\x03\x04rest", "zip, though its name ends in .nc"),
        ("a.tif", b"\x89HDF\r\n\x1a\n", "hdf5, though its name ends in .tif"),
    ],
)
def test_a_file_that_is_not_what_it_is_called(tmp_path, packed, name, content, words):
    (tmp_path / name).write_bytes(content)
    report = check_file(tmp_path / name, packed)
    assert codes_of(report) == {"NOT_WHAT_IT_IS_CALLED"}
    assert words in report.findings[0].problem


def test_a_file_no_entry_knows_still_gets_its_facts(tmp_path, packed):
    path = write_tif(tmp_path / "mine.tif", np.ones((4, 4)), 0, 4, 1, "EPSG:4326")
    report = check_file(path, packed)
    assert report.ok
    assert report.facts["crs_name"] == "WGS 84"
    assert [f.code for f in report.findings] == ["UNKNOWN_SOURCE"]


def test_a_file_that_is_not_there_is_an_error(tmp_path, packed):
    with pytest.raises(RequestError, match="does not exist"):
        check_file(tmp_path / "none.tif", packed)
