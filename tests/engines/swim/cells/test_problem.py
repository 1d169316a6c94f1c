"""Published problems with analytic or agreed solutions.

"Our fine reference" below is an independent fine-grid solver (closed forms, 400 cells, SDIRK2, as
in benchmarks/fine_richards.py); everything else is an equation or a paper.
"""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq

from rootzone.engines.swim import layout
from rootzone.engines.swim.cells.problem import Accuracy, Bottom, Problem, Surface, vg_table
from rootzone.engines.swim.cells.table import table_from_functions

pytestmark = [pytest.mark.kernels, pytest.mark.slow]

S_PER_D = 86400.0
FINE = Accuracy(1e-4, 1e-6, 5e-3)
SAND = (0.045, 0.43, 0.15, 3.0, 1000.0)  # the soils of Vanderborght et al. 2005
LOAM = (0.08, 0.43, 0.04, 1.6, 50.0)
CLAY = (0.1, 0.4, 0.01, 1.1, 10.0)


def held(psi_cm: float) -> Bottom:
    return Bottom(layout.BOTTOM_FIXED_HEAD, psi_cm)


def even(depth_cm: float, n: int) -> np.ndarray:
    return np.full(n, depth_cm / n)


def graded(depth_cm: float, first_cm: float, ratio: float) -> np.ndarray:
    dz = first_cm * ratio ** np.arange(512)
    dz = dz[: int(np.searchsorted(np.cumsum(dz), depth_cm))]
    return np.append(dz, depth_cm - dz.sum())


def one_soil(
    dz: np.ndarray, table: np.ndarray, psi: object, *rest: object, **more: object
) -> Problem:
    heads = np.broadcast_to(np.asarray(psi, dtype=float), dz.shape)
    return Problem(dz, [table], [0] * dz.size, heads, *rest, **more)  # type: ignore[arg-type]


def depth_of_theta(problem: Problem, theta: float) -> float:
    i = int(np.argmax(problem.theta < theta))
    dry, wet = problem.theta[i], problem.theta[i - 1]
    return float(np.interp(theta, [dry, wet], [problem.depth_cm[i], problem.depth_cm[i - 1]]))


def balance_error(problem: Problem, stored_before: float) -> float:
    gain = problem.stored_cm - stored_before
    return abs(problem.inflow_cm - problem.drainage_cm - gain)


def haverkamp_sand() -> np.ndarray:
    # Haverkamp et al. (1977), the soil of Celia et al. (1990), case 1.
    return table_from_functions(
        lambda h: 0.075 + 0.212 * 1.611e6 / (1.611e6 + np.abs(h) ** 3.96),
        lambda h: 0.00944 * S_PER_D * 1.175e6 / (1.175e6 + np.abs(h) ** 4.74),
    )


def exponential_soil(a_per_cm: float, ks_cm_d: float) -> np.ndarray:
    # Gardner (1958): K and theta both exponential in the head.
    return table_from_functions(
        lambda h: 0.06 + 0.34 * np.exp(a_per_cm * h), lambda h: ks_cm_d * np.exp(a_per_cm * h)
    )


# --- Celia, Bouloutas and Zarba (1990), doi:10.1029/WR026i007p01483 ---


def test_celia_infiltration_into_haverkamp_sand() -> None:
    # Our fine reference: 2.374 cm after 360 s, heads below, -40 cm at 15.49 cm.
    problem = one_soil(even(40.0, 200), haverkamp_sand(), -61.5, Surface(-20.73), held(-61.5), FINE)
    before = problem.stored_cm
    problem.march(360.0 / S_PER_D)
    assert problem.inflow_cm == pytest.approx(2.374, abs=1e-3)
    heads = problem.psi_at(np.array([2.0, 5.0, 8.0, 10.0, 12.0]))
    np.testing.assert_allclose(heads, [-21.11, -21.98, -23.47, -25.13, -27.89], rtol=2e-3)
    assert problem.depth_where_psi(-40.0) == pytest.approx(15.49, abs=0.05)
    assert balance_error(problem, before) < 1e-12


