"""Samples of the surface network: an extent on a day, or its mean over a month."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import torch

from rootzone._shared.arrays import AnyArray, BoolArray, Float32Array, IntArray
from rootzone._shared.days import calendar_day
from rootzone.networks.batch import Batch
from rootzone.networks.mixing import STATION
from rootzone.surface.extents.extents import window_of
from rootzone.surface.extents.open_extents import OpenExtents

BLOCK_BEFORE, BLOCK_AFTER = 1, 2  # rows r - 1 to r + 2 and columns alike: 4 x 4 pixels
NEAR_PX = 16  # about 500 m: nearer than that, no station counts more


@dataclass(frozen=True)
class ExtentSamples:
    """Samples by number; read when they are asked for, and kept.

    Parameters
    ----------
    land : OpenExtents
        The campaign.
    extent : array of int, shape (sample,)
        Number of the extent.
    day : array of int, shape (sample,)
        Days since 1970-01-01; of a month its first day.
    stations : array of bool, shape (station,)
        Stations whose values may be seen.
    monthly : bool
        Whether a sample is the mean of a month.
    at_stations : bool
        Labels are those of the stations alone, to choose an epoch by; else the target.
    with_psi : bool
        Whether stations are the suction's own target, over their block of 4 x 4 pixels.
    """

    land: OpenExtents
    extent: IntArray
    day: IntArray
    stations: BoolArray
    monthly: bool = False
    at_stations: bool = False
    with_psi: bool = True
    kept: dict[int, tuple[Float32Array, ...]] = field(default_factory=dict, compare=False)
    source: str = STATION

    def __len__(self) -> int:
        return int(self.extent.size)

    def batch(self, indices: AnyArray, device: torch.device | str = "cpu") -> Batch:
        """Some samples as one batch."""
        parts = [self._sample(int(k)) for k in indices]
        x, y, soil, weight, told = (
            torch.from_numpy(np.stack(values)) for values in zip(*parts, strict=True)
        )
        labels = told if self.at_stations else y
        known = torch.isfinite(labels)
        one = Batch(
            x=x,
            y=torch.where(known, labels, 0.0),
            mask=known,
            soil=soil[:, None],
            weight=torch.ones_like(weight) if self.at_stations else weight,
            tile=torch.from_numpy(self.land.extents.tile[self.extent[indices]]),
            date=torch.from_numpy(self.day[indices]),
            y_psi=told if self.with_psi and not self.at_stations else None,
        )
        return one.to(device)

    def _sample(self, number: int) -> tuple[Float32Array, ...]:
        """Land is shared between the days of an extent; the day's own part is kept."""
        window = window_of(self.land.grid, int(self.land.extents.tile[self.extent[number]]))
        if number not in self.kept:
            self.kept[number] = self._of_day(number)
        dynamic, y, weight, told = self.kept[number]
        x = np.concatenate([self.land.land(window), dynamic])
        return x, y, self.land.soil(window), weight, told

    def _of_day(self, number: int) -> tuple[Float32Array, ...]:
        window = window_of(self.land.grid, int(self.land.extents.tile[self.extent[number]]))
        days = self._days(number)
        dynamic = _mean([self.land.dynamic(window, day)[0] for day in days])
        y = _mean([self.land.y(window, day) for day in days])[None]
        seats, values = self.land.places, _mean([self.land.station_values(day) for day in days])
        told, weight = np.full_like(y, np.nan), np.ones_like(y)
        row, col = seats.row - window.row, seats.col - window.col
        here = self.stations & np.isfinite(values)
        here &= (row >= 0) & (row < window.height) & (col >= 0) & (col < window.width)
        row, col, values = row[here], col[here], values[here]
        if not self.at_stations:
            if self.land.section.station_reach == "extent":
                told[0] = put_right(y[0], row, col, values)
            for k in range(len(values)):
                rows = slice(max(0, row[k] - BLOCK_BEFORE), row[k] + BLOCK_AFTER + 1)
                cols = slice(max(0, col[k] - BLOCK_BEFORE), col[k] + BLOCK_AFTER + 1)
                weight[0, rows, cols] = self.land.section.station_weight
                told[0, rows, cols] = values[k]
        # Its own pixel tells each station's own value, where blocks of neighbours overlap too.
        told[0, row, col] = values
        return dynamic, y, weight, told

    def _days(self, number: int) -> list[date]:
        first = calendar_day(int(self.day[number]))
        if not self.monthly:
            return [first]
        same = (first.year, first.month)
        return [day for day in self.land.days if (day.year, day.month) == same]


def put_right(
    target: Float32Array, row: IntArray, col: IntArray, values: Float32Array
) -> Float32Array:
    """A target moved by how far stations in it are from it, nearer ones counting more.

    The paper adjusts its model's fields by the stations of their extents (sections 3 and 3.4). The
    errors are averaged by the inverse square of distance, of which `NEAR_PX` is the least.

    Parameters
    ----------
    target : array, shape (row, col)
        What a model says [m3 m-3], NaN where nothing.
    row, col : array of int, shape (station,)
        Pixels of the stations.
    values : array, shape (station,)
        What they say [m3 m-3].

    Returns
    -------
    array, shape (row, col)
        NaN where the target is, and everywhere without a station that stands on a known pixel.

    Examples
    --------
    One station that is drier by 0.05 moves all of it:

    >>> field = np.full((2, 3), 0.3, dtype=np.float32)
    >>> put_right(field, np.array([0]), np.array([1]), np.array([0.25], np.float32)).round(6).max()
    0.25
    """
    off = values - target[row, col]
    known = np.isfinite(off)
    if not known.any():
        return np.full_like(target, np.nan)
    down, right = np.arange(target.shape[0])[:, None], np.arange(target.shape[1])[None]
    total, count = np.zeros(target.shape), np.zeros(target.shape)
    for r, c, error in zip(row[known], col[known], off[known], strict=True):
        share = 1.0 / np.maximum((down - r) ** 2 + (right - c) ** 2, NEAR_PX**2)
        total += share * error
        count += share
    return np.asarray(target + total / count, dtype=np.float32)


def _mean(values: list[Float32Array]) -> Float32Array:
    """Mean over those known, NaN where none is."""
    if len(values) == 1:
        return values[0]
    stacked = np.stack(values)
    known = np.isfinite(stacked)
    count = known.sum(axis=0)
    total = np.where(known, stacked, 0.0).sum(axis=0)
    out = np.full(total.shape, np.nan, dtype=np.float32)
    return np.asarray(np.divide(total, count, out=out, where=count > 0), dtype=np.float32)
