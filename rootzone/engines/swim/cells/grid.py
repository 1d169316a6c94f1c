"""Which cells the solver works on, given the layers a user asks for."""

from __future__ import annotations

import math

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import kernel

MAX_CELLS_PER_LAYER = 12
# Chosen by measurement (benchmarks/engine_speed.py): the campaign's first 5 cm in two cells. One
# cell there, and 20 cm is off by 14e-4; three, and a year takes a third longer for no less error.
FIRST_CELL_CM = 1.5
CELL_GROWTH = 1.3
LABEL_CELL_CM = 1.5
CLOSE_CM = 0.1  # a depth nearer to a layer's boundary than this is that boundary


@kernel
def cell_size_wanted(
    depth_cm: float, first_cm: float, growth: float, label_depths_cm: FloatArray
) -> float:
    """Cell size [cm] wanted at a depth: small at the surface and where values are asked for.

    ``first_cm + (growth - 1) depth``, and near each depth asked for at most
    ``LABEL_CELL_CM + 2 (growth - 1) |depth - that depth|``.
    """
    slope = growth - 1.0
    size = first_cm + slope * depth_cm
    for j in range(label_depths_cm.shape[0]):
        near = LABEL_CELL_CM + 2.0 * slope * abs(depth_cm - label_depths_cm[j])
        size = min(size, near)
    return size


@kernel
def next_depth_inside(top_cm: float, bottom_cm: float, label_depths_cm: FloatArray) -> float:
    """The uppermost depth asked for between two depths, or the lower of them."""
    below = bottom_cm
    for j in range(label_depths_cm.shape[0]):
        if top_cm + CLOSE_CM < label_depths_cm[j] < below - CLOSE_CM:
            below = label_depths_cm[j]
    return below


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
    label_depths_cm: FloatArray,
    dz: FloatArray,
    layer_of: FloatArray,
) -> int:
    """Cut layers into cells of the sizes wanted; every layer is a whole number of cells.

    A depth asked for inside a layer is a face between cells, so the cells beside it can be small.

    Parameters
    ----------
    thickness_cm : array, shape (n_layer,)
        Layers from the top [cm].
    first_cm : float
        Size wanted at the surface [cm]; 0 or less keeps every layer one cell.
    growth : float
        See :func:`cell_size_wanted`.
    label_depths_cm : array, shape (depth,)
        Depths at which values are asked for [cm], none or more.
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
        above = top
        floor = top + thickness_cm[k]
        while top < floor:
            bottom = floor
            if first_cm > 0.0 and dz.shape[0] - cell - (n_layer - 1 - k) > MAX_CELLS_PER_LAYER + 1:
                bottom = next_depth_inside(top, floor, label_depths_cm)
            whole = top == above and bottom == floor
            thickness = thickness_cm[k] if whole else bottom - top
            size, ratio, count = thickness, 1.0, 1
            if first_cm > 0.0:
                start = cell_size_wanted(top, first_cm, growth, label_depths_cm)
                end = cell_size_wanted(bottom, first_cm, growth, label_depths_cm)
                room = dz.shape[0] - cell - (n_layer - 1 - k)
                count = min(room, cells_in_layer(thickness, start, end))
                ratio = math.exp(math.log(end / start) / count)
            if count > 1:
                total = 0.0
                for j in range(count):
                    total += math.exp(j * math.log(ratio))
                size = thickness / total
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
