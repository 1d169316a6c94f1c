"""Cells, tables and boundaries of a column before its first day: physics van_genuchten."""

from __future__ import annotations

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import inner_kernel, kernel
from rootzone._shared.units import MM_PER_CM
from rootzone.engines.swim import forcing, layout, state, surface
from rootzone.engines.swim.cells import state as at
from rootzone.engines.swim.cells.flux import evaluate
from rootzone.engines.swim.cells.functions import theta_from_suction
from rootzone.engines.swim.cells.grid import (
    CELL_GROWTH,
    FIRST_CELL_CM,
    cell_above_depth,
    split_layers,
)
from rootzone.engines.swim.cells.sink import clear_sinks, plant_roots
from rootzone.engines.swim.cells.table import (
    N_INTERVAL,
    TABLE_SIZE,
    fill_vg_table,
    read_phi,
    read_theta,
    u_from_head,
    u_from_theta,
)

_SCRATCH = 4 * (N_INTERVAL + 1)
# Rows of ``per_layer`` after the common ones.
_THICKNESS = state.N_LAYER_ROW + 0  # [cm]
_SOIL = state.N_LAYER_ROW + 1
_THETA_R = state.N_LAYER_ROW + 2
_THETA_S = state.N_LAYER_ROW + 3
_N_ROW = state.N_LAYER_ROW + 4
_LL15_SUCTION_CM = 15000.0
_DUL_SUCTION_CM = 100.0
_FIELD_SUCTION_CM = 330.0  # field capacity as roots see it, 1/3 bar
_LEAST_SPAN = 1e-4  # between no uptake and full uptake [m3 m-3], for sands that hold nothing
_FIRST_DT = 1e-3  # [d]


def work_size(n_layer: int) -> int:
    """Doubles of scratch that a column of so many layers needs."""
    per_layer = n_layer * (TABLE_SIZE + _N_ROW)
    return per_layer + _SCRATCH + at.CELLS_SIZE + 2 * at.MAX_CELLS + at.N_CONTROL


@kernel
def fill_tables(
    layers: FloatArray,
    vapour: bool,
    per_layer: FloatArray,
    tables: FloatArray,
    scratch: FloatArray,
) -> int:
    """One table for each distinct soil of the profile; their number."""
    n_soil = 0
    n_layer = layers.shape[0]
    for k in range(n_layer):
        soil = -1
        for other in range(k):
            same = True
            for column in range(layout.VG_THETA_R, layout.N_VG):
                if layers[other, column] != layers[k, column]:
                    same = False
            if same:
                soil = int(per_layer[_SOIL * n_layer + other])
                break
        if soil < 0:
            soil = n_soil
            n_soil += 1
            fill_vg_table(
                layers[k, layout.VG_THETA_R],
                layers[k, layout.VG_THETA_S],
                layers[k, layout.VG_ALPHA_PER_CM],
                layers[k, layout.VG_N],
                layers[k, layout.VG_KS_MM_D] / MM_PER_CM,
                layers[k, layout.VG_L],
                vapour,
                tables,
                soil * TABLE_SIZE,
                scratch,
            )
        per_layer[_SOIL * n_layer + k] = soil
    return n_soil


@kernel
def fill_layers(layers: FloatArray, settings: FloatArray, per_layer: FloatArray) -> None:
    """What the days ask of each layer: thickness, limits, and its part in the curve number.

    The wet end is the water content at -100 cm, the dry end that at -15000 cm.
    """
    n_layer = layers.shape[0]
    for k in range(n_layer):
        theta_r, theta_s = layers[k, layout.VG_THETA_R], layers[k, layout.VG_THETA_S]
        alpha, n = layers[k, layout.VG_ALPHA_PER_CM], layers[k, layout.VG_N]
        per_layer[_THICKNESS * n_layer + k] = layers[k, layout.VG_THICKNESS_MM] / MM_PER_CM
        per_layer[_THETA_R * n_layer + k] = theta_r
        per_layer[_THETA_S * n_layer + k] = theta_s
        dry = theta_from_suction(_LL15_SUCTION_CM, theta_r, theta_s, alpha, n)
        wet = theta_from_suction(_DUL_SUCTION_CM, theta_r, theta_s, alpha, n)
        per_layer[state.LAYER_DRY * n_layer + k] = dry
        per_layer[state.LAYER_WET * n_layer + k] = wet
    surface.fill_weights(layers, settings, per_layer)


