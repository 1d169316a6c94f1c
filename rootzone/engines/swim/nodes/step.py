r"""Newton's step on SWIM3's nodes: what ``steps.py`` asks of a grid.

A step solves for all nodes at once

.. math:: \theta(p_i) = \theta_i + \frac{\Delta t}{\Delta x_i}
          \left[\bar q_i - \bar q_{i+1}\right],\quad \bar q = \sigma q + (1 - \sigma) q^{old}

by Newton's method in p. Times are hours.

What differs from the cells, and why. Theta does not change with p above -1 cm and SWIM3's K falls
steeply below, so steps are held more tightly: sigma is 0.6 against 0.55, a node counts as near
saturation from -5 cm on, the first-order steps taken then are held to a third of the tolerance, and
a step whose error is four times the tolerance is taken again. Newton's matrix is steadied with 5e-6
instead of 1e-6, for p counts 5 cm.
"""

from __future__ import annotations

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import inner_kernel, kernel
from rootzone.engines.swim import layout, state
from rootzone.engines.swim.nodes import state as at
from rootzone.engines.swim.nodes.flow import evaluate, set_evaporation, set_fluxes, weigh_gravity
from rootzone.engines.swim.nodes.nodes import PSI_SCALE_CM
from rootzone.engines.swim.nodes.sink import residual_at_wilting, set_sinks, uptake
from rootzone.engines.swim.nodes.table import P_DRY, P_SATURATED, p_of_theta
from rootzone.engines.swim.solve import solve_tridiagonal

SIGMA = 0.6
SHRINK = 0.3
BACKWARD_EULER_WEIGHT = 3.0  # first order at sigma 1: held to a third of the tolerance
P_ENTRY = 9.8  # psi = -1 cm: from here on theta is SAT
P_LANDING = 9.79
P_NEAR = 9.0  # psi = -5 cm
STORAGE = 5.0e-6  # steadies Newton's matrix where theta' is 0; no water is stored by it
SATURATED_SHARE = 0.05  # of the residual allowed, in saturated nodes
LARGEST_UPDATE = 2.0
REJECT_ERROR = 4.0
DT_GIVE_UP = 1.0e-6 / 3.6  # [h], a millisecond
DT_IMPATIENT = 2.4e-3  # [h]


@inner_kernel
def _taken(cells: FloatArray, i: int, sigma: float) -> float:
    """What roots take from a node over the step [h-1]."""
    taken: float = sigma * cells[at.SINK + i] + (1.0 - sigma) * cells[at.SINK_START + i]
    return taken


@inner_kernel
def average_fluxes(cells: FloatArray, n: int, control: FloatArray, dt: float, sigma: float) -> None:
    """Fluxes over the step through all faces, with what the surface and a held bottom allow."""
    old = 1.0 - sigma
    for i in range(1, n + 1):
        cells[at.Q_MEAN + i] = sigma * cells[at.Q + i] + old * cells[at.Q_START + i]
    evaporation = sigma * control[at.EVAPORATION] + old * control[at.EVAPORATION_START]
    supply = control[at.RAIN] - evaporation
    control[at.TOP_HELD] = 0.0
    p_top = cells[at.P]
    if control[at.PONDS] > 0.0:
        control[at.POND_NEW] = max(0.0, PSI_SCALE_CM * (p_top - P_SATURATED))
        supply -= (control[at.POND_NEW] - control[at.POND]) / dt
    elif p_top >= P_SATURATED:
        gain = (cells[at.THETA_P] - cells[at.THETA]) * cells[at.DX] / dt
        capacity = cells[at.Q_MEAN + 1] + gain + cells[at.DX] * _taken(cells, 0, sigma)
        if supply >= capacity:
            control[at.TOP_HELD] = 1.0
            supply = capacity
    cells[at.Q_MEAN] = supply
    if control[at.BOTTOM_HELD] > 0.0:
        last = n - 1
        gain = (cells[at.THETA_P + last] - cells[at.THETA + last]) * cells[at.DX + last] / dt
        outflow = cells[at.Q_MEAN + last] - gain - cells[at.DX + last] * _taken(cells, last, sigma)
        if control[at.BOTTOM_KIND] == layout.BOTTOM_SEEPAGE and outflow < 0.0:
            control[at.BOTTOM_HELD] = 0.0
            outflow = 0.0
        cells[at.Q_MEAN + n] = outflow


@inner_kernel
def set_residual(cells: FloatArray, n: int, control: FloatArray, dt: float, sigma: float) -> float:
    """Minus the residual of each node; the largest as a share of what is allowed."""
    average_fluxes(cells, n, control, dt, sigma)
    worst = 0.0
    for i in range(n):
        net = cells[at.Q_MEAN + i] - cells[at.Q_MEAN + i + 1]
        residual = cells[at.THETA + i] - cells[at.THETA_P + i] + dt * cells[at.INV_DX + i] * net
        cells[at.RESIDUAL + i] = residual
    if control[at.SINKS_ON] > 0.0:
        for i in range(n):
            cells[at.RESIDUAL + i] -= dt * _taken(cells, i, sigma)
    for i in range(n):
        size = abs(cells[at.RESIDUAL + i])
        if cells[at.P + i] > P_ENTRY:
            size *= 1.0 / SATURATED_SHARE
        worst = max(worst, size) if size == size else 1e300
    if control[state.OMEGA_C] > 0.0:  # there are roots
        size = residual_at_wilting(cells, n, control)
        worst = size if size > worst else worst
    share: float = worst / control[at.ITERATION_RESIDUAL]
    return share


