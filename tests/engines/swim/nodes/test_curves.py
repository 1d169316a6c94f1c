"""Retention and conductivity built from LL15, DUL, SAT, KS and KDul."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rootzone._shared.arrays import FloatArray
from rootzone.engines.swim import layout
from rootzone.engines.swim.nodes import curves

pytestmark = pytest.mark.kernels

# thickness, LL15, DUL, SAT, KS, KDul, PSIDul
LOAM = np.array([50.0, 0.10, 0.30, 0.45, 200.0, 1.0, -100.0])
SAND = np.array([50.0, 0.05, 0.10, 0.37, 4866.0, 1.7, -100.0])
SHORT_SAND = np.array([50.0, 0.0521, 0.0591, 0.3667, 4866.0, 0.0013, -330.0])


def coefficients(layer: FloatArray, *, traps: bool = False) -> tuple[FloatArray, int]:
    coef = np.zeros(curves.N_COEF)
    repairs = curves.fill_layer_curves(layer, traps, coef)
    return coef, repairs


def test_retention_passes_through_its_four_points() -> None:
    # The definition of the curve: SAT at 1 cm, DUL at PSIDul, LL15 at 15,000 cm, 0 at 6e6 cm.
    coef, _ = coefficients(LOAM)
    for suction_cm, theta in ((0.5, 0.45), (1.0, 0.45), (100.0, 0.30), (15000.0, 0.10)):
        found = curves.theta_of_suction(coef, math.log(suction_cm))[0]
        assert found == pytest.approx(theta, abs=1e-14)
    assert curves.theta_of_suction(coef, math.log(6.0e6))[0] == 0.0
    assert curves.theta_of_suction(coef, math.log(1.0e7)) == (0.0, 0.0)


def test_retention_is_linear_in_the_logarithm_beyond_15000_cm() -> None:
    # Half-way in log suction between 15,000 and 6e6 cm lies half of LL15.
    coef, _ = coefficients(LOAM)
    middle = 0.5 * (math.log(15000.0) + math.log(6.0e6))
    assert curves.theta_of_suction(coef, middle)[0] == pytest.approx(0.05, abs=1e-14)


def test_slope_at_dul_is_the_mean_of_its_chords() -> None:
    # By hand in log10 units: (0.30-0.45)/2 = -0.075; (0.10-0.30)/(4.17609-2) = -0.091906.
    coef, _ = coefficients(LOAM)
    chord_dry = -0.20 / (math.log10(15000.0) - 2.0)
    slope = 0.5 * (-0.075 + chord_dry) / math.log(10.0)
    above = curves.theta_of_suction(coef, math.log(100.0) - 1e-9)[1]
    below = curves.theta_of_suction(coef, math.log(100.0) + 1e-9)[1]
    assert above == pytest.approx(slope, rel=1e-6)
    assert below == pytest.approx(slope, rel=1e-6)


@pytest.mark.parametrize("x", [0.3, 2.0, 5.0, 9.0, 12.0])
def test_slope_of_retention_is_its_derivative(x: float) -> None:
    coef, _ = coefficients(LOAM)
    step = 1e-5
    above = curves.theta_of_suction(coef, x + step)[0]
    below = curves.theta_of_suction(coef, x - step)[0]
    assert curves.theta_of_suction(coef, x)[1] == pytest.approx((above - below) / (2 * step))


def test_conductivity_is_ks_at_saturation_and_kdul_at_dul() -> None:
    # 0.99 KDul by micropores and the last hundredth by macropores; 200 and 1 mm/d in cm/h.
    coef, repairs = coefficients(LOAM)
    assert repairs == 0
    assert curves.conductivity(coef, 0.45)[0] == pytest.approx(200.0 / 240.0, rel=1e-12)
    assert curves.conductivity(coef, 0.30)[0] == pytest.approx(1.0 / 240.0, rel=1e-12)


def test_dry_conductivity_follows_the_micropore_power() -> None:
    # P = 2b + 3 with b = ln(15000/100)/ln(0.3/0.1) = 4.5608...; macropores are gone by then.
    coef, _ = coefficients(LOAM)
    power = 2.0 * math.log(150.0) / math.log(3.0) + 3.0
    ratio = curves.conductivity(coef, 0.10)[0] / curves.conductivity(coef, 0.12)[0]
    assert ratio == pytest.approx((0.10 / 0.12) ** power, rel=1e-5)


@pytest.mark.parametrize("theta", [0.02, 0.15, 0.31, 0.44])
@pytest.mark.parametrize("layer", [LOAM, SAND])
def test_slope_of_conductivity_is_its_derivative(layer: FloatArray, theta: float) -> None:
    coef, _ = coefficients(layer)
    theta = theta * layer[layout.SWIM3_SAT] / 0.45
    step = 1e-7 * theta
    above = curves.conductivity(coef, theta + step)[0]
    below = curves.conductivity(coef, theta - step)[0]
    slope = curves.conductivity(coef, theta)[1]
    assert slope == pytest.approx((above - below) / (2 * step), rel=1e-5)


def test_empty_soil_does_not_conduct() -> None:
    coef, _ = coefficients(LOAM)
    assert curves.conductivity(coef, 0.0) == (curves.K_DRY_CM_H, 0.0)


def test_a_sand_conducts_far_above_ks_when_the_fault_is_kept() -> None:
    # K(SAT) = Km = Kd (DUL/SAT)^-P: by hand 0.99*1.7/240 * 3.7**(2*ln(150)/ln(2)+3) cm/h.
    coef, repairs = coefficients(SAND, traps=True)
    power = 2.0 * math.log(150.0) / math.log(2.0) + 3.0
    assert repairs == 0
    assert curves.conductivity(coef, 0.37)[0] == pytest.approx(
        0.99 * 1.7 / 240.0 * 3.7**power, rel=1e-9
    )


def test_a_mended_sand_keeps_its_dry_limb_and_ends_at_ks() -> None:
    kept, _ = coefficients(SAND, traps=True)
    mended, repairs = coefficients(SAND)
    assert repairs == layout.REPAIR_K_ABOVE_KS
    assert curves.conductivity(mended, 0.37)[0] == pytest.approx(4866.0 / 240.0, rel=1e-12)
    assert curves.conductivity(mended, 0.0999) == curves.conductivity(kept, 0.0999)
    assert curves.conductivity(mended, 0.1001)[0] == pytest.approx(
        curves.conductivity(mended, 0.0999)[0], rel=0.04
    )


def test_mended_conductivity_never_falls_with_water_nor_exceeds_ks() -> None:
    coef, _ = coefficients(SAND)
    k = np.array([curves.conductivity(coef, theta)[0] for theta in np.linspace(0.001, 0.37, 400)])
    assert np.all(np.diff(k) > 0.0)
    assert k[-1] <= 4866.0 / 240.0 * (1.0 + 1e-12)


def test_a_turning_retention_cubic_is_made_monotone_and_recorded() -> None:
    # DUL close to LL15: the slope at DUL is some ten times the lower chord.
    x = np.linspace(0.0, math.log(6.0e6), 2000)
    kept, _ = coefficients(SHORT_SAND, traps=True)
    mended, repairs = coefficients(SHORT_SAND)
    theta_kept = np.array([curves.theta_of_suction(kept, value)[0] for value in x])
    theta = np.array([curves.theta_of_suction(mended, value)[0] for value in x])
    assert repairs & layout.REPAIR_RETENTION
    assert np.any(np.diff(theta_kept) > 1e-6)
    assert np.all(np.diff(theta) <= 1e-15)


def test_monotone_condition_at_its_known_points() -> None:
    # Fritsch and Carlson: a square of side 3 is always safe, (0, 3) and (3, 3) on its edge; (5, 0)
    # is outside the ellipse, (4, 1) touches it.
    assert curves.is_monotone(3.0, 3.0)
    assert curves.is_monotone(0.0, 3.0)
    assert curves.is_monotone(4.0, 1.0)
    assert not curves.is_monotone(5.0, 0.0)


@pytest.mark.parametrize("theta", [0.01, 0.09, 0.1, 0.2, 0.3, 0.4, 0.449999])
def test_suction_found_holds_the_water_asked_for(theta: float) -> None:
    coef, _ = coefficients(LOAM)
    x = curves.bracketed_suction(coef, theta)
    assert curves.theta_of_suction(coef, x)[0] == pytest.approx(theta, abs=1e-14)
    assert curves.secant_suction(coef, theta) == pytest.approx(x, abs=1e-6)


def test_saturated_and_empty_layers_have_bounded_heads() -> None:
    coef, _ = coefficients(LOAM)
    assert curves.psi_of_theta(coef, 0.45, False) == 0.0
    assert curves.psi_of_theta(coef, 0.0, False) == -6.0e6


def test_the_secant_loses_a_short_sand_which_the_bracket_finds() -> None:
    # suction_inverse of the reference: theta 0.056292 and 0.057209 fall back to -1 cm.
    layer = np.array([50.0, 0.052133, 0.059062, 0.366722, 4866.78, 0.00128975, -330.0])
    kept, _ = coefficients(layer, traps=True)
    assert curves.psi_of_theta(kept, 0.056292, True) == -1.0
    assert curves.psi_of_theta(kept, 0.057209, True) == -1.0
    mended, _ = coefficients(layer)
    psi_cm = curves.psi_of_theta(mended, 0.057209, False)
    assert curves.theta_of_suction(mended, math.log(-psi_cm))[0] == pytest.approx(0.057209)
    assert curves.secant_misses(kept, 0.057209, psi_cm)
