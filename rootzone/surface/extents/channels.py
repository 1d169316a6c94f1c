"""The 27 channels of the surface network, by name: where each comes from and what 0 and 1 mean.

POLARIS and gNATSGO give the soil where they are at hand. Without gNATSGO its five layers are
derived from the hydraulics of the pixel (`stand_ins`). Values that are missing are NaN here and
-1 inside the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone.networks.channels import CLASS, LAND, SURFACE, WEATHER, Channel, FeatureSpec

LATE: Final = ("ndvi", "nlcd", "red", "green", "blue")
"""Channels joined again before the last convolution, in that order."""
SOIL: Final = (
    "aws_mm", "thickness_cm", "awc", "fc", "porosity", "silt_pct", "clay_pct", "sand_pct",
    "bd_g_cm3", "theta_r", "log10_om_pct", "log10_ksat_cm_h",
)  # fmt: skip
RETENTION: Final = ("theta_r", "theta_s", "alpha_per_cm", "n")
"""Bands of the land file that the matric-potential term and a bounded output read."""
DAILY: Final = ("pr", "rmax", "rmin", "tmmx", "tmmn")
REACH_DAYS: Final = {"weather": 0, "lai": 8, "smap": 3}
"""How far from its day a field may lie; a farther one is missing."""


def _land(name: str, unit: str, low: float, high: float, kind: str = "number") -> Channel:
    return Channel(name, unit, LAND, name, low, high, kind)


def _day(name: str, unit: str, low: float, high: float, origin: str = WEATHER) -> Channel:
    return Channel(name, unit, origin, name, low, high)


SURFACE_SPEC: Final = FeatureSpec(
    "deepsoil-surface-27",
    1,
    (
        _land("aws_mm", "mm", 0.0, 500.0),
        _land("thickness_cm", "cm", 0.0, 200.0),
        _land("awc", "m3 m-3", 0.0, 0.5),
        _land("fc", "m3 m-3", 0.0, 0.7),
        _land("porosity", "m3 m-3", 0.2, 0.9),
        _land("silt_pct", "%", 0.0, 100.0),
        _land("clay_pct", "%", 0.0, 100.0),
        _land("sand_pct", "%", 0.0, 100.0),
        _land("bd_g_cm3", "g cm-3", 0.5, 2.0),
        _land("theta_r", "m3 m-3", 0.0, 0.3),
        _land("log10_om_pct", "log10 %", -2.0, 2.0),
        _land("log10_ksat_cm_h", "log10 cm h-1", -3.0, 3.0),
        _land("nlcd", "code", 0.0, 95.0, CLASS),
        _land("koppen", "code", 0.0, 30.0, CLASS),
        _land("elevation_m", "m", -100.0, 4500.0),
        _land("red", "-", 0.0, 0.5),
        _land("green", "-", 0.0, 0.5),
        _land("blue", "-", 0.0, 0.5),
        _land("nir", "-", 0.0, 0.5),
        _land("ndvi", "-", -1.0, 1.0),
        _day("pr", "mm d-1", 0.0, 100.0),
        _day("rmax", "%", 0.0, 100.0),
        _day("rmin", "%", 0.0, 100.0),
        _day("tmmx", "degC", -40.0, 50.0),
        _day("tmmn", "degC", -40.0, 50.0),
        _day("lai", "m2 m-2", 0.0, 7.0),
        _day("smap", "m3 m-3", 0.0, 0.6, SURFACE),
    ),
    texture_depth_cm=(0, 5),
)
"""The order of the science note; the ranges are constants, never taken from data."""

LATE_NUMBERS: Final = tuple(SURFACE_SPEC.names.index(name) for name in LATE)


def stand_ins(
    theta_33kpa: FloatArray, theta_1500kpa: FloatArray, theta_s: FloatArray, depth_cm: FloatArray
) -> Mapping[str, FloatArray]:
    """What gNATSGO would say, from our own hydraulics.

    Parameters
    ----------
    theta_33kpa, theta_1500kpa, theta_s : array
        Water content at field capacity, at the wilting point and at saturation [m3 m-3].
    depth_cm : array
        Depth of the profile [cm].

    Returns
    -------
    mapping of str to array
        ``awc``, ``fc``, ``porosity`` [m3 m-3], ``aws_mm`` and ``thickness_cm``.

    Examples
    --------
    0.1 of 150 cm is 15 cm, or 150 mm:

    >>> found = stand_ins(np.array([0.25]), np.array([0.15]), np.array([0.4]), np.array([150.0]))
    >>> found["aws_mm"].round(6).tolist()
    [150.0]
    """
    awc = np.asarray(theta_33kpa - theta_1500kpa)
    return {
        "awc": awc, "fc": np.asarray(theta_33kpa), "porosity": np.asarray(theta_s),
        "aws_mm": np.asarray(10.0 * awc * depth_cm), "thickness_cm": np.asarray(depth_cm),
    }  # fmt: skip
