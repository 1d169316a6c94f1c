"""What `learning.model: auto` makes of the errors at places put aside."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rootzone._shared.arrays import FloatArray
from rootzone._shared.errors import RequestError
from rootzone.learning.intervals import calibrated_apart
from rootzone.learning.race import HeldOut, best_of, folds_of, race
from rootzone.learning.samples.label_index import SIMULATED, STATION

# Two places: the first with one value, the second with three.
OBSERVED = np.full(4, 0.2)
PLACE = np.array([0, 1, 1, 1])
DAY = np.arange("2023-01-01", "2023-01-05", dtype="datetime64[D]")


def errors(*off: float) -> FloatArray:
    return OBSERVED + np.array(off)


def test_each_place_counts_once_however_many_days_it_has() -> None:
    # By hand: a has .00 at one place and .03 at the other, so .015; b has .02 at both. By values
    # a has (0 + 3 x .03) / 4 = .0225 and would lose.
    said = {"a": errors(0.0, 0.03, 0.03, 0.03), "b": errors(0.02, 0.02, -0.02, 0.02)}
    found = best_of(said, OBSERVED, PLACE, DAY, STATION)
    assert found.chosen == "a"
    assert found.mae == pytest.approx({"a": 0.015, "b": 0.02})
    # b less a: .02 and -.01, mean .005, standard error .015 (half their difference).
    assert found.lead == pytest.approx(0.005)
    assert found.lead_se == pytest.approx(0.015)


def test_the_words_tell_by_how_much_and_over_whom() -> None:
    said = {"a": errors(0.01, 0.01, 0.01, 0.01), "b": errors(0.03, 0.02, 0.02, 0.02)}
    words = best_of(said, OBSERVED, PLACE, DAY, STATION).words()
    # Leads of .02 and .01: mean .015, standard error .005.
    assert "takes a, 0.0150 m3 m-3 (standard error over places 0.0050) better than b," in words
    assert "at 2 station places left out (4 values" in words


def test_a_candidate_without_values_is_not_taken() -> None:
    said = {"a": np.full(4, np.nan), "b": errors(0.1, 0.1, 0.1, 0.1)}
    found = best_of(said, OBSERVED, PLACE, DAY, STATION)
    assert found.chosen == "b"
    assert "a" not in found.mae
    assert found.to_dict()["lead_se"] is None
    with pytest.raises(RequestError, match="no candidate"):
        best_of({"a": said["a"]}, OBSERVED, PLACE, DAY, STATION)


def test_too_few_places_are_refused() -> None:
    with pytest.raises(RequestError, match="there are 5 station places"):
        folds_of(range(5), [0] * 5, 4, 3, STATION)


def test_every_place_judges_once_and_never_where_it_trains() -> None:
    # 20 places on 2 tiles, too few to put tiles aside: 5 judge in each of 4 folds, 3 of the other
    # 15 choose the epoch, 12 fit.
    folds = folds_of(range(20), [0, 1] * 10, 4, 3, STATION)
    judges = [k for parts in folds for k in parts if parts[k] == "test"]
    assert sorted(judges) == list(range(20))
    for parts in folds:
        counts = [list(parts.values()).count(name) for name in ("train", "validation", "test")]
        assert counts == [12, 3, 5]


def test_neighbours_on_a_tile_are_put_aside_together() -> None:
    tiles = np.repeat(np.arange(12), 3).tolist()  # 12 tiles: three for each of four folds
    for parts in folds_of(range(36), tiles, 4, 3, SIMULATED):
        assert all(len({parts[k] for k in range(3 * t, 3 * t + 3)}) == 1 for t in range(12))


def fold(first: int) -> HeldOut:
    """Six places with a water content of .2, two days each."""
    place = np.repeat(np.arange(first, first + 6), 2)
    observed = np.full(12, 0.2)
    return HeldOut(observed, observed, place, np.repeat(DAY[:2], 6))


def test_a_candidate_far_behind_is_not_trained_again() -> None:
    # far is .1 off everywhere, so behind by more than any standard error after six places; near
    # and good differ by less than theirs and stay to the end.
    wobble = np.tile([0.010, 0.012, 0.010, 0.014, 0.011, 0.013], 2)
    off = {"good": wobble, "near": wobble[::-1] + 0.0001, "far": np.full(12, 0.1)}
    asked: list[tuple[str, int]] = []

    def say(name: str, number: int) -> FloatArray:
        asked.append((name, number))
        return np.asarray(0.2 + off[name])

    found = race(list(off), [fold(0), fold(6), fold(12)], say, STATION)
    assert [number for name, number in asked if name == "far"] == [0]
    assert [number for name, number in asked if name == "near"] == [0, 1, 2]
    assert (found.chosen, found.against, found.left) == ("good", "near", {"far": 1})
    assert found.places == 18
    assert "far 0.1000 in 1 fold" in found.words()


def test_the_interval_comes_from_the_places_put_aside_where_they_are_enough() -> None:
    place = np.repeat(np.arange(5), 2)
    held = HeldOut(np.full(10, 0.2), np.full(10, 0.23), place, np.repeat(DAY[0], 10))
    told = calibrated_apart(held, 0.8, SIMULATED)
    assert told is not None
    fitted, words = told
    assert fitted.factor == pytest.approx(0.03)  # every error
    assert words.startswith("5 simulated places that auto put aside, 10 values held out; simulated")
    # Of errors of .03 that of physics between soils may be .018: .024 are beyond it (3-4-5).
    between = replace(held, error=np.full(10, 0.018))
    told = calibrated_apart(between, 0.8, SIMULATED, physics=True)
    assert told is not None
    assert told[0].factor == pytest.approx(0.024)
    assert "physics between simulated soils is in it" in told[1]
    told = calibrated_apart(between, 0.8, SIMULATED)  # a model that reads no physics
    assert told is not None
    assert told[0] == fitted
    # An interval of 80 % needs four places (see calibrate); three are too few.
    few = HeldOut(held.observed[:6], held.predicted[:6], place[:6], held.date[:6])
    assert calibrated_apart(few, 0.8, SIMULATED) is None
