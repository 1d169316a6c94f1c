"""The places with labels, with their land features.

Places that a split holds out count as well: the layer tells where there are labels at all.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rootzone._shared.arrays import IntArray
from rootzone._shared.seal import check
from rootzone._shared.table_files import read_table
from rootzone._shared.tables import SITES
from rootzone.covariates.grid import MasterGrid
from rootzone.labels.write_labels import label_files
from rootzone.learning.scene.land import LandSource
from rootzone.learning.trust import FEATURES, TrainingSites, land_at, split_features
from rootzone.stations.pixels import station_pixels
from rootzone.stations.station_table import read_stations

if TYPE_CHECKING:
    import polars as pl

    from rootzone.campaign.workspace import Workspace


def read_training_sites(workspace: Workspace, land: LandSource) -> TrainingSites:
    """Sites with labels, and stations on the grid.

    Parameters
    ----------
    workspace : Workspace
        The campaign's folder.
    land : LandSource
        Where their features are read.

    Raises
    ------
    RequestError
        There is none.
    """
    row, col, rung = _labelled(workspace)
    station = _stations(workspace.stations, land.grid)
    rows, cols = np.concatenate([row, station[0]]), np.concatenate([col, station[1]])
    above = np.concatenate([rung > 0, np.zeros(station[0].size, dtype=bool)])
    numbers, classes = split_features(FEATURES, land_at(land, rows, cols))
    return TrainingSites(numbers, classes, above)


def _labelled(workspace: Workspace) -> tuple[IntArray, IntArray, IntArray]:
    """Pixels of the sites that have labels, and the highest rung of each."""
    import polars as pl

    none: IntArray = np.zeros(0, dtype=np.int64)
    if not any(workspace.labels.glob("year=*/month=*/labels-*.parquet")):
        return none, none, none
    files = label_files(workspace.labels)
    rungs = pl.concat([_rungs(path) for path in files]).group_by("site_id").agg(pl.max("rung"))
    tables = [path for path in (workspace.sites, workspace.reserves) if path.exists()]
    sites = pl.concat(
        read_table(path, SITES).select(pl.col("site_id").cast(pl.String), "row", "col")
        for path in tables
    ).unique("site_id", keep="first")
    found = sites.join(rungs, on="site_id", how="inner").sort("row", "col", "site_id")
    return tuple(found[n].to_numpy().astype(np.int64) for n in ("row", "col", "rung"))  # type: ignore[return-value]


def _rungs(path: Path) -> pl.DataFrame:
    import polars as pl

    table = pl.scan_parquet(check(path)).select(
        pl.col("site_id").cast(pl.String), pl.col("rung").cast(pl.Int64)
    )
    return table.group_by("site_id").agg(pl.max("rung")).collect()


def _stations(path: Path, grid: MasterGrid) -> tuple[IntArray, IntArray]:
    none: IntArray = np.zeros(0, dtype=np.int64)
    if not path.exists():
        return none, none
    placed = station_pixels(read_stations(path), grid).sort("network", "station")
    return placed["row"].to_numpy().astype(np.int64), placed["col"].to_numpy().astype(np.int64)
