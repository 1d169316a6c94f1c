from __future__ import annotations

import numpy as np
import pytest

from rootzone.engines.protocol import Profiles, SiteBatch, WeatherBatch
from rootzone.jobs.shard.relayer import merge_layers, split_layers, theta_of_merged, theta_of_split


def batch() -> SiteBatch:
    """Two sites of 3 and 2 layers."""
    weather = WeatherBatch(np.array([1]), np.array([0, 2]), np.array([0]), {})
    soil = {
        "thickness_mm": np.array([50.0, 100.0, 200.0, 50.0, 150.0]),
        "theta_initial": np.array([0.1, 0.25, 0.3, 0.2, 0.4]),
    }
    return SiteBatch(np.array([7, 8]), np.array([0, 3, 5]), soil, np.array([0, 0]), weather)


def profiles(theta: list[float], n_layer: list[int], n_day: int = 1) -> Profiles:
    layers = np.array(n_layer)
    return Profiles(
        np.array([7, 8]),
        np.array([0, n_day, 2 * n_day]),
        np.concatenate(([0], np.cumsum(layers * n_day))),
        layers,
        np.array([0, 0]),
        np.array(theta),
        {},
    )


def storage_mm(batch: SiteBatch, site: int) -> float:
    rows = slice(batch.layer_start[site], batch.layer_start[site + 1])
    return float(np.sum(batch.soil["thickness_mm"][rows] * batch.soil["theta_initial"][rows]))


def test_split_layers_are_halves_of_the_same_soil() -> None:
    split = split_layers(batch(), 2)
    assert split.layer_start.tolist() == [0, 6, 10]
    assert split.soil["thickness_mm"][:6].tolist() == [25.0, 25.0, 50.0, 50.0, 100.0, 100.0]
    assert split.soil["theta_initial"][:4].tolist() == [0.1, 0.1, 0.25, 0.25]


def test_merged_layers_are_weighted_by_thickness_and_the_odd_one_stays() -> None:
    merged = merge_layers(batch(), 2)
    assert merged.layer_start.tolist() == [0, 2, 3]
    assert merged.soil["thickness_mm"].tolist() == [150.0, 200.0, 200.0]
    # By hand: (50 x 0.1 + 100 x 0.25) / 150 = 0.2; (50 x 0.2 + 150 x 0.4) / 200 = 0.35.
    assert merged.soil["theta_initial"] == pytest.approx([0.2, 0.3, 0.35])


@pytest.mark.parametrize("site", [0, 1])
def test_neither_splitting_nor_merging_makes_or_loses_water(site: int) -> None:
    for changed in (split_layers(batch(), 2), merge_layers(batch(), 2)):
        assert storage_mm(changed, site) == pytest.approx(storage_mm(batch(), site))


def test_theta_of_split_layers_comes_back_as_the_mean_of_the_halves() -> None:
    on_halves = profiles([0.1, 0.2, 0.3, 0.5, 0.2, 0.4], [4, 2])
    back = theta_of_split(on_halves, 2)
    assert back.theta == pytest.approx([0.15, 0.4, 0.3])
    assert back.n_layer.tolist() == [2, 1]
    assert back.theta_of(1) == pytest.approx(np.array([[0.3]]))


def test_theta_of_merged_layers_comes_back_to_each_layer_of_its_group() -> None:
    # Two days; sites of 3 and 2 layers on 2 and 1 merged ones.
    merged = profiles([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], [2, 1], n_day=2)
    back = theta_of_merged(merged, 2, np.array([3, 2]))
    assert back.theta_of(0) == pytest.approx(np.array([[0.1, 0.1, 0.2], [0.3, 0.3, 0.4]]))
    assert back.theta_of(1) == pytest.approx(np.array([[0.5, 0.5], [0.6, 0.6]]))
