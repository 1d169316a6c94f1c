"""A column of soil through its days: van Genuchten physics, error-controlled steps."""

from __future__ import annotations

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import inner_kernel, kernel
from rootzone.engines.swim import fv_state as at
from rootzone.engines.swim import fv_step as ctl
from rootzone.engines.swim import layout
from rootzone.engines.swim.forcing import (
    HOURS_PER_DAY,
    cover_factor,
    covered_curve_number,
    curve_number_runoff_mm,
    fill_wetness_weights,
    profile_wetness,
    window_end_h,
)
from rootzone.engines.swim.fv_flux import evaluate
from rootzone.engines.swim.fv_grid import (
    CELL_GROWTH,
    FIRST_CELL_CM,
    LABEL_DEPTH_CM,
    cell_above_depth,
    split_layers,
)
from rootzone.engines.swim.fv_step import advance, keep_in_bounds, out_of_bounds
from rootzone.engines.swim.vg_functions import theta_from_suction
from rootzone.engines.swim.vg_table import (
    N_INTERVAL,
    TABLE_SIZE,
    fill_vg_table,
    read_phi,
    u_from_head,
    u_from_theta,
)

_MM_PER_CM = 10.0
_SCRATCH = 4 * (N_INTERVAL + 1)
# Rows of the small per-layer array.
_THICKNESS = 0  # [cm]
_SOIL = 1
_WEIGHT = 2  # in the curve number
_DRY = 3  # water content at -15000 cm
_WET = 4  # and at -100 cm
_THETA = 5
_THETA_R = 6
_THETA_S = 7
_N_LAYER_ROW = 8
_LL15_SUCTION_CM = 15000.0
_DUL_SUCTION_CM = 100.0
_FIRST_DT = 1e-3  # [d]


def work_size(n_layer: int) -> int:
    """Doubles of scratch that :func:`run_column` needs for so many layers."""
    per_layer = n_layer * (TABLE_SIZE + _N_LAYER_ROW)
    return per_layer + _SCRATCH + at.CELLS_SIZE + 2 * at.MAX_CELLS + at.N_EDGE + ctl.N_CONTROL


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
    for k in range(layers.shape[0]):
        soil = -1
        for other in range(k):
            same = True
            for column in range(layout.VG_THETA_R, layout.N_VG):
                if layers[other, column] != layers[k, column]:
                    same = False
            if same:
                soil = int(per_layer[_SOIL, other])
                break
        if soil < 0:
            soil = n_soil
            n_soil += 1
            fill_vg_table(
                layers[k, layout.VG_THETA_R],
                layers[k, layout.VG_THETA_S],
                layers[k, layout.VG_ALPHA_PER_CM],
                layers[k, layout.VG_N],
                layers[k, layout.VG_KS_MM_D] / _MM_PER_CM,
                layers[k, layout.VG_L],
                vapour,
                tables,
                soil * TABLE_SIZE,
                scratch,
            )
        per_layer[_SOIL, k] = soil
    return n_soil


@kernel
def fill_curve_number_weights(
    layers: FloatArray, settings: FloatArray, per_layer: FloatArray
) -> None:
    """Each layer's weight and its dry and wet ends for the curve number.

    The wet end is the water content at -100 cm, the dry end that at -15000 cm.
    """
    fill_wetness_weights(
        layers[:, layout.VG_THICKNESS_MM],
        settings[layout.SET_CN_DEPTH_MM],
        settings[layout.SET_CN_EXPONENT],
        per_layer[_WEIGHT],
    )
    for k in range(layers.shape[0]):
        theta_r, theta_s = layers[k, layout.VG_THETA_R], layers[k, layout.VG_THETA_S]
        alpha, n = layers[k, layout.VG_ALPHA_PER_CM], layers[k, layout.VG_N]
        per_layer[_DRY, k] = theta_from_suction(_LL15_SUCTION_CM, theta_r, theta_s, alpha, n)
        per_layer[_WET, k] = theta_from_suction(_DUL_SUCTION_CM, theta_r, theta_s, alpha, n)


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
    for i in range(n):
        k = int(layer_of[i])
        cells[at.DZ + i] = dz[i]
        cells[at.INVERSE_DZ + i] = 1.0 / dz[i]
        base = int(per_layer[_SOIL, k]) * TABLE_SIZE
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
def fill_edge(
    edge: FloatArray,
    settings: FloatArray,
    cells: FloatArray,
    n: int,
    tables: FloatArray,
) -> None:
    """Boundary conditions from the settings."""
    top, bottom = int(cells[at.TABLE]), int(cells[at.TABLE + n - 1])
    dry = settings[layout.SET_SURFACE_DRY_PSI_CM]
    held = settings[layout.SET_BOTTOM_PSI_CM]
    for i in range(at.N_EDGE):
        edge[i] = 0.0
    edge[at.PHI_FLOODED], edge[at.KS_FLOODED] = read_phi(0.0, tables, top)
    edge[at.PHI_WET] = edge[at.PHI_FLOODED]
    edge[at.HEAD_DRY] = dry
    edge[at.PHI_DRY], _ = read_phi(u_from_head(dry), tables, top)
    edge[at.BOTTOM_KIND] = settings[layout.SET_BOTTOM_KIND]
    edge[at.HEAD_BOTTOM] = held
    edge[at.PHI_BOTTOM], _ = read_phi(u_from_head(held), tables, bottom)
    edge[at.GRAVITY] = 1.0
    count = 0
    for i in range(1, n):
        if cells[at.TABLE + i] != cells[at.TABLE + i - 1]:
            cells[at.INTERFACE + count] = i
            cells[at.FACE_U + count] = 0.5 * (cells[at.U + i - 1] + cells[at.U + i])
            count += 1
    edge[at.N_INTERFACE] = count


