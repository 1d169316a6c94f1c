"""Which cells the solver works on, given the layers a user asks for."""

from __future__ import annotations

import math

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import kernel

MAX_CELLS_PER_LAYER = 12
# Chosen by measurement (benchmarks/fv_accuracy.py): coarser and 20 cm is off by more than 6e-4,
# finer and a year takes longer than 0.6 ms.
FIRST_CELL_CM = 0.7
CELL_GROWTH = 1.3
LABEL_DEPTH_CM = 20.0
LABEL_CELL_CM = 1.5


@kernel
def cell_size_wanted(
    depth_cm: float, first_cm: float, growth: float, label_depth_cm: float
) -> float:
    """Cell size [cm] wanted at a depth: small at the surface and at the depth of the label.

    ``first_cm + (growth - 1) depth``, and near the label's depth at most
    ``LABEL_CELL_CM + 2 (growth - 1) |depth - label depth|``; a label depth below 0 is none.
    """
    slope = growth - 1.0
    size = first_cm + slope * depth_cm
    if label_depth_cm < 0.0:
        return size
    return min(size, LABEL_CELL_CM + 2.0 * slope * abs(depth_cm - label_depth_cm))


@kernel
def cells_in_layer(thickness_cm: float, size_top_cm: float, size_bottom_cm: float) -> int:
    """Cells of a layer whose sizes go evenly from one to another: the integral of 1 / size.

    Returns
    -------
    count : int
        1 to ``MAX_CELLS_PER_LAYER``.
    """
    difference = size_bottom_cm - size_top_cm
    count = thickness_cm / size_top_cm
    if abs(difference) > 1e-9 * size_top_cm:
        count = thickness_cm * math.log(size_bottom_cm / size_top_cm) / difference
    return min(MAX_CELLS_PER_LAYER, max(1, int(count + 0.5)))


@kernel
def split_layers(
    thickness_cm: FloatArray,
    first_cm: float,
    growth: float,
    label_depth_cm: float,
    dz: FloatArray,
    layer_of: FloatArray,
) -> int:
    """Cut layers into cells of the sizes wanted; every layer is a whole number of cells.

    Parameters
    ----------
    thickness_cm : array, shape (n_layer,)
        Layers from the top [cm].
    first_cm : float
        Size wanted at the surface [cm]; 0 or less keeps every layer one cell.
    growth, label_depth_cm : float
        See :func:`cell_size_wanted`.
    dz : array, shape (most,)
        Filled with cell sizes [cm], from the top; its length, at least the number of layers, is
        the most cells there can be.
    layer_of : array, same shape
        Filled with the layer each cell belongs to.

    Returns
    -------
    n_cell : int
        Number of cells written.
    """
    n_layer = thickness_cm.shape[0]
    cell = 0
    top = 0.0
    for k in range(n_layer):
        bottom = top + thickness_cm[k]
        size, ratio, count = thickness_cm[k], 1.0, 1
        if first_cm > 0.0:
            start = cell_size_wanted(top, first_cm, growth, label_depth_cm)
            end = cell_size_wanted(bottom, first_cm, growth, label_depth_cm)
            room = dz.shape[0] - cell - (n_layer - 1 - k)
            count = min(room, cells_in_layer(thickness_cm[k], start, end))
            ratio = math.exp(math.log(end / start) / count)
        if count > 1:
            total = 0.0
            for j in range(count):
                total += math.exp(j * math.log(ratio))
            size = thickness_cm[k] / total
        for _ in range(count):
            dz[cell] = size
            layer_of[cell] = k
            size *= ratio
            cell += 1
        top = bottom
    return cell


@kernel
def cell_above_depth(dz: FloatArray, n: int, depth_cm: float) -> tuple[int, float]:
    """Where a depth lies among the cells' centres.

    Returns
    -------
    cell : int
        The cell whose centre is the nearest at or above the depth; 0 above the first centre.
    weight : float
        Weight of the next cell's value when interpolating linearly to the depth, 0 to 1.
    """
    centre = 0.5 * dz[0]
    for i in range(n - 1):
        below = centre + 0.5 * (dz[i] + dz[i + 1])
        if depth_cm < below:
            return i, max(0.0, (depth_cm - centre) / (below - centre))
        centre = below
    return n - 1, 0.0
