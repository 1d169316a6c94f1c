"""Rules applied to sensors; each value keeps its flags, and what was taken is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from rootzone._shared.arrays import IntArray
from rootzone.stations.screening.rules import DEFAULT_RULES, RULES, on_grid
from rootzone.stations.series import SensorSeries


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
