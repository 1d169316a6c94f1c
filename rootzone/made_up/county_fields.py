"""The fields of a made-up county: terrain, soils, land cover, climate and weather from a seed.

Every field is a function of longitude and latitude, a sum of waves with seeded directions and
phases, so that rasters in any projection sample one and the same land. Nothing here is a real
place, and every file made of it says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rootzone._shared.arrays import FloatArray, IntArray
from rootzone._shared.seeds import stream
from rootzone._shared.units import kelvin_from_degc, m_from_cm

# A box on the Colorado Front Range, so that projections, tiles and weather cells are real ones.
WEST, SOUTH, EAST, NORTH = -105.28, 40.02, -105.16, 40.11
_KM_PER_DEGREE_LAT = 111.2
_KM_PER_DEGREE_LON = 85.1  # at 40.065 degrees north
_WAVES = 48


@dataclass(frozen=True)
class Waves:
    """A smooth random field with mean 0 and standard deviation 1.

    Parameters
    ----------
    wave_per_km, phase, amplitude : arrays
        Wave vectors, shape (wave, 2) [radian km-1], phases and amplitudes, shape (wave,).
    """

    wave_per_km: FloatArray
    phase: FloatArray
    amplitude: FloatArray

    @classmethod
    def drawn(cls, rng: np.random.Generator, longest_km: float, shortest_km: float) -> Waves:
        """Waves between two lengths, longer ones stronger, as land is."""
        length_km = np.exp(rng.uniform(np.log(shortest_km), np.log(longest_km), _WAVES))
        angle = rng.uniform(0.0, 2 * np.pi, _WAVES)
        vector = 2 * np.pi / length_km[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
        amplitude = length_km**0.8
        amplitude /= np.sqrt((amplitude**2).sum() / 2)
        return cls(vector, rng.uniform(0.0, 2 * np.pi, _WAVES), amplitude)

    def at(self, lon: FloatArray, lat: FloatArray) -> FloatArray:
        """The field at some points, in the shape of ``lon``."""
        return self.at_km(*east_north_km(lon, lat))

    def at_km(self, east_km: FloatArray, north_km: FloatArray) -> FloatArray:
        """The field at distances from the land's corner [km]."""
        total = np.zeros(np.broadcast(east_km, north_km).shape)
        for (kx, ky), phase, amplitude in zip(
            self.wave_per_km, self.phase, self.amplitude, strict=True
        ):
            total += amplitude * np.cos(kx * east_km + ky * north_km + phase)
        return total


@dataclass(frozen=True)
class County:
    """All fields of one made-up county."""

    relief: Waves
    parent: Waves
    cover: Waves
    deep: Waves

    @classmethod
    def from_seed(cls, seed: int) -> County:
        """The county a seed stands for."""
        rng = stream(seed)
        return cls(
            relief=Waves.drawn(rng, 9.0, 0.6),
            parent=Waves.drawn(rng, 5.0, 0.3),
            cover=Waves.drawn(rng, 3.0, 0.15),
            deep=Waves.drawn(rng, 6.0, 0.5),
        )

    def elevation_m(self, lon: FloatArray, lat: FloatArray) -> FloatArray:
        """Elevation [m]: plains in the east, foothills in the west."""
        west = np.clip((EAST - lon) / (EAST - WEST), -0.2, 1.2)
        return 1580.0 + 620.0 * west**2 + (25.0 + 110.0 * west) * self.relief.at(lon, lat)

    def texture_pct(
        self, lon: FloatArray, lat: FloatArray, depths_cm: Sequence[float]
    ) -> list[tuple[FloatArray, FloatArray, FloatArray]]:
        """Sand, silt and clay [%] at each depth: sandier uphill, more clay below."""
        west = np.clip((EAST - lon) / (EAST - WEST), 0.0, 1.0)
        parent, deep = self.parent.at(lon, lat), self.deep.at(lon, lat)
        textures = []
        for depth_cm in depths_cm:
            below = m_from_cm(depth_cm)
            sand = 0.2 + 0.5 * west + 0.55 * parent - 0.15 * below
            clay = -0.5 - 0.5 * west - 0.45 * parent + (0.35 + 0.15 * deep) * below
            shares = np.exp(np.stack([sand, np.zeros_like(sand), clay]))
            shares *= 100.0 / shares.sum(axis=0)
            textures.append((shares[0], shares[1], shares[2]))
        return textures

    def land_cover(self, lon: FloatArray, lat: FloatArray) -> IntArray:
        """NLCD codes: grass and crops on the plains, forest uphill, a town and a lake."""
        height = self.elevation_m(lon, lat)
        cover = self.cover.at(lon, lat)
        code = np.where(cover > 0.4, 82, 71)
        code = np.where((height > 1750) & (cover < 0.3), 52, code)
        code = np.where((height > 1850) & (cover > -0.4), 42, code)
        town = _distance_km(lon, lat, EAST - 0.03, SOUTH + 0.03)
        code = np.where(town < 1.4, np.where(cover > 0, 22, 21), code)
        code = np.where(_distance_km(lon, lat, EAST - 0.025, NORTH - 0.02) < 0.55, 11, code)
        return code.astype(np.int64)

    def climate_code(self, lon: FloatArray, lat: FloatArray) -> IntArray:
        """Beck's Koppen codes by height: BSk (7), Dfb (26), Dfc (27)."""
        height = 1580.0 + 620.0 * np.clip((EAST - lon) / (EAST - WEST), 0, 1) ** 2 + 0.0 * lat
        return np.select([height < 1720, height < 2060], [7, 26], 27).astype(np.int64)


