"""Extents: the 3 x 3 tiles round the tile that holds a station, known by their quadkeys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from rootzone._shared.arrays import IntArray
from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import MasterGrid, Window
from rootzone.covariates.quadkeys import tile_index

if TYPE_CHECKING:
    import polars as pl

_AROUND: Final = 1  # tiles on every side of the station's own


@dataclass(frozen=True)
class Extents:
    """Extents of stations; two stations of one tile share theirs.

    Attributes
    ----------
    tile : array of int, shape (extent,)
        Middle tile of each, ascending.
    of_station : array of int, shape (station,)
        Number of each station's extent, -1 where it has none.
    said : tuple of str
        Stations without an extent, and why.
    """

    tile: IntArray
    of_station: IntArray
    said: tuple[str, ...]

    def __len__(self) -> int:
        return int(self.tile.size)


def extents(
    grid: MasterGrid, names: Sequence[str], row: IntArray, col: IntArray
) -> Extents:  # fmt: skip
    """Extents of stations by the tile each lies in.

    Parameters
    ----------
    grid : MasterGrid
        The grid, in tiles.
    names : sequence of str
        Stations.
    row, col : array of int, shape (station,)
        Their pixels.

    Returns
    -------
    Extents
        A station whose 3 x 3 tiles are not all whole has none, and is told.

    Raises
    ------
    RequestError
        No station has an extent.
    """
    tile = grid.tile_of(row, col)
    tile_row, tile_col = np.divmod(tile, grid.tiles_across)
    whole_down, whole_across = grid.height // grid.tile_px, grid.width // grid.tile_px
    inside = (tile_row >= _AROUND) & (tile_row < whole_down - _AROUND)
    inside &= (tile_col >= _AROUND) & (tile_col < whole_across - _AROUND)
    said = tuple(
        f"{names[k]} lies in tile {tile[k]} at the rim of the grid; 3 x 3 whole tiles do not fit"
        for k in np.flatnonzero(~inside).tolist()
    )
    if not inside.any():
        raise RequestError(
            f"None of {len(names)} stations has 3 x 3 whole tiles of {grid.tile_px} px around it: "
            f"the grid has {whole_down} x {whole_across}. Map a larger region."
        )
    found, inverse = np.unique(tile[inside], return_inverse=True)
    of_station = np.full(tile.size, -1, dtype=np.int64)
    of_station[inside] = inverse
    return Extents(found.astype(np.int64), of_station, said)


def window_of(grid: MasterGrid, tile: int) -> Window:
    """The 3 x 3 tiles round a tile, which may reach beyond the grid."""
    tile_row, tile_col = divmod(int(tile), grid.tiles_across)
    side = (2 * _AROUND + 1) * grid.tile_px
    row, col = (tile_row - _AROUND) * grid.tile_px, (tile_col - _AROUND) * grid.tile_px
    return Window(row, col, side, side)


def extents_table(grid: MasterGrid, names: Sequence[str], found: Extents) -> pl.DataFrame:
    """A row a station: its extent, tiles and quadkeys.

    Returns
    -------
    frame : polars.DataFrame
        ``station``, ``extent``, ``tile_row``, ``tile_col``, ``tiles`` (nine, row by row),
        ``quadkey14`` and ``quadkey12`` of the middle tile's centre.
    """
    import polars as pl

    index = tile_index(grid)
    rows = []
    for name, number in zip(names, found.of_station, strict=True):
        if number < 0:
            continue
        tile = int(found.tile[number])
        near = [tile + down * grid.tiles_across + right for down in (-1, 0, 1)
                for right in (-1, 0, 1)]  # fmt: skip
        one = index.row(tile, named=True)
        rows.append(
            {"station": name, "extent": int(number), "tile_row": one["tile_row"],
             "tile_col": one["tile_col"], "tiles": near, "quadkey14": one["quadkey14"],
             "quadkey12": one["quadkey12"]}
        )  # fmt: skip
    return pl.DataFrame(rows)
