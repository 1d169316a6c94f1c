"""Retention and conductivity of a layer as SWIM3 builds them from LL15, DUL, SAT, KS and KDul.

Retention is piecewise in x = ln(suction): saturated to 1 cm, one cubic from there to PSIDul (DUL),
another to 15,000 cm (LL15), then a straight line to zero water at 6e6 cm. Conductivity is the sum
of a micropore and a macropore power of theta / SAT. The curves are those of Huth et al. (2012),
doi:10.1071/SR11236; here each layer is turned once into polynomial coefficients in x, so that an
evaluation costs three exponentials and two logarithms.

Two faults of the original are mended unless ``reproduce_traps`` asks for them. See
:func:`fill_layer_curves`.
"""

from __future__ import annotations

import math

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import exact_inner_kernel, kernel
from rootzone.engines.swim import layout

LN10 = math.log(10.0)
SUCTION_LL15_CM = 15000.0
SUCTION_DRY_CM = 6.0e6
X_LL15 = math.log(SUCTION_LL15_CM)
X_DRY = math.log(SUCTION_DRY_CM)
PORE_INTERACTION_INDEX = 1.0
KDUL_SHARE_MICRO = 0.99  # the macropores carry the last hundredth of KDul
K_DRY_CM_H = 1.0e-100
VAPOUR_K_CM_H = 7.28e-9
VAPOUR_PER_CM = 7.26e-7
SAT_SHARE_OF_POROSITY = 0.93

# Columns of the coefficients of a layer; LINEAR is per unit of x, the others polynomials.
DX_CM = 0
SAT = 1
DUL = 2
LL15 = 3
X_DUL = 4
WET_2 = 5  # theta = SAT + x^2 (WET_2 + x WET_3) from 1 cm to PSIDul
WET_3 = 6
DRY_1 = 7  # theta = DUL + t (DRY_1 + t (DRY_2 + t DRY_3)), t = x - X_DUL, from PSIDul to 15,000 cm
DRY_2 = 8
DRY_3 = 9
LINEAR = 10  # theta = LL15 + LINEAR (x - X_LL15) beyond 15,000 cm
K_DUL = 11  # micropore conductivity at DUL [cm h-1]
P_MICRO = 12
K_MACRO = 13  # macropore conductivity at DUL [cm h-1], 0 where there is no such term
P_MACRO = 14
THETA_JOIN = 15  # above it the joining power replaces both terms; inf where nothing is repaired
P_JOIN = 16
INV_DUL = 17
POROSITY = 18
CN_DRY = 19  # water contents between which the curve number counts a layer dry to wet
CN_WET = 20
N_COEF = 21


@kernel
def fill_retention(layer: FloatArray, reproduce_traps: bool, coef: FloatArray) -> int:
    """Write the retention coefficients of one layer; return the repairs made.

    The slope at DUL is the mean of its two chords, cut to three times the upper chord where the
    upper cubic could turn. SWIM3 leaves the lower cubic unchecked: for sands with DUL next to
    LL15 it falls below LL15 and rises again. Unless traps are asked for, both end slopes of that
    cubic are then scaled into the circle of Fritsch and Carlson (1980), doi:10.1137/0717021.

    Parameters
    ----------
    layer : array, shape (N_SWIM3,)
        One row of ``layers``, see :mod:`rootzone.engines.swim.layout`.
    reproduce_traps : bool
        Keep a lower cubic that is not monotone.
    coef : array, shape (N_COEF,)
        Filled.
    """
    ll15 = layer[layout.SWIM3_LL15]
    dul = layer[layout.SWIM3_DUL]
    sat = layer[layout.SWIM3_SAT]
    x_dul = math.log(-layer[layout.SWIM3_PSIDUL_CM])
    width = X_LL15 - x_dul
    chord_wet = (dul - sat) / x_dul
    chord_dry = (ll15 - dul) / width
    slope_end = -ll15 / (X_DRY - X_LL15)
    slope_dul = 0.5 * (chord_wet + chord_dry)
    slope_ll15 = 0.5 * (chord_dry + slope_end)
    if slope_dul / chord_wet >= 2.0:
        slope_dul = 3.0 * chord_wet
    repairs = 0
    upper = slope_dul / chord_dry
    lower = slope_ll15 / chord_dry
    if not reproduce_traps and not is_monotone(upper, lower):
        shrink = 3.0 / math.sqrt(upper * upper + lower * lower)
        slope_dul *= shrink
        slope_ll15 *= shrink
        repairs = layout.REPAIR_RETENTION
    coef[DX_CM] = 0.1 * layer[layout.SWIM3_THICKNESS_MM]
    coef[SAT] = sat
    coef[DUL] = dul
    coef[LL15] = ll15
    coef[X_DUL] = x_dul
    coef[WET_2] = (3.0 * chord_wet - slope_dul) / x_dul
    coef[WET_3] = (slope_dul - 2.0 * chord_wet) / (x_dul * x_dul)
    coef[DRY_1] = slope_dul
    coef[DRY_2] = (3.0 * chord_dry - 2.0 * slope_dul - slope_ll15) / width
    coef[DRY_3] = (slope_dul + slope_ll15 - 2.0 * chord_dry) / (width * width)
    coef[LINEAR] = slope_end
    coef[INV_DUL] = 1.0 / dul
    coef[POROSITY] = sat / SAT_SHARE_OF_POROSITY
    coef[CN_DRY] = ll15
    coef[CN_WET] = dul
    return repairs


