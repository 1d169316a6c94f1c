"""Calendar days from readings: their step, their local clock, and daily weather from hours."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone.stations.series import Place, StationWeather

_SUMS = frozenset({"rain_mm", "radn_mj_m2"})
_DAY_SHARE = 20.0 / 24.0  # of a day's readings that make a day of weather
_DAILY_FROM_H = 20.0  # readings further apart are daily, whatever the minute


def usual_step_h(time: AnyArray) -> float:
    """Usual time between readings [h]; 24 for daily values and for a single reading.

    Examples
    --------
    >>> usual_step_h(np.array(["2020-01-01T00:00", "2020-01-01T03:00"], dtype="datetime64[m]"))
    3.0
    """
    if len(time) < 2:
        return 24.0
    minutes = np.diff(time.astype("datetime64[m]").astype(np.int64))
    step_h = float(np.median(minutes[minutes > 0])) / 60.0 if (minutes > 0).any() else 24.0
    return 24.0 if step_h >= _DAILY_FROM_H else step_h


def local_time(time: AnyArray, lon: float) -> AnyArray:
    """Local standard time of readings in UTC: the whole hours of their longitude, 15 degrees each.

    An hour off where a country keeps another clock, which no daily mean can tell.

    Examples
    --------
    >>> str(local_time(np.array(["2020-06-02T03:00"], dtype="datetime64[m]"), -105.2)[0])
    '2020-06-01T20:00'
    """
    return np.asarray(time + np.timedelta64(round(lon / 15.0), "h"))


def daily_weather(
    place: Place, time: AnyArray, columns: Mapping[str, FloatArray]
) -> StationWeather:
    """Days of weather from readings of any step.

    Rain and radiation are summed, temperatures give their extremes, humidity its mean. A day counts
    for a quantity with at least 20 of 24 hours of it.

    Parameters
    ----------
    place : Place
        The station.
    time : array of datetime64[m], shape (reading,)
        Rising, in the station's clock.
    columns : mapping of str to array, shape (reading,)
        As in `StationWeather`; rain [mm] and radiation [MJ m-2] of each reading.
    """
    day = time.astype("datetime64[D]")
    days, of_row = np.unique(day, return_inverse=True)
    least = max(1.0, np.floor(_DAY_SHARE * 24.0 / usual_step_h(time)))
    out = {}
    for name, values in columns.items():
        finite = np.isfinite(values)
        count = np.bincount(of_row[finite], minlength=len(days))
        if name == "tmax_degc":
            daily = np.full(len(days), -np.inf)
            np.fmax.at(daily, of_row[finite], values[finite])
        elif name == "tmin_degc":
            daily = np.full(len(days), np.inf)
            np.fmin.at(daily, of_row[finite], values[finite])
        else:
            daily = np.bincount(of_row[finite], values[finite], minlength=len(days))
            if name not in _SUMS:
                daily = daily / np.maximum(count, 1)
        out[name] = np.where(count >= least, daily, np.nan)
    return StationWeather(place, days.astype(np.int64), out)
