"""Tables of what trained networks say at stations and extents left out of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import polars as pl

from rootzone._shared.arrays import BoolArray
from rootzone._shared.days import calendar_day, day_number
from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import Provenance, write_sidecar
from rootzone._shared.table_files import write_table
from rootzone._shared.tables import Column, Schema
from rootzone.labels.splits import TEST
from rootzone.surface.extents.open_extents import OpenExtents
from rootzone.surface.extents.predict import Predictor
from rootzone.surface.extents.run_training import drawn, grouping
from rootzone.surface.extents.score import against_target, at_stations
from rootzone.surface.extents.vectors import Vectors

PREDICTED: Final = Schema(
    "surface_deepsoil_predictions",
    (
        Column("split", "text", "-", "how the samples were held out"),
        Column("seed", "int", "-", "seed of split and weights"),
        Column("station", "text", "-", "network and station"),
        Column("date", "date", "-", "day"),
        Column("observed", "float", "m3 m-3", "water content the station reported"),
        Column("smap", "float", "m3 m-3", "the coarse product there"),
        Column("target", "float", "m3 m-3", "the model that was learned from"),
        Column("deepsoil", "float", "m3 m-3", "the networks, blended between clusters"),
        Column("cluster", "int", "-", "nearest cluster"),
        Column("like_training", "bool", "-", "whether training has seen a place like it"),
    ),
)
TARGETS: Final = Schema(
    "surface_deepsoil_targets",
    (
        Column("seed", "int", "-", "seed of split and weights"),
        Column("extent", "int", "-", "extent of a left-out station"),
        Column("date", "date", "-", "day"),
        Column("mae", "float", "m3 m-3", "mean distance from the target over the extent"),
        Column("psnr", "float", "dB", "peak signal to noise, peak 1"),
        Column("ssim", "float", "-", "structural similarity, 11 x 11, sigma 1.5"),
    ),
)


def write_scores(
    land: OpenExtents, vectors: Vectors, record: Provenance, say: Callable[[str], None]
) -> None:
    """Write what the networks of every seed say at stations and extents left out of them.

    Raises
    ------
    RequestError
        No left-out station has a value on a day with a target and weather.
    """
    stations, targets = [], []
    for seed in land.opened.section.seeds:
        groups = grouping(land, seed, vectors)
        if groups.clusters is not None:
            groups.clusters.write(land.folder / "networks" / f"clusters_{seed}.json")
        predictor = Predictor.of(land, seed, vectors, groups)
        test: BoolArray = np.asarray(groups.parts == TEST)
        numbers = np.unique(land.extents.of_station[test])
        extent, day = drawn(
            numbers, [day_number(d) for d in land.days], land.section.days_per_extent, seed
        )
        for number, one in zip(extent.tolist(), day.tolist(), strict=True):
            date = calendar_day(one)
            told = predictor.window_of_tile(int(land.extents.tile[number]), date)
            targets.append(against_target(land, seed, number, date, told))
            stations += at_stations(land, seed, number, date, told, test, predictor)
        say(f"seed {seed}: {groups.n} networks, {int(test.sum())} stations left out")
    write_table(land.folder / "targets.parquet", pl.DataFrame(targets), TARGETS, record)
    if not stations:
        raise RequestError("No station left out has a value on a day with a target and weather.")
    write_table(land.opened.predictions, pl.DataFrame(stations), PREDICTED, record)
    write_sidecar(land.opened.predictions, record)
