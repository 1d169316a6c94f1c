"""One column over all its days by SWIM3's own step rules: the stepping ``apsim``.

The rules are followed step by step because they are part of the answer: at APSIM's default
settings a dry day is one step of 24 hours. Four faults of the original are mended and recorded as
bits of ``repairs`` unless the settings ask to reproduce them:

* a zero time step, when no flux of the last step reached 1e-5 cm h-1: the step is ``dt_max``;
* a step that does not converge after three cuts: cutting goes on to a tenth of a second;
* rain of a step within rounding of the largest allowed (a day of 1.1 mm at default settings):
  it counts as allowed;
* the faults of the curves, see :mod:`rootzone.engines.swim.swim3_curves`.
"""

from __future__ import annotations

import math

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import kernel
from rootzone.engines.swim import forcing, layout, swim3_curves, swim3_van_genuchten
from rootzone.engines.swim import swim3_nodes as nodes

RESIDUAL_CM_H = 1.0e-6
ITERATIONS = 50
EXTRA_ITERATIONS_FIRST = 20
LARGEST_UPDATE = 1.0
SMALLEST_DT_H = 1.0e-6 / 3.6  # a milli-second: the floor of repaired steps
FLUX_SEEN_CM_H = 1.0e-5  # smaller fluxes are zero to SWIM3's step rule
BISECTIONS = 10
FIRST_DT_H = 0.25
EDGE = 1.0e-6  # relative; rain read in single precision is within it
END_OF_DAY_H = 1.0e-9

# Entries of ``march``, the part of the state that is not per node.
FIRST = nodes.N_SURFACE
LARGEST_FLUX = FIRST + 1
HAD_RAIN = FIRST + 2
REPAIRS = FIRST + 3
EVALUATIONS = FIRST + 4
N_MARCH = FIRST + 5


def work_size(n_layer: int) -> int:
    """Length of the scratch array that a column of ``n_layer`` layers needs."""
    return n_layer * swim3_curves.N_COEF + (n_layer + 1) * nodes.N_NODE + N_MARCH


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
        total += node[row, i] * coef[i, nodes.DX_CM]
    return total


@kernel
def evaluate(
    kind: int, coef: FloatArray, node: FloatArray, settings: FloatArray, dt: float
) -> None:
    """Evaluate curves, clipped heads and storage rates at the present p."""
    last = coef.shape[0] - 1
    ponds = settings[layout.SET_CN2_BARE] <= 0.0
    if not ponds and node[nodes.P, 0] > nodes.P_SATURATED:
        node[nodes.P, 0] = nodes.P_SATURATED
    if settings[layout.SET_BOTTOM_KIND] == layout.BOTTOM_SEEPAGE:
        cap = nodes.p_of_psi(settings[layout.SET_BOTTOM_PSI_CM])
        node[nodes.P, last] = min(node[nodes.P, last], cap)
    nodes.evaluate_curves(kind, coef, node, settings[layout.SET_VAPOUR] > 0.0)
    for i in range(last + 1):
        gain = node[nodes.THETA, i] - node[nodes.THETA_OLD, i]
        node[nodes.QS, i] = gain * coef[i, nodes.DX_CM] / dt


@kernel
def balance_rate(coef: FloatArray, node: FloatArray, surface: FloatArray, dt: float) -> float:
    """Water balance of the whole column over a step [cm h-1]."""
    n = coef.shape[0]
    stored = 0.0
    for i in range(n):
        stored += node[nodes.QS, i]
    pond = (surface[nodes.POND] - surface[nodes.POND_OLD]) / dt
    lost = surface[nodes.RUNOFF] + node[nodes.Q, n] + surface[nodes.EVAPORATION]
    return surface[nodes.RAIN_RATE] - lost - pond - stored


@kernel
def iterate_step(
    kind: int,
    coef: FloatArray,
    node: FloatArray,
    march: FloatArray,
    settings: FloatArray,
    dt: float,
    limit: int,
) -> bool:
    """Newton's iteration for one backward-Euler step; whether it converged.

    The state tested is the one just evaluated: its residual in every node and over the column
    must be below 1e-6 cm h-1. Updates of p are cut at 1. Gravity weights are those of the first
    evaluation.
    """
    n = coef.shape[0]
    ponds = settings[layout.SET_CN2_BARE] <= 0.0
    bottom = int(settings[layout.SET_BOTTOM_KIND])
    bottom_psi = settings[layout.SET_BOTTOM_PSI_CM]
    for iteration in range(limit):
        evaluate(kind, coef, node, settings, dt)
        march[EVALUATIONS] += 1.0
        if iteration == 0:
            nodes.fill_gravity_weights(node, n, settings[layout.SET_SPACE_WEIGHTING])
        nodes.fill_fluxes(node, n)
        top_held = nodes.apply_top(node, march, dt, ponds)
        bottom_held = nodes.apply_bottom(node, n, bottom, bottom_psi)
        worst = nodes.solve_update(coef, node, dt, top_held, bottom_held)
        if worst < RESIDUAL_CM_H and abs(balance_rate(coef, node, march, dt)) < RESIDUAL_CM_H:
            return True
        if not math.isfinite(worst):
            return False
        for i in range(n):
            update = node[nodes.UPDATE, i]
            node[nodes.P, i] += min(LARGEST_UPDATE, max(-LARGEST_UPDATE, update))
    return False


