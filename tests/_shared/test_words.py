from __future__ import annotations

import pytest

from rootzone._shared.words import fixed, in_hours, listed, number, plural


@pytest.mark.parametrize(
    ("value", "text"),
    [
        # Three significant digits by hand.
        (0.000409419, "0.000409"),
        (1234567.0, "1,230,000"),
        (508.4, "508"),
        (-12.345, "-12.3"),
        (9.996, "10.00"),
        (0.0, "0"),
        (2.6e-13, "2.60e-13"),
        (float("nan"), "–"),
        (None, "–"),
    ],
)
def test_a_number_keeps_three_significant_digits(value: float | None, text: str) -> None:
    assert number(value) == text


def test_a_negative_figure_carries_a_minus_not_a_hyphen() -> None:
    assert fixed(-0.0014) == "−0.001"
    assert fixed(float("inf")) == "–"


def test_a_time_comes_in_the_unit_that_suits_it() -> None:
    assert [in_hours(s) for s in (42.0, 600.0, 9000.0)] == ["42 s", "10 min", "2.5 h"]


def test_lists_and_counts_read_as_a_person_writes_them() -> None:
    assert listed(["sand"]) == "sand"
    assert listed(["sand", "silt", "clay"]) == "sand, silt and clay"
    assert plural(1, "stratum", "strata") == "1 stratum"
    assert plural(1200, "stratum", "strata") == "1,200 strata"


@pytest.mark.parametrize(
    ("seconds", "text"), [(2.5, "2.5 s"), (40, "40 s"), (90, "1.5 min"), (7200, "2.0 h")]
)
def test_time_is_told_as_a_person_says_it(seconds: float, text: str) -> None:
    assert in_hours(seconds) == text
