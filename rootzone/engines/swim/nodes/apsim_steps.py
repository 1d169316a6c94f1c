"""SWIM3's own step: its length, Newton's iteration, and what happens when that fails.

The rules are followed step by step because they are part of the answer: at APSIM's default
settings a dry day is one step of 24 hours. Three faults of the original are mended and recorded as
bits of ``repairs`` unless the settings ask to reproduce them:

* a zero time step, when no flux of the last step reached 1e-5 cm h-1: the step is ``dt_max``;
* a step that does not converge after three cuts: cutting goes on to a millisecond;
* rain of a step above the largest allowed by no more than rounding, such as a day of 1.1 mm read
  in single precision at default settings: it counts as allowed.
"""

from __future__ import annotations

import math

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import exact_inner_kernel, kernel
from rootzone.engines.swim import forcing, layout, state
from rootzone.engines.swim.nodes import nodes
from rootzone.engines.swim.nodes.curves import DX_CM

RESIDUAL_CM_H = 1.0e-6
ITERATIONS = 50
EXTRA_ITERATIONS_FIRST = 20
LARGEST_UPDATE = 1.0
SMALLEST_DT_H = 1.0e-6 / 3.6  # a millisecond: the floor of repaired steps
FLUX_SEEN_CM_H = 1.0e-5  # smaller fluxes are zero to SWIM3's step rule
BISECTIONS = 10
FIRST_DT_H = 0.25
EDGE = 1.0e-6  # relative; rain read in single precision is within it
END_OF_DAY_H = 1.0e-9

# Entries of ``march``, the column's ``control``, after those of the surface.
FIRST = nodes.N_SURFACE  # 1 before the first step of all
LARGEST_FLUX = FIRST + 1
HAD_RAIN = FIRST + 2
N_MARCH = FIRST + 3
REPAIRS = state.REPAIRS
EVALUATIONS = state.EVALUATIONS


@exact_inner_kernel
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
        node[nodes.QS, i] = gain * coef[i, DX_CM] / dt


@exact_inner_kernel
def balance_rate(coef: FloatArray, node: FloatArray, surface: FloatArray, dt: float) -> float:
    """Water balance of the whole column over a step [cm h-1]."""
    n = coef.shape[0]
    stored = 0.0
    for i in range(n):
        stored += node[nodes.QS, i]
    pond = (surface[nodes.POND] - surface[nodes.POND_OLD]) / dt
    lost = surface[nodes.RUNOFF] + node[nodes.Q, n] + surface[nodes.EVAPORATION]
    rate: float = surface[nodes.RAIN_RATE] - lost - pond - stored
    return rate


@exact_inner_kernel
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


@exact_inner_kernel
def largest_flux(node: FloatArray, march: FloatArray, n: int) -> float:
    """Largest flux or storage rate of the accepted step [cm h-1]."""
    largest: float = max(abs(march[nodes.EVAPORATION]), abs(march[nodes.RUNOFF]))
    largest = max(largest, abs(node[nodes.Q, n]))
    for i in range(n):
        largest = max(largest, abs(node[nodes.Q, i]), abs(node[nodes.QS, i]))
    return largest


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
