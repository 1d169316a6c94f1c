"""Intervals that hold what they promise: split-conformal calibration.

Held-out errors, not the network's own opinion, set the width of an interval. Where the network has
a spread, errors are counted in spreads, so that the interval is wide where the network is unsure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.errors import RequestError


@dataclass(frozen=True)
class Calibration:
    """Half-width of a central interval.

    Attributes
    ----------
    coverage : float
        Share of new values that the interval should hold, 0 to 1.
    factor : float
        Half-width in spreads where ``scaled``, else in m3 m-3.
    scaled : bool
        Whether the width follows the network's spread.
    n, n_place : int
        Values and places (stations or sites) it was fitted to.
    """

    coverage: float
    factor: float
    scaled: bool
    n: int
    n_place: int

    def half_width(self, predicted: ArrayLike, spread: ArrayLike | None = None) -> FloatArray:
        """Half-width of the interval [m3 m-3], of the prediction's shape.

        Raises
        ------
        RequestError
            If the calibration counts in spreads and none is given.
        """
        predicted = np.asarray(predicted, dtype=np.float64)
        if not self.scaled:
            return np.where(np.isnan(predicted), np.nan, self.factor)
        if spread is None:
            raise RequestError("This calibration counts errors in spreads; pass the spread.")
        return self.factor * np.asarray(spread, dtype=np.float64)

    def interval(
        self, predicted: ArrayLike, spread: ArrayLike | None = None
    ) -> tuple[FloatArray, FloatArray]:
        """Lower and upper end [m3 m-3], within 0 and 1."""
        half, middle = self.half_width(predicted, spread), np.asarray(predicted, dtype=np.float64)
        return np.clip(middle - half, 0.0, 1.0), np.clip(middle + half, 0.0, 1.0)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for a bundle."""
        return dict(self.__dict__)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Calibration:
        """The inverse of ``to_dict``."""
        return cls(**values)


def calibrate(
    observed: ArrayLike,
    predicted: ArrayLike,
    spread: ArrayLike | None = None,
    coverage: float = 0.8,
    place: ArrayLike | None = None,
) -> Calibration:
    r"""Fit an interval to held-out values.

    The factor is the quantile of \|observed - predicted\| (over the spread) at level
    coverage (n + 1) / n. Days of one station resemble each other: with ``place``, every place
    carries the same weight and n counts places, which is what a new place has to be held by.

    Parameters
    ----------
    observed, predicted : array, shape (value,)
        Water content [m3 m-3]; pairs with a NaN are left out.
    spread : array, shape (value,)
        The network's spread [m3 m-3], above 0.
    coverage : float
        Share to hold, between 0 and 1.
    place : array, shape (value,)
        Station or site of each value; every value is a place of its own where absent.

    Raises
    ------
    RequestError
        If there is nothing to fit to, or so few places that the level passes 1: with the usual
        0.8, four places are needed.

    References
    ----------
    Lei and others (2018), doi:10.1080/01621459.2017.1307116, split conformal inference.
    """
    score = np.abs(np.asarray(observed, np.float64) - np.asarray(predicted, np.float64)).ravel()
    if spread is not None:
        score = score / np.asarray(spread, np.float64).ravel()
    kept = np.isfinite(score)
    places = np.arange(score.size) if place is None else np.asarray(place).ravel()
    score, places = score[kept], places[kept]
    weight, n_place = _equal_places(places)
    level = coverage * (n_place + 1) / max(n_place, 1)
    if not 0.0 < coverage < 1.0 or level > 1.0 or n_place == 0:
        raise RequestError(
            f"An interval that holds {coverage:g} of new places needs "
            f"{math.ceil(coverage / max(1.0 - coverage, 1e-12) - 1e-9)} held-out places; there are "
            f"{n_place}. Hold out more stations, or ask for a smaller interval."
        )
    factor = _weighted_quantile(score, weight, level)
    return Calibration(coverage, factor, spread is not None, int(score.size), n_place)


def _equal_places(place: AnyArray) -> tuple[FloatArray, int]:
    """Weight of each value so that places weigh the same, and the number of places."""
    if place.size == 0:
        return np.empty(0), 0
    _, code, count = np.unique(place, return_inverse=True, return_counts=True)
    return 1.0 / (count[code] * count.size), int(count.size)


def _weighted_quantile(values: FloatArray, weight: FloatArray, level: float) -> float:
    """Smallest value whose cumulative weight reaches the level."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weight[order])
    position = int(np.searchsorted(reached, level - 1e-9))
    return float(values[order[min(position, values.size - 1)]])
