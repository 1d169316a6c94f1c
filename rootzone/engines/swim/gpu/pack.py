"""Columns in chunks as a GPU takes them: all of one shape, the column index last."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rootzone._shared.arrays import FloatArray, IntArray
from rootzone.engines.swim.batch import Columns


@dataclass(frozen=True)
class Chunk:
    """Columns that run in one launch.

    Parameters
    ----------
    index : array of int, shape (column,)
        Their positions among all columns, ascending.
    n_day : int
        Days of each.
    layers : array, shape (layer, parameter, column)
        Soil parameters, positions in ``layout``.
    theta_initial, low, high : array, shape (layer, column)
        Water content before the first day, and its limits [m3 m-3].
    bottom_psi_cm : array, shape (column,)
        Head at the bottom [cm].
    first_day : array of int, shape (column,)
        Where each column's days begin in the weather of all cells.
    """

    index: IntArray
    n_day: int
    layers: FloatArray
    theta_initial: FloatArray
    low: FloatArray
    high: FloatArray
    bottom_psi_cm: FloatArray
    first_day: IntArray

    @property
    def n_layer(self) -> int:
        """Layers of each column."""
        return int(self.layers.shape[0])

    @property
    def n_column(self) -> int:
        """Number of columns."""
        return len(self.index)

    @property
    def is_run(self) -> bool:
        """Whether the columns are neighbours among all, so that results go in one piece."""
        return bool(self.index[-1] - self.index[0] + 1 == len(self.index))


def shapes_of(columns: Columns) -> list[tuple[int, int, IntArray]]:
    """Columns by their shape: layers, days and the positions of those columns, ascending.

    Examples
    --------
    Two columns of 3 layers in a cell of 365 days and one of 2 layers make two shapes,
    ``(2, 365, [2])`` and ``(3, 365, [0, 1])``.
    """
    both = np.column_stack((columns.n_layer, columns.n_day))
    kinds, member = np.unique(both, axis=0, return_inverse=True)
    member = member.ravel()
    return [
        (int(n_layer), int(n_day), np.flatnonzero(member == number))
        for number, (n_layer, n_day) in enumerate(kinds)
    ]


def chunks_of(index: IntArray, most: int) -> Iterator[IntArray]:
    """Positions in pieces of at most so many, all about equally long."""
    if len(index):
        yield from np.array_split(index, -(-len(index) // most))


def pack(
    columns: Columns, index: IntArray, bottom_psi_cm: FloatArray, low: int, high: int
) -> Chunk:
    """Turn some columns of one shape so that the column index comes last.

    Parameters
    ----------
    columns : Columns
        All columns.
    index : array of int, shape (column,)
        Which ones, at least one.
    bottom_psi_cm : array, shape (all columns,)
        Head at the bottom [cm].
    low, high : int
        Soil parameters that bound theta; 0 stands for a lower bound of 0.
    """
    n_layer = int(columns.n_layer[index[0]])
    n_day = int(columns.n_day[index[0]])
    rows = columns.layer_start[index] + np.arange(n_layer)[:, None]
    layers = np.ascontiguousarray(columns.layers[rows].transpose(0, 2, 1))
    theta_initial = np.ascontiguousarray(columns.theta_initial[rows])
    return Chunk(
        index,
        n_day,
        layers,
        theta_initial,
        np.ascontiguousarray(layers[:, low]) if low else np.zeros_like(theta_initial),
        np.ascontiguousarray(layers[:, high]),
        np.ascontiguousarray(bottom_psi_cm[index]),
        columns.day_start[columns.cell[index]].astype(np.int64),
    )
