"""What a trained model says at labelled pixels, with all the neighbours that have a say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone.learning.batches import SampleSet
from rootzone.learning.models import halo_px

if TYPE_CHECKING:
    from rootzone.learning.bundle import Bundle
    from rootzone.learning.label_index import GridLabels
    from rootzone.learning.scene import Scene


@dataclass(frozen=True)
class LabelPrediction:
    """Predictions in the order of the labels.

    Parameters
    ----------
    theta : array, shape (label,)
        Water content [m3 m-3].
    low, high : array, shape (label,)
        Ends of the calibrated interval [m3 m-3]; NaN without a calibration.
    """

    theta: FloatArray
    low: FloatArray
    high: FloatArray


def predict_labels(
    bundle: Bundle, scene: Scene, labels: GridLabels, batch_size: int = 8
) -> LabelPrediction:
    """Predict the pixel and day of every label.

    Tiles are read with the network's whole halo, so that a value is that of a map without seams:
    no padding has a say in it.

    Parameters
    ----------
    bundle : Bundle
        The model.
    scene : Scene
        Covariates, with the model's features.
    labels : GridLabels
        Where and when; their water content is not looked at.
    batch_size : int
        Tile-days at a time.
    """
    samples = SampleSet(scene, labels.patches(1), bundle.depths_mm, halo_px(bundle.config))
    theta, spread = np.full((2, len(labels)), np.nan)
    for start in range(0, len(samples), batch_size):
        numbers = np.arange(start, min(start + batch_size, len(samples)))
        batch = samples.batch(numbers, bundle.device)
        told = bundle.predict(batch.x, batch.soil)
        rows, at = _rows(samples, numbers)
        pick = (at, *(c[rows].astype(np.int64) for c in (labels.depth, labels.row, labels.col)))
        theta[rows] = _picked(batch.inner(told.theta), pick)
        if told.spread is not None:
            spread[rows] = _picked(batch.inner(told.spread), pick)
    if bundle.calibration is None:
        none = np.full(len(labels), np.nan)
        return LabelPrediction(theta, none, none)
    low, high = bundle.calibration.interval(theta, spread)
    return LabelPrediction(theta, low, high)


def _rows(samples: SampleSet, numbers: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Labels of some patches, and the position of each one's patch among them."""
    first, last = samples.patches.first[numbers], samples.patches.last[numbers]
    ranges = [np.arange(a, b) for a, b in zip(first, last, strict=True)]
    return np.concatenate(ranges), np.repeat(np.arange(len(numbers)), last - first)


def _picked(field: torch.Tensor, pick: tuple[AnyArray, ...]) -> FloatArray:
    return np.asarray(field.double().cpu().numpy()[pick], dtype=np.float64)
