"""Roughness, albedo and vegetation of land-cover classes, as SMAP release R18 has them.

The table was read out of R18 files by least squares on class fractions (rows ``measured``), which
leaves 2e-4 in omega, 1e-3 in h and 2e-3 in b; savanna and cropland are extrapolated from mixed
cells, and rows ``unseen`` are the values commonly quoted for SMAP, not seen in a file.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray, IntArray
from rootzone._shared.errors import RequestError
from rootzone.surface.physics.both import Field


class CoverClass(NamedTuple):
    """One IGBP class.

    Attributes
    ----------
    igbp : int
        Code, 1 to 17.
    name : str
        Name.
    h, omega, b : float
        Roughness [-], albedo of the single-channel algorithms [-], and nadir opacity a kg m-2 of
        vegetation water [m2 kg-1]; b fits SMAP's own vegetation water only.
    omega_dca : float
        Albedo of the dual-channel algorithm [-].
    stem_kg_m2 : float
        Stem factor of the vegetation water [kg m-2].
    basis : str
        ``measured``, ``extrapolated`` or ``unseen``.
    """

    igbp: int
    name: str
    h: float
    omega: float
    b: float
    omega_dca: float
    stem_kg_m2: float
    basis: str


IGBP: Final = (
    CoverClass(1, "evergreen needleleaf", 0.160, 0.07, 0.053, 0.07, 7.98, "measured"),
    CoverClass(2, "evergreen broadleaf", 0.160, 0.07, 0.053, 0.07, 9.63, "unseen"),
    CoverClass(3, "deciduous needleleaf", 0.160, 0.07, 0.053, 0.07, 7.98, "unseen"),
    CoverClass(4, "deciduous broadleaf", 0.160, 0.07, 0.053, 0.07, 6.38, "unseen"),
    CoverClass(5, "mixed forest", 0.160, 0.07, 0.060, 0.07, 6.38, "measured"),
    CoverClass(6, "closed shrubland", 0.110, 0.05, 0.110, 0.08, 3.0, "unseen"),
    CoverClass(7, "open shrubland", 0.110, 0.05, 0.110, 0.07, 1.5, "measured"),
    CoverClass(8, "woody savanna", 0.125, 0.05, 0.110, 0.08, 3.0, "measured"),
    CoverClass(9, "savanna", 0.156, 0.08, 0.110, 0.10, 1.5, "extrapolated"),
    CoverClass(10, "grassland", 0.156, 0.05, 0.130, 0.07, 1.5, "measured"),
    CoverClass(11, "wetland", 0.156, 0.05, 0.130, 0.10, 1.5, "unseen"),
    CoverClass(12, "cropland", 0.108, 0.05, 0.110, 0.06, 3.5, "extrapolated"),
    CoverClass(13, "urban", 0.100, 0.05, 0.100, 0.08, 3.5, "unseen"),
    CoverClass(14, "crop and natural mosaic", 0.130, 0.065, 0.110, 0.10, 3.5, "unseen"),
    CoverClass(15, "snow and ice", 0.0, 0.0, 0.0, 0.0, 0.0, "measured"),
    CoverClass(16, "barren", 0.150, 0.0, 0.0, 0.0, 0.0, "unseen"),
    CoverClass(17, "water", 0.0, 0.0, 0.0, 0.0, 0.0, "unseen"),
)

IGBP_OF_NLCD: Final = {
    11: 17, 12: 15, 21: 13, 22: 13, 23: 13, 24: 13, 31: 16, 41: 4, 42: 1, 43: 5, 52: 7, 71: 10,
    81: 10, 82: 12, 90: 11, 95: 11,
}  # fmt: skip
"""The class whose emission each NLCD class is taken to have."""

DENSE_VWC_KG_M2: Final = 5.0
"""Vegetation water above which SMAP does not recommend a retrieval [kg m-2]."""


class Prior(NamedTuple):
    """Parameters of emission from land cover.

    Attributes
    ----------
    h, omega, b : array
        As in `CoverClass`, weighted by the share of each class.
    """

    h: FloatArray
    omega: FloatArray
    b: FloatArray


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


def prior_of_fractions(fractions: FloatArray) -> Prior:
    """Class table weighted by class fractions.

    Parameters
    ----------
    fractions : array, shape (..., 17)
        Share of each IGBP class in code order; they need not sum to 1.

    Returns
    -------
    Prior
        NaN where no class has a share.

    Raises
    ------
    RequestError
        The last axis does not hold 17 classes.
    """
    fractions = np.asarray(fractions, dtype=np.float64)
    if fractions.shape[-1] != len(IGBP):
        raise RequestError(
            f"Class fractions come with {fractions.shape[-1]} classes; IGBP has {len(IGBP)}, "
            "in the order of their codes 1 to 17."
        )
    table = np.array([[row.h, row.omega, row.b] for row in IGBP])
    total = fractions.sum(axis=-1, keepdims=True)
    shares = np.divide(fractions, total, out=np.full_like(fractions, np.nan), where=total > 0.0)
    h, omega, b = np.moveaxis(shares @ table, -1, 0)
    return Prior(h, omega, b)


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
