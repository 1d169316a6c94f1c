"""Sums and means over the window round a pixel.

Every sum runs in one fixed order that no block border changes.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from rootzone._shared.arrays import BoolArray, FloatArray
from rootzone._shared.jit import prange

# Sums of a row may be taken several at a time; which ones, the compiler fixes once for all.
row_sums: Any = numba.njit(
    cache=True, error_model="numpy", nogil=True, fastmath={"contract", "reassoc", "nsz"}
)
parallel_exact: Any = numba.njit(cache=True, error_model="numpy", nogil=True, parallel=True)


@row_sums  # type: ignore[untyped-decorator]
def mean_where(
    image: FloatArray, weight: FloatArray, window: tuple[int, int, int, int], total: float
) -> float:
    """Mean of an image over a window with weights that sum to ``total``."""
    top, bottom, left, right = window
    out = 0.0
    for i in range(top, bottom):
        values, weights = image[i, left:right], weight[i - top, : right - left]
        for j in range(right - left):
            out += weights[j] * values[j]
    return out / total


@row_sums  # type: ignore[untyped-decorator]
def weighted_sums(
    one: FloatArray, two: FloatArray, weight: FloatArray, window: tuple[int, int, int, int]
) -> tuple[float, float, float]:
    """Sum of the weights of a window, and of two images times them."""
    top, bottom, left, right = window
    total, first, second = 0.0, 0.0, 0.0
    for i in range(top, bottom):
        x, y = one[i, left:right], two[i, left:right]
        weights = weight[i - top, : right - left]
        for j in range(right - left):
            total += weights[j]
            first += weights[j] * x[j]
            second += weights[j] * y[j]
    return total, first, second


@row_sums  # type: ignore[untyped-decorator]
def squares_of(
    fine: FloatArray,
    coarse: FloatArray,
    mean_f: float,
    mean_c: float,
    similar: FloatArray,
    window: tuple[int, int, int, int],
) -> tuple[float, float, float]:
    """Sums over similar pixels of the squares about two means, and of their product."""
    top, bottom, left, right = window
    ff, cc, fc = 0.0, 0.0, 0.0
    for i in range(top, bottom):
        x, y = fine[i, left:right], coarse[i, left:right]
        marks = similar[i - top, : right - left]
        for j in range(right - left):
            f, c = x[j] - mean_f, y[j] - mean_c
            ff += marks[j] * f * f
            cc += marks[j] * c * c
            fc += marks[j] * f * c
    return ff, cc, fc


@parallel_exact  # type: ignore[untyped-decorator]
def window_means(image: FloatArray, valid: BoolArray, half_px: int) -> FloatArray:
    """Mean of the valid pixels of the window round each pixel; NaN where there are none."""
    rows, cols = image.shape
    sums = np.zeros((rows, cols))
    counts = np.zeros((rows, cols))
    for i in prange(rows):
        for j in range(cols):
            total = 0.0
            n = 0.0
            for q in range(max(0, j - half_px), min(cols, j + half_px + 1)):
                if valid[i, q]:
                    total += image[i, q]
                    n += 1.0
            sums[i, j] = total
            counts[i, j] = n
    out = np.empty((rows, cols))
    for i in prange(rows):
        for j in range(cols):
            total = 0.0
            n = 0.0
            for p in range(max(0, i - half_px), min(rows, i + half_px + 1)):
                total += sums[p, j]
                n += counts[p, j]
            out[i, j] = total / n
    return out
