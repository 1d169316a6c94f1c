"""Daily maps of the chosen models on either engine, and what is known of one pixel."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone._shared.errors import RequestError, StoppedEarly
from rootzone._shared.parts import Parts
from rootzone._shared.provenance import Provenance
from rootzone._shared.units import FREEZING_K
from rootzone.covariates.grid import Window
from rootzone.maps.encoding import NO_VALUE, WATER, flags_of, pack_theta
from rootzone.maps.map_run import made_alike, not_whole
from rootzone.maps.map_spec import theta_spec
from rootzone.maps.style import put_style
from rootzone.maps.write_cog import Band, CogSpec, write_cog
from rootzone.surface.chain.open_surface import OpenSurface
from rootzone.surface.chain.run_maps import inside_grid, looks_to_map
from rootzone.surface.chosen.bands import bands_at
from rootzone.surface.chosen.engines import (
    asset_id,
    asset_name,
    connected,
    destination,
    export_of,
    in_the_cloud,
    local,
    read_export,
    write_bands,
)
from rootzone.surface.chosen.open_choice import OpenChoice
from rootzone.surface.cloud.run_export import DONE, export_all
from rootzone.surface.product.write_day import (
    FROZEN,
    MISSING_INPUT,
    SURFACE_FLAGS,
    SurfaceMapFiles,
    files_of,
    write_beside,
    write_days_series,
)

_NONE: Final = 255


def make_maps(
    opened: OpenSurface, say: Callable[[str], None], engine: str = "local"
) -> list[SurfaceMapFiles]:
    """Write the maps of all days that are asked for; days already made are kept.

    Parameters
    ----------
    opened : OpenSurface
        A campaign of the system ``select``.
    say : callable
        Told how it goes.
    engine : str
        ``local`` or ``ee``; both give the same files.

    Raises
    ------
    RequestError
        Nothing is trained, a day was not seen, or the service refused.
    StoppedEarly
        Exports still run; the same command goes on.
    """
    choice, scale = OpenChoice(opened), opened.section.select.map_scale_km
    looks, folder = looks_to_map(opened), choice.maps
    record = Provenance(
        "rootzone surface map", {"files": choice.digest, "trained": choice.trained_digest},
        {"models": choice.models.models, "weights": choice.models.weights, "scale_km": scale,
         "factor": round(choice.models.factor, 9), "interval_pct": opened.section.interval_pct},
    )  # fmt: skip
    made = [files_of(folder, day) for day in looks]
    missing = [f for f in made if not_whole(f) or not made_alike(f.theta, record)]
    if missing:
        outputs = _maker(choice, engine, [looks[f.day] for f in missing], say)
        for files in missing:
            told = outputs(looks[files.day])
            _write(choice, files, looks[files.day], told, record)
            mean = np.nanmean(told["theta"]) if np.isfinite(told["theta"]).any() else np.nan
            say(f"{files.theta.name}: mean {mean:.3f} m3 m-3")
        Parts.of(folder, "any").sweep()
    for files in made:
        put_style(files.style)
    series = folder / "surface_theta.nc"
    days = {**record.settings, "dates": [files.day.isoformat() for files in made]}
    of_days = replace(record, settings=days)
    if not (series.is_file() and made_alike(series, of_days)):
        write_days_series(
            series, choice.grid(scale), made, opened.section.interval_pct, of_days,
            "models chosen by environment, by rootzone",
        )  # fmt: skip
    return made


def _maker(
    choice: OpenChoice, engine: str, looks: list[int], say: Callable[[str], None]
) -> Callable[[int], dict[str, FloatArray]]:
    """How a day's bands are made."""
    scale = choice.section.map_scale_km
    if engine == "local":
        return lambda look: local(choice, look, scale)
    service, to = connected(choice, say), destination(choice)
    if to is None:
        return lambda look: in_the_cloud(choice, service, look, scale)
    wanted = {look: export_of(choice, look, scale) for look in looks}
    states = export_all(service, list(wanted.values()), to, say)
    open_yet = [name for name, state in states.items() if state not in DONE]
    where = choice.section.cloud.exports
    if open_yet:
        raise StoppedEarly(
            f"{len(open_yet)} of {len(states)} exports still run, such as {open_yet[0]}. Give the "
            "same command again: it starts nothing twice and goes on when they are done."
        )
    if where is None:
        raise RequestError(
            f"All {len(states)} exports are done, in {to.kind} {to.folder}. Say in "
            "surface.select.cloud.exports where their files appear on this machine."
        )
    folder = choice.opened.campaign_file.parent / where

    def exported(look: int) -> dict[str, FloatArray]:
        path = folder / f"{wanted[look].name}.tif"
        if not path.is_file():
            raise RequestError(f"{path} is not there yet; the export of that name is done.")
        return read_export(path, choice.grid(scale))

    return exported


