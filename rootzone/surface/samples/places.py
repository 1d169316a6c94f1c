"""Stations at 5 cm on the kilometres of a scene, and the samples there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray, IntArray
from rootzone._shared.errors import RequestError
from rootzone._shared.units import FREEZING_K
from rootzone.covariates.fetch.checksums import check_beside
from rootzone.covariates.grid import MasterGrid
from rootzone.stations.readers.read_any import read_all, station_files
from rootzone.stations.sensor_depth import matches
from rootzone.surface.emission_model.channels import PHYSICAL
from rootzone.surface.samples.scene import Scene

if TYPE_CHECKING:
    from rootzone.surface.emission_model.train import PointSamples

DEPTH_M, TOLERANCE_M = 0.05, 0.02


@dataclass(frozen=True)
class Places:
    """Stations with what they say on each day.

    Attributes
    ----------
    name : tuple of str
        Network and station.
    row, col : array of int
        Pixels of the region.
    daily : tuple of dict
        Water content [m3 m-3] by day since 1970-01-01.
    said : tuple of str
        What was left out, and why.
    """

    name: tuple[str, ...]
    row: IntArray
    col: IntArray
    daily: tuple[dict[int, float], ...]
    said: tuple[str, ...]


def read_places(sources: Sequence[Path], grid: MasterGrid) -> Places:
    """Stations with a sensor at 5 cm inside a region; several sensors of one are averaged.

    Parameters
    ----------
    sources : sequence of Path
        Files and folders that ``rootzone stations`` reads.
    grid : MasterGrid
        Pixels of the region.

    Raises
    ------
    RequestError
        No station has a sensor within 2 cm of 5 cm inside the region.
    """
    files = station_files(sources)
    check_beside(files)
    data = read_all(files)
    said = list(data.findings.lines())
    found: dict[str, tuple[int, int, dict[int, list[float]]]] = {}
    outside: set[str] = set()
    for series in data.series:
        if not bool(matches(series.depth_m, DEPTH_M, TOLERANCE_M)):
            continue
        place = series.place
        name = f"{place.network}/{place.station}"
        row, col = (int(v) for v in grid.row_col_of_lon_lat(place.lon, place.lat))
        if not bool(grid.contains(row, col)):
            outside.add(name)
            continue
        _, _, days = found.setdefault(name, (row, col, {}))
        known = np.isfinite(series.theta)
        for day, theta in zip(
            series.time[known].astype("datetime64[D]").astype(np.int64).tolist(),
            series.theta[known].tolist(),
            strict=True,
        ):
            days.setdefault(day, []).append(theta)
    if outside:
        said.append(f"{len(outside)} stations lie outside the region")
    if not found:
        raise RequestError(
            f"None of the stations in {', '.join(map(str, sources))} has a sensor at 5 cm (3 to 7) "
            f"inside the region; {len(outside)} have one outside of it."
        )
    names = tuple(sorted(found))
    means = tuple(
        {day: float(np.mean(values)) for day, values in found[name][2].items()} for name in names
    )
    rows, cols = (np.array([found[name][k] for name in names], dtype=np.int64) for k in (0, 1))
    return Places(names, rows, cols, means, tuple(said))


def samples_at(scene: Scene, places: Places) -> tuple[PointSamples, dict[str, int]]:
    """All retrievals at stations on days they have a value, and how many were left out and why.

    Parameters
    ----------
    scene : Scene
        The region.
    places : Places
        The stations.

    Raises
    ------
    RequestError
        None is whole.
    """
    from rootzone.surface.emission_model.train import PointSamples

    channels: list[FloatArray] = []
    theta: list[AnyArray] = []
    day_of: list[AnyArray] = []
    place_of: list[AnyArray] = []
    left = {"no value at the station": 0, "no look, or an input missing": 0, "frozen": 0}
    number = np.arange(len(places.name))
    for look, day in enumerate(scene.days.tolist()):
        told = np.array([daily.get(day, np.nan) for daily in places.daily])
        if not np.isfinite(told).any():
            left["no value at the station"] += told.size
            continue
        here = scene.channels(look)[:, places.row, places.col]
        seen = np.isfinite(here).all(axis=0)
        thawed = here[PHYSICAL.index("teff_k")] >= FREEZING_K
        known = np.isfinite(told)
        left["no value at the station"] += int((~known).sum())
        left["no look, or an input missing"] += int((known & ~seen).sum())
        left["frozen"] += int((known & seen & ~thawed).sum())
        whole = known & seen & thawed
        channels.append(here[:, whole])
        theta.append(told[whole])
        day_of.append(np.full(int(whole.sum()), day))
        place_of.append(number[whole])
    if not theta or not sum(part.size for part in theta):
        raise RequestError(
            "No station has a value on a day that the satellite saw it: "
            + ", ".join(f"{n} {why}" for why, n in left.items())
        )
    samples = PointSamples(
        np.concatenate(channels, axis=1), np.concatenate(theta), np.concatenate(day_of),
        np.concatenate(place_of),
    )  # fmt: skip
    return samples, left