def test_haverkamp_flux_infiltration() -> None:
    # Haverkamp et al. (1977): 13.69 cm/h for 0.8 h; water contents of our fine reference.
    problem = one_soil(
        even(80.0, 200), haverkamp_sand(), -61.5, Surface(rain_cm_d=13.69 * 24), held(-61.5), FINE
    ).march(0.8 / 24)
    theta = problem.theta_at(np.array([10.0, 30.0, 50.0, 60.0]))
    np.testing.assert_allclose(theta, [0.2674, 0.2671, 0.2630, 0.2462], atol=2e-4)


def test_celia_new_mexico_soil_keeps_its_mass_and_its_front() -> None:
    # Celia et al. (1990), Fig. 5: the front stands near 60 cm; our fine reference: 4.112 cm in,
    # -500 cm at 56.5 cm. The head form loses mass here, the mixed form must not.
    table = vg_table(0.102, 0.368, 0.0335, 2.0, 0.00922 * S_PER_D)
    problem = one_soil(even(100.0, 400), table, -1000.0, Surface(-75.0), held(-1000.0), FINE)
    before = problem.stored_cm
    problem.march(1.0)
    assert problem.inflow_cm == pytest.approx(4.112, abs=4e-3)
    heads = problem.psi_at(np.array([10.0, 20.0, 40.0]))
    np.testing.assert_allclose(heads, [-76.87, -80.28, -100.45], rtol=2e-3)
    assert problem.depth_where_psi(-500.0) == pytest.approx(56.5, abs=0.1)
    assert balance_error(problem, before) < 1e-12


# --- Miller, Williams, Kelley and Tocci (1998), doi:10.1029/98WR01513: sharp fronts, ponded ---


@pytest.mark.parametrize(
    ("soil", "depth_cm", "days", "infiltrated_cm", "within"),
    [
        # Infiltration of our fine reference: sand 103.6, loam 66.52 cm.
        ((0.093, 0.301, 0.0547, 4.264, 504.0), 1000.0, 0.18, 103.6, 0.005),
        ((0.078, 0.43, 0.036, 1.56, 25.0), 500.0, 2.25, 66.52, 0.005),
    ],
)
def test_miller_ponded_infiltration(
    soil: tuple[float, ...], depth_cm: float, days: float, infiltrated_cm: float, within: float
) -> None:
    dz = even(depth_cm, 400)
    hydrostatic = np.cumsum(dz) - 0.5 * dz - depth_cm
    accuracy = Accuracy(1e-2, 1e-3, 0.05)
    problem = one_soil(dz, vg_table(*soil), hydrostatic, Surface(10.0), held(0.0), accuracy)
    before = problem.stored_cm
    problem.march(days)
    assert problem.inflow_cm == pytest.approx(infiltrated_cm, rel=within)
    assert balance_error(problem, before) < 1e-9


def test_miller_clay_loam_runs_to_its_end() -> None:
    # The hard one: n = 1.31 under a pond of 10 cm; our fine reference did not finish it. At least
    # Ks t must enter, as all above the front is saturated (Green and Ampt 1911).
    dz = even(200.0, 200)
    table = vg_table(0.095, 0.41, 0.019, 1.31, 6.2)
    hydrostatic = np.cumsum(dz) - 0.5 * dz - 200.0
    problem = one_soil(dz, table, hydrostatic, Surface(10.0), held(0.0), Accuracy(1e-2, 1e-3, 0.05))
    before = problem.stored_cm
    problem.march(1.0)
    assert problem.inflow_cm > 6.2
    assert problem.steps < 1000
    assert balance_error(problem, before) < 1e-9


# --- Srivastava and Yeh (1991), doi:10.1029/90WR02772: exact, transient, homogeneous ---


