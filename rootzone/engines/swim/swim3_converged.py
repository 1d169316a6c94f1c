"""One column of SWIM3's nodes with error-controlled steps: physics ``swim3``, ``converged``.

The limit is that of SWIM3 with ever finer steps: same nodes, curves, surface and curve number. The
steps end where rain or evaporative demand begins or ends.
"""

from __future__ import annotations

import math

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import inner_kernel, kernel
from rootzone.engines.swim import forcing, layout, swim3_curves, swim3_setup
from rootzone.engines.swim import swim3_nodes as nodes
from rootzone.engines.swim import swim3_state as at
from rootzone.engines.swim.swim3_advance import advance
from rootzone.engines.swim.swim3_flow import evaluate
from rootzone.engines.swim.swim3_table import P_DRY, TABLE_SIZE, fill_table

FIRST_DT_H = 0.1
_SET_UP_SIZE = swim3_curves.N_COEF + TABLE_SIZE


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
        dx = coef[i, swim3_curves.DX_CM]
        cells[at.DX + i] = dx
        cells[at.INV_DX + i] = 1.0 / dx
        cells[at.INV_DISTANCE + i] = 1.0 / node[nodes.DISTANCE, i] if i > 0 else 0.0
        cells[at.SAT + i] = coef[i, swim3_curves.SAT]
        cells[at.P + i] = max(P_DRY, node[nodes.P, i])
        cells[at.THETA + i] = min(max(0.0, theta_initial[i]), coef[i, swim3_curves.SAT])


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
    control[at.POND_MAX] = 0.1 * settings[layout.SET_POND_MAX_MM]
    control[at.BOTTOM_KIND] = settings[layout.SET_BOTTOM_KIND]
    control[at.BOTTOM_P] = nodes.p_of_psi(settings[layout.SET_BOTTOM_PSI_CM])
    control[at.SPACE_WEIGHTING] = settings[layout.SET_SPACE_WEIGHTING]


@inner_kernel
def run_day(
    cells: FloatArray,
    n: int,
    table: FloatArray,
    control: FloatArray,
    settings: FloatArray,
    rain_mm: float,
    ep_mm: float,
) -> None:
    """Advance through one day, in the periods into which rain and demand cut it."""
    rain_from = settings[layout.SET_RAIN_START_H]
    rain_to = forcing.window_end_h(rain_from, settings[layout.SET_RAIN_HOURS])
    eo_from = settings[layout.SET_EO_START_H]
    eo_to = forcing.window_end_h(eo_from, settings[layout.SET_EO_HOURS])
    hour = 0.0
    while hour < forcing.HOURS_PER_DAY:
        until = forcing.HOURS_PER_DAY
        control[at.RAIN] = 0.0
        control[at.DEMAND] = 0.0
        if rain_mm > 0.0:
            until = forcing.next_change_h(hour, rain_from, rain_to, until)
            if rain_from <= hour < rain_to:
                control[at.RAIN] = 0.1 * rain_mm / (rain_to - rain_from)
        if ep_mm > 0.0:
            until = forcing.next_change_h(hour, eo_from, eo_to, until)
            if eo_from <= hour < eo_to:
                control[at.DEMAND] = 0.1 * ep_mm / (eo_to - eo_from)
        advance(cells, n, table, control, until - hour)
        hour = until


@kernel
def stored_cm(cells: FloatArray, n: int) -> float:
    """Water stored in the column [cm]."""
    total = 0.0
    for i in range(n):
        total += cells[at.THETA + i] * cells[at.DX + i]
    return total


