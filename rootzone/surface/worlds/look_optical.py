r"""Reflectance that Landsat and Sentinel-2 would see: canopy over soil that brightens as it dries.

Soil shows through gaps of a canopy of leaf area L with a share of exp(-k L), so that

.. math:: \rho = \rho_\infty + (\rho_{soil} - \rho_\infty) e^{-k L}

with soil, closed canopy and k of each band fitted to PROSAIL 2.0.5 (50 canopies, Landsat 8); it is
within .015 of them, which a test holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray, Float32Array, FloatArray, IntArray
from rootzone.surface.worlds.look import clouds
from rootzone.surface.worlds.province import Province


class BandOptics(NamedTuple):
    """One band.

    Attributes
    ----------
    wet, dry : float
        Reflectance of wet and of dry bare soil [-].
    closed : float
        That of a canopy without gaps [-].
    k : float
        Extinction a unit of leaf area [-].
    """

    wet: float
    dry: float
    closed: float
    k: float


BANDS: Final[dict[str, BandOptics]] = {
    "blue": BandOptics(0.025, 0.229, 0.015, 1.121),
    "green": BandOptics(0.028, 0.265, 0.038, 1.029),
    "red": BandOptics(0.037, 0.312, 0.014, 1.109),
    "nir": BandOptics(0.065, 0.398, 0.445, 0.400),
    "swir1": BandOptics(0.153, 0.515, 0.184, 0.676),
    "swir2": BandOptics(0.111, 0.498, 0.063, 0.891),
}
NOISE: Final = 0.01


@dataclass(frozen=True)
class Optical:
    """Scenes of an optical sensor.

    Attributes
    ----------
    day : array of int, shape (look,)
        Number of the date.
    reflectance : dict of arrays, shape (look, row, col)
        By band; clouds are bright and not left out.
    cloud : array of bool, shape (look, row, col)
        Where there are clouds.
    """

    day: IntArray
    reflectance: dict[str, Float32Array]
    cloud: BoolArray


def reflectance(band: str, lai: AnyArray, dry_share: AnyArray) -> FloatArray:
    """Reflectance of a canopy over soil.

    Parameters
    ----------
    band : str
        One of `BANDS`.
    lai : array
        Leaf area over ground area [-], 0 or more.
    dry_share : array
        0 for the darkest, wet soil, 1 for the brightest, dry one [-].
    """
    b = BANDS[band]
    soil = b.wet + (b.dry - b.wet) * np.asarray(dry_share, np.float64)
    return np.asarray(b.closed + (soil - b.closed) * np.exp(-b.k * np.asarray(lai, np.float64)))


def lai_of_ndvi(ndvi: AnyArray) -> FloatArray:
    """Leaf area that a made-up canopy has by its vegetation index: -2 ln(1 - NDVI / .95) [-].

    >>> float(lai_of_ndvi(0.0))
    0.0
    """
    return np.asarray(-2.0 * np.log(1.0 - np.clip(np.asarray(ndvi, np.float64), 0.0, 0.92) / 0.95))


def optical(
    province: Province, ndvi: Float32Array, rng: np.random.Generator, every_days: int = 8
) -> Optical:
    """Scenes every few days: soil as dry as its first centimetre, darker with clay, and clouds.

    Parameters
    ----------
    province : Province
        The land.
    ndvi : array, shape (date, row, col)
        Its vegetation index.
    rng : numpy.random.Generator
        Of noise (.01) and clouds.
    every_days : int
        Days between scenes.
    """
    day = np.arange(2, province.dates.size, every_days)
    top = province.theta["0_1cm"][day].astype(np.float64)
    low, high = np.quantile(top, [0.01, 0.99])
    darker = np.clip(1.1 - 0.01 * province.clay_pct, 0.3, 1.0)
    dry = np.clip(1.0 - (top - low) / (high - low), 0.0, 1.0) * darker
    lai, hidden = lai_of_ndvi(ndvi[day]), clouds(province, rng)[day]
    seen = {}
    for band in BANDS:
        clear = reflectance(band, lai, dry) + NOISE * rng.standard_normal(lai.shape)
        bright = 0.6 + 0.05 * rng.standard_normal(lai.shape)
        seen[band] = np.where(hidden, bright, np.maximum(clear, 0.0)).astype(np.float32)
    return Optical(day, seen, hidden)
