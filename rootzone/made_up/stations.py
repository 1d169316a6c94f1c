"""Made-up stations in the made-up county: sensors in soils and under rain unlike the mapped ones.

A station's truth is a run of the embedded engine with a soil and a sky of its own. Its texture and
conductivity differ from the mapped ones, its rain from the weather cell's, its evaporation from the
delivered one, and its probes have an offset, noise and outages. So a model that knows only the maps
cannot be right everywhere, as with real stations; and because the differences are drawn from the
numbers below, it is known how wrong the maps are. Nothing here is a real place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rootzone._shared.arrays import FloatArray, IntArray
from rootzone._shared.atomic import write_text
from rootzone._shared.errors import RequestError
from rootzone._shared.profile_depths import mid_depths_mm, point_weights
from rootzone._shared.seeds import stream
from rootzone.engines.protocol import Engine, SiteBatch, WeatherBatch
from rootzone.hydraulics.soil_columns import SOIL_VALUES, uniform_first_rows
from rootzone.hydraulics.soils import soils_from_textures
from rootzone.inversion.column_runs import THICKNESS_MM, as_observed
from rootzone.made_up.county_fields import EAST, NORTH, SOUTH, WEST, County
from rootzone.made_up.write_county import NOTE, CellWeather, county_weather
from rootzone.made_up.write_uscrn import MOISTURE, TEMPERATURE, StationRecord, write_uscrn
from rootzone.stations.pixels import distance_km
from rootzone.stations.readers.ghcn_places import FILE_NAME, write_ghcn_list
from rootzone.stations.readers.read_uscrn import DEPTHS_M
from rootzone.stations.series import MEAN_LST, Place

_FIRST_WBAN = 99001  # no WBAN number of a real USCRN station begins with 99
_APART_KM = 0.9
_INSIDE_DEG = 0.006  # keeps stations off the county's edge
_NO_STATION_ON = (11, 21, 22)  # water and town
_ABSOLUTE_ZERO_K = 273.15


@dataclass(frozen=True)
class Errors:
    """How far stations are from what the maps and the weather cell say, as standard deviations.

    Parameters
    ----------
    texture : float
        Of the log ratios of sand and of clay to silt, one draw a station [-].
    texture_layer : float
        The same, one draw a layer on top [-].
    log10_ks : float
        Of log10 of saturated conductivity, one draw a station [-].
    log_rain_day, log_rain_year : float
        Of the logarithm of rain at the station over rain of the cell, by day and for all days [-].
    log_pet : float
        Of the logarithm of potential evaporation over the delivered one, for all days [-].
    gauge_catch : float
        Share of the rain that the gauge reports [-].
    probe_offset, probe_noise : float
        Of a probe's constant offset and of its day-to-day noise [m3 m-3].
    outage_days : float
        Mean length of the one gap each probe has in a year [d].
    """

    texture: float = 0.30
    texture_layer: float = 0.08
    log10_ks: float = 0.25
    log_rain_day: float = 0.25
    log_rain_year: float = 0.08
    log_pet: float = 0.06
    gauge_catch: float = 0.95
    probe_offset: float = 0.010
    probe_noise: float = 0.003
    outage_days: float = 15.0


def write_made_up_stations(
    folder: Path,
    seed: int,
    years: Sequence[int],
    n_station: int,
    engine: Engine,
    errors: Errors = Errors(),
) -> list[Path]:
    """Write made-up stations as USCRN daily text, and their positions as GHCN-Daily's list.

    Parameters
    ----------
    folder : Path
        Where the files go.
    seed : int
        The county; the same seed gives the same stations.
    years : sequence of int
        Calendar years to write, rising without gaps. The first is also run once before as spin-up.
    n_station : int
        How many.
    engine : Engine
        Makes the truth; an embedded engine with van Genuchten physics.
    errors : Errors
        How far the truth is from the maps.

    Returns
    -------
    list of Path
        The station files, then the list.

    Raises
    ------
    RequestError
        There is no room for so many stations, or the engine failed on one.
    """
    county = County.from_seed(seed)
    places = station_places(county, seed, n_station)
    skies = [county_weather(seed, year) for year in years]
    written: list[Path] = []
    for i, place in enumerate(places):
        rng = station_generator(seed, i)
        record = _record(place, f"{_FIRST_WBAN + i}", county, skies, rng, engine, errors)
        written += write_uscrn(folder, record)
    listed = folder / FILE_NAME
    write_ghcn_list(listed, [(f"{_FIRST_WBAN + i}", place) for i, place in enumerate(places)])
    note = f"{NOTE} Seed {seed}, years {list(years)}, {n_station} stations.\n{errors}\n"
    write_text(folder / "MADE_UP.md", note)
    return [*written, listed]


def station_places(county: County, seed: int, n_station: int) -> list[Place]:
    """Positions with four decimals, off water and town, at least 0.9 km apart.

    Raises
    ------
    RequestError
        There is no room for so many.
    """
    rng = stream(seed, 999)
    places: list[Place] = []
    for _ in range(400 * n_station):
        lon = round(rng.uniform(WEST + _INSIDE_DEG, EAST - _INSIDE_DEG), 4)
        lat = round(rng.uniform(SOUTH + _INSIDE_DEG, NORTH - _INSIDE_DEG), 4)
        at = np.array([lon]), np.array([lat])
        crowded = any(distance_km(lat, lon, one.lat, one.lon) < _APART_KM for one in places)
        if not crowded and county.land_cover(*at)[0] not in _NO_STATION_ON:
            name = f"XX_Made_Up_{len(places) + 1:02d}"
            places.append(Place("USCRN", name, lat, lon, float(county.elevation_m(*at)[0])))
        if len(places) == n_station:
            break
    if len(places) == n_station:
        return places
    raise RequestError(f"{n_station} stations do not fit into the county {_APART_KM} km apart.")


def _record(
    place: Place,
    wban: str,
    county: County,
    skies: Sequence[CellWeather],
    rng: np.random.Generator,
    engine: Engine,
    errors: Errors,
) -> StationRecord:
    cell = [sky.nearest(place.lat, place.lon) for sky in skies]
    cell_days = {name: np.concatenate([one[name] for one in cell]) for name in cell[0]}
    day = np.concatenate([sky.day for sky in skies])
    draws = Draws.of(rng, len(day))
    true_rain = cell_days["pr"] * _rain_factor(draws, errors)
    true_pet = cell_days["pet"] * np.exp(errors.log_pet * draws.pet)
    soil = _true_soil(place, county, draws, errors)
    spin_up = skies[0].day.size
    theta = _true_theta(soil, day, true_rain, true_pet, spin_up, engine, place.station)
    tmax, tmin = (cell_days[name] - _ABSOLUTE_ZERO_K for name in ("tmmx", "tmmn"))
    temperature = soil_temperature_degc(0.5 * (tmax + tmin))
    columns = {
        "tmax_degc": tmax,
        "tmin_degc": tmin,
        "tmean_degc": 0.5 * (tmax + tmin),
        "tavg_degc": 0.5 * (tmax + tmin),
        "rain_mm": errors.gauge_catch * true_rain,
        "radn_mj_m2": 0.0864 * cell_days["srad"],  # a W m-2 over a day is 0.0864 MJ m-2
    }
    for i, (wet, warm) in enumerate(zip(MOISTURE, TEMPERATURE, strict=True)):
        columns[warm] = temperature[:, i]
        columns[wet] = _probe(theta[:, i], temperature[:, i], rng, errors)
    return StationRecord(place.station, wban, place.lat, place.lon, day, columns)


@dataclass(frozen=True)
class Draws:
    """What makes a station's truth its own, as standard normal numbers.

    Parameters
    ----------
    rain_day : array, shape (day,)
        Of each day's rain.
    rain_year, pet, log10_ks : float
        Of all rain, of potential evaporation, of conductivity.
    texture : array, shape (3,)
        Of sand, silt and clay; silt is what the others are a ratio to and does not count.
    texture_layer : array, shape (layer, 3)
        The same, a layer each on top.
    """

    rain_day: FloatArray
    rain_year: float
    pet: float
    texture: FloatArray
    texture_layer: FloatArray
    log10_ks: float

    @classmethod
    def of(cls, rng: np.random.Generator, n_day: int) -> Draws:
        """The next draws of a station's generator."""
        rain_day, rain_year, pet = rng.normal(size=n_day), rng.normal(), rng.normal()
        texture, layers = rng.normal(size=3), rng.normal(size=(len(THICKNESS_MM), 3))
        return cls(rain_day, rain_year, pet, texture, layers, rng.normal())