@kernel
def fill_cells(
    cells: FloatArray,
    n: int,
    dz: FloatArray,
    layer_of: FloatArray,
    per_layer: FloatArray,
    layers: FloatArray,
    theta_initial: FloatArray,
    tables: FloatArray,
) -> None:
    """Grid, soils and initial water of the cells."""
    n_layer = layers.shape[0]
    clear_sinks(cells, n)
    for i in range(n):
        k = int(layer_of[i])
        cells[at.DZ + i] = dz[i]
        cells[at.INVERSE_DZ + i] = 1.0 / dz[i]
        base = int(per_layer[_SOIL * n_layer + k]) * TABLE_SIZE
        cells[at.TABLE + i] = base
        cells[at.LAYER + i] = k
        theta_r, theta_s = layers[k, layout.VG_THETA_R], layers[k, layout.VG_THETA_S]
        cells[at.THETA_R_CELL + i] = theta_r
        cells[at.THETA_S_CELL + i] = theta_s
        cells[at.THETA + i] = min(max(theta_initial[k], theta_r), theta_s)
        cells[at.U + i] = u_from_theta(cells[at.THETA + i], tables, base)
        above = dz[i - 1] if i > 0 else 0.0
        cells[at.INVERSE_GAP + i] = 2.0 / (above + dz[i])
    cells[at.INVERSE_GAP + n] = 2.0 / dz[n - 1]


@kernel
def fill_root_limits(cells: FloatArray, n: int, layers: FloatArray, settings: FloatArray) -> None:
    """Water contents that roots leave, and below which they are stressed.

    Wilting is at Feddes's driest suction, or at 15,000 cm; stress by available water begins where
    the depletion of the settings is reached between field capacity, at 330 cm, and wilting.
    """
    kind = settings[layout.SET_STRESS_KIND]
    driest = settings[layout.SET_STRESS_4] if kind == layout.STRESS_FEDDES else _LL15_SUCTION_CM
    depletion = settings[layout.SET_STRESS_1]
    for i in range(n):
        k = int(cells[at.LAYER + i])
        theta_r, theta_s = layers[k, layout.VG_THETA_R], layers[k, layout.VG_THETA_S]
        alpha, shape = layers[k, layout.VG_ALPHA_PER_CM], layers[k, layout.VG_N]
        dry = theta_from_suction(driest, theta_r, theta_s, alpha, shape)
        field = theta_from_suction(_FIELD_SUCTION_CM, theta_r, theta_s, alpha, shape)
        cells[at.ROOT_DRY + i] = dry
        cells[at.ROOT_FULL + i] = max(field - depletion * (field - dry), dry + _LEAST_SPAN)


@kernel
def fill_control(
    control: FloatArray, settings: FloatArray, cells: FloatArray, n: int, tables: FloatArray
) -> None:
    """Tolerances and boundaries from the settings; sums and pond start at 0."""
    for i in range(at.N_CONTROL):
        control[i] = 0.0
    control[state.TOLERANCE] = settings[layout.SET_TOLERANCE]
    control[state.ITERATION_RESIDUAL] = settings[layout.SET_ITERATION_RESIDUAL]
    control[state.THETA_STEP] = settings[layout.SET_THETA_STEP]
    control[state.DT_MAX] = settings[layout.SET_DT_MAX_H] / forcing.HOURS_PER_DAY
    control[state.DT_NEXT] = min(_FIRST_DT, control[state.DT_MAX])
    if settings[layout.SET_CN2_BARE] <= 0.0:
        control[state.POND_MAX] = settings[layout.SET_POND_MAX_MM] / MM_PER_CM
    top, bottom = int(cells[at.TABLE]), int(cells[at.TABLE + n - 1])
    dry = settings[layout.SET_SURFACE_DRY_PSI_CM]
    held = settings[layout.SET_BOTTOM_PSI_CM]
    control[at.PHI_FLOODED], _, control[at.KS_FLOODED], _ = read_phi(0.0, tables, top)
    control[at.PHI_WET] = control[at.PHI_FLOODED]
    control[at.HEAD_DRY] = dry
    control[at.PHI_DRY], _, _, _ = read_phi(u_from_head(dry), tables, top)
    control[at.THETA_DRY], _ = read_theta(u_from_head(dry), tables, top)
    control[at.BOTTOM_KIND] = settings[layout.SET_BOTTOM_KIND]
    control[at.HEAD_BOTTOM] = held
    control[at.PHI_BOTTOM], _, _, _ = read_phi(u_from_head(held), tables, bottom)
    control[at.GRAVITY] = 1.0
    count = 0
    for i in range(1, n):
        if cells[at.TABLE + i] != cells[at.TABLE + i - 1]:
            cells[at.INTERFACE + count] = i
            cells[at.FACE_U + count] = 0.5 * (cells[at.U + i - 1] + cells[at.U + i])
            count += 1
    control[at.N_INTERFACE] = count


