"""A made-up landscape on a grid of tiles: true soils, the maps of them, weather and features.

Terrain, textures and weather are those of ``covariates.county_fields``. The soil is smooth; the
maps that a network sees may carry an error of their own in every pixel, as real soil maps do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from rootzone._shared.arrays import ONE_DAY, AnyArray, Float32Array, FloatArray, IntArray
from rootzone.covariates.layers.terrain import aspect_deg, gradient, slope_deg
from rootzone.covariates.weather.antecedent import antecedent_columns
from rootzone.hydraulics.read_rosetta import read_rosetta_table
from rootzone.hydraulics.simplex import parameters_from_texture
from rootzone.learning.scene.features import day_of_year_columns, faithful_features
from rootzone.made_up.county_fields import SOUTH, WEST, County, daily_weather
from rootzone.networks.channels import FeatureSpec

TILE_PX: Final = 64
PIXEL_M: Final = 30.0
CELL_PX: Final = 133  # 4 km, the step of gridMET
LABEL_DEPTH_CM: Final = 22.5  # middle of 15-30 cm, the depth interval of the texture channels
_KM_PER_DEGREE = (85.1, 111.2)  # longitude and latitude at 40 degrees north
_KELVIN = 273.15


@dataclass(frozen=True)
class WorldSettings:
    """A world, decided by these numbers alone.

    Attributes
    ----------
    seed : int
        Of fields, weather, map errors and the choice of pixels.
    tiles : int
        Tiles along each side; a tile has 64 x 64 pixels of 30 m.
    contrast : float
        Exponent on the shares of sand, silt and clay: above 1 soils differ more.
    map_error : float
        Standard deviation of the mapped textures' error in each pixel, in the logarithm of a share.
    first, last : str
        First and last day with truth; the year before is simulated and thrown away.
    wetness : float
        Factor on rain.
    """

    seed: int = 7
    tiles: int = 16
    contrast: float = 1.0
    map_error: float = 0.0
    first: str = "2023-01-01"
    last: str = "2024-12-31"
    wetness: float = 1.0

    @property
    def side_px(self) -> int:
        """Pixels along each side."""
        return self.tiles * TILE_PX


@dataclass(frozen=True)
class Landscape:
    """What there is on the land, and what maps say of it."""

    settings: WorldSettings
    county: County
    spec: FeatureSpec
    static: Float32Array
    """scaled land channels as the network sees them (8, row, column)"""
    soil: Float32Array
    """mapped theta_r, theta_s, alpha, n (4, row, column)"""
    mapped_sand_clay_pct: Float32Array
    """mapped sand and clay at 15-30 cm (2, row, column) [%]"""
    cell: IntArray
    """weather cell of each pixel (row, column)"""
    dates: AnyArray
    """days with truth, datetime64[D]"""
    day_table: Float32Array
    """scaled weather and day channels (date, cell, 12)"""
    rain_mm: FloatArray
    """from a year before the first date (day, cell)"""
    pet_mm: FloatArray
    land_cover: IntArray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    physics: Float32Array | None = None
    """water content by physics (date, row, column) [m3 m-3], the last channel where it is there"""

    @property
    def n_channels(self) -> int:
        """Channels that a network sees."""
        return len(self.spec) + (self.physics is not None)

    def features(self, row: IntArray, col: IntArray, date: IntArray) -> Float32Array:
        """All channels at some pixels and dates, shape (point, channel), in the spec's order."""
        day = self.day_table[date, self.cell[row, col]]
        parts = [self.static[:, row, col].T, day]
        if self.physics is not None:
            parts.append(self.physics[date, row, col][:, None])
        return np.concatenate(parts, axis=1)

    def window(self, rows: slice, cols: slice, date: int) -> Float32Array:
        """All channels of a window on a date, shape (channel, row, column)."""
        day = self.day_table[date][self.cell[rows, cols]]
        parts = [self.static[:, rows, cols], np.moveaxis(day, 2, 0)]
        if self.physics is not None:
            parts.append(self.physics[date, rows, cols][None])
        return np.concatenate(parts)

    def true_texture(
        self, row: IntArray, col: IntArray, depths_cm: Sequence[float]
    ) -> list[tuple[FloatArray, FloatArray, FloatArray]]:
        """Sand, silt and clay [%] of the soil itself at each depth."""
        lon, lat = _position(self.settings, row, col)
        layers = self.county.texture_pct(lon, lat, depths_cm)
        return [_contrasted(layer, self.settings.contrast) for layer in layers]


