"""Van Genuchten retention and Mualem conductivity on SWIM3's nodes.

Closed forms of van Genuchten (1980), doi:10.2136/sssaj1980.03615995004400050002x, for the pair
``van_genuchten`` + ``apsim``: the step rules and nodes of SWIM3 with the parameters of Rosetta.
The coefficients share the array and the first columns of :mod:`swim3_curves`.
"""

from __future__ import annotations

import math

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import exact_inner_kernel, kernel
from rootzone.engines.swim import layout
from rootzone.engines.swim.nodes.curves import (
    CN_DRY,
    CN_WET,
    DX_CM,
    POROSITY,
    SAT,
    SAT_SHARE_OF_POROSITY,
    SUCTION_DRY_CM,
    SUCTION_LL15_CM,
)

SUCTION_FIELD_CM = 100.0

# Columns of the coefficients that SWIM3's curves use otherwise.
THETA_R = 2
ALPHA_PER_CM = 3
N = 4
M = 5
KS_CM_H = 6
L = 7


@exact_inner_kernel
def theta_and_k(coef: FloatArray, psi_cm: float) -> tuple[float, float, float, float]:
    """Water content, conductivity [cm h-1] and their derivatives by head at a head [cm]."""
    span = coef[SAT] - coef[THETA_R]
    if psi_cm >= 0.0:
        return coef[SAT], 0.0, coef[KS_CM_H], 0.0
    m = coef[M]
    u = math.exp(coef[N] * math.log(-coef[ALPHA_PER_CM] * psi_cm))  # (alpha suction)**n
    ln_se = -m * math.log1p(u)
    se = math.exp(ln_se)
    empty = u / (1.0 + u)  # 1 - se**(1/m)
    theta_psi = -span * se * m * coef[N] * empty / psi_cm
    pores = -math.expm1(m * math.log(empty))  # 1 - (1 - se**(1/m))**m
    root = math.exp(coef[L] * ln_se)
    k = coef[KS_CM_H] * root * pores * pores
    se_psi = theta_psi / span
    pores_psi = math.exp((m - 1.0) * math.log(empty)) * math.exp(ln_se / m) / se * se_psi
    k_psi = k * coef[L] * se_psi / se + 2.0 * coef[KS_CM_H] * root * pores * pores_psi
    return coef[THETA_R] + span * se, theta_psi, k, k_psi


@kernel
def fill_layer_curves(layer: FloatArray, coef: FloatArray) -> None:
    """Copy one layer's van Genuchten parameters into the coefficients.

    The curve number counts the layer from its water content at 15,000 cm to that at 100 cm.
    """
    coef[DX_CM] = 0.1 * layer[layout.VG_THICKNESS_MM]
    coef[SAT] = layer[layout.VG_THETA_S]
    coef[POROSITY] = coef[SAT] / SAT_SHARE_OF_POROSITY
    coef[THETA_R] = layer[layout.VG_THETA_R]
    coef[ALPHA_PER_CM] = layer[layout.VG_ALPHA_PER_CM]
    coef[N] = layer[layout.VG_N]
    coef[M] = 1.0 - 1.0 / coef[N]
    coef[KS_CM_H] = layer[layout.VG_KS_MM_D] / 240.0
    coef[L] = layer[layout.VG_L]
    coef[CN_DRY] = theta_and_k(coef, -SUCTION_LL15_CM)[0]
    coef[CN_WET] = theta_and_k(coef, -SUCTION_FIELD_CM)[0]


@kernel
def psi_of_theta(coef: FloatArray, theta: float) -> float:
    """Matric head [cm] that holds a water content; bounded at -6e6 cm as in SWIM3."""
    se = (theta - coef[THETA_R]) / (coef[SAT] - coef[THETA_R])
    if se >= 1.0:
        return 0.0
    if se <= 0.0:
        return -SUCTION_DRY_CM
    u = math.expm1(-math.log(se) / coef[M])
    suction_cm: float = math.exp(math.log(u) / coef[N]) / coef[ALPHA_PER_CM]
    return -min(SUCTION_DRY_CM, suction_cm)
