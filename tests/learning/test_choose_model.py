"""What `learning.model: auto` makes of the errors at places put aside."""

from __future__ import annotations

import numpy as np
import pytest

from rootzone._shared.arrays import FloatArray
from rootzone._shared.errors import RequestError
from rootzone.learning.choose_model import HeldOut, best_of, places_apart
from rootzone.learning.intervals import calibrated_apart
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
        places_apart(range(5), 3, STATION)
    parts = places_apart(range(20), 3, STATION)
    # 60, 15 and 25 % of 20.
    counts = {name: list(parts.values()).count(name) for name in ("train", "validation", "test")}
    assert counts == {"train": 12, "validation": 3, "test": 5}


def test_the_interval_comes_from_the_places_put_aside_where_they_are_enough() -> None:
    place = np.repeat(np.arange(5), 2)
    held = HeldOut(np.full(10, 0.2), np.full(10, 0.23), place, np.repeat(DAY[0], 10))
    told = calibrated_apart(held, 0.8, SIMULATED)
    assert told is not None
    fitted, words = told
    assert fitted.factor == pytest.approx(0.03)  # every error
    assert words.startswith("5 simulated places that auto put aside, 10 values held out; simulated")
    # An interval of 80 % needs four places (see calibrate); three are too few.
    few = HeldOut(held.observed[:6], held.predicted[:6], place[:6], held.date[:6])
    assert calibrated_apart(few, 0.8, SIMULATED) is None
