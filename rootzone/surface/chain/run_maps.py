"""Daily maps of a campaign, and the values at one point."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone._shared.atomic import is_damaged
from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import Provenance
from rootzone.covariates.grid import MasterGrid
from rootzone.maps.map_run import made_alike, not_whole
from rootzone.maps.style import put_style
from rootzone.surface.chain.evaluate import read_half_width
from rootzone.surface.chain.hold_out import map_split
from rootzone.surface.chain.open_surface import OpenSurface
from rootzone.surface.chain.run_training import load_networks
from rootzone.surface.emission_model.parameters import RetrievalNetwork
from rootzone.surface.emission_model.predict import RetrievedPixels, retrieve_pixels
from rootzone.surface.emission_model.train import new_network
from rootzone.surface.product.write_day import (
    SurfaceMapFiles,
    files_of,
    pixel_flags,
    write_day,
    write_days_series,
)

_EPOCH = dt.date(1970, 1, 1)


def mean_of_networks(networks: list[RetrievalNetwork], channels: FloatArray) -> RetrievedPixels:
    """Mean of the networks' retrievals and parameters; at a bound where most of them are."""
    told = [retrieve_pixels(network, channels) for network in networks]
    if len(told) == 1:
        return told[0]
    means = {
        item.name: np.mean([getattr(one, item.name) for one in told], axis=0)
        for item in fields(RetrievedPixels)
    }
    means["at_bound"] = means["at_bound"] >= 0.5
    return RetrievedPixels(**means)


def networks_of(opened: OpenSurface) -> list[RetrievalNetwork]:
    """Trained networks, or one that is SCA-V where the campaign asks for that."""
    if opened.section.system == "sca_v":
        return [new_network(opened.config, 0).eval()]
    return load_networks(opened)


def looks_to_map(opened: OpenSurface, dates: Sequence[dt.date] = ()) -> dict[dt.date, int]:
    """Half orbit of each day to map; of several a day the first.

    Parameters
    ----------
    opened : OpenSurface
        The campaign.
    dates : sequence of date
        Days; those of the campaign when empty.

    Raises
    ------
    RequestError
        The satellite did not see a day that was asked for.
    """
    seen: dict[dt.date, int] = {}
    for number, day in enumerate(opened.scene.days.tolist()):
        seen.setdefault(_EPOCH + dt.timedelta(days=day), number)
    wanted = tuple(dates) or opened.section.dates or tuple(seen)
    missing = [day.isoformat() for day in wanted if day not in seen]
    if missing:
        near = min(seen, key=lambda day: abs(day - dt.date.fromisoformat(missing[0])))
        raise RequestError(
            f"surface.dates: the satellite did not see {', '.join(missing)}; the nearest look to "
            f"the first is {near.isoformat()}."
        )
    return {day: seen[day] for day in wanted}


def make_maps(opened: OpenSurface, say: Callable[[str], None]) -> list[SurfaceMapFiles]:
    """Write the maps of all days that are asked for; days already made are kept.

    Parameters
    ----------
    opened : OpenSurface
        The campaign.
    say : callable
        Told how it goes.
    """
    networks, half = networks_of(opened), read_half_width(opened.skill)
    section, folder = opened.section, opened.folder / "maps"
    weights = [round(float(sum(p.sum() for p in n.state_dict().values())), 6) for n in networks]
    record = Provenance(
        "rootzone surface map", {"scene": opened.scene.digest},
        {"system": section.system, "split": map_split(opened), "networks": weights,
         "interval_pct": section.interval_pct, "half_width": half},
    )  # fmt: skip
    made = []
    igbp = opened.scene.land["igbp"]
    for day, number in looks_to_map(opened).items():
        files = files_of(folder, day)
        made.append(files)
        if _whole(files, record):
            continue
        channels = opened.scene.channels(number)
        told = mean_of_networks(networks, channels)
        flags = pixel_flags(channels, told, igbp)
        write_day(files, opened.scene.grid, told, flags, half, section.interval_pct, record)
        say(f"{files.theta.name}: mean {np.nanmean(told.theta):.3f} m3 m-3")
    series = folder / "surface_theta.nc"
    days = {**record.settings, "dates": [files.day.isoformat() for files in made]}
    of_days = replace(record, settings=days)
    if not (series.is_file() and made_alike(series, of_days)):
        write_days_series(series, opened.scene.grid, made, section.interval_pct, of_days)
    return made


def _whole(files: SurfaceMapFiles, record: Provenance) -> bool:
    """Whether a day's files are all there, what was written, and made alike."""
    if not_whole(files) or not files.parameters.is_file() or is_damaged(files.parameters):
        return False
    alike = made_alike(files.theta, record)
    if alike:
        put_style(files.style)
    return alike


def at_point(opened: OpenSurface, lat: float, lon: float, day: dt.date) -> dict[str, Any]:
    """Everything the retrieval knows of one pixel and day.

    Raises
    ------
    RequestError
        The point lies outside the region, or the satellite did not see the day.
    """
    row, col = inside_grid(opened.scene.grid, lat, lon)
    number = int((day - _EPOCH).days)
    looks = np.flatnonzero(opened.scene.days == number)
    if not looks.size:
        near = opened.scene.days[np.abs(opened.scene.days - number).argmin()]
        raise RequestError(
            f"The satellite did not see {day}; the nearest look is "
            f"{_EPOCH + dt.timedelta(days=int(near))}."
        )
    channels = opened.scene.channels(int(looks[0]))[:, row, col][:, None]
    told = mean_of_networks(networks_of(opened), channels)
    scav = retrieve_pixels(new_network(opened.config, 0), channels)
    values = {item.name: np.asarray(getattr(told, item.name))[0] for item in fields(told)}
    return {
        "row": row, "col": col, "date": day.isoformat(), "sca_v": float(scav.theta[0]),
        **{name: bool(v) if name == "at_bound" else float(v) for name, v in values.items()},
        "half_width": read_half_width(opened.skill),
    }  # fmt: skip


def inside_grid(grid: MasterGrid, lat: float, lon: float) -> tuple[int, int]:
    """Row and column of a point.

    Raises
    ------
    RequestError
        It lies outside.
    """
    row = col = -1
    if -90.0 < lat < 90.0 and -180.0 <= lon <= 180.0:
        row, col = (int(v) for v in grid.row_col_of_lon_lat(lon, lat))
    if not bool(grid.contains(row, col)):
        west, south = grid.lon_lat(grid.height - 1, 0)
        east, north = grid.lon_lat(0, grid.width - 1)
        raise RequestError(
            f"{lat:g}, {lon:g} lies outside the region: {float(south):.2f} to {float(north):.2f} "
            f"north, {float(west):.2f} to {float(east):.2f} east. Latitude comes first."
        )
    return row, col
