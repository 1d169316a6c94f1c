"""Where a map takes physics in place of what was learnt on it.

A model that corrects physics is judged at places put aside, each some way from the places it was
fitted to (the dissimilarity of `rootzone.learning.trust`). Beyond the distance from which on it is
no better than physics there, and beyond all distances at which it was judged, nothing says that
the correction helps, and physics is taken as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from rootzone._shared.arrays import BoolArray, FloatArray, IntArray
from rootzone._shared.errors import RequestError
from rootzone.labels.splits import seasons_of
from rootzone.learning.race import HeldOut, by_place
from rootzone.learning.trust import TrainingSites
from rootzone.networks.calibration import Calibration, calibrate

_FEWEST: Final = 3  # places that can tell that physics is better
_MOST_SITES: Final = 2000  # kept with the model


@dataclass(frozen=True)
class Fallback:
    """What a model keeps, to know where it is not to be asked.

    Parameters
    ----------
    distance : float
        Largest distance to the training places at which the model is taken.
    sites : TrainingSites
        The training places.
    physics : Calibration
        Width of the interval of physics.
    places : int
        Places put aside.
    worse, worse_with : int
        Places among them at which the model is worse than physics by more than its interval is
        wide to one side, without the fallback and with it.
    """

    distance: float
    sites: TrainingSites
    physics: Calibration
    places: int
    worse: int
    worse_with: int

    def instead(self, numbers: FloatArray) -> BoolArray:
        """Pixels that take physics, by their land features."""
        return np.asarray(self.sites.distance(numbers) > self.distance)

    def words(self) -> str:
        """The rule in a sentence."""
        return (
            f"Beyond {self.distance:.2f} mean distances from the training places maps take physics "
            f"as it is. The model is worse than physics by more than its interval at {self.worse} "
            f"of {self.places} places left out, {self.worse_with} with that"
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON values, for the bundle."""
        return {
            "distance": self.distance, "physics": self.physics.to_dict(), "places": self.places,
            "worse": self.worse, "worse_with": self.worse_with,
            "sites": {name: _listed(getattr(self.sites, name)) for name in ("numbers", "classes")},
        }  # fmt: skip

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Fallback:
        """The inverse of `to_dict`."""
        numbers, classes = (
            np.array(told["sites"][name], dtype=np.float64) for name in ("numbers", "classes")
        )
        sites = TrainingSites(numbers, classes, np.zeros(len(numbers), dtype=bool))
        return cls(
            float(told["distance"]), sites, Calibration.from_dict(told["physics"]),
            int(told["places"]), int(told["worse"]), int(told["worse_with"]),
        )  # fmt: skip


def fallback_of(info: Mapping[str, Any]) -> Fallback | None:
    """The rule that a bundle keeps, where it does."""
    told = info.get("fallback")
    return None if told is None else Fallback.from_dict(told)


def farthest(distance: FloatArray, model: FloatArray, physics: FloatArray) -> float:
    """Distance up to which a model is taken.

    Parameters
    ----------
    distance : array, shape (place,)
        Of each place put aside to the places the model was fitted to.
    model, physics : array, shape (place,)
        Mean absolute errors [m3 m-3].

    Returns
    -------
    float
        That of the last place before those, three at least, at which physics is better by more
        than a standard error; the largest of all where there are none; -1 where the model is to be
        taken nowhere.

    Examples
    --------
    The model halves the error of the near places and doubles that of the far ones:

    >>> near, far = np.full(4, 0.02), np.full(4, 0.04)
    >>> model, physics = np.append(near, far), np.append(far, near)
    >>> farthest(np.arange(8.0), model, physics)
    3.0
    """
    known = np.isfinite(distance) & np.isfinite(model) & np.isfinite(physics)
    order = np.flatnonzero(known)[np.argsort(distance[known], kind="stable")]
    gain = (physics - model)[order]
    total = np.cumsum(gain[::-1])[::-1]  # of a place and all beyond it
    for first in np.argsort(total, kind="stable").tolist():
        beyond = gain[first:]
        if total[first] >= 0 or beyond.size < _FEWEST:
            continue
        if beyond.mean() < -beyond.std(ddof=1) / np.sqrt(beyond.size):
            return float(distance[order[first - 1]]) if first else -1.0
        break
    return float(distance[order[-1]]) if order.size else -1.0


def find_fallback(
    held: HeldOut, sites: TrainingSites, model: Calibration, coverage: float
) -> Fallback | None:
    """The rule from errors at places put aside; None where physics was not known there.

    Parameters
    ----------
    held : HeldOut
        With physics and distances.
    sites : TrainingSites
        All places the model is trained on in the end.
    model : Calibration
        Width of its interval.
    coverage : float
        Of the interval of physics.
    """
    if not np.isfinite(held.physics).any():
        return None
    season = seasons_of(held.date)
    error = held.error if held.error.size else None
    try:
        own = calibrate(held.observed, held.physics, None, coverage, held.place, season, error)
    except RequestError:
        return None
    off, base = (
        by_place(np.abs(said - held.observed), held.place)
        for said in (held.predicted, held.physics)
    )
    away = by_place(held.distance, held.place)
    limit = farthest(away, off, base)
    half = by_place(model.half_width(held.predicted, None, season, error), held.place)
    worse = off - base > half
    count = worse.size
    return Fallback(
        limit, _fewer(sites), own, count, int(worse.sum()), int((worse & (away <= limit)).sum())
    )


def _listed(table: FloatArray) -> list[list[float | None]]:
    """Rows as JSON has them, which knows no NaN."""
    return [[v if np.isfinite(v) else None for v in row] for row in table.tolist()]


def _fewer(sites: TrainingSites) -> TrainingSites:
    n = len(sites.numbers)
    if n <= _MOST_SITES:
        return sites
    kept: IntArray = np.linspace(0, n - 1, _MOST_SITES).round().astype(np.int64)
    return TrainingSites(sites.numbers[kept], sites.classes[kept], sites.rung_above_0[kept])
