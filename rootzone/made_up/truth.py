"""The truth of the made-up county at every pixel, so that maps can be scored everywhere.

The soil, conductivity, rain and evaporation of a pixel differ from the mapped ones as those of a
station do: by smooth fields with the same spread, which pass through every station's own draws. So
the field is what the stations sample, but for what is local to a station: its daily rain, its
layers and its probes. Water content is that of the embedded engine, run for a few hundred of each
weather cell's columns and taken between them (`rootzone.labels.field.anchors`); how far that is
from a run of the pixel itself is written beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import rasterio

from rootzone._shared.arrays import AnyArray, FloatArray, IntArray
from rootzone._shared.atomic import atomic_path, write_text
from rootzone._shared.days import day_number
from rootzone._shared.json_text import json_text
from rootzone._shared.open_files import open_raster
from rootzone._shared.profile_depths import mid_depths_mm, point_weights
from rootzone._shared.provenance import Provenance, write_sidecar
from rootzone._shared.seeds import stream
from rootzone.covariates.grid import MasterGrid
from rootzone.engines.protocol import Engine, SiteBatch, WeatherBatch
from rootzone.inversion.column_runs import THICKNESS_MM, as_observed
from rootzone.labels.field.anchors import Asked, anchored
from rootzone.made_up.county_fields import County, Waves, east_north_km
from rootzone.made_up.stations import (
    Draws,
    Errors,
    station_generator,
    station_places,
    true_soils,
)
from rootzone.made_up.write_county import NOTE, CellWeather, county_weather
from rootzone.stations.series import MEAN_LST

STEP: Final = 1e-4  # [m3 m-3] of a stored number
NODATA: Final = 65535
_REACH_KM: Final = 0.7  # how far a station's own draw is felt
_FIELDS: Final = ("sand", "clay", "log10_ks", "rain", "pet")
_FIELD_SEED: Final = 2000
_ERRORS: Final = Errors()
_ASKED: Final = Asked(error=0.002)


@dataclass(frozen=True)
class TruthFields:
    """How far the land is from its maps, as fields of standard normal numbers.

    Parameters
    ----------
    waves : dict of str to Waves
        Free fields, by quantity.
    at_km : array, shape (station, 2)
        Stations, east and north [km].
    pull : dict of str to array, shape (station,)
        What brings each field to the stations' draws.
    """

    waves: dict[str, Waves]
    at_km: FloatArray
    pull: dict[str, FloatArray]

    @classmethod
    def of(cls, county: County, seed: int, n_station: int, n_day: int) -> TruthFields:
        """Fields of a county that pass through the draws of its stations."""
        waves = {
            name: Waves.drawn(stream(seed, _FIELD_SEED + i), 6.0, 0.8)
            for i, name in enumerate(_FIELDS)
        }
        places = station_places(county, seed, n_station)
        lon, lat = (np.array([getattr(place, axis) for place in places]) for axis in ("lon", "lat"))
        east, north = east_north_km(lon, lat)
        at = np.stack([east, north], axis=1)
        draws = [Draws.of(station_generator(seed, i), n_day) for i in range(n_station)]
        drawn = {
            "sand": [one.texture[0] for one in draws],
            "clay": [one.texture[2] for one in draws],
            "log10_ks": [one.log10_ks for one in draws],
            "rain": [one.rain_year for one in draws],
            "pet": [one.pet for one in draws],
        }
        near = _nearness(at, at)
        pull = {}
        for name in _FIELDS:
            lacking = np.array(drawn[name]) - waves[name].at(lon, lat)
            pull[name] = np.asarray(np.linalg.solve(near, lacking))
        return cls(waves, at, pull)

    def at(self, lon: FloatArray, lat: FloatArray) -> FloatArray:
        """All fields at some points, shape (point, field)."""
        near = _nearness(np.stack(east_north_km(lon, lat), axis=1), self.at_km)
        return np.stack(
            [self.waves[name].at(lon, lat) + near @ self.pull[name] for name in _FIELDS], axis=1
        )


def _nearness(one: FloatArray, other: FloatArray) -> FloatArray:
    gap = np.hypot(*(one[:, None, k] - other[None, :, k] for k in range(2)))
    return np.asarray(np.exp(-((gap / _REACH_KM) ** 2)))


def truth_name(depth_mm: float, day: date) -> str:
    """Name of the file of a depth and day."""
    return f"truth_{depth_mm:04.0f}mm_{day:%Y%m%d}.tif"


def write_truth(
    folder: Path,
    grid: MasterGrid,
    seed: int,
    years: Sequence[int],
    days: Sequence[date],
    depths_mm: Sequence[float],
    engine: Engine,
    *,
    n_station: int = 0,
    errors: Errors = _ERRORS,
    asked: Asked = _ASKED,
) -> list[Path]:
    """Write the true water content of every pixel on some days.

    Parameters
    ----------
    folder : Path
        Where the files go.
    grid : MasterGrid
        Pixels.
    seed : int
        The county.
    years : sequence of int
        Years the truth is run for, those of its stations; the first runs once more before.
    days : sequence of date
        Days to write, in these years.
    depths_mm : sequence of float
        Depths [mm].
    engine : Engine
        That of the stations.
    n_station : int
        Stations whose draws the fields pass through.
    errors : Errors
        How far the truth is from the maps.
    asked : Asked
        How good the values between simulated columns must be.

    Returns
    -------
    list of Path
        GeoTIFFs, in the order of depths and days.
    """
    county = County.from_seed(seed)
    skies = [county_weather(seed, year) for year in years]
    n_day = sum(sky.day.size for sky in skies)
    fields = TruthFields.of(county, seed, n_station, n_day)
    row, col = (axis.ravel() for axis in np.mgrid[0 : grid.height, 0 : grid.width])
    lon, lat = grid.lon_lat(row, col)
    middle_cm = (mid_depths_mm(THICKNESS_MM) / 10.0).tolist()
    mapped = np.moveaxis(np.array(county.texture_pct(lon, lat, middle_cm)), 2, 0)
    land = _Land(mapped, fields.at(lon, lat), errors)
    first = int(skies[0].day[0])
    at_day = np.array([day_number(day) - first for day in days])
    weights = np.vstack([point_weights(mid_depths_mm(THICKNESS_MM), depth) for depth in depths_mm])
    theta = np.empty((row.size, len(days), len(depths_mm)), dtype=np.float32)
    cell = _nearest_cells(skies[0], lon, lat)
    told = []
    for number in np.unique(cell):
        own = np.flatnonzero(cell == number)
        runs = _Runs(land, own, skies, int(number), engine, weights, at_day)
        made = anchored(runs.features(), runs, asked, stream(seed, 3, number))
        where = made.interpolant.coordinates(runs.features())
        values = made.interpolant.at(where, made.interpolant.coefficients(made.values), exact=False)
        theta[own] = values.reshape(own.size, len(days), len(depths_mm))
        told.append({"cell": int(number), "pixels": int(own.size),
                     "simulated": len(made.anchors), "error_95": made.error})  # fmt: skip
    written = []
    for k, depth in enumerate(depths_mm):
        for i, day in enumerate(days):
            field = theta[:, i, k].reshape(grid.height, grid.width)
            written.append(_write(folder / truth_name(depth, day), grid, field, depth, day))
    write_text(folder / "truth.json", json_text({"note": NOTE, "cells": told}) + "\n")
    return written


@dataclass(frozen=True)
class _Land:
    """Pixels: mapped layers (pixel, layer, 3) and error fields (pixel, field)."""

    mapped: FloatArray
    fields: FloatArray
    errors: Errors


@dataclass(frozen=True)
class _Runs:
    """Runs of a weather cell's pixels; called with positions, gives their values."""

    land: _Land
    own: IntArray
    skies: Sequence[CellWeather]
    cell: int
    engine: Engine
    weights: FloatArray
    at_day: IntArray

    def features(self) -> FloatArray:
        """What a pixel's water content depends on, each of one scale."""
        mapped, fields = self.land.mapped[self.own], self.land.fields[self.own]
        ratios = np.log(mapped[:, :, [0, 2]] / mapped[:, :, [1]])
        shift = self.land.errors.texture * fields[:, None, :2]
        layers = (ratios + shift).reshape(len(mapped), -1)
        spread = layers.std(axis=0)
        return np.hstack([layers / np.where(spread > 0, spread, 1.0), fields[:, 2:]])

    def __call__(self, which: IntArray) -> FloatArray:
        at, errors = self.own[which], self.land.errors
        z = self.land.fields[at]
        mapped = self.land.mapped[at]
        shift = np.zeros((at.size, 1, 3))
        shift[:, 0, 0], shift[:, 0, 2] = errors.texture * z[:, 0], errors.texture * z[:, 1]
        shift = np.broadcast_to(shift, mapped.shape)
        soil = true_soils(mapped, shift, 10.0 ** (errors.log10_ks * z[:, 2]))
        assert soil is not None  # noqa: S101 - a smooth field of loams has no other soils
        sigma = errors.log_rain_year
        factors = {
            "rain_mm": ("pr", np.exp(sigma * z[:, 3] - sigma**2 / 2)),
            "eo_mm": ("pet", np.exp(errors.log_pet * z[:, 4])),
        }
        return self._run(soil, at.size, factors)

    def _run(
        self, soil: dict[str, FloatArray], n: int, factors: dict[str, tuple[str, FloatArray]]
    ) -> FloatArray:
        i, j = divmod(self.cell, self.skies[0].lon.size)
        spin_up = self.skies[0].day.size
        columns = {}
        for name, (short, factor) in factors.items():
            series = np.concatenate([sky.fields[short][:, i, j] for sky in self.skies])
            series = np.concatenate([series[:spin_up], series])
            columns[name] = (factor[:, None] * series).ravel()
        n_day = len(columns["rain_mm"]) // n
        first = np.full(n, self.skies[0].day[0] - spin_up)
        weather = WeatherBatch(np.arange(n), n_day * np.arange(n + 1), first, columns)
        layers = len(THICKNESS_MM) * np.arange(n + 1)
        batch = SiteBatch(np.arange(n), layers, soil, np.arange(n), weather)
        out = np.full((n, self.at_day.size * len(self.weights)), np.nan)
        run = self.engine.run(batch)
        for k, site in enumerate(run.profiles.site_ids.tolist()):
            ends = run.profiles.theta_of(k) @ self.weights.T
            out[site] = as_observed(ends, MEAN_LST)[spin_up:][self.at_day].ravel()
        return out


