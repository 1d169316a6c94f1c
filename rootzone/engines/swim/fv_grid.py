"""Which cells the solver works on, given the layers a user asks for."""

from __future__ import annotations

import math

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import kernel

MAX_CELLS_PER_LAYER = 12
FIRST_CELL_CM = 1.0
CELL_GROWTH = 1.3


@kernel
def cells_in_layer(top_cm: float, thickness_cm: float, first_cm: float, growth: float) -> int:
    """Cells that a layer is split into so that sizes follow ``first_cm + (growth - 1) depth``.

    Parameters
    ----------
    top_cm, thickness_cm : float
        Depth of the layer's upper end and its thickness [cm].
    first_cm : float
        Size wanted at the surface [cm]; 0 or less keeps every layer one cell.
    growth : float
        Ratio of neighbouring cells, above 1.

    Returns
    -------
    count : int
        1 to ``MAX_CELLS_PER_LAYER``.
    """
    if first_cm <= 0.0:
        return 1
    slope = growth - 1.0
    ratio = (first_cm + slope * (top_cm + thickness_cm)) / (first_cm + slope * top_cm)
    return min(MAX_CELLS_PER_LAYER, max(1, int(math.log(ratio) / math.log(growth) + 0.5)))


@kernel
def split_layers(
    thickness_cm: FloatArray, first_cm: float, growth: float, dz: FloatArray, layer_of: FloatArray
) -> int:
    """Cut layers into cells that grow with depth; every layer is a whole number of cells.

    Parameters
    ----------
    thickness_cm : array, shape (n_layer,)
        Layers from the top [cm].
    first_cm, growth : float
        See :func:`cells_in_layer`.
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
    cell = 0
    top = 0.0
    for k in range(thickness_cm.shape[0]):
        room = dz.shape[0] - cell - (thickness_cm.shape[0] - 1 - k)
        count = min(room, cells_in_layer(top, thickness_cm[k], first_cm, growth))
        size, ratio = thickness_cm[k], 1.0
        if count > 1:
            start = first_cm + (growth - 1.0) * top
            end = start + (growth - 1.0) * thickness_cm[k]
            ratio = math.exp(math.log(end / start) / count)
            size = thickness_cm[k] * (ratio - 1.0) / (math.exp(count * math.log(ratio)) - 1.0)
        for _ in range(count):
            dz[cell] = size
            layer_of[cell] = k
            size *= ratio
            cell += 1
        top += thickness_cm[k]
    return cell
