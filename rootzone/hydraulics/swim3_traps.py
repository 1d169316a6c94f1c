"""SWIM3's own curves, as far as a soil must fit them: micropore conductivity and a falling theta.

SWIM3 does not take van Genuchten's curves. It draws its own retention curve through (1 cm, SAT),
(PSIDul, DUL), (15,000 cm, LL15) and (6e6 cm, 0), and a micropore conductivity through (DUL, KDul)
whose power grows without limit as LL15 nears DUL. Coarse soils then get a conductivity at
saturation above KS, which SWIM3 accepts in silence, or a retention curve that rises on drying.
Both are mended by one change: a lower LL15.
"""

from __future__ import annotations

import numpy as np

from rootzone._shared.jit import kernel
from rootzone.hydraulics.limits import (
    PORE_INTERACTION_INDEX,
    SWIM3_LL15_SUCTION_CM,
    SWIM3_ZERO_SUCTION_CM,
)

_KDUL_SHARE = 0.99  # SWIM3 leaves 1 % of KDul to the macropores
_STEPS = 50


@kernel
def micropore_kd(kdul_mm_d: float, ks_mm_d: float) -> float:
    """Micropore part of the conductivity at DUL [mm d-1]."""
    return min(_KDUL_SHARE * kdul_mm_d, ks_mm_d)


@kernel
def micropore_power(dul: float, ll15: float, dul_suction_cm: float) -> float:
    """Exponent P of the micropore conductivity, K = Km (theta/SAT)^P."""
    b = np.log(SWIM3_LL15_SUCTION_CM / dul_suction_cm) / np.log(dul / ll15)
    return float(2.0 * b + 2.0 + PORE_INTERACTION_INDEX)


@kernel
def micropore_ks(
    ll15: float, dul: float, sat: float, ks_mm_d: float, kdul_mm_d: float, dul_suction_cm: float
) -> float:
    """Micropore conductivity at saturation, Km [mm d-1]; above KS it becomes SWIM3's K(SAT)."""
    power = micropore_power(dul, ll15, dul_suction_cm)
    return float(micropore_kd(kdul_mm_d, ks_mm_d) * (sat / dul) ** power)


@kernel
def ll15_for_micropore_ks(
    dul: float,
    sat: float,
    ks_mm_d: float,
    kdul_mm_d: float,
    dul_suction_cm: float,
    share: float,
) -> float:
    """Largest LL15 whose micropore conductivity at saturation is ``share`` of KS; 0 if none is.

    Solves Kd (SAT/DUL)^P = share KS for P, then P for LL15.
    """
    kd = micropore_kd(kdul_mm_d, ks_mm_d)
    power = np.log(share * ks_mm_d / kd) / np.log(sat / dul)
    b = (power - 2.0 - PORE_INTERACTION_INDEX) / 2.0
    if b <= 0.0:
        return 0.0
    return float(dul * np.exp(-np.log(SWIM3_LL15_SUCTION_CM / dul_suction_cm) / b))


@kernel
def kdul_for_micropore_ks(
    ll15: float, dul: float, sat: float, ks_mm_d: float, dul_suction_cm: float, share: float
) -> float:
    """Largest KDul whose micropore conductivity at saturation is ``share`` of KS [mm d-1]."""
    power = micropore_power(dul, ll15, dul_suction_cm)
    return float(share * ks_mm_d * (sat / dul) ** -power / _KDUL_SHARE)


@kernel
def retention_falls(ll15: float, dul: float, sat: float, dul_suction_cm: float) -> bool:
    """Whether SWIM3's cubic between DUL and LL15 falls all the way.

    The cubic Hermite piece over x = log10 suction has end slopes a and b in units of its chord
    slope. It is monotone if and only if its slope, a quadratic in x with value a at 0, b at 1 and
    mean 1, has no sign change in between (Fritsch and Carlson 1980, doi:10.1137/0717021).
    """
    log_dul = np.log10(dul_suction_cm)
    log_ll15 = np.log10(SWIM3_LL15_SUCTION_CM)
    chord_wet = (dul - sat) / log_dul
    chord = (ll15 - dul) / (log_ll15 - log_dul)
    chord_dry = -ll15 / (np.log10(SWIM3_ZERO_SUCTION_CM) - log_ll15)
    slope_dul = 0.5 * (chord_wet + chord)
    if slope_dul / chord_wet >= 2.0:  # SWIM3 then limits the slope at DUL for its first piece
        slope_dul = 3.0 * chord_wet
    a = slope_dul / chord
    b = 0.5 * (chord + chord_dry) / chord
    curvature = a + b - 2.0
    if curvature <= 0.0 or 2.0 * a + b - 3.0 <= 0.0 or a + 2.0 * b - 3.0 <= 0.0:
        return True
    return bool(a - (2.0 * a + b - 3.0) ** 2 / (3.0 * curvature) >= 0.0)


@kernel
def ll15_for_falling_retention(ll15: float, dul: float, sat: float, dul_suction_cm: float) -> float:
    """Largest LL15 up to ``ll15`` with a falling retention curve, by bisection; 0 if none is."""
    if retention_falls(ll15, dul, sat, dul_suction_cm):
        return ll15
    low, high = 0.0, ll15
    for _ in range(_STEPS):
        middle = 0.5 * (low + high)
        if retention_falls(middle, dul, sat, dul_suction_cm):
            low = middle
        else:
            high = middle
    return low
