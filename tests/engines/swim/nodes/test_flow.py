"""The flat, tabulated fluxes are those of SWIM3's nodes."""

from __future__ import annotations

import numpy as np
import pytest

from rootzone._shared.arrays import FloatArray
from rootzone.engines.swim import layout
from rootzone.engines.swim.nodes import curves, nodes
from rootzone.engines.swim.nodes import flow as swim3_flow
from rootzone.engines.swim.nodes import setup_converged as swim3_converged
from rootzone.engines.swim.nodes import state as at
from rootzone.engines.swim.nodes import table as tables

pytestmark = pytest.mark.kernels

LOAM = np.array([0.0, 0.10, 0.30, 0.45, 200.0, 1.0, -100.0])
THICKNESS_MM = (50.0, 100.0, 200.0)
# Heads at nodes of the tables, so that table and curve agree to rounding.
P = np.array([tables.WIDTH_DRY * -20.0, 3.0, 5.0])


def both(space_weighting: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The same three nodes in both forms, evaluated: node, cells and control."""
    n = len(THICKNESS_MM)
    layers = np.tile(LOAM, (n, 1))
    layers[:, 0] = THICKNESS_MM
    coef = np.zeros((n, curves.N_COEF))
    node = np.zeros((nodes.N_NODE, n + 1))
    for i in range(n):
        curves.fill_layer_curves(layers[i], False, coef[i])
    nodes.fill_distances(coef, node)
    node[nodes.P, :n] = P
    nodes.evaluate_curves(nodes.KIND_SWIM3, coef, node, True)
    nodes.fill_gravity_weights(node, n, space_weighting)
    nodes.fill_fluxes(node, n)
    cells, control = np.zeros(at.N_CELLS), np.zeros(at.N_CONTROL)
    table = np.zeros(n * tables.TABLE_SIZE)
    swim3_converged.fill_tables(layers, coef, True, table, cells)
    swim3_converged.fill_cells(coef, node, np.full(n, 0.3), cells)
    tables.look_up(cells, n, table)
    swim3_flow.weigh_gravity(cells, n, space_weighting)
    swim3_flow.evaluate(cells, n, table, control)
    return node, cells, control


@pytest.mark.parametrize("space_weighting", [0.0, 0.7])
def test_fluxes_and_their_slopes_are_those_of_the_nodes(space_weighting: float) -> None:
    node, cells, _ = both(space_weighting)
    for row, flat in (
        (nodes.GRAVITY_ABOVE, at.WEIGHT),
        (nodes.Q, at.Q),
        (nodes.Q_ABOVE, at.Q_ABOVE),
        (nodes.Q_BELOW, at.Q_BELOW),
    ):
        np.testing.assert_allclose(cells[flat + 1 : flat + 3], node[row, 1:3], rtol=1e-9)


def test_equal_soils_share_one_table() -> None:
    _, cells, _ = both(0.0)
    assert cells[at.TABLE : at.TABLE + 3].tolist() == [0.0, 0.0, 0.0]


def test_free_drainage_leaves_at_the_last_conductivity() -> None:
    _, cells, control = both(0.0)
    assert cells[at.Q + 3] == cells[at.K + 2]
    assert control[at.BOTTOM_HELD] == 0.0


@pytest.mark.parametrize(
    ("kind", "p_bottom", "held"),
    [
        (layout.BOTTOM_ZERO_FLUX, 0.0, 0.0),
        (layout.BOTTOM_FIXED_HEAD, 10.0, 1.0),
        (layout.BOTTOM_SEEPAGE, 10.0, 0.0),
        (layout.BOTTOM_SEEPAGE, 5.0, 1.0),
    ],
)
def test_other_bottoms_close_or_hold_the_last_node(kind: int, p_bottom: float, held: float) -> None:
    _, cells, control = both(0.0)
    control[at.BOTTOM_KIND], control[at.BOTTOM_P] = kind, p_bottom
    swim3_flow.set_bottom(cells, 3, control)
    assert cells[at.Q + 3] == 0.0
    assert control[at.BOTTOM_HELD] == held


def test_no_demand_means_no_evaporation_and_no_slope() -> None:
    _, cells, control = both(0.0)
    swim3_flow.set_evaporation(cells, control)
    assert control[at.EVAPORATION] == control[at.EVAPORATION_SLOPE] == 0.0


def test_slope_of_evaporation_is_its_derivative_by_p() -> None:
    _, cells, control = both(0.0)
    control[at.DEMAND] = 0.05
    found = []
    for p in (-10.0 - 1e-5, -10.0, -10.0 + 1e-5):
        cells[at.P] = p
        swim3_flow.set_evaporation(cells, control)
        found.append((float(control[at.EVAPORATION]), float(control[at.EVAPORATION_SLOPE])))
    derivative = (found[2][0] - found[0][0]) / 2e-5
    assert found[1][1] == pytest.approx(derivative, rel=1e-4)
