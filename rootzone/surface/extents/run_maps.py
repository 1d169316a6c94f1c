"""Daily maps at 30 m, blended between clusters, and the value at one point."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import numpy as np

from rootzone._shared.arrays import AnyArray, Float32Array
from rootzone._shared.digests import digest_file
from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import Provenance
from rootzone.covariates.grid import Window
from rootzone.covariates.layers.legends import packed_legends
from rootzone.maps.cf import SeriesSpec
from rootzone.maps.encoding import (
    MISSING_INPUT,
    NO_VALUE,
    UNLIKE_TRAINING,
    WATER,
    Flag,
    flags_of,
    pack_theta,
)
from rootzone.maps.map_run import made_alike, not_whole
from rootzone.maps.map_spec import theta_spec
from rootzone.maps.style import put_style
from rootzone.maps.write_cog import write_cog
from rootzone.maps.write_series import write_netcdf
from rootzone.networks.channels import LAND
from rootzone.surface.chain.evaluate import read_half_width
from rootzone.surface.chain.open_surface import OpenSurface
from rootzone.surface.chain.run_maps import inside_grid
from rootzone.surface.extents.channels import SURFACE_SPEC
from rootzone.surface.extents.open_extents import OpenExtents
from rootzone.surface.extents.predict import Predictor
from rootzone.surface.extents.run_training import Task, grouping, network_file
from rootzone.surface.extents.vectors import Vectors
from rootzone.surface.product.write_day import LAYER_MM, SurfaceMapFiles, files_of, write_beside

WINDOW_PX: Final = 512  # with its halo 704 px: 54 MB of channels, and 1.9 times the window's work
# Maps that are made together, window by window; a kill loses no more than these.
_TOGETHER_DAYS: Final = 16
_TOGETHER_BYTES: Final = 1 << 29
_PIXEL_BYTES: Final = 5
_OPEN_WATER: Final = [
    c for c, kind in packed_legends()["nlcd"].classes.items() if kind.group == "water"
]
_COVER: Final = SURFACE_SPEC.names.index("nlcd")
MISSING: Final = replace(MISSING_INPUT, meaning="a channel is missing here; the network was told")
FILLED: Final = Flag(32, "filled_water", "open water; the value is what land like it would have")
FLAGS: Final = (NO_VALUE, WATER, MISSING, UNLIKE_TRAINING, FILLED)


def make_maps(opened: OpenSurface, say: Callable[[str], None]) -> list[SurfaceMapFiles]:
    """Write the maps of all days that are asked for; days already made are kept.

    Parameters
    ----------
    opened : OpenSurface
        A campaign of the system ``deepsoil``.
    say : callable
        Told how it goes.

    Raises
    ------
    RequestError
        A day that is asked for has no weather, or nothing is trained yet.
    """
    land = OpenExtents(opened)
    predictors = predictors_of(land)
    half = read_half_width(opened.skill)
    section = opened.section
    networks = [
        digest_file(network_file(land, Task(seed, k)))
        for seed, one in zip(section.seeds, predictors, strict=True)
        for k in range(len(one.networks))
    ]
    record = Provenance(
        "rootzone surface map", {"files": land.digest},
        {"system": section.system, "networks": networks, "half_width": half,
         "fill_water": land.section.fill_water, "interval_pct": section.interval_pct},
    )  # fmt: skip
    made = [files_of(opened.folder / "maps", day) for day in days_to_map(land)]
    missing = []
    for files in made:
        if not not_whole(files) and made_alike(files.theta, record):
            put_style(files.style)
        else:
            missing.append(files)
    pixels = land.grid.height * land.grid.width
    together = max(1, min(_TOGETHER_DAYS, _TOGETHER_BYTES // (_PIXEL_BYTES * pixels)))
    for first in range(0, len(missing), together):
        _write_days(land, predictors, missing[first : first + together], half, record, say)
    _write_series(opened, land, made, record)
    return made


def _write_days(
    land: OpenExtents,
    predictors: list[Predictor],
    made: list[SurfaceMapFiles],
    half: float,
    record: Provenance,
    say: Callable[[str], None],
) -> None:
    """Write some days' maps, window by window, so that each window's land is read once."""
    section = land.opened.section
    maps = maps_of(land, predictors, [files.day for files in made])
    for files, (told, flags) in zip(made, maps, strict=True):
        theta = told.astype(np.float64)
        width = np.where(np.isfinite(theta), half, np.nan)
        tags = {"depth_kind": "layer 0-50 mm", "sensor": "DeepSoil, surface half"}
        spec = theta_spec(
            land.grid, "uint16", files.depth_mm, files.day, section.interval_pct, tags
        )
        write_cog(files.theta, spec, np.stack([pack_theta(v) for v in (theta, width)]), record)
        write_beside(files, spec, FLAGS, flags, record)
        say(f"{files.theta.name}: mean {np.nanmean(theta):.3f} m3 m-3")


def _write_series(
    opened: OpenSurface, land: OpenExtents, made: list[SurfaceMapFiles], record: Provenance
) -> None:
    path = opened.folder / "maps" / "surface_theta.nc"
    days = {**record.settings, "dates": [files.day.isoformat() for files in made]}
    of_days = replace(record, settings=days)
    if path.is_file() and made_alike(path, of_days):
        return
    attributes = {
        "title": "surface soil moisture, 0-50 mm", "digest": of_days.digest,
        "source": "DeepSoil's surface network by rootzone",
    }  # fmt: skip
    spec = SeriesSpec(
        land.grid, [one.day for one in made], sum(LAYER_MM) / 2.0, opened.section.interval_pct,
        "uint16", attributes, FLAGS, LAYER_MM,
    )  # fmt: skip
    write_netcdf(path, spec, made, of_days)


def predictors_of(land: OpenExtents) -> list[Predictor]:
    """Networks of every seed.

    Raises
    ------
    RequestError
        Nothing is trained yet.
    """
    if not land.opened.predictions.is_file():
        raise RequestError(
            f"{land.opened.predictions} is missing; run rootzone surface train first."
        )
    vectors = Vectors(land)
    return [
        Predictor.of(land, seed, vectors, grouping(land, seed, vectors))
        for seed in land.opened.section.seeds
    ]


def map_of(
    land: OpenExtents, predictors: list[Predictor], day: dt.date
) -> tuple[Float32Array, AnyArray]:
    """Water content of the whole grid, mean over seeds, and its flags."""
    return maps_of(land, predictors, [day])[0]


def maps_of(
    land: OpenExtents, predictors: list[Predictor], days: list[dt.date]
) -> list[tuple[Float32Array, AnyArray]]:
    """Water content of the whole grid and its flags, of some days that memory has room for."""
    shape = land.grid.shape
    made = [(np.full(shape, np.nan, np.float32), np.zeros(shape, np.uint8)) for _ in days]
    for window in land.grid.windows(WINDOW_PX):
        rows = slice(window.row, window.row + window.height)
        cols = slice(window.col, window.col + window.width)
        for day, (theta, flags) in zip(days, made, strict=True):
            theta[rows, cols], flags[rows, cols] = window_values(land, predictors, window, day)
    return made


def window_values(
    land: OpenExtents, predictors: list[Predictor], window: Window, day: dt.date
) -> tuple[Float32Array, AnyArray]:
    """Water content of a window, NaN where the land is not known, and its flags."""
    halo = land.config.halo_px
    wide = land.x(window.padded(halo), day)  # read once, for every network and the flags
    told = np.mean([one.window(window, day, wide) for one in predictors], axis=0)
    channels = wide[:, halo:-halo, halo:-halo]
    cover = SURFACE_SPEC.channels[_COVER]
    code = np.rint(channels[_COVER] * (cover.high - cover.low) + cover.low)
    water = np.isin(code, _OPEN_WATER)
    nowhere = np.isnan(channels[: len(SURFACE_SPEC.of_origin(LAND))]).all(axis=0)
    hidden = nowhere | (water & (not land.section.fill_water))
    theta = np.where(hidden, np.nan, told).astype(np.float32)
    side = land.grid.tile_px
    row = (window.row + np.arange(window.height)) // side
    col = (window.col + np.arange(window.width)) // side
    alike = np.logical_and.reduce([one.like_training[np.ix_(row, col)] for one in predictors])
    flags = flags_of(
        [
            (NO_VALUE, np.isnan(theta)),
            (WATER, np.asarray(water)),
            (MISSING, np.asarray(np.isnan(channels).any(axis=0))),
            (UNLIKE_TRAINING, np.asarray(~alike)),
            (FILLED, np.asarray(water & ~hidden)),
        ]
    )
    return theta, flags


def days_to_map(land: OpenExtents) -> list[dt.date]:
    """Days that are asked for, or all with weather.

    Raises
    ------
    RequestError
        A day has no weather.
    """
    there = land.daily["weather"].by_day
    wanted = list(land.opened.section.dates or there)
    missing = [day for day in wanted if day not in there]
    if missing:
        near = min(there, key=lambda day: abs(day - missing[0]))
        raise RequestError(
            f"surface.dates: {', '.join(day.isoformat() for day in missing)} has no weather; the "
            f"nearest day to the first is {near.isoformat()}."
        )
    return wanted


def at_point(opened: OpenSurface, lat: float, lon: float, day: dt.date) -> dict[str, Any]:
    """Water content at one pixel and day, and what it was made from.

    Raises
    ------
    RequestError
        The point lies outside the region, the day has no weather, or nothing is trained.
    """
    land = OpenExtents(opened)
    row, col = inside_grid(land.grid, lat, lon)
    there = land.daily["weather"].by_day
    if day not in there:
        near = min(there, key=lambda other: abs(other - day))
        raise RequestError(f"{day} has no weather; the nearest day with some is {near}.")
    predictors = predictors_of(land)
    stride = land.config.stride_px
    window = Window(row // stride * stride, col // stride * stride, stride, stride)
    theta, flags = window_values(land, predictors, window, day)
    at = row - window.row, col - window.col
    tile = row // land.grid.tile_px, col // land.grid.tile_px
    _, ages = land.dynamic(Window(row, col, 1, 1), day)
    return {
        "row": row, "col": col, "date": day.isoformat(), "theta": float(theta[at]),
        "flags": int(flags[at]), "cluster": int(predictors[0].nearest[tile]),
        "like_training": bool(predictors[0].like_training[tile]),
        "half_width": read_half_width(opened.skill),
        **{f"{name}_age_days": age for name, age in ages.items()},
    }  # fmt: skip
