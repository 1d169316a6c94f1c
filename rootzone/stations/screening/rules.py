"""Screening rules by name: what each takes, where it comes from, and what it needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rootzone._shared.arrays import BoolArray, FloatArray, IntArray
from rootzone._shared.errors import RequestError
from rootzone._shared.names import did_you_mean
from rootzone.stations.join import CLASH
from rootzone.stations.screening import qc_rules
from rootzone.stations.series import SensorSeries


@dataclass(frozen=True)
class Grid:
    """One sensor's readings on an even grid of times, gaps as NaN.

    Parameters
    ----------
    theta : array, shape (step,)
        Water content [m3 m-3].
    step_h : float
        Time between readings [h].
    companions : mapping of str to array, shape (step,)
        As in `SensorSeries`.
    position : array of int, shape (reading,)
        Where each reading of the series lies on the grid.
    """

    theta: FloatArray
    step_h: float
    companions: Mapping[str, FloatArray]
    position: IntArray

    def get(self, name: str) -> FloatArray | None:
        """A companion, or None where there is none or all of it is missing."""
        values = self.companions.get(name)
        return values if values is not None and bool(np.isfinite(values).any()) else None


@dataclass(frozen=True)
class Rule:
    """A screening rule.

    Parameters
    ----------
    bit : int
        Its bit in a mask; the first five are those of the packed USCRN tables.
    meaning, source : str
        What it takes, and where it comes from.
    apply : callable
        From a grid to the mask of readings it takes; None where it lacks what it needs.
    default : bool
        Whether it is on unless switched off.
    ismn : tuple of str
        Flags of the ISMN that mean the same.
    """

    bit: int
    meaning: str
    source: str
    apply: Callable[[Grid], BoolArray | None]
    default: bool = True
    ismn: tuple[str, ...] = ()


def _frozen(grid: Grid) -> BoolArray | None:
    soil = grid.get("soil_degc")
    return None if soil is None else qc_rules.frozen(grid.theta, soil)


def _frozen_air(grid: Grid) -> BoolArray | None:
    air = grid.get("air_min_degc")
    return None if air is None else qc_rules.frozen_air(grid.theta, air)


def _rise(grid: Grid) -> BoolArray | None:
    rain = grid.get("rain_mm")
    if rain is None:
        return None
    soil, air = grid.get("soil_degc"), grid.get("air_min_degc")
    return qc_rules.rise_without_rain(grid.theta, rain, grid.step_h, soil, air)


def _break(grid: Grid) -> BoolArray | None:
    rain, air = grid.get("rain_mm"), grid.get("air_min_degc")
    return qc_rules.level_break(grid.theta, grid.step_h, rain_mm=rain, air_min_degc=air)


def _conflict(grid: Grid) -> BoolArray | None:
    clash = grid.companions.get(CLASH)
    return np.zeros(len(grid.theta), dtype=bool) if clash is None else clash > 0


_DORIGO = "Dorigo et al. 2013, doi:10.2136/vzj2012.0097"
_USCRN = "screening of the packed USCRN tables"
RULES: Mapping[str, Rule] = {
    "range": Rule(
        1,
        "outside 0 to 0.60 m3 m-3, 0 included",
        f"{_DORIGO}, C01 and C02",
        lambda grid: qc_rules.out_of_range(grid.theta),
        ismn=("C01", "C02"),
    ),
    "frozen": Rule(
        2,
        "soil at the sensor at or below 0 degC",
        f"{_DORIGO}, D01",
        _frozen,
        ismn=("D01", "D03"),
    ),
    "stuck": Rule(
        4,
        "the same value for 45 days or longer",
        _USCRN,
        lambda grid: qc_rules.stuck(grid.theta, grid.step_h),
        ismn=("D09",),
    ),
    "rise": Rule(
        8,
        "0.05 up in a day with less than 1 mm of rain in two, above 2 degC",
        f"{_DORIGO}, D04; {_USCRN}",
        _rise,
        ismn=("D04", "D05"),
    ),
    "spike": Rule(
        16,
        "one reading off both neighbours: 0.10 for daily values, 15 % for hourly ones",
        f"{_DORIGO}, D06; {_USCRN}",
        lambda grid: qc_rules.spike(grid.theta, grid.step_h),
        ismn=("D06",),
    ),
    "plateau": Rule(
        32,
        "a flat top after a rise, within 5 % of the wettest: 12 h, or 5 days of one value",
        f"{_DORIGO}, D10",
        lambda grid: qc_rules.plateau_at_saturation(grid.theta, grid.step_h),
        ismn=("D10",),
    ),
    "break": Rule(
        64,
        "a step of 0.10 to another level that lasts 10 days, not by rain or melt",
        f"{_DORIGO}, D07 and D08",
        _break,
        ismn=("D07", "D08"),
    ),
    "frozen_air": Rule(
        128,
        "air at or below 0 degC",
        f"{_DORIGO}, D02",
        _frozen_air,
        default=False,
        ismn=("D02",),
    ),
    "conflict": Rule(
        256,
        "two sources give this sensor and time different values",
        "one reading a sensor and time",
        _conflict,
    ),
    "few": Rule(
        512,
        "a day with less than half its readings good, such as the cut ends of a record",
        "half a day of readings makes a day",
        lambda grid: np.zeros(len(grid.theta), dtype=bool),  # set where days are made
    ),
}
DEFAULT_RULES = tuple(name for name, rule in RULES.items() if rule.default)


def chosen_rules(only: Sequence[str] = (), without: Sequence[str] = ()) -> tuple[str, ...]:
    """Names of the rules to apply, in their order.

    Parameters
    ----------
    only : sequence of str
        These alone; the defaults where empty.
    without : sequence of str
        Taken away from them.

    Raises
    ------
    RequestError
        A name is no rule.
    """
    for name in (*only, *without):
        if name not in RULES:
            raise RequestError(
                f"{name!r} is no screening rule{did_you_mean(name, RULES)} "
                f"Rules: {', '.join(RULES)}."
            )
    start = only or DEFAULT_RULES
    return tuple(name for name in RULES if name in start and name not in without)


def on_grid(series: SensorSeries) -> Grid:
    """Readings of a sensor on an even grid from its first to its last time."""
    step = np.timedelta64(round(series.step_h * 60), "m")
    start = series.time[0] if len(series.time) else np.datetime64(0, "m")
    position = np.round((series.time - start) / step).astype(np.int64)
    n = int(position[-1]) + 1 if len(position) else 0

    def spread(values: FloatArray) -> FloatArray:
        out = np.full(n, np.nan)
        out[position] = values
        return out

    companions = {name: spread(values) for name, values in series.companions.items()}
    return Grid(spread(series.theta), series.step_h, companions, position)


def names_of(bits: int) -> str:
    """Names of the rules in a sum of bits, joined by commas; empty for good.

    Examples
    --------
    >>> names_of(17)
    'range,spike'
    """
    return ",".join(name for name, rule in RULES.items() if bits & rule.bit)
