"""A race of models at places left out: who is best, by how much, and who left early."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray, IntArray
from rootzone._shared.errors import RequestError
from rootzone._shared.seeds import stream
from rootzone.labels.splits import TEST, TRAIN, VALIDATION

_FEWEST: Final = 6  # places
_TILES_A_FOLD: Final = 3  # with fewer tiles than that, places are put aside one by one
_CHOOSES_EPOCH: Final = 5  # one of so many of the others
_BEHIND: Final = 2.0  # standard errors after which a candidate leaves
_JUDGES: Final = 5  # places before one may leave


@dataclass(frozen=True)
class HeldOut:
    """What a candidate said at the places put aside.

    Parameters
    ----------
    observed, predicted : array, shape (value,)
        Water content [m3 m-3].
    place : array of int, shape (value,)
        Place of each value.
    date : array of datetime64[D], shape (value,)
        Its day.
    physics : array, shape (value,)
        What physics says [m3 m-3]; NaN where it was not asked.
    distance : array, shape (value,)
        How unlike its place is to those the candidate was fitted to.
    error : array, shape (value,)
        Error of physics between simulated soils [m3 m-3]; empty where it was not asked.
    """

    observed: FloatArray
    predicted: FloatArray
    place: IntArray
    date: AnyArray
    physics: FloatArray = field(default_factory=lambda: np.empty(0))
    distance: FloatArray = field(default_factory=lambda: np.empty(0))
    error: FloatArray = field(default_factory=lambda: np.empty(0))


@dataclass(frozen=True)
class Choice:
    """What was tried.

    Parameters
    ----------
    chosen : str
        The model that is taken.
    mae : dict of str to float
        Mean absolute error of each candidate at the places put aside while it was in the race,
        each place counting once [m3 m-3].
    against : str
        The next candidate; empty where there is none.
    lead, lead_se : float
        Mean over places of that one's error less the chosen one's, and its standard error
        [m3 m-3]; 0 and NaN where there is none.
    places, values : int
        Places put aside, and values there.
    source : str
        Whose labels judged.
    held_out : HeldOut
        The winner's errors.
    left : dict of str to int
        Folds in which each candidate that left the race was judged.
    """

    chosen: str
    mae: dict[str, float]
    against: str
    lead: float
    lead_se: float
    places: int
    values: int
    source: str
    held_out: HeldOut
    left: dict[str, int] = field(default_factory=dict)

    def words(self) -> str:
        """The choice in a sentence."""
        order = sorted(self.mae, key=lambda name: self.mae[name])
        told = ", ".join(f"{name} {self.mae[name]:.4f}{self._folds(name)}" for name in order)
        by = ""
        if self.against:
            by = (
                f", {self.lead:.4f} m3 m-3 (standard error over places {self.lead_se:.4f}) better "
                f"than {self.against},"
            )
        return (
            f"learning.model: auto takes {self.chosen}{by} at {self.places} {self.source} places "
            f"left out ({self.values} values; mean absolute errors: {told})"
        )

    def _folds(self, name: str) -> str:
        count = self.left.get(name)
        return "" if count is None else f" in {count} fold{'s' * (count > 1)}"

    def to_dict(self) -> dict[str, Any]:
        """JSON values, for the bundle."""
        return {
            "chosen": self.chosen, "mae": self.mae, "against": self.against, "lead": self.lead,
            "lead_se": self.lead_se if np.isfinite(self.lead_se) else None,
            "places": self.places, "values": self.values, "source": self.source, "left": self.left,
        }  # fmt: skip


def folds_of(
    places: Sequence[Hashable],
    tiles: Sequence[int],
    count: int,
    seed: int,
    source: str,
) -> list[dict[Any, str]]:
    """Part of each training place in each fold: to fit, to choose the epoch, to judge.

    Neighbours on a tile are put aside together where there are three tiles a fold or more, for a
    map has most of its pixels far from every label. A fifth of the others chooses the epoch.

    Parameters
    ----------
    places : sequence
        Names of the places.
    tiles : sequence of int
        Tile of each.
    count : int
        Folds; every place judges in one of them.
    seed : int
        Of the order.
    source : str
        Whose places they are.

    Raises
    ------
    RequestError
        There are too few places to put some aside.
    """
    if len(places) < _FEWEST:
        raise RequestError(
            f"learning.model: auto puts some of the places aside and needs {_FEWEST}; there "
            f"are {len(places)} {source} places to train on. Name a model."
        )
    by_tile = len(set(tiles)) >= _TILES_A_FOLD * count
    group: Sequence[Any] = list(tiles) if by_tile else list(places)
    distinct = sorted(set(group), key=lambda value: (str(type(value)), value))
    turn = stream(seed, len(distinct)).permutation(len(distinct))
    order = [distinct[k] for k in turn.tolist()]
    folds = []
    for k in range(min(count, len(order))):
        judge = set(order[k :: min(count, len(order))])
        others = [one for one in order if one not in judge]
        epoch = set(others[k % _CHOOSES_EPOCH :: _CHOOSES_EPOCH])
        part = {one: TEST if one in judge else TRAIN for one in order}
        part |= dict.fromkeys(epoch, VALIDATION)
        folds.append({place: part[own] for place, own in zip(places, group, strict=True)})
    return folds


def best_of(
    said: Mapping[str, FloatArray],
    observed: FloatArray,
    place: IntArray,
    date: AnyArray,
    source: str,
) -> Choice:
    """The candidate with the smallest mean absolute error at the places put aside.

    Candidates are compared where the last ones of the race were judged. Physics, which has learnt
    nothing that could mislead elsewhere, is taken unless the best leads it by more than a standard
    error.

    Parameters
    ----------
    said : mapping of str to array, shape (value,)
        What each candidate says [m3 m-3]; NaN where it had left the race.
    observed, place, date : array, shape (value,)
        Labels, their places and days.
    source : str
        Whose labels they are.

    Raises
    ------
    RequestError
        No candidate has a value at any of them.

    Examples
    --------
    Two places; one candidate is off by .01 and .03, the other by .02 and .06, so the lead is .01
    and .03, .02 on average, with a standard error of .01:

    >>> observed, place = np.array([0.2, 0.2]), np.array([0, 1])
    >>> said = {"a": np.array([0.21, 0.23]), "b": np.array([0.22, 0.26])}
    >>> found = best_of(said, observed, place, np.zeros(2, "datetime64[D]"), "station")
    >>> found.chosen, round(found.lead, 6), round(found.lead_se, 6)
    ('a', 0.02, 0.01)
    """
    each = {name: by_place(np.abs(theta - observed), place) for name, theta in said.items()}
    mae = {name: float(np.nanmean(off)) for name, off in each.items() if np.isfinite(off).any()}
    if not mae:
        raise RequestError(
            f"learning.model: auto found no candidate with a value at the {source} places it put "
            "aside. Name a model."
        )
    judged = {name: int(np.isfinite(each[name]).sum()) for name in mae}
    stayed = [name for name in mae if judged[name] == max(judged.values())]
    order = sorted(stayed, key=lambda name: mae[name])
    order += sorted(set(mae) - set(stayed), key=lambda name: lead_of(each, order[0], name)[0])
    best, against = order[0], order[1] if len(order) > 1 else ""
    lead, error = lead_of(each, best, against) if against else (0.0, float("nan"))
    held = HeldOut(observed, said[best], place, date)
    count = int(np.unique(place).size)
    return Choice(best, mae, against, lead, error, count, int(observed.size), source, held)


def lead_of(each: Mapping[str, FloatArray], one: str, other: str) -> tuple[float, float]:
    """Mean over places of another's error less this one's, where both were judged, and its error.

    Parameters
    ----------
    each : mapping of str to array, shape (place,)
        Mean absolute error of each candidate at each place; NaN where it was not judged.
    one, other : str
        Which.

    Returns
    -------
    lead, standard error : float
        The latter NaN with fewer than two places.
    """
    apart = each[other] - each[one]
    apart = apart[np.isfinite(apart)]
    if not apart.size:
        return 0.0, float("nan")
    error = float(apart.std(ddof=1) / np.sqrt(apart.size)) if apart.size > 1 else float("nan")
    return float(apart.mean()), error


def by_place(values: FloatArray, place: IntArray) -> FloatArray:
    """Mean of each place's values; NaN where it has none."""
    _, code = np.unique(place, return_inverse=True)
    known = np.isfinite(values)
    count = np.bincount(code, known)
    sums = np.bincount(code, np.where(known, values, 0.0))
    return np.asarray(np.where(count > 0, sums / np.maximum(count, 1), np.nan))


