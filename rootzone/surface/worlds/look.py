"""What satellites would see of a made-up province, with their noise and their days.

Truth and noise are kept apart: forward operators take the province, `numpy.random.Generator`
comes in. Emission has roughness, albedo and vegetation unlike the class table on purpose, for
that is what a retrieval has to find out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray, Float32Array, FloatArray, IntArray
from rootzone._shared.seeds import stream
from rootzone.made_up.county_fields import Waves
from rootzone.surface.physics.bare_soil import ks_of_rms, oh2004
from rootzone.surface.physics.classes import (
    class_fractions,
    prior_of_fractions,
    stems_kg_m2,
    vegetation_water_kg_m2,
)
from rootzone.surface.physics.dielectric import mironov2009_constants
from rootzone.surface.physics.emission import brightness, cosine
from rootzone.surface.physics.water_cloud import VH, VV, Canopy, water_cloud
from rootzone.surface.worlds.province import CELL_PX, Province

INCIDENCE_DEG: Final = 40.0
TB_NOISE_K: Final = 1.3  # a cell of the L1C product
TEFF_NOISE_K: Final = 0.7
_SPECKLE_DB, _CALIBRATION_DB, _FLOOR_DB = 0.3, 0.4, -22.0  # Sentinel-1 at 100 m
# Largest and smallest NDVI of a year by class, as grass, crops and shrubs of dry plains have.
_NDVI_OF_CLASS: Final = {7: (0.34, 0.18), 8: (0.55, 0.30), 10: (0.58, 0.20), 12: (0.72, 0.16)}


@dataclass(frozen=True)
class TrueEmission:
    """Parameters the land really has, shape (row, col)."""

    h: FloatArray
    omega: FloatArray
    b: FloatArray


def true_emission(province: Province) -> TrueEmission:
    """Roughness, albedo and vegetation of the land, unlike its class.

    h is the class's plus 0.12, more on sand, plus a smooth field of sd 0.10; omega the class's
    plus a field of sd 0.02, b the class's times one of sd 0.25.
    """
    rng = stream(province.settings.seed, 5)
    north, east = np.mgrid[0 : province.grid.height, 0 : province.grid.width] + 0.5
    smooth = [Waves.drawn(rng, 40.0, 6.0).at_km(east, north) for _ in range(3)]
    prior = prior_of_fractions(class_fractions(province.igbp))
    sand_score = (province.sand_pct - 40.0) / 20.0
    h = prior.h + 0.12 + 0.075 * sand_score + 0.10 * smooth[0]
    return TrueEmission(
        np.clip(h, 0.02, 1.5),
        np.clip(prior.omega + 0.02 * np.clip(smooth[1], -2.0, 2.0), 0.0, 0.2),
        np.clip(prior.b * (1.0 + 0.25 * np.clip(smooth[2], -2.0, 2.0)), 0.0, 0.5),
    )


def true_ndvi(province: Province) -> Float32Array:
    """NDVI of every day and pixel: class, season, the root zone's water, the pixel's own factor."""
    rng = stream(province.settings.seed, 6)
    own = 1.0 + 0.10 * rng.standard_normal(province.grid.shape)
    doy = (province.dates - province.dates.astype("datetime64[Y]")).astype(np.float64)
    season = np.clip(0.5 + 0.62 * np.cos(2 * np.pi * (doy - 190) / 365.25), 0.0, 1.0)
    high, low = np.zeros(province.grid.shape), np.zeros(province.grid.shape)
    for code, (most, least) in _NDVI_OF_CLASS.items():
        high[province.igbp == code], low[province.igbp == code] = most, least
    root = province.theta["0_100cm"]
    z = (root - root.mean(axis=0)) / max(float((root - root.mean(axis=0)).std()), 1e-6)
    ndvi = (low + (high - low) * season[:, None, None]) * own * (1.0 + 0.12 * np.clip(z, -2, 2))
    return np.asarray(np.clip(ndvi, 0.05, 0.92), dtype=np.float32)


def yearly_ndvi_range(igbp: IntArray) -> tuple[FloatArray, FloatArray]:
    """Largest and smallest NDVI of a year that a class is taken to have (row, col)."""
    most, least = np.full(igbp.shape, np.nan), np.full(igbp.shape, np.nan)
    for code, (high, low) in _NDVI_OF_CLASS.items():
        most[igbp == code], least[igbp == code] = high, low
    return most, least


def vegetation_water(igbp: IntArray, ndvi: AnyArray) -> FloatArray:
    """Vegetation water [kg m-2] as a retrieval forms it from NDVI and the class."""
    most, least = yearly_ndvi_range(igbp)
    vwc = vegetation_water_kg_m2(
        np.asarray(ndvi, np.float64), stems_kg_m2(igbp), most, np.minimum(least, 0.2)
    )
    return np.asarray(np.maximum(vwc, 0.0))


@dataclass(frozen=True)
class Radiometer:
    """A SMAP-like radiometer over the province.

    Attributes
    ----------
    day : array of int, shape (look,)
        Number of the date.
    tb_h, tb_v : array, shape (look, cell row, cell col)
        Brightness of cells of 9 km [K].
    teff_k : array, shape (look, cell row, cell col)
        Effective temperature as a land model gives it [K].
    """

    day: IntArray
    tb_h: FloatArray
    tb_v: FloatArray
    teff_k: FloatArray


def radiometer(
    province: Province, ndvi: Float32Array, rng: np.random.Generator, every_days: int = 3
) -> Radiometer:
    """Brightness at 6 h, every third day: mean of the pixels' own, and noise."""
    land = true_emission(province)
    soil = mironov2009_constants(province.clay_pct)
    day = np.arange(0, province.dates.size, every_days)
    offset = 0.5 * rng.standard_normal((day.size, 1, 1))
    teff_cell = province.tmin_k[day] + 3.0 + offset
    teff = province.in_pixels(teff_cell)
    tau = land.b * vegetation_water(province.igbp, ndvi[day])
    tb_h, tb_v = brightness(
        province.theta["0_5cm"][day].astype(np.float64), soil, teff, land.h, land.omega, tau,
        float(cosine(INCIDENCE_DEG)),
    )  # fmt: skip

    def seen(tb: FloatArray) -> FloatArray:
        mean = cell_means(tb)
        return mean + TB_NOISE_K * rng.standard_normal(mean.shape)

    known = teff_cell + TEFF_NOISE_K * rng.standard_normal(teff_cell.shape)
    return Radiometer(day, seen(tb_h), seen(tb_v), known)


