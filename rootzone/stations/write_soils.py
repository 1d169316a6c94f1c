"""The soils of a station table's stations, gathered from files and written beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from rootzone._shared.atomic import refuse_overwrite
from rootzone._shared.provenance import Provenance, inputs_of
from rootzone.hydraulics.by_difference import BY_DIFFERENCE
from rootzone.stations.readers.read_soils import read_soils
from rootzone.stations.station_soils import (
    joined_soils,
    of_stations,
    soils_path,
    usable_soils,
    write_station_soils,
)


def write_soils_of(
    out: Path, files: Sequence[Path], stations: pl.DataFrame, *, force: bool = False
) -> dict[str, Any]:
    """Write the soils of the stations; of a station in several files the first counts.

    Parameters
    ----------
    out : Path
        The station table; the soils go beside it.
    files : sequence of Path
        Tables that `read_soils` knows.
    stations : polars.DataFrame
        The station table.
    force : bool
        Replace a table that exists.

    Returns
    -------
    dict
        What the command reports.
    """
    path = soils_path(out)
    refuse_overwrite(path, force=force)
    problems: list[str] = []
    tables = [read_soils(file, problems.append) for file in files]
    soils, without = of_stations(joined_soils(tables), stations)
    keys = ["network", "station"]
    inputs = inputs_of({file.name: file for file in files})
    write_station_soils(path, soils, Provenance("rootzone stations", inputs, {}))
    own = tuple(f"{n} {s}, " for n, s in stations.select(keys).unique().iter_rows())
    return {
        "table": str(path),
        "stations": soils.select(keys).n_unique(),
        "stations_measured": usable_soils(soils).select(keys).n_unique(),
        "stations_by_difference": soils.drop_nulls(BY_DIFFERENCE).select(keys).n_unique(),
        "stations_without": list(without),
        "samples_left_out": [line for line in problems if line.startswith(own)],
    }
