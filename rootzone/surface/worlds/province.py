"""A made-up province of 72 x 72 km whose every kilometre is simulated by our own engine.

It lies on whole cells of EASE-Grid 2.0 (2 x 2 of 36 km, 8 x 8 of 9 km), so that what a radiometer
would see of it is a mean of whole pixels. Columns are bare, which serves for the layer of 5 cm that
a radiometer sees; with ``cover="grass"`` roots make the root zone move as that of a field does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from rootzone._shared.arrays import ONE_DAY, AnyArray, Float32Array, FloatArray, IntArray
from rootzone._shared.errors import RequestError, RootzoneError
from rootzone._shared.seeds import stream
from rootzone._shared.units import degc_from_kelvin, m_from_cm
from rootzone.covariates.grid import MasterGrid
from rootzone.engines.protocol import SiteBatch, WeatherBatch
from rootzone.engines.swim.engine import SwimEngine
from rootzone.engines.swim.read_settings import settings_from_mapping
from rootzone.hydraulics.soils import soils_from_textures
from rootzone.made_up.county_fields import Waves, daily_weather
from rootzone.surface.grids.cell_grid import ease_grid, piece_of

THICKNESS_MM: Final = np.array(
    [10, 20, 20, 50, 50, 50, 100, 100, 100, 200, 200, 200, 200, 200], float
)
LAYERS: Final[dict[str, tuple[float, float]]] = {
    "0_1cm": (0, 10), "0_2cm": (0, 20), "0_5cm": (0, 50), "0_10cm": (0, 100),
    "0_100cm": (0, 1000),
}  # fmt: skip
"""Layers whose mean is kept [mm from the surface]."""
CELL_PX: Final = 9
"""Pixels along the side of a weather cell and of an enhanced SMAP cell."""
# Row and column of EASE-Grid 2.0, 36 km, near 40 N 100 W: land like that, and no real place.
_CORNER_36 = (72, 214)
_WHOLE_DAY = {"rain_hours": 24.0, "eo_start_h": 0.0, "eo_hours": 24.0}
_SOIL = ("theta_r", "theta_s", "alpha_per_cm", "n", "ks_mm_d", "theta_initial")
_KELVIN = 273.15


@dataclass(frozen=True)
class ProvinceSettings:
    """A province, decided by these numbers alone.

    Parameters
    ----------
    seed : int
        Of fields and weather.
    side_km : int
        Pixels along each side, a multiple of 36.
    first, last : str
        First and last day with truth; the year before is simulated and thrown away.
    ln_sand : float
        Added to the logarithm of the share of sand: above 0 a sandier province.
    rain_factor : float
        Factor on rain.
    cover : str
        What grows everywhere, of ``data/covers``: ``bare``, or ``grass`` where the root zone is
        looked at.
    """

    seed: int = 11
    side_km: int = 72
    first: str = "2022-01-01"
    last: str = "2023-12-31"
    ln_sand: float = 0.0
    rain_factor: float = 1.0
    cover: str = "bare"

    def __post_init__(self) -> None:
        if self.side_km < 36 or self.side_km % 36:
            raise RequestError(
                f"side_km {self.side_km} must be a multiple of 36, so that it holds whole "
                "cells of every sensor."
            )

    def to_dict(self) -> dict[str, Any]:
        """The settings as plain values."""
        return asdict(self)


UNSEEN: Final = ProvinceSettings(seed=23, ln_sand=0.5, rain_factor=0.65)
"""A drier, sandier province, for training in one and testing in another."""


@dataclass(frozen=True)
class Province:
    """What there is.

    Attributes
    ----------
    settings : ProvinceSettings
        What made it.
    grid : MasterGrid
        Its pixels of 1 km.
    dates : array of datetime64[D]
        Days with truth.
    theta : dict of arrays, shape (date, row, col)
        Mean water content [m3 m-3] of each layer of `LAYERS`.
    sand_pct, clay_pct, bulk_density_g_cm3, height_m, slope_deg : array, shape (row, col)
        Top soil and terrain.
    igbp : array of int, shape (row, col)
        Land cover.
    tmin_k, tmean_k, rain_mm, pet_mm : array, shape (date, cell row, cell col)
        Weather of cells of 9 km.
    """

    settings: ProvinceSettings
    grid: MasterGrid
    dates: AnyArray
    theta: dict[str, Float32Array]
    sand_pct: FloatArray
    clay_pct: FloatArray
    bulk_density_g_cm3: FloatArray
    height_m: FloatArray
    slope_deg: FloatArray
    igbp: IntArray
    tmin_k: FloatArray
    tmean_k: FloatArray
    rain_mm: FloatArray
    pet_mm: FloatArray

    def in_pixels(self, cells: FloatArray) -> FloatArray:
        """A field of weather cells at every pixel, shape (..., row, col)."""
        return np.repeat(np.repeat(cells, CELL_PX, axis=-2), CELL_PX, axis=-1)


@dataclass(frozen=True)
class Fields:
    """Smooth random fields of a province, in kilometres."""

    relief: Waves
    parent: Waves
    cover: Waves
    deep: Waves
    wetness: Waves

    @classmethod
    def from_seed(cls, seed: int) -> Fields:
        """The fields a seed stands for."""
        rng = stream(seed, 0)
        lengths_km = ((80.0, 8.0), (60.0, 4.0), (25.0, 2.5), (60.0, 6.0), (120.0, 30.0))
        return cls(*(Waves.drawn(rng, *pair) for pair in lengths_km))


def make_province(settings: ProvinceSettings, threads: int | None = 1) -> Province:
    """Draw a province and simulate every pixel.

    Parameters
    ----------
    settings : ProvinceSettings
        The province.
    threads : int
        Threads of the engine, all that there are for None; the result is the same with any number.

    Raises
    ------
    RootzoneError
        A column failed; a made-up world has no reason to.
    """
    fields, side = Fields.from_seed(settings.seed), settings.side_km
    north, east = np.mgrid[0:side, 0:side] + 0.5
    height, grid = _height_m(settings, fields), province_grid(settings)
    weather, _ = _weather(settings, fields, height)
    dates = np.arange(np.datetime64(settings.first), np.datetime64(settings.last) + ONE_DAY)
    top_sand, _, top_clay = texture_pct(fields, settings.ln_sand, east, north, [2.5])[0]
    theta = simulate_pixels(settings, east.ravel(), north.ravel(), threads)
    cells = side // CELL_PX

    def celled(name: str) -> FloatArray:
        return np.asarray(weather[name][-dates.size :].reshape(dates.size, cells, cells))

    up, right = np.gradient(height, 1000.0)
    return Province(
        settings, grid, dates,
        {name: values.reshape(dates.size, side, side) for name, values in theta.items()},
        top_sand, top_clay,
        1.65 - 0.006 * top_clay + 0.001 * (top_sand - 40.0),
        height, np.degrees(np.arctan(np.hypot(up, right))), land_cover(fields, east, north),
        celled("tmmn"), 0.5 * (celled("tmmn") + celled("tmmx")), celled("pr"), celled("pet"),
    )  # fmt: skip


def simulate_pixels(
    settings: ProvinceSettings,
    east_km: FloatArray,
    north_km: FloatArray,
    threads: int | None = 1,
    layers: Mapping[str, tuple[float, float]] = LAYERS,
) -> dict[str, Float32Array]:
    """Layer means at some points of a province, shape (date, point) each.

    Parameters
    ----------
    settings : ProvinceSettings
        The province.
    east_km, north_km : array, shape (point,)
        Kilometres from its corner [km].
    threads : int
        Threads of the engine, all that there are for None.
    layers : mapping of str to pair of float
        Layers whose mean is kept [mm from the surface].
    """
    fields, cells = Fields.from_seed(settings.seed), settings.side_km // CELL_PX
    cell = (north_km // CELL_PX).astype(np.int64) * cells + (east_km // CELL_PX).astype(np.int64)
    parent, deep = (f.at_km(east_km, north_km) for f in (fields.parent, fields.deep))
    return simulate_parents(settings, parent, deep, cell, threads, layers)


def simulate_parents(
    settings: ProvinceSettings,
    parent: FloatArray,
    deep: FloatArray,
    cell: IntArray,
    threads: int | None = 1,
    layers: Mapping[str, tuple[float, float]] = LAYERS,
) -> dict[str, Float32Array]:
    """Layer means of columns of some parent materials, shape (date, column) each.

    Parameters
    ----------
    settings : ProvinceSettings
        The province.
    parent, deep : array, shape (column,)
        Parent material and subsoil, as scores of `texture_of_parent`.
    cell : array of int, shape (column,)
        Weather cell of each, counted by rows.
    threads : int
        Threads of the engine, all that there are for None.
    layers : mapping of str to pair of float
        Layers whose mean is kept [mm from the surface].
    """
    fields = Fields.from_seed(settings.seed)
    weather, first_day = _weather(settings, fields, _height_m(settings, fields))
    batch = _batch(settings, parent, deep, cell, weather, first_day)
    days = np.datetime64(settings.last) - np.datetime64(settings.first)
    return _simulated(batch, int(days.astype(int)) + 1, threads, settings.cover, layers)


def cell_weather(settings: ProvinceSettings) -> dict[str, FloatArray]:
    """Weather of the days with truth and the year before, shape (day, cell), by gridMET's names."""
    fields = Fields.from_seed(settings.seed)
    return _weather(settings, fields, _height_m(settings, fields))[0]


