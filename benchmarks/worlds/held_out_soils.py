"""What the physics loss does for soils without a label.

Labels lie on medium soils only. Sands and clays of the same land have none, and a quarter of the
tiles is never seen at all. Two networks that differ in their loss alone are asked for water
content everywhere; predictions below theta_r or above theta_s of their pixel's soil are counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray, FloatArray
from rootzone.campaign.learning_section import Learning

from .landscape import TILE_PX, Landscape, WorldSettings
from .recovery import (
    RecoverySettings,
    Scores,
    Setup,
    prepare,
    train_network,
)
from .samples import Labels

# Soils with labels: loams of every kind; sands, loamy sands and clays have none.
SAND_PCT: Final = (25.0, 70.0)
CLAY_PCT: Final = (5.0, 27.0)
_UNSEEN: Final = 0.25  # share of the tile columns that training never sees


@dataclass(frozen=True)
class Outside:
    """Predictions outside theta_r to theta_s, and figures, for one group of pixels.

    Attributes
    ----------
    n : int
        Predictions.
    share : float
        Share of them outside [-].
    worst : float
        Largest distance outside [m3 m-3].
    scores : Scores
        Against the truth.
    """

    n: int
    share: float
    worst: float
    scores: Scores


def contrasting_world(seed: int = 7, tiles: int = 12) -> WorldSettings:
    """A land whose soils reach from sand to clay."""
    return WorldSettings(seed=seed, tiles=tiles, contrast=2.0)


def prepare_held_out(settings: RecoverySettings) -> tuple[Setup, Mapping[str, BoolArray]]:
    """A setup whose labels lie on medium soils of the seen tiles, and the groups to be scored."""
    setup = prepare(settings)
    labels, hidden = setup.labels, setup.hidden
    keep = _is_medium(setup.land, labels) & _is_seen(setup.land, labels)
    odd, seen = ~_is_medium(setup.land, hidden), _is_seen(setup.land, hidden)
    groups = {
        "soils with labels": ~odd & seen,
        "soils without labels, seen tiles": odd & seen,
        "soils without labels, unseen tiles": odd & ~seen,
    }
    return replace(setup, labels=labels.at(np.flatnonzero(keep))), groups


def _is_medium(land: Landscape, places: Labels) -> BoolArray:
    sand, clay = land.mapped_sand_clay_pct[:, places.row, places.col]
    within = (sand >= SAND_PCT[0]) & (sand <= SAND_PCT[1])
    return np.asarray(within & (clay >= CLAY_PCT[0]) & (clay <= CLAY_PCT[1]))


def _is_seen(land: Landscape, places: Labels) -> BoolArray:
    return np.asarray(places.col < (1.0 - _UNSEEN) * land.settings.tiles * TILE_PX)


def compare_losses(
    settings: RecoverySettings, losses: Mapping[str, Learning], folder: Path, seed: int = 3
) -> dict[str, dict[str, Outside]]:
    """Train one network for each loss and count what lies outside, by group of pixels."""
    setup, groups = prepare_held_out(settings)
    out = {}
    for name, loss in losses.items():
        run = train_network(setup, replace(settings, loss=loss), folder / name, seed)
        out[name] = {
            group: outside_of(setup, run.predicted, inside) for group, inside in groups.items()
        }
    return out


def outside_of(setup: Setup, predicted: FloatArray, places: AnyArray) -> Outside:
    """Count predictions of some places that lie outside their soil's range."""
    at = np.flatnonzero(places)
    theta = predicted[at]
    low, high = setup.land.soil[:2, setup.hidden.row[at], setup.hidden.col[at]].astype(np.float64)
    distance = np.maximum(low[:, None] - theta, theta - high[:, None])
    scores = Scores.of(theta, setup.hidden.theta[at][:, setup.scored])
    return Outside(
        int(theta.size), float((distance > 0).mean()), float(max(distance.max(), 0.0)), scores
    )
