"""How each product is laid out on disk: from a layer's address to a raster GDAL can open."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray
from rootzone._shared.errors import RequestError
from rootzone.covariates.fetch.checksums import check_inputs
from rootzone.covariates.grid import Bounds
from rootzone.covariates.layers.catalog import Layer, fill, is_address
from rootzone.covariates.layers.mosaic import (
    Piece,
    degree_tiles,
    dem_tile,
    missing_files,
    polaris_tile,
    read_piece,
    virtual_raster,
)

# EASE-Grid 2.0 global, outer edges [m]: 9 km cells of 9008.055210146 m (NSIDC).
EASE2_BOUNDS = (-17367530.45, -7314540.83, 17367530.45, 7314540.83)
_TILE_NAMES: dict[str, Callable[[int, int], str]] = {"polaris": polaris_tile, "dem": dem_tile}
_LISTED = 6

# Landsat Collection 2 QA_PIXEL: fill, dilated cloud, cirrus, cloud, shadow, snow (bits 0 to 5).
LANDSAT_BAD_BITS = 0b111111
SMAP_GOOD_FLAGS = (0, 8)


@dataclass(frozen=True)
class Quality:
    """A second raster that says which values count.

    Parameters
    ----------
    raster : str
        Virtual raster of the flags, on the lattice of the values.
    good : callable
        True where a flag lets the value count.
    """

    raster: str
    good: Callable[[AnyArray], BoolArray]


@dataclass(frozen=True)
class Opened:
    """What the stack needs of a layer.

    Parameters
    ----------
    raster : str
        Virtual raster as text.
    piece : Piece
        Header of the whole: coordinate system, corner and pixel size.
    files : tuple of Path
        Files it reads.
    gaps : tuple of str
        Tiles that are not there and count as nodata.
    quality : Quality, optional
        Flags.
    scale, offset : float
        Factor and term from stored to physical values.
    """

    raster: str
    piece: Piece
    files: tuple[Path, ...]
    gaps: tuple[str, ...] = ()
    quality: Quality | None = None
    scale: float = 1.0
    offset: float = 0.0


def open_layer(layer: Layer, data_folder: Path, bounds: Bounds) -> Opened:
    """Find a layer's files and lay them out as one raster.

    Parameters
    ----------
    layer : Layer
        What to open.
    data_folder : Path
        Folder its path starts from.
    bounds : tuple of float
        West, south, east, north [degree] that will be read; tiles beyond it are not looked for.

    Raises
    ------
    RequestError
        Files are missing, cannot be read, or are not what the catalog says.
    """
    reader = layer.source.reader
    if reader == "gridmet":
        raise RequestError(
            f"{layer.address} is daily weather, not a layer of the stack; it is prepared by "
            "rootzone forcing."
        )
    if layer.source.kind == "table":
        raise RequestError(f"{layer.address} is a table, not a layer of the stack.")
    if is_remote(layer):
        return _opened(layer, _pieces(layer, _remote_uris(layer, bounds)), (), ())
    paths, gaps = _files(layer, data_folder, bounds)
    if reader == "smap":
        return _open_smap(layer, paths[-1])
    if reader == "landsat":
        return _open_landsat(layer, paths[0])
    pieces = _pieces(layer, [_uri(layer, path) for path in paths])
    return _opened(layer, pieces, tuple(paths), gaps)


def is_remote(layer: Layer) -> bool:
    """Whether a layer's path is an address, read where it lies."""
    return is_address(layer.source.path)


def _remote_uris(layer: Layer, bounds: Bounds) -> list[str]:
    """GDAL reads the parts of a remote file it needs; virtual rasters and cloud-optimised TIFFs."""
    pattern = layer.path_pattern()
    tiles = tiles_of(layer, bounds) if "{tile}" in pattern else [""]
    return ["/vsicurl/" + fill(pattern, {"tile": tile}) for tile in tiles]


def _pieces(layer: Layer, uris: list[str]) -> tuple[Piece, ...]:
    return tuple(_checked(layer, read_piece(uri, layer.source.crs)) for uri in uris)