def test_srivastava_and_yeh_homogeneous_wetting() -> None:
    # Their series, evaluated for a = 0.1 cm-1, Ks 1 cm/h, 100 cm above a water table, flux from
    # 0.1 to 0.9 cm/h; heads at the depths below.
    dz = even(100.0, 400)
    above_table = 100.0 - (np.cumsum(dz) - 0.5 * dz)
    start = np.log(0.1 + 0.9 * np.exp(-0.1 * above_table)) / 0.1
    table = exponential_soil(0.1, 24.0)
    problem = one_soil(
        dz, table, start, Surface(rain_cm_d=0.9 * 24), held(0.0), Accuracy(1e-5, 1e-7, 5e-3)
    )
    depths = np.array([0.125, 10.125, 20.125, 30.125, 50.125, 70.125])
    expected = {
        1.0: [-7.367, -17.550, -22.619, -22.938, -22.430, -19.285],
        5.0: [-3.094, -6.046, -10.361, -15.392, -21.533, -19.266],
        10.0: [-1.924, -3.125, -5.001, -7.600, -14.231, -17.471],
        50.0: [-1.064, -1.078, -1.102, -1.142, -1.286, -1.463],
    }
    hour = 0.0
    for until, heads in expected.items():
        problem.march((until - hour) / 24.0)
        hour = until
        np.testing.assert_allclose(problem.psi_at(depths), heads, atol=0.04)


@pytest.mark.parametrize("share", [0.1, 0.9])
def test_layered_exponential_soils_reach_their_steady_heads(share: float) -> None:
    # The steady state of Srivastava and Yeh's layered column, from Darcy's law in each layer:
    # exp(a h) = s + (exp(a h0) - s exp(0)) exp(-a z) with s = q / Ks and h continuous at the face.
    a_low, a_up, ks_low, ks_up = 0.1, 0.05, 24.0, 12.0
    q = share * ks_up
    dz = even(200.0, 400)
    height = 200.0 - (np.cumsum(dz) - 0.5 * dz)

    def exact(z: np.ndarray) -> np.ndarray:
        low = (
            np.log(q / ks_low + (1.0 - q / ks_low) * np.exp(-a_low * np.minimum(z, 100.0))) / a_low
        )
        face = np.log(q / ks_low + (1.0 - q / ks_low) * np.exp(-a_low * 100.0)) / a_low
        rest = (np.exp(a_up * face) - q / ks_up) * np.exp(-a_up * np.maximum(z - 100.0, 0.0))
        return np.where(z < 100.0, low, np.log(q / ks_up + rest) / a_up)

    tables = [exponential_soil(a_up, ks_up), exponential_soil(a_low, ks_low)]
    problem = Problem(
        dz,
        tables,
        [0] * 200 + [1] * 200,
        np.full(400, -15.0),
        Surface(rain_cm_d=q),
        held(0.0),
        Accuracy(1e-3, 1e-7, 0.02),
    ).march(200.0)
    np.testing.assert_allclose(problem.psi_cm, exact(height), atol=0.02)


# --- Steady flow above a water table ---


def test_steady_infiltration_in_an_exponential_soil() -> None:
    # h = ln(s + (1 - s) exp(-a z)) / a with s = q / Ks = 0.3, a = 0.1 cm-1 (Gardner 1958).
    problem = one_soil(
        even(100.0, 200), exponential_soil(0.1, 24.0), -20.0, Surface(rain_cm_d=7.2), held(0.0)
    ).march(30.0)
    heads = problem.psi_at(100.0 - np.array([10.0, 20.0, 50.0]))
    np.testing.assert_allclose(heads, [-5.843, -9.295, -11.884], atol=4e-3)