@inner_kernel
def solve_update(cells: FloatArray, n: int, control: FloatArray, dt: float, sigma: float) -> None:
    """Newton's update of p from the residual, in its place; held nodes stay."""
    g = sigma * dt
    cells[at.Q_BELOW] = -control[at.EVAPORATION_SLOPE]
    for i in range(n):
        h = g * cells[at.INV_DX + i]
        cells[at.LOWER + i] = -h * cells[at.Q_ABOVE + i]
        cells[at.UPPER + i] = h * cells[at.Q_BELOW + i + 1]
        cells[at.DIAGONAL + i] = max(cells[at.CAPACITY + i], STORAGE) - h * (
            cells[at.Q_BELOW + i] - cells[at.Q_ABOVE + i + 1]
        )
    if control[at.SINKS_ON] > 0.0:
        for i in range(n):
            cells[at.DIAGONAL + i] += g * cells[at.SINK_SLOPE + i]
    if control[at.TOP_HELD] > 0.0:
        cells[at.DIAGONAL] = 1.0
        cells[at.UPPER] = 0.0
        cells[at.RESIDUAL] = 0.0
    elif control[at.PONDS] > 0.0 and cells[at.P] >= P_SATURATED:
        cells[at.DIAGONAL] += cells[at.INV_DX] * PSI_SCALE_CM
    if control[at.BOTTOM_HELD] > 0.0:
        last = n - 1
        cells[at.DIAGONAL + last] = 1.0
        cells[at.LOWER + last] = 0.0
        cells[at.RESIDUAL + last] = 0.0
    solve_tridiagonal(cells, n)


@inner_kernel
def move(cells: FloatArray, n: int, control: FloatArray) -> None:
    """Add the update to p, damped, and keep p where the boundaries and the tables end.

    Theta has no slope above -1 cm, so a tangent from either side leaps over the solution and back;
    an update that crosses that head ends just below it first.
    """
    for i in range(n):
        p = cells[at.P + i]
        new = p + min(LARGEST_UPDATE, max(-LARGEST_UPDATE, cells[at.RESIDUAL + i]))
        if p < P_LANDING < new or (p > P_ENTRY and new < P_ENTRY):
            new = P_LANDING
        cells[at.P + i] = max(P_DRY, new)
    if control[at.PONDS] <= 0.0:
        cells[at.P] = min(cells[at.P], P_SATURATED)
    if control[at.BOTTOM_KIND] == layout.BOTTOM_SEEPAGE:
        cells[at.P + n - 1] = min(cells[at.P + n - 1], control[at.BOTTOM_P])


@inner_kernel
def begin_step(cells: FloatArray, n: int, control: FloatArray, dt: float) -> float:
    """Keep the state at the start of a step; the largest rate of change of theta [h-1]."""
    weigh_gravity(cells, n, control[at.SPACE_WEIGHTING])
    set_fluxes(cells, n)
    set_evaporation(cells, control)
    control[at.EVAPORATION_START] = control[at.EVAPORATION]
    cells[at.Q] = control[at.RAIN] - control[at.EVAPORATION]
    saturated = 0.0
    for i in range(n):
        cells[at.P_START + i] = cells[at.P + i]
        if cells[at.P + i] > P_NEAR:
            saturated = 1.0
    control[at.SATURATED] = saturated
    if control[state.UPTAKE_DEMAND] > 0.0 or control[at.SINKS_ON] > 0.0:
        control[at.SINKS_ON] = 1.0 if control[state.UPTAKE_DEMAND] > 0.0 else 0.0
        control[state.INVERSE_DT] = 1.0 / dt
        set_sinks(cells, n, control)
        for i in range(n):
            cells[at.SINK_START + i] = cells[at.SINK + i]
    fastest = 0.0
    for i in range(n):
        cells[at.Q_START + i] = cells[at.Q + i]
        rate = abs(cells[at.Q + i] - cells[at.Q + i + 1]) * cells[at.INV_DX + i]
        if cells[at.P + i] < P_ENTRY:
            fastest = max(fastest, rate)
    cells[at.Q_START + n] = cells[at.Q + n]
    return fastest


