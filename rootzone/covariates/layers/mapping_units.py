"""Soil maps whose pixels hold the number of a mapping unit: values by number, never averaged."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray, IntArray


def values_by_unit(units: IntArray, values: FloatArray) -> Callable[[AnyArray], AnyArray]:
    """How numbers of mapping units become values.

    Parameters
    ----------
    units : array of int, shape (unit,)
        Numbers, each once.
    values : array, shape (unit,)
        What each stands for; NaN where it has no soil.

    Returns
    -------
    callable
        From an array of stored numbers to float32 values of the same shape; NaN for numbers that
        are not known.

    Examples
    --------
    >>> values_by_unit(np.array([7, 3]), np.array([40.0, 10.0]))(np.array([3.0, 7.0, 8.0])).tolist()
    [10.0, 40.0, nan]
    """
    order = np.argsort(units)

    def look_up(stored: AnyArray) -> AnyArray:
        wanted = np.nan_to_num(stored, nan=-1.0).astype(np.int64)
        at = np.clip(np.searchsorted(units, wanted, sorter=order), 0, units.size - 1)
        found = units[order[at]] == wanted
        return np.where(found, values[order[at]], np.nan).astype(np.float32)

    return look_up
