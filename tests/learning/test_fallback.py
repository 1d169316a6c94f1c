"""Where a map takes physics as it is, in place of a correction nobody has judged there."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch

from rootzone._shared.arrays import AnyArray, Float32Array, IntArray
from rootzone.campaign.learning_section import Features, Learning
from rootzone.covariates.grid import Window
from rootzone.learning.evaluation.predict_labels import predict_labels
from rootzone.learning.fallback import Fallback, farthest, find_fallback
from rootzone.learning.fallback_inputs import physics_at
from rootzone.learning.race import HeldOut
from rootzone.learning.scene.features import features_of
from rootzone.learning.scene.scene import Scene
from rootzone.learning.scene.weather_days import WeatherDays
from rootzone.learning.trust import FEATURES, TrainingSites, split_features
from rootzone.maps.encoding import FALLBACK
from rootzone.maps.predict import WindowPredictor
from rootzone.networks.bundle import Bundle
from rootzone.networks.calibration import Calibration
from rootzone.networks.ensemble import Ensemble
from rootzone.networks.families import config_of
from rootzone.networks.residual import Residual
from tests.covariates.weather_files import GRIDMET
from tests.learning.scenes import day, grid, land, some_labels, weather_frame

PHYSICS = Calibration(0.8, 0.05, False, 9, 9)
MODEL = Calibration(0.8, 0.02, False, 9, 9)
CUT = 16  # rows above it are like the training places


@dataclass(frozen=True)
class Slope:
    """Physics that tells the row and, through the day, the date."""

    def read(self, column: str, date: dt.date, window: Window) -> Float32Array:
        rows = np.arange(window.row, window.row + window.height)
        told = 0.15 + 0.002 * rows + 0.0001 * date.timetuple().tm_yday
        return np.repeat(told[:, None], window.width, axis=1).astype(np.float32)

    def at_points(
        self, columns: list[str], row: IntArray, col: IntArray, dates: list[dt.date]
    ) -> Float32Array:
        pixels = [
            self.read(columns[0], on, Window(int(r), int(c), 1, 1))[0, 0]
            for r, c, on in zip(row, col, dates, strict=True)
        ]
        return np.array(pixels, dtype=np.float32)[:, None]


def with_physics() -> Scene:
    """The small scene with physics as its last channel."""
    spec = features_of(Features(physics=("theta",)), depths_mm=[200.0])
    weather = WeatherDays.from_frame(weather_frame(), spec)
    return Scene(land(), weather, spec, GRIDMET, physics=Slope())  # type: ignore[arg-type]  # a field's stand-in


def corrected(whole: Scene, info: dict[str, Any]) -> Bundle:
    """A network that moves physics up everywhere, with an interval of .02."""
    shape = config_of(Learning(model="unet_residual", widths=(4, 4)), len(whole.spec), 1)
    torch.manual_seed(1)
    network = shape.build()
    assert isinstance(network, Residual)
    assert network.inner is not None
    assert network.inner.head.bias is not None
    torch.nn.init.constant_(network.inner.head.bias, 0.3)
    return Bundle(Ensemble([network.eval()]), shape, whole.spec, (200.0,), MODEL, info, "")


def near_rows(whole: Scene) -> Fallback:
    """Training places on every pixel of the upper rows; no other is as near as 0."""
    bands = whole.land.read(FEATURES, Window(0, 0, CUT, grid().width))
    numbers, classes = split_features(FEATURES, bands.reshape(len(FEATURES), -1))
    sites = TrainingSites(numbers, classes, np.zeros(len(numbers), dtype=bool))
    return Fallback(1e-6, sites, PHYSICS, 9, 1, 0)


def test_far_from_the_training_places_a_map_is_physics_and_says_so() -> None:
    whole = with_physics()
    rule = json.loads(json.dumps(near_rows(whole).to_dict()))  # as a bundle keeps it
    (plain,) = WindowPredictor(whole, corrected(whole, {})).days(grid().full_window, [day(40)])
    bundle = corrected(whole, {"fallback": rule})
    (told,) = WindowPredictor(whole, bundle).days(grid().full_window, [day(40)])
    far = np.arange(grid().height) >= CUT
    base = Slope().read("", day(40), grid().full_window)
    np.testing.assert_array_equal(told.theta[0][far], base[far])
    np.testing.assert_allclose(told.half_width[0][far], 0.05)
    assert (plain.theta[0] - base > 0.01).all()  # what the network moves it by
    np.testing.assert_array_equal(told.theta[0][~far], plain.theta[0][~far])
    np.testing.assert_allclose(told.half_width[0][~far], 0.02)
    np.testing.assert_array_equal(
        (told.flags & FALLBACK.bit) > 0, np.repeat(far[:, None], grid().width, axis=1)
    )
    assert not (plain.flags & FALLBACK.bit).any()


class Unsure(Slope):
    """Physics that may be off by .05 in the first rows and by nothing below."""

    def error(self, date: dt.date, window: Window, level: float) -> Float32Array:
        rows = np.arange(window.row, window.row + window.height)
        told = np.where(rows < CUT, 0.05, 0.0)
        return np.repeat(told[None, :, None], window.width, axis=2).astype(np.float32)

    def error_at_points(
        self, row: IntArray, col: IntArray, dates: list[dt.date], level: float
    ) -> Float32Array:
        return np.where(np.asarray(row) < CUT, 0.05, 0.0).astype(np.float32)[:, None]


def test_intervals_are_wider_where_physics_is_far_from_what_was_simulated() -> None:
    whole, labels = replace(with_physics(), physics=Unsure()), some_labels()  # type: ignore[arg-type]  # a stand-in
    bundle = replace(
        corrected(whole, {}), calibration=Calibration(0.8, 0.12, False, 9, 9, physics=True)
    )
    (told,) = WindowPredictor(whole, bundle).days(grid().full_window, [day(40)])
    # 5-12-13 in the first rows.
    np.testing.assert_allclose(told.half_width[0][:CUT], 0.13, rtol=1e-6)
    np.testing.assert_allclose(told.half_width[0][CUT:], 0.12, rtol=1e-6)
    there = predict_labels(bundle, whole, labels)
    wide = np.where(labels.pixel_row < CUT, 0.13, 0.12)
    np.testing.assert_allclose(there.high - there.theta, wide, rtol=1e-6)


def test_labels_are_predicted_as_the_map_is() -> None:
    whole, labels = with_physics(), some_labels()
    bundle = corrected(whole, {"fallback": near_rows(whole).to_dict()})
    told = predict_labels(bundle, whole, labels)
    far = labels.pixel_row >= CUT
    assert far.any()
    assert (~far).any()
    np.testing.assert_array_equal(told.theta[far], physics_at(whole, labels)[far])
    np.testing.assert_allclose((told.high - told.low)[far], 0.10)
    np.testing.assert_allclose((told.high - told.low)[~far], 0.04)
    for k in range(len(labels)):
        on: dt.date = labels.date[k].astype(object)
        (there,) = WindowPredictor(whole, bundle).days(grid().full_window, [on])
        pixel = there.theta[0, labels.pixel_row[k], labels.pixel_col[k]]
        assert told.theta[k] == pytest.approx(pixel, abs=1e-6)


def held(model: list[float], physics: list[float]) -> HeldOut:
    """Places with a truth of .3, two days each, every one a step farther than the one before."""
    observed = np.full(2 * len(model), 0.3)

    def twice(values: AnyArray) -> AnyArray:
        return np.repeat(values, 2)

    place = np.arange(len(model))
    return HeldOut(
        observed, observed + twice(np.array(model)), twice(place),
        np.repeat(np.datetime64("2023-07-01"), observed.size),
        observed - twice(np.array(physics)), twice(place / 10.0),
    )  # fmt: skip


def test_the_rule_keeps_the_model_where_it_is_better_than_physics() -> None:
    # The correction halves the error at four near places and is .06 off at four far ones where
    # physics is .02 off: .04 worse, more than the .02 its interval has to one side.
    found = find_fallback(held([0.02] * 4 + [0.06] * 4, [0.04] * 4 + [0.02] * 4), SITES, MODEL, 0.8)
    assert found is not None
    assert found.distance == pytest.approx(0.3)
    assert (found.places, found.worse, found.worse_with) == (8, 4, 0)
    assert found.physics.factor == pytest.approx(0.04)
    assert "at 4 of 8 places left out, 0 with that" in found.words()


def test_two_unlucky_places_do_not_take_the_model_away() -> None:
    errors = [0.01] * 6 + [0.03] * 2
    found = find_fallback(held(errors, [0.02] * 8), SITES, MODEL, 0.8)
    assert found is not None
    assert found.distance == pytest.approx(0.7)  # nothing was judged farther away


def test_a_model_that_is_worse_everywhere_is_asked_nowhere() -> None:
    assert farthest(np.arange(5.0), np.full(5, 0.05), np.full(5, 0.02)) == -1.0


def test_without_physics_there_is_nothing_to_fall_back_to() -> None:
    silent = replace(held([0.01] * 4, [0.02] * 4), physics=np.full(8, np.nan))
    assert find_fallback(silent, SITES, MODEL, 0.8) is None


SITES = TrainingSites(np.array([[0.0], [np.nan]]), np.zeros((2, 1)), np.zeros(2, dtype=bool))