@kernel
def fill_control(control: FloatArray, settings: FloatArray) -> None:
    """Tolerances from the settings; sums and pond start at 0."""
    for i in range(control.shape[0]):
        control[i] = 0.0
    control[ctl.TOLERANCE] = settings[layout.SET_TOLERANCE]
    control[ctl.ITERATION_RESIDUAL] = settings[layout.SET_ITERATION_RESIDUAL]
    control[ctl.THETA_STEP] = settings[layout.SET_THETA_STEP]
    control[ctl.DT_MAX] = settings[layout.SET_DT_MAX_H] / HOURS_PER_DAY
    control[ctl.DT_NEXT] = min(_FIRST_DT, control[ctl.DT_MAX])
    if settings[layout.SET_CN2_BARE] <= 0.0:
        control[ctl.POND_MAX] = settings[layout.SET_POND_MAX_MM] / _MM_PER_CM


@inner_kernel
def next_change_h(hour: float, from_h: float, to_h: float, until_h: float) -> float:
    """The nearest hour after ``hour`` at which a window opens or closes, at most ``until_h``."""
    if hour < from_h < until_h:
        return from_h
    if hour < to_h < until_h:
        return to_h
    return until_h


@inner_kernel
def run_day(
    cells: FloatArray,
    n: int,
    tables: FloatArray,
    edge: FloatArray,
    control: FloatArray,
    settings: FloatArray,
    rain_cm: float,
    eo_cm: float,
) -> None:
    """One day, in the periods that its rain and evaporation windows cut it into."""
    rain_from = settings[layout.SET_RAIN_START_H]
    rain_to = window_end_h(rain_from, settings[layout.SET_RAIN_HOURS])
    eo_from = settings[layout.SET_EO_START_H]
    eo_to = window_end_h(eo_from, settings[layout.SET_EO_HOURS])
    hour = 0.0
    while hour < HOURS_PER_DAY:
        until = HOURS_PER_DAY
        rain, demand = 0.0, 0.0
        if rain_cm > 0.0:
            until = next_change_h(hour, rain_from, rain_to, until)
            if rain_from <= hour < rain_to:
                rain = rain_cm * HOURS_PER_DAY / (rain_to - rain_from)
        if eo_cm > 0.0:
            until = next_change_h(hour, eo_from, eo_to, until)
            if eo_from <= hour < eo_to:
                demand = eo_cm * HOURS_PER_DAY / (eo_to - eo_from)
        period = (until - hour) / HOURS_PER_DAY
        advance(cells, n, tables, edge, control, period, rain, demand)
        hour = until
    if out_of_bounds(cells, n):
        keep_in_bounds(cells, n, control)


