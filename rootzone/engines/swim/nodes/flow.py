"""Fluxes between SWIM3's nodes and through its boundaries, for the converged stepping.

The same equations as :mod:`swim3_nodes`, on tables and the flat rows of :mod:`swim3_state`.
"""

from __future__ import annotations

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import inner_kernel
from rootzone.engines.swim import layout
from rootzone.engines.swim.nodes import state as at
from rootzone.engines.swim.nodes.nodes import evaporation_rate
from rootzone.engines.swim.nodes.sink import set_sinks
from rootzone.engines.swim.nodes.table import look_up, psi_of_p


@inner_kernel
def weigh_gravity(cells: FloatArray, n: int, space_weighting: float) -> None:
    """Weight of the upper node in the gravity flux of each inner face, 0 to 2.

    See :func:`swim3_nodes.fill_gravity_weights`; SWIM3 sets it once a step, and so do we.
    """
    if space_weighting >= 0.5:
        for i in range(1, n):
            cells[at.WEIGHT + i] = 2.0 * space_weighting
        return
    a = max(1.0, -space_weighting)
    for i in range(1, n):
        slope = cells[at.K_SLOPE + i]
        steep = abs(slope)
        sum_g = a * (cells[at.G + i - 1] + cells[at.G + i]) * cells[at.INV_DISTANCE + i]
        lean = 0.0
        if steep > sum_g:
            lean = 1.0 - sum_g / steep
        cells[at.WEIGHT + i] = 1.0 + (lean if slope >= 0.0 else -lean)


@inner_kernel
def set_fluxes(cells: FloatArray, n: int) -> None:
    """Flux through each inner face and its slopes by the p above and below."""
    for i in range(1, n):
        inv = 0.5 * cells[at.INV_DISTANCE + i]
        dp = cells[at.P + i] - cells[at.P + i - 1]
        w_above = 0.5 * cells[at.WEIGHT + i]
        w_below = 1.0 - w_above
        sum_g = cells[at.G + i - 1] + cells[at.G + i]
        gravity = w_above * cells[at.K + i - 1] + w_below * cells[at.K + i]
        cells[at.Q + i] = gravity - sum_g * dp * inv
        cells[at.Q_ABOVE + i] = (
            w_above * cells[at.K_SLOPE + i - 1] - (cells[at.G_SLOPE + i - 1] * dp - sum_g) * inv
        )
        cells[at.Q_BELOW + i] = (
            w_below * cells[at.K_SLOPE + i] - (cells[at.G_SLOPE + i] * dp + sum_g) * inv
        )


@inner_kernel
def set_evaporation(cells: FloatArray, control: FloatArray) -> None:
    """Evaporation at the present head of the surface, and its slope by p."""
    if control[at.DEMAND] <= 0.0:
        control[at.EVAPORATION] = 0.0
        control[at.EVAPORATION_SLOPE] = 0.0
        return
    psi, psi_p = psi_of_p(cells[at.P])
    rate, slope = evaporation_rate(control[at.DEMAND], psi)
    control[at.EVAPORATION] = rate
    control[at.EVAPORATION_SLOPE] = slope * psi_p


@inner_kernel
def set_bottom(cells: FloatArray, n: int, control: FloatArray) -> None:
    """Flux out of the last node, its slope, and whether that node is held at a head.

    A held node passes on what it does not store, so its outflow is settled at the end of a step.
    """
    last = n - 1
    kind = int(control[at.BOTTOM_KIND])
    cells[at.Q_BELOW + n] = 0.0
    cells[at.Q_ABOVE + n] = 0.0
    cells[at.Q + n] = 0.0
    control[at.BOTTOM_HELD] = 0.0
    if kind == layout.BOTTOM_FREE_DRAINAGE:
        cells[at.Q + n] = cells[at.K + last]
        cells[at.Q_ABOVE + n] = cells[at.K_SLOPE + last]
    reached = cells[at.P + last] >= control[at.BOTTOM_P]
    if kind == layout.BOTTOM_FIXED_HEAD or (kind == layout.BOTTOM_SEEPAGE and reached):
        control[at.BOTTOM_HELD] = 1.0


@inner_kernel
def evaluate(cells: FloatArray, n: int, table: FloatArray, control: FloatArray) -> None:
    """Curves, inner fluxes, evaporation and bottom flux at the present p."""
    look_up(cells, n, table)
    set_fluxes(cells, n)
    set_evaporation(cells, control)
    set_bottom(cells, n, control)
    if control[at.SINKS_ON] > 0.0:
        set_sinks(cells, n, control)
    control[at.EVALUATIONS] += 1.0
