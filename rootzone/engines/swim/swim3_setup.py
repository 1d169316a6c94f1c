"""What both steppings of SWIM3's nodes do before the first step and at the start of a day."""

from __future__ import annotations

import math

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import kernel
from rootzone.engines.swim import forcing, layout, swim3_curves, swim3_van_genuchten
from rootzone.engines.swim import swim3_nodes as nodes
from rootzone.engines.swim.swim3_curves import DX_CM


@kernel
def layers_are_ordered(kind: int, layers: FloatArray, theta_initial: FloatArray) -> bool:
    """Whether every layer's limits are in order, its conductivities positive, its water given."""
    for i in range(layers.shape[0]):
        if not (math.isfinite(theta_initial[i]) and layers[i, 0] > 0.0):
            return False
        if kind == nodes.KIND_SWIM3:
            ll15, dul = layers[i, layout.SWIM3_LL15], layers[i, layout.SWIM3_DUL]
            if not (0.0 < ll15 < dul < layers[i, layout.SWIM3_SAT]):
                return False
            psi_dul = layers[i, layout.SWIM3_PSIDUL_CM]
            if not (-swim3_curves.SUCTION_LL15_CM < psi_dul < -1.0):
                return False
            if not (layers[i, layout.SWIM3_KS_MM_D] > 0.0 < layers[i, layout.SWIM3_KDUL_MM_D]):
                return False
        elif not layers[i, layout.VG_THETA_R] < layers[i, layout.VG_THETA_S]:
            return False
    return True


@kernel
def prepare(
    kind: int,
    layers: FloatArray,
    theta_initial: FloatArray,
    settings: FloatArray,
    coef: FloatArray,
    node: FloatArray,
) -> int:
    """Fill coefficients, distances and the initial state; return the repairs made.

    Parameters
    ----------
    kind : int
        ``KIND_SWIM3`` or ``KIND_VAN_GENUCHTEN``.
    layers, theta_initial, settings : array
        As in :mod:`rootzone.engines.swim.layout`.
    coef : array, shape (layer, N_COEF)
        Filled with the coefficients of each layer.
    node : array, shape (N_NODE, layer + 1)
        Filled with distances, curve-number weights and p of the initial water.
    """
    traps = settings[layout.SET_REPRODUCE_TRAPS] > 0.0
    repairs = 0
    for i in range(coef.shape[0]):
        theta = theta_initial[i]
        if kind == nodes.KIND_SWIM3:
            repairs |= swim3_curves.fill_layer_curves(layers[i], traps, coef[i])
            psi = swim3_curves.psi_of_theta(coef[i], theta, traps)
            if not traps and swim3_curves.secant_misses(coef[i], theta, psi):
                repairs |= layout.REPAIR_SUCTION_INVERSE
        else:
            swim3_van_genuchten.fill_layer_curves(layers[i], coef[i])
            psi = swim3_van_genuchten.psi_of_theta(coef[i], theta)
        node[nodes.P, i] = nodes.p_of_psi(psi)
    nodes.fill_distances(coef, node)
    forcing.fill_wetness_weights(
        layers[:, 0],
        settings[layout.SET_CN_DEPTH_MM],
        settings[layout.SET_CN_EXPONENT],
        node[nodes.CN_WEIGHT],
    )
    if settings[layout.SET_BOTTOM_KIND] == layout.BOTTOM_FIXED_HEAD:
        last = coef.shape[0] - 1
        node[nodes.P, last] = nodes.p_of_psi(settings[layout.SET_BOTTOM_PSI_CM])
    nodes.evaluate_curves(kind, coef, node, settings[layout.SET_VAPOUR] > 0.0)
    return repairs


@kernel
def water_cm(coef: FloatArray, node: FloatArray, row: int) -> float:
    """Water stored in the profile [cm] by the water contents of one row of ``node``."""
    total = 0.0
    for i in range(coef.shape[0]):
        total += node[row, i] * coef[i, DX_CM]
    return total


@kernel
def effective_curve_number(settings: FloatArray) -> float:
    """Curve number of the column after cover; 0 where the surface ponds instead."""
    if settings[layout.SET_CN2_BARE] <= 0.0:
        return 0.0
    return forcing.covered_curve_number(
        settings[layout.SET_CN2_BARE],
        settings[layout.SET_CN_RED],
        settings[layout.SET_CN_COV],
        settings[layout.SET_RESIDUE_COVER],
    )


@kernel
def morning_runoff_mm(
    coef: FloatArray, node: FloatArray, theta_row: int, rain_mm: float, cn2: float
) -> float:
    """Runoff [mm d-1] by the curve number from the water content at the start of the day."""
    if cn2 <= 0.0 or rain_mm <= 0.0:
        return 0.0
    wetness = forcing.profile_wetness(
        node[theta_row, : coef.shape[0]],
        coef[:, swim3_curves.CN_DRY],
        coef[:, swim3_curves.CN_WET],
        node[nodes.CN_WEIGHT],
    )
    return forcing.curve_number_runoff_mm(rain_mm, cn2, wetness)
