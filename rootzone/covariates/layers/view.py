"""One open source and how a window of the master grid is read from it."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rootzone._shared.arrays import AnyArray
from rootzone._shared.errors import RequestError
from rootzone._shared.open_files import NETWORK
from rootzone.covariates.grid import MasterGrid, Window
from rootzone.covariates.layers.opened import Opened

BLOCK_PX = 512
CACHE_BYTES = 96 << 20  # two rows of blocks across Colorado: a halo then costs no second reading


@dataclass
class View:
    """An open layer.

    Parameters
    ----------
    opened : Opened
        Files, packing and flags.
    dataset, quality : rasterio dataset
        Values, and the flags beside them where there are any.
    origin : tuple of int, optional
        Row and column of the source that are row 0, column 0 of the grid, where the two share one
        lattice. None for a warped view, which reaches one tile beyond the grid on every side.
    blocks : mapping
        The newest blocks of a warped view, oldest first.
    """

    opened: Opened
    dataset: Any
    quality: Any = None
    origin: tuple[int, int] | None = None
    blocks: OrderedDict[tuple[int, int, int], AnyArray] = field(default_factory=OrderedDict)


def stored_values(
    view: View,
    dataset: Any,  # noqa: ANN401 - rasterio is untyped
    window: Window,
    grid: MasterGrid,
) -> np.ma.MaskedArray[Any, Any]:
    """Stored values in a window of the grid, masked where the source has none.

    Parameters
    ----------
    view : View
        The layer.
    dataset : rasterio dataset
        Its values or its flags.
    window : Window
        Pixels of the grid; parts outside it are allowed within one tile.
    grid : MasterGrid
        The grid.

    Returns
    -------
    values : masked array, shape (row, col)
        As stored: scale and offset are not applied.

    Raises
    ------
    RequestError
        The window reaches further, or a part of the file cannot be read.
    """
    from rasterio.windows import Window as Part

    if view.origin is None:
        return _masked(_from_blocks(view, dataset, window, grid), dataset.nodata)
    row, col = window.row + view.origin[0], window.col + view.origin[1]
    top, left = max(row, 0), max(col, 0)
    bottom, right = min(row + window.height, dataset.height), min(col + window.width, dataset.width)
    whole: np.ma.MaskedArray[Any, Any] = np.ma.masked_array(
        np.zeros(window.shape, dtype=dataset.dtypes[0]), mask=np.ones(window.shape, dtype=bool)
    )
    if top < bottom and left < right:
        read = _read(dataset, Part(left, top, right - left, bottom - top), view)
        whole[top - row : bottom - row, left - col : right - col] = _masked(read, dataset.nodata)
    return whole


def _from_blocks(
    view: View,
    dataset: Any,  # noqa: ANN401 - rasterio is untyped
    window: Window,
    grid: MasterGrid,
) -> AnyArray:
    """Values of a warped view, put together from blocks that always lie in the same place.

    GDAL transforms a few points of each request and goes straight between them. Asked for the same
    blocks every time it gives the same values, whatever the window.
    """
    top, left = window.row + grid.tile_px, window.col + grid.tile_px
    bottom, right = top + window.height, left + window.width
    if min(top, left) < 0 or bottom > dataset.height or right > dataset.width:
        raise RequestError(f"{words_for(window)} reaches more than a tile beyond the grid.")
    whole = np.empty(window.shape, dtype=dataset.dtypes[0])
    for row in range(top - top % BLOCK_PX, bottom, BLOCK_PX):
        for col in range(left - left % BLOCK_PX, right, BLOCK_PX):
            block = _block(view, dataset, row, col)
            r0, c0 = max(top, row), max(left, col)
            r1, c1 = min(bottom, row + BLOCK_PX), min(right, col + BLOCK_PX)
            part = block[r0 - row : r1 - row, c0 - col : c1 - col]
            whole[r0 - top : r1 - top, c0 - left : c1 - left] = part
    return whole


def _block(view: View, dataset: Any, row: int, col: int) -> AnyArray:  # noqa: ANN401
    """One block of a warped view, from the newest few or read anew."""
    from rasterio.windows import Window as Part

    key = (id(dataset), row, col)
    if key not in view.blocks:
        height, width = min(BLOCK_PX, dataset.height - row), min(BLOCK_PX, dataset.width - col)
        view.blocks[key] = _read(dataset, Part(col, row, width, height), view)
        while sum(block.nbytes for block in view.blocks.values()) > CACHE_BYTES:
            view.blocks.popitem(last=False)
    view.blocks.move_to_end(key)
    return view.blocks[key]


def _read(dataset: Any, part: Any, view: View) -> AnyArray:  # noqa: ANN401 - rasterio is untyped
    import rasterio
    from rasterio.errors import RasterioIOError

    try:
        if view.opened.files:
            return np.asarray(dataset.read(1, window=part))
        with rasterio.Env(**NETWORK):
            return np.asarray(dataset.read(1, window=part))
    except RasterioIOError as error:
        names = ", ".join(map(str, view.opened.files[:3])) or view.opened.piece.uri[:200]
        raise RequestError(
            f"A part of {names} cannot be read: {error.__cause__ or error}. The file is cut short "
            "or one that it refers to is gone; fetch it again."
        ) from error


def _masked(values: AnyArray, nodata: float | None) -> np.ma.MaskedArray[Any, Any]:
    if nodata is None:
        return np.ma.masked_array(values, mask=np.zeros(values.shape, dtype=bool))
    missing = np.isnan(values) if math.isnan(nodata) else values == values.dtype.type(nodata)
    return np.ma.masked_array(values, mask=missing)


def words_for(window: Window) -> str:
    """Rows and columns of a window, for messages."""
    return (
        f"window of rows {window.row} to {window.row + window.height - 1}, columns {window.col} "
        f"to {window.col + window.width - 1}"
    )
