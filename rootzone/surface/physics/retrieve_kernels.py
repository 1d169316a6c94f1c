"""Compiled inversion of one brightness temperature: the root in water content, bracketed.

The scalar formulas are those of `dielectric.permittivity` and `emission.fresnel`; a test holds
them equal. Brightness is a straight line in the rough reflectivity, so the wanted reflectivity is
formed once and the search runs on the smooth one alone.
"""

from __future__ import annotations

import math
from typing import Final

from rootzone._shared.arrays import FloatArray, IntArray
from rootzone._shared.jit import inner_kernel, parallel_kernel, prange

FOUND: Final = 0
AT_FLOOR: Final = 1
AT_CEILING: Final = 2
NOT_KNOWN: Final = 3

_BISECTIONS = 6  # after these the root's neighbourhood is .01 wide and nearly straight
_MOST_STEPS = 60
_TOLERANCE = 1e-14  # m3 m-3


@inner_kernel
def smooth_reflectivities(
    theta: float,
    n_dry: float,
    k_dry: float,
    bound_limit: float,
    n_bound: float,
    k_bound: float,
    n_free: float,
    k_free: float,
    cos_i: float,
) -> tuple[float, float]:
    """Horizontal and vertical reflectivity of a smooth moist soil."""
    bound = min(theta, bound_limit)
    free = max(theta - bound_limit, 0.0)
    n = n_dry + (n_bound - 1.0) * bound + (n_free - 1.0) * free
    k = k_dry + k_bound * bound + k_free * free
    re, im = n * n - k * k, 2.0 * n * k
    above = re - (1.0 - cos_i * cos_i)
    p = math.sqrt((math.sqrt(above * above + im * im) + above) / 2.0)
    q = im / (2.0 * p)
    a, b = re * cos_i, im * cos_i
    r_h = ((cos_i - p) ** 2 + q * q) / ((cos_i + p) ** 2 + q * q)
    r_v = ((a - p) ** 2 + (b - q) ** 2) / ((a + p) ** 2 + (b + q) ** 2)
    return r_h, r_v


@inner_kernel
def wanted_reflectivity(
    tb_k: float, t_k: float, h: float, omega: float, tau: float, cos_i: float, exponent: float
) -> float:
    """Mixed smooth reflectivity that gives a brightness: tau-omega and roughness undone."""
    gamma = math.exp(-tau / cos_i)
    canopy = (1.0 - omega) * (1.0 - gamma)
    rough = (tb_k / t_k - gamma - canopy) / (gamma * (canopy - 1.0))
    return rough * math.exp(h * cos_i**exponent)


@parallel_kernel
def invert_brightness(
    tb_k: FloatArray,
    t_k: FloatArray,
    h: FloatArray,
    omega: FloatArray,
    tau: FloatArray,
    q: FloatArray,
    soil: FloatArray,
    cos_i: FloatArray,
    floor: FloatArray,
    ceiling: FloatArray,
    vertical: bool,
    exponent: float,
    theta: FloatArray,
    outcome: IntArray,
) -> None:
    """Water content whose brightness was seen, between floor and ceiling.

    Reflectivity rises with water content, so the bracket always holds; Illinois steps (false
    position that halves a stale end) finish what bisection begins. ``soil`` has a row a cell with
    the seven constants of `dielectric.Constants`; ``theta`` and ``outcome`` are filled.
    """
    for i in prange(tb_k.size):
        wanted = wanted_reflectivity(tb_k[i], t_k[i], h[i], omega[i], tau[i], cos_i[i], exponent)
        low, high = floor[i], ceiling[i]
        mix = q[i]
        s = soil[i]
        r_h, r_v = smooth_reflectivities(low, s[0], s[1], s[2], s[3], s[4], s[5], s[6], cos_i[i])
        f_low = (r_v + mix * (r_h - r_v) if vertical else r_h + mix * (r_v - r_h)) - wanted
        r_h, r_v = smooth_reflectivities(high, s[0], s[1], s[2], s[3], s[4], s[5], s[6], cos_i[i])
        f_high = (r_v + mix * (r_h - r_v) if vertical else r_h + mix * (r_v - r_h)) - wanted
        if not (math.isfinite(f_low) and math.isfinite(f_high)):
            theta[i], outcome[i] = math.nan, NOT_KNOWN
        elif f_low >= 0.0:
            theta[i], outcome[i] = low, AT_FLOOR
        elif f_high <= 0.0:
            theta[i], outcome[i] = high, AT_CEILING
        else:
            side = 0
            middle = 0.5 * (low + high)
            for step in range(_MOST_STEPS):
                if step < _BISECTIONS:
                    middle = 0.5 * (low + high)
                else:
                    middle = low - f_low * (high - low) / (f_high - f_low)
                r_h, r_v = smooth_reflectivities(
                    middle, s[0], s[1], s[2], s[3], s[4], s[5], s[6], cos_i[i]
                )
                f = (r_v + mix * (r_h - r_v) if vertical else r_h + mix * (r_v - r_h)) - wanted
                if f < 0.0:
                    done = middle - low < _TOLERANCE
                    low, f_low = middle, f
                    if side == -1:
                        f_high *= 0.5
                    side = -1
                else:
                    done = high - middle < _TOLERANCE
                    high, f_high = middle, f
                    if side == 1:
                        f_low *= 0.5
                    side = 1
                if done or high - low < _TOLERANCE:
                    break
            theta[i], outcome[i] = middle, FOUND
