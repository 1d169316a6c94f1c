"""Water that roots take: it enters the step, the sums and the balance like any flux."""

import numpy as np
import pytest

from rootzone.engines.swim import layout, state
from rootzone.engines.swim.cells import state as at
from rootzone.engines.swim.cells.problem import Bottom, Problem, Surface, vg_table
from rootzone.engines.swim.cells.sink import residual_at_wilting, set_sinks, uptake
from rootzone.engines.swim.cells.step import settle
from rootzone.engines.swim.cells.table import table_from_functions
from rootzone.hydraulics.van_genuchten import conductivity_from_psi, theta_from_psi
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


def test_roots_give_back_what_took_a_cell_below_wilting() -> None:
    # Half of 0.2 and half of 0.1 d-1 for 0.1 d is 0.015. The second cell lacks 0.003 and gets it,
    # the third lacks more than roots took: 0.015 x 1 cm + 0.012 x 2 + 0 x 3 + 0.015 x 4 = 0.099 cm.
    problem = closed_column(-100.0, demand_cm_d=0.3)
    cells = problem.cells
    cells[at.SINK : at.SINK + 4], cells[at.SINK_START : at.SINK_START + 4] = 0.2, 0.1
    cells[at.SINK + 4] = cells[at.SINK_START + 4] = 0.0
    cells[at.THETA : at.THETA + 5] = WILTING + np.array([0.01, -0.003, -0.05, 0.2, -0.01])
    assert uptake(cells, 5, 0.1, 0.5) == pytest.approx(0.099, abs=1e-15)
    left = cells[at.THETA : at.THETA + 5] - WILTING
    assert left == pytest.approx([0.01, 0.0, -0.035, 0.2, -0.01], abs=1e-15)


def test_near_wilting_the_unknown_may_be_wetter_by_what_lies_above_it_and_no_more() -> None:
    # Water after the step is theta(u) less the lag. With 2e-3 allowed and 2e-6 at wilting:
    # 3e-4 above wilting and a lag of 4e-5 pass; 1e-4 above and 4e-4 weigh 4 times what is allowed;
    # a lag of 1e-6 passes anywhere, one of 4e-6 at wilting weighs twice; wet cells, cells whose
    # unknown is too dry and cells without roots are not looked at.
    problem = closed_column(-100.0, demand_cm_d=0.3)
    cells = problem.cells
    problem.control[state.ITERATION_RESIDUAL] = 2e-3

    def weight(above: list[float], lag: list[float]) -> float:
        cells[at.THETA_U : at.THETA_U + 5] = WILTING + np.array(above) + np.array(lag)
        cells[at.RESIDUAL : at.RESIDUAL + 5] = -np.array(lag)
        return residual_at_wilting(cells, 5, problem.control)

    passing = [3e-4, 0.0, 0.1, -1e-3, 0.0], [4e-5, 1e-6, 2e-2, -1e-3, 1e-3]
    assert weight(*passing) == 0.0
    assert weight([1e-4, 0.0, 0.1, 0.1, 0.1], [4e-4, 0.0, 0.0, 0.0, 0.0]) == pytest.approx(8e-3)
    assert weight([0.1, -1e-5, 0.1, 0.1, 0.1], [0.0, 4e-6, 0.0, 0.0, 0.0]) == pytest.approx(4e-3)


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


A, KS, RAIN, UPTAKE, DECAY, LENGTH = 0.05, 24.0, 3.0, 0.1, 15.0, 100.0


def _steady(rain: float, depth_cm: np.ndarray) -> np.ndarray:
    """K [cm d-1] with K - K'/a = rain - what was taken above, and K = Ks at the water table."""
    # Particular solution for roots exp(-z/d)/(d r): K = q_inf + T/r exp(-z/d) a d / (1 + a d),
    # with q_inf = rain - T/r, r = 1 - exp(-L/d); the free part grows as exp(a z).
    r = 1.0 - np.exp(-LENGTH / DECAY)
    below = UPTAKE / r * A * DECAY / (1.0 + A * DECAY)
    deep = rain - UPTAKE / r

    def bounded(z: np.ndarray | float) -> np.ndarray:
        return np.asarray(deep + below * np.exp(-np.asarray(z) / DECAY))

    return bounded(depth_cm) + (KS - bounded(LENGTH)) * np.exp(A * (depth_cm - LENGTH))