@inner_kernel
def layer_means(cells: FloatArray, n: int, per_layer: FloatArray, theta: FloatArray) -> float:
    """Water content of each layer, the mean of its cells; returns the water stored [cm]."""
    stored = 0.0
    for k in range(theta.shape[0]):
        theta[k] = 0.0
    for i in range(n):
        water = cells[at.THETA + i] * cells[at.DZ + i]
        theta[int(cells[at.LAYER + i])] += water
        stored += water
    for k in range(theta.shape[0]):  # a mean of saturated cells may round to above saturation
        mean = theta[k] / per_layer[_THICKNESS, k]
        theta[k] = min(max(mean, per_layer[_THETA_R, k]), per_layer[_THETA_S, k])
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
def run_column(
    layers: FloatArray,
    theta_initial: FloatArray,
    weather: FloatArray,
    settings: FloatArray,
    theta_out: FloatArray,
    daily_out: FloatArray,
    work: FloatArray,
) -> tuple[int, int, int]:
    """Run one column; arrays as :mod:`rootzone.engines.swim.layout` says, physics van_genuchten.

    Infiltration is what entered the soil before evaporation took its part: rain less runoff less
    growth of the pond. So storage grows by infiltration - es - drainage.

    Returns
    -------
    status, fail_day, repairs : int
        ``layout.OK``, ``BAD_STATE``, or ``NO_CONVERGENCE`` where a day took too many steps; the
        day of failure or -1; ``layout.REPAIR_*`` bits.
    """
    n_layer = layers.shape[0]
    end = 0
    cells = work[: at.CELLS_SIZE]
    end += at.CELLS_SIZE
    tables = work[end : end + n_layer * TABLE_SIZE]
    end += n_layer * TABLE_SIZE
    scratch = work[end : end + _SCRATCH].reshape((4, N_INTERVAL + 1))
    end += _SCRATCH
    per_layer = work[end : end + _N_LAYER_ROW * n_layer].reshape((_N_LAYER_ROW, n_layer))
    end += _N_LAYER_ROW * n_layer
    edge = work[end : end + at.N_EDGE]
    end += at.N_EDGE
    control = work[end : end + ctl.N_CONTROL]
    end += ctl.N_CONTROL
    dz = work[end : end + at.MAX_CELLS]
    layer_of = work[end + at.MAX_CELLS : end + 2 * at.MAX_CELLS]

    for k in range(n_layer):
        per_layer[_THICKNESS, k] = layers[k, layout.VG_THICKNESS_MM] / _MM_PER_CM
        per_layer[_THETA_R, k] = layers[k, layout.VG_THETA_R]
        per_layer[_THETA_S, k] = layers[k, layout.VG_THETA_S]
    first_cm = settings[layout.SET_FIRST_CELL_CM]
    first_cm = FIRST_CELL_CM if first_cm == 0.0 else first_cm
    growth = settings[layout.SET_CELL_GROWTH]
    growth = CELL_GROWTH if growth == 0.0 else growth
    label_cm = settings[layout.SET_LABEL_DEPTH_CM]
    label_cm = LABEL_DEPTH_CM if label_cm == 0.0 else label_cm
    n = split_layers(per_layer[_THICKNESS], first_cm, growth, label_cm, dz, layer_of)
    label_cell, label_weight = cell_above_depth(dz, n, label_cm)
    fill_tables(layers, settings[layout.SET_VAPOUR] > 0.0, per_layer, tables, scratch)
    fill_cells(cells, n, dz, layer_of, per_layer, layers, theta_initial, tables)
    fill_edge(edge, settings, cells, n, tables)
    fill_control(control, settings)
    evaluate(cells, n, tables, edge)
    curve_number = settings[layout.SET_CN2_BARE] > 0.0
    cover = settings[layout.SET_RESIDUE_COVER]
    cn2 = 0.0
    if curve_number:
        fill_curve_number_weights(layers, settings, per_layer)
        cn2 = covered_curve_number(
            settings[layout.SET_CN2_BARE],
            settings[layout.SET_CN_RED],
            settings[layout.SET_CN_COV],
            cover,
        )
    eo_factor = cover_factor(0.0, cover)
    theta = per_layer[_THETA]
    stored = layer_means(cells, n, per_layer, theta)

    for day in range(weather.shape[0]):
        rain_mm = weather[day, layout.RAIN_MM]
        runoff_mm = 0.0
        if curve_number and rain_mm > 0.0:
            wetness = profile_wetness(theta, per_layer[_DRY], per_layer[_WET], per_layer[_WEIGHT])
            runoff_mm = curve_number_runoff_mm(rain_mm, cn2, wetness)
        for sum_at in range(ctl.EVAPORATION, ctl.FALLBACKS):
            control[sum_at] = 0.0
        pond = control[ctl.POND]
        rain_cm = (rain_mm - runoff_mm) / _MM_PER_CM
        eo_cm = eo_factor * weather[day, layout.EO_MM] / _MM_PER_CM
        run_day(cells, n, tables, edge, control, settings, rain_cm, eo_cm)
        now = layer_means(cells, n, per_layer, theta)
        if not abs(now) < 1e300:
            return layout.BAD_STATE, day, 0
        for k in range(n_layer):
            theta_out[day, k] = theta[k]
        out = daily_out[day]
        pond_gain = control[ctl.POND] - pond
        balance = rain_cm - control[ctl.RUNOFF] - control[ctl.EVAPORATION] - pond_gain
        balance -= control[ctl.DRAINAGE] + now - stored
        stored = now
        out[layout.RUNOFF_MM] = runoff_mm + _MM_PER_CM * control[ctl.RUNOFF]
        out[layout.DRAINAGE_MM] = _MM_PER_CM * control[ctl.DRAINAGE]
        out[layout.ES_MM] = _MM_PER_CM * control[ctl.EVAPORATION]
        out[layout.INFILTRATION_MM] = _MM_PER_CM * (rain_cm - control[ctl.RUNOFF] - pond_gain)
        out[layout.POND_MM] = _MM_PER_CM * control[ctl.POND]
        out[layout.BALANCE_ERROR_MM] = _MM_PER_CM * balance
        out[layout.STEPS] = control[ctl.STEPS]
        out[layout.EVALUATIONS] = control[ctl.EVALUATIONS]
        if label_cm > 0.0:
            out[layout.THETA_LABEL] = theta_between(cells, label_cell, label_weight)
    repairs = layout.REPAIR_EXPLICIT_STEP if control[ctl.FALLBACKS] > 0.0 else 0
    return layout.OK, -1, repairs
