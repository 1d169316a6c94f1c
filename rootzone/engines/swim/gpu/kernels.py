"""What runs on a GPU: the columns of :mod:`rootzone.engines.swim.columns`, the verdict, the turn.

Numba compiles the functions that ``_shared.jit`` marks for a GPU from the very texts that it
compiles for the CPU, so this module holds only what a thread does around them. A thread is a lane:
it has scratch of its own and takes every ``n_lane``-th column. In all arrays the column or lane
comes last, so that the 32 threads of a warp, who do the same thing at the same time to 32
neighbours, read and write memory side by side. The column kernels see strided views.

Importing this module imports Numba's CUDA target; nothing does so before a run asks for a GPU.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

from numba import cuda

from rootzone._shared.arrays import FloatArray, IntArray
from rootzone._shared.jit import instance, kernel, slot
from rootzone.engines.swim import columns, layout
from rootzone.engines.swim.batch_kernels import DAY, LAYER, REPAIRS, STATUS, VERDICT
from rootzone.engines.swim.settings import SIDE_BY_SIDE
from rootzone.engines.verify import verify_column

run_column: Callable[..., tuple[int, int, int]] = slot()
scratch_of: Callable[[FloatArray, int], tuple[FloatArray]] = slot()
_LEAVING = layout.LEAVING
_N_LEAVING = len(_LEAVING)


def run_lanes(
    layers: FloatArray,
    theta_initial: FloatArray,
    bottom_psi_cm: FloatArray,
    weather: FloatArray,
    first_day: IntArray,
    settings: FloatArray,
    own: FloatArray,
    work: FloatArray,
    theta: FloatArray,
    daily: FloatArray,
    report: IntArray,
) -> None:
    """Run every column of a chunk, a text for each solver.

    Parameters
    ----------
    layers : array, shape (layer, parameter, column)
        Soil parameters, positions in ``layout``.
    theta_initial : array, shape (layer, column)
        Water content before the first day [m3 m-3].
    bottom_psi_cm : array, shape (column,)
        Head at the bottom [cm].
    weather : array, shape (all days, N_WEATHER or more)
        Weather of all cells, one after the other.
    first_day : array of int, shape (column,)
        Where each column's days begin in it.
    settings : array, shape (setting,)
        The same for all but the head at the bottom.
    own : array, shape (setting, lane)
        Scratch for the settings of the lane's present column.
    work : array, shape (work size, lane), or (lane, work size) for :func:`in_one_piece`
        Scratch.
    theta : array, shape (day, layer, column)
        Filled; NaN from the day of a failure on.
    daily : array, shape (day, N_DAILY and depths, column)
        Filled likewise.
    report : array of int, shape (N_REPORT, column)
        Status, day and repairs are filled.
    """
    lane = cuda.grid(1)
    n_lane = own.shape[1]
    if lane >= n_lane:
        return
    n_day = theta.shape[0]
    for c in range(lane, first_day.shape[0], n_lane):
        for i in range(settings.shape[0]):
            own[i, lane] = settings[i]
        own[layout.SET_BOTTOM_PSI_CM, lane] = bottom_psi_cm[c]
        status, day, repairs = run_column(
            layers[:, :, c],
            theta_initial[:, c],
            weather[first_day[c] : first_day[c] + n_day],
            own[:, lane],
            theta[:, :, c],
            daily[:, :, c],
            scratch_of(work, lane)[0],
        )
        report[STATUS, c] = status
        report[DAY, c] = day
        report[REPAIRS, c] = repairs
        if status != layout.OK:
            for late in range(max(0, day), n_day):
                for k in range(theta.shape[1]):
                    theta[late, k, c] = math.nan
                for k in range(daily.shape[1]):
                    daily[late, k, c] = math.nan


def judge_lanes(
    layers: FloatArray,
    theta_initial: FloatArray,
    low: FloatArray,
    high: FloatArray,
    weather: FloatArray,
    first_day: IntArray,
    theta: FloatArray,
    daily: FloatArray,
    sinks_mm: FloatArray,
    tolerance_mm: float,
    report: IntArray,
    value: FloatArray,
) -> None:
    """Write the verdict on every column whose kernel came to its end, from its results alone.

    Parameters
    ----------
    low, high : array, shape (layer, column)
        Limits of water content [m3 m-3].
    sinks_mm : array, shape (day, column)
        Scratch for the water that left each day [mm].
    value : array, shape (column,)
        Worst daily balance error [mm], or the value that failed; NaN where nothing was judged.
    layers, theta_initial, weather, first_day, theta, daily, report : array
        As :func:`run_lanes` takes and fills them.
    """
    c = cuda.grid(1)
    if c >= first_day.shape[0]:
        return
    report[LAYER, c] = -1
    report[VERDICT, c] = 0
    value[c] = math.nan
    if report[STATUS, c] != layout.OK:
        return
    n_day = theta.shape[0]
    for day in range(n_day):
        left_mm = daily[day, _LEAVING[0], c]
        for k in range(1, _N_LEAVING):
            left_mm += daily[day, _LEAVING[k], c]
        sinks_mm[day, c] = left_mm
    days = weather[first_day[c] : first_day[c] + n_day]
    verdict, day, layer, worst = verify_column(
        theta[:, :, c],
        theta_initial[:, c],
        layers[:, 0, c],
        low[:, c],
        high[:, c],
        days[:, layout.RAIN_MM],
        sinks_mm[:, c],
        daily[:, layout.POND_MM, c],
        tolerance_mm,
    )
    report[VERDICT, c] = verdict
    report[DAY, c] = day
    report[LAYER, c] = layer
    value[c] = worst


def turn(source: FloatArray, first: int, out: FloatArray) -> None:
    """Bring each column's days together, as the host keeps them, and only the fields wanted.

    Parameters
    ----------
    source : array, shape (day, field, column)
        Results of a chunk.
    first : int
        First field wanted; those before it stay behind.
    out : array, shape (column, day * fields wanted)
        Filled, day after day.
    """
    c, from_row = cuda.grid(2)
    _, step = cuda.gridsize(2)
    if c >= source.shape[2]:
        return
    n_field = source.shape[1] - first
    for row in range(from_row, source.shape[0] * n_field, step):
        day = row // n_field
        out[c, row] = source[day, first + row - day * n_field, c]


@kernel
def side_by_side(work: FloatArray, lane: int) -> tuple[FloatArray]:
    """A lane's scratch, its neighbours' numbers between its own; CUDA returns no bare view."""
    return (work[:, lane],)


@kernel
def in_one_piece(work: FloatArray, lane: int) -> tuple[FloatArray]:
    """A lane's scratch where its own lie together, for solvers that turn it into tables."""
    return (work[lane],)


@cache
def compiled_lanes(physics: str, stepping: str) -> Any:  # noqa: ANN401 - a kernel
    """The kernel of one solver; compiled at its first launch."""
    name = f"{physics}_{stepping}"
    made = instance(
        run_lanes,
        f"lanes_of_{name}",
        run_column=getattr(columns, name),
        scratch_of=side_by_side if (physics, stepping) in SIDE_BY_SIDE else in_one_piece,
    )
    return cuda.jit(cache=True)(made)


judge_columns = cuda.jit(cache=True)(judge_lanes)
turn_columns = cuda.jit(cache=True)(turn)
