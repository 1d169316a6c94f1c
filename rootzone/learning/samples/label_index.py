"""Labels on the pixels of the master grid, and the tile-days that hold enough of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from rootzone._shared.arrays import AnyArray, BoolArray, IntArray
from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import MasterGrid
from rootzone.learning.samples.place_labels import (
    TilePixels,
    in_words,
    ordered_columns,
    places_of,
    rows_at_depths,
)
from rootzone.stations.pixels import pixel_values, station_pixels
from rootzone.stations.sensor_depth import TOLERANCE_M
from rootzone.stations.station_table import at_depth

SIMULATED, STATION = "simulated", "station"


@dataclass(frozen=True, eq=False)
class GridLabels:
    """Labels of one source, in order of tile, date, pixel, depth and place.

    The order, and with it everything made from it, does not depend on the order of the input.

    Parameters
    ----------
    source : str
        ``simulated`` or ``station``.
    grid : MasterGrid
        The master grid.
    depths_mm : tuple of float
        Label depths [mm]; ``depth`` counts among them.
    places : tuple of str
        Names of sites, or of stations as ``network:station``; ``place`` counts among them.
    tile : array of int32, shape (label,)
        Tile of the master grid.
    date : array of datetime64[D], shape (label,)
        Day.
    row, col : array of int16, shape (label,)
        Pixel within the tile.
    depth : array of int8, shape (label,)
        Depth, by its number.
    theta : array of float32, shape (label,)
        Water content [m3 m-3].
    weight : array of float32, shape (label,)
        Pixels a simulated site stands for; for stations 1 divided among the pixels of one.
    place : array of int32, shape (label,)
        Place, by its number.
    dropped : mapping of str to int
        Labels left out on the way here, by reason.
    """

    source: str
    grid: MasterGrid
    depths_mm: tuple[float, ...]
    places: tuple[str, ...]
    tile: AnyArray
    date: AnyArray
    row: AnyArray
    col: AnyArray
    depth: AnyArray
    theta: AnyArray
    weight: AnyArray
    place: AnyArray
    dropped: Mapping[str, int]

    @classmethod
    def from_labels(
        cls,
        labels: pl.DataFrame,
        sites: pl.DataFrame,
        grid: MasterGrid,
        depths_mm: Sequence[float],
    ) -> GridLabels:
        """Simulated labels on the pixels of their sites.

        Parameters
        ----------
        labels : polars.DataFrame
            Columns site_id, date, depth_mm, theta and weight of the schema ``LABELS``; layer means
            (with a depth_top_mm) are left out.
        sites : polars.DataFrame
            Columns site_id, row, col; stand-ins included.
        grid : MasterGrid
            The master grid the rows and columns count on.
        depths_mm : sequence of float
            Depths wanted [mm].

        Raises
        ------
        RequestError
            No label has such a depth, a site is not among the sites, or lies off the grid.
        """
        depths = tuple(float(depth) for depth in depths_mm)
        rows = rows_at_depths(labels, depths)
        names, row, col, place = places_of(rows["site_id"], sites)
        where = TilePixels.of(grid, row, col, "labelled sites")
        return cls(SIMULATED, grid, depths, names, **ordered_columns(rows, where, place, place))

    @classmethod
    def from_stations(
        cls,
        stations: pl.DataFrame,
        grid: MasterGrid,
        depths_mm: Sequence[float],
        neighbourhood_px: int = 0,
        tolerance_m: float = TOLERANCE_M,
    ) -> GridLabels:
        """Screened station values on the pixels of their stations.

        Parameters
        ----------
        stations : polars.DataFrame
            In the schema ``STATIONS``.
        grid : MasterGrid
            The master grid; stations off it or without a position are left out.
        depths_mm : sequence of float
            Depths wanted [mm].
        neighbourhood_px : int
            Pixels on every side of a station's own that carry its value too; they share its weight.
        tolerance_m : float
            How far from a wanted depth a sensor may be [m].

        Raises
        ------
        RequestError
            No station on the grid has a good value at one of the depths.
        """
        depths = tuple(float(depth) for depth in depths_mm)
        parts = [
            at_depth(stations, depth / 1000.0, tolerance_m).with_columns(
                pl.lit(number, dtype=pl.Int8).alias("depth")
            )
            for number, depth in enumerate(depths)
        ]
        values = pl.concat(parts)
        pixels = station_pixels(stations, grid, neighbourhood_px)
        rows = pixel_values(values, pixels, shared_pixel="keep").with_columns(
            pl.concat_str("network", "station", separator=":").alias("place_name"),
            pl.lit(1.0 / (2 * neighbourhood_px + 1) ** 2).alias("weight"),
        )
        if rows.height == 0:
            raise RequestError(
                f"None of the {pixels.height} station pixels on the grid has a good value at "
                f"{in_words(depths)} mm ({values.height} values of all stations). Look at the "
                "station table with rootzone stations."
            )
        names = rows["place_name"].unique().sort()
        place = rows["place_name"].cast(pl.Enum(names)).to_physical().to_numpy().astype(np.int32)
        where = TilePixels.of(grid, rows["row"].to_numpy(), rows["col"].to_numpy(), "labels")
        columns = ordered_columns(rows, where, np.arange(rows.height), place)
        return cls(STATION, grid, depths, tuple(names.to_list()), **columns)

    def __len__(self) -> int:
        return int(self.tile.size)

    def chosen(self, keep: BoolArray) -> GridLabels:
        """The labels marked in ``keep``, in the same order."""
        fields = ("tile", "date", "row", "col", "depth", "theta", "weight", "place")
        return replace(self, **{name: getattr(self, name)[keep] for name in fields})

    def part(self, parts: Mapping[Any, str], name: str) -> GridLabels:
        """The labels of one part of a split.

        Parameters
        ----------
        parts : mapping
            Part by date, by place name or by tile number, as `rootzone.labels.splits` gives it.
            What it does not hold belongs to no part.
        name : str
            ``train``, ``validation`` or ``test``.

        Raises
        ------
        RequestError
            No label belongs to it.
        """
        wanted = [key for key, part in parts.items() if part == name]
        keep = self._mask(wanted)
        if not keep.any():
            raise RequestError(
                f"There are no {self.source} labels in the part {name!r} of the split: "
                f"{len(wanted)} of its {len(parts)} keys belong to it, and none of the "
                f"{len(self)} labels. Give learning.split.{name} a larger share, choose another "
                "learning.split.kind, or make more labels."
            )
        return self.chosen(keep)

    def _mask(self, keys: Sequence[Any]) -> BoolArray:
        if not keys:
            return np.zeros(len(self), dtype=bool)
        if isinstance(keys[0], dt.date | np.datetime64):
            return np.isin(self.date, np.asarray(keys, dtype="datetime64[D]"))
        if isinstance(keys[0], str):
            known = set(keys)
            among = np.array([place in known for place in self.places], dtype=bool)
            return np.asarray(among[self.place])
        return np.isin(self.tile, np.asarray(keys, dtype=np.int64))

    def on_dates(self, dates: AnyArray) -> GridLabels:
        """The labels of some dates; how many others there were is counted.

        Parameters
        ----------
        dates : array of datetime64[D]
            Such as `WeatherDays.usable_dates`.
        """
        keep = np.isin(self.date, np.asarray(dates, dtype="datetime64[D]"))
        return replace(self.chosen(keep), dropped=self._also("no weather", int((~keep).sum())))

    def _also(self, reason: str, count: int) -> dict[str, int]:
        return {**self.dropped, reason: self.dropped.get(reason, 0) + count}

    @property
    def dates(self) -> list[dt.date]:
        """Distinct days, ascending."""
        days: list[dt.date] = np.unique(self.date).tolist()
        return days

    @property
    def used_places(self) -> list[str]:
        """Names of the places that have labels here, in order of their names."""
        return [self.places[code] for code in np.unique(self.place)]

    @cached_property
    def pixel_row(self) -> IntArray:
        """Row of each label on the master grid, shape (label,)."""
        down = self.tile.astype(np.int64) // self.grid.tiles_across
        return np.asarray(down * self.grid.tile_px + self.row)

    @cached_property
    def pixel_col(self) -> IntArray:
        """Column of each label on the master grid, shape (label,)."""
        right = self.tile.astype(np.int64) % self.grid.tiles_across
        return np.asarray(right * self.grid.tile_px + self.col)

    def patches(self, min_labels: int = 1) -> PatchIndex:
        """The tile-days with at least so many labelled pixels.

        Parameters
        ----------
        min_labels : int
            Labelled pixels that make a sample; a pixel counts once, whatever its depths.

        Raises
        ------
        RequestError
            No tile-day has that many.
        """
        day = self.date.astype(np.int64)
        first = run_starts(self.tile, day)
        pixel = self.row.astype(np.int64) * self.grid.tile_px + self.col
        new_pixel = np.zeros(len(self), dtype=np.int64)
        new_pixel[run_starts(self.tile, day, pixel)] = 1
        pixels = np.add.reduceat(new_pixel, first) if len(self) else new_pixel
        enough = pixels >= min_labels
        if not enough.any():
            raise RequestError(
                f"None of the {first.size} tile-days with {self.source} labels has {min_labels} "
                f"labelled pixels; the most is {int(pixels.max(initial=0))}. Lower "
                "learning.min_labels, or make more labels."
            )
        last = np.append(first[1:], len(self))
        return PatchIndex(self, first[enough], last[enough])


@dataclass(frozen=True, eq=False)
class PatchIndex:
    """Tile-days and the labels of each, in order of tile and date.

    Parameters
    ----------
    labels : GridLabels
        All labels.
    first, last : array of int, shape (patch,)
        The labels of a patch are ``first`` up to, but without, ``last``.
    """

    labels: GridLabels
    first: IntArray
    last: IntArray

    def __len__(self) -> int:
        return int(self.first.size)

    @property
    def tile(self) -> IntArray:
        """Tile of each patch, shape (patch,)."""
        return np.asarray(self.labels.tile[self.first], dtype=np.int64)

    @property
    def date(self) -> AnyArray:
        """Day of each patch, datetime64[D], shape (patch,)."""
        return np.asarray(self.labels.date[self.first])

    @property
    def n_labels(self) -> int:
        """Labels of all patches."""
        return int((self.last - self.first).sum())

    def chosen(self, keep: BoolArray | IntArray) -> PatchIndex:
        """Some of the patches."""
        return PatchIndex(self.labels, self.first[keep], self.last[keep])

    def without_tiles(self, tiles: Iterable[int]) -> PatchIndex:
        """The patches of all other tiles."""
        return self.chosen(~np.isin(self.tile, np.asarray(list(tiles), dtype=np.int64)))


def run_starts(*columns: AnyArray) -> IntArray:
    """Where a new combination of values starts in columns that are sorted together."""
    if columns[0].size == 0:
        return np.empty(0, dtype=np.int64)
    changed = np.zeros(columns[0].size, dtype=bool)
    changed[0] = True
    for column in columns:
        changed[1:] |= column[1:] != column[:-1]
    return np.asarray(np.flatnonzero(changed), dtype=np.int64)