def _nearest_cells(sky: CellWeather, lon: FloatArray, lat: FloatArray) -> IntArray:
    down = np.abs(sky.lat[None] - lat[:, None]).argmin(axis=1)
    right = np.abs(sky.lon[None] - lon[:, None]).argmin(axis=1)
    return np.asarray(down * sky.lon.size + right)


def _write(path: Path, grid: MasterGrid, theta: FloatArray, depth: float, day: date) -> Path:
    profile = {
        "driver": "GTiff", "width": grid.width, "height": grid.height, "count": 1,
        "dtype": "uint16", "crs": grid.crs, "nodata": NODATA, "compress": "deflate",
        "predictor": 2,
        "transform": rasterio.Affine(
            grid.resolution_m, 0.0, grid.left, 0.0, -grid.resolution_m, grid.top
        ),
    }  # fmt: skip
    stored = np.where(np.isnan(theta), NODATA, np.rint(theta / STEP)).astype(np.uint16)
    with atomic_path(path) as temporary, rasterio.open(temporary, "w", **profile) as file:
        file.write(stored, 1)
        file.scales, file.units = (STEP,), ("m3 m-3",)
        file.update_tags(note=NOTE, depth_mm=f"{depth:g}", date=day.isoformat())
    write_sidecar(path, Provenance("the made-up county", settings={"depth_mm": depth, "day": day}))
    return path


def read_truth(folder: Path, depth_mm: float, day: date) -> AnyArray | None:
    """True water content of a depth and day [m3 m-3], NaN where there is none; None if unknown."""
    path = folder / truth_name(depth_mm, day)
    if not path.is_file():
        return None
    with open_raster(path) as file:
        stored = file.read(1)
    return np.where(stored == NODATA, np.nan, stored * STEP)
