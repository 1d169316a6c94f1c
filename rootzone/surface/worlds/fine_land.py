"""Land of a made-up province at 10 m: what differs inside its kilometres, as functions of place.

Soil gets waves of 60 m to 1 km that follow the ground (ridges are sandier), fields of 300 x 450 m
have a roughness and a greenness of their own. Water is that of simulated columns: every weather
cell has one for each of 13 parent materials, and a pixel lies between two of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from rootzone._shared.arrays import ONE_DAY, AnyArray, Float32Array, FloatArray, IntArray
from rootzone._shared.seeds import stream
from rootzone.covariates.grid import MasterGrid
from rootzone.hydraulics.soils import soils_from_textures
from rootzone.made_up.county_fields import Waves
from rootzone.surface.grids.cell_grid import piece_of
from rootzone.surface.worlds.look import yearly_ndvi_range
from rootzone.surface.worlds.province import (
    CELL_PX,
    Fields,
    ProvinceSettings,
    cell_weather,
    land_cover,
    province_grid,
    simulate_parents,
    texture_of_parent,
)

FINE_PX: Final = 100
"""Fine pixels along the side of a pixel of the province."""
FINE_LAYERS: Final = {"0_1cm": (0.0, 10.0), "0_2cm": (0.0, 20.0), "0_5cm": (0.0, 50.0)}
_NODES: Final = np.linspace(-3.0, 3.0, 13)
_FIELD_KM, _TABLE = (0.30, 0.45), (97, 89)
_FINE_SOIL, _FINE_RELIEF_M, _MAP_ERROR = 0.7, 6.0, 0.4


@dataclass(frozen=True)
class Ground:
    """What no day changes, at some places; arrays of one shape.

    Attributes
    ----------
    cell : array of int
        Weather cell.
    parent : array
        Parent material, as a score.
    sand_pct, clay_pct : array
        Top soil [%].
    theta_r, theta_s : array
        Its limits [m3 m-3].
    height_m : array
        Height [m].
    rms_cm : array
        Roughness of the field [cm].
    ndvi_max, ndvi_min : array
        Range of the field's vegetation index.
    """

    cell: IntArray
    parent: FloatArray
    sand_pct: FloatArray
    clay_pct: FloatArray
    theta_r: FloatArray
    theta_s: FloatArray
    height_m: FloatArray
    rms_cm: FloatArray
    ndvi_max: FloatArray
    ndvi_min: FloatArray


@dataclass(frozen=True)
class FineLand:
    """A province at 10 m.

    Attributes
    ----------
    settings : ProvinceSettings
        The province.
    dates : array of datetime64[D]
        Days with truth.
    bank : dict of arrays, shape (date, cell, parent material)
        Water content of `FINE_LAYERS` [m3 m-3].
    tmean_k, rain_mm : array, shape (date, cell)
        Weather; rain of the six days before the first is kept in ``rain_before_mm``.
    rain_before_mm : array, shape (6, cell)
        Rain before the first day.
    """

    settings: ProvinceSettings
    dates: AnyArray
    bank: dict[str, Float32Array]
    tmean_k: FloatArray
    rain_mm: FloatArray
    rain_before_mm: FloatArray

    @property
    def cells(self) -> int:
        """Weather cells along a side."""
        return self.settings.side_km // CELL_PX

    def at(self, east_km: FloatArray, north_km: FloatArray) -> Ground:
        """The ground at some places, kilometres from the province's corner [km]."""
        coarse, fine = Fields.from_seed(self.settings.seed), _fine_fields(self.settings.seed)
        small = fine[1].at_km(east_km, north_km)
        parent = coarse.parent.at_km(east_km, north_km)
        parent = parent + _FINE_SOIL * (0.6 * small + 0.8 * fine[0].at_km(east_km, north_km))
        parent = np.clip(parent, _NODES[0], _NODES[-1])
        deep = np.zeros_like(parent)
        sand, _, clay = texture_of_parent(parent, deep, self.settings.ln_sand, [2.5])[0]
        low, high = _limits(self.settings)
        most, least = yearly_ndvi_range(land_cover(coarse, east_km, north_km))
        own = 1.0 + 0.4 * (self._of_field(1, east_km, north_km) - 0.5)
        cell = (north_km // CELL_PX).astype(np.int64) * self.cells
        return Ground(
            cell + (east_km // CELL_PX).astype(np.int64), parent, sand, clay,
            np.interp(parent, _NODES, low), np.interp(parent, _NODES, high),
            700.0 + 120.0 * coarse.relief.at_km(east_km, north_km) + _FINE_RELIEF_M * small,
            np.clip(0.4 + 1.6 * self._of_field(0, east_km, north_km), 0.3, 3.0),
            np.clip(most * own, 0.1, 0.9), np.clip(least * own, 0.05, 0.8),
        )  # fmt: skip

    def soil_map(
        self, ground: Ground, east_km: FloatArray, north_km: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """theta_r and theta_s of a soil map, whose parent material is off by .4 (sd) [m3 m-3]."""
        off = Waves.drawn(stream(self.settings.seed, 23), 5.0, 0.3).at_km(east_km, north_km)
        parent = np.clip(ground.parent + _MAP_ERROR * off, _NODES[0], _NODES[-1])
        low, high = _limits(self.settings)
        return np.interp(parent, _NODES, low), np.interp(parent, _NODES, high)

    def _of_field(self, what: int, east_km: FloatArray, north_km: FloatArray) -> FloatArray:
        """A number between 0 and 1 that is one for all of a farmer's field."""
        table = stream(self.settings.seed, 21, what).random(_TABLE)
        i = np.floor(east_km / _FIELD_KM[0]).astype(np.int64)
        j = np.floor(north_km / _FIELD_KM[1] + 0.5 * (i % 2)).astype(np.int64)
        return np.asarray(table[i % _TABLE[0], j % _TABLE[1]])

    def theta(self, layer: str, day: int, ground: Ground) -> FloatArray:
        """Water content of a layer on a day, by its number, at the places of a ground [m3 m-3]."""
        at = (ground.parent - _NODES[0]) / (_NODES[1] - _NODES[0])
        low = np.minimum(at.astype(np.int64), _NODES.size - 2)
        bank = self.bank[layer][day]
        share = at - low
        return np.asarray(
            (1.0 - share) * bank[ground.cell, low] + share * bank[ground.cell, low + 1]
        )

    def ndvi(self, day: int, ground: Ground) -> FloatArray:
        """Vegetation index of a day: the field's range by season."""
        date = self.dates[day]
        doy = float((date - date.astype("datetime64[Y]")).astype(float))
        season = np.clip(0.5 + 0.62 * np.cos(2 * np.pi * (doy - 190) / 365.25), 0.0, 1.0)
        return np.asarray(ground.ndvi_min + (ground.ndvi_max - ground.ndvi_min) * season)

    def weather(self, day: int, cell: IntArray) -> dict[str, FloatArray]:
        """Air temperature [K] and rain of the day and of seven days [mm] of some cells."""
        rain = np.concatenate([self.rain_before_mm, self.rain_mm])
        return {
            "air_k": self.tmean_k[day][cell], "rain_1d_mm": self.rain_mm[day][cell],
            "rain_7d_mm": rain[day : day + 7].sum(axis=0)[cell],
        }  # fmt: skip


def make_fine_land(settings: ProvinceSettings, threads: int = 1) -> FineLand:
    """Simulate the columns of a province at 10 m: 13 a weather cell.

    Parameters
    ----------
    settings : ProvinceSettings
        The province.
    threads : int
        Threads of the engine.
    """
    dates = np.arange(np.datetime64(settings.first), np.datetime64(settings.last) + ONE_DAY)
    cells = (settings.side_km // CELL_PX) ** 2
    parent = np.tile(_NODES, cells)
    cell = np.repeat(np.arange(cells), _NODES.size)
    told = simulate_parents(settings, parent, np.zeros_like(parent), cell, threads, FINE_LAYERS)
    weather = cell_weather(settings)
    n = dates.size
    return FineLand(
        settings, dates, {k: v.reshape(n, cells, _NODES.size) for k, v in told.items()},
        0.5 * (weather["tmmn"] + weather["tmmx"])[-n:], weather["pr"][-n:],
        weather["pr"][-n - 6 : -n],
    )  # fmt: skip


def fine_grid(
    settings: ProvinceSettings, row_km: int, col_km: int, side_km: float, tile_px: int = 64
) -> MasterGrid:
    """Pixels of 10 m of a cut of the province whose corner is a whole kilometre.

    Parameters
    ----------
    settings : ProvinceSettings
        The province.
    row_km, col_km : int
        First kilometre down and across.
    side_km : float
        Side of the cut [km of the province's grid].
    tile_px : int
        Side of a tile.
    """
    whole = piece_of(province_grid(settings), row_km, col_km, 1, 1)
    n = round(side_km * FINE_PX)
    return MasterGrid(whole.crs, whole.resolution_m / FINE_PX, whole.left, whole.top, n, n, tile_px)


def places_of(
    settings: ProvinceSettings, grid: MasterGrid, row: AnyArray, col: AnyArray
) -> tuple[FloatArray, FloatArray]:
    """Kilometres east and down of the province's corner, of pixels of a grid [km]."""
    whole = province_grid(settings)
    x, y = grid.xy_m(row, col)
    size = whole.resolution_m
    return np.asarray((x - whole.left) / size), np.asarray((whole.top - y) / size)


def _fine_fields(seed: int) -> tuple[Waves, Waves]:
    rng = stream(seed, 20)
    return Waves.drawn(rng, 1.0, 0.06), Waves.drawn(rng, 1.5, 0.15)


@lru_cache(maxsize=4)
def _limits(settings: ProvinceSettings) -> tuple[FloatArray, FloatArray]:
    """theta_r and theta_s of the top soil of each parent material."""
    sand, silt, clay = texture_of_parent(_NODES, 0.0 * _NODES, settings.ln_sand, [2.5])[0]
    columns = soils_from_textures(sand, silt, clay, np.arange(_NODES.size + 1))
    return np.asarray(columns["theta_r"]), np.asarray(columns["theta_s"])
