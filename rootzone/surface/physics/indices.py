"""Indices of optical and thermal images."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone._shared.errors import RequestError

_NDVI_STEP = 0.02
_LEAST_IN_BIN = 30


def normalised_difference(first: FloatArray, second: FloatArray) -> FloatArray:
    """(first - second) / (first + second); NaN where the sum is not positive."""
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    total = a + b
    index: FloatArray = np.divide(a - b, total, out=np.full(total.shape, np.nan), where=total > 0.0)
    return index


def ndvi(red: FloatArray, nir: FloatArray) -> FloatArray:
    """Normalised difference vegetation index [-] of reflectances."""
    return normalised_difference(nir, red)


def ndmi(nir: FloatArray, swir1: FloatArray) -> FloatArray:
    """Normalised difference moisture index [-] of reflectances."""
    return normalised_difference(nir, swir1)


class Edges(NamedTuple):
    """Edges of the triangle of surface temperature over NDVI.

    Attributes
    ----------
    dry_intercept_k, dry_slope_k : float
        Warmest temperature at NDVI 0 [K], and its change a unit of NDVI.
    wet_k : float
        Coldest temperature [K].
    """

    dry_intercept_k: float
    dry_slope_k: float
    wet_k: float


def fit_edges(lst_k: FloatArray, ndvi_values: FloatArray) -> Edges:
    """Edges of a scene: in NDVI bins of 0.02 the upper and lower 5 % of temperature.

    Parameters
    ----------
    lst_k, ndvi_values : array
        Surface temperature [K] and NDVI [-] of all clear land pixels of one date; NaN is left out.

    Raises
    ------
    RequestError
        Fewer than three bins hold 30 pixels, so a line through them means nothing.
    """
    known = np.isfinite(lst_k) & np.isfinite(ndvi_values)
    t, v = np.asarray(lst_k)[known], np.asarray(ndvi_values)[known]
    number = np.floor(v / _NDVI_STEP).astype(np.int64)
    middle, warm, cold = [], [], []
    for bin_number in np.unique(number):
        inside = t[number == bin_number]
        if inside.size < _LEAST_IN_BIN:
            continue
        low, high = np.quantile(inside, [0.05, 0.95])
        middle.append((bin_number + 0.5) * _NDVI_STEP)
        warm.append(inside[inside >= high].mean())
        cold.append(inside[inside <= low].mean())
    if len(middle) < 3:
        raise RequestError(
            f"Of {t.size} clear pixels only {len(middle)} NDVI bins of 0.02 hold 30; the edges of "
            "the temperature triangle need three. Take a larger scene or a clearer date."
        )
    slope, intercept = np.polyfit(middle, warm, 1)
    return Edges(float(intercept), float(slope), float(np.mean(cold)))


def tvdi(lst_k: FloatArray, ndvi_values: FloatArray, edges: Edges) -> FloatArray:
    """Temperature vegetation dryness index: 0 at the wet edge, 1 at the dry one.

    Examples
    --------
    Dry edge 330 - 25 NDVI, wet edge 295 K: NDVI 0.4 and 310 K lie at 15 / 25.

    >>> float(tvdi(np.array(310.0), np.array(0.4), Edges(330.0, -25.0, 295.0)))
    0.6

    References
    ----------
    Sandholt, Rasmussen and Andersen (2002), doi:10.1016/S0034-4257(01)00274-7
    """
    dry = edges.dry_intercept_k + edges.dry_slope_k * np.asarray(ndvi_values)
    width = dry - edges.wet_k
    index: FloatArray = np.divide(
        np.asarray(lst_k) - edges.wet_k, width, out=np.full(width.shape, np.nan), where=width > 0
    )
    return index
