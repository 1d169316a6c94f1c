"""What radar and optics see of a made-up province at 10 m, place by place.

Backscatter is a water cloud over Oh's soil with the field's own roughness and the speckle of 4.4
looks; reflectance is that of `look_optical`, of soil that brightens as it dries and is darker with
clay.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone.surface.physics.bare_soil import db_from_linear, ks_of_rms, oh2004
from rootzone.surface.physics.water_cloud import VH, VV, water_cloud
from rootzone.surface.worlds.fine_land import FineLand, Ground
from rootzone.surface.worlds.look_optical import BANDS, NOISE, lai_of_ndvi, reflectance

LOOKS: Final = 4.4
_CALIBRATION_DB, _FLOOR = 0.3, 0.02 * 10**-2.2
_DRIEST, _WETTEST = 0.06, 0.34  # water content of 0-1 cm of the brightest and darkest soil


def incidence_deg(day: int) -> float:
    """Angle of the day's orbit: two tracks by turns [degree]."""
    return 34.0 if day % 12 < 6 else 42.0


def radar_db(
    land: FineLand, day: int, ground: Ground, rng: np.random.Generator
) -> dict[str, FloatArray]:
    """VV and VH of a day [dB], with speckle and the error of the day's calibration."""
    theta = np.clip(land.theta("0_2cm", day, ground), 0.03, 0.35)
    angle = incidence_deg(day)
    soil = oh2004(theta, ks_of_rms(ground.rms_cm), np.array(angle))
    cross = soil.vh if soil.vh is not None else np.zeros_like(theta)
    ndvi = land.ndvi(day, ground)
    out = {}
    for name, bare, canopy in (("VV", soil.vv, VV), ("VH", cross, VH)):
        power = np.asarray(water_cloud(bare, ndvi, np.array(angle), canopy))
        speckle = rng.gamma(LOOKS, 1.0 / LOOKS, power.shape)
        off = 10 ** (_CALIBRATION_DB * rng.standard_normal() / 10)
        out[name] = np.asarray(db_from_linear(power * speckle * off + _FLOOR))
    return out


def reflectances(
    land: FineLand, day: int, ground: Ground, rng: np.random.Generator
) -> dict[str, FloatArray]:
    """Clear-sky reflectance of `BANDS` on a day [-]."""
    top = land.theta("0_1cm", day, ground)
    dry = np.clip(1.0 - (top - _DRIEST) / (_WETTEST - _DRIEST), 0.0, 1.0)
    dry = dry * np.clip(1.1 - 0.01 * ground.clay_pct, 0.3, 1.0)
    lai = lai_of_ndvi(land.ndvi(day, ground))
    return {
        band: np.clip(reflectance(band, lai, dry) + NOISE * rng.standard_normal(lai.shape), 0, 1)
        for band in BANDS
    }


def leaves(land: FineLand, day: int, ground: Ground) -> Mapping[str, FloatArray]:
    """Leaf area and the share of light that it takes, 1 - exp(-L / 2) [-]."""
    lai = lai_of_ndvi(land.ndvi(day, ground))
    return {"lai": lai, "fpar": 1.0 - np.exp(-0.5 * lai)}


def cloudy(land: FineLand, day: int, rng: np.random.Generator) -> FloatArray:
    """1 where a weather cell is under clouds on a day: rain, and a quarter of the others."""
    rain = land.rain_mm[day]
    return np.asarray((rain > 0.2) | (rng.random(rain.shape) < 0.25), np.float64)
