"""Look-up tables of a layer's curves in p, for the converged stepping.

Cubic Hermite interpolation of theta, K (with vapour) and G = K d psi / d p, whose values and
slopes are exact at the ends of each interval. Intervals are 0.1 wide below p = 0 (-50 cm) and 0.05
above, where macropores make K steep. One interval is twelve coefficients in a row.
"""

from __future__ import annotations

import math

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import inner_kernel, kernel
from rootzone.engines.swim.nodes import curves
from rootzone.engines.swim.nodes.curves import POROSITY, VAPOUR_K_CM_H, VAPOUR_PER_CM
from rootzone.engines.swim.nodes.nodes import PSI_KNEE_CM, PSI_SCALE_CM, small_exp
from rootzone.engines.swim.nodes.state import (
    CAPACITY,
    G_SLOPE,
    K_SLOPE,
    TABLE,
    THETA_P,
    G,
    K,
    P,
)

N_DRY = 147
N_WET = 200
N_INTERVAL = N_DRY + N_WET
P_DRY = -math.asinh((curves.SUCTION_DRY_CM + PSI_KNEE_CM) / PSI_SCALE_CM)  # no water left
P_SATURATED = 10.0
WIDTH_DRY = -P_DRY / N_DRY
WIDTH_WET = P_SATURATED / N_WET
N_PER_INTERVAL = 12
TABLE_SIZE = N_INTERVAL * N_PER_INTERVAL
_PER_WIDTH_DRY = 1.0 / WIDTH_DRY
_PER_WIDTH_WET = 1.0 / WIDTH_WET
_P_LAST = P_SATURATED - 1e-10  # in the last interval, where nothing changes any more
_AT = tuple(np.uint64(k) for k in range(N_PER_INTERVAL))


@inner_kernel
def psi_of_p(p: float) -> tuple[float, float]:
    """Matric head [cm] at a p, and its slope."""
    if p >= 0.0:
        return PSI_KNEE_CM + PSI_SCALE_CM * p, PSI_SCALE_CM
    grow = math.exp(p)
    shrink = 1.0 / grow
    return (
        PSI_KNEE_CM + 0.5 * PSI_SCALE_CM * (grow - shrink),
        0.5 * PSI_SCALE_CM * (grow + shrink),
    )


@kernel
def curves_at_p(
    coef: FloatArray, p: float, vapour: bool
) -> tuple[float, float, float, float, float, float]:
    """Theta, K and G = K d psi / d p with their slopes by p, in closed form."""
    psi, psi_p = psi_of_p(p)
    psi_pp = psi - PSI_KNEE_CM if p < 0.0 else 0.0
    theta = coef[curves.SAT]
    theta_p = 0.0
    if psi < -1.0:
        theta, theta_x = curves.theta_of_suction(coef, math.log(-psi))
        theta_p = theta_x * psi_p / psi
    k, k_theta = curves.conductivity(coef, theta)
    k_p = k_theta * theta_p
    if vapour:
        air = coef[POROSITY] - theta
        kv = VAPOUR_K_CM_H * small_exp(VAPOUR_PER_CM * psi)
        k += kv * air
        k_p += kv * (air * VAPOUR_PER_CM * psi_p - theta_p)
    return theta, theta_p, k, k_p, k * psi_p, k_p * psi_p + k * psi_pp


@kernel
def fill_table(coef: FloatArray, vapour: bool, table: FloatArray, base: int) -> None:
    """Write a layer's table from its curve coefficients.

    Parameters
    ----------
    coef : array, shape (N_COEF,)
        Coefficients of the layer, see :mod:`swim3_curves`.
    vapour : bool
        Add SWIM3's vapour conductivity.
    table : array
        Filled from ``base`` on, TABLE_SIZE entries: per interval a0..a3 of theta, K and G in
        terms of the share t of the interval, 0 to 1.
    """
    left = curves_at_p(coef, P_DRY * (1.0 - 1e-12), vapour)
    for j in range(N_INTERVAL):
        if j < N_DRY:
            width = WIDTH_DRY
            p = WIDTH_DRY * (j + 1 - N_DRY)
        else:
            width = WIDTH_WET
            p = WIDTH_WET * (j + 1 - N_DRY)
        right = curves_at_p(coef, p, vapour)
        start = base + N_PER_INTERVAL * j
        write_cubic(table, start, left[0], right[0], width * left[1], width * right[1])
        write_cubic(table, start + 4, left[2], right[2], width * left[3], width * right[3])
        write_cubic(table, start + 8, left[4], right[4], width * left[5], width * right[5])
        left = right


