"""One stream of a GPU with the memory of one chunk: there, run, judged, turned and back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray, IntArray
from rootzone._shared.errors import RequestError
from rootzone.engines.swim import batch_kernels, layout
from rootzone.engines.swim.gpu.pack import Chunk
from rootzone.engines.swim.gpu.run_device import Device
from rootzone.engines.swim.settings import SIDE_BY_SIDE, SwimSettings

# Threads of a block, and lanes that a multiprocessor is given: its registers hold no more
# (255 of 65,536 each, by ptxas for sm_90; benchmarks/gpu_compile.py).
BLOCK = 128
LANES_PER_MULTIPROCESSOR = 256
# The share of free memory that each of two chunks may take.
_SHARE_OF_MEMORY = 0.4
_TURN = (32, 8)
_MOST_BLOCKS = 16_384  # along a grid's second axis, which ends at 65,535; threads then go on


@dataclass(frozen=True)
class Finished:
    """A chunk that came back: its results in memory that the next chunk will overwrite."""

    chunk: Chunk
    theta: FloatArray
    daily: FloatArray
    report: IntArray
    value: FloatArray


@dataclass(frozen=True)
class Shape:
    """What all columns of a launch share, and what of their results is to come back.

    Parameters
    ----------
    n_layer, n_day : int
        Layers and days of a column.
    work_size : int
        Numbers of scratch that a lane needs.
    theta_first : int or None
        First layer that comes back, of all that follow it; None leaves theta on the device.
    daily_first : int
        First daily column that comes back.
    """

    n_layer: int
    n_day: int
    work_size: int
    theta_first: int | None
    daily_first: int


def room(
    device: Device, shape: Shape, settings: SwimSettings, n_column: int, most: int
) -> tuple[int, int]:
    """Lanes, and columns of a chunk, that fit the device's memory.

    Raises
    ------
    RequestError
        Not even a warp of 32 fits.
    """
    n_field = layout.N_DAILY + len(settings.label_depths_mm)
    lane_bytes = 8 * (shape.work_size + layout.N_SETTINGS)
    back = (shape.n_layer if shape.theta_first is not None else 0) + n_field - shape.daily_first
    column_bytes = 8 * shape.n_day * (shape.n_layer + n_field + back + 1)
    free = _SHARE_OF_MEMORY * device.free_bytes
    fit_lanes, fit_columns = 0.6 * free / lane_bytes, 0.4 * free / column_bytes
    if min(fit_lanes, fit_columns) < 32:
        need = 32 * max(lane_bytes / 0.6, column_bytes / 0.4) / _SHARE_OF_MEMORY / 1e9
        raise RequestError(
            f"device cuda: {device.name} has {device.free_bytes / 1e9:.2g} GB free, and 32 columns "
            f"of {shape.n_layer} layers and {shape.n_day} days need {need:.2g} GB; run with device "
            "cpu."
        )
    size = _whole_warps(min(n_column, most), fit_columns)
    lanes = _whole_warps(min(size, LANES_PER_MULTIPROCESSOR * device.multiprocessors), fit_lanes)
    return lanes, size


def _whole_warps(wanted: int, fit: float) -> int:
    return wanted if wanted <= fit else int(fit) // 32 * 32


@dataclass
class Track:
    """One stream with the memory of one chunk.

    Parameters
    ----------
    settings : SwimSettings
        Of all columns.
    shape : Shape
        Of all columns.
    weather : array, shape (all days, N_WEATHER or more)
        Of all cells.
    lanes, size : int
        Lanes, and columns of the largest chunk.
    single : bool
        Keep scratch in single precision; results that come back stay double.
    """

    settings: SwimSettings
    shape: Shape
    weather: FloatArray
    lanes: int
    size: int
    single: bool = False
    chunk: Chunk | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        from numba import cuda

        self._stream = cuda.stream()
        real = np.float32 if self.single else np.float64
        vector = self.settings.to_vector()
        self._settings = cuda.to_device(vector.astype(real))
        self._weather = cuda.to_device(np.ascontiguousarray(self.weather))
        self._own = cuda.device_array((len(vector), self.lanes), real)
        pair = (self.settings.physics, self.settings.stepping)
        size = (self.shape.work_size, self.lanes)
        self._work = cuda.device_array(size if pair in SIDE_BY_SIDE else size[::-1], real)
        n_layer, n_day = self.shape.n_layer, self.shape.n_day
        self._n_field = layout.N_DAILY + len(self.settings.label_depths_mm)
        self._theta = cuda.device_array(n_day * n_layer * self.size)
        self._daily = cuda.device_array(n_day * self._n_field * self.size)
        self._sinks = cuda.device_array(n_day * self.size)
        first = self.shape.theta_first
        self._theta_back = _Back(n_day * (0 if first is None else n_layer - first), self.size)
        self._daily_back = _Back(n_day * (self._n_field - self.shape.daily_first), self.size)
        self._found: tuple[Any, Any] = (None, None)
        self._host: tuple[Any, Any] = (None, None)

    def send(self, chunk: Chunk) -> None:
        """Bring a chunk's inputs to the device."""
        from numba import cuda

        self.chunk = chunk
        self._inputs = {
            name: cuda.to_device(getattr(chunk, name), stream=self._stream)
            for name in ("layers", "theta_initial", "low", "high", "bottom_psi_cm", "first_day")
        }
        n, n_day = chunk.n_column, chunk.n_day
        self._found = (
            cuda.to_device(np.zeros((batch_kernels.N_REPORT, n), np.int64), stream=self._stream),
            cuda.device_array(n),
        )
        self._now = (
            _shaped(self._theta, (n_day, chunk.n_layer, n)),
            _shaped(self._daily, (n_day, self._n_field, n)),
            _shaped(self._sinks, (n_day, n)),
        )

    def compute(self) -> None:
        """Run the columns, judge them, and turn what is to come back."""
        self.run_kernel()
        self.judge_and_turn()

    def run_kernel(self) -> None:
        """Run the columns."""
        from rootzone.engines.swim.gpu import kernels

        sent, (theta, daily, _) = self._inputs, self._now
        blocks = -(-self.lanes // BLOCK)
        run = kernels.compiled_lanes(self.settings.physics, self.settings.stepping)
        run[blocks, min(BLOCK, self.lanes), self._stream](
            sent["layers"],
            sent["theta_initial"],
            sent["bottom_psi_cm"],
            self._weather,
            sent["first_day"],
            self._settings,
            self._own,
            self._work,
            theta,
            daily,
            self._found[0],
        )

    def judge_and_turn(self) -> None:
        """Judge the columns by their results, and bring each one's days together."""
        from rootzone.engines.swim.gpu import kernels

        assert self.chunk is not None  # noqa: S101 - send comes first
        sent, (theta, daily, sinks) = self._inputs, self._now
        n = self.chunk.n_column
        threads = min(BLOCK, n)
        kernels.judge_columns[-(-n // threads), threads, self._stream](
            sent["layers"],
            sent["theta_initial"],
            sent["low"],
            sent["high"],
            self._weather,
            sent["first_day"],
            theta,
            daily,
            sinks,
            self.settings.balance_tolerance_mm,
            *self._found,
        )
        for source, first, back in (
            (theta, self.shape.theta_first, self._theta_back),
            (daily, self.shape.daily_first, self._daily_back),
        ):
            if first is not None and back.rows:
                x, y = min(_TURN[0], n), min(_TURN[1], back.rows)
                grid = (-(-n // x), min(_MOST_BLOCKS, -(-back.rows // y)))
                kernels.turn_columns[grid, (x, y), self._stream](source, first, back.on_device(n))

    def fetch(self) -> None:
        """Begin to bring the results back."""
        assert self.chunk is not None  # noqa: S101 - send comes first
        self._theta_back.fetch(self.chunk.n_column, self._stream)
        self._daily_back.fetch(self.chunk.n_column, self._stream)

    def finish(self) -> Finished:
        """Wait for the chunk; its results lie in memory that the next one will overwrite."""
        assert self.chunk is not None  # noqa: S101 - send comes first
        self._stream.synchronize()
        chunk, self.chunk = self.chunk, None
        n = chunk.n_column
        report, value = (array.copy_to_host() for array in self._found)
        return Finished(chunk, self._theta_back.host(n), self._daily_back.host(n), report, value)


def _shaped(flat: Any, shape: tuple[int, ...]) -> Any:  # noqa: ANN401 - a device array
    """The beginning of a flat device array as one of a shape, contiguous."""
    return flat[: int(np.prod(shape))].reshape(shape)


class _Back:
    """Results on their way back: turned on the device, then in page-locked memory of the host."""

    def __init__(self, rows: int, size: int) -> None:
        from numba import cuda

        self.rows = rows
        self._device = cuda.device_array(max(1, rows * size))
        self._host: AnyArray = cuda.pinned_array(max(1, rows * size))

    def on_device(self, n: int) -> Any:  # noqa: ANN401 - a device array
        """Where a chunk of n columns is turned to."""
        return _shaped(self._device, (n, self.rows))

    def fetch(self, n: int, stream: Any) -> None:  # noqa: ANN401 - a CUDA stream
        """Begin the way back."""
        if self.rows:
            part = self._device[: n * self.rows]
            part.copy_to_host(self._host[: n * self.rows], stream=stream)

    def host(self, n: int) -> FloatArray:
        """What came back, a row a column."""
        return self._host[: n * self.rows].reshape(n, self.rows)
