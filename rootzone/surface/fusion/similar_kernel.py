"""What each pixel becomes on a day without a fine image: the loop over similar neighbours.

Images carry the axes (date, band, row, column); ``fine`` and ``coarse`` hold the two pairs' dates.
Every sum over a window runs in one fixed order that no block border changes, so a scene cut into
blocks with a rim of ``half_px`` gives the same bits as the whole.
"""

from __future__ import annotations

import numpy as np

from rootzone._shared.arrays import BoolArray, FloatArray
from rootzone._shared.jit import kernel, prange
from rootzone.surface.fusion.window_sums import (
    mean_where,
    parallel_exact,
    row_sums,
    squares_of,
    weighted_sums,
)

LEAST_SIMILAR = 5  # more than this many, the pixel itself counted
SMALLEST_CHANGE = 0.02  # of the upper bound: less change between the pairs tells no conversion
LARGEST_CONVERSION = 5.0
_DISTANCE_EPS = 1e-7
_TIME_EPS = 1e-10


@row_sums  # type: ignore[untyped-decorator]
def mark_similar(
    fine: FloatArray,
    usable: FloatArray,
    limit: FloatArray,
    row: int,
    col: int,
    window: tuple[int, int, int, int],
    similar: FloatArray,
) -> float:
    """Fill ``similar`` with 1 where a neighbour is like the target on both dates in every band.

    Parameters
    ----------
    fine : array, shape (2, band, row, column)
        Fine images of both pairs.
    usable : array, shape (row, column)
        1 at pixels that count, else 0.
    limit : array, shape (2, band)
        Largest difference from the target, not itself allowed.
    row, col : int
        The target.
    window : tuple of int
        First and last row (exclusive), first and last column of the window.
    similar : array, shape (window rows, window columns)
        Filled.

    Returns
    -------
    float
        How many are similar, the target counted.
    """
    top, bottom, left, right = window
    count = 0.0
    for i in range(top, bottom):
        marks = similar[i - top, : right - left]
        marks[:] = usable[i, left:right]
        for b in range(fine.shape[1]):
            one, two = fine[0, b, i, left:right], fine[1, b, i, left:right]
            at_one, at_two = fine[0, b, row, col], fine[1, b, row, col]
            for j in range(right - left):
                like = (abs(one[j] - at_one) < limit[0, b]) & (abs(two[j] - at_two) < limit[1, b])
                marks[j] = marks[j] if like else 0.0
        for j in range(right - left):
            count += marks[j]
    return count


@kernel
def disagreement(
    fine: FloatArray, coarse: FloatArray, shift: FloatArray, row: int, col: int
) -> float:
    r"""1 - R of one pixel between the sensors; R is 0.5 where it is undefined or beyond +-1.

    Of one band, :math:`R = 1 - \frac12 \sum_k |(F_k - C_k) / (F_k + C_k)|`; of several, Pearson's
    correlation over bands and dates. R is rounded before it is taken from 1, as in other programs:
    with sensors that agree, the rounding is what the weight is made of.
    """
    bands = fine.shape[1]
    if bands == 1:
        f1 = fine[0, 0, row, col] + shift[0, 0]
        f2 = fine[1, 0, row, col] + shift[1, 0]
        c1, c2 = coarse[0, 0, row, col], coarse[1, 0, row, col]
        r = 1.0 - 0.5 * (abs((f1 - c1) / (f1 + c1)) + abs((f2 - c2) / (f2 + c2)))
        return float(1.0 - (r if abs(r) <= 1.0 else 0.5))
    n = 2.0 * bands
    mean_f = 0.0
    mean_c = 0.0
    for k in range(2):
        for b in range(bands):
            mean_f += fine[k, b, row, col] + shift[k, b]
            mean_c += coarse[k, b, row, col]
    mean_f /= n
    mean_c /= n
    ff = 0.0
    cc = 0.0
    fc = 0.0
    for k in range(2):
        for b in range(bands):
            f = fine[k, b, row, col] + shift[k, b] - mean_f
            c = coarse[k, b, row, col] - mean_c
            ff += f * f
            cc += c * c
            fc += f * c
    if not ff * cc > 0.0:
        return 0.5
    return float(1.0 - fc / np.sqrt(ff * cc))