Say = Callable[[str, int], FloatArray]  # candidate and fold in, what it says at the fold's values


def race(names: Sequence[str], judged: Sequence[HeldOut], say: Say, source: str) -> Choice:
    """Hold candidates against each other fold by fold; those far behind leave.

    Parameters
    ----------
    names : sequence of str
        The candidates.
    judged : sequence of HeldOut
        Labels put aside in each fold; what they predict is not looked at.
    say : callable
        Trains a candidate for a fold and tells what it says at that fold's labels.
    source : str
        Whose labels they are.
    """
    running, left = list(names), {}
    told: dict[str, list[FloatArray]] = {name: [] for name in names}
    for number, fold in enumerate(judged):
        for name in names:
            silent = np.full(fold.observed.size, np.nan)
            told[name].append(say(name, number) if name in running else silent)
        seen = judged[: number + 1]
        observed, place = (
            np.concatenate([getattr(one, what) for one in seen]) for what in ("observed", "place")
        )
        each = {
            name: by_place(np.abs(np.concatenate(told[name]) - observed), place) for name in running
        }
        mean = {name: np.nanmean(off) for name, off in each.items() if np.isfinite(off).any()}
        if not mean:
            continue
        best = min(mean, key=lambda name: float(mean[name]))
        for name in [one for one in running if one in mean and one != best]:
            lead, error = lead_of(each, best, name)
            enough = np.isfinite(each[name]).sum() >= _JUDGES
            if enough and lead > _BEHIND * error and number + 1 < len(judged):
                running.remove(name)
                left[name] = number + 1
    date, physics, distance, error_between = (
        np.concatenate([getattr(one, what) for one in judged])
        for what in ("date", "physics", "distance", "error")
    )
    said = {name: np.concatenate(parts) for name, parts in told.items()}
    found = best_of(said, observed, place, date, source)
    held = replace(found.held_out, physics=physics, distance=distance, error=error_between)
    return replace(found, left=left, held_out=held)
