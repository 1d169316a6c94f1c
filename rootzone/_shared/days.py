"""Days as whole numbers: days since 1970-01-01, their calendar years, and the day of the year.

Tables hold dates, kernels hold whole numbers; here one becomes the other.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from rootzone._shared.arrays import AnyArray, IntArray

EPOCH = date(1970, 1, 1)


def day_number(day: date) -> int:
    """Days since 1970-01-01.

    Examples
    --------
    >>> day_number(date(1970, 2, 1)), day_number(date(1969, 12, 31))
    (31, -1)
    """
    return (day - EPOCH).days


def calendar_day(day: int) -> date:
    """Calendar day from days since 1970-01-01; the inverse of `day_number`."""
    return EPOCH + timedelta(days=int(day))


def iso_day(day: int) -> str:
    """Calendar day in ISO form from days since 1970-01-01, for years a `date` cannot hold too."""
    return str(np.datetime64(int(day), "D"))


def years_of(day: AnyArray) -> IntArray:
    """Calendar year of each day.

    Parameters
    ----------
    day : array
        ``datetime64`` of any unit, or days since 1970-01-01.

    Examples
    --------
    >>> years_of(np.array([-1, 0, 366])).tolist()
    [1969, 1970, 1971]
    """
    dates = day.astype("datetime64[D]").astype("datetime64[Y]")
    return np.asarray(dates.astype(np.int64) + EPOCH.year)


def day_of_year(day: AnyArray) -> IntArray:
    """Day of the year counted from 0, so 0 to 365; days as in `years_of`.

    Examples
    --------
    >>> day_of_year(np.array([0, 364, 365])).tolist()
    [0, 364, 0]
    """
    dates = day.astype("datetime64[D]")
    return np.asarray((dates - dates.astype("datetime64[Y]")).astype(np.int64))
