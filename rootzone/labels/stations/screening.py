"""Rules by name, switched on or off, applied to sensors; each value keeps its flags."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray, FloatArray, IntArray
from rootzone._shared.errors import RequestError
from rootzone._shared.names import did_you_mean
from rootzone.labels.stations import qc_rules
from rootzone.labels.stations.series import SensorSeries


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


@dataclass
class RuleCounts:
    """How many values each rule took, per network.

    Parameters
    ----------
    values : Counter of str
        Values read, by network, those blanked upstream included.
    good : Counter of str
        Values no rule took.
    taken : Counter of (network, rule)
        Values each rule took; a value may be taken by several.
    upstream : Counter of (network, rule)
        Values somebody had blanked before, by the same rules.
    not_applied : Counter of (network, rule)
        Sensors a rule could not look at, for want of temperature or rain.
    """

    values: Counter[str] = field(default_factory=Counter)
    good: Counter[str] = field(default_factory=Counter)
    taken: Counter[tuple[str, str]] = field(default_factory=Counter)
    upstream: Counter[tuple[str, str]] = field(default_factory=Counter)
    not_applied: Counter[tuple[str, str]] = field(default_factory=Counter)

    def rows(self) -> list[dict[str, str | int]]:
        """One row per network and rule, and one per network for all values."""
        out: list[dict[str, str | int]] = []
        for network in sorted(self.values):
            out.append(
                {
                    "network": network,
                    "rule": "(any)",
                    "taken": self.values[network] - self.good[network],
                    "upstream": sum(n for (net, _), n in self.upstream.items() if net == network),
                    "values": self.values[network],
                    "sensors_not_applied": 0,
                }
            )
            for rule in RULES:
                key = (network, rule)
                out.append(
                    {
                        "network": network,
                        "rule": rule,
                        "taken": self.taken[key],
                        "upstream": self.upstream[key],
                        "values": self.values[network],
                        "sensors_not_applied": self.not_applied[key],
                    }
                )
        return out


def on_grid(series: SensorSeries) -> Grid:
    """Readings of a sensor on an even grid from its first to its last time."""
    step = np.timedelta64(round(series.step_h * 60), "m")
    position = np.round((series.time - series.time[0]) / step).astype(np.int64)
    n = int(position[-1]) + 1

    def spread(values: FloatArray) -> FloatArray:
        out = np.full(n, np.nan)
        out[position] = values
        return out

    companions = {name: spread(values) for name, values in series.companions.items()}
    return Grid(spread(series.theta), series.step_h, companions, position)


def screen(
    series: SensorSeries, rules: Sequence[str] = DEFAULT_RULES, counts: RuleCounts | None = None
) -> IntArray:
    """Rule bits of every reading; 0 is good.

    Parameters
    ----------
    series : SensorSeries
        One sensor.
    rules : sequence of str
        Names of the rules to apply.
    counts : RuleCounts, optional
        Counted into.

    Returns
    -------
    array of int, shape (reading,)
        Sum of the bits of all rules that took the reading, those set upstream included.
    """
    counts = counts if counts is not None else RuleCounts()
    network = series.place.network
    grid = on_grid(series)
    bits = np.zeros(len(series.time), dtype=np.int64)
    for name in rules:
        mask = RULES[name].apply(grid)
        if mask is None:
            counts.not_applied[network, name] += 1
            continue
        taken = mask[grid.position] & np.isfinite(series.theta)
        bits |= np.where(taken, RULES[name].bit, 0)
        counts.taken[network, name] += int(taken.sum())
    if series.upstream is not None:
        blank = ~np.isfinite(series.theta)
        upstream = np.where(blank, series.upstream, 0)
        for name, rule in RULES.items():
            counts.upstream[network, name] += int(np.count_nonzero(upstream & rule.bit))
        bits |= upstream
    finite = np.isfinite(series.theta) | (bits > 0)
    counts.values[network] += int(finite.sum())
    counts.good[network] += int((finite & (bits == 0)).sum())
    return bits


def names_of(bits: int) -> str:
    """Names of the rules in a sum of bits, joined by commas; empty for good.

    Examples
    --------
    >>> names_of(17)
    'range,spike'
    """
    return ",".join(name for name, rule in RULES.items() if bits & rule.bit)


@dataclass(frozen=True)
class Agreement:
    """How one rule and the ISMN's flags of the same meaning agree on the same values.

    Parameters
    ----------
    network, rule : str
        Where, which.
    ismn_flags : str
        Flags of the ISMN held against the rule.
    both, ours, theirs : int
        Values taken by both, by the rule alone, by the ISMN alone.
    applied : bool
        Whether the rule had what it needs on any sensor of the network.
    """

    network: str
    rule: str
    ismn_flags: str
    both: int
    ours: int
    theirs: int
    applied: bool


def compare_with_ismn(
    sensors: Iterable[SensorSeries], rules: Sequence[str] = tuple(RULES)
) -> list[Agreement]:
    """Our rules beside the flags the ISMN gave, value by value, for sensors that carry them."""
    tally: Counter[tuple[str, str, str]] = Counter()
    counts = RuleCounts()
    n_sensors: Counter[str] = Counter()
    for series in sensors:
        if series.source_flag is None:
            continue
        n_sensors[series.place.network] += 1
        bits = screen(series, rules, counts)
        for name in rules:
            ours = (bits & RULES[name].bit) > 0
            theirs = has_any(series.source_flag, RULES[name].ismn)
            for kind, mask in (
                ("both", ours & theirs),
                ("ours", ours & ~theirs),
                ("theirs", ~ours & theirs),
            ):
                tally[series.place.network, name, kind] += int(mask.sum())
    return [
        Agreement(
            network,
            name,
            "/".join(RULES[name].ismn),
            both=tally[network, name, "both"],
            ours=tally[network, name, "ours"],
            theirs=tally[network, name, "theirs"],
            applied=counts.not_applied[network, name] < n_sensors[network],
        )
        for network in sorted(n_sensors)
        for name in rules
    ]


def has_any(flags: AnyArray, wanted: Sequence[str]) -> BoolArray:
    """Whether each flag text, several joined by commas, holds any of some flags."""
    known = {text: bool(set(str(text).split(",")) & set(wanted)) for text in set(flags.tolist())}
    return np.array([known[text] for text in flags.tolist()], dtype=bool)
