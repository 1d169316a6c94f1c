"""The control of the step, written once for both grids: march over a period of constant weather.

:func:`advance` and :func:`iterate` are texts that ``columns.py`` makes kernels of, one for each
grid (``_shared.jit.instance``). A grid brings, all on ``(cells, n, ...)``:

=====================  ============================================================================
``begin_step``         keep the state at the start of a step; largest rate of change of theta
``set_residual``       minus the residual of every cell; the largest as a share of what is allowed
``solve_update``       Newton's update of the unknown, in the residual's place
``move``               add it, damped where it would leap or cross saturation
``evaluate``           fluxes, their slopes and rates at the present unknown
``change_and_error``   largest change of theta in the step, largest estimate of its error
``commit``             let the step's fluxes move the water, and add them to the sums
``restore``            go back to the start of the step
``explicit_step``      a short step that cannot fail
=====================  ============================================================================

and the constants below that are not the same on both. What they have in common: a step is accepted
on the true residual, and then the stored theta takes what the fluxes brought. So water moves by the
fluxes alone, the balance closes to rounding whatever the tolerance, and what theta of the unknown
still differs by enters the next step's residual. The accepting evaluation is the next step's first.
"""

from __future__ import annotations

from collections.abc import Callable

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import slot
from rootzone.engines.swim import state

begin_step: Callable[..., float] = slot()
set_residual: Callable[..., float] = slot()
solve_update: Callable[..., None] = slot()
move: Callable[..., None] = slot()
evaluate: Callable[..., None] = slot()
change_and_error: Callable[..., tuple[float, float]] = slot()
commit: Callable[..., None] = slot()
restore: Callable[..., None] = slot()
explicit_step: Callable[..., None] = slot()
iterate_step: Callable[..., bool] = slot()
SIGMA: float = slot()  # share of the new fluxes in a step; 1 while any cell is saturated
REJECT_ERROR: float = slot()  # a step whose error is so many times the tolerance is taken again
SHRINK: float = slot()  # a step that cannot be solved is cut to this share at least
DT_GIVE_UP: float = slot()  # a step shorter than this goes on explicitly
DT_IMPATIENT: float = slot()  # and so does a day of too many evaluations, in steps of this

MAX_PASSES = 8
GROWTH = 2.5
FIRST_STEP = 2.0  # first step of a period: THETA_STEP times this at the rates of its start
REJECT_CHANGE = 2.0  # times THETA_STEP
# A day that needs more goes on in bounded explicit steps: one column must neither fail nor hold up
# all others. Days of 150 mm on the worst of all textures need some thousands.
PATIENCE = 50_000.0
EPS = 1e-14


def iterate(
    cells: FloatArray,
    n: int,
    tables: FloatArray,
    control: FloatArray,
    dt: float,
    sigma: float,
) -> bool:
    """Newton's method for one step; whether the residual came down to what is allowed."""
    set_residual(cells, n, control, dt, sigma)
    for _ in range(MAX_PASSES):
        solve_update(cells, n, control, dt, sigma)
        move(cells, n, control)
        evaluate(cells, n, tables, control)
        if set_residual(cells, n, control, dt, sigma) <= 1.0:
            return True
    return False


def advance(
    cells: FloatArray, n: int, tables: FloatArray, control: FloatArray, duration: float
) -> None:
    """March over a period of constant rain and demand, in as many steps as their errors ask for.

    The step follows from two errors in theta: the change of the fluxes over the step, and the
    change of theta itself. One that cannot be solved is cut; below ``DT_GIVE_UP``, and after
    ``PATIENCE`` evaluations in a day, bounded explicit steps go on, which are coarse but cannot
    fail; the caller sees them by their count.

    Parameters
    ----------
    cells, n, tables
        See ``cells/state.py`` and ``nodes/state.py``; evaluated at the present unknown.
    control : array
        See ``state.py``; its RAIN and DEMAND hold over the period.
    duration : float
        Length of the period, in the grid's unit of time. The last step may end up to BEYOND later;
        water is then moved up to the period's end, and what is CARRIED is the caller's to commit.
    """
    time = 0.0
    first = True
    end = duration + control[state.BEYOND]
    while duration - time > EPS * duration:
        remaining = end - time
        if control[state.EVALUATIONS] > PATIENCE:
            dt = min(DT_IMPATIENT, duration - time)
            begin_step(cells, n, control, dt)
            explicit_step(cells, n, tables, control, dt)
            time += dt
            continue
        dt = min(control[state.DT_NEXT], control[state.DT_MAX])
        wanted = dt
        if dt >= remaining:
            dt = remaining
        elif 2.0 * dt > remaining:
            dt = 0.5 * remaining
        fastest = begin_step(cells, n, control, dt)
        if first and fastest * dt > FIRST_STEP * control[state.THETA_STEP]:
            dt = FIRST_STEP * control[state.THETA_STEP] / fastest
            wanted = dt
            begin_step(cells, n, control, dt)
        first = False
        sigma = 1.0 if control[state.SATURATED] > 0.0 else SIGMA
        settled = iterate_step(cells, n, tables, control, dt, sigma)
        change, error = change_and_error(cells, n, control, dt, sigma)
        by_error = (control[state.TOLERANCE] / max(error, EPS)) ** 0.5
        by_change = control[state.THETA_STEP] / max(change, EPS)
        good = change <= REJECT_CHANGE * control[state.THETA_STEP]
        good = good and error <= REJECT_ERROR * control[state.TOLERANCE]
        over = time + dt - duration
        over = over if over > EPS * duration else 0.0
        if settled and good:
            commit(cells, n, control, dt - over, sigma)
            control[state.CARRIED], control[state.CARRIED_SIGMA] = over, sigma
            time += dt
            factor = min(GROWTH, max(SHRINK, min(by_error, by_change)))
            proposed = dt * factor
            control[state.DT_NEXT] = max(proposed, wanted) if factor >= 1.0 else proposed
            continue
        end = duration
        if dt <= DT_GIVE_UP and over <= 0.0:
            explicit_step(cells, n, tables, control, dt)
            time += dt
            control[state.DT_NEXT] = 10.0 * dt
            continue
        shorter = max(SHRINK, min(by_error, by_change)) if settled else SHRINK
        control[state.DT_NEXT] = dt * shorter
        restore(cells, n, tables, control)
