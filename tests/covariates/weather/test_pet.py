"""Potential evapotranspiration, held against worked examples of FAO-56."""

from __future__ import annotations

import numpy as np
import pytest

from rootzone.covariates.weather.pet import (
    extraterrestrial_mj_m2,
    fao56_mm,
    hargreaves_mm,
    mean_saturation_kpa,
    net_radiation_mj_m2,
    saturation_kpa,
    wind_at_2_m,
)

# FAO-56 Example 18: Uccle (Brussels), 50 deg 48' N, 100 m, 6 July (day 187): tmax 21.5, tmin 12.3,
# actual vapour pressure 1.409 kPa, wind 2.78 m/s at 10 m, radiation 22.07 MJ m-2 d-1.
UCCLE = {
    "radn_mj_m2": 22.07,
    "tmax_degc": 21.5,
    "tmin_degc": 12.3,
    "vapour_kpa": 1.409,
    "elevation_m": 100.0,
}


def test_radiation_at_the_top_of_the_atmosphere():
    # FAO-56 Example 8: 20 S, 3 September (day 246), 32.2; Example 18: 50.8 N, 6 July, 41.09.
    assert float(extraterrestrial_mj_m2(-20.0, 246)) == pytest.approx(32.2, abs=0.05)
    assert float(extraterrestrial_mj_m2(50.8, 187)) == pytest.approx(41.09, abs=0.02)


def test_the_sun_stays_down_and_stays_up_beyond_the_circle():
    # At 80 N the sun does not rise on 21 December (day 355) and does not set on 21 June (172).
    assert float(extraterrestrial_mj_m2(80.0, 355)) == 0.0
    assert float(extraterrestrial_mj_m2(80.0, 172)) > 40.0


def test_saturation_vapour_pressure():
    # FAO-56 Example 3: 24.5 degC gives 3.075, 15.0 gives 1.705, their mean 2.39 kPa.
    assert float(saturation_kpa(24.5)) == pytest.approx(3.075, abs=0.001)
    assert float(mean_saturation_kpa(24.5, 15.0)) == pytest.approx(2.39, abs=0.001)


def test_wind_is_brought_down_to_2_m():
    # FAO-56 Example 14: 3.2 m/s at 10 m is 2.4 at 2 m; the factor at 10 m is 0.748.
    assert float(wind_at_2_m(3.2, 10.0)) == pytest.approx(2.4, abs=0.01)
    assert float(wind_at_2_m(1.0, 10.0)) == pytest.approx(0.748, abs=0.0005)


def test_net_radiation_of_example_18():
    # FAO-56 Example 18: 13.28 MJ m-2 d-1 (16.99 short less 3.71 long).
    net = net_radiation_mj_m2(top_mj_m2=41.09, **UCCLE)
    assert float(net) == pytest.approx(13.28, abs=0.02)


def test_penman_monteith_of_example_18():
    # FAO-56 Example 18: 3.88 mm d-1, printed as 3.9.
    pet = fao56_mm(wind_2m_m_s=wind_at_2_m(2.78, 10.0), top_mj_m2=41.09, **UCCLE)
    assert float(pet) == pytest.approx(3.88, abs=0.01)


def test_penman_monteith_of_a_humid_month():
    # FAO-56 Example 17: Bangkok, April, 13.73 N, 2 m: tmax 34.8, tmin 25.6, ea 2.85 kPa, wind 2
    # m/s, radiation 22.65: 5.72 mm d-1, of which 0.14 MJ m-2 d-1 go into the ground; without that
    # 0.408 * 0.685 * 0.14 = 0.039 mm more, 5.76.
    pet = fao56_mm(22.65, 34.8, 25.6, 2.85, 2.0, 38.06, 2.0)
    assert float(pet) == pytest.approx(5.76, abs=0.02)


def test_hargreaves_of_example_20():
    # FAO-56 Example 20: Lyon, July, 26.6 and 14.8 degC, Ra 40.6 MJ m-2 d-1: 5.0 mm d-1. By hand:
    # 0.0023 (20.7 + 17.8) sqrt(11.8) 40.6 / 2.45 = 5.041.
    assert float(hargreaves_mm(26.6, 14.8, 40.6)) == pytest.approx(5.041, abs=0.001)


def test_hargreaves_of_impossible_temperatures_is_nothing_known():
    assert np.isnan(hargreaves_mm(10.0, 12.0, 40.0))


def test_what_is_not_known_stays_unknown():
    assert np.isnan(fao56_mm(np.nan, 20.0, 10.0, 1.0, 2.0, 40.0, 0.0))


def test_demand_is_never_negative():
    # A clear, freezing winter day without wind: 0.77 * 3 comes in and about 6 MJ m-2 go out.
    cold = (-20.0, -30.0, 0.05)
    assert float(net_radiation_mj_m2(3.0, *cold, 4.0, 0.0)) < -3.0
    assert float(fao56_mm(3.0, *cold, 0.0, 4.0, 0.0)) == 0.0
