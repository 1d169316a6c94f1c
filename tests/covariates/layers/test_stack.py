"""Layers on the master grid: alignment, resampling, nodata, independence of windows."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from pyproj import Transformer

from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import Window
from rootzone.covariates.layers.catalog import load_catalog
from rootzone.covariates.layers.stack import CovariateStack
from tests.covariates.rasters import ALBERS_WGS84, GRID, catalog, polaris_like, write_tif

CLASSES = {"reader": "nlcd", "kind": "class", "legend": "nlcd", "path": "nlcd.tif"}


def nlcd_codes(shape, seed=0):
    codes = np.array([11, 21, 31, 41, 42, 43, 52, 71, 81, 82, 90, 95], dtype=np.uint8)
    return np.random.default_rng(seed).choice(codes, shape)


def degrees_plane(folder, name="plane.tif", transform=None, pixel=0.001):
    """A plane in longitude and latitude, which bilinear interpolation returns exactly."""
    centre = (np.arange(300) + 0.5) * pixel
    x, y = np.meshgrid(-105.4 + centre, 40.1 - centre)
    values = 100 + 20 * (x + 105.3) + 30 * (y - 40.0)
    if transform is not None:
        values = transform(values)
    return write_tif(folder / name, values.astype(np.float32), -105.4, 40.1, pixel, "EPSG:4326")


def plane_at(grid, window):
    row, col = np.mgrid[
        window.row : window.row + window.height, window.col : window.col + window.width
    ]
    x_m, y_m = grid.xy_m(row, col)
    lon, lat = Transformer.from_crs(grid.crs, "EPSG:4326", always_xy=True).transform(x_m, y_m)
    return 100 + 20 * (lon + 105.3) + 30 * (lat - 40.0)


@pytest.mark.parametrize("crs", ["EPSG:5070", ALBERS_WGS84])
def test_a_raster_on_the_lattice_is_read_pixel_for_pixel(tmp_path, crs):
    # Its corner lies 10 columns left of and 20 rows above the grid's, in whole pixels.
    codes = nlcd_codes((400, 400))
    write_tif(tmp_path / "nlcd.tif", codes, GRID.left - 300, GRID.top + 600, 30, crs, nodata=0)
    with CovariateStack(catalog(tmp_path, nlcd=CLASSES), GRID) as stack:
        window = Window(5, 7, 40, 50)
        assert np.array_equal(stack.read("nlcd", window), codes[25:65, 17:67])


def test_sub_millimetre_jitter_of_a_coverage_service_is_still_the_lattice(tmp_path):
    # data_formats.md 4: the WCS adds sub-millimetre jitter to the geotransform.
    codes = nlcd_codes((200, 200))
    write_tif(tmp_path / "nlcd.tif", codes, GRID.left + 0.0004, GRID.top - 0.0007, 30, "EPSG:5070")
    with CovariateStack(catalog(tmp_path, nlcd=CLASSES), GRID) as stack:
        assert np.array_equal(stack.read("nlcd", Window(0, 0, 64, 64)), codes[:64, :64])


def test_nlcd_half_a_pixel_off_is_refused_with_the_shift_and_the_remedy(tmp_path):
    # data_formats.md fact 5: edges at multiples of 30 m are 15 m off.
    write_tif(
        tmp_path / "nlcd.tif",
        nlcd_codes((200, 200)),
        GRID.left + 15,
        GRID.top - 15,
        30,
        "EPSG:5070",
    )
    with (
        CovariateStack(catalog(tmp_path, nlcd=CLASSES), GRID) as stack,
        pytest.raises(RequestError, match=r"MISALIGNED .*15.000 m east.*gdal_edit.py -a_ullr"),
    ):
        stack.read("nlcd", Window(0, 0, 8, 8))


def test_nlcd_half_a_pixel_off_is_snapped_only_when_asked(tmp_path):
    codes = nlcd_codes((200, 200))
    write_tif(tmp_path / "nlcd.tif", codes, GRID.left + 10, GRID.top - 10, 30, "EPSG:5070")
    entry = {**CLASSES, "on_misaligned": "snap"}
    with CovariateStack(catalog(tmp_path, nlcd=entry), GRID) as stack:
        # By hand: 10 m off, so the centre of our pixel lies in the source pixel of the same index.
        assert np.array_equal(stack.read("nlcd", Window(1, 1, 32, 32)), codes[1:33, 1:33])


def test_outside_the_source_there_is_nodata(tmp_path):
    write_tif(tmp_path / "nlcd.tif", nlcd_codes((10, 10)), GRID.left, GRID.top, 30, "EPSG:5070")
    degrees_plane(tmp_path)
    entries = {"nlcd": CLASSES, "plane": {"path": "plane.tif"}}
    with CovariateStack(catalog(tmp_path, **entries), GRID) as stack:
        codes = stack.read("nlcd", Window(5, 5, 10, 10))
        assert (codes[:5, :5] != 0).all()
        assert (codes[5:] == 0).all()
        assert stack.read("plane", Window(0, 0, 4, 4)).dtype == np.float32


def test_bilinear_returns_a_plane_exactly(tmp_path):
    # A bilinear interpolation of a plane is the plane: 1e-4 is float32 at a value of 100.
    degrees_plane(tmp_path)
    with CovariateStack(catalog(tmp_path, plane={"path": "plane.tif"}), GRID) as stack:
        window = GRID.full_window
        assert stack.read("plane", window) == pytest.approx(plane_at(GRID, window), abs=1e-4)


def test_a_logarithm_is_interpolated_as_a_logarithm(tmp_path):
    # log10 of 10**plane is the plane; interpolating the natural values would not return it.
    degrees_plane(tmp_path, transform=lambda plane: (plane - 100) / 2)
    entry = {"path": "plane.tif", "unit": "log10(cm h-1)"}
    with CovariateStack(catalog(tmp_path, ksat=entry), GRID) as stack:
        window = Window(0, 0, 64, 64)
        expected = (plane_at(GRID, window) - 100) / 2
        assert stack.read("ksat", window) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("size_px", [17, 64, 100])
@pytest.mark.parametrize("how", ["bilinear", "nearest"])
def test_a_pixel_is_the_same_in_every_window(tmp_path, size_px, how):
    rng = np.random.default_rng(1)
    # 1 arc-second, as POLARIS and 3DEP: pixels of 24 x 31 m, a little finer than ours across.
    write_tif(
        tmp_path / "rough.tif",
        rng.normal(size=(300, 300)).astype(np.float32),
        -105.32,
        40.03,
        1 / 3600,
        "EPSG:4326",
        nodata=-9999,
    )
    entry = {"path": "rough.tif", "resampling": how}
    with CovariateStack(catalog(tmp_path, rough=entry), GRID) as stack:
        whole = stack.read("rough", GRID.full_window)
        assert np.isfinite(whole).mean() > 0.5
        for window in GRID.windows(size_px):
            part = whole[
                window.row : window.row + window.height, window.col : window.col + window.width
            ]
            assert np.array_equal(stack.read("rough", window), part, equal_nan=True)


def test_a_mosaic_has_no_seam(tmp_path):
    polaris_like(tmp_path)
    entry = {
        "reader": "raster",
        "tiles": {"name": "lat{south}{north}_lon{west}{east}"},
        "path": "polaris/{variable}/mean/{depth}/{tile}.tif",
        "nodata": (-9999,),
        "depths_cm": ((15, 30),),
        "variables": {"sand": {"unit": "%", "range": (0, 100)}},
    }
    # The grid lies across the corner where four tiles meet: -105, 40.
    from rootzone.covariates.grid import MasterGrid

    bounds = (-105.02, 39.985, -104.98, 40.015)
    grid = MasterGrid.for_bounds(bounds)
    with CovariateStack(catalog(tmp_path, polaris=entry), grid, bounds) as stack:
        sand = stack.read("polaris/sand/15_30", grid.full_window)
    row, col = np.mgrid[0 : grid.height, 0 : grid.width]
    lon, lat = grid.lon_lat(row, col)
    # The tiles hold the plane 40 + 10 (lon + 105) + 5 (lat - 40), so the mosaic must too.
    assert sand == pytest.approx(40 + 10 * (lon + 105) + 5 * (lat - 40), abs=1e-4)


def test_a_missing_tile_is_an_error_that_names_it(tmp_path):
    polaris_like(tmp_path, skip=("lat3940_lon-105-104",))
    packed = load_catalog([], tmp_path)
    stack = CovariateStack(packed, GRID, bounds=(-105.5, 39.5, -104.5, 40.5))
    message = r"1 of 4 files are missing .*polaris/sand/mean/15_30/lat3940_lon-105-104.tif"
    with pytest.raises(RequestError, match=message):
        stack.read("polaris/sand/15_30", Window(0, 0, 8, 8))
    with pytest.raises(RequestError, match=r"polaris/sand/30_60: 4 of 4 files are missing"):
        stack.read("polaris/sand/30_60", Window(0, 0, 8, 8))


def test_a_missing_tile_may_become_a_counted_gap(tmp_path):
    polaris_like(tmp_path, skip=("lat3940_lon-105-104",))
    packed = load_catalog([], tmp_path)
    entry = packed.source("polaris").model_copy(update={"on_missing_tile": "nodata"})
    packed.sources["polaris"] = entry
    with CovariateStack(packed, GRID, bounds=(-105.5, 39.5, -104.5, 40.5)) as stack:
        assert np.isfinite(stack.read("polaris/sand/15_30", Window(0, 0, 8, 8))).all()
        assert stack.gaps("polaris/sand/15_30") == ("lat3940_lon-105-104.tif",)


def test_nodata_beside_a_value_does_not_leak_into_it(tmp_path):
    # Half the raster is -9999; every value that is returned must still be the plane's.
    def half(plane):
        plane = plane.copy()
        plane[:, 112:] = -9999
        return plane

    degrees_plane(tmp_path, transform=half)
    entry = {"path": "plane.tif", "nodata": (-9999,)}
    with CovariateStack(catalog(tmp_path, plane=entry), GRID) as stack:
        values = stack.read("plane", GRID.full_window)
        known = np.isfinite(values)
        assert 0.2 < known.mean() < 0.8
        # Beside the edge the nearest column stands in: at most half a pixel, 20 * 0.0005 = 0.01.
        assert values[known] == pytest.approx(plane_at(GRID, GRID.full_window)[known], abs=0.011)


def test_an_undeclared_nodata_is_out_of_range_not_a_number(tmp_path):
    degrees_plane(tmp_path, transform=lambda plane: np.where(plane > 99.9, -9999, plane))
    entry = {"path": "plane.tif", "range": (0, 200), "unit": "%"}
    with (
        CovariateStack(catalog(tmp_path, plane=entry), GRID) as stack,
        pytest.raises(RequestError, match=r"OUT_OF_RANGE plane.*only 0 to 200 can be true"),
    ):
        stack.read("plane", GRID.full_window)


def test_unknown_codes_are_refused_with_their_counts(tmp_path):
    codes = np.full((200, 200), 41, dtype=np.uint8)
    codes[3, 4:6] = 77
    write_tif(tmp_path / "nlcd.tif", codes, GRID.left, GRID.top, 30, "EPSG:5070")
    with (
        CovariateStack(catalog(tmp_path, nlcd=CLASSES), GRID) as stack,
        pytest.raises(RequestError, match=r"UNKNOWN_CODES nlcd, .*77 \(2 px\)"),
    ):
        stack.read("nlcd", Window(0, 0, 64, 64))


def test_kottek_codes_under_the_beck_legend_name_the_other_numbering(tmp_path):
    write_tif(
        tmp_path / "k.tif", np.full((90, 90), 31, np.uint8), -105.5, 40.2, 1 / 120, "EPSG:4326"
    )
    entry = {"reader": "koppen", "kind": "class", "legend": "koppen_beck", "path": "k.tif"}
    with (
        CovariateStack(catalog(tmp_path, koppen=entry), GRID) as stack,
        pytest.raises(RequestError, match=r"31 \(64 px\).*set legend: koppen_kottek"),
    ):
        stack.read("koppen", Window(0, 0, 8, 8))


def test_a_raster_in_another_crs_than_promised_is_refused(tmp_path):
    write_tif(tmp_path / "nlcd.tif", nlcd_codes((20, 20)), 480_000, 4_430_000, 30, "EPSG:32613")
    entry = {**CLASSES, "crs": ALBERS_WGS84}
    with (
        CovariateStack(catalog(tmp_path, nlcd=entry), GRID) as stack,
        pytest.raises(RequestError, match=r"the file is in WGS 84 / UTM zone 13N"),
    ):
        stack.read("nlcd", Window(0, 0, 8, 8))


def test_sampling_scattered_pixels_equals_reading_windows(tmp_path):
    degrees_plane(tmp_path)
    rng = np.random.default_rng(3)
    row, col = rng.integers(0, GRID.height, 50), rng.integers(0, GRID.width, 50)
    with CovariateStack(catalog(tmp_path, plane={"path": "plane.tif"}), GRID) as stack:
        whole = stack.read("plane", GRID.full_window)
        assert np.array_equal(stack.sample("plane", row, col), whole[row, col])


def test_a_stack_survives_pickling(tmp_path):
    degrees_plane(tmp_path)
    stack = CovariateStack(catalog(tmp_path, plane={"path": "plane.tif"}), GRID)
    before = stack.read("plane", Window(0, 0, 8, 8))
    after = pickle.loads(pickle.dumps(stack)).read("plane", Window(0, 0, 8, 8))  # noqa: S301 - our own bytes
    assert np.array_equal(before, after)


def test_scale_and_offset_are_applied_once(tmp_path):
    # data_formats.md fact 9: reflectance = DN * 2.75e-5 - 0.2, so DN 20000 is 0.35.
    write_tif(
        tmp_path / "dn.tif",
        np.full((99, 99), 20000, np.uint16),
        GRID.left,
        GRID.top,
        30,
        "EPSG:5070",
    )
    entry = {"path": "dn.tif", "scale": 2.75e-5, "offset": -0.2}
    with CovariateStack(catalog(tmp_path, red=entry), GRID) as stack:
        assert stack.read("red", Window(0, 0, 4, 4)) == pytest.approx(0.35, abs=1e-6)


def test_weather_is_not_a_layer(tmp_path):
    stack = CovariateStack(load_catalog([], tmp_path), GRID)
    with pytest.raises(RequestError, match="prepared by rootzone forcing"):
        stack.read("gridmet/pr/2023", Window(0, 0, 4, 4))
