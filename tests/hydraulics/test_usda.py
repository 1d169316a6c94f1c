"""USDA texture classes at textures whose class is beyond doubt, and at class borders."""

import numpy as np
import pytest

from rootzone.hydraulics.usda import USDA_CLASSES, usda_class


def _name(sand: float, clay: float) -> str:
    number = usda_class(np.array([sand]), np.array([100.0 - sand - clay]), np.array([clay]))[0]
    return USDA_CLASSES[number]


# Soil Survey Manual, Handbook 18, chapter 3: class centres, then points on either side of borders.
@pytest.mark.parametrize(
    ("sand", "clay", "name"),
    [
        (92.0, 4.0, "sand"),
        (82.0, 6.0, "loamy sand"),
        (65.0, 10.0, "sandy loam"),
        (40.0, 20.0, "loam"),
        (20.0, 15.0, "silt loam"),
        (7.0, 5.0, "silt"),
        (60.0, 28.0, "sandy clay loam"),
        (33.0, 34.0, "clay loam"),
        (10.0, 34.0, "silty clay loam"),
        (52.0, 42.0, "sandy clay"),
        (7.0, 47.0, "silty clay"),
        (22.0, 58.0, "clay"),
        (86.0, 0.0, "sand"),  # silt 14, silt + 1.5 clay = 14
        (85.0, 0.0, "loamy sand"),  # silt 15
        (70.0, 0.0, "sandy loam"),  # silt 30, silt + 2 clay = 30
        (45.0, 6.0, "sandy loam"),  # clay below 7
        (10.0, 11.9, "silt loam"),  # silt 78.1
        (8.0, 12.0, "silt loam"),  # silt 80, clay 12
        (45.0, 36.0, "clay loam"),
        (20.0, 40.0, "silty clay"),
        (20.1, 40.0, "clay"),
    ],
)
def test_class(sand: float, clay: float, name: str) -> None:
    assert _name(sand, clay) == name


def test_every_integer_texture_has_one_of_twelve_classes() -> None:
    textures = np.array([(i, j, 100 - i - j) for i in range(101) for j in range(101 - i)], float)
    assert set(usda_class(*textures.T)) == set(range(12))


def test_a_missing_texture_has_no_class() -> None:
    assert usda_class(np.array([np.nan]), np.array([1.0]), np.array([1.0])).tolist() == [-1]
