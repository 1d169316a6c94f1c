"""Where water gathers: position and wetness of a pixel among its neighbours on the master grid.

Both look no farther than `HALO_PX` pixels, so a window with that halo gives the same numbers, to
the bit, as the whole land.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from rootzone._shared.arrays import AnyArray, Float32Array, FloatArray

UNITS: Final = {"position_m": "m", "wetness_index": "-"}
RADIUS_PX: Final = 10  # neighbours that a position is told among
STEPS: Final = 16  # of flow that bring water to a pixel
HALO_PX: Final = STEPS + 1
_EXPONENT: Final = 1.1
_LEAST_RISE: Final = 1e-3  # [m m-1]; flatter ground counts as this steep
_NEIGHBOURS: Final = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j]


def topography(elevation_m: AnyArray, resolution_m: float) -> dict[str, Float32Array]:
    """Position and wetness of a window.

    Parameters
    ----------
    elevation_m : array, shape (row + 2 HALO_PX, col + 2 HALO_PX)
        Elevation [m] of the window with `HALO_PX` more on every side; NaN where it is not known.
    resolution_m : float
        Pixel size [m].

    Returns
    -------
    dict of str to array, shape (row, col)
        ``position_m`` and ``wetness_index``, float32; NaN where the pixel's height is not known.
    """
    z = np.asarray(elevation_m, dtype=np.float64)
    near = HALO_PX - RADIUS_PX
    inner = slice(HALO_PX, -HALO_PX)
    return {
        "position_m": position_m(z[near:-near, near:-near]).astype(np.float32),
        "wetness_index": wetness_index(z, resolution_m)[inner, inner].astype(np.float32),
    }


def position_m(z: FloatArray) -> FloatArray:
    r"""Height above the mean of the square of 21 x 21 pixels around: above 0 on ridges [m].

    Parameters
    ----------
    z : array, shape (row + 2 RADIUS_PX, col + 2 RADIUS_PX)
        Elevation [m]; what is not known does not count.

    References
    ----------
    Weiss (2001), Topographic position and landforms analysis, ESRI user conference.
    """
    known = np.isfinite(z)
    total = _square_sum(np.where(known, z, 0.0))
    count = _square_sum(known.astype(np.float64))
    inner = z[RADIUS_PX:-RADIUS_PX, RADIUS_PX:-RADIUS_PX]
    return np.asarray(inner - total / np.maximum(count, 1.0))


def _square_sum(values: FloatArray) -> FloatArray:
    """Sum over the square around each pixel, in an order that does not depend on the window."""
    side = 2 * RADIUS_PX + 1
    rows = values.shape[0] - side + 1
    down = values[:rows].copy()
    for shift in range(1, side):
        down += values[shift : shift + rows]
    cols = values.shape[1] - side + 1
    out = down[:, :cols].copy()
    for shift in range(1, side):
        out += down[:, shift : shift + cols]
    return out


def wetness_index(z: FloatArray, resolution_m: float) -> FloatArray:
    r"""Logarithm of the area that drains to a pixel over the steepness with which it leaves.

    .. math:: \ln \frac{a}{\tan\beta}, \quad a = \Delta \sum_n A_n,

    with the area of the pixels whose water arrives within 16 steps from pixel to pixel, divided
    among all lower neighbours by their steepness to the power 1.1. What drains from farther away is
    not counted: a whole catchment has no halo.

    Parameters
    ----------
    z : array, shape (row, col)
        Elevation [m]; right at pixels `HALO_PX` or more from the edge.
    resolution_m : float
        Pixel size [m].

    References
    ----------
    Beven and Kirkby (1979), doi:10.1080/02626667909491834; Freeman (1991),
    doi:10.1016/0098-3004(91)90048-I, for the division among neighbours.
    """
    padded = np.pad(z, 1, constant_values=np.nan)
    inner = (slice(1, -1), slice(1, -1))
    falls = []
    for i, j in _NEIGHBOURS:
        there = padded[1 + i : padded.shape[0] - 1 + i, 1 + j : padded.shape[1] - 1 + j]
        fall = (z - there) / (resolution_m * np.hypot(i, j))
        falls.append(np.where(fall > 0.0, fall, 0.0))  # 0 where not known, too
    shares = [fall**_EXPONENT for fall in falls]
    total = sum(shares[1:], start=shares[0])
    steep = falls[0]
    for fall in falls[1:]:
        steep = np.maximum(steep, fall)
    given = [np.pad(s / np.where(total > 0.0, total, 1.0), 1) for s in shares]
    area = np.ones_like(z)
    for _ in range(STEPS):
        whole = np.pad(area, 1)
        area = np.ones_like(z)
        for (i, j), share in zip(_NEIGHBOURS, given, strict=True):
            # What the neighbour on the other side sends this way.
            rows = slice(1 - i, whole.shape[0] - 1 - i)
            cols = slice(1 - j, whole.shape[1] - 1 - j)
            area += whole[rows, cols] * share[rows, cols]
    index = np.log(area * resolution_m / np.maximum(steep, _LEAST_RISE))
    return np.asarray(np.where(np.isfinite(padded[inner]), index, np.nan))