@inner_kernel
def read_layers(
    cells: FloatArray,
    n: int,
    tables: FloatArray,
    per_layer: FloatArray,
    n_layer: int,
) -> float:
    """Water content of each layer, the mean of its cells; returns the water stored [cm]."""
    stored = 0.0
    for k in range(n_layer):
        per_layer[state.LAYER_THETA * n_layer + k] = 0.0
    for i in range(n):
        water = cells[at.THETA + i] * cells[at.DZ + i]
        per_layer[state.LAYER_THETA * n_layer + int(cells[at.LAYER + i])] += water
        stored += water
    for k in range(n_layer):  # a mean of saturated cells may round to above saturation
        place = state.LAYER_THETA * n_layer + k
        mean = per_layer[place] / per_layer[_THICKNESS * n_layer + k]
        low, high = per_layer[_THETA_R * n_layer + k], per_layer[_THETA_S * n_layer + k]
        per_layer[place] = min(max(mean, low), high)
    return stored


@inner_kernel
def theta_between(cells: FloatArray, i: int, weight: float) -> float:
    """Water content between the centres of cell i and the next; the nearer one's across soils."""
    if weight > 0.0 and cells[at.TABLE + i] != cells[at.TABLE + i + 1]:
        weight = 1.0 if weight > 0.5 else 0.0
    below = cells[at.THETA + i + 1] if weight > 0.0 else 0.0
    theta: float = (1.0 - weight) * cells[at.THETA + i] + weight * below
    return theta


@kernel
def read_depths(cells: FloatArray, n: int, settings: FloatArray, daily: FloatArray) -> None:
    """Water content at each depth asked for, from the cells around it."""
    for j in range(settings.shape[0] - layout.N_SETTINGS):
        cell, weight = cell_above_depth(
            cells[at.DZ : at.DZ + n], n, settings[layout.N_SETTINGS + j]
        )
        daily[layout.N_DAILY + j] = theta_between(cells, cell, weight)


@kernel
def set_up(
    layers: FloatArray, theta_initial: FloatArray, settings: FloatArray, work: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, int, int]:
    """Lay out a column in its scratch.

    Returns
    -------
    cells, tables, control, per_layer : array, flat
        Parts of ``work``.
    n, status : int
        Number of cells, and ``layout.OK``.
    """
    n_layer = layers.shape[0]
    end = 0
    cells = work[: at.CELLS_SIZE]
    end += at.CELLS_SIZE
    tables = work[end : end + n_layer * TABLE_SIZE]
    end += n_layer * TABLE_SIZE
    scratch = work[end : end + _SCRATCH]
    end += _SCRATCH
    per_layer = work[end : end + _N_ROW * n_layer]
    end += _N_ROW * n_layer
    control = work[end : end + at.N_CONTROL]
    end += at.N_CONTROL
    dz = work[end : end + at.MAX_CELLS]
    layer_of = work[end + at.MAX_CELLS : end + 2 * at.MAX_CELLS]

    fill_layers(layers, settings, per_layer)
    first_cm = settings[layout.SET_FIRST_CELL_CM]
    first_cm = FIRST_CELL_CM if first_cm == 0.0 else first_cm
    growth = settings[layout.SET_CELL_GROWTH]
    growth = CELL_GROWTH if growth == 0.0 else growth
    thickness_cm = per_layer[_THICKNESS * n_layer : (_THICKNESS + 1) * n_layer]
    n = split_layers(thickness_cm, first_cm, growth, settings[layout.N_SETTINGS :], dz, layer_of)
    fill_tables(layers, settings[layout.SET_VAPOUR] > 0.0, per_layer, tables, scratch)
    fill_cells(cells, n, dz, layer_of, per_layer, layers, theta_initial, tables)
    fill_control(control, settings, cells, n, tables)
    if settings[layout.SET_ROOT_DEPTH_CM] > 0.0:
        fill_root_limits(cells, n, layers, settings)
        plant_roots(cells, n, settings, control)
    evaluate(cells, n, tables, control)
    return cells, tables, control, per_layer, n, layout.OK
