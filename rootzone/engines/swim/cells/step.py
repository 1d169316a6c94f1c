r"""Newton's step on the cells: what ``steps.py`` asks of a grid.

A step solves, for all cells i at once,

.. math:: \theta(u_i) = \theta_i + \Delta t\,[\sigma F_i(u) + (1 - \sigma) F_i(u^{old})]

by Newton's method in u (see :mod:`table`), with :math:`F_i = (q_i - q_{i+1})/\Delta z_i - S_i`.
Times are days.
"""

from __future__ import annotations

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import inner_kernel, kernel
from rootzone.engines.swim import state
from rootzone.engines.swim.cells import state as at
from rootzone.engines.swim.cells.flux import evaluate, set_rates, set_surface_flux
from rootzone.engines.swim.cells.sink import residual_at_wilting, set_sinks, uptake
from rootzone.engines.swim.cells.table import PER_UNIT, u_from_theta
from rootzone.engines.swim.solve import solve_tridiagonal

SIGMA = 0.55
SHRINK = 0.5
DT_GIVE_UP = 1e-7  # [d]; below this the bounded explicit step takes over
DT_IMPATIENT = 1e-4  # [d]; at most 20,000 further evaluations a day
REJECT_ERROR = float("inf")  # the growth of the step alone heeds the error
# Of the residual allowed, in cells wetter than _NEAR: there K follows from the last thousandths of
# theta, and a loose residual would leave it to chance.
_SATURATED_SHARE = 0.03
_LEAST_RESIDUAL = 5e-8  # [m3 m-3], but not below: what K of the tables' cubics can still resolve
_NEAR = -0.5
_STORAGE = 1e-6  # steadies Newton's matrix in saturated cells [cm-1]; no water is stored by it
_LARGEST_DU = 2.0
_LARGEST_DU_SATURATED = 1e4  # pressures are linear in each other: clipping some upsets the rest
# K(u) of a clay is an S beside saturation, whose curvature turns here. Newton's method would leap
# from one of its arms to the other for ever; moves across the turn end on it (Wang and Tchelepi
# 2013, doi:10.1016/j.jcp.2013.06.009), and from it the way to either side is monotone.
_TURN = -0.99 / PER_UNIT
_FAR = 1e300
# 0.2 mm of suction, where a flooded column stands: a step that starts with less than the cell below
# will take, for part of it, is not to make up for that with pressure in its second half.
_FULL = -0.02


@inner_kernel
def solve_update(cells: FloatArray, n: int, control: FloatArray, dt: float, sigma: float) -> None:
    """Newton's update of u in place of the residual, from the last evaluation's slopes."""
    g = sigma * dt
    for i in range(n):
        h = g * cells[at.INVERSE_DZ + i]
        cells[at.LOWER + i] = -h * cells[at.Q_ABOVE + i]
        cells[at.UPPER + i] = h * cells[at.Q_BELOW + i + 1]
        cells[at.DIAGONAL + i] = max(cells[at.CAPACITY + i], _STORAGE) - h * (
            cells[at.Q_BELOW + i] - cells[at.Q_ABOVE + i + 1]
        )
    cells[at.UPPER] -= g * cells[at.INVERSE_DZ] * control[at.SURFACE_NEXT]
    if control[at.SINKS_ON] > 0.0:
        for i in range(n):
            cells[at.DIAGONAL + i] += g * cells[at.SINK_SLOPE + i]
    solve_tridiagonal(cells, n)


