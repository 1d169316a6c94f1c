"""Daily weather of all cells, scaled, one table a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl

from rootzone._shared.arrays import AnyArray, BoolArray, Float32Array, IntArray
from rootzone._shared.errors import RequestError
from rootzone._shared.table_files import read_table
from rootzone._shared.tables import WEATHER
from rootzone.learning.scene.features import day_of_year_columns
from rootzone.networks.channels import DAY, FeatureSpec
from rootzone.networks.channels import WEATHER as FROM_WEATHER

_SUMS = tuple(f"{name}_30d_mm" for name in ("rain", "pet", "net"))


@dataclass(frozen=True, eq=False)
class WeatherDays:
    """Scaled weather and calendar channels of every cell and day.

    Parameters
    ----------
    cell_id : array of int, shape (cell,)
        Weather cells, ascending.
    dates : array of datetime64[D], shape (day,)
        Days, ascending.
    values : array of float32, shape (day, cell, channel)
        Weather, then calendar channels in the order of ``spec.dynamic``, scaled; NaN where not
        known.
    """

    cell_id: IntArray
    dates: AnyArray
    values: Float32Array

    @classmethod
    def read(cls, paths: Sequence[Path], spec: FeatureSpec) -> WeatherDays:
        """The weather tables of one or more years.

        Parameters
        ----------
        paths : sequence of Path
            Files of the schema ``WEATHER``.
        spec : FeatureSpec
            Which columns, and how they are scaled.

        Raises
        ------
        RequestError
            There are no files, or one is missing, lacks a column, or holds a cell and day twice.
        """
        if not paths:
            raise RequestError("There are no weather tables. Run: rootzone forcing CAMPAIGN")
        columns = spec.columns(FROM_WEATHER)
        frames = [
            read_table(path, WEATHER, required=columns)
            .select("cell_id", "date", *columns)
            .with_columns(
                pl.col("cell_id").cast(pl.Int64),
                pl.col("date").cast(pl.Date),
                pl.col(columns).cast(pl.Float32).fill_null(float("nan")),
            )
            for path in paths
        ]
        return cls.from_frame(pl.concat(frames), spec)

    @classmethod
    def from_frame(cls, frame: pl.DataFrame, spec: FeatureSpec) -> WeatherDays:
        """From a table of cell_id, date and the weather columns of ``spec``, in any order."""
        cell_id, cell = np.unique(frame["cell_id"].to_numpy(), return_inverse=True)
        dates, day = np.unique(
            frame["date"].to_numpy().astype("datetime64[D]"), return_inverse=True
        )
        if np.unique(day * cell_id.size + cell).size != frame.height:
            raise RequestError("The weather tables hold a cell twice on one day; name each once.")
        at = spec.of_origin(FROM_WEATHER)
        values = np.full((dates.size, cell_id.size, len(spec.dynamic)), np.nan, dtype=np.float32)
        for i, position in enumerate(at):
            column = frame[spec.channels[position].column].to_numpy()
            values[day, cell, i] = spec.scaled(position, column)
        _fill_calendar(values, dates, spec)
        return cls(cell_id.astype(np.int64), dates, values)

    @property
    def n_cell(self) -> int:
        """Number of cells."""
        return int(self.cell_id.size)

    @cached_property
    def usable(self) -> BoolArray:
        """Days on which any cell has every channel, shape (day,).

        The first 29 days of a record have no sums over 30 days.
        """
        missing = np.any(np.isnan(self.values), axis=2)
        return np.asarray(~np.all(missing, axis=1))

    @property
    def usable_dates(self) -> AnyArray:
        """Those days."""
        return np.asarray(self.dates[self.usable])

    def day_index(self, dates: Iterable[dt.date] | AnyArray) -> IntArray:
        """Positions of dates that can be used.

        Raises
        ------
        RequestError
            A date has no weather, or no sums over the 30 days before it.
        """
        wanted = np.asarray(
            dates if isinstance(dates, np.ndarray) else list(dates), dtype="datetime64[D]"
        )
        at = np.searchsorted(self.dates, wanted)
        at_known = np.minimum(at, self.dates.size - 1)
        absent = self.dates[at_known] != wanted
        if absent.any():
            raise RequestError(
                f"There is no weather for {_listed(wanted[absent])}; the tables go from "
                f"{self.dates[0]} to {self.dates[-1]}. Run: rootzone forcing for those years."
            )
        unusable = ~self.usable[at_known]
        if unusable.any():
            raise RequestError(
                f"The weather of {_listed(wanted[unusable])} lacks channels in every cell, as the "
                "sums over 7 and 30 days on the first 29 days of a record, which starts on "
                f"{self.dates[0]}. Add the weather files of the year before and run rootzone "
                "forcing again, or leave those days out."
            )
        return np.asarray(at_known, dtype=np.int64)

    def table(self, date: dt.date | np.datetime64) -> Float32Array:
        """Scaled channels of one day, shape (cell, channel).

        Raises
        ------
        RequestError
            As `day_index`.
        """
        at = int(self.day_index(np.asarray([date], dtype="datetime64[D]"))[0])
        return np.asarray(self.values[at])

    def cell_index(self, cell_id: AnyArray) -> IntArray:
        """Position of each cell; ``n_cell`` where it has no weather."""
        wanted = np.asarray(cell_id, dtype=np.int64)
        at = np.minimum(np.searchsorted(self.cell_id, wanted), self.n_cell - 1)
        return np.where(self.cell_id[at] == wanted, at, self.n_cell).astype(np.int64)


def _fill_calendar(values: Float32Array, dates: AnyArray, spec: FeatureSpec) -> None:
    calendar = day_of_year_columns(dates)
    first = len(spec.of_origin(FROM_WEATHER))
    for i, position in enumerate(spec.of_origin(DAY), start=first):
        scaled = spec.scaled(position, calendar[spec.channels[position].column])
        values[:, :, i] = scaled[:, None]


def _listed(dates: AnyArray) -> str:
    distinct = np.unique(dates)
    more = f" and {distinct.size - 3} more days" if distinct.size > 3 else ""
    return ", ".join(str(date) for date in distinct[:3]) + more
