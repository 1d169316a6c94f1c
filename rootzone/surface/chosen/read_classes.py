"""Climate and clusters of places as classes of every pixel, from their files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import MasterGrid
from rootzone.covariates.layers.legends import CLASS_NODATA, legend_of, packed_legends
from rootzone.surface.chosen.classes import CLUSTERED, Coded, place_vectors
from rootzone.surface.extents.clusters import Clusters, find_clusters
from rootzone.surface.extents.read_fields import read_part
from rootzone.surface.samples.places import Places
from rootzone.surface.samples.scene import Scene
from rootzone.surface.select.environments import LEAST_STATIONS


def read_climate(path: Path | None, legend: str, grid: MasterGrid) -> Coded:
    """Major Koppen-Geiger class of every pixel, A to E, of the nearest pixel of a map.

    Parameters
    ----------
    path : Path
        GeoTIFF of codes on any grid, such as the global ones of 0.1 or 0.0083 degrees.
    legend : str
        What codes mean: ``koppen_beck`` or ``koppen_kottek``.
    grid : MasterGrid
        Pixels of the region.

    Raises
    ------
    RequestError
        No map is named, it has other codes, or it does not reach the region.
    """
    if path is None:
        raise RequestError("surface.select.by has koppen, and surface.select.koppen no map.")
    known = legend_of(legend)
    told = read_part(path, grid, grid.full_window, (), classes=True)[0]
    code = np.nan_to_num(told, nan=float(CLASS_NODATA)).astype(np.int64)
    unknown = known.unknown_codes(code)
    if unknown:
        raise RequestError(
            f"{path}: code {next(iter(unknown))} is no climate of surface.select.koppen_legend: "
            f"{legend}. {known.hint_for_unknown(unknown, packed_legends())}."
        )
    letters = ["", *sorted({n[0] for c, n in known.names.items() if c not in known.missing})]
    number = np.zeros(max(known.names) + 1, dtype=np.int64)
    for one, name in known.names.items():
        if one not in known.missing:
            number[one] = letters.index(name[0])
    found = number[code]
    if not found.any():
        raise RequestError(f"{path} has no climate inside the region of surface.land.")
    return Coded(found, letters)


def write_clusters(path: Path, scene: Scene, places: Places, seed: int) -> None:
    """Group the places of stations by `CLUSTERED`, and keep the clusters.

    Raises
    ------
    RequestError
        There are fewer than four stations.
    """
    at: FloatArray = place_vectors(scene)[places.row * scene.grid.width + places.col]
    found, _ = find_clusters(at, CLUSTERED, least_members=LEAST_STATIONS, seed=seed)
    found.write(path)


def read_clusters(path: Path, scene: Scene) -> Coded:
    """Nearest cluster of every pixel.

    Raises
    ------
    RequestError
        They were not found yet.
    """
    if not path.is_file():
        raise RequestError(f"{path} is missing; run rootzone surface train first.")
    clusters = Clusters.read(path)
    nearest, _, _ = clusters.assign(place_vectors(scene))
    names = [f"cluster {k + 1}" for k in range(len(clusters.centroids))]
    return Coded(nearest.reshape(scene.grid.shape) + 1, ["", *names])
