"""The station table and weather that an inversion starts from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from rootzone._shared.errors import RequestError
from rootzone._shared.names import did_you_mean
from rootzone._shared.tables import read_table
from rootzone.stations.station_table import STATION_WEATHER, read_stations


def read_inputs(
    stations: Path, weather: Path, names: Sequence[str] = ()
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A station table and its weather, of some stations or of all.

    Raises
    ------
    RequestError
        A file is missing or no such table, or a station is not in it.
    """
    if not weather.exists():
        raise RequestError(
            f"{weather} does not exist: the stations have no weather of their own, so they cannot "
            "be simulated. Give --weather, or read files that hold weather (USCRN, SCAN)."
        )
    table, own = read_stations(stations), read_table(weather, STATION_WEATHER)
    known = set(table["station"].unique().to_list())
    for name in names:
        if name not in known:
            raise RequestError(f"{stations} has no station {name!r}{did_you_mean(name, known)}")
    if names:
        table, own = (one.filter(pl.col("station").is_in(list(names))) for one in (table, own))
    return table, own