@inner_kernel
def change_and_error(
    cells: FloatArray, n: int, control: FloatArray, dt: float, sigma: float
) -> tuple[float, float]:
    """Largest change of theta in the step, and half of what the change of the fluxes moves."""
    cells[at.Q] = control[at.RAIN] - control[at.EVAPORATION]
    change = 0.0
    error = 0.0
    first = 1 if control[at.TOP_HELD] > 0.0 else 0
    last = n - 1 if control[at.BOTTOM_HELD] > 0.0 else n
    for i in range(first, last):
        scale = dt * cells[at.INV_DX + i]
        net = cells[at.Q + i] - cells[at.Q + i + 1]
        net -= cells[at.SINK + i] * cells[at.DX + i]
        net_start = cells[at.Q_START + i] - cells[at.Q_START + i + 1]
        net_start -= cells[at.SINK_START + i] * cells[at.DX + i]
        error = max(error, scale * abs(net - net_start))
        change = max(change, abs(cells[at.THETA_P + i] - cells[at.THETA + i]))
    if first == 1:
        change = max(change, abs(cells[at.THETA_P] - cells[at.THETA]))
    return change, 0.5 * error * (BACKWARD_EULER_WEIGHT if sigma == 1.0 else 1.0)


@kernel
def pass_on(cells: FloatArray, n: int) -> tuple[float, float]:
    """Move what nodes hold above SAT to the node above, and what they lack from the one below.

    Returns
    -------
    surplus_cm, deficit_cm : float
        Water that leaves through the surface, and that enters through the bottom [cm]; the
        residual tolerance keeps both near 0.
    """
    surplus = 0.0
    for i in range(n - 1, -1, -1):
        theta = cells[at.THETA + i] + surplus * cells[at.INV_DX + i]
        surplus = max(0.0, theta - cells[at.SAT + i]) * cells[at.DX + i]
        cells[at.THETA + i] = min(theta, cells[at.SAT + i])
    deficit = 0.0
    for i in range(n):
        theta = cells[at.THETA + i] - deficit * cells[at.INV_DX + i]
        deficit = max(0.0, -theta) * cells[at.DX + i]
        cells[at.THETA + i] = max(0.0, theta)
    return surplus, deficit


@inner_kernel
def commit(cells: FloatArray, n: int, control: FloatArray, dt: float, sigma: float) -> None:
    """Let the fluxes of the step move the water, and add them to the sums."""
    outside = False
    for i in range(n):
        net = cells[at.Q_MEAN + i] - cells[at.Q_MEAN + i + 1]
        theta = cells[at.THETA + i] + dt * cells[at.INV_DX + i] * net
        if control[at.SINKS_ON] > 0.0:
            theta -= dt * _taken(cells, i, sigma)
        cells[at.THETA + i] = theta
        if theta > cells[at.SAT + i] or theta < 0.0:
            outside = True
    surplus, deficit = pass_on(cells, n) if outside else (0.0, 0.0)
    old = 1.0 - sigma
    evaporation = dt * (sigma * control[at.EVAPORATION] + old * control[at.EVAPORATION_START])
    inflow = dt * cells[at.Q_MEAN] - surplus
    excess = dt * control[at.RAIN] - evaporation - inflow
    control[at.SUM_EVAPORATION] += evaporation
    control[at.SUM_INFLOW] += inflow + evaporation
    control[at.SUM_DRAINAGE] += dt * cells[at.Q_MEAN + n] - deficit
    control[at.STEPS] += 1.0
    if control[at.SINKS_ON] > 0.0:
        control[state.SUM_UPTAKE] += uptake(cells, n, dt, sigma)
    if control[at.PONDS] > 0.0:
        pond = control[at.POND] + excess
        over = max(0.0, pond - control[at.POND_MAX])
        control[at.SUM_RUNOFF] += over
        control[at.POND] = pond - over
    else:
        control[at.SUM_RUNOFF] += excess


@kernel
def explicit_step(
    cells: FloatArray, n: int, table: FloatArray, control: FloatArray, dt: float
) -> None:
    """A short step that cannot fail: the present fluxes, then nodes out of bounds pass water on."""
    restore(cells, n, table, control)
    begin_step(cells, n, control, dt)
    for i in range(n + 1):
        cells[at.Q_MEAN + i] = cells[at.Q_START + i]
    if control[at.BOTTOM_HELD] > 0.0:
        cells[at.Q_MEAN + n] = max(0.0, cells[at.Q_MEAN + n - 1])
    cells[at.Q_MEAN] += control[at.POND] / dt
    commit(cells, n, control, dt, 1.0)
    control[at.FALLBACKS] += 1.0
    for i in range(n):
        cells[at.P + i] = p_of_theta(table, int(cells[at.TABLE + i]), cells[at.THETA + i])
    if control[at.BOTTOM_KIND] == layout.BOTTOM_FIXED_HEAD:
        cells[at.P + n - 1] = control[at.BOTTOM_P]
    if control[at.POND] > 0.0:
        cells[at.P] = P_SATURATED + control[at.POND] / PSI_SCALE_CM
    evaluate(cells, n, table, control)


@kernel
def restore(cells: FloatArray, n: int, table: FloatArray, control: FloatArray) -> None:
    """Go back to the start of the step."""
    for i in range(n):
        cells[at.P + i] = cells[at.P_START + i]
    evaluate(cells, n, table, control)


@inner_kernel
def settle(cells: FloatArray, n: int, control: FloatArray) -> None:
    """End of the day: nothing is left to do, for every step keeps its nodes in bounds."""
