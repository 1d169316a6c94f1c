r"""Water that leaves a cell other than through its faces: what roots take, for both grids.

The sink of cell i is part of its rate of change,

.. math:: F_i = (q_i - q_{i+1}) / \Delta z_i - S_i, \qquad
          S_i = T_p\,\frac{\beta_i\,\alpha_i}{\max(\omega, \omega_c)}, \qquad
          \omega = \sum_i \alpha_i \beta_i \Delta z_i

so it enters the implicit step, its error estimate and the balance like any flux, with its slope in
Newton's matrix. T_p is what the canopy asks for, beta the density of roots, alpha the stress of the
soil (``plants/stress.py``). Roots in moist soil make up for others down to the critical index
(Jarvis 1989; Simunek and Hopmans 2009); with 1 they do not. No step takes more from a cell than it
holds above wilting. While nothing is demanded the row stays at zero and costs nothing.

These are texts that ``cells/sink.py`` and ``nodes/sink.py`` make kernels of, with ``at`` standing
for the rows of their grid and ``suction_of`` for its suction and slope by the unknown.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import slot
from rootzone.engines.plants import stress
from rootzone.engines.plants.roots import root_share, share_by_layer
from rootzone.engines.swim import layout, state

# At wilting the unknown of a rooted cell may be wetter than its water by the residual over this.
AT_WILTING = 1000.0

at: ModuleType = slot()
suction_of: Callable[..., tuple[float, float]] = slot()


def set_sinks(cells: FloatArray, n: int, control: FloatArray) -> None:
    """Sink [per unit of time] of each cell and its slope in the unknown.

    The slope leaves out what a change of one cell does to the share of the others.

    Parameters
    ----------
    cells : array, flat
        Reads ROOT_SHARE, the suction, THETA_NOW and CAPACITY, THETA, ROOT_DRY and ROOT_FULL,
        writes SINK and SINK_SLOPE.
    n : int
        Number of cells.
    control : array
        Its UPTAKE_DEMAND, stress and INVERSE_DT.
    """
    kind = control[state.STRESS_KIND]
    omega = 0.0
    for i in range(n):
        share = cells[at.ROOT_SHARE + i]
        if share <= 0.0:
            cells[at.SINK + i] = 0.0
            cells[at.SINK_SLOPE + i] = 0.0
            continue
        if kind == layout.STRESS_AVAILABLE:
            given, slope = stress.available_water_stress(
                cells[at.THETA_NOW + i], cells[at.ROOT_DRY + i], cells[at.ROOT_FULL + i]
            )
            slope *= cells[at.CAPACITY + i]
        else:
            suction, suction_slope = suction_of(cells, i)
            if kind == layout.STRESS_FEDDES:
                given, slope = stress.feddes_stress(
                    suction,
                    control[state.STRESS_1],
                    control[state.STRESS_2],
                    control[state.STRESS_3],
                    control[state.STRESS_4],
                )
            else:
                given, slope = stress.s_shape_stress(
                    suction, control[state.STRESS_1], control[state.STRESS_2]
                )
            slope *= suction_slope
        cells[at.SINK + i] = given * share
        cells[at.SINK_SLOPE + i] = slope * share
        omega += given * share * cells[at.SIZE + i]
    critical = control[state.OMEGA_C]
    factor = control[state.UPTAKE_DEMAND] / (omega if omega > critical else critical)
    per_time = control[state.INVERSE_DT]
    for i in range(n):
        sink = factor * cells[at.SINK + i]
        slope = factor * cells[at.SINK_SLOPE + i]
        left = (cells[at.THETA + i] - cells[at.ROOT_DRY + i]) * per_time
        left = left if left > 0.0 else 0.0
        cells[at.SINK + i] = sink if sink < left else left
        cells[at.SINK_SLOPE + i] = slope if sink < left else 0.0


def residual_at_wilting(cells: FloatArray, n: int, control: FloatArray) -> float:
    """Largest residual of rooted cells that a step leaves near wilting, weighed as it drains them.

    Where roots have emptied a cell, fluxes of an unknown still wetter than the water in it would
    go on to drain it, hours after the roots, below what they may leave. So the unknown may be
    wetter by no more than the water lies above wilting, or by a share of the residual allowed.

    Parameters
    ----------
    cells : array, flat
        Reads RESIDUAL, ROOT_SHARE, ROOT_DRY and THETA_NOW.
    n : int
        Number of cells.
    control : array
        Its ITERATION_RESIDUAL is what is allowed elsewhere.

    Returns
    -------
    float
        To be held below ITERATION_RESIDUAL, as other residuals are [m3 m-3]; 0 where no rooted
        cell is near wilting.
    """
    worst = 0.0
    allowed = control[state.ITERATION_RESIDUAL]
    least = allowed * (1.0 / AT_WILTING)
    for i in range(n):
        lag = -cells[at.RESIDUAL + i]
        above = cells[at.THETA_NOW + i] - lag - cells[at.ROOT_DRY + i]
        if lag > least and above < lag and cells[at.ROOT_SHARE + i] > 0.0:
            size = allowed * lag / (above if above > least else least)
            worst = size if size > worst else worst
    return worst


def plant_roots(cells: FloatArray, n: int, settings: FloatArray, control: FloatArray) -> None:
    """Root shares per cm of cell and the stress function, from the settings.

    Shares of the roots that lie in the profile sum to 1: what a shallower profile cuts off is
    spread over it.
    """
    beta, deepest = settings[layout.SET_ROOT_BETA], settings[layout.SET_ROOT_DEPTH_CM]
    layer_bottom_cm = settings[layout.SET_ROOT_BOTTOM_CM : layout.SET_ROOT_PART]
    part = settings[layout.SET_ROOT_PART : layout.N_SETTINGS]
    by_layer = layer_bottom_cm[0] > 0.0
    top, total = 0.0, 0.0
    for i in range(n):
        bottom = top + cells[at.SIZE + i]
        if by_layer:
            share = share_by_layer(top, bottom, layer_bottom_cm, part)
        else:
            share = root_share(top, bottom, beta, deepest)
        cells[at.ROOT_SHARE + i] = share
        total += cells[at.ROOT_SHARE + i]
        top = bottom
    for i in range(n):
        cells[at.ROOT_SHARE + i] *= cells[at.INVERSE_SIZE + i] / total if total > 0.0 else 0.0
    control[state.STRESS_KIND] = settings[layout.SET_STRESS_KIND]
    control[state.STRESS_1] = settings[layout.SET_STRESS_1]
    control[state.STRESS_2] = settings[layout.SET_STRESS_2]
    control[state.STRESS_3] = settings[layout.SET_STRESS_3_LOW]
    control[state.STRESS_4] = settings[layout.SET_STRESS_4]
    control[state.OMEGA_C] = settings[layout.SET_OMEGA_C]


def uptake(cells: FloatArray, n: int, dt: float, sigma: float) -> float:
    """Water that the sinks took in a step [cm], after the step has moved it.

    A cell that gave to roots and to its neighbours in the same step may end below wilting; it gets
    back from the roots what it lacks, as far as they took it. ``THETA`` is then that much higher.
    """
    taken = 0.0
    for i in range(n):
        rate = sigma * cells[at.SINK + i] + (1.0 - sigma) * cells[at.SINK_START + i]
        own = dt * rate
        lacks = cells[at.ROOT_DRY + i] - cells[at.THETA + i]
        if own > 0.0 and lacks > 0.0:
            back = lacks if lacks < own else own
            cells[at.THETA + i] += back
            own -= back
        taken += own * cells[at.SIZE + i]
    return taken
