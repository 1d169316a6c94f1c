"""Columns of SWIM3's nodes with error-controlled steps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rootzone._shared.arrays import FloatArray
from rootzone.engines.swim import columns, layout
from rootzone.engines.swim.nodes import apsim_day as swim3_column
from rootzone.engines.swim.nodes import setup_converged as swim3_converged
from tests.engines.swim.nodes import swim3_reference
from tests.engines.swim.nodes.test_apsim_day import LOAM, THICKNESS_MM, settings

pytestmark = pytest.mark.kernels

CONVERGED = {
    "TOLERANCE": 5e-3,
    "ITERATION_RESIDUAL": 5e-4,
    "THETA_STEP": 0.03,
    "POND_MAX_MM": np.inf,
}
SAND = np.array([0.0, 0.0521, 0.0998, 0.3667, 4866.8, 1.70, -100.0])
# theta_r, theta_s, log10 alpha, log10 n, log10 Ks [cm d-1] of Rosetta 3 at the corners of the
# triangle and in its middle (data/rosetta, estimate_type "geo").
CORNERS = ((90, 5, 5), (5, 90, 5), (5, 5, 90), (34, 33, 33), (100, 0, 0), (0, 0, 100), (0, 100, 0))


def run(
    days: list[tuple[float, float]] | FloatArray,
    theta: float = 0.2,
    layer: FloatArray = LOAM,
    **changes: float,
) -> tuple[tuple[int, int, int], FloatArray, FloatArray]:
    layers = np.tile(layer, (len(THICKNESS_MM), 1))
    layers[:, layout.SWIM3_THICKNESS_MM] = THICKNESS_MM
    n = len(layers)
    theta_out = np.full((len(days), n), np.nan)
    daily = np.full((len(days), layout.N_DAILY), np.nan)
    ended = columns.swim3_converged(
        layers,
        np.full(n, theta),
        np.array(days),
        settings(**(CONVERGED | changes)),
        theta_out,
        daily,
        np.full(swim3_converged.work_size(n), np.nan),
    )
    return ended, theta_out, daily


def test_daily_balance_closes_to_rounding() -> None:
    days = [(0.0, 5.0), (60.0, 1.0), (150.0, 2.0), (0.0, 6.0)]
    ended, theta, daily = run(days)
    assert ended == (layout.OK, -1, 0)
    assert np.abs(daily[:, layout.BALANCE_ERROR_MM]).max() < 1e-9
    stored_mm = theta @ np.array(THICKNESS_MM)
    lost = daily[:, [layout.RUNOFF_MM, layout.DRAINAGE_MM, layout.ES_MM]].sum(axis=1)
    gain = np.diff(np.concatenate([[0.2 * sum(THICKNESS_MM)], stored_mm]))
    rain = np.array([day[0] for day in days])
    np.testing.assert_allclose(rain - lost, gain, atol=1e-9)


def test_infiltration_is_rain_less_runoff_and_evaporation_without_a_pond() -> None:
    _, _, daily = run([(60.0, 3.0), (0.0, 5.0)])
    into = np.array([60.0, 0.0]) - daily[:, layout.RUNOFF_MM]
    net = into - daily[:, layout.ES_MM]  # what crossed the surface, evaporation taken off
    np.testing.assert_allclose(daily[:, layout.INFILTRATION_MM], net, atol=1e-9)


def test_a_dry_start_needs_no_repair_of_steps() -> None:
    ended, theta, _ = run([(0.0, 5.0), (10.0, 1.0)], theta=0.11)
    assert ended == (layout.OK, -1, 0)
    assert np.isfinite(theta).all()


def test_a_mended_sand_is_recorded() -> None:
    ended, theta, _ = run([(150.0, 1.0), (150.0, 1.0)], theta=0.06, layer=SAND)
    assert ended == (layout.OK, -1, layout.REPAIR_K_ABOVE_KS)
    assert theta.min() >= 0.0
    assert theta.max() <= 0.3667


def test_unordered_limits_end_at_once() -> None:
    wrong = LOAM.copy()
    wrong[layout.SWIM3_DUL] = 0.46
    assert run([(0.0, 1.0)], layer=wrong)[0] == (layout.BAD_STATE, 0, 0)


def test_a_lone_layer_is_a_column_too() -> None:
    layers = LOAM[None, :].copy()
    layers[0, 0] = 300.0
    theta, daily = np.full((3, 1), np.nan), np.full((3, layout.N_DAILY), np.nan)
    days = np.array([(0.0, 4.0), (80.0, 1.0), (0.0, 4.0)])
    ended = columns.swim3_converged(
        layers,
        np.array([0.2]),
        days,
        settings(**CONVERGED),
        theta,
        daily,
        np.zeros(swim3_converged.work_size(1)),
    )
    assert ended[0] == layout.OK
    assert np.abs(daily[:, layout.BALANCE_ERROR_MM]).max() < 1e-9


@pytest.mark.slow
def test_fine_steps_of_swim3_tend_to_the_converged_answer() -> None:
    # The same equations: SWIM3's first-order steps approach the limit as they shrink.
    rng = np.random.default_rng(7)
    days = np.column_stack([rng.gamma(0.25, 20.0, 60), rng.gamma(12.0, 0.4, 60)])
    tight = {"TOLERANCE": 1e-5, "ITERATION_RESIDUAL": 1e-8, "THETA_STEP": 1e-3}
    ended, limit, _ = run(days, **tight)
    assert ended[0] == layout.OK
    distance = []
    for minutes in (60.0, 15.0, 4.0):
        stepped = stepped_by_swim3(days, minutes)
        distance.append(float(np.abs(stepped - limit)[:, 1:].max()))
    assert distance[0] > 2.5 * distance[1] > 5.0 * distance[2]
    assert distance[2] < 3e-4


def stepped_by_swim3(days: FloatArray, minutes: float) -> FloatArray:
    n = len(THICKNESS_MM)
    layers = np.tile(LOAM, (n, 1))
    layers[:, layout.SWIM3_THICKNESS_MM] = THICKNESS_MM
    theta, daily = np.full((len(days), n), np.nan), np.full((len(days), layout.N_DAILY), np.nan)
    step = {"DT_MAX_H": minutes / 60.0, "MAX_WATER_INCREMENT_CM": minutes / 60.0}
    columns.swim3_apsim(
        layers,
        np.full(n, 0.2),
        days,
        settings(**step),
        theta,
        daily,
        np.zeros(swim3_column.work_size(n)),
    )
    return theta


@pytest.mark.slow
def test_20_cm_is_right_against_the_finest_steps_of_the_real_swim3(shared: Path) -> None:
    # Target: RMSE 2e-4 over 56 runs of two years; the default steps of APSIM are 1.6e-3 away.
    reference = swim3_reference.load(shared)
    found = reference.compare_at_20_cm(
        columns.swim3_converged, swim3_converged.work_size, REPRODUCE_TRAPS=1.0
    )
    assert found.rmse < 2e-4
    assert found.balance_mm < 1e-6
    assert found.fallbacks == 0


@pytest.mark.slow
def test_corners_of_the_triangle_stand_150_mm_storms_after_a_drought() -> None:
    rosetta = np.loadtxt(
        Path(__file__).resolve().parents[4] / "data" / "rosetta" / "rosetta3_geo.csv",
        delimiter=",",
        skiprows=1,
    )
    days = np.zeros((500, 2))
    days[:, 1] = 6.0
    days[[400, 401, 402, 420, 450, 451, 480], 0] = 150.0
    for corner in CORNERS:
        row = rosetta[np.all(rosetta[:, :3] == corner, axis=1)][0]
        layer = swim3_reference.layer_of_rosetta(row[3:])
        start = 0.5 * (layer[layout.SWIM3_LL15] + layer[layout.SWIM3_DUL])
        ended, theta, daily = run(days, theta=start, layer=layer)
        assert ended[0] == layout.OK
        assert theta.min() >= 0.0
        assert theta.max() <= layer[layout.SWIM3_SAT]
        assert np.abs(daily[:, layout.BALANCE_ERROR_MM]).max() < 1e-6