@kernel
def largest_flux(node: FloatArray, march: FloatArray, n: int) -> float:
    """Largest flux or storage rate of the accepted step [cm h-1]."""
    largest = max(abs(march[nodes.EVAPORATION]), abs(march[nodes.RUNOFF]))
    for i in range(n):
        largest = max(largest, abs(node[nodes.Q, i]), abs(node[nodes.QS, i]))
    return max(largest, abs(node[nodes.Q, n]))


@kernel
def choose_dt(
    march: FloatArray, settings: FloatArray, now_h: float, rain_mm: float, rain_end_h: float
) -> float:
    """Length of the next step [h] by SWIM3's rules; 0 is its fault, returned where asked for.

    The largest flux of the step before may move ``max_water_increment``; rain in the step may not
    exceed 1.1 times that (a tenth of that when the step before was dry), found by bisection; the
    result lies between ``dt_min`` and ``dt_max``; a short rest of the day joins the step.
    """
    left = forcing.HOURS_PER_DAY - now_h
    dt_min = settings[layout.SET_DT_MIN_H]
    dt_max = settings[layout.SET_DT_MAX_H]
    increment_cm = settings[layout.SET_MAX_WATER_INCREMENT_CM]
    traps = settings[layout.SET_REPRODUCE_TRAPS] > 0.0
    repairs = 0
    if march[FIRST] > 0.0:
        dt = dt_min if dt_min > 0.0 else min(0.01 * left, FIRST_DT_H)
    elif march[LARGEST_FLUX] >= FLUX_SEEN_CM_H:
        dt = increment_cm / march[LARGEST_FLUX]
    elif march[LARGEST_FLUX] == 0.0:
        dt = dt_max
    elif traps or dt_min > 0.0:
        dt = 0.0
    else:
        dt = dt_max
        repairs |= layout.REPAIR_ZERO_TIME_STEP
    dt = min(dt, left)
    allowed_mm = 10.0 * increment_cm * (1.0 if march[HAD_RAIN] > 0.0 else 0.1)
    start_h = settings[layout.SET_RAIN_START_H]
    fall_mm = rain_mm * forcing.share_of_day(now_h, now_h + dt, start_h, rain_end_h)
    edge_mm = 1.1 * allowed_mm
    if not traps:
        if edge_mm < fall_mm <= edge_mm * (1.0 + EDGE):
            repairs |= layout.REPAIR_RAIN_BRANCH
        edge_mm *= 1.0 + EDGE
    if fall_mm > edge_mm:
        least_mm = 0.9 * allowed_mm * (1.0 + EDGE)
        dt = bisect_rain(now_h, dt, rain_mm, start_h, rain_end_h, least_mm, edge_mm)
    dt = max(min(dt, dt_max), dt_min)
    march[REPAIRS] = int(march[REPAIRS]) | repairs
    return left if left - dt < 0.1 * dt else dt


@kernel
def bisect_rain(
    now_h: float,
    dt: float,
    rain_mm: float,
    start_h: float,
    end_h: float,
    least_mm: float,
    most_mm: float,
) -> float:
    """Shorten a step until its rain lies between two amounts, in at most ten halvings."""
    reached_h = now_h
    trial_h = now_h + dt
    for _ in range(BISECTIONS):
        dt *= 0.5
        trial_h = reached_h + dt
        fall_mm = rain_mm * forcing.share_of_day(now_h, trial_h, start_h, end_h)
        if fall_mm < least_mm:
            reached_h = trial_h
        elif fall_mm <= most_mm:
            break
    return trial_h - now_h


