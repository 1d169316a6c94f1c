"""What a station's sensors saw, on the days of its weather, and which years that makes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from rootzone._shared.arrays import FloatArray
from rootzone.inversion.triangle import SearchPlan
from rootzone.stations.station_forcing import ForcingRules, StationForcing
from rootzone.stations.station_table import at_depth

LEAST_DAYS = 180  # good values at the deciding depth that make a station-year
DECIDING_DEPTH_M = 0.20


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


DEFAULT_RULES = InversionRules()


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
