"""Many stations inverted side by side, and what became of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl
from joblib import delayed

from rootzone._shared.errors import RequestError
from rootzone._shared.workers import in_parallel
from rootzone.inversion.column_runs import ColumnSetup
from rootzone.inversion.invert_station import Inversion, invert_station
from rootzone.inversion.observations import InversionRules
from rootzone.inversion.soil_layers import SoilLayers


@dataclass(frozen=True)
class Outcome:
    """An inversion, or why there is none.

    Parameters
    ----------
    network, station : str
        Which.
    found : Inversion or None
        The result.
    problem : str
        Why there is none; empty where there is one.
    """

    network: str
    station: str
    found: Inversion | None
    problem: str = ""


def run_inversions(
    stations: pl.DataFrame,
    weather: pl.DataFrame,
    setup: ColumnSetup,
    rules: InversionRules,
    *,
    soils: Mapping[tuple[str, str], SoilLayers] | None = None,
    workers: int = 1,
    progress: Callable[[Outcome], None] | None = None,
) -> list[Outcome]:
    """Invert every station of a table; one that cannot be inverted never stops the others.

    Parameters
    ----------
    stations, weather : polars.DataFrame
        A station table and its weather.
    setup : ColumnSetup
        Engine and layers; its engine should use one thread where there are several workers.
    rules : InversionRules
        Depths and years.
    soils : mapping, optional
        Measured soils by network and station.
    workers : int
        Processes. They never change a number.
    progress : callable, optional
        Told each outcome, in the order of the table.
    """
    known = soils or {}
    tasks = (
        delayed(_outcome)(
            network, station, values, own, setup, rules, known.get((network, station))
        )
        for network, station, values, own in _stations(stations, weather)
    )
    out = []
    for outcome in in_parallel(tasks, workers):
        out.append(outcome)
        if progress is not None:
            progress(outcome)
    return out


def _stations(
    stations: pl.DataFrame, weather: pl.DataFrame
) -> Iterator[tuple[str, str, pl.DataFrame, pl.DataFrame]]:
    keys = ["network", "station"]
    own = dict(weather.group_by(keys, maintain_order=True))
    for key, values in stations.group_by(keys, maintain_order=True):
        yield str(key[0]), str(key[1]), values, own.get(key, weather.clear())


def _outcome(
    network: str,
    station: str,
    values: pl.DataFrame,
    weather: pl.DataFrame,
    setup: ColumnSetup,
    rules: InversionRules,
    soil: SoilLayers | None,
) -> Outcome:
    try:
        return Outcome(network, station, invert_station(values, weather, setup, rules, soil))
    except RequestError as error:
        return Outcome(network, station, None, str(error))


def inverted(outcomes: Sequence[Outcome]) -> list[Inversion]:
    """The inversions among some outcomes."""
    return [outcome.found for outcome in outcomes if outcome.found is not None]
