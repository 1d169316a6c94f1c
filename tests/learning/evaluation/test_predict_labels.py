"""Predictions at labels, against one pass over the whole made-up scene."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from rootzone.learning.evaluation.predict_labels import predict_labels
from rootzone.learning.samples.label_index import GridLabels
from rootzone.learning.scene.expand import expand
from rootzone.maps.predict import WindowPredictor
from rootzone.networks.bundle import Bundle
from rootzone.networks.calibration import Calibration
from rootzone.networks.ensemble import Ensemble
from rootzone.networks.families.unet import ModelConfig
from tests.learning.scenes import day, grid, label_frames, scene, some_labels

TINY = ModelConfig(20, widths=(4, 8), encoder_convs=(1, 1), decoder_convs=(1, 1))


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    torch.manual_seed(1)
    torch.set_num_threads(1)
    ensemble = Ensemble([TINY.build().eval()])
    info: dict[str, Any] = {"settings": {"seed": 3}}
    return Bundle(ensemble, TINY, scene().spec, (200.0,), None, info, "")


def test_a_prediction_is_that_of_a_scene_without_tiles(bundle: Bundle) -> None:
    land, labels = scene(), some_labels()
    window = grid().full_window
    found = predict_labels(bundle, land, labels)
    where = land.cells(window)
    for date in np.unique(labels.date):
        x = expand(
            torch.from_numpy(land.static(window))[None],
            torch.from_numpy(where.index)[None],
            None,
            torch.from_numpy(land.day(date)),
            None,
            land.spec,
        )
        with torch.inference_mode():
            whole = bundle.predict(x).theta[0, 0].numpy()
        here = labels.date == date
        row, col = labels.pixel_row[here], labels.pixel_col[here]
        np.testing.assert_allclose(found.theta[here], whole[row, col], atol=2e-6)
    assert np.isnan(found.low).all()


def test_in_the_corner_of_the_land_a_prediction_is_that_of_the_map(bundle: Bundle) -> None:
    frame, sites = label_frames([("a", 0, 0, 40, 0.1), ("b", 31, 47, 40, 0.3)])
    found = predict_labels(bundle, scene(), GridLabels.from_labels(frame, sites, grid(), (200.0,)))
    window = grid().full_window
    (map_values,) = WindowPredictor(scene(), bundle).days(window, [day(40)])
    corners = map_values.theta[0, [0, 31], [0, 47]]
    np.testing.assert_allclose(found.theta, corners, atol=2e-6)


def test_two_places_in_one_pixel_get_the_same_prediction_each(bundle: Bundle) -> None:
    frame, sites = label_frames([("a", 3, 5, 40, 0.1), ("b", 3, 5, 40, 0.3), ("c", 9, 9, 40, 0.2)])
    labels = GridLabels.from_labels(frame, sites, grid(), (200.0,))
    found = predict_labels(bundle, scene(), labels).theta
    by_place = dict(zip([labels.places[k] for k in labels.place], found, strict=True))
    assert by_place["a"] == by_place["b"] != by_place["c"]
    assert labels.dates == [day(40)]


def test_the_interval_is_the_calibrated_one(bundle: Bundle) -> None:
    sure = replace(bundle, calibration=Calibration(0.8, 0.05, scaled=False, n=10, n_place=5))
    found = predict_labels(sure, scene(), some_labels())
    np.testing.assert_allclose(found.high - found.theta, 0.05)
    np.testing.assert_allclose(found.theta - found.low, 0.05)
