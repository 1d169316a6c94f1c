"""One open source and how a window of the master grid is read from it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from rootzone._shared.arrays import AnyArray
from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import MasterGrid, Window
from rootzone.covariates.mosaic import NETWORK
from rootzone.covariates.sources import Opened


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
    """

    opened: Opened
    dataset: Any
    quality: Any = None
    origin: tuple[int, int] | None = None


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
        margin = grid.tile_px
        part = Part(window.col + margin, window.row + margin, window.width, window.height)
        if (
            min(part.col_off, part.row_off) < 0
            or part.col_off + part.width > dataset.width
            or part.row_off + part.height > dataset.height
        ):
            raise RequestError(f"{words_for(window)} reaches more than a tile beyond the grid.")
        return _masked(_read(dataset, part, view), dataset.nodata)
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