@pytest.mark.parametrize(("depth_cm", "share"), [(50.0, 0.006784), (30.0, 0.05240)])
def test_limiting_evaporation_of_an_exponential_soil(depth_cm: float, share: float) -> None:
    # Emax = Ks / (exp(a L) - 1), a = 0.1 cm-1.
    n = int(4 * depth_cm)
    start = np.cumsum(even(depth_cm, n)) - depth_cm
    problem = one_soil(
        even(depth_cm, n), exponential_soil(0.1, 24.0), start, Surface(-1e4), held(0.0)
    ).march(60.0)
    before = problem.inflow_cm
    problem.march(5.0)
    assert -(problem.inflow_cm - before) / 5.0 == pytest.approx(share * 24.0, rel=1e-3)


@pytest.mark.parametrize(
    ("power", "b", "depth_cm"), [(2, 1e3, 400.0), (3, 1e4, 200.0), (4, 1e5, 200.0)]
)
def test_limiting_evaporation_of_gardner_soils(power: int, b: float, depth_cm: float) -> None:
    # Gardner (1958): K = a / (s**n + b); L is the integral of ds / (1 + E / K) over all suctions,
    # solved for E. For large L it is A_n a / L**n with A = 2.467, 1.768, 1.522 (Warrick 1988).
    a = 10.0 * b
    table = table_from_functions(
        lambda h: 0.05 + 0.35 / (1.0 + (np.abs(h) / 50.0) ** 1.5) ** 0.6,
        lambda h: a / (np.abs(h) ** power + b),
    )
    dz = graded(depth_cm, 0.02, 1.05)
    start = np.cumsum(dz) - 0.5 * dz - depth_cm
    problem = one_soil(dz, table, start, Surface(-1e6), held(0.0)).march(3000.0)
    before = problem.inflow_cm
    problem.march(500.0)

    def depth_left(e: float) -> float:
        ends = [1.0, 10.0, 100.0, 1e3, 1e4, 1e5]
        fall = quad(
            lambda s: 1.0 / (1.0 + e * (s**power + b) / a), 0.0, 1e6, points=ends, limit=400
        )
        return float(fall[0]) - depth_cm

    exact = brentq(depth_left, 1e-8, 5.0)
    assert -(problem.inflow_cm - before) / 500.0 == pytest.approx(exact, rel=3e-3)


# --- Vanderborght et al. (2005), doi:10.2136/vzj2004.0080 ---


@pytest.mark.parametrize(
    ("upper", "lower", "heads"),
    [
        # Steady 0.5 cm/d through 50 cm over 50 cm; heads at 75, 45, 40, 30, 20, 10 cm from the
        # integral of dz = dh / (q / K - 1) (their Eq. 11), evaluated for the science notes.
        (LOAM, SAND, [-17.309, -21.65, -25.68, -32.54, -37.63, -41.05]),
        (SAND, LOAM, [-46.036, -17.83, -17.38, -17.31, -17.309, -17.309]),
        (CLAY, SAND, [-17.309, -14.38, -12.43, -10.24, -9.24, -8.78]),
    ],
)
def test_steady_flux_through_two_layers(
    upper: tuple[float, ...], lower: tuple[float, ...], heads: list[float]
) -> None:
    soil = [0] * 200 + [1] * 200
    problem = Problem(
        even(100.0, 400),
        [vg_table(*upper), vg_table(*lower)],
        soil,
        np.full(400, -50.0),
        Surface(rain_cm_d=0.5),
        Bottom(),
        Accuracy(1e-2, 1e-5, 0.05),
    ).march(1000.0)
    found = problem.psi_at(np.array([75.0, 45.0, 40.0, 30.0, 20.0, 10.0]))
    np.testing.assert_allclose(found, heads, rtol=3e-3)


def test_travelling_wave_in_sand() -> None:
    # 100 cm/d into -400 cm: theta behind the front where K = 100 cm/d is 0.2824, and it moves at
    # (q - Ki) / (theta - theta_i) = 421.4 cm/d.
    problem = one_soil(
        even(200.0, 400),
        vg_table(*SAND),
        -400.0,
        Surface(rain_cm_d=100.0),
        Bottom(),
        Accuracy(1e-3, 1e-5, 0.02),
    )
    theta_i = problem.theta[0]
    problem.march(0.1)
    middle = 0.5 * (problem.theta[0] + theta_i)
    first = depth_of_theta(problem, middle)
    problem.march(0.2)
    assert problem.theta[0] == pytest.approx(0.2824, abs=1e-4)
    assert (depth_of_theta(problem, middle) - first) / 0.2 == pytest.approx(421.4, rel=2e-3)


