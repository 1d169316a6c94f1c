r"""One period of constant weather, in as many implicit steps as its errors ask for.

A step solves, for all cells i at once,

.. math:: \theta(u_i) = \theta_i + \Delta t\,[\sigma F_i(u) + (1 - \sigma) F_i(u^{old})]

by Newton's method in u (see :mod:`vg_table`), with :math:`F_i = (q_i - q_{i+1})/\Delta z_i`.
It is accepted on the true residual, and then the stored :math:`\theta` takes the right side: water
moves by the fluxes alone, so the balance closes to rounding whatever the tolerance, and what
theta(u) still differs from it enters the next step's residual. The accepting evaluation is the
next step's first one. Sigma is 0.55, and 1 while any cell is saturated.
"""

from __future__ import annotations

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import inner_kernel, kernel
from rootzone.engines.swim.fv_flux import evaluate, set_surface_flux
from rootzone.engines.swim.fv_solve import solve_tridiagonal
from rootzone.engines.swim.fv_state import (
    CAPACITY,
    DIAGONAL,
    DZ,
    HEAD_WET,
    INVERSE_DZ,
    KS_FLOODED,
    LOWER,
    NET_SUPPLY,
    PHI_FLOODED,
    PHI_WET,
    Q_ABOVE,
    Q_BELOW,
    Q_START,
    RATE,
    RATE_START,
    RESIDUAL,
    SURFACE_HELD,
    TABLE,
    THETA,
    THETA_R_CELL,
    THETA_S_CELL,
    THETA_U,
    U_START,
    UPPER,
    Q,
    U,
)
from rootzone.engines.swim.vg_table import u_from_theta

# Positions in ``control``: what steers the steps, and what they sum up.
TOLERANCE = 0  # error of theta in a step [m3 m-3]
ITERATION_RESIDUAL = 1  # residual that ends the iteration [m3 m-3]
THETA_STEP = 2  # change of theta wanted in a step [m3 m-3]
DT_MAX = 3  # [d]
DT_NEXT = 4  # in and out: step to try next [d]
POND = 5  # in and out: water on the surface [cm]
POND_MAX = 6  # what is above runs off [cm]
EVAPORATION = 7  # sums [cm]
RUNOFF = 8
DRAINAGE = 9
SURFACE_INFLOW = 10  # through the surface, infiltration less evaporation
STEPS = 11
EVALUATIONS = 12
FALLBACKS = 13
SATURATED = 14  # 1 while a cell is saturated
N_CONTROL = 15

# A day that needs more goes on in bounded explicit steps: one column must neither fail nor hold up
# all others. Days of 150 mm on the worst of all textures need some thousands.
_PATIENCE = 50_000.0
_DT_IMPATIENT = 1e-4  # [d]; at most 20,000 further evaluations a day
_SIGMA = 0.55
_SATURATED_SHARE = 0.05  # of the residual allowed, in saturated cells
_STORAGE = 1e-6  # steadies Newton's matrix in saturated cells [cm-1]; no water is stored by it
_MAX_PASSES = 8
_LARGEST_DU = 2.0
_LARGEST_DU_SATURATED = 1e4  # pressures are linear in each other: clipping some upsets the rest
_CROSSING = 0.001  # how far a move may go on beyond saturation
_FIRST_STEP = 2.0  # first step of a period: THETA_STEP times this at the rates of its start
_GROWTH = 2.5
_SHRINK = 0.3
_DT_GIVE_UP = 1e-7  # [d]; below this the bounded explicit step takes over
_EPS = 1e-14


@inner_kernel
def set_system(cells: FloatArray, n: int, dt: float, sigma: float) -> None:
    """Newton's matrix and minus the residual of a step, from the last evaluation."""
    g = sigma * dt
    for i in range(n):
        h = g * cells[INVERSE_DZ + i]
        cells[LOWER + i] = -h * cells[Q_ABOVE + i]
        cells[UPPER + i] = h * cells[Q_BELOW + i + 1]
        cells[DIAGONAL + i] = max(cells[CAPACITY + i], _STORAGE) - h * (
            cells[Q_BELOW + i] - cells[Q_ABOVE + i + 1]
        )


