"""Models that correct a downscaled field by stations: patches, or trees on single pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone.surface.fusion.downscale import DownscaleSettings
from rootzone.surface.fusion.point_to_area import (
    REACH_PX,
    PatchNetwork,
    PatchSamples,
    new_network,
    train_patches,
)

HELD: Final = 2
"""Convolutions held while stations are learned from, after a model was."""
_TREE_ROUNDS, _TREE_LEAVES = 200, 15
_RATE, _RATE_AFTER = 2e-3, 6e-4


@dataclass(frozen=True)
class ResidualTrees:
    """Trees on what stations say less the field, at single pixels.

    Parameters
    ----------
    booster : object
        The trees.
    """

    booster: Any

    @classmethod
    def fitted(cls, samples: PatchSamples, seed: int) -> ResidualTrees:
        """Grow them on samples; the field is the first channel."""
        import lightgbm

        middle = middle_of(samples.x)
        settings = DownscaleSettings(seed=seed, leaves=_TREE_LEAVES).of_trees()
        data = lightgbm.Dataset(middle, samples.theta - middle[:, 0])
        return cls(lightgbm.train(settings, data, _TREE_ROUNDS))

    def at(self, samples: PatchSamples) -> FloatArray:
        """Water content at the middle of patches [m3 m-3]."""
        middle = middle_of(samples.x)
        return np.asarray(middle[:, 0] + self.booster.predict(middle), np.float64)

    def map(self, stack: AnyArray) -> FloatArray:
        """Water content of a whole field, shape (row, col), from its channels."""
        flat = stack.reshape(len(stack), -1).T.astype(np.float64)
        known = np.isfinite(flat[:, 0])
        out = np.full(len(flat), np.nan)
        if known.any():
            out[known] = flat[known, 0] + self.booster.predict(flat[known])
        return out.reshape(stack.shape[1:])


def middle_of(x: AnyArray) -> FloatArray:
    """Channels of the middle pixel, shape (sample, channel)."""
    return np.asarray(x[:, :, REACH_PX, REACH_PX], np.float64)


def network_map(networks: Sequence[PatchNetwork], stack: AnyArray) -> FloatArray:
    """Mean of the networks over a whole field, shape (row, col); NaN within 5 px of the rim."""
    with torch.no_grad():
        x = torch.from_numpy(np.asarray(stack, np.float32))[None]
        told = [network(x).theta[0, 0].double().numpy() for network in networks]
    return np.asarray(np.mean(told, axis=0))


def learn_model(
    samples: PatchSamples,
    validation: PatchSamples,
    start: Mapping[str, torch.Tensor] | None,
    folder: Path,
    *,
    epochs: int,
    identity: Mapping[str, Any],
) -> PatchNetwork:
    """A network that has learned a model's values everywhere.

    Parameters
    ----------
    samples, validation : PatchSamples
        The model's value at pixels and days drawn.
    start : mapping, optional
        Weights of the layer above, which the one below starts from.
    folder : Path
        Log and checkpoint.
    epochs : int
        Most of them.
    identity : mapping
        What the samples came from.
    """
    network = scaled_network(samples, 0)
    if start is not None:
        own = {name: network.state_dict()[name] for name in ("mean", "scale")}
        network.load_state_dict({**start, **own})
    network, _ = train_patches(
        network, samples, validation, folder, epochs=epochs, batch_size=256, identity=identity
    )
    return network


def learn_stations(
    train: PatchSamples,
    validation: PatchSamples,
    start: Mapping[str, torch.Tensor] | None,
    folder: Path,
    *,
    epochs: int,
    seed: int,
    identity: Mapping[str, Any],
) -> PatchNetwork:
    """A network that corrects the field by stations, new or from one that learned a model."""
    network = scaled_network(train, seed)
    if start is not None:
        network.load_state_dict(dict(start))
    network, _ = train_patches(
        network, train, validation, folder, epochs=epochs, seed=seed,
        learning_rate=_RATE if start is None else _RATE_AFTER,
        n_held=0 if start is None else HELD, identity=identity,
    )  # fmt: skip
    return network


def scaled_network(samples: PatchSamples, seed: int) -> PatchNetwork:
    """A new network, its channels scaled by the patches of some samples."""
    some = samples.x[:: max(1, len(samples) // 500)]
    return new_network(lambda k: some[k], np.arange(len(some)), seed)