def make_landscape(settings: WorldSettings) -> Landscape:
    """Draw a landscape.

    The 20 channels are those of `faithful_features`, scaled by it. Weather is constant within
    cells of 4 km; a pixel has that of its own cell.
    """
    county, spec = County.from_seed(settings.seed), faithful_features()
    side = settings.side_px
    row, col = np.mgrid[0:side, 0:side]
    lon, lat = _position(settings, row, col)
    rng = np.random.default_rng([settings.seed, 1])
    texture = _contrasted(county.texture_pct(lon, lat, [LABEL_DEPTH_CM])[0], settings.contrast)
    sand, silt, clay = _with_map_error(texture, settings.map_error, rng)
    height = county.elevation_m(lon, lat)
    east, north = gradient(np.pad(height, 1, mode="edge"), PIXEL_M)
    cover = county.land_cover(lon, lat)
    bands: dict[str, AnyArray] = {
        "sand_pct": sand, "silt_pct": silt, "clay_pct": clay, "elevation_m": height,
        "slope_deg": slope_deg(east, north), "aspect_deg": aspect_deg(east, north),
        "land_cover": cover, "climate_class": county.climate_code(lon, lat),
    }  # fmt: skip
    soil = parameters_from_texture(sand.ravel(), silt.ravel(), read_rosetta_table().values)[:4]
    cell, centre = _cells(side)
    weather = _weather(settings, county, centre)
    dates = np.arange(np.datetime64(settings.first), np.datetime64(settings.last) + ONE_DAY)
    return Landscape(
        settings, county, spec,
        spec.scaled_land(bands),
        soil.reshape(4, side, side).astype(np.float32),
        np.stack([sand, clay]).astype(np.float32),
        cell, dates,
        _day_table(spec, weather, dates),
        weather["rain_mm"], weather["pet_mm"], cover,
    )  # fmt: skip


def _position(
    settings: WorldSettings, row: IntArray, col: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Longitude and latitude; the made-up county lies in the middle of the grid."""
    per_lon, per_lat = _KM_PER_DEGREE
    km = PIXEL_M / 1000.0
    margin_km = max(0.0, (settings.side_px * km - 10.0) / 2.0)
    lon = WEST + (np.asarray(col, dtype=np.float64) * km - margin_km) / per_lon
    lat = SOUTH + (np.asarray(row, dtype=np.float64) * km - margin_km) / per_lat
    return lon, lat


def _contrasted(
    texture: tuple[FloatArray, FloatArray, FloatArray], contrast: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    return _closed(np.stack(texture) ** contrast)


def _with_map_error(
    texture: tuple[FloatArray, FloatArray, FloatArray], error: float, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, FloatArray]:
    shares = np.stack(texture)
    return _closed(shares * np.exp(error * rng.standard_normal(shares.shape)))


def _closed(shares: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    shares = np.asarray(shares * (100.0 / shares.sum(axis=0)), dtype=np.float64)
    return shares[0], shares[1], shares[2]


def _cells(side_px: int) -> tuple[IntArray, IntArray]:
    """Cell of each pixel, and the central pixel of each cell, shape (cell, 2)."""
    along = np.arange(side_px) // CELL_PX
    n = int(along[-1]) + 1
    middle = np.minimum(np.arange(n) * CELL_PX + CELL_PX // 2, side_px - 1)
    centre = np.stack([np.repeat(middle, n), np.tile(middle, n)], axis=1)
    return along[:, None] * n + along[None, :], centre


def _weather(settings: WorldSettings, county: County, centre: IntArray) -> Mapping[str, FloatArray]:
    """Daily weather of the cells from a year before the first date (day, cell)."""
    start = np.datetime64(settings.first) - 365 * ONE_DAY
    days = np.arange(start, np.datetime64(settings.last) + ONE_DAY)
    doy = (days - days.astype("datetime64[Y]")).astype(np.float64) + 1.0
    lon, lat = _position(settings, centre[:, 0], centre[:, 1])
    rng = np.random.default_rng([settings.seed, 2])
    made = daily_weather(rng, doy, county.elevation_m(lon, lat))
    return {
        "rain_mm": settings.wetness * made["pr"],
        "tmean_degc": 0.5 * (made["tmmx"] + made["tmmn"]) - _KELVIN,
        "vpd_kpa": made["vpd"],
        "pet_mm": made["pet"],
    }


def _day_table(
    spec: FeatureSpec, weather: Mapping[str, FloatArray], dates: AnyArray
) -> Float32Array:
    """Scaled weather and calendar of every date and cell, in the spec's order of the two."""
    columns = {**weather, **antecedent_columns(weather["rain_mm"], weather["pet_mm"])}
    calendar = day_of_year_columns(dates)
    n_cell = weather["rain_mm"].shape[1]
    out = np.empty((dates.size, n_cell, len(spec.dynamic)), dtype=np.float32)
    for i, position in enumerate(spec.dynamic):
        name = spec.channels[position].column
        values = calendar[name][:, None] if name in calendar else columns[name][-dates.size :]
        out[:, :, i] = spec.scaled(position, values)
    return out