@kernel
def is_monotone(start: float, end: float) -> bool:
    """Whether a cubic with these end slopes, as multiples of its chord, never turns.

    The condition of Fritsch and Carlson (1980), doi:10.1137/0717021, equation 9.
    """
    if start + end - 2.0 <= 0.0:
        return True
    excess = 2.0 * start + end - 3.0
    if excess <= 0.0 or start + 2.0 * end - 3.0 <= 0.0:
        return True
    return start - excess * excess / (3.0 * (start + end - 2.0)) >= 0.0


@kernel
def fill_conductivity(layer: FloatArray, reproduce_traps: bool, coef: FloatArray) -> int:
    r"""Write the conductivity coefficients of one layer; return the repairs made.

    .. math:: K = K_m S^P + (K_s - K_m) S^M,\quad S = \theta / SAT,\quad P = 2b + 3,
              \quad b = \frac{\ln(15000/|PSIDul|)}{\ln(DUL/LL15)}

    with :math:`K_d = \min(0.99\,KDul, KS)`, :math:`K_m = K_d (DUL/SAT)^{-P}` and M such that the
    macropores carry :math:`K_d / 99` at DUL. In coarse soils :math:`K_m` exceeds KS: SWIM3 then
    drops the macropores and lets K(SAT) be :math:`K_m`, up to 1e48 mm d-1. Unless traps are asked
    for, such a layer (and one with :math:`K_m > 0.99 KS`, whose macropore term would outlive the
    micropores on drying) keeps :math:`K_m S^P` up to DUL and follows above it the power of S that
    joins :math:`K_d` at DUL to KS at SAT.

    Parameters
    ----------
    layer, coef : array
        As for :func:`fill_retention`.
    reproduce_traps : bool
        Keep K above KS.
    """
    dul = layer[layout.SWIM3_DUL]
    sat = layer[layout.SWIM3_SAT]
    ks = layer[layout.SWIM3_KS_MM_D] / 240.0
    kd = min(KDUL_SHARE_MICRO * layer[layout.SWIM3_KDUL_MM_D] / 240.0, ks)
    b = (X_LL15 - math.log(-layer[layout.SWIM3_PSIDUL_CM])) / math.log(
        dul / layer[layout.SWIM3_LL15]
    )
    ln_dul = math.log(dul / sat)
    coef[P_MICRO] = 2.0 * b + 2.0 + PORE_INTERACTION_INDEX
    coef[K_DUL] = kd
    coef[K_MACRO] = 0.0
    coef[P_MACRO] = 1.0
    coef[THETA_JOIN] = math.inf
    coef[P_JOIN] = 0.0
    # Km may pass the largest double; its logarithm relative to KS does not.
    ln_micro = math.log(kd / ks) - coef[P_MICRO] * ln_dul
    if not reproduce_traps and ln_micro > math.log(KDUL_SHARE_MICRO):
        coef[THETA_JOIN] = dul
        coef[P_JOIN] = math.log(kd / ks) / ln_dul
        return layout.REPAIR_K_ABOVE_KS
    if ln_micro < 0.0:
        coef[K_MACRO] = kd / 99.0
        coef[P_MACRO] = math.log(coef[K_MACRO] / (ks - ks * math.exp(ln_micro))) / ln_dul
    return 0


@kernel
def fill_layer_curves(layer: FloatArray, reproduce_traps: bool, coef: FloatArray) -> int:
    """Turn one layer's limits into curve coefficients; return the repairs made as bits."""
    repairs = fill_retention(layer, reproduce_traps, coef)
    return repairs | fill_conductivity(layer, reproduce_traps, coef)