def station_generator(seed: int, number: int) -> np.random.Generator:
    """Generator of a station, by its number from 0."""
    return stream(seed, 1000 + number)


def _rain_factor(draws: Draws, errors: Errors) -> FloatArray:
    """Rain at the station over rain of its cell, with mean 1 over days and stations."""
    sigma, sigma_year = errors.log_rain_day, errors.log_rain_year
    by_day = np.exp(sigma * draws.rain_day - sigma**2 / 2)
    return np.asarray(by_day * np.exp(sigma_year * draws.rain_year - sigma_year**2 / 2))


def _true_soil(place: Place, county: County, draws: Draws, errors: Errors) -> dict[str, FloatArray]:
    """Columns of the station's own soil, its layers from the top down."""
    middle_cm = mid_depths_mm(THICKNESS_MM) / 10.0
    at = np.array([place.lon]), np.array([place.lat])
    mapped = np.array(county.texture_pct(*at, middle_cm.tolist()))[:, :, 0]  # layer, fraction
    shift = errors.texture * draws.texture + errors.texture_layer * draws.texture_layer
    factor = np.array([10.0 ** (errors.log10_ks * draws.log10_ks)])
    soil = true_soils(mapped[None], shift[None], factor)
    if soil is None:
        raise RequestError(f"{place.station}: the soil drawn for it cannot be simulated.")
    return soil


