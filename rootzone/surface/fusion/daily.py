"""Every day's fine image from a fine sensor with clouds and a long coarse series.

What the fine sensor saw of the day stays as it is. Its gaps are filled in order of trust: fused
from two pairs (ESTARFM), changed from one other day as the coarse series changed, interpolated in
time, the usual value of the season. Each pixel says which.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray, FloatArray
from rootzone._shared.errors import RequestError
from rootzone.surface.fusion.estarfm import fuse_images, spread_of
from rootzone.surface.fusion.pairs import nearest_two

Read = Callable[[dt.date], FloatArray]
"""Image of a day, shape (row, column), NaN where unknown."""


class Origin(IntEnum):
    """Where a pixel's value comes from."""

    UNKNOWN = 0
    OBSERVED = 1  # the fine sensor, that day
    FUSED = 2  # two pairs of both sensors and the day's coarse image
    CHANGED = 3  # one fine image of another day and the coarse change since
    BETWEEN = 4  # between the fine images before and after
    USUAL = 5  # mean of the season


@dataclass(frozen=True)
class DailySettings:
    """How gaps are filled.

    Parameters
    ----------
    bounds : tuple of float
        Values that a result lies between, in the images' unit.
    unbiased : bool
        The form of ESTARFM for two sensors that differ by more than noise.
    half_px, classes : int
        Window and classes of ESTARFM.
    least_clear : float
        Share of pixels that a pair needs to be fused from.
    reach_days : int
        Farthest day that is fused from, changed from, or interpolated to.
    season_days : int
        Half of the season whose mean is the usual value, in days of the year.
    """

    bounds: tuple[float, float]
    unbiased: bool
    half_px: int = 25
    classes: int = 4
    least_clear: float = 0.7
    reach_days: int = 32
    season_days: int = 15


class Filled(NamedTuple):
    """A day's image, shape (row, column): values, NaN where unknown, and `Origin` codes."""

    values: FloatArray
    origin: AnyArray


class Series:
    """Images by day, of a sensor that has not one for every day.

    Parameters
    ----------
    days : sequence of date
        Days that there are images of, in any order.
    read : callable
        The image of such a day.
    """

    def __init__(self, days: Sequence[dt.date], read: Read) -> None:
        self.days = sorted(days)
        for one, other in pairwise(self.days):
            if one == other:
                raise RequestError(f"Two images are of {one}; leave one out.")
        self.read = read

    def nearest_first(self, day: dt.date, reach_days: int) -> list[dt.date]:
        """Other days within reach, the nearest first and of two the earlier."""
        near = [d for d in self.days if d != day and abs((d - day).days) <= reach_days]
        return sorted(near, key=lambda d: (abs((d - day).days), d))

    def on(self, day: dt.date, reach_days: int) -> FloatArray | None:
        """Image of a day, linear in time between the two around it; the end ones hold within reach.

        Returns
        -------
        array, shape (row, column), or None
            None where no image is near enough.
        """
        if day in self.days:
            return self.read(day)
        before = [d for d in self.days if d < day and (day - d).days <= reach_days]
        after = [d for d in self.days if d > day and (d - day).days <= reach_days]
        if not before or not after:
            return self.read((before[-1:] or after[:1])[0]) if before or after else None
        return between(day, before[-1], after[0], self.read(before[-1]), self.read(after[0]))


def between(
    day: dt.date, first: dt.date, last: dt.date, one: FloatArray, two: FloatArray
) -> FloatArray:
    """Linear in time between two images; NaN where either is unknown.

    >>> day = dt.date(2020, 1, 2)
    >>> between(day, dt.date(2020, 1, 1), dt.date(2020, 1, 5), np.array([0.0]), np.array([4.0]))
    array([1.])
    """
    share = (day - first).days / (last - first).days
    return np.asarray((1.0 - share) * one + share * two)


