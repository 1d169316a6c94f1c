"""SWIM3's nodes: where they sit, what flows between them, and what Newton solves."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rootzone._shared.arrays import FloatArray
from rootzone.engines.swim import layout
from rootzone.engines.swim.nodes import curves, nodes

pytestmark = pytest.mark.kernels

LAYER = np.array([0.0, 0.10, 0.30, 0.45, 200.0, 1.0, -100.0])


def column(thickness_mm: list[float]) -> tuple[FloatArray, FloatArray]:
    n = len(thickness_mm)
    coef = np.zeros((n, curves.N_COEF))
    for i, thickness in enumerate(thickness_mm):
        layer = LAYER.copy()
        layer[layout.SWIM3_THICKNESS_MM] = thickness
        curves.fill_layer_curves(layer, False, coef[i])
    node = np.zeros((nodes.N_NODE, n + 1))
    nodes.fill_distances(coef, node)
    return coef, node


@pytest.mark.parametrize("psi_cm", [3.0, 0.0, -49.0, -51.0, -1.0e4, -5.0e6])
def test_transform_of_the_head_is_invertible(psi_cm: float) -> None:
    p = nodes.p_of_psi(psi_cm)
    back = -50.0 + 5.0 * p if p >= 0.0 else -50.0 + 5.0 * math.sinh(p)
    assert back == pytest.approx(psi_cm, rel=1e-12, abs=1e-12)


def test_nodes_sit_at_the_surface_at_mid_depths_and_at_the_bottom() -> None:
    # 5, 10, 20 cm: nodes at 0, 10 and 35 cm.
    _, node = column([50.0, 100.0, 200.0])
    assert node[nodes.DISTANCE, 1:3].tolist() == [10.0, 25.0]


def test_a_column_of_equal_heads_drains_by_gravity_alone() -> None:
    # Unit gradient: q = K at any weight when both nodes are alike.
    coef, node = column([50.0, 50.0])
    node[nodes.P] = nodes.p_of_psi(-200.0)
    nodes.evaluate_curves(nodes.KIND_SWIM3, coef, node, False)
    nodes.fill_gravity_weights(node, 2, 0.0)
    nodes.fill_fluxes(node, 2)
    assert node[nodes.Q, 1] == pytest.approx(node[nodes.K, 0], rel=1e-12)


def test_hydrostatic_heads_barely_flow() -> None:
    # psi + z constant over 1 cm: capillary and gravity fluxes cancel but for the mean of K psi'.
    coef, node = column([5.0, 15.0])
    node[nodes.P, 0] = nodes.p_of_psi(-31.0)
    node[nodes.P, 1] = nodes.p_of_psi(-29.0)
    node[nodes.DISTANCE, 1] = 2.0
    nodes.evaluate_curves(nodes.KIND_SWIM3, coef, node, False)
    nodes.fill_gravity_weights(node, 2, 0.5)
    nodes.fill_fluxes(node, 2)
    assert abs(node[nodes.Q, 1]) < 1e-12 * node[nodes.K, 1] + 1e-15


@pytest.mark.parametrize("vapour", [False, True])
@pytest.mark.parametrize("psi_cm", [-2.0, -30.0, -80.0, -5.0e3, -1.0e6])
def test_derivatives_by_p_are_derivatives(psi_cm: float, vapour: bool) -> None:
    coef, node = column([50.0])
    p, step = nodes.p_of_psi(psi_cm), 1e-6
    found = []
    for value in (p - step, p, p + step):
        node[nodes.P] = value
        nodes.evaluate_curves(nodes.KIND_SWIM3, coef, node, vapour)
        found.append(node[:, 0].copy())
    low, here, high = found
    pairs = ((nodes.PSI, nodes.PSI_P), (nodes.PSI_P, nodes.PSI_PP), (nodes.K, nodes.K_P))
    for value, slope in (*pairs, (nodes.THETA, nodes.THETA_P)):
        expected = (high[value] - low[value]) / (2 * step)
        assert here[slope] == pytest.approx(expected, rel=1e-4, abs=1e-12)


def test_vapour_moves_water_in_air_dry_soil_only() -> None:
    # 7.28e-9 (SAT/0.93 - theta) exp(7.26e-7 psi) cm/h, by hand at -1e5 cm.
    coef, node = column([50.0])
    node[nodes.P] = nodes.p_of_psi(-1.0e5)
    nodes.evaluate_curves(nodes.KIND_SWIM3, coef, node, False)
    liquid, theta = node[nodes.K, 0], node[nodes.THETA, 0]
    nodes.evaluate_curves(nodes.KIND_SWIM3, coef, node, True)
    vapour = 7.28e-9 * (0.45 / 0.93 - theta) * math.exp(-0.0726)
    assert node[nodes.K, 0] - liquid == pytest.approx(vapour, rel=1e-9)


def test_gravity_leans_upstream_where_conductivity_is_steep() -> None:
    coef, node = column([50.0, 500.0])
    node[nodes.P] = nodes.p_of_psi(-5.0)
    nodes.evaluate_curves(nodes.KIND_SWIM3, coef, node, False)
    nodes.fill_gravity_weights(node, 2, 0.0)
    assert 1.0 < node[nodes.GRAVITY_ABOVE, 1] < 2.0
    nodes.fill_gravity_weights(node, 2, 0.8)
    assert node[nodes.GRAVITY_ABOVE, 1] == 1.6


def test_evaporation_falls_with_the_humidity_of_the_surface() -> None:
    # exp(7e-7 psi) against one half: swim3.md gives 0.99, 0.86 and 0 of potential.
    assert nodes.evaporation_rate(1.0, 0.0) == (1.0, 0.0)
    assert nodes.evaporation_rate(1.0, -1.0e4)[0] == pytest.approx(0.99, abs=0.005)
    assert nodes.evaporation_rate(1.0, -1.0e5)[0] == pytest.approx(0.86, abs=0.005)
    assert nodes.evaporation_rate(1.0, -1.0e6)[0] == 0.0


def test_series_of_the_exponential_is_exact_where_it_is_used() -> None:
    for z in (-1.4999e-3, -1e-5, 0.0, 1.4e-3, -2e-3):
        assert nodes.small_exp(z) == pytest.approx(math.exp(z), rel=2e-16)


def test_the_linear_system_is_solved_and_a_held_node_stays() -> None:
    # The update must satisfy J d = F; here J is filled with numbers and checked by numpy.
    coef, node = column([50.0, 50.0, 50.0])
    rng = np.random.default_rng(3)
    for row in (nodes.Q, nodes.QS, nodes.THETA_P):
        node[row] = rng.uniform(0.1, 1.0, 4)
    node[nodes.Q_ABOVE] = rng.uniform(0.1, 0.5, 4)
    node[nodes.Q_BELOW] = -rng.uniform(0.1, 0.5, 4)
    worst = nodes.solve_update(coef, node, 2.0, False, False)
    matrix = np.zeros((3, 3))
    residual = np.empty(3)
    for i in range(3):
        storage = node[nodes.THETA_P, i] * coef[i, curves.DX_CM] / 2.0
        matrix[i, i] = node[nodes.Q_BELOW, i] - node[nodes.Q_ABOVE, i + 1] - storage
        if i > 0:
            matrix[i, i - 1] = node[nodes.Q_ABOVE, i]
        if i < 2:
            matrix[i, i + 1] = -node[nodes.Q_BELOW, i + 1]
        residual[i] = node[nodes.QS, i] - node[nodes.Q, i] + node[nodes.Q, i + 1]
    np.testing.assert_allclose(matrix @ node[nodes.UPDATE, :3], residual, rtol=1e-12)
    assert worst == np.abs(residual).max()
    nodes.solve_update(coef, node, 2.0, True, False)
    assert node[nodes.UPDATE, 0] == 0.0


def bottom(kind: int, psi_last_cm: float) -> tuple[bool, float, FloatArray]:
    coef, node = column([50.0, 50.0])
    node[nodes.P, 0] = nodes.p_of_psi(-5.0)
    node[nodes.P, 1] = nodes.p_of_psi(psi_last_cm)
    nodes.evaluate_curves(nodes.KIND_SWIM3, coef, node, False)
    nodes.fill_gravity_weights(node, 2, 0.5)
    nodes.fill_fluxes(node, 2)
    held = nodes.apply_bottom(node, 2, kind, 0.0)
    return held, node[nodes.Q, 2], node


def test_bottom_boundaries() -> None:
    held, q, node = bottom(layout.BOTTOM_FREE_DRAINAGE, -50.0)
    assert (held, q) == (False, node[nodes.K, 1])  # unit gradient
    assert bottom(layout.BOTTOM_ZERO_FLUX, -50.0)[:2] == (False, 0.0)
    held, q, node = bottom(layout.BOTTOM_FIXED_HEAD, 0.0)
    assert (held, q) == (True, node[nodes.Q, 1])  # what comes in goes out
    assert bottom(layout.BOTTOM_SEEPAGE, -5.0)[:2] == (False, 0.0)  # below the threshold: closed
    held, q, _ = bottom(layout.BOTTOM_SEEPAGE, 0.0)
    assert held
    assert q > 0.0