@inner_kernel
def set_residual(cells: FloatArray, n: int, control: FloatArray, dt: float, sigma: float) -> float:
    """Minus the residual of each cell; returns the largest as a share of what is allowed."""
    worst = 0.0
    tight = control[state.ITERATION_RESIDUAL] * (1.0 / _LEAST_RESIDUAL)
    tight = tight if tight < 1.0 / _SATURATED_SHARE else 1.0 / _SATURATED_SHARE
    for i in range(n):
        rate = sigma * cells[at.RATE + i] + (1.0 - sigma) * cells[at.RATE_START + i]
        residual = cells[at.THETA + i] + dt * rate - cells[at.THETA_U + i]
        cells[at.RESIDUAL + i] = residual
        size = abs(residual) * (tight if cells[at.U + i] >= _NEAR else 1.0)
        # Nor may more water be left above saturation than a saturated cell could keep: a later,
        # shorter step could not get rid of it.
        over = residual + cells[at.THETA_U + i] - cells[at.THETA_S_CELL + i]
        over *= tight
        size = over if over > size else size
        worst = size if size > worst else worst
    if control[state.OMEGA_C] > 0.0:  # there are roots
        size = residual_at_wilting(cells, n, control)
        worst = size if size > worst else worst
    share: float = worst / control[state.ITERATION_RESIDUAL]
    return share


@inner_kernel
def move(cells: FloatArray, n: int, control: FloatArray) -> None:
    """Add Newton's correction to u, damped where it would leap or cross the turn of K."""
    for i in range(n):
        u = cells[at.U + i]
        leap = _LARGEST_DU if u < 0.0 else _LARGEST_DU_SATURATED
        du = cells[at.RESIDUAL + i]
        du = du if du < leap else leap  # a NaN ends here, as a bounded move
        du = du if du > -leap else -leap
        new = u + du
        highest = _TURN if u < _TURN else _FAR
        lowest = _TURN if u > _TURN else -_FAR
        new = new if new < highest else highest
        cells[at.U + i] = new if new > lowest else lowest


@inner_kernel
def begin_step(cells: FloatArray, n: int, control: FloatArray, dt: float) -> float:
    """Store the state at the start of a step under the present weather; largest rate [d-1]."""
    pond = control[state.POND]
    control[at.NET_SUPPLY] = control[state.RAIN] - control[state.DEMAND] + pond / dt
    if control[at.SURFACE_HELD] <= 0.0:
        control[at.HEAD_WET] = pond
        control[at.PHI_WET] = control[at.PHI_FLOODED] + control[at.KS_FLOODED] * pond
    set_surface_flux(cells, control)
    if control[state.UPTAKE_DEMAND] > 0.0 or control[at.SINKS_ON] > 0.0:
        control[state.INVERSE_DT] = 1.0 / dt
        set_sinks(cells, n, control)
        control[at.SINKS_ON] = 1.0 if control[state.UPTAKE_DEMAND] > 0.0 else 0.0
        set_rates(cells, n)
        for i in range(n):
            cells[at.SINK_START + i] = cells[at.SINK + i]
    net = (cells[at.Q + 0] - cells[at.Q + 1]) * cells[at.INVERSE_DZ + 0]
    cells[at.RATE + 0] = net - cells[at.SINK + 0]
    fastest = 0.0
    for i in range(n):
        cells[at.U_START + i] = cells[at.U + i]
        cells[at.RATE_START + i] = cells[at.RATE + i]
        size = abs(cells[at.RATE + i])
        fastest = size if size > fastest else fastest
    cells[at.Q_START + 0] = cells[at.Q + 0]
    cells[at.Q_START + n] = cells[at.Q + n]
    return fastest


@inner_kernel
def change_and_error(
    cells: FloatArray,
    n: int,
    control: FloatArray,
    dt: float,
    sigma: float,
) -> tuple[float, float]:
    """Largest change of theta in a step and largest error estimate, half of dt times F's change."""
    change = 0.0
    error = 0.0
    for i in range(n):
        new, old = cells[at.RATE + i], cells[at.RATE_START + i]
        size = abs(sigma * new + (1.0 - sigma) * old)
        change = size if size > change else change
        size = abs(new - old)
        error = size if size > error else error
    return dt * change, 0.5 * dt * error


@inner_kernel
def out_of_bounds(cells: FloatArray, n: int) -> bool:
    """Whether any cell holds more than saturation or less than residual."""
    furthest = 0.0
    for i in range(n):
        above = cells[at.THETA + i] - cells[at.THETA_S_CELL + i]
        below = cells[at.THETA_R_CELL + i] - cells[at.THETA + i]
        outside = above if above > below else below
        furthest = outside if outside > furthest else furthest
    return furthest > 0.0


