"""Van Genuchten's curves on SWIM3's nodes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rootzone._shared.arrays import FloatArray
from rootzone.engines.swim.nodes import curves
from rootzone.engines.swim.nodes import van_genuchten as vg

pytestmark = pytest.mark.kernels

LOAM = np.array([50.0, 0.061, 0.399, 0.01112, 1.472, 120.5, 0.5])  # Rosetta class mean, mm/d


def coefficients() -> FloatArray:
    coef = np.zeros(curves.N_COEF)
    vg.fill_layer_curves(LOAM, coef)
    return coef


def test_closed_forms_by_hand() -> None:
    # van Genuchten (1980), equations 3 and 8, at 100 cm.
    m = 1.0 - 1.0 / 1.472
    se = (1.0 + (0.01112 * 100.0) ** 1.472) ** -m
    k = 120.5 / 240.0 * math.sqrt(se) * (1.0 - (1.0 - se ** (1.0 / m)) ** m) ** 2
    theta, _, found, _ = vg.theta_and_k(coefficients(), -100.0)
    assert theta == pytest.approx(0.061 + 0.338 * se, rel=1e-12)
    assert found == pytest.approx(k, rel=1e-9)


def test_saturated_soil_conducts_ks_and_holds_theta_s() -> None:
    assert vg.theta_and_k(coefficients(), 5.0) == (0.399, 0.0, 120.5 / 240.0, 0.0)


@pytest.mark.parametrize("psi_cm", [-1.0, -50.0, -1.0e3, -1.0e5])
def test_slopes_are_derivatives(psi_cm: float) -> None:
    coef = coefficients()
    step = 1e-5 * abs(psi_cm)
    above, below = vg.theta_and_k(coef, psi_cm + step), vg.theta_and_k(coef, psi_cm - step)
    _, theta_psi, _, k_psi = vg.theta_and_k(coef, psi_cm)
    assert theta_psi == pytest.approx((above[0] - below[0]) / (2 * step), rel=1e-5)
    assert k_psi == pytest.approx((above[2] - below[2]) / (2 * step), rel=1e-5)


@pytest.mark.parametrize("theta", [0.08, 0.2, 0.398])
def test_the_head_found_holds_the_water_asked_for(theta: float) -> None:
    coef = coefficients()
    assert vg.theta_and_k(coef, vg.psi_of_theta(coef, theta))[0] == pytest.approx(theta, abs=1e-12)


def test_heads_are_bounded_at_both_ends() -> None:
    coef = coefficients()
    assert vg.psi_of_theta(coef, 0.4) == 0.0
    assert vg.psi_of_theta(coef, 0.05) == -6.0e6
    assert vg.psi_of_theta(coef, 0.061 + 1e-9) == -6.0e6