def _opened(
    layer: Layer, pieces: tuple[Piece, ...], files: tuple[Path, ...], gaps: tuple[str, ...]
) -> Opened:
    is_class = layer.source.kind == "class"
    dtype = None if is_class else "float32"
    nodata = layer.source.nodata[0] if layer.source.nodata else (0.0 if is_class else None)
    raster = virtual_raster(pieces, layer.source.band, nodata, dtype)
    scale, offset = (1.0, 0.0) if is_class else _packing(layer, pieces)
    return Opened(raster, read_piece(raster), files, gaps, scale=scale, offset=offset)


def _packing(layer: Layer, pieces: tuple[Piece, ...]) -> tuple[float, float]:
    """Factor and term: the catalog's where it gives them, the file's own in CF NetCDF.

    Elsewhere a factor inside the file is no agreement: MODIS files say 10000 and mean a division.
    """
    source = layer.source
    declared = {(piece.scale, piece.offset) for piece in pieces}
    if {"scale", "offset"} & source.model_fields_set or declared == {(1.0, 0.0)}:
        return source.scale, source.offset
    if len(declared) == 1 and pieces[0].uri.startswith("NETCDF:"):
        return pieces[0].scale, pieces[0].offset
    scale, offset = sorted(declared)[-1]
    raise RequestError(
        f"{layer.address}: {pieces[0].uri} declares scale {scale:g} and offset {offset:g}, the "
        "catalog none. Write scale and offset into the entry: products differ in whether they "
        "mean a factor or a divisor."
    )


def tiles_of(layer: Layer, bounds: Bounds) -> list[str]:
    """Names of the one-degree tiles of a layer that a box touches."""
    name = _TILE_NAMES[layer.source.reader]
    return [name(lon, lat) for lon, lat in degree_tiles(bounds)]


def layer_files(layer: Layer, data_folder: Path, bounds: Bounds) -> list[Path]:
    """Files a layer needs, whether they are there or not; globs give those that are there.

    A layer that is read over the network needs none.
    """
    pattern = layer.path_pattern()
    if is_remote(layer):
        return []
    if "{tile}" in pattern:
        return [data_folder / fill(pattern, {"tile": tile}) for tile in tiles_of(layer, bounds)]
    if "{any}" in pattern:
        return _newest(sorted(data_folder.glob(pattern.replace("{any}", "*"))))
    return [data_folder / pattern]


def _newest(paths: list[Path]) -> list[Path]:
    """Granules by their reprocessing number, such as R19240: names sort, numbers decide."""
    return sorted(paths, key=lambda path: [int(n) for n in re.findall(r"_R(\d+)_", path.name)])


def _files(layer: Layer, data_folder: Path, bounds: Bounds) -> tuple[list[Path], tuple[str, ...]]:
    paths = layer_files(layer, data_folder, bounds)
    missing = missing_files(paths)
    there = [path for path in paths if path not in missing]
    if not there or (missing and layer.source.on_missing_tile == "refuse"):
        wanted = [str(p.relative_to(data_folder)) for p in missing] or [layer.path_pattern()]
        listed = ", ".join(wanted[:_LISTED]) + (", ..." if len(wanted) > _LISTED else "")
        raise RequestError(
            f"{layer.address}: {len(wanted)} of {max(len(paths), 1)} files are missing from "
            f"{data_folder}: {listed}. Fetch them with rootzone fetch, correct path in the "
            "catalog, or accept the hole with on_missing_tile: nodata."
        )
    check_inputs(there, data_folder)
    return there, tuple(path.name for path in missing)


def _uri(layer: Layer, path: Path) -> str:
    if path.suffix.lower() == ".hdf":
        return _hdf4_uri(layer, path)
    if layer.source.reader == "netcdf" or path.suffix.lower() == ".nc":
        return f'NETCDF:"{path}":{_variable(layer)}'
    if layer.source.reader == "zarr" or path.suffix.lower() == ".zarr":
        return f'ZARR:"{path}":/{_variable(layer)}'
    return str(path)


def _variable(layer: Layer) -> str:
    if layer.part is not None and layer.part.names:
        return layer.part.names[0]
    if layer.source.variable is None:
        raise RequestError(f"{layer.source_name}: say which variable of the file is meant.")
    return layer.source.variable


