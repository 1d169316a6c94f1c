"""One station: find the soil on training years, score it and a fixed loam on held-out ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from rootzone._shared.arrays import BoolArray, FloatArray, IntArray
from rootzone._shared.errors import RequestError
from rootzone.labels.inversion.column_runs import ColumnSetup, Profile, simulated_at_depths
from rootzone.labels.inversion.triangle import (
    LOAM,
    SearchPlan,
    Texture,
    search_triangle,
)
from rootzone.labels.skill import Skill, skill_of
from rootzone.labels.splits import SEASONS, season_of
from rootzone.labels.stations.station_forcing import (
    ForcingRules,
    StationForcing,
    climatology,
    day_of_year,
    station_forcing,
)
from rootzone.labels.stations.station_table import at_depth

LEAST_DAYS = 180  # good values at the deciding depth that make a station-year
LEAST_TRAINING = 90  # good values that let a depth take part in the search
DECIDING_DEPTH_M = 0.20
OBJECTIVES = ("rmse", "ubrmse")


@dataclass(frozen=True)
class InversionRules:
    """What is inverted, and on which years.

    Parameters
    ----------
    depths_m : tuple of float
        Depths that take part [m], each with the sensor within the tolerance.
    tolerance_m : float
        How far a sensor may be from a depth [m].
    training_years : tuple of int
        Years to train on; empty takes the first half of the station-years, rounded up.
    objective : str
        ``rmse`` finds the soil nearest to the sensors; ``ubrmse`` the one whose ups and downs are
        nearest, whatever its level.
    forcing : ForcingRules
        When a year's weather is good enough.
    plan : SearchPlan
        How the triangle is searched.
    """

    depths_m: tuple[float, ...] = (0.05, 0.10, 0.20, 0.50, 1.00)
    tolerance_m: float = 0.01
    training_years: tuple[int, ...] = ()
    objective: str = "rmse"
    forcing: ForcingRules = field(default_factory=ForcingRules)
    plan: SearchPlan = field(default_factory=SearchPlan)


@dataclass(frozen=True)
class Observations:
    """A station's good values, on the days of its forcing.

    Parameters
    ----------
    depths_m : tuple of float
        Sensor depths [m].
    theta : array, shape (day, depth)
        Water content [m3 m-3], NaN where none or not good.
    day_kind : str
        What a daily value is.
    years : tuple of int
        Station-years: weather usable, and enough good values at the deciding depth.
    """

    depths_m: tuple[float, ...]
    theta: FloatArray
    day_kind: str
    years: tuple[int, ...]


@dataclass(frozen=True)
class Inversion:
    """What came out for one station.

    Parameters
    ----------
    network, station : str
        Which.
    years, training_years, held_out_years : tuple of int
        Station-years, and their parts.
    depths_m : tuple of float
        Sensor depths [m].
    best : Profile
        Sand and silt [%] of each zone of the best soil; the loam where nothing could be trained.
    cost, loam_cost : float
        Mean of the objective over depths in the training years [m3 m-3]; NaN without training.
    tried : Mapping
        Cost of every uniform texture tried.
    day : array of int
        Days since 1970-01-01, spin-up left out.
    observed, loam, inverted, climatology : array, shape (day, depth)
        Water content [m3 m-3]. The climatology is the smoothed mean of each day of the year over
        the training years: what a station's own past says without any physics.
    """

    network: str
    station: str
    years: tuple[int, ...]
    training_years: tuple[int, ...]
    held_out_years: tuple[int, ...]
    depths_m: tuple[float, ...]
    best: Profile
    cost: float
    loam_cost: float
    tried: Mapping[Texture, float]
    day: IntArray
    observed: FloatArray
    loam: FloatArray
    inverted: FloatArray
    climatology: FloatArray


def invert_station(
    stations: pl.DataFrame,
    weather: pl.DataFrame,
    setup: ColumnSetup,
    rules: InversionRules = InversionRules(),
) -> Inversion:
    """Invert the soil of one station.

    Parameters
    ----------
    stations : polars.DataFrame
        Rows of one station of a station table.
    weather : polars.DataFrame
        Rows of the same station of its weather table.
    setup : ColumnSetup
        Engine and layers.
    rules : InversionRules
        Depths and years.

    Raises
    ------
    RequestError
        No station-year has usable weather and enough values, or the engine failed on the loam.
    """
    network, station = str(stations["network"][0]), str(stations["station"][0])
    forcing = station_forcing(weather, rules.forcing)
    observed = observations_of(stations, forcing, rules)
    if not observed.years:
        raise RequestError(
            f"{network} {station}: no year has usable weather and {LEAST_DAYS} good values at "
            f"{DECIDING_DEPTH_M:g} m."
        )
    training, held_out = divide_years(observed.years, rules.training_years)
    loam: Profile = (LOAM,) * len(setup.zone_bottom_mm)
    best, cost, loam_cost = loam, float("nan"), float("nan")
    tried: Mapping[Texture, float] = {}
    if training and held_out:
        trainer = Trainer(forcing, setup, observed, training, rules.objective)
        best, cost, tried = trainer.search(rules.plan)
        loam_cost = trainer.costs([loam])[0]
    runs = simulated_at_depths([loam, best], forcing, setup, observed.depths_m, observed.day_kind)
    if 0 not in runs or 1 not in runs:
        raise RequestError(f"{network} {station}: the engine failed on the loam or the best soil.")
    record = slice(forcing.spin_up_d, None)
    theta = observed.theta[record]
    in_training = np.isin(forcing.year[record], training)
    return Inversion(
        network,
        station,
        observed.years,
        training,
        held_out,
        observed.depths_m,
        best,
        cost,
        loam_cost,
        tried,
        forcing.day[record],
        theta,
        runs[0][record],
        runs[1][record],
        _climatology_of(np.where(in_training[:, None], theta, np.nan), forcing.day[record]),
    )


def _climatology_of(theta: FloatArray, day: IntArray) -> FloatArray:
    """Smoothed mean of each day of the year, on every day; NaN for a depth without values."""
    out = np.full(theta.shape, np.nan)
    doy = day_of_year(day)
    for i in range(theta.shape[1]):
        if np.isfinite(theta[:, i]).any():
            out[:, i] = climatology(theta[:, i], doy)[doy]
    return out


def observations_of(
    stations: pl.DataFrame, forcing: StationForcing, rules: InversionRules
) -> Observations:
    """Good values of a station at the depths wanted, on the days of its forcing."""
    n = len(forcing.day)
    depths, columns, kinds = [], [], []
    for wanted in rules.depths_m:
        values = at_depth(stations, wanted, rules.tolerance_m)
        if not values.height:
            continue
        days = values["date"].to_physical().to_numpy().astype(np.int64) - forcing.first_day
        inside = (days >= forcing.spin_up_d) & (days < n)
        theta = np.full(n, np.nan)
        theta[days[inside]] = values["theta"].to_numpy()[inside]
        columns.append(theta)
        depths.append(float(values["depth_m"][0]))
        kinds.append(str(values["day_kind"][0]))
    if not columns:
        return Observations((), np.empty((n, 0)), "", ())
    theta = np.column_stack(columns)
    deciding = [abs(depth - DECIDING_DEPTH_M) <= rules.tolerance_m for depth in depths]
    years: tuple[int, ...] = ()
    if any(deciding):
        good = np.isfinite(theta[:, deciding.index(True)])
        years = tuple(
            year
            for year in forcing.usable_years
            if np.count_nonzero(good & (forcing.year == year)) >= LEAST_DAYS
        )
    return Observations(tuple(depths), theta, kinds[0], years)


def divide_years(
    years: Sequence[int], wanted: Sequence[int] = ()
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Training and held-out years.

    Parameters
    ----------
    years : sequence of int
        Station-years.
    wanted : sequence of int
        Years to train on; those that are no station-years are passed over. Empty takes the first
        half, the middle one included, so that no held-out year lies between training years.

    Examples
    --------
    >>> divide_years([2012, 2013, 2015])
    ((2012, 2013), (2015,))
    """
    ordered = sorted(years)
    if wanted:
        training = tuple(year for year in ordered if year in set(wanted))
    elif len(ordered) < 2:
        training = ()
    else:
        training = tuple(ordered[: -(-len(ordered) // 2)])
    return training, tuple(year for year in ordered if year not in training)


class Trainer:
    """Costs of soils on the training years of a station.

    Parameters
    ----------
    forcing : StationForcing
        Weather; nothing after the last training year is simulated.
    setup : ColumnSetup
        Engine and layers.
    observed : Observations
        Good values.
    training : sequence of int
        Years.
    objective : str
        ``rmse`` or ``ubrmse``.

    Raises
    ------
    RequestError
        Another objective.
    """

    def __init__(
        self,
        forcing: StationForcing,
        setup: ColumnSetup,
        observed: Observations,
        training: Sequence[int],
        objective: str = "rmse",
    ) -> None:
        if objective not in OBJECTIVES:
            raise RequestError(f"Objective {objective!r} is none of {', '.join(OBJECTIVES)}.")
        self._about_mean = objective == "ubrmse"
        self._setup = setup
        self._observed = observed
        self._forcing = forcing.until(max(training))
        n = len(self._forcing.day)
        theta = np.where(np.isin(self._forcing.year, training)[:, None], observed.theta[:n], np.nan)
        self._counted = np.isfinite(theta).sum(axis=0) >= LEAST_TRAINING
        self._theta = theta

    def costs(self, profiles: Sequence[Profile]) -> list[float]:
        """Mean over depths of the objective [m3 m-3]; infinite where the engine failed."""
        if not profiles:
            return []
        observed = self._observed
        runs = simulated_at_depths(
            profiles, self._forcing, self._setup, observed.depths_m, observed.day_kind
        )
        return [self._cost(runs[i]) if i in runs else float("inf") for i in range(len(profiles))]

    def _cost(self, simulated: FloatArray) -> float:
        error = simulated - self._theta
        known = np.isfinite(error)
        n = np.maximum(known.sum(axis=0), 1)
        error = np.where(known, error, 0.0)
        square = (error**2).sum(axis=0) / n
        if self._about_mean:
            square = np.maximum(square - (error.sum(axis=0) / n) ** 2, 0.0)
        return float(np.sqrt(square[self._counted]).mean())

    def search(self, plan: SearchPlan) -> tuple[Profile, float, Mapping[Texture, float]]:
        """The best soil: one texture for all zones first, then zone by zone from below.

        Returns
        -------
        best : Profile
            Texture of each zone.
        cost : float
            Its cost [m3 m-3].
        tried : mapping
            Cost of every uniform texture tried.
        """
        n_zone = len(self._setup.zone_bottom_mm)
        uniform = search_triangle(
            lambda textures: self.costs([(texture,) * n_zone for texture in textures]),
            plan,
            [LOAM],
        )
        best: Profile = (uniform.best,) * n_zone
        cost = uniform.cost[uniform.best]
        for zone in reversed(range(n_zone)) if n_zone > 1 else ():
            found = search_triangle(
                lambda textures, zone=zone, best=best: self.costs(  # type: ignore[misc]
                    [(*best[:zone], texture, *best[zone + 1 :]) for texture in textures]
                ),
                plan,
                [best[zone]],
            )
            best = (*best[:zone], found.best, *best[zone + 1 :])
            cost = found.cost[found.best]
        return best, cost, uniform.cost


@dataclass(frozen=True)
class ScoreRow:
    """Skill of one soil at one depth of one station over some years and one season."""

    network: str
    station: str
    depth_m: float
    soil: str
    years: str
    season: str
    skill: Skill


def scores_of(found: Inversion) -> list[ScoreRow]:
    """Scores of a station: both soils, all and held-out years, the year and each season."""
    dates = found.day.astype("datetime64[D]")
    year = dates.astype("datetime64[Y]").astype(np.int64) + 1970
    month = dates.astype("datetime64[M]").astype(np.int64) % 12 + 1
    season = np.array([season_of(int(m)) for m in range(1, 13)])[month - 1]
    rows = []
    for years_name, years in (("all", found.years), ("held_out", found.held_out_years)):
        in_years = np.isin(year, years)
        for season_name in ("all", *SEASONS):
            chosen = in_years & ((season == season_name) | (season_name == "all"))
            rows += _score_rows(found, years_name, season_name, chosen)
    return rows


def _score_rows(found: Inversion, years: str, season: str, chosen: BoolArray) -> list[ScoreRow]:
    rows = []
    soils = {"loam": found.loam}
    if years == "held_out":  # over all years the other two would be scored where they were made
        soils |= {"inverted": found.inverted, "climatology": found.climatology}
    for soil, simulated in soils.items():
        for i, depth_m in enumerate(found.depths_m):
            skill = skill_of(simulated[chosen, i], found.observed[chosen, i])
            rows.append(ScoreRow(found.network, found.station, depth_m, soil, years, season, skill))
    return rows