def true_soils(
    mapped_pct: FloatArray, shift: FloatArray, ks_factor: FloatArray
) -> dict[str, FloatArray] | None:
    """Soil columns that differ from the mapped ones, site after site; None if one is no soil.

    Parameters
    ----------
    mapped_pct : array, shape (site, layer, 3)
        Mapped sand, silt and clay [%].
    shift : array, shape (site, layer, 3)
        Added to the logarithms of the shares; silt's does not count.
    ks_factor : array, shape (site,)
        Factor on saturated conductivity.
    """
    n_site, n_layer = mapped_pct.shape[:2]
    shift = np.where(np.array([True, False, True]), shift, 0.0)
    shares = mapped_pct * np.exp(shift)
    sand, silt, clay = 100.0 * np.moveaxis(shares / shares.sum(axis=2, keepdims=True), 2, 0)
    rows = uniform_first_rows(n_site, n_layer)
    soils = soils_from_textures(sand.ravel(), silt.ravel(), clay.ravel(), rows)
    if not soils.usable.all():
        return None
    values = {name: np.ascontiguousarray(soils[name]) for name in SOIL_VALUES}
    values["ks_mm_d"] = values["ks_mm_d"] * np.repeat(ks_factor, n_layer)
    values["thickness_mm"] = np.tile(np.asarray(THICKNESS_MM), n_site)
    values["psidul_cm"] = np.full(n_site * n_layer, soils.psidul_cm)
    return values


def _true_theta(
    soil: dict[str, FloatArray],
    day: IntArray,
    rain_mm: FloatArray,
    eo_mm: FloatArray,
    spin_up: int,
    engine: Engine,
    station: str,
) -> FloatArray:
    """Daily means at the probes, shape (day, depth); the first year runs once more before."""
    columns = {
        name: np.concatenate((values[:spin_up], values))
        for name, values in (("rain_mm", rain_mm), ("eo_mm", eo_mm))
    }
    n_day = len(columns["rain_mm"])
    weather = WeatherBatch(
        np.zeros(1, dtype=np.int64), np.array([0, n_day]), day[:1] - spin_up, columns
    )
    layers = np.array([0, len(soil["thickness_mm"])])
    batch = SiteBatch(np.zeros(1, dtype=np.int64), layers, soil, np.zeros(1, np.int64), weather)
    run = engine.run(batch)
    if run.failures:
        raise RequestError(f"{station}: the engine failed: {run.failures[0].text}")
    nodes = mid_depths_mm(THICKNESS_MM)
    weights = np.vstack([point_weights(nodes, 1000.0 * depth) for depth in DEPTHS_M])
    return as_observed(run.profiles.theta_of(0) @ weights.T, MEAN_LST)[spin_up:]


def _probe(
    theta: FloatArray, soil_degc: FloatArray, rng: np.random.Generator, errors: Errors
) -> FloatArray:
    """What a probe reports: offset, noise, an outage a year, nothing while the soil is frozen."""
    read = theta + errors.probe_offset * rng.normal()
    read = read + errors.probe_noise * rng.normal(size=len(theta))
    for start in range(0, len(theta), 365):
        first = start + int(rng.integers(0, 365))
        read[first : first + round(rng.exponential(errors.outage_days))] = np.nan
    read[soil_degc <= 0.0] = np.nan  # as NOAA blanks it
    return np.asarray(np.clip(read, 0.005, 0.6))


def soil_temperature_degc(air_degc: FloatArray) -> FloatArray:
    """Temperature at the probes from daily air temperature, shape (day, depth) [degC].

    A running mean over the days a wave takes to get there, which damps and delays about as
    conduction does (damping depth 10 cm for a day's wave: Hillel, Environmental Soil Physics).
    """
    out = np.empty((len(air_degc), len(DEPTHS_M)))
    for i, depth_m in enumerate(DEPTHS_M):
        reach = max(1, round(60.0 * depth_m))  # 3 days at 5 cm, 12 at 20 cm, 60 at 1 m
        padded = np.concatenate((np.full(reach - 1, air_degc[0]), air_degc))
        out[:, i] = np.convolve(padded, np.full(reach, 1.0 / reach), "valid") + 1.5
    return out
