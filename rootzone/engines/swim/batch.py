"""Many columns at once: identical ones computed once, the others spread over threads.

Results are the same to the bit whatever the number of threads, the size of a chunk or the order
of the sites. Work arrays are one per thread; nothing is compiled again between calls or
processes (the cache is that of ``rootzone._shared.jit``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numba
import numpy as np

from rootzone._shared.arrays import FloatArray, IntArray
from rootzone._shared.cores import cores_given
from rootzone._shared.errors import RequestError
from rootzone.engines.swim import batch_kernels, layout
from rootzone.engines.swim.cells import setup as cell_setup
from rootzone.engines.swim.nodes import apsim_day
from rootzone.engines.swim.nodes import setup_converged as node_setup
from rootzone.engines.swim.settings import SwimSettings

# Numba's default thread pool must not be entered by two Python threads at once.
_POOL = threading.Lock()


@dataclass(frozen=True)
class ColumnKind:
    """One pair of physics and stepping.

    Parameters
    ----------
    run : callable
        Its loop over columns.
    work_size : callable
        Doubles of scratch for so many layers.
    high, low : int
        Columns of ``layers`` that bound theta; 0 stands for a lower bound of 0.
    """

    run: Callable[..., None]
    work_size: Callable[[int], int]
    high: int
    low: int = 0


_VG = {"high": layout.VG_THETA_S, "low": layout.VG_THETA_R}
KINDS: dict[tuple[str, str], ColumnKind] = {
    ("swim3", "apsim"): ColumnKind(
        batch_kernels.run_swim3_apsim, apsim_day.work_size, layout.SWIM3_SAT
    ),
    ("swim3", "converged"): ColumnKind(
        batch_kernels.run_swim3_converged, node_setup.work_size, layout.SWIM3_SAT
    ),
    ("van_genuchten", "apsim"): ColumnKind(
        batch_kernels.run_van_genuchten_apsim, apsim_day.work_size, **_VG
    ),
    ("van_genuchten", "converged"): ColumnKind(
        batch_kernels.run_van_genuchten_converged, cell_setup.work_size, **_VG
    ),
}

SOIL_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "swim3": ("thickness_mm", "ll15", "dul", "sat", "ks_mm_d", "kdul_mm_d", "psidul_cm"),
    "van_genuchten": ("thickness_mm", "theta_r", "theta_s", "alpha_per_cm", "n", "ks_mm_d", "l"),
}
# Mualem's pore connectivity where the table has no column ``l`` (Mualem 1976).
PORE_CONNECTIVITY = 0.5


@dataclass(frozen=True)
class Columns:
    """Columns to run, flat.

    Parameters
    ----------
    layers : array, shape (all layers, N_SWIM3 or N_VG)
        Soil parameters, positions in ``layout``.
    layer_start : array of int, shape (column + 1,)
        Where each column's layers begin.
    theta_initial : array, shape (all layers,)
        Water content before the first day [m3 m-3].
    weather : array, shape (all days, N_WEATHER)
        Rain and potential evaporation [mm d-1] of all cells.
    day_start : array of int, shape (cell + 1,)
        Where each cell's days begin.
    cell : array of int, shape (column,)
        Weather cell of each column.
    """

    layers: FloatArray
    layer_start: IntArray
    theta_initial: FloatArray
    weather: FloatArray
    day_start: IntArray
    cell: IntArray

    @property
    def n_column(self) -> int:
        """Number of columns."""
        return len(self.cell)

    @property
    def n_layer(self) -> IntArray:
        """Layers of each column."""
        return np.diff(self.layer_start)

    @property
    def n_day(self) -> IntArray:
        """Days of each column."""
        return np.diff(self.day_start)[self.cell]

    def profile_depth_mm(self) -> FloatArray:
        """Depth of each column's lower end."""
        return np.add.reduceat(self.layers[:, 0], self.layer_start[:-1])


@dataclass(frozen=True)
class ColumnResults:
    """Results of some columns, flat, a column's days together.

    Parameters
    ----------
    theta : array
        Water content [m3 m-3], day after day, a day's layers together.
    theta_start : array of int, shape (column + 1,)
        Where each column begins in ``theta``.
    daily : array, shape (all days, N_DAILY)
        Daily sums and states, positions in ``layout``.
    row_start : array of int, shape (column + 1,)
        Where each column begins in ``daily``.
    report : array of int, shape (column, N_REPORT)
        Status, verdict, day, layer and repairs; positions in ``batch_kernels``.
    value : array, shape (column,)
        Worst daily balance error [mm], or the value that failed.
    """

    theta: FloatArray
    theta_start: IntArray
    daily: FloatArray
    row_start: IntArray
    report: IntArray
    value: FloatArray


def available_threads() -> int:
    """Threads this process may use: its share of the cores, or ``NUMBA_NUM_THREADS`` if fewer."""
    return max(1, min(cores_given(), int(numba.config.NUMBA_NUM_THREADS)))


