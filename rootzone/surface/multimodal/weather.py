"""Air temperature and rain of a catalog's daily weather on the pixels of a campaign."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np

from rootzone._shared.arrays import FloatArray, IntArray
from rootzone._shared.errors import RequestError
from rootzone._shared.units import FREEZING_K
from rootzone.covariates.grid import MasterGrid, Window
from rootzone.covariates.layers.catalog import Catalog
from rootzone.covariates.readers.registry import daily_reader
from rootzone.covariates.weather.cells import Cells
from rootzone.covariates.weather.daily_entry import column_layer, hours_from_utc
from rootzone.surface.fusion.daily import Series

_RAIN, _WARMEST, _COLDEST = "rain_mm", "tmax_degc", "tmin_degc"
_COLUMNS: Final = (_RAIN, _WARMEST, _COLDEST)


@dataclass(frozen=True)
class CatalogWeather:
    """Days of an entry of daily weather, such as ``era5_land``.

    Parameters
    ----------
    catalog : Catalog
        Entries, and the folder their paths start from.
    entry : str
        Name of the entry; hours become days of the region's own time.
    grid : MasterGrid
        Pixels; each has the weather of the cell that it lies in.
    first, last : date
        Days that are read.
    """

    catalog: Catalog
    entry: str
    grid: MasterGrid
    first: dt.date
    last: dt.date

    @cached_property
    def _cells(self) -> Cells:
        rim_row, rim_col = _rim(self.grid)
        lon, lat = self.grid.lon_lat(rim_row, rim_col)
        box = (float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max()))
        return self.catalog.weather_grid(self.entry).cells_in(box)

    @cached_property
    def _cell_of_pixel(self) -> IntArray:
        height, width = self.grid.shape
        ids = self.catalog.weather_grid(self.entry).ids(self.grid, Window(0, 0, height, width))
        order = np.argsort(self._cells.cell_id)
        return np.asarray(order[np.searchsorted(self._cells.cell_id, ids, sorter=order)])

    @property
    def files(self) -> list[Path]:
        """Files that are read.

        Raises
        ------
        RequestError
            The entry lacks rain or temperatures.
        """
        found: dict[Path, None] = {}
        for column in _COLUMNS:
            layer = column_layer(self.catalog, self.entry, column, self.last.year)
            paths = daily_reader(layer).paths(
                layer, self.catalog.data_folder, self.first, self.last
            )
            found.update({path: None for path in paths if isinstance(path, Path)})
        missing = [path for path in found if not path.is_file()]
        if missing:
            raise RequestError(
                f"surface.multimodal.weather {self.entry}: {missing[0]} does not exist, and "
                f"{len(missing) - 1} others; days from {self.first} to {self.last} are needed."
            )
        return list(found)

    def _values(self, column: str) -> dict[dt.date, FloatArray]:
        """Values of each day by cell."""
        layer = column_layer(self.catalog, self.entry, column, self.last.year)
        offset = hours_from_utc(self.catalog, self.entry, float(self._cells.lon.mean()))
        read = daily_reader(layer).read(
            layer, self.catalog.data_folder, self._cells, self.first, self.last, offset
        )
        days = read.dates.astype("datetime64[D]").tolist()
        told = zip(days, read.values, strict=True)
        return {day: values for day, values in told if np.isfinite(values).any()}

    @cached_property
    def series(self) -> dict[str, Series]:
        """``air``, the mean of the day's extremes [K], and ``rain`` [mm], shape (row, col) a day.

        Raises
        ------
        RequestError
            A file is missing or wrong, or the entry lacks rain or temperatures.
        """
        assert self.files  # noqa: S101 - it refuses what is missing
        rain, warm, cold = (self._values(column) for column in _COLUMNS)
        air = {d: 0.5 * (warm[d] + cold[d]) + FREEZING_K for d in warm if d in cold}
        return {"air": self._on_pixels(air), "rain": self._on_pixels(rain)}

    def _on_pixels(self, by_day: dict[dt.date, FloatArray]) -> Series:
        return Series(list(by_day), lambda day: by_day[day][self._cell_of_pixel])


def _rim(grid: MasterGrid) -> tuple[IntArray, IntArray]:
    """Pixels along the edge of a grid: its extremes of longitude and latitude lie there."""
    height, width = grid.shape
    row, col = np.arange(height), np.arange(width)
    top, left = np.zeros_like(col), np.zeros_like(row)
    rows = np.concatenate([top, top + height - 1, row, row])
    return rows, np.concatenate([col, col, left, left + width - 1])
