"""Our rules beside the flags that the ISMN gave the same values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray
from rootzone.stations.screening.rules import RULES
from rootzone.stations.screening.screen import RuleCounts, screen
from rootzone.stations.series import SensorSeries

COMPARED = tuple(name for name, rule in RULES.items() if rule.ismn)


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
    sensors: Iterable[SensorSeries], rules: Sequence[str] = COMPARED
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