def test_ponding_time_and_infiltration_of_loam() -> None:
    # 100 cm/d on loam that takes 50; the rest runs off. fine_richards.ponded_loam, of this soil,
    # whose K has no cusp: 11.178, 11.209, 11.217 cm by 0.2 d on 100, 200 and 400 cells, likewise
    # by 0.5 and 1 d, so in the limit 11.220, 26.223, 51.224 (with the cusp 11.177 by 0.2 d).
    problem = one_soil(
        even(200.0, 400),
        vg_table(*LOAM),
        -400.0,
        Surface(rain_cm_d=100.0),
        Bottom(),
        Accuracy(1e-3, 1e-5, 0.02),
    )
    day, found = 0.0, []
    for until in (0.2, 0.5, 1.0):
        problem.march(until - day)
        day = until
        found.append(problem.inflow_cm)
    np.testing.assert_allclose(found, [11.220, 26.223, 51.224], rtol=2e-4)
    assert problem.runoff_cm == pytest.approx(100.0 - problem.inflow_cm, abs=1e-9)


@pytest.mark.parametrize(
    ("soil", "start_cm", "demand_cm_d", "lost_cm"),
    [
        # Evaporation to -1e4 cm; cumulative cm after 1, 2, 5, 10 d of our fine reference.
        (SAND, -40.0, 0.1, [0.0081, 0.0111, 0.0166, 0.0221]),
        (LOAM, -200.0, 0.1, [0.1000, 0.1746, 0.2924, 0.4171]),
        (LOAM, -200.0, 0.3, [0.1351, 0.1921, 0.3026, 0.4244]),
        (CLAY, -200.0, 0.3, [0.2818, 0.4273, 0.6938, 0.9830]),
    ],
)
def test_evaporation_falls_off_as_the_surface_dries(
    soil: tuple[float, ...], start_cm: float, demand_cm_d: float, lost_cm: list[float]
) -> None:
    problem = one_soil(
        graded(100.0, 0.05, 1.02),
        vg_table(*soil),
        start_cm,
        Surface(demand_cm_d=demand_cm_d, dry_psi_cm=-1e4),
        Bottom(),
        FINE,
    )
    found, day = [], 0.0
    for until in (1.0, 2.0, 5.0, 10.0):
        problem.march(until - day)
        day = until
        found.append(problem.evaporation_cm)
    np.testing.assert_allclose(found, lost_cm, rtol=5e-3, atol=1e-4)


# --- Sorptivity: Philip (1957) ---


@pytest.mark.parametrize(
    ("soil", "days", "sorptivity", "front"),
    [
        # S [cm d-0.5] and position of Se = 0.5 [cm d-0.5] of our fine reference.
        ((0.153, 0.25, 0.0079, 10.4, 108.0), 0.02, 24.04, 274.8),
        ((0.131, 0.396, 0.00423, 2.06, 4.96), 0.25, 12.98, 55.15),
    ],
)
def test_horizontal_infiltration_goes_with_the_root_of_time(
    soil: tuple[float, ...], days: float, sorptivity: float, front: float
) -> None:
    theta_r, theta_s, alpha, n, _ = soil
    m = 1.0 - 1.0 / n
    wet, dry = (-((se ** (-1.0 / m) - 1.0) ** (1.0 / n)) / alpha for se in (0.99, 0.01))
    dz = even(2.0 * front * np.sqrt(days), 400)
    problem = one_soil(
        dz,
        vg_table(*soil),
        dry,
        Surface(wet),
        Bottom(layout.BOTTOM_ZERO_FLUX),
        Accuracy(1e-3, 1e-6, 0.01),
        gravity=0.0,
    )
    problem.march(0.25 * days)
    quarter = problem.inflow_cm
    problem.march(0.75 * days)
    assert problem.inflow_cm / quarter == pytest.approx(2.0, rel=0.01)
    assert problem.inflow_cm / np.sqrt(days) == pytest.approx(sorptivity, rel=0.01)
    middle = 0.5 * (theta_r + theta_s)
    assert depth_of_theta(problem, middle) / np.sqrt(days) == pytest.approx(front, rel=0.01)


