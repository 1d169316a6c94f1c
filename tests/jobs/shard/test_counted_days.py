from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from rootzone._shared.days import calendar_day
from rootzone.engines.failures import FailureClass
from rootzone.engines.protocol import Profiles, WeatherBatch
from rootzone.jobs.shard.counted_days import (
    Span,
    cells_out_of_span,
    counted,
    lacking_days,
    theta_out_of_bounds,
)


def profiles(first_day: list[int], n_day: list[int], n_layer: list[int]) -> Profiles:
    """Theta and runoff number the days of each site from 0."""
    days, layers = np.array(n_day), np.array(n_layer)
    theta = [np.repeat(np.arange(d), k) / 1000.0 for d, k in zip(n_day, n_layer, strict=True)]
    return Profiles(
        np.arange(len(n_day)) + 1,
        np.concatenate(([0], np.cumsum(days))),
        np.concatenate(([0], np.cumsum(days * layers))),
        layers,
        np.array(first_day),
        np.concatenate(theta),
        {"runoff_mm": np.concatenate([np.arange(d, dtype=float) for d in n_day])},
    )


def test_a_year_with_its_spin_up_starts_that_many_days_before_new_year() -> None:
    span = Span.of_year(2021, 365)
    # 2020 is a leap year: 365 days before 2021-01-01 is 2020-01-02.
    assert calendar_day(span.start) == date(2020, 1, 2)
    assert calendar_day(span.first) == date(2021, 1, 1)
    assert calendar_day(span.last) == date(2021, 12, 31)
    assert span.n_counted == 365
    assert list(span.weather_years) == [2020, 2021]


def test_without_spin_up_only_the_year_itself_is_needed() -> None:
    assert list(Span.of_year(2020, 0).weather_years) == [2020]
    assert Span.of_year(2020, 0).n_counted == 366


@pytest.mark.parametrize("n_layer", [[2, 2], [2, 3]])
@pytest.mark.parametrize("n_day", [[13, 13], [13, 15]])
def test_the_spin_up_is_cut_off_and_the_counted_days_kept(
    n_layer: list[int], n_day: list[int]
) -> None:
    span = Span(start=97, first=100, last=109)
    cut = counted(profiles([97, 97], n_day, n_layer), span)
    assert cut.first_day.tolist() == [100, 100]
    assert np.diff(cut.row_start).tolist() == [10, 10]
    assert cut.daily["runoff_mm"].tolist() == [*range(3, 13)] * 2
    assert cut.theta_of(1)[:, 0] == pytest.approx(np.arange(3, 13) / 1000.0)
    assert cut.theta_of(1).shape == (10, n_layer[1])


def test_profiles_of_just_the_counted_days_are_taken_as_they_are() -> None:
    whole = profiles([100, 100], [10, 10], [2, 2])
    assert counted(whole, Span(100, 100, 109)) is whole


def test_a_profile_that_ends_early_or_starts_late_lacks_days() -> None:
    span = Span(start=100, first=100, last=109)
    failures = lacking_days(profiles([100, 100, 102], [10, 9, 8], [1, 1, 1]), span)
    assert set(failures) == {2, 3}
    assert failures[2].failure_class is FailureClass.DATES_INCOMPLETE


def test_a_cell_that_starts_late_or_ends_early_is_named_with_what_it_has() -> None:
    weather = WeatherBatch(
        np.array([1, 2, 3]), np.array([0, 10, 19, 28]), np.array([100, 100, 101]), {}
    )
    short = cells_out_of_span(weather, Span(start=100, first=100, last=109))
    assert set(short) == {1, 2}
    assert "1970-04-11 to 1970-04-19" in short[1]


def test_theta_above_saturation_on_the_campaign_layers_is_told_with_layer_and_day() -> None:
    # Layer 2 of site 1 holds at most 0.0035, which its theta passes on the fifth day (0.004).
    high = {1: np.array([1.0, 0.0035]), 2: np.array([1.0, 1.0])}
    failures = theta_out_of_bounds(profiles([100, 100], [10, 10], [2, 2]), high, 1e-9)
    assert list(failures) == [1]
    assert (failures[1].layer, failures[1].date) == (2, calendar_day(104).isoformat())
