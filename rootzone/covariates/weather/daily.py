"""Values of parts of a day as values of days: means, sums, extremes, totals that run on.

A day is 24 hours from local midnight, which is a whole number of hours from midnight UTC. A day
with hours missing is missing as a whole: half a day's rain is no day's rain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rootzone._shared.arrays import AnyArray
from rootzone._shared.errors import RequestError

if TYPE_CHECKING:
    from rootzone.covariates.layers.source import ByDay

_SECONDS_PER_DAY = 86_400


@dataclass(frozen=True)
class DailyValues:
    """One variable by day and cell.

    Parameters
    ----------
    dates : array of datetime64[D], shape (day,)
        Days, in the order of the file.
    values : array, shape (day, cell)
        Values in the catalog's unit, NaN where there is none.
    """

    dates: AnyArray
    values: AnyArray


def step_s(times: AnyArray, where: str) -> int:
    """Seconds between values of parts of a day.

    Parameters
    ----------
    times : array of datetime64[s], shape (time,)
        Times, ascending.
    where : str
        File, for messages.

    Raises
    ------
    RequestError
        The step does not divide a day, or there is a single time.
    """
    gaps = np.diff(times).astype("timedelta64[s]").astype(np.int64)
    if gaps.size == 0 or gaps.min() <= 0 or _SECONDS_PER_DAY % int(gaps.min()):
        raise RequestError(
            f"{where} should hold parts of days at a step that divides a day, in order of time; "
            f"it holds {times.size} times, the nearest {gaps.min() if gaps.size else 0} s apart."
        )
    return int(gaps.min())


def increments(times: AnyArray, totals: AnyArray, step: int) -> AnyArray:
    """What each step adds to a total that starts again at 0 h UTC, stamped at the step's end.

    The value at 1 h counts from 0 h; the one at 0 h is the whole of the day before.

    Parameters
    ----------
    times : array of datetime64[s], shape (time,)
        Ends of the steps, UTC.
    totals : array, shape (time, cell)
        The running total.
    step : int
        Length of a step [s].

    Returns
    -------
    array, shape (time, cell)
        NaN where the total before is not known. Falls by rounding become 0.

    Examples
    --------
    >>> t = np.array(["2020-01-01T01", "2020-01-01T02"], dtype="datetime64[s]")
    >>> increments(t, np.array([[1.0], [3.0]]), 3600).ravel().tolist()
    [1.0, 2.0]
    """
    totals = np.asarray(totals, dtype=np.float64)
    since = (times - times.astype("datetime64[D]")).astype("timedelta64[s]").astype(np.int64)
    added = np.full(totals.shape, np.nan)
    added[since == step] = totals[since == step]
    follows = np.zeros(times.size, dtype=bool)
    follows[1:] = np.diff(times).astype("timedelta64[s]").astype(np.int64) == step
    later = np.flatnonzero(follows & (since != step))
    added[later] = totals[later] - totals[later - 1]
    return np.where(added < 0, 0.0, added)


def by_day(
    times: AnyArray,
    values: AnyArray,
    how: ByDay,
    stamps: str,
    utc_offset_h: float,
    where: str,
) -> DailyValues:
    """Values of parts of a day as values of days.

    Parameters
    ----------
    times : array of datetime64[s], shape (time,)
        UTC, ascending.
    values : array, shape (time, cell)
        Values; NaN where there is none.
    how : str
        ``mean``, ``sum``, ``max``, ``min`` of the day's values, ``running total`` since 0 h UTC, or
        ``total at 0 h``: of such a total, only what 0 h UTC holds, the whole of the day before. Its
        days are those of UTC whatever the offset.
    stamps : str
        ``start`` or ``end``: which end of its interval the time of a mean or sum is. Extremes are
        of values at the times themselves, from local midnight on.
    utc_offset_h : float
        Local time less UTC [h].
    where : str
        File, for messages.

    Returns
    -------
    DailyValues
        Days of local time, those that are whole by cell; others NaN.
    """
    values = np.asarray(values, dtype=np.float64)
    if how == "total at 0 h":
        return _totals_at_0_h(times, values, where)
    step = step_s(times, where)
    if how == "running total":
        values, stamps = increments(times, values, step), "end"
    shift = int(utc_offset_h * 3600)
    if how in ("mean", "sum", "running total"):
        shift += -step // 2 if stamps == "end" else step // 2
    local = (times + np.timedelta64(shift, "s")).astype("datetime64[D]")
    dates, first = np.unique(local, return_index=True)
    order = np.argsort(first)
    dates, first = dates[order], first[order]
    count = np.add.reduceat((~np.isnan(values)).astype(np.int64), first, axis=0)
    if how in ("max", "min"):
        reduce = np.fmax if how == "max" else np.fmin
        out = reduce.reduceat(values, first, axis=0)
    else:
        out = np.add.reduceat(np.nan_to_num(values), first, axis=0)
        if how == "mean":
            out = out / np.maximum(count, 1)
    whole = _SECONDS_PER_DAY // step
    return DailyValues(dates, np.where(count == whole, out, np.nan))


def _totals_at_0_h(times: AnyArray, values: AnyArray, where: str) -> DailyValues:
    """What each midnight UTC holds, as the value of the day before it."""
    midnight = times == times.astype("datetime64[D]")
    if not midnight.any():
        raise RequestError(
            f"{where} holds no value at 0 h UTC, where a running total is that of the whole day "
            f"before; it starts at {times[0]}. Ask for 00:00, or all hours with by_day: running "
            "total."
        )
    return DailyValues(
        times[midnight].astype("datetime64[D]") - np.timedelta64(1, "D"), values[midnight]
    )
