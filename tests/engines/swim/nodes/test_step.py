"""One period of constant weather: balance, bounds and the step that cannot fail."""

from __future__ import annotations

import numpy as np
import pytest

from rootzone._shared.arrays import FloatArray
from rootzone.engines.swim import layout
from rootzone.engines.swim.columns import advance_nodes
from rootzone.engines.swim.nodes import curves, flow, nodes
from rootzone.engines.swim.nodes import setup_converged as swim3_converged
from rootzone.engines.swim.nodes import state as at
from rootzone.engines.swim.nodes import step as swim3_advance
from rootzone.engines.swim.nodes import table as tables

pytestmark = pytest.mark.kernels

LOAM = np.array([0.0, 0.10, 0.30, 0.45, 200.0, 1.0, -100.0])
THICKNESS_MM = (50.0, 100.0, 200.0)
N = len(THICKNESS_MM)


def column(theta: float, **control_values: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    layers = np.tile(LOAM, (N, 1))
    layers[:, 0] = THICKNESS_MM
    coef = np.zeros((N, curves.N_COEF))
    node = np.zeros((nodes.N_NODE, N + 1))
    for i in range(N):
        curves.fill_layer_curves(layers[i], False, coef[i])
        node[nodes.P, i] = nodes.p_of_psi(curves.psi_of_theta(coef[i], theta, False))
    nodes.fill_distances(coef, node)
    cells, control = np.zeros(at.N_CELLS), np.zeros(at.N_CONTROL)
    table = np.zeros(N * tables.TABLE_SIZE)
    swim3_converged.fill_tables(layers, coef, True, table, cells)
    swim3_converged.fill_cells(coef, node, np.full(N, theta), cells)
    values = {
        "TOLERANCE": 5e-3,
        "ITERATION_RESIDUAL": 5e-4,
        "THETA_STEP": 0.03,
        "DT_MAX": 24.0,
        "DT_NEXT": 0.1,
        "POND_MAX": np.inf,
    } | control_values
    for name, value in values.items():
        control[getattr(at, name)] = value
    flow.evaluate(cells, N, table, control)
    return cells, control, table


def water_cm(cells: FloatArray, control: FloatArray) -> float:
    stored = cells[at.THETA : at.THETA + N] @ cells[at.DX : at.DX + N]
    return float(stored + control[at.POND])


def left_cm(control: FloatArray) -> float:
    sums = (at.SUM_EVAPORATION, at.SUM_RUNOFF, at.SUM_DRAINAGE)
    return float(sum(control[entry] for entry in sums))


@pytest.mark.parametrize("ponds", [0.0, 1.0])
@pytest.mark.parametrize(("rain", "demand"), [(0.0, 0.05), (0.2, 0.0), (3.0, 0.05)])
@pytest.mark.parametrize("theta", [0.12, 0.3, 0.449])
def test_water_is_neither_made_nor_lost(
    theta: float, rain: float, demand: float, ponds: float
) -> None:
    cells, control, table = column(theta, RAIN=rain, DEMAND=demand, PONDS=ponds)
    before = water_cm(cells, control)
    advance_nodes(cells, N, table, control, 6.0)
    gain = water_cm(cells, control) - before
    assert 6.0 * rain - left_cm(control) == pytest.approx(gain, abs=1e-12)
    inflow = float(control[at.SUM_INFLOW])
    pond = float(control[at.POND] + control[at.SUM_RUNOFF])
    assert 6.0 * rain - pond == pytest.approx(inflow, abs=1e-12)
    assert control[at.FALLBACKS] == 0.0
    assert np.all(cells[at.THETA : at.THETA + N] <= 0.45)
    assert np.all(cells[at.THETA : at.THETA + N] >= 0.0)


def test_a_surface_without_a_pond_sheds_what_does_not_fit() -> None:
    cells, control, table = column(0.4, RAIN=5.0)
    advance_nodes(cells, N, table, control, 6.0)
    assert control[at.SUM_RUNOFF] > 10.0
    assert control[at.POND] == 0.0


def test_a_pond_above_its_limit_runs_off() -> None:
    cells, control, table = column(0.4, RAIN=5.0, PONDS=1.0, POND_MAX=2.0)
    advance_nodes(cells, N, table, control, 6.0)
    assert control[at.POND] == 2.0
    assert control[at.SUM_RUNOFF] > 10.0


def test_the_explicit_step_keeps_balance_and_bounds_whatever_its_length() -> None:
    # Three hours at the present fluxes would overfill the surface node many times.
    cells, control, table = column(0.44, RAIN=10.0)
    before = water_cm(cells, control)
    swim3_advance.begin_step(cells, N, control, 3.0)
    swim3_advance.explicit_step(cells, N, table, control, 3.0)
    gain = water_cm(cells, control) - before
    assert 30.0 - left_cm(control) == pytest.approx(gain, abs=1e-12)
    assert cells[at.THETA : at.THETA + N].max() <= 0.45
    assert control[at.FALLBACKS] == 1.0


def test_surplus_climbs_and_deficit_is_drawn_from_below() -> None:
    cells, _, _ = column(0.3)
    cells[at.THETA : at.THETA + N] = (0.44, 0.46, 0.47)
    # By hand: layer 3 gives 0.02*20 = 0.4 cm up; layer 2 passes 0.01*10 + 0.4 on; layer 1 has
    # room for 0.01*5, so 0.45 cm leave.
    surplus, deficit = swim3_advance.pass_on(cells, N)
    assert surplus == pytest.approx(0.45)
    assert deficit == 0.0
    cells[at.THETA : at.THETA + N] = (-0.01, 0.001, 0.2)
    surplus, deficit = swim3_advance.pass_on(cells, N)
    assert (surplus, deficit) == (0.0, 0.0)
    # 0.05 cm from layer 2, which holds 0.01 cm; 0.04 cm from layer 3.
    expected = [0.0, 0.0, 0.2 - 0.04 / 20.0]
    np.testing.assert_allclose(cells[at.THETA : at.THETA + N], expected, atol=1e-15)


def test_halving_all_tolerances_moves_the_answer_less_and_less() -> None:
    found = []
    for tighter in (1.0, 0.1, 0.01, 0.001):
        cells, control, table = column(0.2, RAIN=0.3, TOLERANCE=5e-3 * tighter)
        control[at.ITERATION_RESIDUAL] = 1e-7
        advance_nodes(cells, N, table, control, 12.0)
        found.append(cells[at.THETA : at.THETA + N].copy())
    moves = [float(np.abs(found[i] - found[3]).max()) for i in range(3)]
    assert moves[0] > 2.0 * moves[1] > 4.0 * moves[2]
    assert moves[0] < 5e-3


def test_a_saturated_head_held_below_feeds_the_column() -> None:
    cells, control, table = column(
        0.2, BOTTOM_KIND=float(layout.BOTTOM_FIXED_HEAD), BOTTOM_P=tables.P_SATURATED
    )
    cells[at.P + N - 1] = tables.P_SATURATED
    flow.evaluate(cells, N, table, control)
    cells[at.THETA + N - 1] = cells[at.THETA_P + N - 1]
    before = water_cm(cells, control)
    advance_nodes(cells, N, table, control, 24.0)
    assert control[at.SUM_DRAINAGE] < 0.0  # water rises from the table
    assert water_cm(cells, control) - before == pytest.approx(-float(control[at.SUM_DRAINAGE]))
