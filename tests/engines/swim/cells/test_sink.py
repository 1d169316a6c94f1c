"""Water that roots take: it enters the step, the sums and the balance like any flux."""

import numpy as np
import pytest

from rootzone.engines.swim import layout, state
from rootzone.engines.swim.cells import state as at
from rootzone.engines.swim.cells.problem import Bottom, Problem, Surface, vg_table
from rootzone.engines.swim.cells.sink import set_sinks
from rootzone.engines.swim.cells.step import settle
from tests.engines.swim.cells.test_problem import even, exponential_soil

pytestmark = pytest.mark.kernels

LOAM = (0.061, 0.399, 0.01112, 1.472, 12.05)  # Rosetta class mean, Ks in cm d-1
WILTING = 0.09
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
    problem.cells[at.ROOT_DRY : at.ROOT_DRY + 5] = WILTING
    problem.cells[at.ROOT_FULL : at.ROOT_FULL + 5] = WILTING + 0.05
    problem.control[state.OMEGA_C] = 1.0
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
    assert problem.theta[:4].min() >= WILTING - 1e-12
    assert taken < 10.0  # what was asked for


def test_the_slope_of_a_sink_is_that_of_its_value() -> None:
    problem = closed_column(-100.0, demand_cm_d=1.0)
    # 0.4 of the way from wilting to no stress: cells give 0.4 of their share, here 0.1 d-1.
    problem.cells[at.THETA_U : at.THETA_U + 5] = WILTING + 0.4 * 0.05
    problem.cells[at.CAPACITY : at.CAPACITY + 5] = 0.02
    problem.control[state.INVERSE_DT] = 10.0
    set_sinks(problem.cells, 5, problem.control)
    assert problem.cells[at.SINK] == pytest.approx(0.04, rel=1e-12)
    # d S / d u = 0.1 d-1 * (d theta / d u) / 0.05.
    assert problem.cells[at.SINK_SLOPE] == pytest.approx(0.1 * 0.02 / 0.05, rel=1e-12)
    assert problem.cells[at.SINK + 4] == 0.0  # no roots there


def test_other_roots_make_up_down_to_the_critical_index() -> None:
    # Half of the roots at 0.2, half without stress: omega is 0.6. Jarvis (1989): with a critical
    # index of 0.5 all is met, with 0.8 a share of 0.6 / 0.8, with 1 only 0.6.
    for critical, met in ((0.5, 1.0), (0.8, 0.75), (1.0, 0.6)):
        problem = closed_column(-100.0, demand_cm_d=1.0)
        problem.cells[at.ROOT_SHARE : at.ROOT_SHARE + 4] = [0.5 / 6, 0.5 / 6, 0.5 / 6, 0.5 / 4]
        theta = np.array([0.2, 0.2, 0.2, 1.0]) * 0.05 + WILTING
        problem.cells[at.THETA_U : at.THETA_U + 4] = theta
        problem.control[state.OMEGA_C] = critical
        problem.control[state.INVERSE_DT] = 1e-3
        problem.cells[at.THETA : at.THETA + 4] = 0.39  # far from empty
        problem.control[state.INVERSE_DT] = 10.0
        set_sinks(problem.cells, 5, problem.control)
        taken = float(problem.cells[at.SINK : at.SINK + 4] @ DZ_CM[:4])
        assert taken == pytest.approx(met, rel=1e-12)


@pytest.mark.parametrize("count", [100, 200])
def test_steady_uptake_by_exponential_roots_in_an_exponential_soil(count: int) -> None:
    # Raats (1974), doi:10.2136/sssaj1974.03615995003800050012x: K = Ks exp(a h), roots exp(-z/d)/d,
    # rain R and uptake T on a deep column. With Phi = K / a the steady balance
    # dPhi/dz - a Phi = -(R - T (1 - exp(-z/d))) has the bounded solution
    # Phi = (R - T) / a + T exp(-z/d) / (a + 1/d).
    a, ks, rain, uptake, d = 0.05, 24.0, 0.8, 0.5, 10.0
    dz = even(200.0, count)
    problem = Problem(
        dz,
        [exponential_soil(a, ks)],
        [0] * count,
        np.full(count, np.log(rain / ks) / a),
        Surface(rain_cm_d=rain),
        Bottom(layout.BOTTOM_FREE_DRAINAGE),
    )
    edges = np.concatenate(([0.0], np.cumsum(dz)))
    share = (np.exp(-edges[:-1] / d) - np.exp(-edges[1:] / d)) / (1.0 - np.exp(-edges[-1] / d))
    problem.cells[at.ROOT_SHARE : at.ROOT_SHARE + count] = share / dz
    problem.cells[at.ROOT_DRY : at.ROOT_DRY + count] = 0.0
    problem.cells[at.ROOT_FULL : at.ROOT_FULL + count] = 0.01  # no stress
    problem.control[state.OMEGA_C] = 1.0
    problem.control[state.UPTAKE_DEMAND] = uptake
    problem.march(400.0)
    z = problem.depth_cm
    phi = (rain - uptake) / a + uptake * np.exp(-z / d) / (a + 1.0 / d)
    exact = np.log(a * phi / ks) / a
    assert problem.psi_cm == pytest.approx(exact, abs=0.2)  # 1 % of K, most of it the table's