@kernel
def take_step(
    kind: int,
    coef: FloatArray,
    node: FloatArray,
    march: FloatArray,
    settings: FloatArray,
    now_h: float,
    dt: float,
    rain_mm: float,
    ep_mm: float,
) -> float:
    """Advance the column by at most ``dt``; return the hours taken, 0 when nothing converged."""
    traps = settings[layout.SET_REPRODUCE_TRAPS] > 0.0
    rain_start = settings[layout.SET_RAIN_START_H]
    rain_end = forcing.window_end_h(rain_start, settings[layout.SET_RAIN_HOURS])
    eo_start = settings[layout.SET_EO_START_H]
    eo_end = forcing.window_end_h(eo_start, settings[layout.SET_EO_HOURS])
    n = coef.shape[0]
    for i in range(n):
        node[nodes.P_OLD, i] = node[nodes.P, i]
        node[nodes.THETA_OLD, i] = node[nodes.THETA, i]
    march[nodes.POND_OLD] = march[nodes.POND]
    limit = ITERATIONS + (EXTRA_ITERATIONS_FIRST if march[FIRST] > 0.0 else 0)
    apsim_floor = max(0.01 * dt, settings[layout.SET_DT_MIN_H])
    floor = apsim_floor if traps else min(apsim_floor, SMALLEST_DT_H)
    while dt >= floor:
        to_h = now_h + dt
        fall = rain_mm * forcing.share_of_day(now_h, to_h, rain_start, rain_end)
        demand = ep_mm * forcing.share_of_day(now_h, to_h, eo_start, eo_end)
        march[nodes.RAIN_RATE] = 0.1 * fall / dt
        march[nodes.EP_RATE] = 0.1 * demand / dt
        if iterate_step(kind, coef, node, march, settings, dt, limit):
            return dt
        for i in range(n):
            node[nodes.P, i] = node[nodes.P_OLD, i]
        dt *= 0.25
        if dt < apsim_floor and not traps:
            march[REPAIRS] = int(march[REPAIRS]) | layout.REPAIR_EXTRA_RETRIES
    return 0.0


@kernel
def run_day(
    kind: int,
    coef: FloatArray,
    node: FloatArray,
    march: FloatArray,
    settings: FloatArray,
    rain_mm: float,
    ep_mm: float,
    daily: FloatArray,
) -> int:
    """Advance the column through one day and add up its fluxes; return the status.

    Parameters
    ----------
    rain_mm, ep_mm : float
        Rain left after curve-number runoff and potential evaporation after cover [mm d-1].
    daily : array, shape (N_DAILY,)
        One row of ``daily_out``; fluxes are added to it.
    """
    n = coef.shape[0]
    rain_end = forcing.window_end_h(
        settings[layout.SET_RAIN_START_H], settings[layout.SET_RAIN_HOURS]
    )
    now_h = 0.0
    while now_h < forcing.HOURS_PER_DAY:
        dt = choose_dt(march, settings, now_h, rain_mm, rain_end)
        if dt <= 0.0:
            return layout.ZERO_TIME_STEP
        taken = take_step(kind, coef, node, march, settings, now_h, dt, rain_mm, ep_mm)
        if taken <= 0.0:
            return layout.NO_CONVERGENCE
        march[FIRST] = 0.0
        march[HAD_RAIN] = march[nodes.RAIN_RATE]
        march[LARGEST_FLUX] = largest_flux(node, march, n)
        mm = 10.0 * taken
        daily[layout.RUNOFF_MM] += march[nodes.RUNOFF] * mm
        daily[layout.DRAINAGE_MM] += node[nodes.Q, n] * mm
        daily[layout.ES_MM] += march[nodes.EVAPORATION] * mm
        daily[layout.INFILTRATION_MM] += node[nodes.Q, 0] * mm
        daily[layout.STEPS] += 1.0
        rest = forcing.HOURS_PER_DAY - (now_h + taken)
        now_h = now_h + taken if rest > END_OF_DAY_H else forcing.HOURS_PER_DAY
    return layout.OK