@kernel
def weights_of(
    apart: FloatArray,
    distance: FloatArray,
    origin: tuple[int, int],
    window: tuple[int, int, int, int],
    weight: FloatArray,
) -> None:
    r"""Turn the marks of similar pixels into weights :math:`1 / ((1 - R)\, d + 10^{-7})`.

    ``apart`` is 1 - R of every pixel of the image, which the target has no part in.
    """
    top, bottom, left, right = window
    for i in range(top, bottom):
        marks, here = weight[i - top, : right - left], apart[i, left:right]
        far = distance[i - origin[0], left - origin[1] : right - origin[1]]
        for j in range(right - left):
            marks[j] *= 1.0 / (here[j] * far[j] + _DISTANCE_EPS)


@kernel
def shifted_weights(
    fine: FloatArray,
    coarse: FloatArray,
    shift: FloatArray,
    distance: FloatArray,
    origin: tuple[int, int],
    window: tuple[int, int, int, int],
    weight: FloatArray,
) -> None:
    """As `weights_of`, with fine values moved by what the target says, so 1 - R is formed anew."""
    top, bottom, left, right = window
    for i in range(top, bottom):
        marks = weight[i - top, : right - left]
        far = distance[i - origin[0], left - origin[1] : right - origin[1]]
        if fine.shape[1] == 1:
            # The formula of `disagreement`, over rows, which compiles to several pixels at a time.
            one, two = fine[0, 0, i, left:right], fine[1, 0, i, left:right]
            c1, c2 = coarse[0, 0, i, left:right], coarse[1, 0, i, left:right]
            for j in range(right - left):
                f1, f2 = one[j] + shift[0, 0], two[j] + shift[1, 0]
                off = abs((f1 - c1[j]) / (f1 + c1[j])) + abs((f2 - c2[j]) / (f2 + c2[j]))
                r = 1.0 - 0.5 * off
                r = r if abs(r) <= 1.0 else 0.5
                marks[j] *= 1.0 / ((1.0 - r) * far[j] + _DISTANCE_EPS)
        else:
            for j in range(right - left):
                if marks[j] > 0.0:
                    apart = disagreement(fine, coarse, shift, i, left + j)
                    marks[j] = 1.0 / (apart * far[j] + _DISTANCE_EPS)


@kernel
def conversion(
    fine: FloatArray,
    coarse: FloatArray,
    band: int,
    similar: FloatArray,
    count: float,
    window: tuple[int, int, int, int],
    critical_f: float,
) -> float:
    """Slope of fine on coarse values over similar pixels of both dates, or 1 where it says nothing.

    Parameters
    ----------
    fine, coarse : array, shape (2, band, row, column)
        The two pairs.
    band : int
        Which band.
    similar : array, shape (window rows, window columns)
        1 where similar, else 0.
    count : float
        Number of similar pixels, n.
    window : tuple of int
        The window.
    critical_f : float
        Least F of a slope to be believed, at (1, 2 n - 2) degrees of freedom.
    """
    n = 2.0 * count
    mean_f, mean_c = 0.0, 0.0
    for k in range(2):
        mean_f += 0.5 * mean_where(fine[k, band], similar, window, count)
        mean_c += 0.5 * mean_where(coarse[k, band], similar, window, count)
    ff, cc, fc = 0.0, 0.0, 0.0
    for k in range(2):
        parts = squares_of(fine[k, band], coarse[k, band], mean_f, mean_c, similar, window)
        ff += parts[0]
        cc += parts[1]
        fc += parts[2]
    if not cc > 0.0:
        return 1.0
    slope = fc / cc
    explained = slope * fc
    left_over = ff - explained
    if left_over > 0.0 and explained * (n - 2.0) < critical_f * left_over:
        return 1.0
    if slope > 0.0 and slope <= LARGEST_CONVERSION:
        return float(slope)
    return 1.0


@kernel
def time_weights(since_first: float, since_second: float) -> tuple[float, float]:
    """Weights of the two pairs by how little the coarse window has changed since each."""
    first = 1.0 / since_first
    second = 1.0 / since_second
    return first / (first + second), second / (first + second)


