"""The loop over columns, once for each pair of physics and stepping.

Each lane runs on one thread with its own scratch and takes the next column when it is free. A
column is computed by itself from its own inputs, so its result does not depend on how many lanes
there are, which of them computes it or which columns are its neighbours. The four functions
differ in one call only: Numba caches machine code for a call it can name, not for one handed in.
"""

from __future__ import annotations

import numpy as np

from rootzone._shared.arrays import FloatArray, IntArray
from rootzone._shared.jit import kernel, parallel_kernel, prange
from rootzone.engines.swim import fv_column, layout, swim3_column, swim3_converged
from rootzone.engines.swim.lanes import take_next
from rootzone.engines.verify import verify_column

# Columns of ``report``, one row a column.
STATUS = 0  # status of the column kernel
VERDICT = 1  # verdict of the verification, where the kernel finished
DAY = 2  # 0-based day of the fault, -1 where there is none
LAYER = 3  # 0-based layer of the fault, -1 where there is none
REPAIRS = 4  # bits of the traps met and mended
N_REPORT = 5


@kernel
def fill_infiltration(weather: FloatArray, daily: FloatArray) -> None:
    """Write what crossed the surface net of evaporation: rain - runoff - es - growth of the pond.

    It is the balance of the surface, so it means the same whichever kernel ran.
    """
    pond_before_mm = 0.0
    for day in range(daily.shape[0]):
        pond_mm = daily[day, layout.POND_MM]
        kept_mm = weather[day, layout.RAIN_MM] - daily[day, layout.RUNOFF_MM]
        entered_mm = kept_mm - daily[day, layout.ES_MM] - (pond_mm - pond_before_mm)
        daily[day, layout.INFILTRATION_MM] = entered_mm
        pond_before_mm = pond_mm


@kernel
def judge(
    position: int,
    outcome: tuple[int, int, int],
    layers: FloatArray,
    limits: tuple[int, int],
    theta_initial: FloatArray,
    weather: FloatArray,
    tolerance_mm: float,
    theta: FloatArray,
    daily: FloatArray,
    report: IntArray,
    value: FloatArray,
) -> None:
    """Write what became of a column: the kernel's own status, then the verification's verdict."""
    report[position, STATUS] = outcome[0]
    report[position, VERDICT] = 0
    report[position, DAY] = outcome[1]
    report[position, LAYER] = -1
    report[position, REPAIRS] = outcome[2]
    value[position] = np.nan
    if outcome[0] != layout.OK:
        theta[max(0, outcome[1]) :] = np.nan
        daily[max(0, outcome[1]) :] = np.nan
        return
    fill_infiltration(weather, daily)
    low = np.zeros(layers.shape[0])
    if limits[0] >= 0:
        low = layers[:, limits[0]].copy()
    sinks = daily[:, layout.RUNOFF_MM] + daily[:, layout.DRAINAGE_MM] + daily[:, layout.ES_MM]
    verdict, day, layer, worst = verify_column(
        theta,
        theta_initial,
        layers[:, 0].copy(),
        low,
        layers[:, limits[1]].copy(),
        weather[:, layout.RAIN_MM].copy(),
        sinks,
        daily[:, layout.POND_MM].copy(),
        tolerance_mm,
    )
    report[position, VERDICT] = verdict
    report[position, DAY] = day
    report[position, LAYER] = layer
    value[position] = worst


@parallel_kernel
def run_swim3_apsim(
    layers: FloatArray,
    layer_start: IntArray,
    theta_initial: FloatArray,
    weather: FloatArray,
    day_start: IntArray,
    cell: IntArray,
    settings: FloatArray,
    bottom_psi_cm: FloatArray,
    tolerance_mm: float,
    theta_start: IntArray,
    row_start: IntArray,
    counter: IntArray,
    work: FloatArray,
    theta: FloatArray,
    daily: FloatArray,
    report: IntArray,
    value: FloatArray,
) -> None:
    """Physics swim3, stepping apsim; arrays as ``batch.run_columns`` fills them."""
    n_lane = work.shape[0]
    for lane in prange(n_lane):
        own = settings.copy()
        c = take_next(counter)
        while c < cell.shape[0]:
            soil = layers[layer_start[c] : layer_start[c + 1]]
            start = theta_initial[layer_start[c] : layer_start[c + 1]]
            days = weather[day_start[cell[c]] : day_start[cell[c] + 1]]
            own[layout.SET_BOTTOM_PSI_CM] = bottom_psi_cm[c]
            state = theta[theta_start[c] : theta_start[c + 1]].reshape(days.shape[0], soil.shape[0])
            sums = daily[row_start[c] : row_start[c + 1]]
            outcome = swim3_column.run_column(soil, start, days, own, state, sums, work[lane])
            limits = (-1, layout.SWIM3_SAT)
            judge(c, outcome, soil, limits, start, days, tolerance_mm, state, sums, report, value)
            c = take_next(counter)


