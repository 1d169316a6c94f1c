"""The station table and weather that an inversion starts from."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from rootzone._shared.errors import RequestError
from rootzone._shared.table_files import read_table
from rootzone.stations.station_table import STATION_WEATHER, read_stations


def read_inputs(stations: Path, weather: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A station table and its weather.

    Raises
    ------
    RequestError
        A file is missing or no such table.
    """
    if not weather.exists():
        raise RequestError(
            f"{weather} does not exist: the stations have no weather of their own, so they cannot "
            "be simulated. Give --weather, or read files that hold weather (USCRN, SCAN)."
        )
    return read_stations(stations), read_table(weather, STATION_WEATHER)
