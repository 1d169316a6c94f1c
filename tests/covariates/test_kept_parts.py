"""What is kept of remote rasters and Zarr stores: a region's parts, by the catalog's rules."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from rootzone._shared.errors import RequestError
from rootzone.covariates.fetch.run_transfer import Patience
from rootzone.covariates.fetch.zarr_parts import region_of_store
from rootzone.covariates.grid import MasterGrid
from rootzone.covariates.layers.catalog import Catalog
from rootzone.covariates.layers.source import Source
from rootzone.covariates.layers.stack import CovariateStack
from tests.covariates.http_server import Served, serve
from tests.covariates.test_remote_parts import served

BOUNDS = (149.0, -35.5, 149.2, -35.3)
GRID = MasterGrid.for_bounds(BOUNDS, 250.0, 16, "EPSG:32755")
SIDE, CHUNK = 2000, 100  # 0.01 degree, 140 to 160 E and 30 to 50 S


def write_store(folder, version, **more):
    zarr = pytest.importorskip("zarr")
    rng = np.random.default_rng(0)
    values = rng.integers(0, 1000, (SIDE, SIDE)).astype("int16")
    lat, lon = -30.005 - 0.01 * np.arange(SIDE), 140.005 + 0.01 * np.arange(SIDE)
    group = zarr.open_group(folder, mode="w", zarr_format=version)
    for name, data, chunks, names in (
        ("lat", lat, (SIDE,), ["lat"]), ("lon", lon, (SIDE,), ["lon"]),
        ("sand", values, (CHUNK, CHUNK), ["lat", "lon"]),
    ):  # fmt: skip
        told = {"dimension_names": names} if version == 3 else {}
        array = group.create_array(
            name, shape=data.shape, chunks=chunks, dtype=data.dtype, compressors=None,
            fill_value=-1 if name == "sand" else np.nan, **told, **more,
        )  # fmt: skip
        if version == 2:
            array.attrs["_ARRAY_DIMENSIONS"] = names
        array[:] = data
    return values


def store_source(root):
    return Source(
        title="t", reader="zarr", kind="continuous", path=root + "/soil.zarr", variable="sand",
        crs="EPSG:4326", scale=0.1, unit="%", range=(0, 100), resampling="nearest",
    )  # fmt: skip


def test_a_store_at_an_address_costs_the_chunks_of_the_region_and_the_next_reading_nothing(
    tmp_path,
):
    values = write_store(tmp_path / "served/soil.zarr", 2)
    here = tmp_path / "data"
    with served(tmp_path / "served") as (root, sent):
        catalog = Catalog({"a": store_source(root)}, here)
        with CovariateStack(catalog, GRID, BOUNDS) as stack:
            read = stack.read("a", GRID.full_window)
    lon, lat = GRID.lon_lat(*np.mgrid[0 : GRID.height, 0 : GRID.width])
    row, col = np.floor((-30.0 - lat) / 0.01), np.floor((lon - 140.0) / 0.01)
    edge = np.abs((lon - 140.0) * 100 % 1 - 0.5) < 0.48  # not on a border of two pixels
    edge &= np.abs((-30.0 - lat) * 100 % 1 - 0.5) < 0.48
    expected = values[row.astype(int), col.astype(int)] * np.float32(0.1)
    assert read[edge] == pytest.approx(expected[edge])
    # 35.25 to 35.55 S are rows 525 to 555, 148.95 to 149.25 E columns 895 to 925: 1 x 2 chunks.
    needed = 2 * CHUNK * CHUNK * 2 + 2 * SIDE * 8
    assert sent[0] <= 1.5 * needed
    # The server is gone; what is asked for again lies here.
    with CovariateStack(Catalog({"a": store_source(root)}, here), GRID, BOUNDS) as stack:
        np.testing.assert_array_equal(stack.read("a", GRID.full_window), read)


def pages_of(folder):
    return {
        "/soil.zarr/" + path.relative_to(folder).as_posix(): Served(path.read_bytes())
        for path in folder.rglob("*") if path.is_file()
    }  # fmt: skip


def test_a_chunk_that_the_store_lacks_is_its_fill_and_broken_answers_are_asked_for_again(tmp_path):
    write_store(tmp_path / "soil.zarr", 2)
    pages = pages_of(tmp_path / "soil.zarr")
    del pages["/soil.zarr/sand/5.8"]
    chunk = pages["/soil.zarr/sand/5.9"]
    chunk.drops, chunk.drop_after = 2, 5000
    with serve(pages) as root:
        args = (root + "/soil.zarr", "sand", BOUNDS, tmp_path / "data", "EPSG:4326")
        store = region_of_store(*args, Patience(4, 0.0))
        assert (store / "sand/5.9").stat().st_size == CHUNK * CHUNK * 2
        asked = sum(len(page.requests) for page in pages.values())
        region_of_store(*args, Patience(4, 0.0))
        assert sum(len(page.requests) for page in pages.values()) == asked
    with rasterio.open(f'ZARR:"{store}":/sand') as data:
        assert (data.read(1)[520:560, 890:900] == -1).all()


@pytest.mark.parametrize(
    ("path", "told"),
    [("http://192.0.2.1/soil.zarr", "192.0.2.1"), ("https://example.org/soil.zarr", "example.org")],
)
def test_a_store_of_a_host_that_was_not_allowed_is_not_asked(tmp_path, path, told):
    with pytest.raises(RequestError, match=told):
        region_of_store(path, "sand", BOUNDS, tmp_path)
    assert not (tmp_path / ".kept").exists()


def test_an_array_of_a_store_that_cannot_be_read_is_named(tmp_path):
    write_store(tmp_path / "soil.zarr", 2)
    with serve(pages_of(tmp_path / "soil.zarr")) as root:
        url = root + "/soil.zarr"
        with pytest.raises(RequestError, match="no array of a Zarr store"):
            region_of_store(url, "clay", BOUNDS, tmp_path / "d")
        with pytest.raises(RequestError, match="is no name of an array"):
            region_of_store(url, "../sand", BOUNDS, tmp_path / "d")
        with pytest.raises(RequestError, match="lies outside"):
            region_of_store(url, "sand", (10.0, 50.0, 10.2, 50.2), tmp_path / "d", "EPSG:4326")


@pytest.mark.skipif(rasterio.__gdal_version__ >= "3.11", reason="GDAL may read it")
def test_a_store_of_version_3_is_refused_by_name(tmp_path):
    write_store(tmp_path / "soil.zarr", 3)
    refused = pytest.raises(RequestError, match="version 3 of the format")
    with serve(pages_of(tmp_path / "soil.zarr")) as root, refused:
        region_of_store(root + "/soil.zarr", "sand", BOUNDS, tmp_path / "d", "EPSG:4326")


def test_a_remote_raster_that_is_kept_is_fetched_once(tmp_path):
    side, block = 1024, 128
    rng = np.random.default_rng(0)
    left, top = GRID.left - 300 * 250.0, GRID.top + 300 * 250.0
    folder = tmp_path / "served"
    folder.mkdir()
    with rasterio.open(
        folder / "sand.tif", "w", driver="GTiff", count=2, dtype="int16", width=side, height=side,
        crs=GRID.crs, tiled=True, blockxsize=block, blockysize=block, interleave="band",
        transform=from_origin(left, top, 250, 250), nodata=-1,
    ) as file:  # fmt: skip
        file.write(rng.integers(0, 1000, (2, side, side)).astype("int16"))
    with rasterio.open(folder / "sand.tif") as file:
        expected = file.read(2)[300 : 300 + GRID.height, 300 : 300 + GRID.width] * np.float32(0.1)

    def read(root):
        source = Source(
            title="t", reader="raster", kind="continuous", path=root + "/sand.tif", band=2,
            keep=True, scale=0.1, unit="%", range=(0, 100),
        )  # fmt: skip
        with CovariateStack(Catalog({"a": source}, tmp_path), GRID, BOUNDS) as stack:
            return stack.read("a", GRID.full_window)

    with served(folder) as (root, sent):
        assert read(root) == pytest.approx(expected)
    # The box and its margin of 0.05 degrees (22 px) and 3 px touch blocks 2 to 3 each way.
    first = (300 - 25) // block
    across = (300 + GRID.width + 25) // block - first + 1
    down = (300 + GRID.height + 25) // block - first + 1
    assert sent[0] <= 1.5 * across * down * block * block * 2
    (kept,) = (tmp_path / ".kept").glob("*.tif")
    # The same address again: only its header is asked for, no pixel.
    assert kept.stat().st_size > 0
