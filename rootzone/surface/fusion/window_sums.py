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
def sum_of(weight: FloatArray, window: tuple[int, int, int, int]) -> float:
    """Sum of the weights of a window."""
    top, bottom, left, right = window
    total = 0.0
    for i in range(bottom - top):
        for j in range(right - left):
            total += weight[i, j]
    return total


@row_sums  # type: ignore[untyped-decorator]
def mean_where(
    image: FloatArray, weight: FloatArray, window: tuple[int, int, int, int], total: float
) -> float:
    """Mean of an image over a window with weights that sum to ``total``; NaN counts as nothing."""
    top, bottom, left, right = window
    out = 0.0
    for i in range(top, bottom):
        for j in range(left, right):
            mark = weight[i - top, j - left]
            out += mark * image[i, j] if mark > 0.0 else 0.0
    return out / total


@row_sums  # type: ignore[untyped-decorator]
def weighted_change(
    coarse0: FloatArray,
    coarse: FloatArray,
    weight: FloatArray,
    window: tuple[int, int, int, int],
    total: float,
) -> float:
    """Weighted mean of the coarse change since one pair's date."""
    top, bottom, left, right = window
    out = 0.0
    for i in range(top, bottom):
        for j in range(left, right):
            w = weight[i - top, j - left]
            out += w * (coarse0[i, j] - coarse[i, j]) if w > 0.0 else 0.0
    return out / total


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
