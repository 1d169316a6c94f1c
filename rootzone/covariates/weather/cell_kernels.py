"""The loops that put every pixel of the land into a weather cell, compiled."""

from __future__ import annotations

import numpy as np

from rootzone._shared.arrays import AnyArray
from rootzone._shared.jit import kernel


@kernel
def fill_between(nodes: AnyArray, step: int, first_row: int, first_col: int, out: AnyArray) -> None:
    """A coordinate of every pixel of a window, straight between lattice points.

    Parameters
    ----------
    nodes : array, shape (node row, node col)
        The coordinate at the pixel centres of every ``step``-th row and column.
    step : int
        Pixels between nodes.
    first_row, first_col : int
        Rows and columns from the first node to the window's first pixel.
    out : array of float64, shape (row, col)
        Filled, in the unit of the nodes.
    """
    for i in range(out.shape[0]):
        down = (i + first_row) % step / step
        a = (i + first_row) // step
        for j in range(out.shape[1]):
            across = (j + first_col) % step / step
            b = (j + first_col) // step
            upper = nodes[a, b] + (nodes[a, b + 1] - nodes[a, b]) * across
            lower = nodes[a + 1, b] + (nodes[a + 1, b + 1] - nodes[a + 1, b]) * across
            out[i, j] = upper + (lower - upper) * down


@kernel
def fill_index(
    place: AnyArray,
    first_edge: float,
    per_unit: float,
    cells: int,
    goes_round: bool,
    margin: float,
    out: AnyArray,
    near: AnyArray,
) -> None:
    """Row or column of every pixel, 65535 outside, and which pixels lie near a border.

    Parameters
    ----------
    place : array, shape (row, col)
        Coordinate of each pixel.
    first_edge : float
        Outer edge of cell 0.
    per_unit : float
        Cells per unit of the coordinate; negative where cells count against it.
    cells : int
        Number of cells.
    goes_round : bool
        Whether the last cell is followed by the first.
    margin : float
        What counts as near, in cells.
    out : array of uint16, shape (row, col)
        Filled.
    near : array of bool, shape (row, col)
        Set where a border is near, left alone elsewhere.
    """
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            at = (place[i, j] - first_edge) * per_unit
            index = np.floor(at)
            if not (margin < at - index < 1.0 - margin):
                near[i, j] = True
            if goes_round:
                index = index % cells
            out[i, j] = np.uint16(index) if 0 <= index < cells else np.uint16(65535)
