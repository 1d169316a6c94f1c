"""Daily maps of both layers, and the values at one point."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.atomic import write_text
from rootzone._shared.days import calendar_day, day_number
from rootzone._shared.errors import RequestError
from rootzone._shared.open_files import open_raster
from rootzone._shared.provenance import Provenance
from rootzone._shared.seal import sealed_json
from rootzone.maps.encoding import NO_VALUE, UNLIKE_TRAINING, flags_of
from rootzone.maps.map_run import made_alike, not_whole
from rootzone.maps.style import put_style
from rootzone.surface.chain.hold_out import map_split
from rootzone.surface.chain.open_surface import OpenSurface
from rootzone.surface.chain.run_maps import inside_grid
from rootzone.surface.product.write_day import SurfaceMapFiles, files_of
from rootzone.surface.two_layer.against import against_simulated, in_words
from rootzone.surface.two_layer.correct import network_map
from rootzone.surface.two_layer.evaluate import LAYER_NAMES, read_skill
from rootzone.surface.two_layer.open_layers import LAYERS_MM, OpenLayers
from rootzone.surface.two_layer.trained import Trained, load_networks, load_trees
from rootzone.surface.two_layer.write_layers import (
    NOT_CORRECTED,
    TWO_LAYER_FLAGS,
    write_layers,
    write_layers_series,
)

Field = Callable[[int], tuple[FloatArray, AnyArray, AnyArray]]
"""Of a day's number: theta, where the trees are beyond training, where nothing corrected it."""


def make_maps(opened: OpenSurface, say: Callable[[str], None]) -> list[SurfaceMapFiles]:
    """Write the maps of all days that are asked for; days already made are kept.

    Parameters
    ----------
    opened : OpenSurface
        A campaign of the system ``two_layer``.
    say : callable
        Told how it goes.

    Raises
    ------
    RequestError
        A day that is asked for lacks a field or the product, or nothing is trained yet.
    """
    trained = Trained(OpenLayers(opened))
    found = read_skill(trained) if trained.skill.is_file() else None
    half = dict.fromkeys(LAYERS_MM, np.nan) | (found["half_width"] if found else {})
    fields = {layer: field_of(trained, layer) for layer in LAYERS_MM}
    section, folder = opened.section, trained.folder / "maps"
    record = Provenance(
        "rootzone surface map", {"files": trained.layers.digest},
        {"made_by": section.two_layer.corrector, "members": section.two_layer.members,
         "split": map_split(opened),
         "seeds": list(section.seeds), "epochs": section.epochs, "half_width": half,
         "interval_pct": section.interval_pct},
    )  # fmt: skip
    made = []
    for day, number in days_to_map(trained).items():
        files = files_of(folder, day)
        made.append(files)
        if not not_whole(files) and made_alike(files.theta, record):
            put_style(files.style)
            continue
        told = {layer: field(number) for layer, field in fields.items()}
        theta = {layer: values for layer, (values, _, _) in told.items()}
        missing = np.asarray(~np.isfinite(trained.layers.fields(number)).all(axis=0))
        flags = flags_of(
            [
                (NO_VALUE, np.logical_and.reduce([~np.isfinite(v) for v in theta.values()])),
                (TWO_LAYER_FLAGS[1], missing),
                (UNLIKE_TRAINING, np.logical_or.reduce([beyond for _, beyond, _ in told.values()])),
                (NOT_CORRECTED, np.logical_or.reduce([plain for _, _, plain in told.values()])),
            ]
        )
        write_layers(files, trained.layers.grid, theta, half, flags, section.interval_pct, record)
        means = ", ".join(f"{LAYER_NAMES[n]} {np.nanmean(v):.3f}" for n, v in theta.items())
        say(f"{files.theta.name}: {means} m3 m-3")
    series = folder / "two_layer_theta.nc"
    days = {**record.settings, "dates": [files.day.isoformat() for files in made]}
    of_days = replace(record, settings=days)
    if not (series.is_file() and made_alike(series, of_days)):
        write_layers_series(series, trained.layers.grid, made, section.interval_pct, of_days)
    if section.two_layer.simulated is not None:
        facts = against_simulated(opened, mapped_layer(trained, "root_zone"))
        write_text(trained.folder / "against_simulated.json", sealed_json(facts))
        say(in_words(facts))
    return made