def east_north_km(lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Distances from the land's corner [km]."""
    return (lon - WEST) * _KM_PER_DEGREE_LON, (lat - SOUTH) * _KM_PER_DEGREE_LAT


def _distance_km(lon: FloatArray, lat: FloatArray, lon0: float, lat0: float) -> FloatArray:
    return np.hypot((lon - lon0) * _KM_PER_DEGREE_LON, (lat - lat0) * _KM_PER_DEGREE_LAT)


def daily_weather(
    rng: np.random.Generator, doy: FloatArray, height_m: FloatArray
) -> dict[str, FloatArray]:
    """Weather of all cells and days in gridMET's quantities and units.

    Rain is a two-state Markov chain with gamma amounts, and temperature and radiation follow the
    season with an autoregressive anomaly (Richardson 1981, doi:10.1029/WR017i001p00182); all cells
    share the storms and differ by height.

    Parameters
    ----------
    doy : array, shape (day,)
        Day of the year.
    height_m : array, shape (cell,)
        Height of each cell [m].

    Returns
    -------
    dict of arrays, shape (day, cell)
        ``pr`` [mm], ``tmmx`` and ``tmmn`` [K], ``srad`` [W m-2], ``vpd`` [kPa], ``pet`` [mm].
    """
    days, cells = doy.size, height_m.size
    summer = np.cos(2 * np.pi * (doy - 200) / 365.25)
    wettest = np.cos(2 * np.pi * (doy - 150) / 365.25)
    wet = np.zeros(days, dtype=bool)
    anomaly = np.zeros(days)
    for day in range(1, days):
        chance = (0.40 if wet[day - 1] else 0.17) * (1 + 0.4 * wettest[day])
        wet[day] = rng.random() < chance
        anomaly[day] = 0.7 * anomaly[day - 1] + 0.7 * rng.normal()
    up = (height_m - 1600.0) / 1000.0
    storm = rng.gamma(0.7, 5.0 / 0.7, days)[:, None] * rng.uniform(0.7, 1.3, (days, cells))
    rain = np.where(wet[:, None], storm * (1 + 0.6 * up), 0.0)
    mean_c = 10.0 + 12.5 * summer + 2.8 * anomaly
    mean = mean_c[:, None] - 6.0 * up
    half = np.where(wet, 5.0, 7.5)[:, None] * rng.uniform(0.85, 1.15, (days, cells))
    cloud = np.where(wet, rng.uniform(0.3, 0.7, days), rng.uniform(0.75, 1.0, days))
    srad = ((19.5 + 9.5 * summer) * cloud / 0.0864)[:, None] * np.ones(cells)
    svp = 0.6108 * np.exp(17.27 * mean / (mean + 237.3))  # FAO-56, Eq. 11
    vpd = svp * np.where(wet, 0.25, 0.6)[:, None]
    pet = np.maximum(0.0, 0.0864 * srad * 0.408 * (0.55 + 0.012 * mean))
    return {
        "pr": rain,
        "tmmx": kelvin_from_degc(mean + half),
        "tmmn": kelvin_from_degc(mean - half),
        "srad": srad,
        "vpd": vpd,
        "pet": pet,
    }