def is_compiled(settings: SwimSettings) -> bool:
    """Whether the loop of this physics and stepping lies compiled in the cache."""
    name = KINDS[settings.physics, settings.stepping].run.__name__
    folder = Path(str(numba.config.CACHE_DIR))
    return any(folder.glob(f"*/batch_kernels.{name}-*.nbi"))


def checked_threads(threads: int | None) -> int:
    """Number of threads to use; all available ones for None.

    Raises
    ------
    RequestError
        More threads than Numba was started with, or fewer than one.
    """
    most = int(numba.config.NUMBA_NUM_THREADS)
    if threads is None:
        return available_threads()
    if not 1 <= threads <= most:
        raise RequestError(
            f"threads {threads} is outside 1 to {most}, the threads Numba was started with; "
            "set NUMBA_NUM_THREADS before the start for more."
        )
    return threads


def pack_layers(soil: Mapping[str, FloatArray], physics: str) -> FloatArray:
    """Soil columns side by side as the column kernels read them.

    Parameters
    ----------
    soil : mapping of str to array, shape (layer,)
        Columns named as in the soils table.
    physics : str
        ``swim3`` or ``van_genuchten``.
    """
    names = SOIL_COLUMNS[physics]
    packed = np.empty((len(soil["thickness_mm"]), len(names)))
    for position, name in enumerate(names):
        packed[:, position] = soil.get(name, PORE_CONNECTIVITY) if name == "l" else soil[name]
    return packed


def run_columns(
    columns: Columns, settings: SwimSettings, *, threads: int | None = None
) -> ColumnResults:
    """Run every column, identical or not.

    Parameters
    ----------
    columns : Columns
        What to run; a column with no layers or days is not allowed.
    settings : SwimSettings
        One set for all.
    threads : int, optional
        Threads to use; all this process may use when not given.

    Returns
    -------
    results : ColumnResults
        Days from a failure on are NaN.

    Raises
    ------
    RequestError
        More threads than there are; or ``device`` is cuda and no GPU answers.
    """
    if settings.device == "cuda":
        from rootzone.engines.swim.gpu import run_columns as on_gpu

        return on_gpu.run_columns(columns, settings)
    kind = KINDS[settings.physics, settings.stepping]
    n_lane = max(1, min(checked_threads(threads), columns.n_column))
    n_day, n_layer = columns.n_day, columns.n_layer
    row_start = _offsets(n_day)
    theta_start = _offsets(n_day * n_layer)
    theta = np.empty(theta_start[-1])
    daily = np.empty((row_start[-1], layout.N_DAILY + len(settings.label_depths_mm)))
    report = np.zeros((columns.n_column, batch_kernels.N_REPORT), dtype=np.int64)
    value = np.full(columns.n_column, np.nan)
    results = ColumnResults(theta, theta_start, daily, row_start, report, value)
    if columns.n_column == 0:
        return results
    work = np.empty((n_lane, kind.work_size(int(n_layer.max()))))
    bottom_psi_cm = settings.bottom_boundary.psi_cm(columns.profile_depth_mm())
    with _POOL:
        before = numba.get_num_threads()
        numba.set_num_threads(n_lane)
        try:
            kind.run(
                columns.layers,
                columns.layer_start,
                columns.theta_initial,
                columns.weather,
                columns.day_start,
                columns.cell,
                settings.to_vector(),
                bottom_psi_cm,
                theta_start,
                row_start,
                np.zeros(1, dtype=np.int64),
                work,
                theta,
                daily,
                report,
            )
            _judge(columns, kind, settings.balance_tolerance_mm, results)
        finally:
            numba.set_num_threads(before)
    return results


def _judge(columns: Columns, kind: ColumnKind, tolerance_mm: float, results: ColumnResults) -> None:
    """Write the verdict on each column that came to its end, from its results alone."""
    layers = columns.layers
    low = layers[:, kind.low].copy() if kind.low else np.zeros(len(layers))
    sinks_mm = results.daily[:, layout.LEAVING[0]].copy()
    for column in layout.LEAVING[1:]:
        sinks_mm += results.daily[:, column]
    results.report[:, batch_kernels.LAYER] = -1
    batch_kernels.judge_columns(
        layers,
        columns.layer_start,
        columns.theta_initial,
        low,
        layers[:, kind.high].copy(),
        columns.weather,
        columns.day_start,
        columns.cell,
        results.theta_start,
        results.row_start,
        results.theta,
        sinks_mm,
        results.daily[:, layout.POND_MM].copy(),
        tolerance_mm,
        results.report,
        results.value,
    )


def _offsets(lengths: IntArray) -> IntArray:
    return np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)


def take_columns(columns: Columns, chosen: IntArray) -> Columns:
    """Some of the columns, in the order given; the weather stays shared."""
    lengths = columns.n_layer[chosen]
    start = _offsets(lengths)
    rows = np.arange(start[-1]) + np.repeat(columns.layer_start[:-1][chosen] - start[:-1], lengths)
    return Columns(
        columns.layers[rows],
        start,
        columns.theta_initial[rows],
        columns.weather,
        columns.day_start,
        columns.cell[chosen],
    )
