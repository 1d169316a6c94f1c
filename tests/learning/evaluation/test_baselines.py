"""Baselines, on labels whose answer is known."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from rootzone.covariates.grid import Window
from rootzone.learning.evaluation.baselines import (
    climatology_at,
    features_at,
    lightgbm_at,
    persistence_at,
    surface_at,
)
from rootzone.learning.samples.label_index import GridLabels
from tests.learning.scenes import day, grid, label_frames, scene


def labels_of(rows: list[tuple[str, int, int, int, float]]) -> GridLabels:
    """Labels of tuples of site, row, column, day of the record and theta."""
    frame, sites = label_frames(rows)
    return GridLabels.from_labels(frame, sites, grid(), (200.0,))


def answers(labels: GridLabels, values: np.ndarray) -> dict[tuple[str, dt.date], float]:
    places = [labels.places[k] for k in labels.place]
    return dict(zip(zip(places, labels.date.tolist(), strict=True), values, strict=True))


def test_persistence_is_the_last_training_value_before_the_day_and_tells_its_age() -> None:
    train = labels_of([("a", 1, 1, 35, 0.1), ("a", 1, 1, 40, 0.2), ("b", 9, 9, 30, 0.4)])
    asked = labels_of(
        [("a", 1, 1, 36, 0.0), ("a", 1, 1, 40, 0.0), ("a", 1, 1, 50, 0.0), ("c", 3, 3, 50, 0.0),
         ("a", 1, 1, 34, 0.0)]
    )  # fmt: skip
    theta, lag = persistence_at(train, asked)
    value, age = answers(asked, theta), answers(asked, lag)
    assert value["a", day(36)] == pytest.approx(0.1)
    assert age["a", day(36)] == 1
    assert value["a", day(40)] == pytest.approx(0.1)  # the day's own value is not before it
    assert value["a", day(50)] == pytest.approx(0.2)
    assert age["a", day(50)] == 10
    for nowhere in (("c", day(50)), ("a", day(34))):
        assert np.isnan(value[nowhere])
        assert age[nowhere] == -1


def test_climatology_is_the_places_own_and_that_of_all_where_it_never_trains() -> None:
    # Constant places: 0.1 at a, 0.3 at b; so 0.2 for c, each place counting once though b has
    # three times the days.
    train = labels_of(
        [("a", 1, 1, 40, 0.1)] + [("b", 9, 9, k, 0.3) for k in (40, 41, 42)]
    )  # fmt: skip
    asked = labels_of([("a", 1, 1, 45, 0.0), ("b", 9, 9, 45, 0.0), ("c", 3, 3, 45, 0.0)])
    value = answers(asked, climatology_at(train, asked))
    assert value["a", day(45)] == pytest.approx(0.1)
    assert value["b", day(45)] == pytest.approx(0.3)
    assert value["c", day(45)] == pytest.approx(0.2)


def test_climatology_is_smoothed_over_15_days() -> None:
    # Values 0.1 on day 40 and 0.3 on day 50 of the year: day 45 sees both, day 34 the first alone.
    train = labels_of([("a", 1, 1, 40, 0.1), ("a", 1, 1, 50, 0.3)])
    asked = labels_of([("a", 1, 1, 45, 0.0), ("a", 1, 1, 34, 0.0)])
    value = answers(asked, climatology_at(train, asked))
    assert value["a", day(45)] == pytest.approx(0.2)
    assert value["a", day(34)] == pytest.approx(0.1)


def test_without_training_labels_there_is_no_climatology_and_no_persistence() -> None:
    asked = labels_of([("a", 1, 1, 45, 0.0)])
    assert np.isnan(climatology_at(None, asked)).all()
    assert np.isnan(persistence_at(None, asked)[0]).all()


def made_up(days: range, sites: range) -> GridLabels:
    """theta = 0.1 + 0.005 x row of the pixel, a channel of the land (sand)."""
    rows = [
        (f"s{k}", (7 * k) % 32, (5 * k) % 48, d, 0.1 + 0.005 * ((7 * k) % 32))
        for k in sites
        for d in days
    ]
    return labels_of(rows)


def test_trees_see_the_networks_own_features_and_learn_from_them() -> None:
    land = scene()
    asked = made_up(range(50, 55), range(24, 32))
    assert features_at(land, asked).shape == (len(asked), 20)
    found = lightgbm_at(
        land, {"simulated": made_up(range(30, 50), range(24))}, asked, simulated_share=1.0, seed=1
    )
    assert np.abs(found - asked.theta).mean() < 0.01  # of a spread of 0.045
    again = lightgbm_at(
        land,
        {"simulated": made_up(range(30, 50), range(24))},
        replace(asked, theta=np.zeros_like(asked.theta)),
        simulated_share=1.0,
        seed=1,
    )
    np.testing.assert_array_equal(found, again)  # what is asked has no say


def test_trees_weigh_the_sources_as_batches_are_mixed() -> None:
    # Same pixels and days, 0.1 by simulation and 0.3 by station, three times the simulated labels:
    # with a simulated share of 0.25 the least squares answer is 0.25 x 0.1 + 0.75 x 0.3 = 0.25.
    rows = [("s", 3, 3, d, 0.1) for d in range(30, 60)]
    simulated = labels_of(rows + [(f"t{k}", 3, 3, d, 0.1) for k in (1, 2) for d in range(30, 60)])
    station = replace(labels_of([("s", 3, 3, d, 0.3) for d in range(30, 60)]), source="station")
    found = lightgbm_at(
        scene(), {"simulated": simulated, "station": station}, station, simulated_share=0.25, seed=1
    )
    assert found.mean() == pytest.approx(0.25, abs=0.005)  # trees see draws of the rows


def test_the_surface_product_is_read_at_the_pixel_and_day() -> None:
    class Product:
        def read(self, date: dt.date, window: Window) -> np.ndarray:
            rows = np.arange(window.row, window.row + window.height)[:, None]
            cols = np.arange(window.col, window.col + window.width)[None, :]
            return (rows + 0.01 * cols + date.day).astype(np.float32)

    asked = labels_of([("a", 3, 5, 45, 0.0), ("b", 20, 40, 46, 0.0), ("c", 3, 9, 45, 0.0)])
    land = replace(scene(), surface_source=Product())  # type: ignore[arg-type]
    value = answers(asked, surface_at(land, asked))
    # Day 45 of the record is 15 February, day 46 the 16th.
    assert value["a", day(45)] == pytest.approx(3 + 0.05 + 15)
    assert value["b", day(46)] == pytest.approx(20 + 0.40 + 16)
    assert value["c", day(45)] == pytest.approx(3 + 0.09 + 15)
    assert np.isnan(surface_at(scene(), asked)).all()