@parallel_kernel
def run_swim3_converged(
    layers: FloatArray,
    layer_start: IntArray,
    theta_initial: FloatArray,
    weather: FloatArray,
    day_start: IntArray,
    cell: IntArray,
    settings: FloatArray,
    bottom_psi_cm: FloatArray,
    tolerance_mm: float,
    theta_start: IntArray,
    row_start: IntArray,
    counter: IntArray,
    work: FloatArray,
    theta: FloatArray,
    daily: FloatArray,
    report: IntArray,
    value: FloatArray,
) -> None:
    """Physics swim3, stepping converged."""
    n_lane = work.shape[0]
    for lane in prange(n_lane):
        own = settings.copy()
        c = take_next(counter)
        while c < cell.shape[0]:
            soil = layers[layer_start[c] : layer_start[c + 1]]
            start = theta_initial[layer_start[c] : layer_start[c + 1]]
            days = weather[day_start[cell[c]] : day_start[cell[c] + 1]]
            own[layout.SET_BOTTOM_PSI_CM] = bottom_psi_cm[c]
            state = theta[theta_start[c] : theta_start[c + 1]].reshape(days.shape[0], soil.shape[0])
            sums = daily[row_start[c] : row_start[c + 1]]
            outcome = swim3_converged.run_column(soil, start, days, own, state, sums, work[lane])
            limits = (-1, layout.SWIM3_SAT)
            judge(c, outcome, soil, limits, start, days, tolerance_mm, state, sums, report, value)
            c = take_next(counter)


@parallel_kernel
def run_van_genuchten_apsim(
    layers: FloatArray,
    layer_start: IntArray,
    theta_initial: FloatArray,
    weather: FloatArray,
    day_start: IntArray,
    cell: IntArray,
    settings: FloatArray,
    bottom_psi_cm: FloatArray,
    tolerance_mm: float,
    theta_start: IntArray,
    row_start: IntArray,
    counter: IntArray,
    work: FloatArray,
    theta: FloatArray,
    daily: FloatArray,
    report: IntArray,
    value: FloatArray,
) -> None:
    """Physics van_genuchten, stepping apsim."""
    n_lane = work.shape[0]
    for lane in prange(n_lane):
        own = settings.copy()
        c = take_next(counter)
        while c < cell.shape[0]:
            soil = layers[layer_start[c] : layer_start[c + 1]]
            start = theta_initial[layer_start[c] : layer_start[c + 1]]
            days = weather[day_start[cell[c]] : day_start[cell[c] + 1]]
            own[layout.SET_BOTTOM_PSI_CM] = bottom_psi_cm[c]
            state = theta[theta_start[c] : theta_start[c + 1]].reshape(days.shape[0], soil.shape[0])
            sums = daily[row_start[c] : row_start[c + 1]]
            outcome = swim3_column.run_column_van_genuchten(
                soil, start, days, own, state, sums, work[lane]
            )
            limits = (layout.VG_THETA_R, layout.VG_THETA_S)
            judge(c, outcome, soil, limits, start, days, tolerance_mm, state, sums, report, value)
            c = take_next(counter)


@parallel_kernel
def run_van_genuchten_converged(
    layers: FloatArray,
    layer_start: IntArray,
    theta_initial: FloatArray,
    weather: FloatArray,
    day_start: IntArray,
    cell: IntArray,
    settings: FloatArray,
    bottom_psi_cm: FloatArray,
    tolerance_mm: float,
    theta_start: IntArray,
    row_start: IntArray,
    counter: IntArray,
    work: FloatArray,
    theta: FloatArray,
    daily: FloatArray,
    report: IntArray,
    value: FloatArray,
) -> None:
    """Physics van_genuchten, stepping converged."""
    n_lane = work.shape[0]
    for lane in prange(n_lane):
        own = settings.copy()
        c = take_next(counter)
        while c < cell.shape[0]:
            soil = layers[layer_start[c] : layer_start[c + 1]]
            start = theta_initial[layer_start[c] : layer_start[c + 1]]
            days = weather[day_start[cell[c]] : day_start[cell[c] + 1]]
            own[layout.SET_BOTTOM_PSI_CM] = bottom_psi_cm[c]
            state = theta[theta_start[c] : theta_start[c + 1]].reshape(days.shape[0], soil.shape[0])
            sums = daily[row_start[c] : row_start[c + 1]]
            outcome = fv_column.run_column(soil, start, days, own, state, sums, work[lane])
            limits = (layout.VG_THETA_R, layout.VG_THETA_S)
            judge(c, outcome, soil, limits, start, days, tolerance_mm, state, sums, report, value)
            c = take_next(counter)
