"""What a network says at labelled pixels, and how far off it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from rootzone._shared.arrays import FloatArray, IntArray
from rootzone._shared.skill import Skill, skill_of

if TYPE_CHECKING:
    from rootzone.networks.batch import Batch, Samples
    from rootzone.networks.ensemble import EnsemblePrediction
    from rootzone.networks.models import Prediction

Predict = Callable[[Tensor, Tensor], "Prediction | EnsemblePrediction"]

# Tiles that one validation looks at; more would cost an epoch more than its training.
MOST_TILES = 2048


@dataclass(frozen=True)
class LabelValues:
    """Labels and what was predicted there, one entry a label.

    Parameters
    ----------
    sample : int array
        Number of the sample in its set.
    depth, row, col : int array
        Number of the depth, and the pixel inside its tile.
    observed, predicted : float array
        Water content [m3 m-3].
    spread : float array or None
        The network's own standard deviation [m3 m-3], where it has one.
    """

    sample: IntArray
    depth: IntArray
    row: IntArray
    col: IntArray
    observed: FloatArray
    predicted: FloatArray
    spread: FloatArray | None

    def skill(self) -> Skill:
        """Figures over all labels."""
        return skill_of(self.predicted, self.observed, least_pairs=1)


def values_at_labels(
    predict: Predict,
    samples: Samples,
    *,
    batch_size: int,
    device: torch.device,
    most: int | None = None,
) -> LabelValues:
    """Predict every sample of a set, and keep what lies at its labels.

    Parameters
    ----------
    predict : callable
        Scaled channels and soil in, prediction out; called without gradients.
    samples : Samples
        The samples.
    batch_size : int
        Tiles at a time.
    device : torch.device
        Where the network is.
    most : int, optional
        Largest number of samples; of more, evenly spaced ones are taken, always the same.
    """
    chosen = np.arange(len(samples), dtype=np.int64)
    if most is not None and chosen.size > most:
        chosen = np.linspace(0, chosen.size - 1, most).round().astype(np.int64)
    parts = []
    with torch.no_grad():
        for start in range(0, chosen.size, batch_size):
            indices = chosen[start : start + batch_size]
            batch = samples.batch(indices, device)
            prediction = predict(batch.x, batch.soil)
            parts.append(_at_labels(prediction, batch, indices))
    sample, depth, row, col, observed, predicted, spread = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    return LabelValues(
        sample, depth, row, col, observed, predicted, spread if spread.size else None
    )


def _at_labels(
    prediction: Prediction | EnsemblePrediction, batch: Batch, indices: IntArray
) -> tuple[IntArray | FloatArray, ...]:
    y, where = batch.inner(batch.y), batch.inner(batch.mask)
    sample, depth, row, col = (axis.cpu().numpy() for axis in torch.nonzero(where, as_tuple=True))
    theta = batch.inner(prediction.theta)[where].double().cpu().numpy()
    spread = np.empty(0)
    if prediction.spread is not None:
        spread = batch.inner(prediction.spread)[where].double().cpu().numpy()
    return indices[sample], depth, row, col, y[where].double().cpu().numpy(), theta, spread


def validation_skill(
    network: nn.Module, samples: Samples, *, batch_size: int, device: torch.device, bf16: bool
) -> Skill:
    """Figures of a network over a set of samples; the network is left in training mode."""
    network.eval()

    def predict(x: Tensor, soil: Tensor) -> Prediction:
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=bf16):
            told: Prediction = network(x, soil)
        return told

    values = values_at_labels(
        predict, samples, batch_size=batch_size, device=device, most=MOST_TILES
    )
    network.train()
    return values.skill()
