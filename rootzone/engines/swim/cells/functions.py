"""Water content and conductivity of a soil at a given suction, after van Genuchten and Mualem."""

from __future__ import annotations

import math

from rootzone._shared.jit import kernel

# Vapour conductivity of SWIM3 at about 20 degC (Verburg et al. 1996): cm h-1 and cm-1.
_VAPOUR_CM_H = 7.28e-9
_VAPOUR_PER_CM = 7.26e-7
_HOURS_PER_DAY = 24.0
# Beyond this (alpha h)**n the bracket of Mualem's formula is its series; below, expm1 is exact.
_SERIES_FROM = 1e4


@kernel
def vg_point(
    ln_suction: float, ln_alpha: float, n: float, m: float, pore_l: float
) -> tuple[float, float, float]:
    r"""Saturation, its slope and relative conductivity at one suction.

    .. math::
        S_e = (1 + x^n)^{-m}, \quad x = \alpha |\psi|, \quad
        K_r = S_e^L \left[1 - \left(\frac{x^n}{1 + x^n}\right)^m\right]^2

    which is Mualem's integral with :math:`m = 1 - 1/n`, written so that it loses no digits in dry
    soil, where the bracket is a difference of nearly equal numbers.

    Parameters
    ----------
    ln_suction : float
        Natural logarithm of the suction [cm].
    ln_alpha : float
        Natural logarithm of alpha [cm-1].
    n, m, pore_l : float
        Van Genuchten's n > 1, m = 1 - 1/n and Mualem's pore connectivity L.

    Returns
    -------
    se : float
        Effective saturation [-].
    slope : float
        Minus d Se / d ln(suction) [-].
    kr : float
        Conductivity relative to saturation [-].

    References
    ----------
    van Genuchten (1980), doi:10.2136/sssaj1980.03615995004400050002x
    """
    ln_xn = n * (ln_alpha + ln_suction)
    xn = math.exp(ln_xn)
    if xn > _SERIES_FROM:
        inverse = 1.0 / xn
        ln_1xn = ln_xn + inverse * (1.0 - 0.5 * inverse)
        bracket = m * inverse * (1.0 - 0.5 * (1.0 + m) * inverse)
    else:
        ln_1xn = math.log1p(xn)
        bracket = -math.expm1(-m * (ln_1xn - ln_xn))
    se = math.exp(-m * ln_1xn)
    pore = math.sqrt(se) if pore_l == 0.5 else math.exp(-m * pore_l * ln_1xn)
    return se, m * n * se * (xn / (1.0 + xn)), pore * bracket * bracket


@kernel
def theta_from_suction(
    suction_cm: float, theta_r: float, theta_s: float, alpha_per_cm: float, n: float
) -> float:
    """Water content [m3 m-3] held at a suction [cm]; saturated at 0 and below."""
    if suction_cm <= 0.0:
        return theta_s
    se, _, _ = vg_point(math.log(suction_cm), math.log(alpha_per_cm), n, 1.0 - 1.0 / n, 0.5)
    return theta_r + (theta_s - theta_r) * se


@kernel
def vapour_conductivity_cm_d(suction_cm: float, theta: float, theta_s: float) -> float:
    """Isothermal vapour conductivity [cm d-1] in SWIM3's form.

    v1 (theta_s / 0.93 - theta) exp(v2 psi), v1 = 7.28e-9 cm h-1, v2 = 7.26e-7 cm-1.
    It outweighs liquid flow only in soil near air-dry. The air-filled pores are taken as total
    porosity (theta_s / 0.93) less water.
    """
    air = theta_s / 0.93 - theta
    return _HOURS_PER_DAY * _VAPOUR_CM_H * air * math.exp(-_VAPOUR_PER_CM * suction_cm)
