"""What both steppings of SWIM3's nodes do before the first step."""

from __future__ import annotations

import math

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import kernel
from rootzone.engines.swim import layout, state, surface
from rootzone.engines.swim.nodes import curves, nodes, van_genuchten
from rootzone.engines.swim.nodes.curves import DX_CM


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
            if not (-curves.SUCTION_LL15_CM < psi_dul < -1.0):
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
        Filled with distances and p of the initial water.
    """
    traps = settings[layout.SET_REPRODUCE_TRAPS] > 0.0
    repairs = 0
    for i in range(coef.shape[0]):
        theta = theta_initial[i]
        if kind == nodes.KIND_SWIM3:
            repairs |= curves.fill_layer_curves(layers[i], traps, coef[i])
            psi = curves.psi_of_theta(coef[i], theta, traps)
            if not traps and curves.secant_misses(coef[i], theta, psi):
                repairs |= layout.REPAIR_SUCTION_INVERSE
        else:
            van_genuchten.fill_layer_curves(layers[i], coef[i])
            psi = van_genuchten.psi_of_theta(coef[i], theta)
        node[nodes.P, i] = nodes.p_of_psi(psi)
    nodes.fill_distances(coef, node)
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
def fill_layers(
    layers: FloatArray, coef: FloatArray, settings: FloatArray, per_layer: FloatArray
) -> None:
    """What the curve number asks of each layer: its dry and wet ends and its weight."""
    n_layer = layers.shape[0]
    for k in range(n_layer):
        per_layer[state.LAYER_DRY * n_layer + k] = coef[k, curves.CN_DRY]
        per_layer[state.LAYER_WET * n_layer + k] = coef[k, curves.CN_WET]
    surface.fill_weights(layers, settings, per_layer)
