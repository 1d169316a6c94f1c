"""A column stepped by SWIM3's rules: balance, boundaries, faults kept and mended."""

from __future__ import annotations

import numpy as np
import pytest

from rootzone._shared.arrays import FloatArray
from rootzone.engines.swim import columns, layout
from rootzone.engines.swim.nodes import apsim_day as swim3_column
from rootzone.engines.swim.nodes import apsim_steps, nodes

pytestmark = pytest.mark.kernels

LOAM = np.array([0.0, 0.10, 0.30, 0.45, 200.0, 1.0, -100.0])
THICKNESS_MM = (50.0, 100.0, 150.0, 300.0)


def settings(**changes: float) -> FloatArray:
    values = {
        "CN2_BARE": 73.0,
        "CN_RED": 20.0,
        "CN_COV": 0.8,
        "VAPOUR": 1.0,
        "DT_MAX_H": 24.0,
        "MAX_WATER_INCREMENT_CM": 1.0,
        "RAIN_HOURS": 12.0,
        "EO_START_H": 6.0,
        "EO_HOURS": 12.0,
        "CN_DEPTH_MM": 450.0,
        "CN_EXPONENT": 4.16,
        "POND_MAX_MM": np.inf,
    } | changes
    array = np.zeros(layout.N_SETTINGS)
    for name, value in values.items():
        array[getattr(layout, f"SET_{name}")] = value
    return array


def run(
    days: list[tuple[float, float]],
    theta: float = 0.2,
    layer: FloatArray = LOAM,
    **changes: float,
) -> tuple[tuple[int, int, int], FloatArray, FloatArray]:
    layers = np.tile(layer, (len(THICKNESS_MM), 1))
    layers[:, layout.SWIM3_THICKNESS_MM] = THICKNESS_MM
    n = len(layers)
    theta_out = np.full((len(days), n), np.nan)
    daily = np.full((len(days), layout.N_DAILY), np.nan)
    ended = columns.swim3_apsim(
        layers,
        np.full(n, theta),
        np.array(days),
        settings(**changes),
        theta_out,
        daily,
        np.full(swim3_column.work_size(n), np.nan),
    )
    return ended, theta_out, daily


def test_water_balance_closes_to_the_iteration_residual() -> None:
    # 1e-6 cm/h over 24 h is 0.00024 mm, the worst day of the reference.
    ended, _, daily = run([(0.0, 5.0), (30.0, 1.0), (0.0, 6.0)])
    assert ended == (layout.OK, -1, 0)
    assert np.abs(daily[:, layout.BALANCE_ERROR_MM]).max() < 2.5e-4


def test_without_weather_a_column_only_drains() -> None:
    _, theta, daily = run([(0.0, 0.0)] * 3, theta=0.35)
    assert np.all(daily[:, [layout.ES_MM, layout.RUNOFF_MM, layout.POND_MM]] == 0.0)
    assert np.all(daily[:, layout.DRAINAGE_MM] > 0.0)
    assert np.all(np.diff(theta.sum(axis=1)) < 0.0)


def test_a_dry_day_is_one_step_at_default_settings() -> None:
    _, _, daily = run([(0.0, 5.0), (0.0, 5.0)])
    assert daily[0, layout.STEPS] == 2.0  # the first step of a run is 0.24 h
    assert daily[1, layout.STEPS] == 1.0


def test_equal_smallest_and_largest_steps_fix_the_step() -> None:
    _, _, daily = run([(0.0, 5.0)], DT_MIN_H=2.0, DT_MAX_H=2.0)
    assert daily[0, layout.STEPS] == 12.0


def test_a_pond_stays_without_a_curve_number_and_runs_off_with_one() -> None:
    slow = LOAM.copy()
    slow[layout.SWIM3_KS_MM_D] = 5.0
    _, _, ponded = run([(200.0, 0.0)], theta=0.4, layer=slow, CN2_BARE=0.0)
    assert ponded[0, layout.POND_MM] > 50.0
    assert ponded[0, layout.RUNOFF_MM] == 0.0
    _, theta, shed = run([(200.0, 0.0)], theta=0.4, layer=slow)
    assert shed[0, layout.POND_MM] == 0.0
    assert shed[0, layout.RUNOFF_MM] > 50.0
    assert theta.max() <= 0.45


def test_a_pond_above_its_limit_runs_off() -> None:
    slow = LOAM.copy()
    slow[layout.SWIM3_KS_MM_D] = 5.0
    days = [(200.0, 0.0), (0.0, 0.0)]
    _, _, free = run(days, theta=0.4, layer=slow, CN2_BARE=0.0)
    _, _, kept = run(days, theta=0.4, layer=slow, CN2_BARE=0.0, POND_MAX_MM=20.0)
    assert kept[:, layout.POND_MM].max() <= 20.0
    assert kept[0, layout.RUNOFF_MM] > free[0, layout.POND_MM] - 30.0
    assert np.abs(kept[:, layout.BALANCE_ERROR_MM]).max() < 2.5e-4


