"""Vegetation water of land-cover classes, and shares of classes.

The class table itself stands in `rootzone.covariates.observe.smap_classes`.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray, IntArray
from rootzone.covariates.observe.smap_classes import IGBP as IGBP
from rootzone.covariates.observe.smap_classes import CoverClass as CoverClass
from rootzone.covariates.observe.smap_classes import Prior as Prior
from rootzone.covariates.observe.smap_classes import prior_of_fractions as prior_of_fractions
from rootzone.surface.physics.both import Field

IGBP_OF_NLCD: Final = {
    11: 17, 12: 15, 21: 13, 22: 13, 23: 13, 24: 13, 31: 16, 41: 4, 42: 1, 43: 5, 52: 7, 71: 10,
    81: 10, 82: 12, 90: 11, 95: 11,
}  # fmt: skip
"""The class whose emission each NLCD class is taken to have."""

DENSE_VWC_KG_M2: Final = 5.0
"""Vegetation water above which SMAP does not recommend a retrieval [kg m-2]."""


def igbp_from_nlcd(code: AnyArray) -> IntArray:
    """IGBP code of each NLCD code; 0 where NLCD has no such class."""
    table = np.zeros(256, dtype=np.int64)
    for nlcd, igbp in IGBP_OF_NLCD.items():
        table[nlcd] = igbp
    whole = np.asarray(code, dtype=np.int64)
    return np.asarray(table[np.where((whole >= 0) & (whole < 256), whole, 0)], dtype=np.int64)


def class_fractions(igbp: IntArray) -> FloatArray:
    """Shares of the 17 classes of pixels that have one class each, shape (..., 17)."""
    return np.asarray((np.asarray(igbp)[..., None] == np.arange(1, 18)), dtype=np.float64)


def vegetation_water_kg_m2(
    ndvi: Field, stem_kg_m2: Field, ndvi_max: Field, ndvi_min: Field = 0.1
) -> Field:
    """Vegetation water content from NDVI [kg m-2].

    Leaves 1.9134 NDVI^2 - 0.3215 NDVI, stems their factor times (max - min) / (1 - min), with the
    largest and smallest NDVI of the pixel's year.

    Examples
    --------
    Grass, stem factor 1.5, NDVI 0.5, yearly 0.1 to 0.6: .478350 - .160750 + 1.5 (.5/.9) = 1.150933

    >>> round(vegetation_water_kg_m2(0.5, 1.5, 0.6), 6)
    1.150933
    """
    leaves = 1.9134 * ndvi**2 - 0.3215 * ndvi
    return leaves + stem_kg_m2 * (ndvi_max - ndvi_min) / (1.0 - ndvi_min)


def stems_kg_m2(igbp: IntArray) -> FloatArray:
    """Stem factor of each pixel's class [kg m-2]; NaN where the code is none."""
    table = np.array([np.nan, *(row.stem_kg_m2 for row in IGBP)])
    codes = np.asarray(igbp)
    return np.asarray(table[np.where((codes >= 0) & (codes <= 17), codes, 0)])
