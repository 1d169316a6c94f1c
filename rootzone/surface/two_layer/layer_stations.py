"""What stations say of the two layers: means of their sensors by thickness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from rootzone._shared.arrays import FloatArray, IntArray
from rootzone._shared.errors import RequestError
from rootzone.covariates.fetch.checksums import check_beside
from rootzone.covariates.grid import MasterGrid
from rootzone.stations.readers.read_any import read_all, station_files
from rootzone.surface.fusion.point_to_area import REACH_PX

TOP_M: Final = 0.10
DEEP_M: Final = 0.50
BOTTOM_M: Final = 1.00


@dataclass(frozen=True)
class LayerStations:
    """Stations on the pixels of a grid, and their layer means by day.

    Attributes
    ----------
    name : tuple of str
        Network and station.
    row, col : array of int
        Pixels.
    theta : dict of arrays, shape (day, station)
        Water content of ``surface`` (sensors down to 10 cm) and ``root_zone`` (0-100 cm) [m3 m-3].
    said : tuple of str
        What was left out, and why.
    """

    name: tuple[str, ...]
    row: IntArray
    col: IntArray
    theta: dict[str, FloatArray]
    said: tuple[str, ...]


def layer_weights(depth_m: Sequence[float]) -> FloatArray | None:
    """Share of each sensor in the mean of 0-100 cm; each stands for what lies nearest to it.

    None unless a sensor lies within 10 cm of the surface and one at 50 cm or deeper; sensors below
    1 m do not count.

    Examples
    --------
    Borders lie half way: 0-7.5, 7.5-35 and 35-100 cm.

    >>> layer_weights([0.05, 0.10, 0.60]).round(4).tolist()
    [0.075, 0.275, 0.65]
    >>> layer_weights([0.05, 0.20]) is None
    True
    """
    depth = np.asarray(depth_m, np.float64)
    inside = depth <= BOTTOM_M + 1e-9
    order = np.argsort(depth)
    used = depth[order][inside[order]]
    if used.size < 2 or used[0] > TOP_M + 1e-9 or used[-1] < DEEP_M - 1e-9:
        return None
    borders = np.r_[0.0, 0.5 * (used[1:] + used[:-1]), BOTTOM_M]
    out = np.zeros(depth.size)
    out[order[inside[order]]] = np.diff(borders) / BOTTOM_M
    return out


def read_layer_stations(sources: Sequence[Path], grid: MasterGrid, days: IntArray) -> LayerStations:
    """Stations inside a grid with a value for either layer; 5 px from the rim, for their patches.

    Raises
    ------
    RequestError
        No station inside has a sensor within 10 cm of the surface.
    """
    files = station_files(sources)
    check_beside(files)
    data = read_all(files)
    said = list(data.findings.lines())
    number = {int(day): k for k, day in enumerate(days)}
    found: dict[str, tuple[int, int, dict[float, list[FloatArray]]]] = {}
    outside: set[str] = set()
    for series in data.series:
        name = f"{series.place.network}/{series.place.station}"
        row, col = (int(v) for v in grid.row_col_of_lon_lat(series.place.lon, series.place.lat))
        if not (
            REACH_PX <= row < grid.height - REACH_PX and REACH_PX <= col < grid.width - REACH_PX
        ):
            outside.add(name)
            continue
        daily = np.full(days.size, np.nan)
        when = series.time.astype("datetime64[D]").astype(np.int64)
        total: Mapping[int, list[float]] = _by_day(when, series.theta, number)
        for k, values in total.items():
            daily[k] = float(np.mean(values))
        _, _, depths = found.setdefault(name, (row, col, {}))
        depths.setdefault(round(float(series.depth_m), 3), []).append(daily)
    if outside:
        said.append(f"{len(outside)} stations lie outside the region or within 5 px of its rim")
    names, rows, cols = [], [], []
    layers: dict[str, list[FloatArray]] = {"surface": [], "root_zone": []}
    for name in sorted(found):
        row, col, depths = found[name]
        means = {depth: _mean(values) for depth, values in depths.items()}
        top = [v for depth, v in means.items() if depth <= TOP_M + 1e-9]
        shares = layer_weights(list(means))
        if not top:
            said.append(f"{name} has no sensor within 10 cm of the surface")
            continue
        deep = np.full(days.size, np.nan)
        if shares is not None:
            used = [(w, v) for w, v in zip(shares, means.values(), strict=True) if w > 0.0]
            deep = np.sum([w * v for w, v in used], axis=0)
        names.append(name)
        rows.append(row)
        cols.append(col)
        layers["surface"].append(_mean(top))
        layers["root_zone"].append(deep)
    if not names:
        raise RequestError(
            f"None of the stations in {', '.join(map(str, sources))} has a sensor within 10 cm of "
            f"the surface inside the region, 5 px from its rim; {len(outside)} lie outside of it."
        )
    return LayerStations(
        tuple(names), np.array(rows), np.array(cols),
        {layer: np.stack(values, axis=1) for layer, values in layers.items()}, tuple(said),
    )  # fmt: skip


def _by_day(when: IntArray, theta: FloatArray, number: Mapping[int, int]) -> dict[int, list[float]]:
    out: dict[int, list[float]] = {}
    for day, value in zip(when.tolist(), theta.tolist(), strict=True):
        if day in number and np.isfinite(value):
            out.setdefault(number[day], []).append(value)
    return out


def _mean(values: Sequence[FloatArray]) -> FloatArray:
    """Mean of series over those known, without a word where none is."""
    stacked = np.stack(values)
    known = np.isfinite(stacked)
    count = known.sum(axis=0)
    total = np.where(known, stacked, 0.0).sum(axis=0)
    mean: FloatArray = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return mean