@kernel
def keep_in_bounds(cells: FloatArray, n: int, control: FloatArray) -> None:
    """Move what cells hold above saturation or below residual to cells with room; none is lost.

    Stored water may leave its bounds by the residual that the iteration allows. Excess goes to
    the next cells below that have room, then to those above, and only from a full column through
    the surface, to the pond or away; a deficit is drawn the same way, at last from the bottom.
    Called once a day, for at every step the water squeezed out would add up to a bias.
    """
    surplus, deficit = 0.0, 0.0
    for sweep in range(2):
        for k in range(n):
            i = k if sweep == 0 else n - 1 - k
            theta = cells[at.THETA + i] + (surplus - deficit) * cells[at.INVERSE_DZ + i]
            kept = min(max(theta, cells[at.THETA_R_CELL + i]), cells[at.THETA_S_CELL + i])
            left = (theta - kept) * cells[at.DZ + i]
            cells[at.THETA + i] = kept
            surplus, deficit = max(left, 0.0), max(-left, 0.0)
    control[state.SUM_INFLOW] -= surplus
    control[state.SUM_DRAINAGE] -= deficit
    pond = control[state.POND] + surplus
    over = max(0.0, pond - control[state.POND_MAX])
    control[state.SUM_RUNOFF] += over
    control[state.POND] = pond - over


@inner_kernel
def commit(
    cells: FloatArray,
    n: int,
    control: FloatArray,
    dt: float,
    sigma: float,
) -> None:
    """Let the step's fluxes move the water, and add them to the sums."""
    saturated = 0.0
    for i in range(n):
        rate = sigma * cells[at.RATE + i] + (1.0 - sigma) * cells[at.RATE_START + i]
        cells[at.THETA + i] += dt * rate
        saturated = 1.0 if cells[at.U + i] >= _FULL else saturated
    control[state.SATURATED] = saturated
    inflow = dt * (sigma * cells[at.Q] + (1.0 - sigma) * cells[at.Q_START])
    outflow = dt * (sigma * cells[at.Q + n] + (1.0 - sigma) * cells[at.Q_START + n])
    control[state.SUM_INFLOW] += inflow
    control[state.SUM_DRAINAGE] += outflow
    control[state.STEPS] += 1.0
    if control[at.SINKS_ON] > 0.0:
        control[state.SUM_UPTAKE] += uptake(cells, n, dt, sigma)
    if control[at.SURFACE_HELD] > 0.0:
        return
    left = control[state.POND] + dt * (control[state.RAIN] - control[state.DEMAND]) - inflow
    evaporation = dt * control[state.DEMAND]
    if left < 0.0:  # the soil could not give what the air would take
        evaporation += left
        left = 0.0
    control[state.SUM_EVAPORATION] += evaporation
    over = max(0.0, left - control[state.POND_MAX])
    control[state.SUM_RUNOFF] += over
    control[state.POND] = left - over


@kernel
def explicit_step(
    cells: FloatArray, n: int, tables: FloatArray, control: FloatArray, dt: float
) -> None:
    """A short step that cannot fail: present fluxes, then cells out of bounds pass water on."""
    restore(cells, n, tables, control)
    begin_step(cells, n, control, dt)
    commit(cells, n, control, dt, 1.0)
    keep_in_bounds(cells, n, control)
    control[state.FALLBACKS] += 1.0
    for i in range(n):
        cells[at.U + i] = u_from_theta(cells[at.THETA + i], tables, int(cells[at.TABLE + i]))
    evaluate(cells, n, tables, control)


@kernel
def restore(cells: FloatArray, n: int, tables: FloatArray, control: FloatArray) -> None:
    """Go back to the start of the step."""
    for i in range(n):
        cells[at.U + i] = cells[at.U_START + i]
    evaluate(cells, n, tables, control)


@inner_kernel
def settle(cells: FloatArray, n: int, control: FloatArray) -> None:
    """End of the day: bring back what the residuals left out of bounds."""
    if out_of_bounds(cells, n):
        keep_in_bounds(cells, n, control)
