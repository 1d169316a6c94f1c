"""What passes between two points of one soil: the limits that physics demands, and exact slopes."""

import numpy as np
import pytest

from rootzone._shared.arrays import FloatArray
from rootzone.engines.swim.cells.faces import gravity_between
from rootzone.engines.swim.cells.problem import vg_table
from rootzone.engines.swim.cells.table import (
    read_head,
    read_phi,
    table_from_functions,
    u_from_head,
)

pytestmark = pytest.mark.kernels

CLAY = (0.068, 0.38, 0.008, 1.09, 4.8)  # Carsel and Parrish (1988), Ks in cm d-1
LOAM = (0.061, 0.399, 0.01112, 1.472, 12.05)
SOILS = [CLAY, LOAM]
STEP = 1e-6


def point(u: float, table: FloatArray) -> tuple[float, ...]:
    phi, slope, k, k_slope = read_phi(u, table, 0)
    return (phi, slope, *read_head(u), k, k_slope)


def flux(u_1: float, u_2: float, distance_cm: float, table: FloatArray) -> tuple[float, ...]:
    """Flux [cm d-1] from a point to one below it, and its slopes in u."""
    a, b = point(u_1, table), point(u_2, table)
    mean, above, below = gravity_between(u_1, *a, *b, 1.0 / distance_cm)
    return (
        (a[0] - b[0]) / distance_cm + mean,
        a[1] / distance_cm + above,
        below - b[1] / distance_cm,
    )


@pytest.mark.parametrize("soil", SOILS)
@pytest.mark.parametrize("distance_cm", [0.3, 5.0, 20.0])
def test_flooded_soil_over_drier_soil_passes_ks_at_least(
    soil: tuple[float, ...], distance_cm: float
) -> None:
    # Steady flow downward from a wetter point: D = int K / (q - K) dpsi needs q above K there.
    table = vg_table(*soil)
    for psi_cm in (-0.01, -0.1, -1.0, -30.0, -1000.0, -15000.0):
        assert flux(0.0, u_from_head(psi_cm), distance_cm, table)[0] >= soil[4]


@pytest.mark.parametrize("soil", SOILS)
@pytest.mark.parametrize("psi_cm", [-500.0, -40.0, -3.0])
def test_water_at_rest_does_not_move(soil: tuple[float, ...], psi_cm: float) -> None:
    # Heads that differ by the distance, the lower one wetter: hydrostatic.
    table = vg_table(*soil)
    for distance_cm in (0.5, 2.5):
        found = flux(u_from_head(psi_cm), u_from_head(psi_cm + distance_cm), distance_cm, table)[0]
        assert found == pytest.approx(0.0, abs=1e-4 * soil[4])


def test_steady_flow_of_an_exponential_soil_is_gardners() -> None:
    # K = Ks exp(a psi) between psi1 above and psi2: q = (K1 exp(a D) - K2) / (exp(a D) - 1) by hand
    # from q = K - K dpsi/dz, with K / a for the potential (Gardner 1958).
    a, ks = 0.1, 24.0
    table = table_from_functions(lambda h: 0.1 + 0.3 * np.exp(a * h), lambda h: ks * np.exp(a * h))
    for distance_cm in (0.5, 2.0, 10.0):
        k_1, k_2 = ks * np.exp(-0.3), ks * np.exp(-2.0)  # at -3 and -20 cm
        grown = np.exp(a * distance_cm)
        exact = (k_1 * grown - k_2) / (grown - 1.0)
        found = flux(u_from_head(-3.0), u_from_head(-20.0), distance_cm, table)[0]
        assert found == pytest.approx(exact, rel=1e-3)


@pytest.mark.parametrize("soil", SOILS)
def test_a_wetter_point_below_takes_no_more_than_the_upper_gives(soil: tuple[float, ...]) -> None:
    # Steady flow down to a wetter point is below K of the upper one (the same integral). The way
    # over to water at rest costs up to a tenth of Ks; the integral mean alone passes 0.6 Ks more.
    table = vg_table(*soil)
    k_1 = point(-0.1, table)[4]
    for psi_cm in (-0.05, 0.0, 1.0, 5.0):
        found = flux(-0.1, u_from_head(psi_cm), 20.0, table)[0]
        assert found <= k_1 + 0.1 * soil[4]


@pytest.mark.parametrize("soil", SOILS)
@pytest.mark.parametrize("distance_cm", [0.7, 20.0])
def test_slopes_are_those_of_the_flux(soil: tuple[float, ...], distance_cm: float) -> None:
    # Central differences; heads within intervals of the table, where its slopes are continuous.
    table = vg_table(*soil)
    for u_1 in (0.3, -0.06, -0.9, -2.7, -3.6, -6.3):
        for u_2 in (0.2, -0.03, -0.7, -2.45, -3.8, -7.2):
            _, above, below = flux(u_1, u_2, distance_cm, table)
            up, down = (flux(u_1 + h, u_2, distance_cm, table)[0] for h in (STEP, -STEP))
            assert (up - down) / (2 * STEP) == pytest.approx(above, rel=1e-4, abs=1e-6)
            up, down = (flux(u_1, u_2 + h, distance_cm, table)[0] for h in (STEP, -STEP))
            assert (up - down) / (2 * STEP) == pytest.approx(below, rel=1e-4, abs=1e-6)
