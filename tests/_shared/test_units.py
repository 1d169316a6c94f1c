from __future__ import annotations

import math

import pytest

from rootzone._shared import units


def test_conductivities_agree_whatever_way_round() -> None:
    # 24 cm a day is 1 cm an hour and 240 mm a day.
    assert units.cm_h_from_mm_d(240.0) == 1.0
    assert units.mm_d_from_cm_h(1.0) == 240.0
    assert units.cm_d_from_cm_h(1.0) == 24.0
    assert units.mm_from_cm(24.0) == 240.0
    assert units.cm_from_mm(240.0) == 24.0


def test_a_kilopascal_holds_up_ten_centimetres_of_water() -> None:
    # 1000 Pa / (1000 kg m-3 x 9.80665 m s-2) = 0.1019716 m.
    assert units.per_cm_from_per_kpa(1.0) == pytest.approx(1 / (100 * 1000 / (1000 * 9.80665)))


def test_fractions_percents_hours_minutes_and_logarithms() -> None:
    assert units.fraction_from_pct(25.0) == 0.25
    assert units.pct_from_fraction(0.25) == 25.0
    assert units.minutes_from_hours(1.5) == 90.0
    assert units.hours_from_minutes(90.0) == 1.5
    assert math.isclose(units.natural_from_log10(-2.0), 0.01)
