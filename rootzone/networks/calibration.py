"""Intervals that hold what they promise: split-conformal calibration.

Held-out errors, not the network's own opinion, set the width of an interval. Where the network has
a spread, errors are counted in spreads, so that the interval is wide where the network is unsure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
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
    by_season : dict of str to float
        The factor of each season that had enough places, in place of the common one.
    soil : dict of str to float
        Half-width that comes from what is not known of the soil, by season [m3 m-3], where the
        errors it was fitted to do not hold it: those at simulated labels. It is added as a square.
    physics : bool
        Whether the square of the error of physics between simulated soils, told for every value,
        is part of that of the width.
    """

    coverage: float
    factor: float
    scaled: bool
    n: int
    n_place: int
    by_season: dict[str, float] = field(default_factory=dict)
    soil: dict[str, float] = field(default_factory=dict)
    physics: bool = False

    def half_width(
        self,
        predicted: ArrayLike,
        spread: ArrayLike | None = None,
        season: ArrayLike | None = None,
        error: ArrayLike | None = None,
    ) -> FloatArray:
        """Half-width of the interval [m3 m-3], of the prediction's shape.

        Parameters
        ----------
        predicted : array
            Water content [m3 m-3].
        spread : array, optional
            The network's spread [m3 m-3].
        season : str or array of str, optional
            Season of the values; the common factor where it is not told.
        error : array, optional
            Error of physics between simulated soils [m3 m-3]; NaN, where there is none, counts 0.

        Raises
        ------
        RequestError
            If the calibration counts in spreads, or on errors of physics, and none are given.
        """
        predicted = np.asarray(predicted, dtype=np.float64)
        seasons = np.asarray("" if season is None else season)
        half = _looked_up(self.by_season, seasons, self.factor)
        if self.scaled and spread is None:
            raise RequestError("This calibration counts errors in spreads; pass the spread.")
        if self.scaled:
            half = half * np.asarray(spread, dtype=np.float64)
        if self.soil:
            half = np.hypot(half, _looked_up(self.soil, seasons, max(self.soil.values())))
        if self.physics and error is None:
            raise RequestError("This calibration counts on errors of physics; pass them.")
        if self.physics:
            half = np.hypot(half, _or_zero(error))
        return np.where(np.isnan(predicted), np.nan, half)

    def interval(
        self,
        predicted: ArrayLike,
        spread: ArrayLike | None = None,
        season: ArrayLike | None = None,
        error: ArrayLike | None = None,
    ) -> tuple[FloatArray, FloatArray]:
        """Lower and upper end [m3 m-3], within 0 and 1."""
        middle = np.asarray(predicted, dtype=np.float64)
        half = self.half_width(middle, spread, season, error)
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
    season: ArrayLike | None = None,
    error: ArrayLike | None = None,
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
    season : array of str, shape (value,)
        Season of each value: each that has enough places gets a factor of its own.
    error : array, shape (value,)
        Error of physics between simulated soils that may be in each value [m3 m-3]. The score is
        what an error has beyond it, sqrt(max(0, e^2 - error^2)): a width of sqrt(factor^2 +
        error^2) then holds as many of the held-out values as one of ``factor`` would without it.

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
    if error is not None:
        score = np.sqrt(np.maximum(score**2 - _or_zero(error).ravel() ** 2, 0.0))
    if spread is not None:
        score = score / np.asarray(spread, np.float64).ravel()
    kept = np.isfinite(score)
    places = np.arange(score.size) if place is None else np.asarray(place).ravel()
    score, places = score[kept], places[kept]
    n_place = int(np.unique(places).size)
    factor = _factor(score, places, coverage)
    if factor is None:
        raise RequestError(
            f"An interval that holds {coverage:g} of new places needs "
            f"{math.ceil(coverage / max(1.0 - coverage, 1e-12) - 1e-9)} held-out places; there are "
            f"{n_place}. Hold out more stations, or ask for a smaller interval."
        )
    by_season = {}
    if season is not None:
        of = np.asarray(season).ravel()[kept]
        for name in np.unique(of):
            own = _factor(score[of == name], places[of == name], coverage)
            if own is not None:
                by_season[str(name)] = own
    return Calibration(
        coverage, factor, spread is not None, int(score.size), n_place, by_season,
        physics=error is not None,
    )  # fmt: skip


def _or_zero(error: ArrayLike | None) -> FloatArray:
    return np.nan_to_num(np.asarray(error, dtype=np.float64))


def _factor(score: FloatArray, place: AnyArray, coverage: float) -> float | None:
    """Quantile of the scores that holds a new place; None where there are too few places."""
    weight, n_place = _equal_places(place)
    level = coverage * (n_place + 1) / max(n_place, 1)
    if not 0.0 < coverage < 1.0 or level > 1.0 or n_place == 0:
        return None
    return _weighted_quantile(score, weight, level)


def _looked_up(table: Mapping[str, float], names: AnyArray, missing: float) -> FloatArray:
    """The value of each name, of the names' shape."""
    known, at = np.unique(names, return_inverse=True)
    values = np.array([table.get(str(name), missing) for name in known.ravel()], dtype=np.float64)
    return np.asarray(values[at].reshape(names.shape))


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
