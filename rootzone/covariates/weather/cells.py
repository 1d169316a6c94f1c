"""The cells of gridMET: which one a place lies in, and what it is called.

The grid has 585 rows from north to south and 1386 columns from west to east, 1/24 degree apart;
49.4 N, 124.7667 W is the centre of cell 0. Row and column count from 0, and
``cell_id = row * 1386 + col``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray, IntArray
from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import Bounds, MasterGrid, Window

ROWS, COLS = 585, 1386
STEP_DEG = 1.0 / 24.0
FIRST_LAT_DEG = 49.4
FIRST_LON_DEG = -124.0 - 23.0 / 30.0  # -124.766666..., centre of column 0
_ON_LATTICE = 0.02  # of a cell: files write coordinates to 6 or more digits


@dataclass(frozen=True)
class Cells:
    """Some cells, each with its row and column.

    Parameters
    ----------
    row, col : array, shape (cell,)
        Place on the grid, from 0 at the north-west.
    """

    row: IntArray
    col: IntArray

    def __len__(self) -> int:
        return len(self.row)

    @property
    def cell_id(self) -> IntArray:
        """Identifier, row * 1386 + col."""
        return cell_id(self.row, self.col)

    @property
    def lat(self) -> FloatArray:
        """Latitude of the centres [degree]."""
        return np.asarray(FIRST_LAT_DEG - self.row * STEP_DEG, dtype=np.float64)

    @property
    def lon(self) -> FloatArray:
        """Longitude of the centres [degree]."""
        return np.asarray(FIRST_LON_DEG + self.col * STEP_DEG, dtype=np.float64)


def cell_id(row: IntArray, col: IntArray) -> IntArray:
    """Identifier of a cell."""
    return np.asarray(row * COLS + col, dtype=np.int64)


def row_col(cell: IntArray) -> tuple[IntArray, IntArray]:
    """Row and column of a cell from its identifier."""
    row, col = np.divmod(np.asarray(cell, dtype=np.int64), COLS)
    return row, col


def cell_at(lon: FloatArray | float, lat: FloatArray | float) -> tuple[IntArray, IntArray]:
    """Row and column of the cell a place lies in; outside the grid where the place is.

    A place on the border of two cells belongs to the one south or east of it.
    """
    down, right = _in_cells(np.asarray(lon), np.asarray(lat))
    return np.floor(down).astype(np.int64), np.floor(right).astype(np.int64)


def cells_in(bounds: Bounds) -> Cells:
    """Cells that a box touches, row by row from the north-west.

    Raises
    ------
    RequestError
        The box reaches beyond gridMET.
    """
    west, south, east, north = bounds
    top, left = (int(v) for v in cell_at(west, north))
    bottom, right = (int(v) for v in cell_at(east, south))
    if min(top, left) < 0 or bottom >= ROWS or right >= COLS:
        raise RequestError(
            f"The region {bounds} reaches beyond gridMET, which covers 25.05 to 49.42 N and 67.04 "
            "to 124.79 W. Choose a region inside it, or another forcing."
        )
    row, col = np.mgrid[top : bottom + 1, left : right + 1]
    return Cells(row.ravel(), col.ravel())


def cells_of_window(grid: MasterGrid, window: Window) -> IntArray:
    """Cell of every pixel in a window, shape (row, col).

    Only pixels near the border of a cell are projected one by one. A block of pixels whose four
    corners lie well inside one cell lies in it as a whole: its sides bend by centimetres, and the
    margin asked for is some ten metres.
    """
    rows, cols = _block_edges(window.height), _block_edges(window.width)
    corner_row, corner_col = np.meshgrid(rows + window.row, cols + window.col, indexing="ij")
    down, right = _in_cells(*grid.lon_lat(corner_row, corner_col))
    corner = cell_id(np.floor(down).astype(np.int64), np.floor(right).astype(np.int64))
    corner[(_from_border(down) < _SAFE) | (_from_border(right) < _SAFE)] = _NEAR_BORDER
    block = corner[:-1, :-1].copy()
    for other in (corner[:-1, 1:], corner[1:, :-1], corner[1:, 1:]):
        block[other != block] = _NEAR_BORDER
    sizes = np.diff(rows), np.diff(cols)
    ids = np.repeat(np.repeat(block, sizes[0], axis=0), sizes[1], axis=1)
    row, col = np.nonzero(ids == _NEAR_BORDER)
    ids[row, col] = cell_id(*cell_at(*grid.lon_lat(row + window.row, col + window.col)))
    return ids


_BLOCK_PX = 8
_SAFE = 2e-3  # of a cell, 7 m and more
_NEAR_BORDER = np.iinfo(np.int64).min


def _block_edges(n_px: int) -> IntArray:
    """First pixel of each block, and the one after the last."""
    return np.unique(np.append(np.arange(0, n_px, _BLOCK_PX), n_px))


def _in_cells(lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Place on the lattice of cells, in cells; a whole number is the border of a cell."""
    down = (FIRST_LAT_DEG - np.asarray(lat)) / STEP_DEG + 0.5
    return down, (np.asarray(lon) - FIRST_LON_DEG) / STEP_DEG + 0.5


def _from_border(place: FloatArray) -> FloatArray:
    return np.abs(place - np.round(place))


def lattice_index(values: AnyArray, first: float, step: float, what: str) -> IntArray:
    """Rows or columns of coordinates that a file holds.

    Raises
    ------
    RequestError
        A coordinate is not the centre of a cell.
    """
    index = (np.asarray(values, dtype=np.float64) - first) / step
    nearest = np.round(index)
    off = np.abs(index - nearest)
    if off.size and off.max() > _ON_LATTICE:
        worst = int(off.argmax())
        raise RequestError(
            f"{what} {values[worst]:.6f} is no cell centre of gridMET ({off[worst] * STEP_DEG:.4f} "
            "degrees off); the file was regridded, or is another product."
        )
    return nearest.astype(np.int64)