@exact_inner_kernel
def theta_of_suction(coef: FloatArray, x: float) -> tuple[float, float]:
    """Water content and its derivative by x at a suction of exp(x) cm.

    Parameters
    ----------
    coef : array, shape (N_COEF,)
        Coefficients of the layer.
    x : float
        Natural logarithm of the suction [cm]; negative (less than 1 cm) is saturated.
    """
    if x <= 0.0:
        return coef[SAT], 0.0
    t = x - coef[X_DUL]
    if t < 0.0:
        slope = x * (2.0 * coef[WET_2] + 3.0 * x * coef[WET_3])
        return coef[SAT] + x * x * (coef[WET_2] + x * coef[WET_3]), slope
    if x < X_LL15:
        slope = coef[DRY_1] + t * (2.0 * coef[DRY_2] + 3.0 * t * coef[DRY_3])
        return coef[DUL] + t * (coef[DRY_1] + t * (coef[DRY_2] + t * coef[DRY_3])), slope
    if x < X_DRY:
        return coef[LL15] + coef[LINEAR] * (x - X_LL15), coef[LINEAR]
    return 0.0, 0.0


@exact_inner_kernel
def conductivity(coef: FloatArray, theta: float) -> tuple[float, float]:
    """Liquid conductivity [cm h-1] and its derivative by theta at a water content.

    Powers are taken of theta / DUL, where K is near KDul, not of theta / SAT: the factor at SAT
    may pass the largest number a computer holds.
    """
    if theta <= 0.0:
        return K_DRY_CM_H, 0.0
    x = math.log(theta * coef[INV_DUL])
    if theta > coef[THETA_JOIN]:
        k = coef[K_DUL] * math.exp(coef[P_JOIN] * x)
        return k, coef[P_JOIN] * k / theta
    k = coef[K_DUL] * math.exp(coef[P_MICRO] * x)
    slope = coef[P_MICRO] * k
    z = coef[P_MACRO] * x
    if coef[K_MACRO] > 0.0 and z > -60.0:  # exp(-60) of KS is far below any residual
        macro = coef[K_MACRO] * math.exp(z)
        k += macro
        slope += coef[P_MACRO] * macro
    return k, slope / theta


@kernel
def bracketed_suction(coef: FloatArray, theta: float) -> float:
    """Logarithm of the suction [ln cm] that holds a water content, by bisection.

    Parameters
    ----------
    coef : array, shape (N_COEF,)
        Coefficients of the layer.
    theta : float
        Water content [m3 m-3], above 0 and below SAT.

    Returns
    -------
    x : float
        Natural logarithm of the suction [cm], exact to rounding: a monotone curve and a bracket
        cannot miss, unlike the secant of the original.
    """
    if theta <= coef[LL15]:
        x_dry: float = X_LL15 + (theta - coef[LL15]) / coef[LINEAR]
        return x_dry
    low, high = 0.0, coef[X_DUL]
    if theta < coef[DUL]:
        low, high = coef[X_DUL], X_LL15
    for _ in range(200):
        middle = 0.5 * (low + high)
        if middle <= low or middle >= high:
            break
        if theta_of_suction(coef, middle)[0] > theta:
            low = middle
        else:
            high = middle
    x: float = 0.5 * (low + high)
    return x


@kernel
def secant_suction(coef: FloatArray, theta: float) -> float:
    """Logarithm of the suction [ln cm] as the original looks for it: 0 (saturated) if not found.

    A secant from the two ends of the piece that holds ``theta``, stopped at an error of 1e-9.
    Only for runs that ask for SWIM3's traps.
    """
    x0, x1 = X_LL15, X_DRY
    if theta > coef[DUL]:
        x0, x1 = 0.0, coef[X_DUL]
    elif theta > coef[LL15]:
        x0, x1 = coef[X_DUL], X_LL15
    error0 = theta_of_suction(coef, x0)[0] - theta
    error1 = theta_of_suction(coef, x1)[0] - theta
    for _ in range(1000):
        if abs(error0) < 1.0e-9:
            return x0
        if abs(error1) < 1.0e-9:
            return x1
        if error1 == error0:
            return 0.0
        x2 = x1 - error1 * (x1 - x0) / (error1 - error0)
        x0, error0 = x1, error1
        x1 = x2
        error1 = theta_of_suction(coef, x1)[0] - theta
    return 0.0


@kernel
def psi_of_theta(coef: FloatArray, theta: float, reproduce_traps: bool) -> float:
    """Matric head [cm] that holds a water content: 0 at SAT and above, -6e6 cm without water."""
    if theta >= coef[SAT]:
        return 0.0
    if theta <= 0.0:
        return -SUCTION_DRY_CM
    x = secant_suction(coef, theta) if reproduce_traps else bracketed_suction(coef, theta)
    return -math.exp(x)


@kernel
def secant_misses(coef: FloatArray, theta: float, psi_cm: float) -> bool:
    """Whether the original's secant would have ended at another head than ``psi_cm``."""
    if theta >= coef[SAT] or theta <= 0.0:
        return False
    return abs(secant_suction(coef, theta) - math.log(-psi_cm)) > 1.0e-3