def cell_means(fine: FloatArray) -> FloatArray:
    """Mean of 9 x 9 pixels."""
    *lead, height, width = fine.shape
    parts = fine.reshape(*lead, height // CELL_PX, CELL_PX, width // CELL_PX, CELL_PX)
    return np.asarray(parts.mean(axis=(-3, -1)))


def clouds(province: Province, rng: np.random.Generator) -> BoolArray:
    """Where optical sensors see nothing: rain, and a quarter of other cells (date, row, col)."""
    cell = (province.rain_mm > 0.2) | (rng.random(province.rain_mm.shape) < 0.25)
    return np.asarray(province.in_pixels(cell.astype(np.float64)) > 0.5)


def ndvi_product(
    province: Province, ndvi: Float32Array, rng: np.random.Generator, every_days: int = 16
) -> Float32Array:
    """A 16-day composite, linear in time between its middles (date, row, col)."""
    n = province.dates.size
    starts = np.arange(0, n, every_days)
    parts = [
        ndvi[s : s + every_days].mean(axis=0) + 0.02 * rng.standard_normal(ndvi.shape[1:])
        for s in starts
    ]
    middle = np.minimum(starts + every_days / 2.0, n - 1.0)
    composites = np.stack(parts)
    at = np.clip(np.interp(np.arange(n), middle, np.arange(middle.size)), 0, middle.size - 1)
    low = np.minimum(at.astype(np.int64), middle.size - 1)
    high = np.minimum(low + 1, middle.size - 1)
    share = (at - low)[:, None, None]
    mixed = (1.0 - share) * composites[low] + share * composites[high]
    return np.asarray(mixed, dtype=np.float32)


def surface_temperature_k(
    province: Province, ndvi: Float32Array, rng: np.random.Generator
) -> Float32Array:
    """MODIS-like day temperature, sd 1.2 K off the true one, NaN under clouds (date, row, col)."""
    lst = true_temperature_k(province, ndvi)
    lst = lst + 1.2 * rng.standard_normal(lst.shape)
    return np.where(clouds(province, rng), np.nan, lst).astype(np.float32)


def true_temperature_k(province: Province, ndvi: Float32Array) -> FloatArray:
    """Day temperature of the surface: warmer where dry and bare (date, row, col)."""
    top = province.theta["0_1cm"]
    low, high = np.quantile(top, [0.01, 0.99])
    dryness = np.clip(1.0 - 1.6 * (top - low) / (high - low), 0.0, 1.0)
    height = province.height_m - province.height_m.mean()
    warm = 2.0 + dryness * (22.0 - 20.0 * ndvi) - 0.0065 * height
    return np.asarray(province.in_pixels(province.tmean_k) + warm)


@dataclass(frozen=True)
class Radar:
    """A Sentinel-1-like radar: linear power of pixels (look, row, col), and its angle."""

    day: IntArray
    vv: Float32Array
    vh: Float32Array
    incidence_deg: FloatArray


def radar(
    province: Province, ndvi: Float32Array, rng: np.random.Generator, every_days: int = 6
) -> Radar:
    """Backscatter at 5.4 GHz: a water cloud over Oh's soil with its own roughness, and speckle."""
    day = np.arange(1, province.dates.size, every_days)
    rms_cm = np.clip(1.2 + 0.5 * rng.standard_normal(province.grid.shape), 0.3, 3.0)
    angle = np.where(np.arange(day.size) % 2 == 0, 34.0, 42.0)
    theta = np.clip(province.theta["0_2cm"][day].astype(np.float64), 0.03, 0.35)
    soil = oh2004(theta, ks_of_rms(rms_cm), angle[:, None, None])
    cross = soil.vh if soil.vh is not None else np.zeros_like(theta)

    def seen(bare: FloatArray, canopy: Canopy) -> Float32Array:
        power = water_cloud(bare, ndvi[day].astype(np.float64), angle[:, None, None], canopy)
        noise_db = _SPECKLE_DB * rng.standard_normal(power.shape)
        noise_db = noise_db + _CALIBRATION_DB * rng.standard_normal((day.size, 1, 1))
        return np.asarray(
            power * 10 ** (noise_db / 10) + 10 ** (_FLOOR_DB / 10) * 0.02, dtype=np.float32
        )

    return Radar(day, seen(soil.vv, VV), seen(cross, VH), angle)


def coarse_model(
    province: Province, layer: str, rng: np.random.Generator, *, cells_px: int = 24
) -> FloatArray:
    """A GLEAM-like product: mean over 24 km, gain .85, bias .03, noise that lasts (date, r, c)."""
    fine = province.theta[layer].astype(np.float64)
    *_, height, width = fine.shape
    mean = fine.reshape(-1, height // cells_px, cells_px, width // cells_px, cells_px)
    return coarsened(mean.mean(axis=(2, 4)), rng)


def coarsened(cell: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Cell means as a GLEAM-like product has them: gain .85, bias .03, AR(1) noise of sd .02.

    Parameters
    ----------
    cell : array, shape (date, row, col)
        True means [m3 m-3].
    rng : numpy.random.Generator
        Of the noise.
    """
    noise = np.zeros_like(cell)
    for day in range(1, cell.shape[0]):
        noise[day] = 0.9 * noise[day - 1] + 0.02 * np.sqrt(1 - 0.81) * rng.standard_normal(
            cell.shape[1:]
        )
    centre = cell.mean(axis=0)
    return np.asarray(centre + 0.85 * (cell - centre) + 0.03 + noise)


@dataclass(frozen=True)
class Stations:
    """Sensors at 5 cm.

    Attributes
    ----------
    row, col : array of int, shape (station,)
        Pixels.
    theta : array, shape (date, station)
        What they report [m3 m-3]; NaN on frozen days.
    """

    row: IntArray
    col: IntArray
    theta: FloatArray


def stations(province: Province, n: int, rng: np.random.Generator) -> Stations:
    """Stations at random pixels: an offset of sd .015 each, .01 from day to day."""
    pixels = rng.choice(province.grid.height * province.grid.width, n, replace=False)
    row, col = np.divmod(np.sort(pixels), province.grid.width)
    truth = province.theta["0_5cm"][:, row, col].astype(np.float64)
    told = truth + 0.015 * rng.standard_normal(n) + 0.01 * rng.standard_normal(truth.shape)
    frozen = province.in_pixels(province.tmean_k)[:, row, col] < 273.15
    return Stations(row, col, np.where(frozen, np.nan, np.maximum(told, 0.0)))
