"""The convergence ladder: what is tried, in which order, on a site that did not converge.

A ladder is data. Rung 0 is the campaign as written; every further rung changes settings of the
engine or the layers of the column, never the physics. The rung that a site needed is recorded with
it and stands on its labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from rootzone.engines.failures import FailureClass


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


# SWIM3's own step rules: APSIM's developers advise smaller steps or a smaller increment, then
# coarser nodes (science notes, feature anchors, group 4).
_SMALLER_STEPS = {"dt_max_min": 60.0, "max_water_increment_mm": 2.0}
_SMALLER_ERROR = {"tolerance": 2e-3, "theta_step": 1e-2}

LADDERS: Mapping[tuple[str, str], tuple[Rung, ...]] = {
    ("swim", "apsim"): (
        Rung("default"),
        Rung("smaller steps", _SMALLER_STEPS),
        Rung("finer nodes", _SMALLER_STEPS, split_layers=2),
        Rung("coarser nodes", _SMALLER_STEPS, merge_layers=2),
    ),
    ("swim", "converged"): (
        Rung("default"),
        Rung("smaller steps", _SMALLER_ERROR),
        Rung("finer nodes", _SMALLER_ERROR, split_layers=2),
        Rung("coarser nodes", _SMALLER_ERROR, merge_layers=2),
    ),
    ("apsim", "apsim"): (
        Rung("default"),
        Rung("smaller steps", _SMALLER_STEPS),
        Rung("finer nodes", _SMALLER_STEPS, split_layers=2),
        Rung("coarser nodes", _SMALLER_STEPS, merge_layers=2),
    ),
}

# What another rung can mend. A wrong input stays wrong, and a site that hung or killed its process
# is not asked again by itself.
CLIMBABLE = frozenset(
    {
        FailureClass.NO_CONVERGENCE,
        FailureClass.ZERO_TIME_STEP,
        FailureClass.BAD_STATE,
        FailureClass.DATES_INCOMPLETE,
        FailureClass.NOT_FINITE,
        FailureClass.OUT_OF_BOUNDS,
        FailureClass.BALANCE,
        FailureClass.ENGINE_ERROR,
    }
)


def ladder_for(engine: str, stepping: str) -> tuple[Rung, ...]:
    """Ladder of an engine; the default rung alone for one that has none."""
    return LADDERS.get((engine, stepping), (Rung("default"),))


def as_json(ladder: tuple[Rung, ...]) -> list[dict[str, Any]]:
    """The ladder as JSON values, for the provenance and its digest."""
    return [asdict(rung) for rung in ladder]