@inner_kernel
def set_residual(cells: FloatArray, n: int, dt: float, sigma: float, allowed: float) -> float:
    """Minus the residual of each cell; returns the largest as a share of what is allowed."""
    worst = 0.0
    for i in range(n):
        rate = sigma * cells[RATE + i] + (1.0 - sigma) * cells[RATE_START + i]
        residual = cells[THETA + i] + dt * rate - cells[THETA_U + i]
        cells[RESIDUAL + i] = residual
        size = abs(residual) * (1.0 / _SATURATED_SHARE if cells[U + i] >= 0.0 else 1.0)
        # Nor may more water be left above saturation than a saturated cell could keep: a later,
        # shorter step could not get rid of it.
        over = (residual + cells[THETA_U + i] - cells[THETA_S_CELL + i]) * (1.0 / _SATURATED_SHARE)
        size = over if over > size else size
        worst = size if size > worst else worst
    return worst / allowed


@inner_kernel
def move(cells: FloatArray, n: int) -> None:
    """Add Newton's correction to u, damped where it would leap or cross saturation."""
    for i in range(n):
        u = cells[U + i]
        leap = _LARGEST_DU if u < 0.0 else _LARGEST_DU_SATURATED
        du = cells[RESIDUAL + i]
        du = du if du < leap else leap  # a NaN ends here, as a bounded move
        du = du if du > -leap else -leap
        new = u + du
        highest = _CROSSING if u < 0.0 else new
        lowest = -_CROSSING if u > 0.0 else new
        new = new if new < highest else highest
        cells[U + i] = new if new > lowest else lowest


@inner_kernel
def iterate(
    cells: FloatArray,
    n: int,
    tables: FloatArray,
    edge: FloatArray,
    control: FloatArray,
    dt: float,
    sigma: float,
) -> bool:
    """Newton's method for one step; whether the residual came down to what is allowed."""
    allowed = control[ITERATION_RESIDUAL]
    set_residual(cells, n, dt, sigma, allowed)
    for _ in range(_MAX_PASSES):
        set_system(cells, n, dt, sigma)
        solve_tridiagonal(cells, n)
        move(cells, n)
        evaluate(cells, n, tables, edge)
        control[EVALUATIONS] += 1.0
        if set_residual(cells, n, dt, sigma, allowed) <= 1.0:
            return True
    return False


@inner_kernel
def begin_step(cells: FloatArray, n: int, edge: FloatArray, supply: float, pond: float) -> float:
    """Store the state at the start of a step under a net supply; largest rate of change [d-1]."""
    edge[NET_SUPPLY] = supply
    if edge[SURFACE_HELD] <= 0.0:
        edge[HEAD_WET] = pond
        edge[PHI_WET] = edge[PHI_FLOODED] + edge[KS_FLOODED] * pond
    set_surface_flux(cells, edge)
    cells[RATE + 0] = (cells[Q + 0] - cells[Q + 1]) * cells[INVERSE_DZ + 0]
    fastest = 0.0
    for i in range(n):
        cells[U_START + i] = cells[U + i]
        cells[RATE_START + i] = cells[RATE + i]
        size = abs(cells[RATE + i])
        fastest = size if size > fastest else fastest
    cells[Q_START + 0] = cells[Q + 0]
    cells[Q_START + n] = cells[Q + n]
    return fastest


@inner_kernel
def change_and_error(cells: FloatArray, n: int, dt: float, sigma: float) -> tuple[float, float]:
    """Largest change of theta in a step and largest error estimate, half of dt times F's change."""
    change = 0.0
    error = 0.0
    for i in range(n):
        new, old = cells[RATE + i], cells[RATE_START + i]
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
        above = cells[THETA + i] - cells[THETA_S_CELL + i]
        below = cells[THETA_R_CELL + i] - cells[THETA + i]
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
            theta = cells[THETA + i] + (surplus - deficit) * cells[INVERSE_DZ + i]
            kept = min(max(theta, cells[THETA_R_CELL + i]), cells[THETA_S_CELL + i])
            left = (theta - kept) * cells[DZ + i]
            cells[THETA + i] = kept
            surplus, deficit = max(left, 0.0), max(-left, 0.0)
    control[SURFACE_INFLOW] -= surplus
    control[DRAINAGE] -= deficit
    pond = control[POND] + surplus
    over = max(0.0, pond - control[POND_MAX])
    control[RUNOFF] += over
    control[POND] = pond - over


