"""Channels of physics at every pixel: water content of a day, and its change since days before."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rootzone._shared.arrays import Float32Array, IntArray
from rootzone.covariates.grid import Window
from rootzone.learning.scene.features import physics_column

if TYPE_CHECKING:
    from rootzone.labels.field.read import PhysicsField


@dataclass(frozen=True)
class PhysicsChannels:
    """Columns of physics of any window and day.

    Parameters
    ----------
    field : PhysicsField
        Water content of the campaign's years.
    keep : bool
        Whether a window's whole year is kept, for training; maps ask day by day, to the bit.
    """

    field: PhysicsField
    keep: bool = False

    @property
    def digest(self) -> str:
        """Digest of what the water content rests on."""
        return self.field.digest

    def before(self, date: dt.date, days: int) -> dt.date:
        """The day some days before, but no earlier than the first year's first day."""
        return max(date - dt.timedelta(days=days), dt.date(min(self.field.years), 1, 1))

    def read(self, column: str, date: dt.date, window: Window) -> Float32Array:
        """Values of a column [m3 m-3], shape (row, col); NaN where physics has none."""
        depth_mm, days = _asked(column)
        at = self.field.depths_mm.index(depth_mm)
        theta = self.field.theta(date, window, keep=self.keep)[at]
        if not days:
            return np.asarray(theta)
        earlier = self.field.theta(self.before(date, days), window, keep=self.keep)[at]
        return np.asarray(theta - earlier)

    def error(self, date: dt.date, window: Window, level: float) -> Float32Array:
        """Error between simulated soils that a share ``level`` stays below, (depth, row, col)."""
        return self.field.error(date, window, level)

    def error_at_points(
        self, row: IntArray, col: IntArray, dates: list[dt.date], level: float
    ) -> Float32Array:
        """`error` of some pixels, each on its own day, shape (sample, depth)."""
        return self.field.error_at(np.asarray(row), np.asarray(col), dates, level)

    def at_points(
        self, columns: list[str], row: IntArray, col: IntArray, dates: list[dt.date]
    ) -> Float32Array:
        """Columns of some pixels, each on its own day, shape (sample, column)."""
        row, col = np.asarray(row), np.asarray(col)
        pixel, point = np.unique(np.stack([row, col]), axis=1, return_inverse=True)
        point = point.ravel()
        years: dict[int, Float32Array] = {}

        def theta(day: dt.date, some: IntArray, at: int) -> Float32Array:
            if day.year not in years:
                years[day.year] = self.field.at(pixel[0], pixel[1], day.year)
            return np.asarray(years[day.year][point[some], day.timetuple().tm_yday - 1, at])

        out = np.full((row.size, len(columns)), np.nan, dtype=np.float32)
        on = np.array(dates, dtype="datetime64[D]")
        for number in np.unique(on):
            day, some = number.astype(object), np.flatnonzero(on == number)
            if day.year not in self.field.years:
                continue
            for k, column in enumerate(columns):
                depth_mm, days = _asked(column)
                at = self.field.depths_mm.index(depth_mm)
                out[some, k] = theta(day, some, at)
                if days:
                    out[some, k] -= theta(self.before(day, days), some, at)
        return out


def _asked(column: str) -> tuple[float, int]:
    asked = physics_column(column)
    assert asked is not None  # noqa: S101 - the scene asks for columns of physics only
    return asked