@kernel
def run_column(
    layers: FloatArray,
    theta_initial: FloatArray,
    weather: FloatArray,
    settings: FloatArray,
    theta_out: FloatArray,
    daily_out: FloatArray,
    work: FloatArray,
) -> tuple[int, int, int]:
    """Run one column by physics ``swim3`` and stepping ``converged``.

    Parameters
    ----------
    layers : array, shape (layer, N_SWIM3)
        Thickness [mm], LL15, DUL, SAT [m3 m-3], KS, KDul [mm d-1], PSIDul [cm]; at most
        ``swim3_state.MAX_NODES`` layers.
    theta_initial, weather, settings, theta_out, daily_out : array
        As in :mod:`rootzone.engines.swim.layout`.
    work : array, shape (work_size(layer),)
        Scratch.

    Returns
    -------
    status, fail_day, repairs : int
        How the run ended, the day it failed on (-1: none), and the bits of mended faults.
    """
    n = layers.shape[0]
    if n > at.MAX_NODES or not swim3_setup.layers_are_ordered(
        nodes.KIND_SWIM3, layers, theta_initial
    ):
        return layout.BAD_STATE, 0, 0
    n_coef = n * swim3_curves.N_COEF
    n_node = (n + 1) * nodes.N_NODE
    coef = work[:n_coef].reshape((n, swim3_curves.N_COEF))
    node = work[n_coef : n_coef + n_node].reshape((nodes.N_NODE, n + 1))
    cells = work[n_coef + n_node : n_coef + n_node + at.N_CELLS]
    control = work[n_coef + n_node + at.N_CELLS : n_coef + n_node + at.N_CELLS + at.N_CONTROL]
    table = work[n_coef + n_node + at.N_CELLS + at.N_CONTROL :]
    repairs = swim3_setup.prepare(nodes.KIND_SWIM3, layers, theta_initial, settings, coef, node)
    cells[:] = 0.0
    fill_tables(layers, coef, settings[layout.SET_VAPOUR] > 0.0, table, cells)
    fill_cells(coef, node, theta_initial, cells)
    fill_control(settings, control)
    evaluate(cells, n, table, control)
    if settings[layout.SET_BOTTOM_KIND] == layout.BOTTOM_FIXED_HEAD:
        cells[at.THETA + n - 1] = cells[at.THETA_P + n - 1]
    ep_share = forcing.cover_factor(0.0, settings[layout.SET_RESIDUE_COVER])
    cn2 = swim3_setup.effective_curve_number(settings)
    stored = stored_cm(cells, n)
    for day in range(weather.shape[0]):
        rain_mm = weather[day, layout.RAIN_MM]
        runoff_mm = 0.0
        if cn2 > 0.0 and rain_mm > 0.0:
            for i in range(n):
                node[nodes.THETA, i] = cells[at.THETA + i]
            runoff_mm = swim3_setup.morning_runoff_mm(coef, node, nodes.THETA, rain_mm, cn2)
        for entry in range(at.SUM_EVAPORATION, at.FALLBACKS):
            control[entry] = 0.0
        pond = control[at.POND]
        ep_mm = weather[day, layout.EO_MM] * ep_share
        run_day(cells, n, table, control, settings, rain_mm - runoff_mm, ep_mm)
        now = stored_cm(cells, n)
        if not math.isfinite(now):
            return layout.BAD_STATE, day, repairs
        if control[at.FAILED] > 0.0:
            return layout.NO_CONVERGENCE, day, repairs
        for i in range(n):
            theta_out[day, i] = cells[at.THETA + i]
        daily = daily_out[day]
        lost = control[at.SUM_RUNOFF] + control[at.SUM_DRAINAGE] + control[at.SUM_EVAPORATION]
        gain = now - stored + control[at.POND] - pond
        stored = now
        daily[layout.RUNOFF_MM] = runoff_mm + 10.0 * control[at.SUM_RUNOFF]
        daily[layout.DRAINAGE_MM] = 10.0 * control[at.SUM_DRAINAGE]
        daily[layout.ES_MM] = 10.0 * control[at.SUM_EVAPORATION]
        daily[layout.INFILTRATION_MM] = 10.0 * control[at.SUM_INFLOW]
        daily[layout.POND_MM] = 10.0 * control[at.POND]
        daily[layout.BALANCE_ERROR_MM] = rain_mm - runoff_mm - 10.0 * (lost + gain)
        daily[layout.STEPS] = control[at.STEPS]
        daily[layout.EVALUATIONS] = control[at.EVALUATIONS]
    if control[at.FALLBACKS] > 0.0:
        repairs |= layout.REPAIR_EXPLICIT_STEP
    return layout.OK, -1, repairs
