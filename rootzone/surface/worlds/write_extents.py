"""A made-up county at 30 m with its water everywhere, as files for the system ``deepsoil``.

The truth is a bucket of 50 mm at every pixel: rain in, evaporation and drainage out by the pixel's
own hydraulics. The target is what a land-surface model would say: the truth with a bias by land
cover, a smooth error and gaps over water. Stations tell the truth with noise. With two regimes the
west is another climate in which cover and moisture go the other way, so that one network has to
tell them apart and two need not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.atomic import atomic_path, write_text
from rootzone._shared.provenance import Provenance
from rootzone._shared.seeds import stream
from rootzone._shared.units import degc_from_kelvin
from rootzone.covariates.grid import ALBERS, MasterGrid
from rootzone.hydraulics.soil_columns import SoilColumns, uniform_first_rows
from rootzone.hydraulics.soils import soils_from_textures
from rootzone.made_up.county_fields import Waves, daily_weather
from rootzone.maps.write_cog import Band, CogSpec, write_cog
from rootzone.surface.extents.channels import stand_ins
from rootzone.surface.worlds.write_smap import NOTE

_PX_M, _TILE = 30.0, 64
_LEFT, _TOP = -760005.0, 1930005.0  # on NLCD's lattice, in Colorado; land like that, no real place
_CELL_PX: Final = 128  # a weather cell of 3.84 km
_COARSE_PX: Final = 320  # a cell of the coarse product, 9.6 km
_LAYER_MM, _SUBSTEPS = 50.0, 4
_GRASS, _CROPS, _FOREST, _WATER = 71, 82, 42, 11
_BIAS: Final = {_GRASS: 0.035, _CROPS: 0.06, _FOREST: -0.03, _WATER: 0.0}  # of the target [m3 m-3]


@dataclass(frozen=True)
class CountySettings:
    """A county, decided by these numbers alone.

    Parameters
    ----------
    seed : int
        Of fields and weather.
    tiles : int
        Tiles of 64 px along each side.
    first : str
        First day; ten days before it are simulated and thrown away.
    days : int
        Days with weather.
    every : int
        Days between two targets.
    stations : int
        Stations, in inner tiles.
    regimes : int
        1, or 2 for another climate in the west.
    water_pct : float
        Open water [%], where the target has gaps.
    """

    seed: int = 5
    tiles: int = 12
    first: str = "2019-04-01"
    days: int = 180
    every: int = 6
    stations: int = 60
    regimes: int = 1
    water_pct: float = 1.1


def county_grid(settings: CountySettings) -> MasterGrid:
    """Pixels of a county."""
    side = settings.tiles * _TILE
    return MasterGrid(ALBERS, _PX_M, _LEFT, _TOP, side, side, _TILE)


def write_county(folder: Path, settings: CountySettings) -> None:
    """Write a county.

    Parameters
    ----------
    folder : Path
        Gets ``land30.tif``, ``weather/``, ``lai/``, ``smap30/``, ``target/``, ``stations.csv``,
        ``MADE_UP.txt``, and ``truth/``, which no verb reads.
    settings : CountySettings
        Which.
    """
    grid, rng = county_grid(settings), stream(settings.seed)
    waves = [Waves.drawn(rng, long, short) for long, short in
             ((9.0, 0.6), (5.0, 0.2), (3.0, 0.15), (6.0, 0.5))]  # fmt: skip
    north, east = (np.mgrid[0 : grid.height, 0 : grid.width] + 0.5) * _PX_M / 1000.0
    relief, parent, cover, error = (one.at_km(east, north) for one in waves)
    dry = east < east.mean() if settings.regimes == 2 else np.zeros(grid.shape, bool)
    land = _land(settings, relief, parent, cover, dry)
    soils = _soils(land)
    land |= _soil_bands(land, soils)
    dates, weather = _weather(settings, relief)
    write_text(folder / "MADE_UP.txt", f"{NOTE}. Settings: {asdict(settings)}\n")
    write_fields(folder / "land30.tif", grid, land)
    truth = _truth(settings, soils, land, weather, dry)
    noise = stream(settings.seed, 1)
    cover_class = land["nlcd"]
    bias = np.vectorize(_BIAS.get)(cover_class.astype(int)) * np.where(dry, -0.5, 1.0)
    cells = MasterGrid(
        grid.crs, _PX_M * _CELL_PX, grid.left, grid.top, grid.width // _CELL_PX,
        grid.height // _CELL_PX, _TILE,
    ) if grid.width >= _CELL_PX else grid  # fmt: skip
    for number, date in enumerate(dates):
        day = str(date).replace("-", "")
        write_fields(
            folder / "weather" / f"weather_{day}.tif", cells, weather_of(weather, number, cells)
        )
        if number % 4 == 0:
            write_fields(folder / "lai" / f"lai_{day}.tif", grid, {"lai": _lai(land, number)})
        theta = truth[number]
        if number % 2 == 0:
            _write_coarse(folder / "smap30" / f"smap_{day}.tif", grid, theta, noise)
        if number % settings.every == 0:
            target = np.clip(theta + bias + 0.012 * error, 0.02, 0.6)
            target = np.where(cover_class == _WATER, np.nan, target)
            write_fields(folder / "target" / f"hydroblocks_{day}.tif", grid, {"theta": target})
            write_fields(folder / "truth" / f"truth_{day}.tif", grid, {"theta": theta})
    _write_stations(folder / "stations.csv", settings, grid, dates, truth, cover_class)


def _land(
    settings: CountySettings, relief: FloatArray, parent: FloatArray, cover: FloatArray,
    dry: AnyArray,
) -> dict[str, FloatArray]:  # fmt: skip
    sand, clay = np.exp(0.2 + 0.45 * parent), np.exp(-0.5 - 0.4 * parent)
    whole = sand + 1.0 + clay
    nlcd = np.where(cover > 0.5, _CROPS, np.where(cover < -0.7, _FOREST, _GRASS)).astype(float)
    nlcd[relief < np.quantile(relief, settings.water_pct / 100.0)] = _WATER
    ndvi = np.clip(0.35 + 0.18 * cover - 0.04 * parent, 0.02, 0.9)
    bright = 0.05 + 0.12 * (1.0 - ndvi) + 0.01 * parent
    return {
        "silt_pct": 100.0 / whole, "clay_pct": 100.0 * clay / whole,
        "sand_pct": 100.0 * sand / whole, "bd_g_cm3": 1.45 - 0.06 * parent,
        "log10_om_pct": 0.2 + 0.15 * cover, "nlcd": nlcd,
        "koppen": np.where(dry, 7.0, 26.0), "elevation_m": 1700.0 + 120.0 * relief,
        "red": bright, "green": 0.9 * bright, "blue": 0.7 * bright, "nir": bright + 0.3 * ndvi,
        "ndvi": ndvi,
    }  # fmt: skip


def _soils(land: dict[str, FloatArray]) -> SoilColumns:
    sand, silt, clay = (land[name].ravel() for name in ("sand_pct", "silt_pct", "clay_pct"))
    return soils_from_textures(sand, silt, clay, uniform_first_rows(sand.size, 1))


def _soil_bands(land: dict[str, FloatArray], soils: SoilColumns) -> dict[str, FloatArray]:
    """The layers of gNATSGO from our own hydraulics, and the retention curve."""
    shape = land["sand_pct"].shape
    of = {name: soils[name].reshape(shape) for name in
          ("theta_r", "theta_s", "alpha_per_cm", "n", "ks_mm_d", "dul", "ll15")}  # fmt: skip
    depth = np.full(shape, 150.0)
    return {
        **stand_ins(of["dul"], of["ll15"], of["theta_s"], depth),
        "log10_ksat_cm_h": np.log10(of["ks_mm_d"] / 240.0), "theta_r": of["theta_r"],
        "theta_s": of["theta_s"], "alpha_per_cm": of["alpha_per_cm"], "n": of["n"],
    }  # fmt: skip


def _weather(settings: CountySettings, relief: FloatArray) -> tuple[AnyArray, dict[str, Any]]:
    """Daily weather of the whole county: one storm track, cells that differ by height."""
    first = np.datetime64(settings.first)
    dates = first + np.arange(-10, settings.days).astype("timedelta64[D]")
    doy = (dates - dates.astype("datetime64[Y]")).astype(float) + 1.0
    found = daily_weather(stream(settings.seed, 2), doy, np.array([1700.0 + 120.0 * relief.mean()]))
    return dates[10:], {name: values[:, 0] for name, values in found.items()}


def weather_of(weather: dict[str, Any], number: int, cells: MasterGrid) -> dict[str, FloatArray]:
    """The five channels of a day on the cells of the weather; rain falls off to the south."""
    at = number + 10
    slope = np.linspace(1.15, 0.85, cells.height)[:, None] * np.ones(cells.shape)
    wet = min(1.0, weather["pr"][at] / 5.0)
    hot, cold = (float(degc_from_kelvin(weather[name][at])) for name in ("tmmx", "tmmn"))
    flat = np.ones(cells.shape)
    return {
        "pr": weather["pr"][at] * slope, "rmax": (60.0 + 35.0 * wet) * flat,
        "rmin": (20.0 + 40.0 * wet) * flat, "tmmx": hot * flat, "tmmn": cold * flat,
    }  # fmt: skip


def _lai(land: dict[str, FloatArray], number: int) -> FloatArray:
    season = np.sin(np.pi * np.clip(number / 180.0, 0.0, 1.0))
    return np.asarray(np.clip(4.0 * land["ndvi"] * (0.5 + 0.7 * season), 0.0, 7.0))


def _truth(
    settings: CountySettings, soils: SoilColumns, land: dict[str, FloatArray],
    weather: dict[str, Any], dry: AnyArray,
) -> list[AnyArray]:  # fmt: skip
    """Water content of the top 50 mm on every day with weather, a bucket at every pixel."""
    shape = dry.shape
    of = [soils[name].reshape(shape) for name in ("theta_r", "theta_s", "n", "ks_mm_d")]
    # In the dry climate shade keeps water, in the other one leaves take it.
    thirst = np.where(dry, 1.3 - 0.9 * land["ndvi"], 0.5 + 1.0 * land["ndvi"])
    rain_share = np.linspace(1.15, 0.85, shape[0])[:, None]
    rain = [rain_share * one for one in weather["pr"][: settings.days + 10]]
    return bucket(of, thirst, rain, weather["pet"])[10:]


def bucket(
    soil: Sequence[FloatArray], thirst: FloatArray, rain_mm: Sequence[Any], pet_mm: Sequence[Any]
) -> list[AnyArray]:
    """Water content of the top 50 mm day by day: rain in, evaporation and drainage out.

    Parameters
    ----------
    soil : sequence of array, shape (row, col)
        theta_r, theta_s [m3 m-3], n [-] and saturated conductivity [mm d-1].
    thirst : array, shape (row, col)
        Share of the demand that the wet soil gives.
    rain_mm, pet_mm : sequence
        A number, or an array of (row, col), for each day [mm].

    Returns
    -------
    list of array, shape (row, col)
        float32, one a day; NaN where the soil is not known.
    """
    low, high, n, ks = soil
    power = 3.0 + 2.0 / (n - 1.0)
    theta, out = low + 0.4 * (high - low), []
    for rain, demand in zip(rain_mm, pet_mm, strict=False):
        for _ in range(_SUBSTEPS):
            se = np.clip((theta - low) / (high - low), 1e-4, 1.0)
            lost = thirst * demand * np.minimum(1.0, 1.6 * se) / _SUBSTEPS
            drained = np.minimum(ks * se**power / _SUBSTEPS, 0.3 * (theta - low) * _LAYER_MM)
            theta = theta + (rain / _SUBSTEPS - lost - drained) / _LAYER_MM
            theta = np.clip(theta, low + 0.02 * (high - low), high)
        out.append(theta.astype(np.float32))
    return out


def _write_coarse(path: Path, grid: MasterGrid, theta: AnyArray, rng: np.random.Generator) -> None:
    """Means over cells of 9.6 km, with noise and a dry bias as of a radiometer."""
    side = min(_COARSE_PX, grid.height)
    n = grid.height // side
    mean = theta[: n * side, : n * side].reshape(n, side, n, side).mean(axis=(1, 3))
    cells = MasterGrid(grid.crs, _PX_M * side, grid.left, grid.top, n, n, _TILE)
    seen = np.clip(mean - 0.02 + 0.02 * rng.standard_normal(mean.shape), 0.02, 0.6)
    write_fields(path, cells, {"theta": seen})


def _write_stations(
    path: Path, settings: CountySettings, grid: MasterGrid, dates: AnyArray,
    truth: list[AnyArray], cover_class: FloatArray,
) -> None:  # fmt: skip
    rng = stream(settings.seed, 3)
    inner = np.zeros(grid.shape, bool)
    inner[_TILE:-_TILE, _TILE:-_TILE] = True
    row, col = np.nonzero(inner & (cover_class != _WATER))
    taken = rng.choice(row.size, settings.stations, replace=False)
    row, col = row[taken], col[taken]
    lon, lat = grid.lon_lat(row, col)
    series = np.stack([theta[row, col] for theta in truth], axis=1).astype(np.float64)
    told = np.clip(series + 0.008 * rng.standard_normal(series.shape), 0.0, 0.6)
    n, days = told.shape
    frame = pl.DataFrame(
        {
            "network": ["made-up"] * told.size,
            "station": np.repeat([f"S{k:03d}" for k in range(n)], days),
            "date": np.tile(dates.astype(str), n),
            "lat": np.repeat(lat.round(6), days), "lon": np.repeat(lon.round(6), days),
            "depth_m": np.full(told.size, 0.05), "theta": told.ravel().round(4),
        }
    )  # fmt: skip
    with atomic_path(path) as temporary:
        frame.write_csv(temporary)


def write_fields(path: Path, grid: MasterGrid, fields: dict[str, FloatArray]) -> None:
    """Write fields of a grid as bands of their names, marked as made up."""
    bands = [Band(name, "-", f"{name}, made up") for name in fields]
    spec = CogSpec(grid, bands, "float32", float("nan"), "average", {"note": NOTE})
    stored = np.stack(list(fields.values())).astype(np.float32)
    write_cog(path, spec, stored, Provenance("made-up county"))