def field_of(trained: Trained, layer: str) -> Field:
    """How a layer's field of a day is made: downscaled, then corrected by what was trained.

    Raises
    ------
    RequestError
        Nothing was trained.
    """
    opened = trained.layers.opened
    split, corrector = map_split(opened), opened.section.two_layer.corrector
    if not trained.predictions.is_file():
        raise RequestError(f"{trained.predictions} is missing; run rootzone surface train first.")
    down = trained.downscaler(layer)
    networks = load_networks(trained, layer, split) if corrector in ("both", "network") else []
    trees = load_trees(trained, layer, split) if corrector in ("both", "trees") else []

    def field(number: int) -> tuple[FloatArray, AnyArray, AnyArray]:
        theta, outside = trained.downscaled(layer, down, number)
        told = np.full(theta.shape, np.nan)
        if networks or trees:
            stack = trained.stack(layer, down, number)
            ways = [network_map(networks, stack)] if networks else []
            ways += [np.mean([one.map(stack) for one in trees], axis=0)] if trees else []
            told = np.mean(ways, axis=0)
        plain = ~np.isfinite(told) & np.isfinite(theta)
        return np.clip(np.where(plain, theta, told), 0.0, 1.0), outside, plain

    return field


def days_to_map(trained: Trained) -> dict[dt.date, int]:
    """Number of each day to map.

    Raises
    ------
    RequestError
        A day that is asked for lacks a field or the product.
    """
    there = {calendar_day(day): k for k, day in enumerate(trained.layers.days.tolist())}
    wanted = trained.layers.opened.section.dates or tuple(there)
    missing = [day for day in wanted if day not in there]
    if missing:
        near = min(there, key=lambda day: abs(day - missing[0]))
        raise RequestError(
            f"surface.dates: {', '.join(day.isoformat() for day in missing)} lacks a field, rain "
            f"of the 30 days before, or the product; the nearest whole day is {near.isoformat()}."
        )
    return {day: there[day] for day in wanted}


def mapped_layer(trained: Trained, layer: str) -> dict[dt.date, Callable[[], FloatArray]]:
    """How to read a layer of each day that has a map."""
    folder, number = trained.folder / "maps", list(LAYERS_MM).index(layer) + 1
    out: dict[dt.date, Callable[[], FloatArray]] = {}
    for day in trained.layers.days.tolist():
        files = files_of(folder, calendar_day(day))
        if files.theta.is_file():
            out[calendar_day(day)] = partial(_band, files, number)
    return out


def _band(files: SurfaceMapFiles, number: int) -> FloatArray:
    with open_raster(files.theta) as file:
        values = file.read(number, masked=True).astype(np.float64) * file.scales[number - 1]
    return np.asarray(np.ma.filled(values, np.nan), dtype=np.float64)


def at_point(opened: OpenSurface, lat: float, lon: float, day: dt.date) -> dict[str, Any]:
    """Both layers at one pixel and day, before and after stations.

    Raises
    ------
    RequestError
        The point lies outside the region, or the day lacks something.
    """
    trained = Trained(OpenLayers(opened))
    row, col = inside_grid(trained.layers.grid, lat, lon)
    there = trained.layers.days.tolist()
    if day_number(day) not in there:
        near = min(there, key=lambda d: abs(d - day_number(day)))
        raise RequestError(f"{day} lacks a field or the product; the nearest is "
                           f"{calendar_day(near)}.")  # fmt: skip
    number = there.index(day_number(day))
    out: dict[str, Any] = {"row": row, "col": col, "date": day.isoformat()}
    for layer in LAYERS_MM:
        theta, outside, plain = field_of(trained, layer)(number)
        before, _ = trained.downscaled(layer, trained.downscaler(layer), number)
        out |= {
            f"{layer}_downscaled": float(before[row, col]),
            f"{layer}_theta": float(theta[row, col]),
            f"{layer}_beyond_training": bool(outside[row, col]),
            f"{layer}_corrected": not bool(plain[row, col]),
        }  # fmt: skip
    return out
