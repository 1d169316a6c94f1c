"""What fell and what was asked for in the days before: sums of 7 and 30 days.

The six channels of the manuscript's 3.6.2: rain, potential evapotranspiration and their difference,
each over windows that end on the day and include it.
"""

from __future__ import annotations

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray

WINDOWS_DAYS = (7, 30)
PAD_DAYS = max(WINDOWS_DAYS) - 1  # days of the year before that a full first sum needs


def antecedent_sum(values: AnyArray, window_days: int) -> FloatArray:
    """Sum of each day and the days before it.

    Parameters
    ----------
    values : array, shape (day, cell)
        Daily sums, in order of time without a day left out.
    window_days : int
        Length of the window [d]; it ends on the day and includes it.

    Returns
    -------
    sums : array, shape (day, cell)
        NaN for the first ``window_days - 1`` days, and wherever the window holds a NaN.

    Examples
    --------
    >>> antecedent_sum(np.array([[1.0], [2.0], [4.0]]), 2).ravel().tolist()
    [nan, 3.0, 6.0]
    """
    values = np.asarray(values, dtype=np.float64)
    sums = np.full(values.shape, np.nan)
    if values.shape[0] < window_days:
        return sums
    # A sum of shifted slices, not a running total: no error builds up, and a NaN ends with its
    # window.
    last = values.shape[0] - window_days + 1
    total = np.zeros((last, *values.shape[1:]))
    for lag in range(window_days):
        total += values[lag : lag + last]
    sums[window_days - 1 :] = total
    return sums


def antecedent_columns(rain_mm: AnyArray, pet_mm: AnyArray) -> dict[str, FloatArray]:
    """The six sums by column name, such as ``rain_7d_mm``, ``pet_30d_mm``, ``net_30d_mm``.

    Parameters
    ----------
    rain_mm, pet_mm : array, shape (day, cell)
        Daily sums [mm], with the days of the year before in front where they are known.
    """
    columns = {}
    for days in WINDOWS_DAYS:
        rain, pet = antecedent_sum(rain_mm, days), antecedent_sum(pet_mm, days)
        columns[f"rain_{days}d_mm"] = rain
        columns[f"pet_{days}d_mm"] = pet
        columns[f"net_{days}d_mm"] = rain - pet
    return columns
