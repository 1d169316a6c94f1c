import numpy as np
import pytest
from scipy.integrate import quad

from rootzone.engines.swim.cells.functions import (
    theta_from_suction,
    vapour_conductivity_cm_d,
    vg_point,
)
from rootzone.engines.swim.cells.problem import vg_table
from rootzone.engines.swim.cells.table import (
    read_head,
    read_phi,
    read_theta,
    table_from_functions,
    u_from_head,
    u_from_theta,
)

pytestmark = pytest.mark.kernels

LOAM = (0.061, 0.399, 0.01112, 1.472, 12.05)  # Rosetta class mean
SAND = (0.045, 0.43, 0.15, 3.0, 1000.0)  # Vanderborght et al. 2005
CLAY = (0.1, 0.4, 0.01, 1.1, 10.0)


def conductivity(suction_cm: float, soil: tuple[float, ...]) -> float:
    """Mualem's formula as van Genuchten (1980) prints it, Eq. 8."""
    _, _, alpha, n, ks = soil
    m = 1.0 - 1.0 / n
    se = (1.0 + (alpha * suction_cm) ** n) ** -m
    return float(ks * se**0.5 * (1.0 - (1.0 - se ** (1.0 / m)) ** m) ** 2)


def test_saturation_is_a_half_where_the_closed_form_says_so() -> None:
    # By hand: n = 2, m = 0.5, alpha h = sqrt(3) gives Se = (1 + 3) ** -0.5 = 0.5, and with L = 0
    # K = (1 - (3/4) ** 0.5) ** 2 = 0.0179492.
    se, _, kr = vg_point(np.log(np.sqrt(3.0)), 0.0, 2.0, 0.5, 0.0)
    assert se == pytest.approx(0.5, abs=1e-15)
    assert kr == pytest.approx(0.0179491924, abs=1e-10)


def test_conductivity_keeps_its_digits_in_dry_soil() -> None:
    # For large x, 1 - (1 + x**-n)**-m tends to m x**-n: with n = 3, m = 2/3, x = 1e4 and L = 0,
    # K = (2/3 * 1e-12) ** 2. The textbook form gives 0 here.
    _, _, kr = vg_point(np.log(1e4), 0.0, 3.0, 2.0 / 3.0, 0.0)
    assert kr == pytest.approx((2.0 / 3.0 * 1e-12) ** 2, rel=1e-10)


@pytest.mark.parametrize("soil", [LOAM, SAND, CLAY])
def test_table_holds_the_closed_forms_between_its_knots(soil: tuple[float, ...]) -> None:
    table = vg_table(*soil)
    for suction in (0.7, 3.1, 17.0, 95.0, 640.0, 7700.0):
        u = u_from_head(-suction)
        theta, _ = read_theta(u, table, 0)
        assert theta == pytest.approx(theta_from_suction(suction, *soil[:4]), abs=1e-5)
        _, _, k, _ = read_phi(u, table, 0)
        assert k == pytest.approx(conductivity(suction, soil), rel=2e-2)


@pytest.mark.parametrize("soil", [LOAM, CLAY])
def test_flux_potential_is_the_integral_of_k(soil: tuple[float, ...]) -> None:
    # Kirchhoff's transform by adaptive quadrature, from 1000 cm to the table's first knot.
    table = vg_table(*soil)
    wet = np.expm1(0.125)
    ends = [read_phi(u_from_head(-s), table, 0)[0] for s in (wet, 1000.0)]
    exact, _ = quad(
        lambda y: conductivity(np.exp(y), soil) * np.exp(y), np.log(wet), np.log(1000.0)
    )
    assert ends[0] - ends[1] == pytest.approx(exact, rel=3e-4)


def test_conductivity_runs_into_its_saturated_value() -> None:
    table = vg_table(*LOAM)
    _, _, below, _ = read_phi(-1e-9, table, 0)
    _, _, above, _ = read_phi(1e-9, table, 0)
    assert above == 12.05
    assert below == pytest.approx(12.05, rel=1e-6)


@pytest.mark.parametrize("soil", [LOAM, SAND, CLAY])
def test_potential_rises_with_u_everywhere(soil: tuple[float, ...]) -> None:
    table = vg_table(*soil)
    slopes = [read_phi(u, table, 0)[1] for u in np.linspace(-20.0, 0.5, 400)]
    assert min(slopes) >= 0.0


@pytest.mark.parametrize("n", [1.05, 1.09, 1.24, 1.56, 2.7])
def test_conductivity_falls_from_saturation_without_a_jump_or_a_cusp(n: float) -> None:
    # Van Genuchten's K has an infinite slope at saturation for n below 2; the table's has none, is
    # never above Ks and meets van Genuchten's at the first knot, 1.33 mm of suction.
    soil = (0.068, 0.38, 0.008, n, 4.8)
    table = vg_table(*soil)
    u = -np.linspace(1e-9, 0.125, 200)
    k, slope = np.array([read_phi(x, table, 0)[2:] for x in u]).T
    assert k[0] == pytest.approx(4.8, rel=1e-6)
    assert slope[0] == pytest.approx(0.0, abs=1e-6)
    assert np.diff(k).max() <= 4.8e-5  # a parabola for K (1 - psi) where K hardly falls
    assert np.all(slope >= 0.0)
    assert k[-1] == pytest.approx(conductivity(np.expm1(0.125), soil), rel=1e-9)
    assert np.gradient(k, u)[5:-5] == pytest.approx(slope[5:-5], rel=2e-2, abs=5e-3)


@pytest.mark.parametrize("theta", [0.0611, 0.15, 0.3, 0.3989])
def test_u_from_theta_undoes_theta(theta: float) -> None:
    table = vg_table(*LOAM)
    u = u_from_theta(theta, table, 0)
    assert read_theta(u, table, 0)[0] == pytest.approx(theta, abs=1e-12)


def test_water_at_or_above_saturation_has_u_zero() -> None:
    table = vg_table(*LOAM)
    assert u_from_theta(0.399, table, 0) == 0.0
    assert u_from_theta(0.5, table, 0) == 0.0


@pytest.mark.parametrize("psi", [3.0, 0.0, -0.5, -80.0, -2.5e6])
def test_head_and_u_are_inverse(psi: float) -> None:
    head, _ = read_head(u_from_head(psi))
    assert head == pytest.approx(psi, rel=1e-11, abs=1e-12)


def test_table_of_an_exponential_soil_has_its_known_potential() -> None:
    # K = Ks exp(a psi) integrates to (Ks / a) (1 - exp(-a s)) between -s and 0: Gardner (1958).
    table = table_from_functions(
        lambda h: 0.1 + 0.3 * np.exp(0.1 * h), lambda h: 24.0 * np.exp(0.1 * h)
    )
    gain = read_phi(0.0, table, 0)[0] - read_phi(u_from_head(-10.0), table, 0)[0]
    assert gain == pytest.approx(240.0 * (1.0 - np.exp(-1.0)), rel=1e-6)


def test_vapour_adds_its_conductivity_and_nothing_else() -> None:
    wet, with_vapour = vg_table(*LOAM), vg_table(*LOAM, vapour=True)
    suction = 1e5
    u = u_from_head(-suction)
    theta, _ = read_theta(u, wet, 0)
    assert read_theta(u, with_vapour, 0)[0] == theta
    gain = (read_phi(u, with_vapour, 0)[1] - read_phi(u, wet, 0)[1]) / (1.0 + suction)
    assert gain == pytest.approx(vapour_conductivity_cm_d(suction, theta, 0.399), rel=1e-3)