@parallel_exact  # type: ignore[untyped-decorator]
def fuse_rows(
    fine: FloatArray,
    coarse: FloatArray,
    changes: FloatArray,
    valid: BoolArray,
    wanted: BoolArray,
    means: FloatArray,
    bias: FloatArray,
    limits: FloatArray,
    limit_block_px: int,
    distance: FloatArray,
    critical_f: FloatArray,
    bounds: tuple[float, float],
    unbiased: bool,
    half_px: int,
) -> FloatArray:
    """Fine values of a day that has a coarse image only, shape (band, row, column).

    Parameters
    ----------
    fine, coarse : array, shape (2, band, row, column)
        The two pairs; finite everywhere, whatever an unknown pixel holds.
    changes : array, shape (2, band, row, column)
        Coarse image of the day less that of each pair.
    valid : array of bool, shape (row, column)
        Pixels known in all five images.
    wanted : array of bool, shape (row, column)
        Pixels to make; the others stay NaN.
    means : array, shape (3, band, row, column)
        Window means of the coarse images: the day, the first pair, the second.
    bias : array, shape (2, band, row, column)
        Coarse less fine window mean of both pairs, where it is to be taken out; else 0.
    limits : array, shape (2, band, block row, block column)
        Largest difference of a similar pixel, by blocks of ``limit_block_px``.
    limit_block_px : int
        Side of such a block.
    distance : array, shape (2 half_px + 1, 2 half_px + 1)
        1 + distance from the middle over ``half_px``.
    critical_f : array
        Least F of a conversion by number of similar pixels.
    bounds : tuple of float
        Values that a result must lie between.
    unbiased : bool
        Whether the fine images are shifted to the coarse mean of the similar pixels, date by date.
    half_px : int
        Half-width of the window.
    """
    _, bands, rows, cols = changes.shape
    out = np.full((bands, rows, cols), np.nan)
    usable = np.where(valid, 1.0, 0.0)
    apart = np.zeros((rows, cols))
    if not unbiased:
        for row in prange(rows):
            still = np.zeros((2, bands))
            for col in range(cols):
                apart[row, col] = disagreement(fine, coarse, still, row, col)
    for row in prange(rows):
        weight = np.empty((2 * half_px + 1, 2 * half_px + 1))
        similar = np.empty((2 * half_px + 1, 2 * half_px + 1))
        shift = np.zeros((2, bands))
        for col in range(cols):
            if not (valid[row, col] and wanted[row, col]):
                continue
            window = (
                max(0, row - half_px),
                min(rows, row + half_px + 1),
                max(0, col - half_px),
                min(cols, col + half_px + 1),
            )
            origin = (row - half_px, col - half_px)
            limit = limits[:, :, row // limit_block_px, col // limit_block_px]
            count = mark_similar(fine, usable, limit, row, col, window, similar)
            enough = count > LEAST_SIMILAR
            shift[:] = 0.0
            if enough:
                weight[:] = similar
                if unbiased:
                    for k in range(2):
                        for b in range(bands):
                            shift[k, b] = mean_where(
                                coarse[k, b], similar, window, count
                            ) - mean_where(fine[k, b], similar, window, count)
                    shifted_weights(fine, coarse, shift, distance, origin, window, weight)
                else:
                    weights_of(apart, distance, origin, window, weight)
            for b in range(bands):
                change1 = means[0, b, row, col] - means[1, b, row, col]
                change2 = means[0, b, row, col] - means[2, b, row, col]
                if not enough:
                    # The change of the whole window then stands for that of similar pixels.
                    change1 += _TIME_EPS
                    change2 += _TIME_EPS
                    t1, t2 = time_weights(abs(change1), abs(change2))
                    out[b, row, col] = t1 * (
                        fine[0, b, row, col] + change1 + bias[0, b, row, col]
                    ) + t2 * (fine[1, b, row, col] + change2 + bias[1, b, row, col])
                    continue
                t1, t2 = time_weights(abs(change1) + _TIME_EPS, abs(change2) + _TIME_EPS)
                f1 = fine[0, b, row, col] + shift[0, b]
                f2 = fine[1, b, row, col] + shift[1, b]
                v = 1.0
                if not unbiased:
                    change = mean_where(coarse[0, b], similar, window, count) - mean_where(
                        coarse[1, b], similar, window, count
                    )
                    if abs(change) >= SMALLEST_CHANGE * bounds[1]:
                        v = conversion(
                            fine, coarse, b, similar, count, window, critical_f[int(count)]
                        )
                total, since1, since2 = weighted_sums(changes[0, b], changes[1, b], weight, window)
                first = f1 + v * (since1 / total)
                second = f2 + v * (since2 / total)
                value = t1 * first + t2 * second
                if not (value > bounds[0] and value < bounds[1]):
                    value = t1 * (mean_where(fine[0, b], weight, window, total) + shift[0, b]) + (
                        t2 * (mean_where(fine[1, b], weight, window, total) + shift[1, b])
                    )
                out[b, row, col] = value
    return out
