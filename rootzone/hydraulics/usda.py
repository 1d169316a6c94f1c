"""The twelve texture classes of the USDA triangle."""

from __future__ import annotations

from typing import Final

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray

USDA_CLASSES: Final = (
    "sand",
    "loamy sand",
    "sandy loam",
    "loam",
    "silt loam",
    "silt",
    "sandy clay loam",
    "clay loam",
    "silty clay loam",
    "sandy clay",
    "silty clay",
    "clay",
)


def usda_class(sand_pct: FloatArray, silt_pct: FloatArray, clay_pct: FloatArray) -> AnyArray:
    """USDA class of closed textures, as a position in ``USDA_CLASSES``; -1 where one is NaN.

    Parameters
    ----------
    sand_pct, silt_pct, clay_pct : array, shape (row,)
        Closed fractions [%].

    References
    ----------
    Soil Survey Manual, USDA Handbook 18 (2017), chapter 3, definitions of the texture classes.
    """
    sand, silt, clay = np.asarray(sand_pct), np.asarray(silt_pct), np.asarray(clay_pct)
    coarse = silt + 1.5 * clay
    medium = silt + 2.0 * clay
    rules = [
        np.isnan(sand + silt + clay),
        coarse < 15.0,
        (coarse >= 15.0) & (medium < 30.0),
        (silt >= 80.0) & (clay < 12.0),
        (silt >= 50.0) & (clay < 27.0),
        (clay >= 40.0) & (silt >= 40.0),
        (clay >= 35.0) & (sand > 45.0),
        clay >= 40.0,
        (clay >= 27.0) & (sand <= 20.0),
        (clay >= 27.0) & (sand <= 45.0),
        (clay >= 20.0) & (silt < 28.0) & (sand > 45.0),
        (clay >= 7.0) & (sand <= 52.0) & (silt >= 28.0),
    ]
    names = (
        "sand", "loamy sand", "silt", "silt loam", "silty clay", "sandy clay", "clay",
        "silty clay loam", "clay loam", "sandy clay loam", "loam",
    )  # fmt: skip
    choices = [-1, *(USDA_CLASSES.index(name) for name in names)]
    return np.select(rules, choices, default=USDA_CLASSES.index("sandy loam"))
