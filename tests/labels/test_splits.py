"""Splits: the paper's, exactly; the others; and what each of them leaks."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rootzone._shared.errors import RequestError
from rootzone.labels.leakage import measure_leakage
from rootzone.labels.splits import (
    PARTS,
    Fractions,
    assign,
    blocked_dates,
    date_cut,
    leave_one_out,
    left_out,
    season_dates,
    season_of,
)


def days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=i) for i in range((last - first).days + 1)]


TWO_YEARS = days(date(2023, 1, 1), date(2024, 12, 31))


def group(day: date) -> tuple[int, str]:
    return day.year, season_of(day.month)


def test_seasons_are_meteorological() -> None:
    found = [season_of(month) for month in range(1, 13)]
    assert found == ["DJF"] * 2 + ["MAM"] * 3 + ["JJA"] * 3 + ["SON"] * 3 + ["DJF"]


def test_every_year_and_season_is_split_70_10_20() -> None:
    parts = season_dates(TWO_YEARS, seed=2)
    assert set(parts) == set(TWO_YEARS)
    for key in {group(day) for day in TWO_YEARS}:
        members = [parts[day] for day in TWO_YEARS if group(day) == key]
        # round(0.7 n) and round(0.8 n) by hand: DJF 2023 has 90 days, 63 / 9 / 18.
        n = len(members)
        assert members.count("train") == round(0.7 * n)
        assert members.count("test") == n - round(0.8 * n)


def test_december_belongs_to_the_winter_of_its_own_calendar_year() -> None:
    # systems.md 2.3: January, February and December of one calendar year form its DJF. Adding
    # another year therefore changes nothing, though December 2023 and January 2024 touch.
    alone = season_dates(days(date(2023, 1, 1), date(2023, 12, 31)), seed=2)
    both = season_dates(TWO_YEARS, seed=2)
    assert {day: part for day, part in both.items() if day.year == 2023} == alone
    winter = [part for day, part in alone.items() if day.month in (1, 2, 12)]
    assert (winter.count("train"), winter.count("validation"), winter.count("test")) == (63, 9, 18)


def test_a_seed_decides_and_order_and_repeats_do_not() -> None:
    shuffled = [*reversed(TWO_YEARS), *TWO_YEARS[:50]]
    assert season_dates(shuffled, seed=2) == season_dates(TWO_YEARS, seed=2)
    assert season_dates(TWO_YEARS, seed=3) != season_dates(TWO_YEARS, seed=2)


@given(st.sets(st.dates(date(2000, 1, 1), date(2005, 12, 31)), max_size=80), st.integers(0, 99))
def test_no_date_is_in_two_parts_and_none_is_lost(dates: set[date], seed: int) -> None:
    for parts in (season_dates(list(dates), seed), blocked_dates(list(dates), seed)):
        assert set(parts) == dates
        assert set(parts.values()) <= set(PARTS)


def test_blocks_stay_whole() -> None:
    parts = blocked_dates(TWO_YEARS, seed=1, block_days=10)
    for block in {(day - date(1970, 1, 1)).days // 10 for day in TWO_YEARS}:
        members = {parts[d] for d in TWO_YEARS if (d - date(1970, 1, 1)).days // 10 == block}
        assert len(members) == 1


def test_a_gap_keeps_training_dates_away_from_the_others() -> None:
    parts = blocked_dates(TWO_YEARS, seed=1, block_days=15, gap_days=5)
    train = [day for day, part in parts.items() if part == "train"]
    other = [day for day, part in parts.items() if part != "train"]
    assert min(abs((a - b).days) for a in train for b in other) > 5


def test_stations_are_held_out_whole() -> None:
    parts = left_out([f"s{i}" for i in range(50)] * 3, seed=4)
    counts = {name: list(parts.values()).count(name) for name in PARTS}
    assert counts == {"train": 35, "validation": 5, "test": 10}


def test_few_groups_still_give_every_part_one() -> None:
    assert set(left_out(["a", "b", "c"], seed=0).values()) == set(PARTS)


def test_leave_one_out_visits_each_group_once() -> None:
    assert leave_one_out(["b", "a", "b"]) == ["a", "b"]


def test_the_papers_cut_tests_on_the_92_days_from_october_to_december_2024() -> None:
    # The paper says 91; October to December have 31 + 30 + 31 days.
    parts = date_cut(days(date(2023, 1, 1), date(2025, 1, 31)))
    assert list(parts.values()).count("test") == 92
    assert parts[date(2024, 9, 30)] == "train"
    assert date(2025, 1, 1) not in parts


def test_validation_may_take_the_last_days_of_training() -> None:
    parts = date_cut(TWO_YEARS, validation_days=30)
    assert parts[date(2024, 9, 1)] == "validation"
    assert parts[date(2024, 8, 31)] == "train"


@pytest.mark.parametrize("shares", [(0.5, 0.1, 0.2), (1.2, -0.2, 0.0)])
def test_fractions_that_do_not_add_up_are_refused(shares: tuple[float, float, float]) -> None:
    with pytest.raises(RequestError, match="add up to 1"):
        Fractions(*shares)


def samples() -> pl.DataFrame:
    stations = {"a": (40.0, -105.0), "b": (41.0, -105.0)}
    dates = days(date(2023, 1, 1), date(2023, 1, 10))
    return pl.DataFrame(
        [(s, d, *stations[s]) for s in stations for d in dates],
        schema=["station", "date", "lat", "lon"],
        orient="row",
    )


def test_leakage_by_dates_is_counted() -> None:
    frame = samples()
    test_days = {date(2023, 1, 1), date(2023, 1, 5), date(2023, 1, 9), date(2023, 1, 10)}
    parts = {day: "test" if day in test_days else "train" for day in frame["date"].unique()}
    leak = measure_leakage(frame, assign(frame, "date", parts))
    assert (leak.test_dates, leak.shared_dates) == (4, 0)
    assert (leak.test_stations, leak.shared_stations) == (2, 2)
    # By hand: 1, 1, 1 and 2 days to the nearest training date of the same station.
    assert (leak.days_to_train["min"], leak.days_to_train["within_1"]) == (1.0, 0.75)
    assert leak.km_to_train == {"min": 0.0, "median": 0.0}


def test_leakage_by_stations_is_counted() -> None:
    frame = samples()
    leak = measure_leakage(frame, assign(frame, "station", {"a": "train", "b": "test"}))
    assert (leak.shared_stations, leak.shared_dates, leak.test_dates) == (0, 10, 10)
    # One degree of latitude on a sphere of 6371 km is 111.19 km.
    assert leak.km_to_train is not None
    assert leak.km_to_train["min"] == pytest.approx(111.19, abs=0.01)
    assert leak.days_to_train["within_7"] == 0.0


def test_random_dates_leak_more_than_blocks() -> None:
    # What blocks are for: fewer test days have a training day next to them.
    frame = pl.DataFrame({"station": "a", "date": TWO_YEARS})
    near = [
        measure_leakage(frame, assign(frame, "date", split)).days_to_train["within_1"]
        for split in (season_dates(TWO_YEARS, 2), blocked_dates(TWO_YEARS, 2))
    ]
    assert near[0] > 0.8
    assert near[1] < 0.3


def test_samples_left_out_are_counted_as_none() -> None:
    frame = samples()
    leak = measure_leakage(frame, assign(frame, "station", {"a": "train"}))
    assert leak.samples == {"train": 10, "validation": 0, "test": 0, "none": 10}
