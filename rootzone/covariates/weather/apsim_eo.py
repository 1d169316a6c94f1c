"""Potential evaporation as APSIM computes it, for the network's features and for the engines alike.

The Priestley-Taylor form of Ritchie (1972) as used by CERES (Jones and Kiniry 1986).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import kernel


@kernel
def eo_mm_from_radiation(
    radn_mj_m2: float, tmax_degc: float, tmin_degc: float, albedo: float
) -> float:
    r"""Potential evaporation of a day from radiation and temperature.

    .. math::
        E_o = f\, 23.8846\, R (2.04\cdot10^{-4} - 1.83\cdot10^{-4} a)
              (0.6 T_{max} + 0.4 T_{min} + 29)

    The advection factor f is 1.1, rises by 0.05 per degree above 35 degC, and is
    0.01 exp(0.18 (Tmax + 20)) below 5 degC; it jumps by a tenth at 5 degC, as it does in APSIM.

    Parameters
    ----------
    radn_mj_m2 : float
        Solar radiation of the day [MJ m-2 d-1].
    tmax_degc, tmin_degc : float
        Daily extremes of air temperature [degC].
    albedo : float
        Albedo of the ground, 0 to 1; APSIM's bare soil has 0.13.

    Returns
    -------
    eo_mm : float
        Potential evaporation [mm d-1], never negative; NaN where any input is NaN.

    References
    ----------
    Jones and Kiniry (1986), CERES-Maize; Ritchie (1972), doi:10.1029/WR008i005p01204
    """
    equilibrium = (
        radn_mj_m2
        * 23.8846
        * (0.000204 - 0.000183 * albedo)
        * (0.6 * tmax_degc + 0.4 * tmin_degc + 29.0)
    )
    factor = 1.1
    if tmax_degc > 35.0:
        factor = 1.1 + 0.05 * (tmax_degc - 35.0)
    elif tmax_degc < 5.0:
        factor = 0.01 * math.exp(0.18 * (tmax_degc + 20.0))
    eo_mm = factor * equilibrium
    return 0.0 if eo_mm < 0.0 else eo_mm


@kernel
def _fill_eo(
    radn: FloatArray, tmax: FloatArray, tmin: FloatArray, albedo: float, eo_mm: FloatArray
) -> None:
    for i in range(radn.size):
        eo_mm[i] = eo_mm_from_radiation(radn[i], tmax[i], tmin[i], albedo)


def apsim_mm(
    radn_mj_m2: ArrayLike, tmax_degc: ArrayLike, tmin_degc: ArrayLike, albedo: float
) -> FloatArray:
    """Potential evaporation of many days; see `eo_mm_from_radiation`.

    Parameters
    ----------
    radn_mj_m2, tmax_degc, tmin_degc : array
        Radiation [MJ m-2 d-1] and daily extremes of temperature [degC], broadcast together.
    albedo : float
        Albedo of the ground, 0 to 1.

    Returns
    -------
    array
        Potential evaporation [mm d-1].
    """
    given = (np.asarray(a, dtype=np.float64) for a in (radn_mj_m2, tmax_degc, tmin_degc))
    radn, tmax, tmin = np.broadcast_arrays(*given)
    out = np.empty(radn.shape, dtype=np.float64)
    _fill_eo(radn.ravel(), tmax.ravel(), tmin.ravel(), albedo, out.ravel())
    return out
