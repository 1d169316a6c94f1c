"""Water content before the first day."""

from __future__ import annotations

import numpy as np
import pytest

from rootzone._shared.arrays import FloatArray
from rootzone._shared.errors import RequestError
from rootzone.engines.swim.batch import pack_layers
from rootzone.engines.swim.initial import initial_theta, resting_heads_cm, theta_of_heads
from rootzone.engines.swim.read_settings import settings_from_mapping
from tests.engines.swim.tables import LOAM_SWIM3, LOAM_VG

pytestmark = pytest.mark.kernels


def loam(physics: str, thickness_mm: list[float]) -> tuple[FloatArray, dict[str, FloatArray]]:
    parameters = LOAM_VG if physics == "van_genuchten" else LOAM_SWIM3
    soil = {name: np.full(len(thickness_mm), value) for name, value in parameters.items()}
    soil["thickness_mm"] = np.array(thickness_mm)
    return pack_layers(soil, physics), soil


def test_water_contents_are_taken_as_given() -> None:
    layers, soil = loam("swim3", [100.0, 100.0])
    given = {**soil, "theta_initial": np.array([0.2, 0.3])}
    settings = settings_from_mapping("swim3", "apsim", {})
    theta = initial_theta(layers, np.array([0, 2]), given, settings)
    assert theta.tolist() == [0.2, 0.3]


def test_heads_of_swim3_give_its_own_points_of_the_curve() -> None:
    # SWIM3 builds its curve through SAT at -1 cm, DUL at PSIDul and LL15 at -15,000 cm.
    layers, soil = loam("swim3", [100.0, 100.0, 100.0, 100.0])
    given = {**soil, "psi_initial_cm": np.array([0.0, -1.0, -100.0, -15000.0])}
    settings = settings_from_mapping("swim3", "apsim", {"initial": "psi"})
    theta = initial_theta(layers, np.array([0, 4]), given, settings)
    assert theta == pytest.approx([0.404, 0.404, 0.365, 0.134], abs=1e-9)


def test_a_resting_profile_loses_a_centimetre_of_head_for_each_of_height() -> None:
    # By hand: water table at the lower end, 600 mm down; layer middles 550, 450 and 200 mm above
    # it for two sites of unlike layers.
    layers, _ = loam("van_genuchten", [100.0, 100.0, 400.0, 600.0])
    settings = settings_from_mapping("van_genuchten", "converged", {"bottom": "head:0"})
    heads = resting_heads_cm(layers, np.array([0, 3, 4]), settings)
    assert heads == pytest.approx([-55.0, -45.0, -20.0, -30.0])


def test_swim3_rests_at_its_nodes_on_the_surface_and_the_bottom() -> None:
    layers, _ = loam("swim3", [100.0, 100.0, 400.0])
    settings = settings_from_mapping("swim3", "apsim", {"bottom": "water_table:500"})
    heads = resting_heads_cm(layers, np.array([0, 3]), settings)
    assert heads == pytest.approx([-50.0, -35.0, 10.0])


def test_below_the_water_table_soil_is_saturated() -> None:
    for physics, saturated in (("swim3", 0.404), ("van_genuchten", 0.404)):
        layers, _ = loam(physics, [100.0])
        settings = settings_from_mapping(physics, "apsim", {})
        assert theta_of_heads(layers, np.array([25.0]), settings) == pytest.approx([saturated])


def test_rest_needs_a_head_at_the_bottom() -> None:
    layers, soil = loam("swim3", [100.0])
    settings = settings_from_mapping("swim3", "apsim", {"initial": "equilibrium"})
    with pytest.raises(RequestError, match="bottom is free_drainage"):
        initial_theta(layers, np.array([0, 1]), soil, settings)
