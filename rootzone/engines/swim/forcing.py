"""How a day's weather reaches the soil surface: evaporative demand, runoff, hours of the day.

The formulas are those of APSIM's soil-water modules in a fallow: the USDA curve number (SCS 1972)
with APSIM's wetness weighting, and rain and demand spread evenly over a stated window of the day.
Potential evaporation itself is `rootzone.covariates.weather.apsim_eo`.
"""

from __future__ import annotations

import math

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import kernel

HOURS_PER_DAY = 24.0


@kernel
def cover_factor(crop_cover: float, residue_cover: float) -> float:
    """Share of potential evaporation that still reaches a covered soil.

    exp(-1.7 crop cover) (1 - residue cover)**0.44, APSIM's form after Adams et al. (1976):
    1 on bare ground, 0 under full residue.
    """
    return math.exp(-1.7 * crop_cover) * math.pow(1.0 - residue_cover, 0.44)


@kernel
def covered_curve_number(cn2_bare: float, cn_red: float, cn_cov: float, cover: float) -> float:
    """Curve number lowered by cover, in proportion until ``cn_cov`` and by ``cn_red`` beyond.

    Parameters
    ----------
    cn2_bare : float
        Curve number of bare soil of average wetness, 0 to 100.
    cn_red : float
        Largest reduction of the curve number by cover.
    cn_cov : float
        Cover [-] at which that reduction is reached; 0 means any cover gives all of it.
    cover : float
        Fraction of ground covered by residue and crop.
    """
    if cover <= 0.0:
        return cn2_bare
    if cover >= cn_cov:
        return cn2_bare - cn_red
    return cn2_bare - cn_red * cover / cn_cov


@kernel
def fill_wetness_weights(
    thickness_mm: FloatArray, depth_mm: float, exponent: float, weight: FloatArray
) -> None:
    """Write each layer's share in the wetness that decides the curve number.

    The share is F(bottom) - F(top) with F(z) = (1 - exp(-a z / d)) / (1 - exp(-a)), so the
    surface counts most and nothing counts below ``depth_mm``. Shares of a profile at least as
    deep sum to 1; a shallower profile is its own depth d.

    Parameters
    ----------
    thickness_mm : array, shape (layer,)
        Thickness [mm].
    depth_mm : float
        Depth d considered [mm]; 450 in APSIM.
    exponent : float
        Decay a [-]; 4.16 in APSIM.
    weight : array, shape (layer,)
        Filled with the shares [-].
    """
    total_mm = 0.0
    for i in range(thickness_mm.shape[0]):
        total_mm += thickness_mm[i]
    depth = min(depth_mm, total_mm)
    scale = 1.0 / (1.0 - math.exp(-exponent))
    bottom_mm = 0.0
    above = 0.0
    for i in range(thickness_mm.shape[0]):
        bottom_mm += thickness_mm[i]
        below = scale * (1.0 - math.exp(-exponent * min(1.0, bottom_mm / depth)))
        weight[i] = below - above
        above = below


@kernel
def profile_wetness(
    theta: FloatArray, dry: FloatArray, wet: FloatArray, weight: FloatArray
) -> float:
    """Weighted wetness of a profile: 0 at ``dry`` (LL15), 1 at ``wet`` (DUL), clipped to that."""
    wetness = 0.0
    for i in range(theta.shape[0]):
        if weight[i] > 0.0:
            wetness += weight[i] * (theta[i] - dry[i]) / (wet[i] - dry[i])
    return min(1.0, max(0.0, wetness))


@kernel
def curve_number_runoff_mm(rain_mm: float, cn2: float, wetness: float) -> float:
    r"""Runoff of a day by the curve number.

    The number moves between :math:`CN_1 = CN_2 / (2.334 - 0.01334 CN_2)` on dry ground and
    :math:`CN_3 = CN_2 / (0.4036 + 0.005964 CN_2)` on wet ground in proportion to wetness; then
    :math:`s = 254 (100/CN - 1)` and :math:`Q = \max(0, P - 0.2 s)^2 / (P + 0.8 s)`.

    Parameters
    ----------
    rain_mm : float
        Rain of the day [mm].
    cn2 : float
        Curve number at average wetness, above 0 and up to 100.
    wetness : float
        Wetness of the profile, 0 to 1.

    Returns
    -------
    runoff_mm : float
        Runoff [mm], 0 on a dry day (also at a curve number of 100, where APSIM divides 0 by 0).

    References
    ----------
    SCS (1972), National Engineering Handbook, section 4, hydrology
    """
    if rain_mm <= 0.0:
        return 0.0
    cn1 = cn2 / (2.334 - 0.01334 * cn2)
    cn3 = cn2 / (0.4036 + 0.005964 * cn2)
    cn = cn1 + (cn3 - cn1) * wetness
    s_mm = 254.0 * (100.0 / cn - 1.0)
    excess_mm = rain_mm - 0.2 * s_mm
    if excess_mm <= 0.0:
        return 0.0
    return excess_mm * excess_mm / (rain_mm + 0.8 * s_mm)


@kernel
def window_end_h(start_h: float, hours: float) -> float:
    """Hour at which a daily window closes; a window that would pass midnight is cut there."""
    return min(HOURS_PER_DAY, start_h + hours)


@kernel
def share_of_day(from_h: float, to_h: float, start_h: float, end_h: float) -> float:
    """Share of a daily sum that falls between two hours of that day.

    Parameters
    ----------
    from_h, to_h : float
        The interval [h since midnight], ``from_h <= to_h``.
    start_h, end_h : float
        The window over which the daily sum is spread evenly [h], ``start_h < end_h``.

    Returns
    -------
    share : float
        0 to 1; over the whole day it is exactly 1.
    """
    overlap_h = min(to_h, end_h) - max(from_h, start_h)
    return max(0.0, overlap_h) / (end_h - start_h)


@kernel
def next_change_h(hour: float, start_h: float, end_h: float, until_h: float) -> float:
    """Hour of the next opening or closing of a window after ``hour``, at most ``until_h``."""
    if hour < start_h < until_h:
        return start_h
    if hour < end_h < until_h:
        return end_h
    return until_h
