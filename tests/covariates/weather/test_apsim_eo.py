"""APSIM's potential evaporation, which features and engines share."""

from __future__ import annotations

import numpy as np
import pytest

from rootzone.campaign.model import BARE_SOIL_ALBEDO
from rootzone.covariates.weather.apsim_eo import apsim_mm, eo_mm_from_radiation
from rootzone.engines.apsim.settings import apsim_settings
from rootzone.engines.swim.settings import default_settings

pytestmark = pytest.mark.kernels


def test_potential_evaporation_follows_the_radiation_formula() -> None:
    # By hand: 20 MJ, 25/10 degC, bare albedo 0.13:
    # 1.1 * 20 * 23.8846 * (0.000204 - 0.000183*0.13) * (15 + 4 + 29) = 4.544983...
    by_hand = 1.1 * 20.0 * 23.8846 * (0.000204 - 0.00002379) * 48.0
    assert eo_mm_from_radiation(20.0, 25.0, 10.0, 0.13) == pytest.approx(by_hand)


def test_hot_days_add_advection_and_cold_days_lose_almost_all() -> None:
    at_30 = eo_mm_from_radiation(20.0, 30.0, 10.0, 0.13) / (18.0 + 4.0 + 29.0)
    at_40 = eo_mm_from_radiation(20.0, 40.0, 10.0, 0.13) / (24.0 + 4.0 + 29.0)
    assert at_40 / at_30 == pytest.approx(1.35 / 1.1)  # f = 1.1 + 0.05*(40 - 35)
    at_0 = eo_mm_from_radiation(20.0, 0.0, -5.0, 0.13) / (0.0 - 2.0 + 29.0)
    assert at_0 / at_30 == pytest.approx(0.01 * np.exp(3.6) / 1.1)  # f = 0.01 exp(0.18*20)


def test_deep_frost_gives_zero_not_negative_evaporation() -> None:
    # 0.6*-30 + 0.4*-40 + 29 = -5 is a negative energy term.
    assert eo_mm_from_radiation(20.0, -30.0, -40.0, 0.13) == 0.0


def test_many_days_equal_one_day_at_a_time() -> None:
    radn, tmax, tmin = np.array([5.0, 25.0]), np.array([1.0, 38.0]), np.array([-9.0, 18.0])
    days = apsim_mm(radn, tmax, tmin, 0.13)
    one = [eo_mm_from_radiation(r, a, b, 0.13) for r, a, b in zip(radn, tmax, tmin, strict=True)]
    assert days.tolist() == one


@pytest.mark.parametrize(
    ("tmax", "expected"),
    [
        # By hand with radiation 20, tmin 10, albedo 0.13: 23.8846 * 20 * 0.00018021 = 0.0860849;
        # 25: 0.0860849 * 48 * 1.1 = 4.54528; 40: * 57 * 1.35 = 6.62423;
        # 0: * 33 * 0.01 exp(3.6) = 1.03968.
        (25.0, 4.54528),
        (40.0, 6.62423),
        (0.0, 1.03968),
    ],
)
def test_the_radiation_form_of_apsim(tmax: float, expected: float) -> None:
    assert float(apsim_mm(20.0, tmax, 10.0, 0.13)) == pytest.approx(expected, rel=1e-5)


def test_what_is_not_known_stays_unknown() -> None:
    assert np.isnan(apsim_mm(20.0, np.nan, 10.0, 0.13))


def test_features_and_both_engines_start_from_one_albedo() -> None:
    # A campaign that sets one of them and not the other is refused by its rules.
    assert apsim_settings({}).salb == BARE_SOIL_ALBEDO
    for stepping in ("apsim", "converged"):
        assert default_settings("swim3", stepping).salb == BARE_SOIL_ALBEDO
