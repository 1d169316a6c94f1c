"""Weather beyond the border: cells that pixels of the grid lie in, and the region does not touch.

The master grid goes on to whole tiles, so its rim lies up to a tile outside the region. Networks
and physics look at those pixels; their weather is wanted, and nothing stops where it is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray
from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import Bounds, MasterGrid, Window
from rootzone.covariates.weather.cells import MISSING, Cells, WeatherGrid

_STRIP_PX = 512
_Made = TypeVar("_Made")


class CellsOutside(RequestError):  # noqa: N818 - named for what is wrong
    """A file does not hold some of the cells wanted; ``cell_id`` says which."""

    def __init__(self, text: str, cell_id: AnyArray) -> None:
        super().__init__(text)
        self.cell_id = cell_id


def cells_of_grid(
    weather: WeatherGrid, bounds: Bounds, grid: MasterGrid
) -> tuple[Cells, BoolArray]:
    """Cells that a region touches and those that the pixels around it lie in.

    Parameters
    ----------
    weather : WeatherGrid
        Cells of the forcing.
    bounds : tuple of float
        West, south, east, north [degree] of the region.
    grid : MasterGrid
        Its pixels; it is gone through in strips, so its size does not matter.

    Returns
    -------
    cells : Cells
        By their identifiers, ascending.
    rim : array of bool, shape (cell,)
        Those that the region does not touch.

    Raises
    ------
    RequestError
        The region itself reaches beyond the weather grid.
    """
    core = weather.cells_in(bounds).cell_id
    found = [core]
    for top in range(0, grid.height, _STRIP_PX):
        strip = Window(top, 0, min(_STRIP_PX, grid.height - top), grid.width)
        row, col = weather.window(grid, strip)
        known = (row != MISSING) & (col != MISSING)
        if known.any():
            found.append(_distinct(weather, row[known], col[known]))
    cell_id = np.unique(np.concatenate(found))
    return Cells(weather, *weather.row_col(cell_id)), ~np.isin(cell_id, core)


def _distinct(weather: WeatherGrid, row: AnyArray, col: AnyArray) -> AnyArray:
    """Identifiers that occur, without sorting every pixel."""
    top, left = int(row.min()), int(col.min())
    there = np.zeros((int(row.max()) - top + 1, int(col.max()) - left + 1), dtype=np.bool_)
    there[row.astype(np.int64) - top, col.astype(np.int64) - left] = True
    rows, cols = np.nonzero(there)
    return weather.cell_id(rows + top, cols + left)


def without_lost(
    cells: Cells, rim: BoolArray, make: Callable[[Cells, BoolArray], _Made]
) -> tuple[_Made, BoolArray]:
    """What ``make`` makes of the cells, again without those of the rim that a file does not hold.

    Parameters
    ----------
    cells, rim : Cells and array of bool, shape (cell,)
        As `cells_of_grid` gives them.
    make : callable
        Called with the cells that are left and, among all, a mask of them.

    Returns
    -------
    made : object
        What it returned.
    kept : array of bool, shape (cell,)
        Cells it was made of.

    Raises
    ------
    CellsOutside
        A cell of the region itself is not there.
    """
    kept = np.ones(len(cells), dtype=np.bool_)
    while True:
        try:
            return make(cells.those(kept), kept), kept
        except CellsOutside as error:
            lost = np.isin(cells.cell_id, error.cell_id) & kept
            if not lost.any() or (lost & ~rim).any():
                raise
            kept &= ~lost


def as_whole_as_the_region(
    columns: Mapping[str, AnyArray], wrong: Mapping[str, AnyArray], rim: BoolArray
) -> BoolArray:
    """Cells that may stay: the region's, and those of the rim without gaps of their own.

    Parameters
    ----------
    columns : mapping of str to array, shape (day, cell)
        Values, NaN where missing.
    wrong : mapping of str to array of bool, shape (day, cell)
        Values that cannot be true.
    rim : array of bool, shape (cell,)
        Cells beyond the region.

    Examples
    --------
    The first day is missing everywhere, the second in the third cell alone:

    >>> values = {"rain_mm": np.array([[np.nan, np.nan, np.nan], [0.0, 1.0, np.nan]])}
    >>> none = {"rain_mm": np.zeros((2, 3), dtype=bool)}
    >>> as_whole_as_the_region(values, none, np.array([False, True, True])).tolist()
    [True, True, False]
    """
    stays = np.ones(rim.size, dtype=np.bool_)
    if not rim.any():
        return stays
    for name, values in columns.items():
        holes = np.asarray(np.isnan(values) | wrong[name])
        common = np.asarray(holes[:, ~rim].all(axis=1))
        stays[rim] &= ~(holes[:, rim] & ~common[:, None]).any(axis=0)
    return stays
