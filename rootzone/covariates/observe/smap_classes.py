"""Roughness, albedo and vegetation of land-cover classes, as SMAP release R18 has them.

The table was read out of R18 files by least squares on class fractions (rows ``measured``), which
leaves 2e-4 in omega, 1e-3 in h and 2e-3 in b; savanna and cropland are extrapolated from mixed
cells, and rows ``unseen`` are the values commonly quoted for SMAP, not seen in a file.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone._shared.errors import RequestError


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