def _hdf4_uri(layer: Layer, path: Path) -> str:
    import rasterio

    with rasterio.Env() as environment:
        if "HDF4Image" not in environment.drivers():
            raise RequestError(
                f"{path} is HDF4, which this GDAL {rasterio.__gdal_version__} was built without "
                "(rasterio wheels never have it). Order the layer as GeoTIFF or NetCDF from "
                "AppEEARS or Harmony, or convert it where GDAL has HDF4: gdal_translate "
                f"'HDF4_EOS:EOS_GRID:\"{path.name}\":MOD_Grid_MCD15A3H:{_variable(layer)}' OUT.tif"
            )
    return f'HDF4_EOS:EOS_GRID:"{path}":MOD_Grid_MCD15A3H:{_variable(layer)}'


def _checked(layer: Layer, piece: Piece) -> Piece:
    """The piece, if its coordinate system is the one the catalog promises."""
    from pyproj import CRS

    if layer.source.crs is None or same_crs(piece.crs, layer.source.crs, piece.bounds):
        return piece
    found = CRS.from_user_input(piece.crs).name
    raise RequestError(
        f"{piece.uri}: the file is in {found}, {layer.source_name} in the catalog says "
        f"{layer.source.crs}. If the file was reprojected, take the original: classes would be "
        "shifted twice. If the file is right, correct crs in the catalog."
    )


def same_crs(one: str, other: str, bounds: Bounds) -> bool:
    """Whether two coordinate systems give the same numbers inside a box, to 0.1 mm or 1e-9 deg.

    Albers on NAD83 and on WGS 84 count as the same: PROJ puts them less than 0.1 mm apart.
    """
    from pyproj import CRS, Transformer

    a, b = CRS.from_user_input(one), CRS.from_user_input(other)
    if a.is_geographic != b.is_geographic:
        return False
    if a.equals(b, ignore_axis_order=True):
        return True
    x = np.linspace(bounds[0], bounds[2], 5)
    y = np.linspace(bounds[1], bounds[3], 5)
    moved_x, moved_y = Transformer.from_crs(a, b, always_xy=True).transform(x, y)
    tolerance = 1e-9 if a.is_geographic else 2e-4
    return bool(np.all(np.hypot(moved_x - x, moved_y - y) < tolerance))


def _open_landsat(layer: Layer, path: Path) -> Opened:
    """A band and its QA_PIXEL, which must lie on the same lattice."""
    quality_path = path.with_name(path.name.replace(layer.values["variable"], "QA_PIXEL"))
    if not quality_path.is_file():
        raise RequestError(
            f"{layer.address}: {quality_path.name} is missing beside {path.name}. Without it "
            "clouds would count as land; download the QA_PIXEL band of the same scene."
        )
    piece, quality = read_piece(str(path)), read_piece(str(quality_path))
    if (piece.bounds, piece.width) != (quality.bounds, quality.width):
        raise RequestError(f"{quality_path.name} does not cover the pixels of {path.name}.")
    flags = virtual_raster([quality], 1, 1.0, "uint16")
    opened = _opened(layer, (piece,), (path, quality_path), ())
    return replace(opened, quality=Quality(flags, _landsat_is_clear))


def _landsat_is_clear(flags: AnyArray) -> BoolArray:
    return np.asarray((flags.astype(np.uint16) & LANDSAT_BAD_BITS) == 0)


def _open_smap(layer: Layer, path: Path) -> Opened:
    """One pass of a day. Coordinates come from the grid: those in the file have holes."""
    name = layer.values["variable"]
    group = f"Soil_Moisture_Retrieval_Data_{name}"
    suffix = "_pm" if name == "PM" else ""
    pieces = [
        read_piece(f'HDF5:"{path}"://{group}/{dataset}{suffix}', layer.source.crs, EASE2_BOUNDS)
        for dataset in ("soil_moisture", "retrieval_qual_flag")
    ]
    flags = virtual_raster([pieces[1]], 1, 65534.0, "uint16")
    opened = _opened(layer, (pieces[0],), (path,), ())
    return replace(opened, quality=Quality(flags, _smap_is_recommended))


def _smap_is_recommended(flags: AnyArray) -> BoolArray:
    return np.asarray(np.isin(flags, SMAP_GOOD_FLAGS))
