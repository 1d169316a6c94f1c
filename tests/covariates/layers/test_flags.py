"""Flags beside satellite bands: by entry data, for every product alike."""

from __future__ import annotations

import numpy as np
import pytest

from rootzone._shared.errors import RequestError
from rootzone.covariates.check.check import check_file
from rootzone.covariates.grid import MasterGrid
from rootzone.covariates.layers.catalog import load_catalog
from rootzone.covariates.layers.stack import CovariateStack
from tests.covariates.rasters import write_tif

SINUSOIDAL = "+proj=sinu +R=6371007.181 +units=m"


def stack_of(folder, crs, pixel, left, top, size):
    grid = MasterGrid(crs, pixel, left, top, size, size, tile_px=size)
    return CovariateStack(load_catalog([], folder), grid), grid.full_window


def test_a_real_landsat_scene_says_what_its_flags_leave_out(shared):
    path = next((shared / "realdata/landsat").glob("*_SR_B4.TIF"))
    report = check_file(path, load_catalog([], shared / "realdata"))
    assert report.source == "landsat"
    told = report.facts["by_flags"]
    total = sum(float(line.split()[0]) for line in told)
    assert total == pytest.approx(100, abs=0.4)  # each pixel once, rounded to 0.1 %
    assert any("cloud" in line for line in told)


def test_sentinel_2_counts_land_alone(tmp_path):
    # Scene classification: 4 vegetation, 5 soil, 6 water, 8 and 9 cloud, 3 its shadow, 11 snow.
    scl = np.array([[4, 5, 6], [8, 9, 3], [11, 7, 4]], np.uint8)
    band = np.full((3, 3), 3500, np.uint16)
    for name, values in (("B04", band), ("SCL", scl)):
        write_tif(tmp_path / f"sentinel2/T33U_20230615_{name}_20m.tif", values, 4e5, 5e6, 20,
                  "EPSG:32633")  # fmt: skip
    stack, window = stack_of(tmp_path, "EPSG:32633", 20, 4e5, 5e6, 3)
    read = stack.read("sentinel2/T33U_20230615/B04", window)
    # 3500 * 0.0001 - 0.1 = 0.25 on vegetation, soil and what is not classified (7).
    expected = np.where(np.isin(scl, (4, 5, 7)), 0.25, np.nan)
    assert read == pytest.approx(expected, nan_ok=True)


def test_classes_of_20_m_count_for_all_values_of_10_m_in_them(tmp_path):
    scl, band = np.array([[4, 9], [9, 5]], np.uint8), np.full((4, 4), 3500, np.uint16)
    for name, values, size in (("B04_10m", band, 10), ("SCL_20m", scl, 20)):
        write_tif(tmp_path / f"sentinel2/T33U_20230615_{name}.tif", values, 4e5, 5e6, size,
                  "EPSG:32633")  # fmt: skip
    for pixel_m, n, expected in (
        (10, 4, np.kron([[0.25, np.nan], [np.nan, 0.25]], np.ones((2, 2)))),
        (20, 2, np.array([[0.25, np.nan], [np.nan, 0.25]])),  # of another lattice: warped
    ):
        stack, window = stack_of(tmp_path, "EPSG:32633", pixel_m, 4e5, 5e6, n)
        read = stack.read("sentinel2_10m/T33U_20230615/B04", window)
        assert read == pytest.approx(expected, nan_ok=True)
    write_tif(tmp_path / "sentinel2/T33U_20230615_SCL_20m.tif", scl[:1], 4e5, 5e6, 20,
              "EPSG:32633")  # fmt: skip
    stack, window = stack_of(tmp_path, "EPSG:32633", 10, 4e5, 5e6, 4)
    with pytest.raises(RequestError, match="does not cover the pixels"):
        stack.read("sentinel2_10m/T33U_20230615/B04", window)


def test_modis_temperatures_of_day_and_night_have_flags_of_their_own(tmp_path):
    # QC: bits 0 and 1 are 10 for cloud; bits 6 and 7 are 10 for an error of 2 to 3 K.
    qc = np.array([[0, 0b01000001], [0b10, 0b10000001]], np.uint8)
    kelvin = np.full((2, 2), 15000, np.uint16)
    for layer, values in (("LST_Day_1km", kelvin), ("QC_Day", qc), ("LST_Night_1km", kelvin),
                          ("QC_Night", np.zeros((2, 2), np.uint8))):  # fmt: skip
        name = f"modis/MOD11A1.061_{layer}_doy2023166_aid0001.tif"
        write_tif(tmp_path / name, values, -9e6, 4e6, 926.625433056, SINUSOIDAL)
    stack, window = stack_of(tmp_path, SINUSOIDAL, 926.625433056, -9e6, 4e6, 2)
    day = stack.read("modis_lst/LST_Day_1km/2023166", window)
    assert day == pytest.approx(np.array([[300, 300], [np.nan, np.nan]]), nan_ok=True)
    assert stack.read("modis_lst/LST_Night_1km/2023166", window) == pytest.approx(300)
    night = tmp_path / "modis/MOD11A1.061_QC_Night_doy2023166_aid0001.tif"
    night.unlink()
    stack, window = stack_of(tmp_path, SINUSOIDAL, 926.625433056, -9e6, 4e6, 2)
    with pytest.raises(RequestError, match=r"QC_Night.* is missing beside"):
        stack.read("modis_lst/LST_Night_1km/2023166", window)


def test_a_reliability_of_minus_one_is_no_good_pixel(tmp_path):
    reliability = np.array([[0, 1], [3, -1]], np.int8)
    ndvi = np.full((2, 2), 6000, np.int16)
    for layer, values in (("500m_16_days_NDVI", ndvi),
                          ("500m_16_days_pixel_reliability", reliability)):  # fmt: skip
        name = f"modis/MOD13A1.061__{layer}_doy2023161_aid0001.tif"
        write_tif(tmp_path / name, values, -9e6, 4e6, 463.312716528, SINUSOIDAL)
    stack, window = stack_of(tmp_path, SINUSOIDAL, 463.312716528, -9e6, 4e6, 2)
    read = stack.read("modis_ndvi/500m_16_days_NDVI/2023161", window)
    assert read == pytest.approx(np.array([[0.6, 0.6], [np.nan, np.nan]]), nan_ok=True)


def test_a_real_sentinel_1_scene_is_db_and_its_power_is_refused(shared, tmp_path):
    import rasterio

    path = next((shared / "realdata/surface/s1_single").glob("*.tif"))
    catalog = load_catalog([], tmp_path)
    report = check_file(path, catalog)
    assert (report.source, report.ok) == ("sentinel1", True), report.findings
    with rasterio.open(path) as data:
        db, profile = data.read(1), data.profile
    power = np.where(db == -99, -99, 10 ** (db / 10)).astype(np.float32)
    other = tmp_path / path.name
    with rasterio.open(other, "w", **profile) as out:
        out.write(power, 1)
    assert [finding.code for finding in check_file(other, catalog).findings] == ["NOT_DB"]
