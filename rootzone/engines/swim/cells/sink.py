r"""Water that leaves a cell other than through its faces: what roots take.

The sink of cell i is part of its rate of change,

.. math:: F_i = (q_i - q_{i+1}) / \Delta z_i - S_i(u_i)

so it enters the implicit step, its error estimate and the balance like any flux, with its slope in
Newton's matrix. While nothing is demanded the row stays at zero and costs nothing.
"""

from __future__ import annotations

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import inner_kernel, kernel
from rootzone.engines.swim.cells import state as at

LAST_WATER = 0.005  # water content above residual over which uptake fades [m3 m-3]


@inner_kernel
def set_sinks(cells: FloatArray, n: int, demand: float) -> None:
    """Sink [d-1] of each cell and its slope in u: its share of the demand, down to residual water.

    Near the end of the water a cell gives in proportion to what is left above residual, so it never
    gives more than it holds.

    Parameters
    ----------
    cells : array, flat
        Rows of :mod:`state`; reads ROOT_SHARE, THETA_U, CAPACITY, writes SINK, SINK_SLOPE.
    n : int
        Number of cells.
    demand : float
        What roots would take from the whole column [cm d-1].
    """
    for i in range(n):
        wanted = demand * cells[at.ROOT_SHARE + i]
        left = (cells[at.THETA_U + i] - cells[at.THETA_R_CELL + i]) / LAST_WATER
        short = left < 1.0
        given = max(left, 0.0) if short else 1.0
        cells[at.SINK + i] = wanted * given
        slope = wanted * cells[at.CAPACITY + i] / LAST_WATER
        cells[at.SINK_SLOPE + i] = slope if short and left > 0.0 else 0.0


@kernel
def clear_sinks(cells: FloatArray, n: int) -> None:
    """No cell gives water to roots."""
    for i in range(n):
        cells[at.SINK + i] = 0.0
        cells[at.SINK_SLOPE + i] = 0.0
        cells[at.SINK_START + i] = 0.0
        cells[at.ROOT_SHARE + i] = 0.0


@inner_kernel
def uptake(cells: FloatArray, n: int, dt: float, sigma: float) -> float:
    """Water that the sinks took in a step [cm]."""
    taken = 0.0
    for i in range(n):
        rate = sigma * cells[at.SINK + i] + (1.0 - sigma) * cells[at.SINK_START + i]
        taken += rate * cells[at.DZ + i]
    return dt * taken
