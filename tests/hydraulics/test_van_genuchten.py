"""Van Genuchten and Mualem: limits, hand-worked values, the round trip, and awkward input."""

import numpy as np
import pytest

from rootzone.hydraulics.read_rosetta import read_rosetta_table
from rootzone.hydraulics.van_genuchten import (
    conductivity_from_psi,
    conductivity_from_se,
    psi_from_theta,
    theta_from_psi,
)

pytestmark = pytest.mark.kernels


def test_theta_is_theta_s_at_saturation_and_theta_r_when_dry() -> None:
    assert theta_from_psi([0.0, 5.0], 0.1, 0.4, 0.02, 2.0) == pytest.approx([0.4, 0.4])
    assert theta_from_psi(-1e15, 0.1, 0.4, 0.02, 2.0) == pytest.approx(0.1, abs=1e-12)


def test_theta_by_hand_for_n_of_two() -> None:
    # Eq. 11 by hand: n = 2, m = 1/2, alpha |psi| = sqrt(3), so Se = (1 + 3)^(-1/2) = 0.5.
    theta = theta_from_psi(-np.sqrt(3.0) / 0.02, 0.1, 0.4, 0.02, 2.0)
    assert theta == pytest.approx(0.25, abs=1e-15)


def test_conductivity_by_hand_for_n_of_two() -> None:
    # Eq. 12 by hand: Se = 0.5, m = 1/2: sqrt(0.5) [1 - (1 - 0.25)^(1/2)]^2 = 0.0126920.
    expected = 100.0 * np.sqrt(0.5) * (1.0 - np.sqrt(0.75)) ** 2
    assert conductivity_from_se(0.5, 100.0, 2.0) == pytest.approx(expected, rel=1e-13)
    by_head = conductivity_from_psi(-np.sqrt(3.0) / 0.02, 100.0, 0.02, 2.0)
    assert by_head == pytest.approx(expected, rel=1e-13)


def test_conductivity_is_ks_at_saturation_and_nothing_when_dry() -> None:
    assert conductivity_from_psi([0.0, 1.0], 7.0, 0.02, 2.0) == pytest.approx([7.0, 7.0])
    assert conductivity_from_se([1.0, 1.1, 0.0, -0.1], 7.0, 2.0).tolist() == [7.0, 7.0, 0.0, 0.0]


def test_dry_conductivity_follows_its_power_law() -> None:
    # For alpha |psi| >> 1 and l = 1/2, Mualem's K tends to Ks m^2 (alpha |psi|)^(-n (m/2 + 2)),
    # with n = 2, m = 1/2: 0.25 Ks (alpha |psi|)^-4.5. Plain 1 - (1 - x)^m would lose it.
    found = conductivity_from_psi(-1e6 / 0.02, 1.0, 0.02, 2.0)
    assert found == pytest.approx(0.25 * 1e6**-4.5, rel=1e-10)


def test_round_trip_over_the_whole_triangle() -> None:
    # The issue asks for 1e-9 between 1 and 15,000 cm; every integer texture.
    table = read_rosetta_table().values
    heads = -np.logspace(0.0, np.log10(15_000.0), 8)[:, np.newaxis]
    parameters = (table[:, 0], table[:, 1], 10.0 ** table[:, 2], 10.0 ** table[:, 3])
    theta = theta_from_psi(heads, *parameters)
    again = theta_from_psi(psi_from_theta(theta, *parameters), *parameters)
    assert np.abs(again - theta).max() < 1e-9


def test_the_inverse_recovers_the_head() -> None:
    parameters = (0.0887, 0.4040, 0.00667, 1.4187)  # Rosetta 3 loam, data/rosetta, 40/40/20
    heads = -np.logspace(0.0, np.log10(15_000.0), 30)
    found = psi_from_theta(theta_from_psi(heads, *parameters), *parameters)
    assert found == pytest.approx(heads, rel=1e-9)


def test_the_inverse_at_and_beyond_its_ends() -> None:
    heads = psi_from_theta([0.4, 0.5, 0.1, 0.05], 0.1, 0.4, 0.02, 2.0)
    assert heads.tolist() == [0.0, 0.0, -np.inf, -np.inf]


@pytest.mark.parametrize("missing", range(5))
@pytest.mark.parametrize("first", [-10.0, 0.0])
def test_a_missing_input_gives_a_missing_value(missing: int, first: float) -> None:
    values = [first, 0.1, 0.4, 0.02, 2.0]
    values[missing] = np.nan
    assert np.isnan(theta_from_psi(*values))
    for theta in (0.05, 0.2, 0.45):
        assert np.isnan(psi_from_theta(theta if missing else np.nan, *values[1:]))


@pytest.mark.parametrize("missing", range(5))
@pytest.mark.parametrize("first", [-10.0, 0.0])
def test_a_missing_input_gives_a_missing_conductivity(missing: int, first: float) -> None:
    values = [first, 7.0, 0.02, 2.0, 0.5]
    values[missing] = np.nan
    assert np.isnan(conductivity_from_psi(*values))


def test_inputs_broadcast() -> None:
    heads = np.array([[-10.0], [-100.0]])
    found = theta_from_psi(heads, 0.1, np.array([0.4, 0.5, 0.6]), 0.02, 2.0)
    assert found.shape == (2, 3)
    assert found[1, 2] == theta_from_psi(-100.0, 0.1, 0.6, 0.02, 2.0)
