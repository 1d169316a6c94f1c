"""Columns on a GPU: chunks go there, run, are judged and turned, and come back.

Two chunks are under way at a time, each on a stream of its own with its own scratch: while one
computes, the other's results travel and the next is packed. Results are those of the CPU but for
rounding: a GPU fuses multiplications with additions and has its own exponential and logarithm, and
where a step is accepted or refused by the last bit, a day may take another step.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rootzone._shared.arrays import FloatArray, IntArray
from rootzone._shared.errors import RequestError
from rootzone.engines.swim import batch_kernels, layout
from rootzone.engines.swim.batch import KINDS, ColumnResults, Columns
from rootzone.engines.swim.gpu.pack import Chunk, chunks_of, pack, shapes_of
from rootzone.engines.swim.gpu.run_device import in_words, open_device
from rootzone.engines.swim.gpu.run_track import Finished, Shape, Track, room
from rootzone.engines.swim.settings import SwimSettings

# Columns of a chunk at most.
CHUNK_COLUMNS = 65_536


@dataclass(frozen=True)
class DepthResults:
    """A year as days by depths, all that came back from the GPU.

    Parameters
    ----------
    theta : array, shape (all days, depth)
        Water content at the depths of ``label_depths_mm`` [m3 m-3], a column's days together; NaN
        from the day of a failure on.
    row_start : array of int, shape (column + 1,)
        Where each column begins.
    report : array of int, shape (column, N_REPORT)
        Status, verdict, day, layer and repairs; positions in ``batch_kernels``.
    value : array, shape (column,)
        Worst daily balance error [mm], or the value that failed.
    """

    theta: FloatArray
    row_start: IntArray
    report: IntArray
    value: FloatArray


def run_columns(
    columns: Columns, settings: SwimSettings, *, most: int = CHUNK_COLUMNS
) -> ColumnResults:
    """Run every column on the GPU; as :func:`rootzone.engines.swim.batch.run_columns`.

    Parameters
    ----------
    columns : Columns
        What to run.
    settings : SwimSettings
        One set for all.
    most : int
        Columns of a chunk at most; bounds the memory, never changes a number.

    Raises
    ------
    RequestError
        No GPU answers, or it has no room.
    """
    n_day, n_layer = columns.n_day, columns.n_layer
    row_start, theta_start = _offsets(n_day), _offsets(n_day * n_layer)
    n_field = layout.N_DAILY + len(settings.label_depths_mm)
    theta = np.empty(theta_start[-1])
    daily = np.empty((row_start[-1], n_field))
    report, value = _blank(columns.n_column)
    results = ColumnResults(theta, theta_start, daily, row_start, report, value)
    for done in _stream(columns, settings, most, theta_first=0, daily_first=0):
        _put(theta, theta_start, done.chunk, done.theta)
        _put(daily.reshape(-1), n_field * row_start, done.chunk, done.daily)
        report[done.chunk.index] = done.report.T
        value[done.chunk.index] = done.value
    return results


def run_depths(
    columns: Columns, settings: SwimSettings, *, most: int = CHUNK_COLUMNS
) -> DepthResults:
    """Run every column on the GPU and bring back theta at ``label_depths_mm`` alone.

    Layers and daily sums stay on the device, where the verdict is taken from them: 3 kB a
    site-year and depth come back instead of 65 kB.

    Raises
    ------
    RequestError
        As :func:`run_columns`; or no depth is asked for.
    """
    if not settings.label_depths_mm:
        raise RequestError("label_depths_mm: name the depths whose water content is wanted.")
    row_start = _offsets(columns.n_day)
    n_depth = len(settings.label_depths_mm)
    theta = np.empty((row_start[-1], n_depth))
    report, value = _blank(columns.n_column)
    for done in _stream(columns, settings, most, theta_first=None, daily_first=layout.N_DAILY):
        _put(theta.reshape(-1), n_depth * row_start, done.chunk, done.daily)
        report[done.chunk.index] = done.report.T
        value[done.chunk.index] = done.value
    return DepthResults(theta, row_start, report, value)


def _blank(n_column: int) -> tuple[IntArray, FloatArray]:
    report = np.zeros((n_column, batch_kernels.N_REPORT), dtype=np.int64)
    return report, np.full(n_column, np.nan)


def _offsets(lengths: IntArray) -> IntArray:
    return np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)


def _put(flat: FloatArray, start: IntArray, chunk: Chunk, values: FloatArray) -> None:
    """Write a chunk's rows, one a column, where those columns begin in the flat results."""
    if chunk.is_run:
        first, last = start[chunk.index[0]], start[chunk.index[-1] + 1]
        flat[first:last] = values.reshape(-1)
        return
    for row, column in enumerate(chunk.index.tolist()):
        flat[start[column] : start[column + 1]] = values[row]


def _stream(
    columns: Columns,
    settings: SwimSettings,
    most: int,
    *,
    theta_first: int | None,
    daily_first: int,
) -> Iterator[Finished]:
    """Chunks of all shapes, two under way at a time, in the order they were sent."""
    if columns.n_column == 0:
        return
    kind = KINDS[settings.physics, settings.stepping]
    bottom = settings.bottom_boundary.psi_cm(columns.profile_depth_mm())
    with in_words():
        device = open_device()
        for n_layer, n_day, index in shapes_of(columns):
            shape = Shape(n_layer, n_day, kind.work_size(n_layer), theta_first, daily_first)
            lanes, size = room(device, shape, settings, len(index), most)
            tracks = [
                Track(settings, shape, columns.weather, lanes, size)
                for _ in range(2 if len(index) > size else 1)
            ]
            for number, part in enumerate(chunks_of(index, size)):
                track = tracks[number % len(tracks)]
                if track.chunk is not None:
                    yield track.finish()
                track.send(pack(columns, part, bottom, kind.low, kind.high))
                track.compute()
                track.fetch()
            last = sorted((t for t in tracks if t.chunk), key=lambda t: int(t.chunk.index[0]))  # type: ignore[union-attr]
            for track in last:
                yield track.finish()
