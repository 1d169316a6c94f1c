"""SWIM3's nodes with error-controlled steps before their first day: ``swim3``, ``converged``.

The limit is that of SWIM3 with ever finer steps: same nodes, curves, surface and curve number.
"""

from __future__ import annotations

import math

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import inner_kernel, kernel
from rootzone._shared.units import MM_PER_CM
from rootzone.engines.swim import layout, state
from rootzone.engines.swim.nodes import curves, nodes, setup
from rootzone.engines.swim.nodes import state as at
from rootzone.engines.swim.nodes.flow import evaluate
from rootzone.engines.swim.nodes.sink import plant_roots
from rootzone.engines.swim.nodes.table import P_DRY, TABLE_SIZE, fill_table

FIRST_DT_H = 0.1
_SET_UP_SIZE = curves.N_COEF + TABLE_SIZE + state.N_LAYER_ROW


def work_size(n_layer: int) -> int:
    """Length of the scratch array that a column of ``n_layer`` layers needs."""
    per_layer = n_layer * _SET_UP_SIZE + (n_layer + 1) * nodes.N_NODE
    return per_layer + at.N_CELLS + at.N_CONTROL


@kernel
def fill_tables(
    layers: FloatArray, coef: FloatArray, vapour: bool, table: FloatArray, cells: FloatArray
) -> None:
    """Write one table for each distinct soil of the column and note where each node's begins."""
    filled = 0
    for i in range(layers.shape[0]):
        base = -1
        for other in range(i):
            same = True
            for column in range(layout.SWIM3_LL15, layout.N_SWIM3):
                same = same and layers[other, column] == layers[i, column]
            if same:
                base = int(cells[at.TABLE + other])
                break
        if base < 0:
            base = filled * TABLE_SIZE
            filled += 1
            fill_table(coef[i], vapour, table, base)
        cells[at.TABLE + i] = base


@kernel
def fill_cells(
    coef: FloatArray, node: FloatArray, theta_initial: FloatArray, cells: FloatArray
) -> None:
    """Write geometry and initial state of the nodes."""
    for i in range(coef.shape[0]):
        dx = coef[i, curves.DX_CM]
        cells[at.DX + i] = dx
        cells[at.INV_DX + i] = 1.0 / dx
        cells[at.INV_DISTANCE + i] = 1.0 / node[nodes.DISTANCE, i] if i > 0 else 0.0
        cells[at.SAT + i] = coef[i, curves.SAT]
        cells[at.P + i] = max(P_DRY, node[nodes.P, i])
        cells[at.THETA + i] = min(max(0.0, theta_initial[i]), coef[i, curves.SAT])


@kernel
def fill_control(settings: FloatArray, control: FloatArray) -> None:
    """Write tolerances and boundaries; sums and pond are 0."""
    control[:] = 0.0
    control[at.TOLERANCE] = settings[layout.SET_TOLERANCE]
    control[at.ITERATION_RESIDUAL] = settings[layout.SET_ITERATION_RESIDUAL]
    control[at.THETA_STEP] = settings[layout.SET_THETA_STEP]
    control[at.DT_MAX] = settings[layout.SET_DT_MAX_H]
    control[at.DT_NEXT] = FIRST_DT_H
    control[at.PONDS] = 1.0 if settings[layout.SET_CN2_BARE] <= 0.0 else 0.0
    control[at.POND_MAX] = settings[layout.SET_POND_MAX_MM] / MM_PER_CM
    control[at.BOTTOM_KIND] = settings[layout.SET_BOTTOM_KIND]
    control[at.BOTTOM_P] = nodes.p_of_psi(settings[layout.SET_BOTTOM_PSI_CM])
    control[at.SPACE_WEIGHTING] = settings[layout.SET_SPACE_WEIGHTING]


@inner_kernel
def read_layers(
    cells: FloatArray,
    n: int,
    tables: FloatArray,
    per_layer: FloatArray,
    n_layer: int,
) -> float:
    """Water content of each layer, its node's; returns the water stored [cm]."""
    stored = 0.0
    for i in range(n):
        per_layer[state.LAYER_THETA * n_layer + i] = cells[at.THETA + i]
        stored += cells[at.THETA + i] * cells[at.DX + i]
    return stored


@kernel
def read_depths(
    cells: FloatArray,
    n: int,
    settings: FloatArray,
    daily: FloatArray,
) -> None:
    """SWIM3 has a node a layer and nothing finer: no value at a depth of its own."""
    for j in range(settings.shape[0] - layout.N_SETTINGS):
        daily[layout.N_DAILY + j] = math.nan


@kernel
def set_up(
    layers: FloatArray, theta_initial: FloatArray, settings: FloatArray, work: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, int, int]:
    """Lay out a column of at most ``state.MAX_NODES`` layers in its scratch.

    Returns
    -------
    cells, tables, control, per_layer : array, flat
        Parts of ``work``.
    n, status : int
        Number of nodes, and ``layout.OK`` or ``BAD_STATE`` for limits that are not in order.
    """
    n = layers.shape[0]
    n_coef = n * curves.N_COEF
    n_node = (n + 1) * nodes.N_NODE
    coef = work[:n_coef].reshape((n, curves.N_COEF))
    node = work[n_coef : n_coef + n_node].reshape((nodes.N_NODE, n + 1))
    end = n_coef + n_node
    cells = work[end : end + at.N_CELLS]
    end += at.N_CELLS
    control = work[end : end + at.N_CONTROL]
    end += at.N_CONTROL
    per_layer = work[end : end + state.N_LAYER_ROW * n]
    end += state.N_LAYER_ROW * n
    table = work[end:]
    if n > at.MAX_NODES or not setup.layers_are_ordered(nodes.KIND_SWIM3, layers, theta_initial):
        return cells, table, control, per_layer, n, layout.BAD_STATE
    repairs = setup.prepare(nodes.KIND_SWIM3, layers, theta_initial, settings, coef, node)
    cells[:] = 0.0
    fill_tables(layers, coef, settings[layout.SET_VAPOUR] > 0.0, table, cells)
    fill_cells(coef, node, theta_initial, cells)
    fill_control(settings, control)
    control[state.REPAIRS] = repairs
    if settings[layout.SET_ROOT_DEPTH_CM] > 0.0:
        depletion = settings[layout.SET_STRESS_1]
        for i in range(n):
            dry, wet = layers[i, layout.SWIM3_LL15], layers[i, layout.SWIM3_DUL]
            cells[at.ROOT_DRY + i] = dry
            cells[at.ROOT_FULL + i] = wet - depletion * (wet - dry)
        plant_roots(cells, n, settings, control)
    evaluate(cells, n, table, control)
    if settings[layout.SET_BOTTOM_KIND] == layout.BOTTOM_FIXED_HEAD:
        cells[at.THETA + n - 1] = cells[at.THETA_P + n - 1]
    setup.fill_layers(layers, coef, settings, per_layer)
    return cells, table, control, per_layer, n, layout.OK