def fill_day(
    day: dt.date,
    fine: Series,
    coarse: Series,
    clear: Callable[[dt.date], float],
    settings: DailySettings,
    coarse_reach_days: int = 8,
) -> Filled:
    """The fine image of a day without gaps, as far as the two series reach.

    Parameters
    ----------
    day : date
        The day wanted.
    fine, coarse : Series
        Images of both sensors, on one grid.
    clear : callable
        Share of pixels known in the fine image of a day.
    settings : DailySettings
        How.
    coarse_reach_days : int
        How far apart coarse images may lie to be interpolated between.

    Returns
    -------
    Filled
        Observed values are those of the fine image to the bit.
    """
    today = coarse.on(day, coarse_reach_days)
    own = fine.read(day) if day in fine.days else None
    if own is None and not fine.days:
        raise RequestError("There is no fine image at all; nothing can be filled from.")
    values = own.copy() if own is not None else np.full(fine.read(fine.days[0]).shape, np.nan)
    origin = np.where(np.isfinite(values), Origin.OBSERVED, Origin.UNKNOWN).astype(np.uint8)

    def put(found: FloatArray, code: Origin) -> None:
        low, high = settings.bounds
        new = (origin == Origin.UNKNOWN) & (found > low) & (found < high)
        values[new] = found[new]
        origin[new] = code

    near = fine.nearest_first(day, settings.reach_days)
    if today is not None and not _whole(origin):
        found = {d: coarse.on(d, coarse_reach_days) for d in near}
        rough = {d: image for d, image in found.items() if image is not None}
        two = nearest_two([d for d in rough if clear(d) >= settings.least_clear], day)
        if len(two) == 2:
            put(_fused(two, fine, rough, today, origin, settings), Origin.FUSED)
        for other, then in rough.items():
            if _whole(origin):
                break
            put(fine.read(other) + (today - then), Origin.CHANGED)
    if not _whole(origin):
        put(_interpolated(day, near, fine, origin), Origin.BETWEEN)
    if not _whole(origin):
        put(_usual(day, fine, settings.season_days), Origin.USUAL)
    return Filled(values, origin)


def _whole(origin: AnyArray) -> bool:
    return bool((origin != Origin.UNKNOWN).all())


def _fused(
    two: Sequence[dt.date],
    fine: Series,
    rough: dict[dt.date, FloatArray],
    today: FloatArray,
    origin: AnyArray,
    settings: DailySettings,
) -> FloatArray:
    images = [part[None] for d in two for part in (fine.read(d), rough[d])]
    images.append(today[None])
    valid: BoolArray = np.logical_and.reduce([np.isfinite(image[0]) for image in images])
    spread = np.array([[spread_of(images[0][0])], [spread_of(images[2][0])]])
    if not valid.any() or not (spread > 0.0).all():
        return np.full(today.shape, np.nan)
    limits = (2.0 / settings.classes * spread)[:, :, None, None]
    out: FloatArray = fuse_images(
        images, valid, limits, max(valid.shape), settings.bounds, settings.unbiased,
        settings.half_px, origin == Origin.UNKNOWN,
    )[0]  # fmt: skip
    return out


def _interpolated(
    day: dt.date, near: Sequence[dt.date], fine: Series, origin: AnyArray
) -> FloatArray:
    """Between the last fine value before the day and the first after it, pixel by pixel."""
    shape = origin.shape
    value = {side: np.full(shape, np.nan) for side in (-1, 1)}
    away = {side: np.full(shape, np.nan) for side in (-1, 1)}
    for other in near:
        side = 1 if other > day else -1
        wanted = (origin == Origin.UNKNOWN) & np.isnan(value[side])
        if wanted.any():
            image = fine.read(other)
            value[side][wanted] = image[wanted]
            away[side][wanted & np.isfinite(image)] = abs((other - day).days)
    total = away[-1] + away[1]
    return np.asarray((value[-1] * away[1] + value[1] * away[-1]) / total)


def _usual(day: dt.date, fine: Series, season_days: int) -> FloatArray:
    """Mean of the fine images of the season, of all years."""
    total, count = None, None
    for other in fine.days:
        apart = abs(other.timetuple().tm_yday - day.timetuple().tm_yday)
        if min(apart, 365 - apart) > season_days:
            continue
        image = fine.read(other)
        known = np.isfinite(image)
        total = np.where(known, image, 0.0) + (0.0 if total is None else total)
        count = known + (0.0 if count is None else count)
    if total is None or count is None:
        return np.full(fine.read(fine.days[0]).shape, np.nan)
    mean: FloatArray = np.divide(
        total, count, out=np.full(total.shape, np.nan), where=np.asarray(count > 0)
    )
    return mean
