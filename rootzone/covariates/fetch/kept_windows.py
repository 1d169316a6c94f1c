"""The part of a remote raster that a region touches, kept below the data folder.

Without it every process that reads a remote raster fetches its own blocks again. With
``keep: true`` in the entry the region's window is fetched once, whole blocks of it, and read from
this machine afterwards; a region inside one that was kept asks the server for a header only.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from rootzone._shared.atomic import atomic_path
from rootzone._shared.errors import RequestError
from rootzone._shared.open_files import NETWORK, open_raster
from rootzone.covariates.fetch.zarr_parts import KEPT
from rootzone.covariates.grid import Bounds
from rootzone.covariates.layers.mosaic import Piece
from rootzone.covariates.layers.windows import window_of

_KEPT_NAME = re.compile(r"_(\d+)_(\d+)_(\d+)_(\d+)\.tif$")
_STRIP_PX = 1 << 24  # pixels held at a time


def kept_window(piece: Piece, bounds: Bounds, band: int, data_folder: Path) -> Piece:
    """The header of a local file that holds a remote raster's pixels of a region.

    Parameters
    ----------
    piece : Piece
        The remote raster.
    bounds : tuple of float
        West, south, east, north [degree] that will be read.
    band : int
        Band of it.
    data_folder : Path
        The file is kept in ``.kept`` below it.

    Raises
    ------
    RequestError
        The region lies outside, or the server fails.
    """
    from rasterio.errors import RasterioIOError

    if piece.masked:
        raise RequestError(
            f"{piece.uri} has a mask beside its values, which is not kept. Leave out keep: true."
        )
    row, col, height, width = window_of(piece, bounds)
    key = hashlib.sha256(f"{piece.uri} {band}".encode()).hexdigest()[:16]
    folder = data_folder / KEPT
    found = _holding(folder, key, (row, col, height, width))
    if found is None:
        try:
            with open_raster(piece.uri) as remote:
                box = _whole_blocks(remote, row, col, height, width)
                found = folder / f"{key}_{'_'.join(map(str, box))}.tif", box
                _copy(remote, band, box, found[0])
        except RasterioIOError as error:
            raise RequestError(f"{piece.uri} cannot be read: {error}") from error
    path, (row, col, height, width) = found
    return replace(
        piece, uri=str(path), left=piece.left + col * piece.pixel_x,
        top=piece.top - row * piece.pixel_y, width=width, height=height,
    )  # fmt: skip


def _holding(
    folder: Path, key: str, box: tuple[int, int, int, int]
) -> tuple[Path, tuple[int, int, int, int]] | None:
    """A file that was kept before and holds these pixels."""
    row, col, height, width = box
    for path in sorted(folder.glob(f"{key}_*.tif")) if folder.is_dir() else ():
        match = _KEPT_NAME.search(path.name)
        if match is None:
            continue
        top, left, high, wide = (int(text) for text in match.groups())
        inside = top <= row and left <= col
        if inside and row + height <= top + high and col + width <= left + wide:
            return path, (top, left, high, wide)
    return None


def _whole_blocks(
    remote: Any,  # noqa: ANN401 - rasterio is untyped
    row: int,
    col: int,
    height: int,
    width: int,
) -> tuple[int, int, int, int]:
    high, wide = remote.block_shapes[0]
    top, left = row // high * high, col // wide * wide
    bottom = min(-(-(row + height) // high) * high, remote.height)
    right = min(-(-(col + width) // wide) * wide, remote.width)
    return top, left, bottom - top, right - left


def _copy(remote: Any, band: int, box: tuple[int, int, int, int], path: Path) -> None:  # noqa: ANN401
    """Write a window as GeoTIFF, a strip of blocks at a time."""
    import rasterio
    from rasterio.windows import Window

    row, col, height, width = box
    step = remote.block_shapes[0][0]
    step *= max(1, _STRIP_PX // (step * width))
    profile = {
        "driver": "GTiff", "count": 1, "height": height, "width": width,
        "dtype": remote.dtypes[band - 1], "crs": remote.crs, "nodata": remote.nodata,
        "tiled": True, "compress": "deflate", "BIGTIFF": "IF_SAFER",
        "transform": remote.window_transform(Window(col, row, width, height)),
    }  # fmt: skip
    with (
        rasterio.Env(**NETWORK),
        atomic_path(path) as temporary,
        rasterio.open(temporary, "w", **profile) as out,
    ):
        out.scales, out.offsets = (remote.scales[band - 1],), (remote.offsets[band - 1],)
        for top in range(0, height, step):
            size = min(step, height - top)
            part = remote.read(band, window=Window(col, row + top, width, size))
            out.write(part, 1, window=Window(0, top, width, size))