def yolo_light_clay() -> np.ndarray:
    # Haverkamp et al. (1977) after Philip (1957).
    def theta(h: np.ndarray) -> np.ndarray:
        return 0.124 + 0.371 * 739.0 / (739.0 + np.log(np.maximum(np.abs(h), 1.0)) ** 4)

    return table_from_functions(
        theta, lambda h: 1.23e-5 * S_PER_D * 124.6 / (124.6 + np.abs(h) ** 1.77)
    )


def test_philip_infiltration_into_yolo_light_clay() -> None:
    # Horizontal sorptivity 0.0125 cm s-0.5 in the literature (Philip 1957), 0.01224 for these
    # functions; vertical infiltration of our fine reference after 1e4, 1e5, 5e5 s.
    dz = graded(150.0, 0.1, 1.015)
    level = one_soil(
        dz, yolo_light_clay(), -600.0, Surface(0.0), Bottom(layout.BOTTOM_ZERO_FLUX), gravity=0.0
    ).march(1e5 / S_PER_D)
    assert level.inflow_cm / np.sqrt(1e5) == pytest.approx(0.01224, rel=2e-3)
    upright = one_soil(dz, yolo_light_clay(), -600.0, Surface(0.0), Bottom())
    second, found = 0.0, []
    for until in (1e4, 1e5, 5e5):
        upright.march((until - second) / S_PER_D)
        second = until
        found.append(upright.inflow_cm)
    np.testing.assert_allclose(found, [1.274, 4.381, 11.58], rtol=5e-3)


def test_infiltration_lies_between_philips_two_limits() -> None:
    # Philip's two-term limits: S sqrt(t) + Ks t / 3 < I < S sqrt(t) + Ks t at early times.
    dz = graded(150.0, 0.1, 1.015)
    seconds = 1e4
    problem = one_soil(dz, yolo_light_clay(), -600.0, Surface(0.0), Bottom()).march(
        seconds / S_PER_D
    )
    root = 0.01224 * np.sqrt(seconds)
    assert root < problem.inflow_cm < root + 1.23e-5 * seconds


# --- Rest and gravity ---


def test_hydrostatic_column_stays_at_rest() -> None:
    dz = graded(100.0, 0.5, 1.1)
    start = np.cumsum(dz) - 0.5 * dz - 100.0
    problem = one_soil(dz, vg_table(*LOAM), start, Surface(), held(0.0)).march(10.0)
    np.testing.assert_allclose(problem.psi_cm, start, atol=2e-2)
    assert abs(problem.drainage_cm) < 2e-4


def test_uniform_column_drains_at_its_conductivity() -> None:
    # Unit gradient: the flux through every face is K(h), here 0.5 cm/d fed from above.
    table = vg_table(*LOAM)
    problem = one_soil(even(100.0, 20), table, -41.0, Surface(rain_cm_d=0.5), Bottom()).march(500.0)
    before = problem.drainage_cm
    problem.march(1.0)
    assert problem.drainage_cm - before == pytest.approx(0.5, rel=1e-4)
    np.testing.assert_allclose(problem.psi_cm, problem.psi_cm[0], atol=1e-3)


def test_more_cells_than_room_is_an_error() -> None:
    with pytest.raises(ValueError, match="513 cells"):
        one_soil(even(10.0, 513), vg_table(*LOAM), -100.0, Surface(), Bottom())
