"""Water that roots take: it enters the step, the sums and the balance like any flux."""

import numpy as np
import pytest

from rootzone.engines.swim import layout, state
from rootzone.engines.swim.cells import state as at
from rootzone.engines.swim.cells.problem import Bottom, Problem, Surface, vg_table
from rootzone.engines.swim.cells.sink import LAST_WATER, set_sinks
from rootzone.engines.swim.cells.step import settle

pytestmark = pytest.mark.kernels

LOAM = (0.061, 0.399, 0.01112, 1.472, 12.05)  # Rosetta class mean, Ks in cm d-1
DZ_CM = np.array([1.0, 2.0, 3.0, 4.0, 10.0])


def closed_column(psi_cm: float, demand_cm_d: float) -> Problem:
    """Nothing passes the ends; roots take evenly from the upper 10 cm."""
    problem = Problem(
        DZ_CM,
        [vg_table(*LOAM)],
        [0] * 5,
        np.full(5, psi_cm),
        Surface(),
        Bottom(layout.BOTTOM_ZERO_FLUX),
    )
    problem.cells[at.THETA_R_CELL : at.THETA_R_CELL + 5] = LOAM[0]
    problem.cells[at.ROOT_SHARE : at.ROOT_SHARE + 4] = 0.1  # 1 over 10 cm
    problem.control[state.UPTAKE_DEMAND] = demand_cm_d
    return problem


def test_a_moist_column_loses_exactly_what_roots_ask_for() -> None:
    problem = closed_column(-100.0, demand_cm_d=0.3)
    before = problem.stored_cm
    problem.march(2.0)
    # 0.3 cm d-1 for 2 d.
    assert problem.control[state.SUM_UPTAKE] == pytest.approx(0.6, abs=1e-12)
    assert before - problem.stored_cm == pytest.approx(0.6, abs=1e-12)


def test_nothing_is_taken_once_nothing_is_asked_for() -> None:
    problem = closed_column(-100.0, demand_cm_d=0.3).march(0.5)
    taken = float(problem.control[state.SUM_UPTAKE])
    problem.control[state.UPTAKE_DEMAND] = 0.0
    before = problem.stored_cm
    problem.march(1.0)
    assert problem.control[state.SUM_UPTAKE] == taken
    assert problem.stored_cm == pytest.approx(before, abs=1e-12)


def test_a_dry_column_gives_no_more_than_it_holds() -> None:
    problem = closed_column(-3000.0, demand_cm_d=2.0)
    before = problem.stored_cm
    problem.march(5.0)
    settle(problem.cells, problem.n, problem.control)  # as at the end of a day
    taken = float(problem.control[state.SUM_UPTAKE])
    assert before - problem.stored_cm == pytest.approx(taken, abs=1e-10)
    assert problem.theta.min() >= LOAM[0]
    assert taken < 10.0  # what was asked for


def test_the_slope_of_a_sink_is_that_of_its_value() -> None:
    problem = closed_column(-100.0, demand_cm_d=1.0)
    theta = LOAM[0] + 0.4 * LAST_WATER  # cells then give 0.4 of their share, here 0.1 d-1
    problem.cells[at.THETA_U : at.THETA_U + 5] = theta
    problem.cells[at.CAPACITY : at.CAPACITY + 5] = 0.02
    set_sinks(problem.cells, 5, 1.0)
    assert problem.cells[at.SINK] == pytest.approx(0.04, rel=1e-12)
    # d S / d u = 0.1 d-1 * (d theta / d u) / LAST_WATER.
    assert problem.cells[at.SINK_SLOPE] == pytest.approx(0.1 * 0.02 / LAST_WATER, rel=1e-12)
    assert problem.cells[at.SINK + 4] == 0.0  # no roots there