@inner_kernel
def commit(
    cells: FloatArray,
    n: int,
    control: FloatArray,
    edge: FloatArray,
    dt: float,
    sigma: float,
    rain: float,
    demand: float,
) -> None:
    """Let the step's fluxes move the water, and add them to the sums."""
    saturated = 0.0
    for i in range(n):
        rate = sigma * cells[RATE + i] + (1.0 - sigma) * cells[RATE_START + i]
        cells[THETA + i] += dt * rate
        saturated = 1.0 if cells[U + i] >= 0.0 else saturated
    control[SATURATED] = saturated
    inflow = dt * (sigma * cells[Q] + (1.0 - sigma) * cells[Q_START])
    outflow = dt * (sigma * cells[Q + n] + (1.0 - sigma) * cells[Q_START + n])
    control[SURFACE_INFLOW] += inflow
    control[DRAINAGE] += outflow
    control[STEPS] += 1.0
    if edge[SURFACE_HELD] > 0.0:
        return
    left = control[POND] + dt * (rain - demand) - inflow
    evaporation = dt * demand
    if left < 0.0:  # the soil could not give what the air would take
        evaporation += left
        left = 0.0
    control[EVAPORATION] += evaporation
    over = max(0.0, left - control[POND_MAX])
    control[RUNOFF] += over
    control[POND] = left - over


@kernel
def bounded_explicit_step(
    cells: FloatArray,
    n: int,
    tables: FloatArray,
    edge: FloatArray,
    control: FloatArray,
    dt: float,
    rain: float,
    demand: float,
) -> None:
    """A short step that cannot fail: present fluxes, then cells out of bounds pass water on."""
    for i in range(n):
        cells[U + i] = cells[U_START + i]
    evaluate(cells, n, tables, edge)
    begin_step(cells, n, edge, edge[NET_SUPPLY], control[POND])
    commit(cells, n, control, edge, dt, 1.0, rain, demand)
    keep_in_bounds(cells, n, control)
    control[FALLBACKS] += 1.0
    for i in range(n):
        cells[U + i] = u_from_theta(cells[THETA + i], tables, int(cells[TABLE + i]))
    evaluate(cells, n, tables, edge)
    control[EVALUATIONS] += 2.0


@inner_kernel
def advance(
    cells: FloatArray,
    n: int,
    tables: FloatArray,
    edge: FloatArray,
    control: FloatArray,
    duration: float,
    rain: float,
    demand: float,
) -> None:
    """March over a period of constant rain and evaporative demand.

    After ``_PATIENCE`` evaluations in a day it goes on in bounded explicit steps, which are coarse
    but cannot fail; the caller sees them by their count.

    Parameters
    ----------
    cells, n, tables, edge
        See :mod:`fv_state`; the cells must have been evaluated at their u.
    control : array, shape (N_CONTROL,)
        Tolerances, next step, pond and sums; updated.
    duration : float
        Length of the period [d].
    rain, demand : float
        Rates over the period [cm d-1].
    """
    time = 0.0
    first = True
    while duration - time > _EPS * duration:
        remaining = duration - time
        if control[EVALUATIONS] > _PATIENCE:
            dt = min(_DT_IMPATIENT, remaining)
            begin_step(cells, n, edge, rain - demand + control[POND] / dt, control[POND])
            bounded_explicit_step(cells, n, tables, edge, control, dt, rain, demand)
            time += dt
            continue
        dt = min(control[DT_NEXT], control[DT_MAX])
        wanted = dt
        if dt >= remaining:
            dt = remaining
        elif 2.0 * dt > remaining:
            dt = 0.5 * remaining
        pond = control[POND]
        fastest = begin_step(cells, n, edge, rain - demand + pond / dt, pond)
        if first and fastest * dt > _FIRST_STEP * control[THETA_STEP]:
            dt = _FIRST_STEP * control[THETA_STEP] / fastest
            control[DT_NEXT] = dt
            wanted = dt
            begin_step(cells, n, edge, rain - demand + pond / dt, pond)
        first = False
        sigma = 1.0 if control[SATURATED] > 0.0 else _SIGMA
        settled = iterate(cells, n, tables, edge, control, dt, sigma)
        change, error = change_and_error(cells, n, dt, sigma)
        if settled and change <= 2.0 * control[THETA_STEP]:
            commit(cells, n, control, edge, dt, sigma, rain, demand)
            time += dt
            by_error = (control[TOLERANCE] / max(error, _EPS)) ** 0.5
            by_change = control[THETA_STEP] / max(change, _EPS)
            factor = min(_GROWTH, max(_SHRINK, min(by_error, by_change)))
            proposed = dt * factor
            control[DT_NEXT] = max(proposed, wanted) if factor >= 1.0 else proposed
            continue
        if dt <= _DT_GIVE_UP:
            bounded_explicit_step(cells, n, tables, edge, control, dt, rain, demand)
            time += dt
            control[DT_NEXT] = 10.0 * dt
            continue
        control[DT_NEXT] = dt * (max(_SHRINK, control[THETA_STEP] / change) if settled else _SHRINK)
        for i in range(n):
            cells[U + i] = cells[U_START + i]
        evaluate(cells, n, tables, edge)
        control[EVALUATIONS] += 1.0
