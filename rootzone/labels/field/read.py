"""Physics at any pixel and day, from the anchors of its weather cell."""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from rootzone._shared.arrays import AnyArray, Float32Array, IntArray
from rootzone._shared.errors import RequestError
from rootzone._shared.parts import Parts
from rootzone.covariates.grid import MasterGrid, Window
from rootzone.covariates.open_campaign import CampaignFiles
from rootzone.covariates.weather.cells import WeatherGrid
from rootzone.labels.field.build import field_parts
from rootzone.labels.field.cell import CellField

_CELLS_KEPT = 32  # opened pieces
_TILES_MB = 1024.0


@dataclass(eq=False)
class PhysicsField:
    """Water content by physics between simulated columns.

    Parameters
    ----------
    grid : MasterGrid
        The master grid.
    weather_grid : WeatherGrid
        Cells of the forcing.
    parts : mapping of int to Parts
        Pieces of each year.
    depths_mm : tuple of float
        Label depths [mm].
    """

    grid: MasterGrid
    weather_grid: WeatherGrid
    parts: dict[int, Parts]
    depths_mm: tuple[float, ...]
    _tiles: OrderedDict[tuple[int, ...], Float32Array] = field(
        default_factory=OrderedDict, init=False, repr=False
    )

    def __post_init__(self) -> None:
        self._cell = lru_cache(_CELLS_KEPT)(self._open)

    def __getstate__(self) -> dict[str, object]:
        return {
            **{k: v for k, v in self.__dict__.items() if k != "_cell"}, "_tiles": OrderedDict()
        }  # fmt: skip

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self.__post_init__()

    @property
    def digest(self) -> str:
        """Names of the pieces' folders, which are digests of all that has a say."""
        return "+".join(self.parts[year].folder.name for year in sorted(self.parts))

    @property
    def years(self) -> tuple[int, ...]:
        """Years that are there."""
        return tuple(sorted(self.parts))

    def theta(self, date: dt.date, window: Window, *, keep: bool = False) -> Float32Array:
        """Water content of a window, shape (depth, row, col); NaN where it failed or off the grid.

        Parameters
        ----------
        date : date
            The day.
        window : Window
            Pixels of the master grid.
        keep : bool
            Make the whole year of the window and keep it while there is room, for samples that
            come back on other days. Such values are right to 1e-6; else every window gives a pixel
            the same value to the bit.

        Raises
        ------
        RequestError
            The year was not made.
        """
        if date.year not in self.parts:
            raise RequestError(
                f"There is no physics for {date}; it was made for {list(self.years)}. Run "
                "rootzone map --from physics with that year among the campaign's."
            )
        day = date.timetuple().tm_yday - 1
        if keep:
            return np.asarray(self._kept(date.year, window)[day])
        return np.asarray(self._made(date.year, window, [day])[0])

    def days(self, dates: Sequence[dt.date], window: Window) -> Float32Array:
        """Water content on several days of one year, to the bit as `theta`, (day, depth, ...)."""
        at = [date.timetuple().tm_yday - 1 for date in dates]
        return self._made(dates[0].year, window, at)

    def _kept(self, year: int, window: Window) -> Float32Array:
        key = (year, window.row, window.col, window.height, window.width)
        if key in self._tiles:
            self._tiles.move_to_end(key)
            return self._tiles[key]
        days = (dt.date(year + 1, 1, 1) - dt.date(year, 1, 1)).days
        self._tiles[key] = made = self._made(year, window, range(days), exact=False)
        while sum(one.nbytes for one in self._tiles.values()) > 1e6 * _TILES_MB:
            self._tiles.popitem(last=False)
        return made

    def _made(
        self, year: int, window: Window, days: Sequence[int], *, exact: bool = True
    ) -> Float32Array:
        """Water content, shape (day, depth, row, col)."""
        out = np.full((len(days), len(self.depths_mm), *window.shape), np.nan, dtype=np.float32)
        at = np.asarray(days, dtype=np.int64)
        for piece, row, col in self._pieces(year, window):
            column = piece.columns(row + window.row, col + window.col)
            found = piece.theta(column, at, exact=exact)
            out[:, :, row, col] = found.transpose(1, 2, 0)
        return out

    def at(self, row: IntArray, col: IntArray, year: int) -> Float32Array:
        """Water content of some pixels on all days of a year, shape (point, day, depth)."""
        n_day = (dt.date(year + 1, 1, 1) - dt.date(year, 1, 1)).days
        out = np.full((row.size, n_day, len(self.depths_mm)), np.nan, dtype=np.float32)
        lon, lat = self.grid.lon_lat(row, col)
        cell = self.weather_grid.id_at(lon, lat)
        for number in np.unique(cell[cell >= 0]).tolist():
            here, piece = np.flatnonzero(cell == number), self._cell(year, number)
            column = piece.columns(row[here], col[here])
            out[here] = piece.theta(column, np.arange(n_day), exact=False)
        return out

    def error(self, date: dt.date, window: Window, level: float) -> Float32Array:
        """Error of `theta` that a share ``level`` of pixels stays below [m3 m-3]."""
        out = np.full((len(self.depths_mm), *window.shape), np.nan, dtype=np.float32)
        for piece, row, col in self._pieces(date.year, window):
            column = piece.columns(row + window.row, col + window.col)
            out[:, row, col] = piece.error(column, date.timetuple().tm_yday - 1, level).T
        return out

    def error_at(
        self, row: IntArray, col: IntArray, dates: Sequence[dt.date], level: float
    ) -> Float32Array:
        """`error` of some pixels, each on its own day, shape (point, depth)."""
        out = np.full((row.size, len(self.depths_mm)), np.nan, dtype=np.float32)
        cell = self.weather_grid.id_at(*self.grid.lon_lat(row, col))
        on = np.array(dates, dtype="datetime64[D]")
        for number in np.unique(cell[cell >= 0]).tolist():
            for day in np.unique(on[cell == number]):
                date: dt.date = day.astype(object)
                if date.year not in self.parts:
                    continue
                here = np.flatnonzero((cell == number) & (on == day))
                piece = self._cell(date.year, number)
                column = piece.columns(row[here], col[here])
                out[here] = piece.error(column, date.timetuple().tm_yday - 1, level)
        return out

    def failures(self, year: int, window: Window) -> AnyArray:
        """Failure class of each pixel, empty where there is a value, shape (row, col)."""
        out = np.full(window.shape, "FORCING_MISSING", dtype="U32")
        for piece, row, col in self._pieces(year, window):
            out[row, col] = piece.failure[piece.columns(row + window.row, col + window.col)]
        return out

    def _pieces(self, year: int, window: Window) -> list[tuple[CellField, AnyArray, AnyArray]]:
        """Each cell of a window, and the window's pixels on it."""
        top, left = max(window.row, 0), max(window.col, 0)
        bottom = min(window.row + window.height, self.grid.height)
        right = min(window.col + window.width, self.grid.width)
        if bottom <= top or right <= left:
            return []
        cell = self.weather_grid.ids(self.grid, Window(top, left, bottom - top, right - left))
        found = []
        for number in np.unique(cell[cell >= 0]).tolist():
            row, col = np.nonzero(cell == number)
            piece = self._cell(year, number)
            found.append((piece, row + top - window.row, col + left - window.col))
        return found

    def _open(self, year: int, cell: int) -> CellField:
        return CellField(self.parts[year].get(f"cell_{cell}"))


def open_field(files: CampaignFiles, years: Sequence[int]) -> PhysicsField:
    """The physics of some years; they must have been made by `build_field`."""
    return PhysicsField(
        files.grid,
        files.weather_grid,
        {year: field_parts(files, year) for year in sorted(set(years))},
        tuple(float(depth) for depth in files.campaign.labels.depths_mm),
    )
