"""Snow and frozen soil between the weather and the soil."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rootzone._shared.arrays import FloatArray
from rootzone.engines.swim.read_settings import settings_from_mapping
from rootzone.engines.swim.snow import SoilForcing, melt_mm, next_frozen_index, winter_forcing

pytestmark = pytest.mark.kernels


def forced(rain_mm: list[float], mean_degc: list[float], **settings: float | bool) -> SoilForcing:
    """Weather of one cell with a daily range of 10 degrees and a demand of 2 mm."""
    rain, mean = np.array(rain_mm), np.array(mean_degc)
    chosen = settings_from_mapping("swim3", "apsim", settings)
    start = np.array([0, len(rain)])
    return winter_forcing(rain, np.full(len(rain), 2.0), mean + 5.0, mean - 5.0, start, chosen)


def lost_mm(rain_mm: FloatArray, out: SoilForcing) -> FloatArray:
    """Precipitation that is neither soil water, runoff nor snow; 0 when nothing is lost."""
    stored = np.diff(out.snow_mm, prepend=0.0)
    return rain_mm - out.weather[:, 0] - out.blocked_mm - stored


def test_snow_stays_until_it_melts_by_degree_days() -> None:
    # By hand, 2.74 mm per degree and day: 20 mm fall at -2 degC; at 3 degC 8.22 mm melt and
    # 11.78 stay; at 6 degC 16.44 could melt, so the rest goes.
    out = forced([20.0, 0.0, 0.0], [-2.0, 3.0, 6.0], snow=True)
    assert out.snow_mm == pytest.approx([20.0, 11.78, 0.0])
    assert out.weather[:, 0] == pytest.approx([0.0, 8.22, 11.78])


def test_soil_under_snow_does_not_evaporate() -> None:
    out = forced([20.0, 0.0, 0.0], [-2.0, 3.0, 6.0], snow=True)
    assert out.weather[:, 1].tolist() == [0.0, 0.0, 2.0]


def test_rain_above_the_threshold_is_rain() -> None:
    out = forced([5.0], [1.1], snow=True)
    assert out.weather[0, 0] == 5.0
    assert out.snow_mm[0] == 0.0


def test_melt_never_exceeds_the_store_and_is_never_negative() -> None:
    assert melt_mm(3.0, 10.0, 0.0, 2.74) == 3.0
    assert melt_mm(3.0, -10.0, 0.0, 2.74) == 0.0


def test_frozen_index_of_bare_ground_by_hand() -> None:
    # Molnau and Bissell: 0.97 * 50 - (-10) = 58.5 without snow.
    assert next_frozen_index(50.0, -10.0, 0.0, 0.97) == pytest.approx(58.5)


def test_snow_keeps_the_cold_out_more_than_the_warmth() -> None:
    # 10 cm of snow: exp(-0.4 * 0.5 * 10) = 0.1353 below zero, exp(-0.4 * 0.08 * 10) = 0.7261 above.
    assert next_frozen_index(0.0, -10.0, 10.0, 0.97) == pytest.approx(10.0 * math.exp(-2.0))
    warm = next_frozen_index(50.0, 10.0, 10.0, 0.97)
    assert warm == pytest.approx(48.5 - 10.0 * math.exp(-0.32))


def test_frozen_index_never_falls_below_zero() -> None:
    assert next_frozen_index(5.0, 30.0, 0.0, 0.97) == 0.0


def test_frozen_ground_sends_rain_off_and_holds_evaporation() -> None:
    # At -20 degC the index runs 20, 39.4, 58.2, 76.5, 94.2: above 83 from the fifth day on.
    out = forced([1.0] * 6, [-20.0] * 6, frozen_soil=True)
    assert out.blocked_mm.tolist() == [0.0, 0.0, 0.0, 0.0, 1.0, 1.0]
    assert out.weather[:, 0].tolist() == [1.0, 1.0, 1.0, 1.0, 0.0, 0.0]
    assert out.weather[4:, 1].tolist() == [0.0, 0.0]


def test_no_water_is_lost_or_made_over_random_winters() -> None:
    rng = np.random.default_rng(3)
    rain = rng.gamma(0.5, 8.0, 400)
    mean = 4.0 - 12.0 * np.cos(np.arange(400) / 58.0) + rng.normal(0.0, 5.0, 400)
    rain[:30] = 0.0  # a cold month on bare ground
    mean[:30] = -8.0
    out = forced(rain.tolist(), mean.tolist(), snow=True, frozen_soil=True)
    assert np.abs(lost_mm(rain, out)).max() < 1e-10  # rounding of sums of some 100 mm
    assert out.snow_mm.min() >= 0.0
    assert out.blocked_mm.sum() > 0.0  # the case does freeze, or this test shows nothing


def test_every_cell_begins_without_snow() -> None:
    settings = settings_from_mapping("swim3", "apsim", {"snow": True})
    rain = np.array([10.0, 0.0])
    cold = np.array([-5.0, -5.0])
    out = winter_forcing(rain, rain, cold + 1, cold - 1, np.array([0, 1, 2]), settings)
    assert out.snow_mm.tolist() == [10.0, 0.0]
