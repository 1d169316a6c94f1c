"""The convergence ladder: what is tried, in which order, on a site that did not converge.

A ladder is data that an engine brings. Rung 0 is the campaign as written; every further rung
changes settings of the engine or the layers of the column, never the physics. The rung that a site
needed is recorded with it and stands on its labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Rung:
    """One attempt.

    Parameters
    ----------
    name : str
        As reports name it.
    settings : mapping
        Engine settings that differ from the campaign's.
    split_layers : int
        Parts each layer is cut into; 1 leaves it.
    merge_layers : int
        Neighbouring layers that become one; 1 leaves them.
    """

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    split_layers: int = 1
    merge_layers: int = 1


Ladder = tuple[Rung, ...]

# SWIM3's own step rules: APSIM's developers advise smaller steps or a smaller increment, then
# coarser nodes (science notes, feature anchors, group 4).
_SMALLER_STEPS = {"dt_max_min": 60.0, "max_water_increment_mm": 2.0}


def ladder_of(smaller: Mapping[str, Any]) -> Ladder:
    """The usual ladder: smaller steps by these settings, then finer and coarser nodes besides."""
    return (
        Rung("default"),
        Rung("smaller steps", smaller),
        Rung("finer nodes", smaller, split_layers=2),
        Rung("coarser nodes", smaller, merge_layers=2),
    )


SWIM3_LADDER = ladder_of(_SMALLER_STEPS)


def as_json(ladder: Ladder) -> list[dict[str, Any]]:
    """The ladder as JSON values, for the provenance and its digest."""
    return [asdict(rung) for rung in ladder]