@kernel
def run_days(
    kind: int,
    layers: FloatArray,
    theta_initial: FloatArray,
    weather: FloatArray,
    settings: FloatArray,
    theta_out: FloatArray,
    daily_out: FloatArray,
    work: FloatArray,
) -> tuple[int, int, int]:
    """Run one column over all days of ``weather``; see :func:`run_column`."""
    n = layers.shape[0]
    n_coef = n * swim3_curves.N_COEF
    n_node = (n + 1) * nodes.N_NODE
    coef = work[:n_coef].reshape((n, swim3_curves.N_COEF))
    node = work[n_coef : n_coef + n_node].reshape((nodes.N_NODE, n + 1))
    march = work[n_coef + n_node : n_coef + n_node + N_MARCH]
    march[:] = 0.0
    march[FIRST] = 1.0
    if not layers_are_ordered(kind, layers, theta_initial):
        return layout.BAD_STATE, 0, 0
    march[REPAIRS] = prepare(kind, layers, theta_initial, settings, coef, node)
    cover = settings[layout.SET_RESIDUE_COVER]
    ep_share = forcing.cover_factor(0.0, cover)
    cn2 = forcing.covered_curve_number(
        settings[layout.SET_CN2_BARE],
        settings[layout.SET_CN_RED],
        settings[layout.SET_CN_COV],
        cover,
    )
    dry, wet = wetness_limits(kind)
    for day in range(weather.shape[0]):
        stored_cm = water_cm(coef, node, nodes.THETA) + march[nodes.POND]
        rain_mm = weather[day, layout.RAIN_MM]
        runoff_mm = 0.0
        if settings[layout.SET_CN2_BARE] > 0.0:
            wetness = forcing.profile_wetness(
                node[nodes.THETA, :n], layers[:, dry], layers[:, wet], node[nodes.CN_WEIGHT]
            )
            runoff_mm = forcing.curve_number_runoff_mm(rain_mm, cn2, wetness)
        daily = daily_out[day]
        daily[:] = 0.0
        daily[layout.RUNOFF_MM] = runoff_mm
        march[EVALUATIONS] = 0.0
        ep_mm = weather[day, layout.EO_MM] * ep_share
        status = run_day(kind, coef, node, march, settings, rain_mm - runoff_mm, ep_mm, daily)
        if status != layout.OK:
            daily[:] = math.nan
            return status, day, int(march[REPAIRS])
        for i in range(n):
            theta_out[day, i] = node[nodes.THETA, i]
        pond_cm = march[nodes.POND]
        gain_mm = 10.0 * (water_cm(coef, node, nodes.THETA) + pond_cm - stored_cm)
        daily[layout.POND_MM] = 10.0 * pond_cm
        daily[layout.EVALUATIONS] = march[EVALUATIONS]
        lost_mm = daily[layout.RUNOFF_MM] + daily[layout.DRAINAGE_MM] + daily[layout.ES_MM]
        daily[layout.BALANCE_ERROR_MM] = rain_mm - lost_mm - gain_mm
    return layout.OK, -1, int(march[REPAIRS])


@kernel
def wetness_limits(kind: int) -> tuple[int, int]:
    """Columns of ``layers`` between which the curve number counts a layer from dry to wet."""
    if kind == nodes.KIND_SWIM3:
        return layout.SWIM3_LL15, layout.SWIM3_DUL
    return layout.VG_THETA_R, layout.VG_THETA_S


@kernel
def layers_are_ordered(kind: int, layers: FloatArray, theta_initial: FloatArray) -> bool:
    """Whether every layer has 0 < LL15 < DUL < SAT (or theta_r < theta_s) and initial water."""
    for i in range(layers.shape[0]):
        if not (math.isfinite(theta_initial[i]) and layers[i, 0] > 0.0):
            return False
        if kind == nodes.KIND_SWIM3:
            ll15, dul = layers[i, layout.SWIM3_LL15], layers[i, layout.SWIM3_DUL]
            if not (0.0 < ll15 < dul < layers[i, layout.SWIM3_SAT]):
                return False
        elif not layers[i, layout.VG_THETA_R] < layers[i, layout.VG_THETA_S]:
            return False
    return True


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
    """Run one column by physics ``swim3`` and stepping ``apsim``.

    Parameters
    ----------
    layers : array, shape (layer, N_SWIM3)
        Thickness [mm], LL15, DUL, SAT [m3 m-3], KS, KDul [mm d-1], PSIDul [cm].
    theta_initial, weather, settings, theta_out, daily_out : array
        As in :mod:`rootzone.engines.swim.layout`.
    work : array, shape (work_size(layer),)
        Scratch.

    Returns
    -------
    status, fail_day, repairs : int
        How the run ended, the day it failed on (-1: none), and the bits of mended faults.
    """
    return run_days(
        nodes.KIND_SWIM3,
        layers,
        theta_initial,
        weather,
        settings,
        theta_out,
        daily_out,
        work,
    )


@kernel
def run_column_van_genuchten(
    layers: FloatArray,
    theta_initial: FloatArray,
    weather: FloatArray,
    settings: FloatArray,
    theta_out: FloatArray,
    daily_out: FloatArray,
    work: FloatArray,
) -> tuple[int, int, int]:
    """Run one column by physics ``van_genuchten`` and stepping ``apsim``: N_VG columns of layers.

    The curve number counts a layer's wetness from theta_r to theta_s. Otherwise as
    :func:`run_column`.
    """
    return run_days(
        nodes.KIND_VAN_GENUCHTEN,
        layers,
        theta_initial,
        weather,
        settings,
        theta_out,
        daily_out,
        work,
    )