def _drying(time_d: float, depth_cm: np.ndarray) -> np.ndarray:
    """Heads [cm] of a rooted column over a water table after the rain has stopped."""
    # Yuan and Lu (2005), Vadose Zone Journal 4, 1210-1218: dtheta/dt = d/dz(K dpsi/dz - K) - S,
    # K = Ks exp(a psi) and theta = r + (s - r) exp(a psi), which makes it linear in K:
    #   c dK/dt = K''/a - K' - S,  c = (s - r) / Ks,  K - K'/a = q at z = 0,  K(L) = Ks.
    # Worked anew here: K = steady K of the new rain + exp(a z/2) sum A_k sin(k (L - z)) exp(-b t),
    # b = (k2 + a2/4) / (a c), tan(k L) = -2 k / a, A by projection of the start on the sines.
    fine = np.linspace(0.0, LENGTH, 8001)
    left = _steady(RAIN, fine) - _steady(0.0, fine)
    out = _steady(0.0, depth_cm)
    step = fine[1] - fine[0]
    for number in range(1, 200):
        low, high = (number - 0.5) * np.pi / LENGTH + 1e-12, number * np.pi / LENGTH - 1e-12
        for _ in range(60):  # bisection; the root lies where the tangent is negative
            k = 0.5 * (low + high)
            low, high = (k, high) if np.tan(k * LENGTH) < -2.0 * k / A else (low, k)
        sine = np.sin(k * (LENGTH - fine))
        weight = np.trapezoid(left * np.exp(-A * fine / 2.0) * sine, dx=step)
        weight /= np.trapezoid(sine**2, dx=step)
        b = (k**2 + A**2 / 4.0) / (A * 0.34 / KS)
        out += weight * np.exp(A * depth_cm / 2.0 - b * time_d) * np.sin(k * (LENGTH - depth_cm))
    return np.log(out / KS) / A


def test_a_rooted_column_dries_as_the_analytic_solution_says() -> None:
    count = 50
    dz = even(LENGTH, count)
    middle = np.cumsum(dz) - 0.5 * dz
    problem = Problem(
        dz,
        [exponential_soil(A, KS)],
        [0] * count,
        np.log(_steady(RAIN, middle) / KS) / A,
        Surface(rain_cm_d=0.0),
        Bottom(layout.BOTTOM_FIXED_HEAD, 0.0),
    )
    edges = np.concatenate(([0.0], np.cumsum(dz)))
    share = np.exp(-edges[:-1] / DECAY) - np.exp(-edges[1:] / DECAY)
    problem.cells[at.ROOT_SHARE : at.ROOT_SHARE + count] = share / share.sum() / dz
    problem.cells[at.ROOT_DRY : at.ROOT_DRY + count] = 0.0
    problem.cells[at.ROOT_FULL : at.ROOT_FULL + count] = 0.01  # no stress
    problem.control[state.OMEGA_C] = 1.0
    problem.control[state.UPTAKE_DEMAND] = UPTAKE
    assert problem.psi_cm == pytest.approx(_drying(0.0, middle), abs=1.0)  # the series starts there
    before = 0.0
    for until in (0.25, 1.0, 4.0):
        problem.march(until - before)
        before = until
        # Seen 0.06, 0.12 and 0.02 cm, the same on half as many and twice as many cells.
        assert problem.psi_cm == pytest.approx(_drying(until, middle), abs=0.2)


def test_the_root_uptake_example_of_hydrus_1d() -> None:
    # Example ROOTUPTK that HYDRUS-1D ships with, as its own files tell it (I_CHECK, A_LEVEL and
    # BALANCE.OUT in AgriHarmony/HYDRUS-1-D-gfortran a4a1f375): a loam at -100 cm, roots falling in
    # a line from 0.02 cm-1 to none at 100 cm, rain and uptake of 0.4 cm d-1, -100 cm held below.
    count, loam = 100, (0.078, 0.43, 0.036, 1.56)
    # It reads theta and K from a table of 100 heads, in lines: at -100 cm K is then 0.0142 cm d-1
    # (NOD_INF.OUT), not the 0.0136 of the formula, and so it must be here.
    heads = -(10.0 ** np.linspace(4.0, -6.0, 100))
    theta = theta_from_psi(heads, *loam)
    k_cm_d = conductivity_from_psi(heads, 10.0, *loam[2:])
    table = table_from_functions(
        lambda h: np.interp(h, heads, theta), lambda h: np.interp(h, heads, k_cm_d)
    )
    dz = even(100.0, count)
    middle = np.cumsum(dz) - 0.5 * dz
    problem = Problem(
        dz,
        [table],
        [0] * count,
        np.full(count, -100.0),
        Surface(rain_cm_d=0.4),
        Bottom(layout.BOTTOM_FIXED_HEAD, -100.0),
    )
    problem.cells[at.ROOT_SHARE : at.ROOT_SHARE + count] = 0.02 * (1.0 - middle / 100.0)
    problem.cells[at.ROOT_DRY : at.ROOT_DRY + count] = 0.0
    problem.cells[at.ROOT_FULL : at.ROOT_FULL + count] = 0.08  # it has no stress by water
    problem.control[state.OMEGA_C] = 1.0
    problem.control[state.UPTAKE_DEMAND] = 0.4
    # Water stored after every 20 days [cm]; its file has three digits.
    theirs = [24.3, 24.7, 25.2, 25.8, 26.3, 26.8, 27.2, 27.4, 27.5, 27.6]
    ours = [problem.march(20.0).stored_cm for _ in theirs]
    assert ours == pytest.approx(theirs, abs=0.05)
    assert problem.control[state.SUM_UPTAKE] == pytest.approx(80.0, abs=1e-9)  # sum(vRoot)
    assert -problem.drainage_cm == pytest.approx(3.35, abs=0.02)  # sum(vBot)
    assert -34.0 < problem.psi_cm[0] < -33.5  # hTop is -33.5 cm, and the soil below it drier