def _height_m(settings: ProvinceSettings, fields: Fields) -> FloatArray:
    north, east = np.mgrid[0 : settings.side_km, 0 : settings.side_km] + 0.5
    return np.asarray(700.0 + 120.0 * fields.relief.at_km(east, north))


def province_grid(settings: ProvinceSettings) -> MasterGrid:
    """Pixels of the province on EASE-Grid 2.0, 1 km."""
    row, col = (36 * part for part in _CORNER_36)
    return piece_of(ease_grid(1), row, col, settings.side_km, settings.side_km)


def texture_pct(
    fields: Fields, ln_sand: float, east: FloatArray, north: FloatArray, depths_cm: list[float]
) -> list[tuple[FloatArray, FloatArray, FloatArray]]:
    """Sand, silt and clay [%] at each depth: one parent material, more clay below."""
    parent, deep = fields.parent.at_km(east, north), fields.deep.at_km(east, north)
    return texture_of_parent(parent, deep, ln_sand, depths_cm)


def texture_of_parent(
    parent: FloatArray, deep: FloatArray, ln_sand: float, depths_cm: list[float]
) -> list[tuple[FloatArray, FloatArray, FloatArray]]:
    """Sand, silt and clay [%] at each depth of a parent material and a subsoil, as scores."""
    textures = []
    for depth_cm in depths_cm:
        below = m_from_cm(depth_cm)
        sand = 0.2 + ln_sand + 0.55 * parent - 0.15 * below
        clay = -0.5 - 0.45 * parent + (0.35 + 0.15 * deep) * below
        shares = np.exp(np.stack([sand, np.zeros_like(sand), clay]))
        shares *= 100.0 / shares.sum(axis=0)
        textures.append((shares[0], shares[1], shares[2]))
    return textures


