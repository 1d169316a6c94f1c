"""The one place that opens rasters, NetCDF files and outlines that came from others.

GDAL knows about two hundred formats, some of which are recipes: a virtual raster (VRT), a WMS or a
``gdalg`` file tells it to read any other file or to ask any server, whatever its own name ends in.
So every reader opens files through the functions here. They look at the first bytes, hand GDAL the
single driver that the ending names, and close its way to the network unless an address was asked
for whose host the user allows.

Readers of new products use `open_raster`, `open_netcdf` or `read_geojson`, never ``rasterio.open``
or ``netCDF4.Dataset`` on a file they did not write a moment ago (a test holds that), `path_inside`
of `rootzone._shared.inside` for names that become written files, and `unpacked` of
`rootzone._shared.unpack` for anything compressed.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rootzone._shared.addresses import check_address
from rootzone._shared.errors import RequestError
from rootzone._shared.magic import kind_of_file, mismatch
from rootzone._shared.seal import check

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

# GDAL asks no server, whatever a file tells it to; `NETWORK` opens the way for one call.
CLOSED = {"CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".nothing-is-remote"}
# How GDAL reads a remote file: no listing of its folder, and never waiting for ever.
NETWORK: dict[str, Any] = {
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".tif,.tiff,.TIF,.TIFF",
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_HTTP_CONNECTTIMEOUT": 15,
    "GDAL_HTTP_TIMEOUT": 120,
    "GDAL_HTTP_MAX_RETRY": 3,
    "GDAL_HTTP_RETRY_DELAY": 2,
}
_DRIVERS_BY_SUFFIX: dict[str, tuple[str, ...]] = {
    ".tif": ("GTiff",),
    ".tiff": ("GTiff",),
    ".img": ("HFA",),
    ".asc": ("AAIGrid",),
    ".png": ("PNG",),
    ".jp2": ("JP2OpenJPEG",),
    ".nc": ("netCDF",),
    ".nc4": ("netCDF",),
    ".h5": ("HDF5", "HDF5Image"),
    ".hdf": ("HDF4", "HDF4Image", "HDF5", "HDF5Image"),
    ".zarr": ("Zarr",),
}
_SUBDATASET = re.compile(r'^(NETCDF|HDF5|HDF4_EOS:EOS_GRID|HDF4_SDS|ZARR):"([^"]+)":(.*)$', re.S)
_DRIVERS_BY_PREFIX: dict[str, tuple[str, ...]] = {
    "NETCDF": ("netCDF",),
    "HDF5": ("HDF5Image",),
    "HDF4_EOS:EOS_GRID": ("HDF4Image",),
    "HDF4_SDS": ("HDF4Image",),
    "ZARR": ("Zarr",),
}
_MOST_JSON_BYTES = 256 << 20

# Once for the process: GDAL reads options from its surroundings where none is set for a call, also
# in the second copy of it that pyogrio brings along, and also when blocks are read much later.
os.environ.update(CLOSED)


def open_raster(uri: str | Path) -> Any:  # noqa: ANN401 - rasterio is untyped
    """Open a raster as the one format that its ending names.

    Parameters
    ----------
    uri : str or Path
        A file (``.tif``, ``.img``, ``.asc``, ``.png``, ``.jp2``, ``.nc``, ``.h5``, ``.hdf``,
        ``.zarr``), a subdataset such as ``NETCDF:"x.nc":theta``, ``/vsicurl/`` and the address of a
        GeoTIFF whose host is allowed, or the text of a virtual raster that
        `rootzone.covariates.layers.mosaic` made of files opened here before.

    Raises
    ------
    rasterio.errors.RasterioIOError
        The file is of another format than its name says, of none of ours, or damaged.
    RequestError
        The address is not allowed, or the file is one of ours and not what was written.
    """
    import rasterio
    from rasterio.io import DatasetReader

    text = str(uri)
    wanted = _drivers_of(text)
    with rasterio.Env(**(NETWORK if text.startswith("/vsicurl/") else {})) as environment:
        there = [name for name in wanted if name in environment.drivers()]
        if not there:
            raise _refused(f"{text[:200]} needs GDAL's {wanted[0]}, which this one lacks")
        return DatasetReader(text, driver=there)  # rasterio.open takes a single driver only


def _drivers_of(text: str) -> Sequence[str]:
    if text.startswith("<VRTDataset"):
        return ("VRT",)
    if text.startswith("/vsicurl/"):
        check_address(text.removeprefix("/vsicurl/"))
        if not text.lower().endswith((".tif", ".tiff")):
            raise _refused(f"{text[9:209]} is no GeoTIFF, the one format read from an address")
        return ("GTiff",)
    part = _SUBDATASET.match(text)
    if part is not None:
        _check_content(Path(part[2]))
        return _DRIVERS_BY_PREFIX[part[1]]
    path = Path(text)
    _check_content(path)
    return _DRIVERS_BY_SUFFIX[path.suffix.lower()]


def _check_content(path: Path) -> None:
    """Refuse a file that is not what its name says, before a library looks at it."""
    suffix = path.suffix.lower()
    if suffix not in _DRIVERS_BY_SUFFIX:
        if suffix == ".vrt":
            raise _refused(
                f"{path} is a virtual raster, which can name any other file or server; it is not "
                "opened. Name its tiles in the catalog, or write it out: gdal_translate IN OUT.tif"
            )
        raise _refused(
            f"{path} ends in {suffix or 'nothing'!r}; rasters end in "
            f"{', '.join(_DRIVERS_BY_SUFFIX)}"
        )
    if suffix == ".zarr":
        _check_zarr(path)
        check(path)
        return
    if not path.is_file():
        raise _refused(f"{path} does not exist")
    wrong = mismatch(path, kind_of_file(path))
    if wrong is not None:
        raise _refused(f"{path} is {wrong}")
    check(path)  # those that a verb of ours wrote have their digest beside them


def _check_zarr(path: Path) -> None:
    """A Zarr store is a folder of numbers; a reference store names other files and servers."""
    if not path.is_dir():
        raise _refused(f"{path} is no Zarr folder")
    whole = path / ".zmetadata"
    if whole.is_file() and b'"record_size"' in whole.read_bytes()[: 1 << 20]:
        raise _refused(f"{path} is a store of references to other files; it is not opened")


def _refused(problem: str) -> Exception:
    from rasterio.errors import RasterioIOError

    error: Exception = RasterioIOError(f"{problem}.")
    return error


def open_netcdf(path: str | Path) -> Any:  # noqa: ANN401 - netCDF4 is untyped
    """Open a NetCDF file or an allowed OPeNDAP address for reading.

    Raises
    ------
    OSError
        It is missing, damaged, or not NetCDF by its first bytes.
    RequestError
        The address is not allowed.
    """
    import netCDF4

    text = str(path)
    if text.startswith(("http://", "https://")):
        check_address(text)
    else:
        kind = kind_of_file(Path(text))
        if kind not in ("hdf5", "netcdf3"):
            raise OSError(f"{text} is {kind}, not NetCDF")
    try:
        return netCDF4.Dataset(text)
    except RuntimeError as error:  # "NetCDF: HDF error" and its like
        raise OSError(f"{text}: {error}") from error


def check_outline_file(path: Path) -> None:
    """Refuse a GeoPackage or shapefile that is something else by its first bytes.

    Raises
    ------
    RequestError
        It is.
    """
    with path.open("rb") as handle:
        head = handle.read(16)
    wanted = {".gpkg": b"SQLite format 3\x00", ".shp": b"\x00\x00\x27\x0a"}[path.suffix.lower()]
    if not head.startswith(wanted):
        raise RequestError(
            f"{path} is not what its ending says by its first bytes ({head[:8]!r}); it is not "
            "opened. Save the outline anew."
        )


def read_geojson(path: Path) -> tuple[list[BaseGeometry], str]:
    """Shapes of a GeoJSON file and their coordinate system; GDAL has no part in it.

    Parameters
    ----------
    path : Path
        A FeatureCollection, Feature or geometry, in WGS 84 (RFC 7946) unless it has the older
        member ``crs`` with a name such as ``urn:ogc:def:crs:EPSG::26913``.

    Raises
    ------
    RequestError
        It is too large, not JSON, not GeoJSON, or its coordinate system is a link.
    """
    size = path.stat().st_size
    if size > _MOST_JSON_BYTES:
        raise RequestError(f"{path} has {size} bytes; at most {_MOST_JSON_BYTES} are read.")
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise RequestError(f"{path} cannot be read as polygons: no JSON ({error}).") from error
    return _shapes(data, path), _crs_of_json(data, path)


def _shapes(data: Any, path: Path) -> list[BaseGeometry]:  # noqa: ANN401 - plain JSON
    import shapely

    kind = data.get("type") if isinstance(data, dict) else None
    if kind == "FeatureCollection":
        features = data.get("features")
    elif kind == "Feature":
        features = [data]
    else:
        features = [{"geometry": data}]
    try:
        found = [feature["geometry"] for feature in features if feature["geometry"] is not None]
        return list(shapely.from_geojson([json.dumps(shape) for shape in found]))
    except (TypeError, KeyError, ValueError, shapely.errors.ShapelyError) as error:
        raise RequestError(
            f"{path} cannot be read as polygons: it is JSON of type {kind!r}, not GeoJSON "
            f"({type(error).__name__})."
        ) from error


def _crs_of_json(data: Any, path: Path) -> str:  # noqa: ANN401 - plain JSON
    told = data.get("crs")
    if told is None:
        return "EPSG:4326"
    try:
        if told["type"] != "name":
            raise RequestError(f"{path}: its coordinate system is a {told['type']}, not a name.")
        return str(told["properties"]["name"])
    except (TypeError, KeyError) as error:
        raise RequestError(f"{path}: its member crs names no coordinate system.") from error