def _write(
    choice: OpenChoice, files: SurfaceMapFiles, look: int, told: dict[str, FloatArray],
    record: Provenance,
) -> None:  # fmt: skip
    scale, interval = choice.section.map_scale_km, choice.opened.section.interval_pct
    grid, fields = choice.grid(scale), bands_at(choice.opened.scene, look, scale)
    water = np.isnan(choice.environment(scale))
    frozen = np.asarray(fields["t_k"] < FREEZING_K)
    theta = np.where(water | frozen, np.nan, told["theta"])
    half = np.where(np.isfinite(theta), told["spread"] * choice.models.factor, np.nan)
    lacking = np.asarray(~np.isfinite(np.stack(list(fields.values()))).all(axis=0))
    flags = flags_of(
        [(NO_VALUE, np.isnan(theta)), (WATER, water), (MISSING_INPUT, lacking), (FROZEN, frozen)]
    )
    tags = {"depth_kind": "layer 0-50 mm", "sensor": "SMAP, a model for each environment"}
    spec = theta_spec(grid, "uint16", files.depth_mm, files.day, interval, tags)
    write_cog(files.theta, spec, np.stack([pack_theta(theta), pack_theta(half)]), record)
    codes = [
        np.where(np.isfinite(theta), np.nan_to_num(told[n], nan=_NONE), _NONE).astype(np.uint8)
        for n in ("model", "environment")
    ]
    write_cog(_chosen(files), chosen_spec(choice, tags), np.stack(codes), record)
    write_beside(files, spec, SURFACE_FLAGS, flags, record)


def _chosen(files: SurfaceMapFiles) -> Path:
    return files.folder / f"surface_chosen_{files.day:%Y%m%d}.tif"


def chosen_spec(choice: OpenChoice, tags: dict[str, str]) -> CogSpec:
    """Bands of the model's and the environment's number, with what the numbers mean."""

    def legend(names: list[str]) -> str:
        return "; ".join(f"{number}: {name}" for number, name in enumerate(names))

    bands = [
        Band("model", "-", legend(choice.models.models)),
        Band("environment", "-", legend(choice.models.environments)),
    ]
    grid = choice.grid(choice.section.map_scale_km)
    return CogSpec(grid, bands, "uint8", float(_NONE), "mode", tags)


def make_bands(opened: OpenSurface, say: Callable[[str], None]) -> list[Path]:
    """Write the bands of all days to map, and say how each becomes an image in the cloud."""
    choice, made = OpenChoice(opened), []
    for look in looks_to_map(opened).values():
        scale = choice.section.map_scale_km
        made.append(write_bands(choice, look, scale))
        if choice.section.cloud.project is not None:
            say(f"{made[-1].name} as {asset_id(choice, asset_name(choice, look, scale))}")
    return made


def at_point(
    opened: OpenSurface, lat: float, lon: float, day: dt.date, engine: str = "local"
) -> dict[str, Any]:
    """Everything the choice knows of one pixel and day.

    Raises
    ------
    RequestError
        The point lies outside the region, or the satellite did not see the day.
    """
    choice, scale = OpenChoice(opened), opened.section.select.map_scale_km
    row, col = inside_grid(choice.grid(scale), lat, lon)
    return of_pixel(choice, row, col, day, engine)


def of_pixel(
    choice: OpenChoice, row: int, col: int, day: dt.date, engine: str = "local"
) -> dict[str, Any]:
    """`at_point` of a row and column of the maps.

    Raises
    ------
    RequestError
        The pixel lies outside, or the satellite did not see the day.
    """
    opened, scale = choice.opened, choice.section.map_scale_km
    look = looks_to_map(opened, (day,))[day]
    grid = choice.grid(scale)
    if not bool(grid.contains(row, col)):
        raise RequestError(
            f"Row {row}, column {col} lies outside the {grid.height} x {grid.width} pixels."
        )
    if engine == "local":
        told = {n: float(v[row, col]) for n, v in local(choice, look, scale).items()}
    else:
        service = connected(choice, lambda line: None)
        found = in_the_cloud(choice, service, look, scale, Window(row, col, 1, 1))
        told = {name: float(values[0, 0]) for name, values in found.items()}
    names = choice.models
    has = np.isfinite(told["model"])
    return {
        "row": row, "col": col, "date": day.isoformat(), "engine": engine,
        "theta": told["theta"], "half_width": told["spread"] * names.factor,
        "model": names.models[int(told["model"])] if has else None,
        "environment": (
            names.environments[int(told["environment"])]
            if np.isfinite(told["environment"]) else None
        ),
    }  # fmt: skip
