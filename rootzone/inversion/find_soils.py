"""The inversion of a station table: engine, rules and search put together from what was asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from rootzone._shared.errors import RequestError
from rootzone._shared.names import did_you_mean
from rootzone._shared.profile_depths import nodes_of_engine
from rootzone.engines.swim.engine import SwimEngine
from rootzone.engines.swim.read_settings import settings_from_mapping
from rootzone.inversion.column_runs import ColumnSetup
from rootzone.inversion.invert_station import Inversion
from rootzone.inversion.observations import InversionRules
from rootzone.inversion.run_inversions import Outcome, inverted, run_inversions
from rootzone.inversion.soil_layers import SoilLayers


@dataclass(frozen=True)
class FoundSoils:
    """What a search over some stations came to.

    Parameters
    ----------
    found : list of Inversion
        Stations with a soil.
    outcomes : list of Outcome
        All stations, with the reason where there is none.
    settings : mapping
        What had a say in the result, for the provenance.
    """

    found: list[Inversion]
    outcomes: list[Outcome]
    settings: Mapping[str, Any]

    @property
    def not_inverted(self) -> dict[str, str]:
        """Why the other stations have no soil, by network and station."""
        return {f"{o.network} {o.station}": o.problem for o in self.outcomes if o.problem}


def find_soils(
    stations: pl.DataFrame,
    weather: pl.DataFrame,
    *,
    names: Sequence[str] = (),
    depths_m: tuple[float, ...],
    train_years: tuple[int, ...] = (),
    objective: str = "rmse",
    zones_mm: Sequence[float] = (),
    physics: str = "van_genuchten",
    stepping: str = "converged",
    settings: Mapping[str, Any] | None = None,
    soils: Mapping[tuple[str, str], SoilLayers] | None = None,
    workers: int = 1,
    progress: Callable[[Outcome], None] | None = None,
) -> FoundSoils:
    """Find the soil that explains each station of a table.

    Parameters
    ----------
    stations, weather : polars.DataFrame
        A station table and its weather.
    names : sequence of str
        Only these stations; all by default.
    depths_m : tuple of float
        Depths that take part [m].
    train_years : tuple of int
        Years to train on; the first half by default.
    objective : str
        ``rmse`` or ``ubrmse``.
    zones_mm : sequence of float
        Lower ends of zones with a texture of their own [mm].
    physics, stepping, settings
        Of the embedded engine.
    soils : mapping, optional
        Measured soils by network and station, as `measured_profiles` gives them; there corrections
        are sought in place of a texture.
    workers : int
        Stations worked on at a time.
    progress : callable, optional
        Told each outcome.

    Raises
    ------
    RequestError
        A station or a setting is not known, or no station could be inverted.
    """
    if objective not in {"rmse", "ubrmse"}:
        raise RequestError(f"The objective {objective!r} is neither rmse nor ubrmse.")
    stations, weather = _chosen(stations, weather, names)
    engine = SwimEngine(settings_from_mapping(physics, stepping, settings or {}), threads=1)
    nodes = nodes_of_engine(physics, stepping)
    setup = ColumnSetup(engine, nodes, zone_bottom_mm=(*sorted(zones_mm), 1e9))
    rules = InversionRules(depths_m=depths_m, training_years=train_years, objective=objective)
    outcomes = run_inversions(
        stations, weather, setup, rules, soils=soils, workers=workers, progress=progress
    )
    found = inverted(outcomes)
    if not found:
        raise RequestError(f"No station could be inverted. {outcomes[0].problem}")
    told = {
        **engine.identity(),
        "depths_m": list(depths_m),
        "train_years": list(train_years),
        "zones": list(zones_mm),
        "objective": objective,
        "stations": list(names),
    }
    if soils:
        told |= {"measured_soils": len(soils), "ptf": next(iter(soils.values())).ptf}
    return FoundSoils(found, outcomes, told)


def _chosen(
    stations: pl.DataFrame, weather: pl.DataFrame, names: Sequence[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows of some stations, or all."""
    if not names:
        return stations, weather
    known = set(stations["station"].unique().to_list())
    for name in names:
        if name not in known:
            raise RequestError(f"The table has no station {name!r}{did_you_mean(name, known)}")
    wanted = pl.col("station").is_in(list(names))
    return stations.filter(wanted), weather.filter(wanted)
