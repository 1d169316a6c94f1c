"""Depth averaging and what is wrong with depths."""

import numpy as np
import pytest

from rootzone.hydraulics.depths import (
    average_over_layers,
    depth_refusals,
    extended_bottoms,
    uncovered_layers,
)
from rootzone.hydraulics.outcomes import Refusal

pytestmark = pytest.mark.kernels

POLARIS_MM = np.array([0.0, 50.0, 150.0, 300.0, 600.0, 1000.0, 2000.0])
PROFILE_MM = np.array([50, 50, 50, 50, 100, 100, 100, 200, 200, 200, 200, 200], float)


def _average(values: list[float], thickness_mm: np.ndarray, edges=POLARIS_MM) -> np.ndarray:
    return average_over_layers(
        np.array([0, edges.size - 1]), edges[:-1], edges[1:], np.array([values]), thickness_mm
    )[0]


def test_layers_are_weighted_by_the_depth_they_share() -> None:
    # By hand: the seventh layer, 400-500 mm, lies in 300-600; the eighth, 500-700 mm, has 100 mm
    # of 300-600 (value 40) and 100 mm of 600-1000 (value 50).
    found = _average([10.0, 20.0, 30.0, 40.0, 50.0, 60.0], PROFILE_MM)
    assert found[:4].tolist() == [10.0, 20.0, 20.0, 30.0]
    assert found[6:8].tolist() == [40.0, 45.0]


def test_averaging_keeps_the_total() -> None:
    values = [10.0, 22.0, 37.0, 41.0, 53.0, 64.0]
    found = _average(values, np.full(20, 100.0))
    assert found.sum() * 100.0 == pytest.approx(np.dot(values, np.diff(POLARIS_MM)))


def test_a_layer_below_the_source_is_missing() -> None:
    found = _average([1.0, 2.0], np.array([100.0, 200.0, 100.0]), np.array([0.0, 100.0, 200.0]))
    assert found[:2].tolist() == [1.0, 2.0]
    assert np.isnan(found[2])


def test_uncovered_layers_are_told_per_site() -> None:
    first_row, bottom = np.array([0, 1, 2]), np.array([1500.0, 1400.0])
    uncovered = uncovered_layers(first_row, bottom, np.array([1000.0, 500.0]))
    assert uncovered.tolist() == [False, False, False, True]
    extended = extended_bottoms(first_row, bottom, np.array([1000.0, 500.0]))
    assert extended.tolist() == [1500.0, 1500.0]


@pytest.mark.parametrize(
    ("top", "bottom", "expected"),
    [
        ([0, 50], [50, 100], [0, 0]),
        ([0, 50], [50, 50], [0, Refusal.DEPTH_INVALID]),
        ([0, 50], [50, np.nan], [0, Refusal.DEPTH_INVALID]),
        ([0, 60], [50, 100], [0, Refusal.DEPTH_OVERLAP]),
        ([0, 40], [50, 100], [0, Refusal.DEPTH_OVERLAP]),
        ([20, 50], [50, 100], [Refusal.DEPTH_OVERLAP, 0]),
    ],
)
def test_depth_faults_are_named(top: list, bottom: list, expected: list) -> None:
    found = depth_refusals(np.array([0, 2]), np.array(top, float), np.array(bottom, float))
    assert found.tolist() == expected