def land_cover(fields: Fields, east: FloatArray, north: FloatArray) -> IntArray:
    """IGBP codes: grass, crops in the plains, shrubs on ridges, woody savanna between."""
    cover, relief = fields.cover.at_km(east, north), fields.relief.at_km(east, north)
    code = np.where(cover > 0.45, 12, 10)
    code = np.where((relief > 0.6) & (cover <= 0.45), 8, code)
    return np.where((relief > 0.6) & (cover < -0.5), 7, code).astype(np.int64)


def _weather(
    settings: ProvinceSettings, fields: Fields, height: FloatArray
) -> tuple[dict[str, FloatArray], int]:
    """Weather of the cells of 9 km, shape (day, cell), and its first day since 1970."""
    start = np.datetime64(settings.first) - 365 * ONE_DAY
    days = np.arange(start, np.datetime64(settings.last) + ONE_DAY)
    doy = (days - days.astype("datetime64[Y]")).astype(np.float64) + 1.0
    cells = settings.side_km // CELL_PX
    middle = CELL_PX * (np.arange(cells) + 0.5)
    north, east = (part.ravel() for part in np.meshgrid(middle, middle, indexing="ij"))
    mean_height = height.reshape(cells, CELL_PX, cells, CELL_PX).mean(axis=(1, 3)).ravel()
    rng = stream(settings.seed, 1)
    # The generator's climate is that of 1600 m; a warmer plain would never freeze there.
    made = daily_weather(rng, doy, mean_height + 900.0)
    wetter = np.exp(0.25 * fields.wetness.at_km(east, north))
    made["pr"] = settings.rain_factor * made["pr"] * wetter
    return made, int((start - np.datetime64("1970-01-01")).astype(int))


