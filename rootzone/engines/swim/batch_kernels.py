"""The loop over columns, and the verdict on their results.

Each lane runs on one thread with its own scratch and takes the next column when it is free. A
column is computed by itself from its own inputs, so its result does not depend on how many lanes
there are, which of them computes it or which columns are its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rootzone._shared.arrays import FloatArray, IntArray
from rootzone._shared.jit import instance, parallel_kernel, prange, slot
from rootzone.engines.swim import columns, layout
from rootzone.engines.swim.lanes import take_next
from rootzone.engines.verify import verify_column

# Columns of ``report``, one row a column.
STATUS = 0  # status of the column kernel
VERDICT = 1  # verdict of the verification, where the kernel finished
DAY = 2  # 0-based day of the fault, -1 where there is none
LAYER = 3  # 0-based layer of the fault, -1 where there is none
REPAIRS = 4  # bits of the traps met and mended
N_REPORT = 5

run_column: Callable[..., tuple[int, int, int]] = slot()


def run_batch(
    layers: FloatArray,
    layer_start: IntArray,
    theta_initial: FloatArray,
    weather: FloatArray,
    day_start: IntArray,
    cell: IntArray,
    settings: FloatArray,
    bottom_psi_cm: FloatArray,
    theta_start: IntArray,
    row_start: IntArray,
    counter: IntArray,
    work: FloatArray,
    theta: FloatArray,
    daily: FloatArray,
    report: IntArray,
) -> None:
    """Run every column; arrays as ``batch.run_columns`` fills them, a text for each solver."""
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
            status, day, repairs = run_column(soil, start, days, own, state, sums, work[lane])
            report[c, STATUS] = status
            report[c, DAY] = day
            report[c, REPAIRS] = repairs
            if status != layout.OK:
                state[max(0, day) :] = np.nan
                sums[max(0, day) :] = np.nan
            c = take_next(counter)


def _loop_over(name: str) -> Any:  # noqa: ANN401 - a compiled function
    made = instance(run_batch, f"run_{name}", run_column=getattr(columns, name))
    return parallel_kernel(made)


run_swim3_apsim = _loop_over("swim3_apsim")
run_swim3_converged = _loop_over("swim3_converged")
run_van_genuchten_apsim = _loop_over("van_genuchten_apsim")
run_van_genuchten_converged = _loop_over("van_genuchten_converged")


@parallel_kernel
def judge_columns(
    layers: FloatArray,
    layer_start: IntArray,
    theta_initial: FloatArray,
    theta_low: FloatArray,
    theta_high: FloatArray,
    weather: FloatArray,
    day_start: IntArray,
    cell: IntArray,
    theta_start: IntArray,
    row_start: IntArray,
    theta: FloatArray,
    sinks_mm: FloatArray,
    pond_mm: FloatArray,
    tolerance_mm: float,
    report: IntArray,
    value: FloatArray,
) -> None:
    """Write the verification's verdict on every column whose kernel came to its end.

    Parameters
    ----------
    theta_low, theta_high : array, shape (all layers,)
        Limits of water content [m3 m-3].
    sinks_mm, pond_mm : array, shape (all days,)
        Water that left the columns, and that stands on them [mm].
    layers, report, value, ... : array
        As ``batch.run_columns`` fills them.
    """
    for c in prange(cell.shape[0]):
        if report[c, STATUS] != layout.OK:
            continue
        first, last = layer_start[c], layer_start[c + 1]
        days = weather[day_start[cell[c]] : day_start[cell[c] + 1], layout.RAIN_MM]
        rows = slice(row_start[c], row_start[c + 1])
        values = theta[theta_start[c] : theta_start[c + 1]]
        verdict, day, layer, worst = verify_column(
            values.reshape(days.shape[0], last - first),
            theta_initial[first:last],
            layers[first:last, 0],
            theta_low[first:last],
            theta_high[first:last],
            days,
            sinks_mm[rows],
            pond_mm[rows],
            tolerance_mm,
        )
        report[c, VERDICT] = verdict
        report[c, DAY] = day
        report[c, LAYER] = layer
        value[c] = worst
