"""Each screening rule on series small enough to judge by eye."""

from __future__ import annotations

import numpy as np
import pytest

from rootzone.stations.screening import qc_rules

DRY = np.zeros(60)
WARM = np.full(60, 15.0)


def taken(mask: np.ndarray) -> list[int]:
    return np.flatnonzero(mask).tolist()


def test_range_takes_0_and_what_is_above_0_60_but_not_0_60_itself() -> None:
    theta = np.array([0.0, -0.01, 0.001, 0.60, 0.601, np.nan, np.float32(0.6)])
    assert taken(qc_rules.out_of_range(theta)) == [0, 1, 4]


def test_frozen_takes_readings_at_or_below_freezing_only() -> None:
    theta = np.array([0.2, 0.2, 0.2, np.nan, 0.2])
    soil = np.array([0.1, 0.0, -3.0, -3.0, np.nan])
    assert taken(qc_rules.frozen(theta, soil)) == [1, 2]


def test_stuck_needs_the_whole_time_and_a_gap_ends_a_run() -> None:
    theta = np.full(100, 0.2)
    theta[45] = 0.21  # 45 equal days, then one other, then 54 more
    assert taken(qc_rules.stuck(theta, 24.0)) == [*range(45), *range(46, 100)]
    theta[60] = np.nan  # leaves runs of 14 and 39 days
    assert taken(qc_rules.stuck(theta, 24.0)) == list(range(45))


def test_a_spike_stands_alone_and_a_shower_does_not() -> None:
    theta = np.array([0.20, 0.20, 0.35, 0.21, 0.20, 0.20, 0.35, 0.30, 0.27])
    assert taken(qc_rules.spike(theta, 24.0)) == [2]


def test_a_dip_is_a_spike_too() -> None:
    assert taken(qc_rules.spike(np.array([0.3, 0.3, 0.1, 0.3]), 24.0)) == [2]


def test_an_hourly_spike_is_relative_to_its_neighbours() -> None:
    # SOILSCAPE node414 as ISMN flags it D06: 27.8 27.8 23.0 27.7 27.6 percent.
    quiet = [0.278] * 14
    theta = np.array([*quiet, 0.230, 0.277, 0.276, *quiet])
    assert taken(qc_rules.spike(theta, 1.0)) == [14]


def test_a_rise_needs_dry_and_warm_days() -> None:
    theta = np.full(60, 0.20)
    theta[30:] = 0.30
    assert taken(qc_rules.rise_without_rain(theta, DRY, 24.0, WARM, WARM)) == [30]
    rained = DRY.copy()
    rained[29] = 3.0  # the day before counts
    assert taken(qc_rules.rise_without_rain(theta, rained, 24.0, WARM, WARM)) == []
    assert taken(qc_rules.rise_without_rain(theta, DRY, 24.0, np.full(60, 1.0), WARM)) == []


def test_a_rise_is_not_judged_while_rain_is_unknown() -> None:
    theta = np.full(60, 0.20)
    theta[30:] = 0.30
    unknown = DRY.copy()
    unknown[29] = np.nan
    assert taken(qc_rules.rise_without_rain(theta, unknown, 24.0)) == []


def test_an_hourly_rise_is_measured_over_a_day() -> None:
    theta = np.full(200, 0.20)
    theta[100:] = 0.30
    # For 24 hours the value stands 0.10 above that of the day before.
    mask = qc_rules.rise_without_rain(theta, np.zeros(200), 1.0)
    assert taken(mask) == list(range(100, 124))


def test_a_break_moves_the_level_for_good() -> None:
    theta = np.full(60, 0.30)
    theta[30:] = 0.15
    assert taken(qc_rules.level_break(theta, 24.0)) == [30]


def test_a_wet_spell_that_dries_again_is_no_break() -> None:
    theta = np.full(60, 0.15)
    theta[30:35] = 0.30
    assert taken(qc_rules.level_break(theta, 24.0)) == []


def test_an_upward_step_after_rain_or_in_freezing_weather_is_no_break() -> None:
    theta = np.full(60, 0.15)
    theta[30:] = 0.30
    rained = DRY.copy()
    rained[30] = 20.0
    assert taken(qc_rules.level_break(theta, 24.0, rain_mm=DRY)) == [30]
    assert taken(qc_rules.level_break(theta, 24.0, rain_mm=rained)) == []
    assert taken(qc_rules.level_break(theta, 24.0, rain_mm=DRY, air_min_degc=WARM - 20.0)) == []


def test_an_hourly_plateau_is_a_flat_top_after_a_rise() -> None:
    theta = np.full(100, 0.20)
    theta[20:40] = 0.40
    assert taken(qc_rules.plateau_at_saturation(theta, 1.0)) == list(range(20, 40))


def test_a_short_top_or_a_low_one_is_no_plateau() -> None:
    short, low = np.full(100, 0.20), np.full(100, 0.05)
    short[20:30] = 0.40  # 10 hours, 12 are needed
    low[20:60] = 0.20  # below 0.25: a dry soil's flat top is no saturation
    assert taken(qc_rules.plateau_at_saturation(short, 1.0)) == []
    assert taken(qc_rules.plateau_at_saturation(low, 1.0)) == []


def test_daily_plateaus_need_five_equal_days() -> None:
    theta = np.full(30, 0.20)
    theta[10:15] = 0.40
    assert taken(qc_rules.plateau_at_saturation(theta, 24.0)) == list(range(10, 15))
    theta[12] = 0.401
    assert taken(qc_rules.plateau_at_saturation(theta, 24.0)) == []


@pytest.mark.parametrize(
    "rule",
    [
        qc_rules.out_of_range,
        lambda t: qc_rules.stuck(t, 24.0),
        lambda t: qc_rules.spike(t, 24.0),
        lambda t: qc_rules.spike(t, 1.0),
        lambda t: qc_rules.plateau_at_saturation(t, 1.0),
        lambda t: qc_rules.rise_without_rain(t, np.zeros(len(t)), 24.0),
        lambda t: qc_rules.level_break(t, 24.0),
    ],
)
@pytest.mark.parametrize("n", [0, 1, 2, 50])
def test_no_rule_takes_a_gap(rule, n: int) -> None:  # type: ignore[no-untyped-def]
    # What was not measured cannot be wrong.
    assert not rule(np.full(n, np.nan)).any()