def test_a_closed_bottom_keeps_all_water() -> None:
    _, theta, daily = run([(0.0, 0.0)] * 2, theta=0.4, BOTTOM_KIND=layout.BOTTOM_ZERO_FLUX)
    assert np.all(daily[:, layout.DRAINAGE_MM] == 0.0)
    stored_mm = (theta * THICKNESS_MM).sum(axis=1)
    np.testing.assert_allclose(stored_mm, 0.4 * 600.0, atol=5e-4)


def test_residue_slows_evaporation_by_the_cover_factor() -> None:
    _, _, bare = run([(0.0, 2.0)], theta=0.4)
    _, _, covered = run([(0.0, 2.0)], theta=0.4, RESIDUE_COVER=0.5)
    ratio = covered[0, layout.ES_MM] / bare[0, layout.ES_MM]
    assert ratio == pytest.approx(0.5**0.44, rel=1e-3)


def test_a_zero_time_step_is_mended_or_kept_as_asked() -> None:
    # Loam near its lower limit: no flux of the first step reaches 1e-5 cm/h before 06:00.
    days = [(0.0, 5.0), (10.0, 1.0)]
    ended, theta, daily = run(days, theta=0.11)
    assert ended == (layout.OK, -1, layout.REPAIR_ZERO_TIME_STEP)
    assert np.isfinite(theta).all()
    ended, theta, daily = run(days, theta=0.11, REPRODUCE_TRAPS=1.0)
    assert ended == (layout.ZERO_TIME_STEP, 0, 0)
    assert np.isnan(theta).all()
    assert np.isnan(daily).all()


def test_unordered_limits_end_at_once() -> None:
    wrong = LOAM.copy()
    wrong[layout.SWIM3_DUL] = 0.09
    ended, theta, _ = run([(0.0, 1.0)], layer=wrong)
    assert ended == (layout.BAD_STATE, 0, 0)
    assert np.isnan(theta).all()


def test_a_day_of_1_1_mm_read_in_single_precision_counts_as_exactly_1_1() -> None:
    # 1.1 mm is the edge of the rain rule after a dry step; float32(1.1) lies 2e-8 above it.
    rounded = float(np.float32(1.1))
    dry = (0.0, 3.0)
    _, _, exact = run([dry, (1.1, 3.0)])
    ended, _, mended = run([dry, (rounded, 3.0)])
    kept_ended, _, kept = run([dry, (rounded, 3.0)], REPRODUCE_TRAPS=1.0)
    assert exact[1, layout.STEPS] == mended[1, layout.STEPS] == 1.0
    assert ended[2] == layout.REPAIR_RAIN_BRANCH
    assert kept[1, layout.STEPS] > 1.0
    assert kept_ended[2] == 0


def test_rain_of_a_step_is_bisected_into_its_bounds() -> None:
    # 18 mm over 12 h, wanted 0.9 to 1.1 mm: 24 h is halved to 0.75 h, 1.125 mm; to 0.375 h,
    # 0.5625 mm, too little, so half of that is added: 0.5625 h, 0.84375; 0.65625 h, 0.984 mm.
    dt = apsim_steps.bisect_rain(0.0, 24.0, 18.0, 0.0, 12.0, 0.9, 1.1)
    assert dt == pytest.approx(0.65625)


def test_van_genuchten_columns_follow_the_same_rules() -> None:
    layers = np.array([[t, 0.061, 0.399, 0.01112, 1.472, 120.5, 0.5] for t in THICKNESS_MM])
    n = len(layers)
    days = np.array([(0.0, 5.0), (30.0, 1.0), (0.0, 6.0)])
    theta, daily = np.full((3, n), np.nan), np.full((3, layout.N_DAILY), np.nan)
    ended = columns.van_genuchten_apsim(
        layers,
        np.full(n, 0.2),
        days,
        settings(),
        theta,
        daily,
        np.zeros(swim3_column.work_size(n)),
    )
    assert ended[0] == layout.OK
    assert np.abs(daily[:, layout.BALANCE_ERROR_MM]).max() < 2.5e-4
    assert theta.max() <= 0.399
    assert theta.min() > 0.061
    assert daily[1, layout.RUNOFF_MM] > 0.0  # the curve number works from 15,000 to 100 cm


def test_the_kernel_reads_nothing_from_its_scratch() -> None:
    assert nodes.N_SURFACE < apsim_steps.N_MARCH
    first = run([(12.0, 3.0)])[1]
    again = run([(12.0, 3.0)])[1]  # scratch starts as NaN in both
    assert np.array_equal(first, again)