def _batch(
    settings: ProvinceSettings,
    parent: FloatArray,
    deep: FloatArray,
    cell: IntArray,
    weather: dict[str, FloatArray],
    first_day: int,
) -> SiteBatch:
    n_site, n_layer = parent.size, THICKNESS_MM.size
    middle_cm = (np.cumsum(THICKNESS_MM) - 0.5 * THICKNESS_MM) / 10.0
    layers = np.array(texture_of_parent(parent, deep, settings.ln_sand, middle_cm.tolist()))
    sand, silt, clay = (np.ascontiguousarray(layers[:, k].T).ravel() for k in range(3))
    start = n_layer * np.arange(n_site + 1)
    columns = soils_from_textures(sand, silt, clay, start)
    soil = {name: np.ascontiguousarray(columns[name]) for name in _SOIL}
    soil["thickness_mm"] = np.tile(THICKNESS_MM, n_site)
    n_day, n_cell = weather["pr"].shape
    forcing = WeatherBatch(
        np.arange(n_cell), n_day * np.arange(n_cell + 1), np.full(n_cell, first_day),
        {"rain_mm": weather["pr"].T.ravel(), "eo_mm": weather["pet"].T.ravel(),
         "tmax_degc": degc_from_kelvin(weather["tmmx"]).T.ravel(),
         "tmin_degc": degc_from_kelvin(weather["tmmn"]).T.ravel()},
    )  # fmt: skip
    return SiteBatch(np.arange(n_site), start, soil, cell, forcing)


def _simulated(
    batch: SiteBatch,
    n_date: int,
    threads: int | None,
    cover: str,
    layers: Mapping[str, tuple[float, float]],
) -> dict[str, Float32Array]:
    """Layer means of every site on the last days, shape (date, site)."""
    chosen = {**_WHOLE_DAY, "cover": cover}
    settings = settings_from_mapping("van_genuchten", "converged", chosen)
    parts: dict[str, list[Float32Array]] = {name: [] for name in layers}
    for run in SwimEngine(settings, threads=threads).stream(batch):
        if run.failures:
            raise RootzoneError(f"A column of the made-up province failed: {run.failures[0]}")
        theta = run.profiles.theta.reshape(len(run.profiles.site_ids), -1, THICKNESS_MM.size)
        for name, layer in layers.items():
            share = layer_shares(THICKNESS_MM, *layer)
            parts[name].append((theta[:, -n_date:] @ share).astype(np.float32))
    return {name: np.concatenate(found).T for name, found in parts.items()}


def layer_shares(thickness_mm: FloatArray, top_mm: float, bottom_mm: float) -> FloatArray:
    """Share of each model layer in a layer between two depths; they add up to 1.

    >>> layer_shares(np.array([10.0, 20.0, 20.0]), 0.0, 20.0)
    array([0.5, 0.5, 0. ])
    """
    bottom = np.cumsum(thickness_mm)
    top = bottom - thickness_mm
    inside = np.clip(np.minimum(bottom, bottom_mm) - np.maximum(top, top_mm), 0.0, None)
    return np.asarray(inside / inside.sum())