@kernel
def write_cubic(
    table: FloatArray, start: int, low: float, high: float, slope_low: float, slope_high: float
) -> None:
    """Write the Hermite cubic on 0..1 with these end values and slopes.

    Slopes are cut where the cubic could fall below 0: a soil whose K grows 20-fold in one interval.
    """
    rise = high - low
    slope_low = max(slope_low, -3.0 * low)
    slope_high = min(slope_high, 3.0 * high)
    table[start] = low
    table[start + 1] = slope_low
    table[start + 2] = 3.0 * rise - 2.0 * slope_low - slope_high
    table[start + 3] = slope_low + slope_high - 2.0 * rise


@inner_kernel
def look_up(cells: FloatArray, n: int, table: FloatArray) -> None:
    """Fill theta(p), K, G and their slopes of all nodes from their p.

    Above saturation all three stay at their last values; below -6e6 cm p must not go.
    """
    for i in range(n):
        p = min(cells[P + i], _P_LAST)
        wet = p >= 0.0
        inverse = _PER_WIDTH_WET if wet else _PER_WIDTH_DRY
        x = p * inverse if wet else (p - P_DRY) * inverse
        j = int(x)
        t = x - j
        row = int(cells[TABLE + i]) + N_PER_INTERVAL * (j + (N_DRY if wet else 0))
        a = np.uint64(row)  # unsigned, so that no index is tested for counting from the end
        c1, c2, c3 = table[a + _AT[1]], table[a + _AT[2]], table[a + _AT[3]]
        cells[THETA_P + i] = table[a] + t * (c1 + t * (c2 + t * c3))
        cells[CAPACITY + i] = inverse * (c1 + t * (2.0 * c2 + 3.0 * t * c3))
        c1, c2, c3 = table[a + _AT[5]], table[a + _AT[6]], table[a + _AT[7]]
        cells[K + i] = table[a + _AT[4]] + t * (c1 + t * (c2 + t * c3))
        cells[K_SLOPE + i] = inverse * (c1 + t * (2.0 * c2 + 3.0 * t * c3))
        c1, c2, c3 = table[a + _AT[9]], table[a + _AT[10]], table[a + _AT[11]]
        cells[G + i] = table[a + _AT[8]] + t * (c1 + t * (c2 + t * c3))
        cells[G_SLOPE + i] = inverse * (c1 + t * (2.0 * c2 + 3.0 * t * c3))


@kernel
def p_of_theta(table: FloatArray, base: int, theta: float) -> float:
    """The p at which a table holds a water content: 10 (psi = 0) when full, P_DRY when empty.

    Bisection over the intervals, whose left ends fall as they dry, then inside one.
    """
    last = base + N_PER_INTERVAL * (N_INTERVAL - 1)
    full = table[last] + table[last + 1] + table[last + 2] + table[last + 3]
    if theta >= full:
        return P_SATURATED
    if theta <= table[base]:
        return P_DRY
    low, high = 0, N_INTERVAL
    while high - low > 1:
        middle = (low + high) // 2
        if table[base + N_PER_INTERVAL * middle] <= theta:
            low = middle
        else:
            high = middle
    a = base + N_PER_INTERVAL * low
    t_low, t_high = 0.0, 1.0
    for _ in range(52):
        t = 0.5 * (t_low + t_high)
        if table[a] + t * (table[a + 1] + t * (table[a + 2] + t * table[a + 3])) <= theta:
            t_low = t
        else:
            t_high = t
    t = 0.5 * (t_low + t_high)
    if low < N_DRY:
        return P_DRY + WIDTH_DRY * (low + t)
    return WIDTH_WET * (low - N_DRY + t)
