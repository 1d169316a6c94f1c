"""Success means physics: a profile is good when its days are complete and its water is all there.

One kernel judges a column, whichever engine made it and wherever: the batch runner and a GPU call
it on results, the APSIM reader on what it harvested.
"""

from __future__ import annotations

import math

import numpy as np

from rootzone._shared.arrays import FloatArray, IntArray
from rootzone._shared.jit import kernel
from rootzone.engines.failures import FailureClass

GOOD = 0
NOT_FINITE = 1
OUT_OF_BOUNDS = 2
BALANCE = 3

# How far water content may pass its limits before it counts as out of bounds [m3 m-3]: rounding
# of an interpolated retention table, far below anything measurable.
THETA_SLACK = 1e-9

CLASS_OF_VERDICT = {
    NOT_FINITE: FailureClass.NOT_FINITE,
    OUT_OF_BOUNDS: FailureClass.OUT_OF_BOUNDS,
    BALANCE: FailureClass.BALANCE,
}


@kernel
def verify_column(
    theta: FloatArray,
    theta_initial: FloatArray,
    thickness_mm: FloatArray,
    theta_low: FloatArray,
    theta_high: FloatArray,
    rain_mm: FloatArray,
    sinks_mm: FloatArray,
    pond_mm: FloatArray,
    tolerance_mm: float,
) -> tuple[int, int, int, float]:
    r"""First fault of a column's daily results.

    The balance of a day is recomputed from the results themselves,
    :math:`e = P - O - (S - S_0) - (h - h_0)` with rain P, runoff, drainage and evaporation O,
    storage :math:`S = \sum_i \theta_i \Delta z_i` and pond h, all in mm.

    Parameters
    ----------
    theta : array, shape (day, layer)
        Water content at the end of each day [m3 m-3].
    theta_initial : array, shape (layer,)
        Water content before the first day [m3 m-3].
    thickness_mm, theta_low, theta_high : array, shape (layer,)
        Layer thickness [mm] and the limits of water content [m3 m-3].
    rain_mm : array, shape (day,)
        Water that reached the surface [mm d-1].
    sinks_mm : array, shape (day,)
        Runoff + drainage + evaporation [mm d-1].
    pond_mm : array, shape (day,)
        Water on the surface at the end of each day [mm]; none before the first day.
    tolerance_mm : float
        Largest daily balance error [mm d-1] that passes.

    Returns
    -------
    verdict, day, layer, value : int, int, int, float
        ``GOOD`` or the kind of fault, its day and layer (0-based; layer -1 where it has none), and
        the value that failed. A good column returns its worst balance error as ``value``.
    """
    n_day, n_layer = theta.shape
    storage_mm = 0.0
    for i in range(n_layer):
        storage_mm += theta_initial[i] * thickness_mm[i]
    pond_before_mm = 0.0
    worst_mm = 0.0
    for day in range(n_day):
        storage_after_mm = 0.0
        for i in range(n_layer):
            value = theta[day, i]
            if not math.isfinite(value):
                return NOT_FINITE, day, i, value
            if value < theta_low[i] - THETA_SLACK or value > theta_high[i] + THETA_SLACK:
                return OUT_OF_BOUNDS, day, i, value
            storage_after_mm += value * thickness_mm[i]
        error_mm = rain_mm[day] - sinks_mm[day] - (storage_after_mm - storage_mm)
        error_mm -= pond_mm[day] - pond_before_mm
        if not math.isfinite(error_mm):
            return NOT_FINITE, day, -1, error_mm
        if abs(error_mm) > tolerance_mm:
            return BALANCE, day, -1, error_mm
        if abs(error_mm) > abs(worst_mm):
            worst_mm = error_mm
        storage_mm = storage_after_mm
        pond_before_mm = pond_mm[day]
    return GOOD, -1, -1, worst_mm


def missing_days(days: IntArray, first_day: int, last_day: int) -> IntArray:
    """Days of a span that a result lacks.

    Parameters
    ----------
    days : array of int, shape (day,)
        Days found, since 1970-01-01, in any order.
    first_day, last_day : int
        Span that was asked for, both ends included.

    Returns
    -------
    missing : array of int
        Ascending; empty when the span is complete.
    """
    return np.setdiff1d(np.arange(first_day, last_day + 1), days)
