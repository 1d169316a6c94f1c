"""Training of the differentiable retrieval with the one training loop of `rootzone.networks`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.errors import RequestError
from rootzone.networks.batch import Batch
from rootzone.networks.mixing import STATION
from rootzone.networks.run_training import RunOptions, TrainResult, train
from rootzone.networks.settings import TrainSettings
from rootzone.surface.emission_model.config import RetrievalConfig
from rootzone.surface.emission_model.parameters import RetrievalNetwork

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class PointSamples:
    """Retrievals at single pixels, each with what a station said.

    Parameters
    ----------
    channels : array, shape (channel, sample)
        Of `channels.channels_of`.
    theta : array, shape (sample,)
        Water content at 0-5 cm [m3 m-3].
    date : array of int, shape (sample,)
        Days since 1970-01-01.
    place : array of int, shape (sample,)
        Number of the place.
    source : str
        Where the labels come from.
    """

    channels: FloatArray
    theta: FloatArray
    date: AnyArray
    place: AnyArray
    source: str = STATION

    def __post_init__(self) -> None:
        known = np.isfinite(self.channels).all(axis=0) & np.isfinite(self.theta)
        if not known.all():
            raise RequestError(
                f"{int((~known).sum())} of {known.size} samples lack an input or their label; take "
                "them out first (PointSamples.usable tells which are whole)."
            )

    @staticmethod
    def usable(channels: FloatArray, theta: FloatArray) -> AnyArray:
        """Which samples are whole."""
        return np.asarray(np.isfinite(channels).all(axis=0) & np.isfinite(theta))

    def __len__(self) -> int:
        return int(self.theta.size)

    def batch(self, indices: AnyArray, device: torch.device | str = "cpu") -> Batch:
        """Some samples as tiles of one pixel."""
        n = len(indices)
        x = torch.from_numpy(np.ascontiguousarray(self.channels[:, indices].T))
        y = torch.from_numpy(self.theta[indices]).reshape(n, 1, 1, 1)
        whole = Batch(
            x=x.reshape(n, -1, 1, 1),
            y=y,
            mask=torch.ones_like(y, dtype=torch.bool),
            soil=torch.full((n, 1, 4, 1, 1), torch.nan),
            weight=torch.ones_like(y),
            tile=torch.from_numpy(np.asarray(self.place[indices], np.int64)),
            date=torch.from_numpy(np.asarray(self.date[indices], np.int64)),
        )
        return whole.to(device)

    def of(self, chosen: AnyArray) -> PointSamples:
        """Some of the samples."""
        return PointSamples(
            self.channels[:, chosen], self.theta[chosen], self.date[chosen], self.place[chosen],
            self.source,
        )  # fmt: skip


def settings(epochs: int, n_samples: int, seed: int, patience: int = 60) -> TrainSettings:
    """Full batches, Adam at 0.01, the best epoch on held-out stations."""
    return TrainSettings(
        epochs=epochs, steps_per_epoch=1, batch_size=n_samples, optimiser="adam",
        learning_rate=1e-2, weight_decay=0.0, lr_schedule="cosine", patience_epochs=patience,
        seed=seed, physics="none",
    )  # fmt: skip


def new_network(config: RetrievalConfig, seed: int) -> RetrievalNetwork:
    """A network with the weights of a seed; it is SCA-V until it is trained."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return RetrievalNetwork(config)


def train_retrieval(
    train_on: PointSamples,
    validate_on: PointSamples,
    folder: Path,
    *,
    config: RetrievalConfig | None = None,
    epochs: int = 200,
    seed: int = 3,
    unlabelled: Tensor | None = None,
    identity: Mapping[str, Any] | None = None,
    options: RunOptions | None = None,
) -> tuple[RetrievalNetwork, TrainResult]:
    """Train a retrieval, or go on with one.

    Parameters
    ----------
    train_on, validate_on : PointSamples
        Samples of different stations.
    folder : Path
        Gets the log and the checkpoint; killed, the same call ends with the same weights.
    config : RetrievalConfig, optional
        The network and its terms.
    epochs : int
        Most epochs; a step each, over all samples.
    seed : int
        Of the weights.
    unlabelled : tensor, optional
        Cells without stations, shape (cell, channel, pixel), for the consistency term.
    identity : mapping
        What else the run depends on.
    options : RunOptions, optional
        Device and progress.

    Returns
    -------
    network : RetrievalNetwork
        With its best weights, in evaluation mode.
    result : TrainResult
        Its history.
    """
    config = config or RetrievalConfig()
    network = new_network(config, seed)
    network.unlabelled = unlabelled
    result = train(
        network,
        {STATION: train_on},
        validate_on,
        settings(epochs, len(train_on), seed),
        folder,
        identity={"retrieval": config.to_dict(), **(identity or {})},
        options=options,
    )
    network.load_state_dict(result.weights)
    return network.eval(), result
