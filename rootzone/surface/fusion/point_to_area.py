"""From stations to areas: a small network that corrects a downscaled field, with transfer.

It reads a patch of 11 x 11 pixels round each pixel and adds a correction to the field's own value;
new, it adds nothing. It may first be trained on a coarse model everywhere, and then on stations
with its first two convolutions held. All layers are convolutions without padding, so a whole map
is one pass, and equals its patches.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from rootzone._shared.arrays import AnyArray, Float32Array, FloatArray, IntArray
from rootzone._shared.errors import RequestError
from rootzone.networks.batch import Batch
from rootzone.networks.mixing import STATION
from rootzone.networks.models import Prediction
from rootzone.networks.run_training import RunOptions, TrainResult, train
from rootzone.networks.settings import TrainSettings

PATCH_PX: Final = 11
REACH_PX: Final = PATCH_PX // 2
_LAST_SIDE: Final = 5  # what three unpadded 3 x 3 convolutions leave of a patch

Fields = Callable[[int], AnyArray]
"""Fields of a day by its number, shape (channel, row, column); the first is the downscaled one."""


class PatchNetwork(nn.Module):
    """Three convolutions, a mean over what they leave, two layers, and the field's own value.

    Parameters
    ----------
    mean, scale : array, shape (channel,)
        What channels have taken from them and are divided by.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, mean: AnyArray, scale: AnyArray) -> None:
        super().__init__()
        n = len(mean)
        self.register_buffer("mean", torch.as_tensor(mean, dtype=torch.float32).reshape(1, n, 1, 1))
        told = torch.as_tensor(scale, dtype=torch.float32).reshape(1, n, 1, 1)
        self.register_buffer("scale", torch.where(told > 0.0, told, 1.0))
        widths = (n, 32, 64, 64)
        self.convs = nn.ModuleList(
            nn.Sequential(nn.Conv2d(a, b, 3), nn.BatchNorm2d(b), nn.ReLU())
            for a, b in pairwise(widths)
        )
        self.dense = nn.Conv2d(64, 64, 1)
        self.last = nn.Conv2d(64, 1, 1)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]  # a bias may be None by its type
        self.n_held = 0

    def hold(self, n: int) -> None:
        """Keep the first ``n`` convolutions as they are, their norms too."""
        self.n_held = n
        for block in list(self.convs)[:n]:
            for values in block.parameters():
                values.requires_grad_(False)

    def train(self, mode: bool = True) -> PatchNetwork:
        """Training mode for what is not held."""
        super().train(mode)
        for block in list(self.convs)[: self.n_held]:
            block.eval()
        return self

    def forward(self, x: Tensor, soil: Tensor | None = None) -> Prediction:
        """Corrected water content.

        Parameters
        ----------
        x : tensor, shape (batch, channel, row, column)
            Fields, at least 11 x 11; a NaN counts as the channel's mean.

        Returns
        -------
        Prediction
            Of the size of ``x``; NaN within 5 pixels of its rim and where the first channel is NaN.
        """
        del soil
        if min(x.shape[-2:]) < PATCH_PX:
            raise RequestError(
                f"A patch is {PATCH_PX} px; got {tuple(x.shape[-2:])} rows and columns."
            )
        scaled = torch.nan_to_num((x - self.mean) / self.scale)
        for block in self.convs:
            scaled = block(scaled)
        pooled = functional.avg_pool2d(scaled, _LAST_SIDE, stride=1)
        change = self.last(torch.relu(self.dense(pooled)))
        inner = slice(REACH_PX, -REACH_PX)
        theta = x[:, :1, inner, inner] + change
        return Prediction(functional.pad(theta, [REACH_PX] * 4, value=torch.nan), None)


@dataclass(frozen=True)
class PatchSamples:
    """Patches of daily fields with a value at their centre.

    Parameters
    ----------
    fields : callable
        Fields by day.
    day, row, col : array of int, shape (sample,)
        Where and when; at least 5 pixels from the rim.
    theta : array, shape (sample,)
        Water content there [m3 m-3].
    place : array of int, shape (sample,)
        Number of the place.
    source : str
        Where the values come from.
    """

    fields: Fields
    day: IntArray
    row: IntArray
    col: IntArray
    theta: FloatArray
    place: IntArray
    source: str = STATION

    def __len__(self) -> int:
        return int(self.theta.size)

    def patches(self, indices: AnyArray) -> Float32Array:
        """Patches, shape (sample, channel, 11, 11)."""
        cached = lru_cache(maxsize=None)(self.fields)
        out = []
        for i in np.asarray(indices):
            r, c = int(self.row[i]), int(self.col[i])
            field = cached(int(self.day[i]))
            rows = slice(r - REACH_PX, r + REACH_PX + 1)
            out.append(field[:, rows, c - REACH_PX : c + REACH_PX + 1])
        return np.stack(out).astype(np.float32)

    def batch(self, indices: AnyArray, device: torch.device | str = "cpu") -> Batch:
        """Some samples; the label is that of the centre."""
        indices = np.asarray(indices)
        x = torch.from_numpy(self.patches(indices))
        n = len(indices)
        y = torch.zeros(n, 1, PATCH_PX, PATCH_PX)
        y[:, 0, REACH_PX, REACH_PX] = torch.from_numpy(self.theta[indices]).float()
        mask = torch.zeros(n, 1, PATCH_PX, PATCH_PX, dtype=torch.bool)
        mask[:, :, REACH_PX, REACH_PX] = True
        whole = Batch(
            x=x, y=y, mask=mask, soil=torch.full((n, 1, 4, PATCH_PX, PATCH_PX), torch.nan),
            weight=mask.float(), halo_px=REACH_PX,
            tile=torch.from_numpy(self.place[indices].astype(np.int64)),
            date=torch.from_numpy(self.day[indices].astype(np.int64)),
        )  # fmt: skip
        return whole.to(device)

    def of(self, chosen: AnyArray) -> PatchSamples:
        """Some of the samples."""
        return PatchSamples(
            self.fields, self.day[chosen], self.row[chosen], self.col[chosen],
            self.theta[chosen], self.place[chosen], self.source,
        )  # fmt: skip


def new_network(fields: Fields, days: AnyArray, seed: int) -> PatchNetwork:
    """A network that corrects nothing yet, its channels scaled by what some days hold."""
    sample = np.stack([np.asarray(fields(int(day)), np.float64) for day in days])
    n = sample.shape[1]
    flat = sample.transpose(1, 0, 2, 3).reshape(n, -1)
    if not np.isfinite(flat).any(axis=1).all():
        raise RequestError("A channel is unknown on all of the days it is scaled by.")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return PatchNetwork(np.nanmean(flat, axis=1), np.nanstd(flat, axis=1))


def train_patches(
    network: PatchNetwork,
    train_on: PatchSamples,
    validate_on: PatchSamples,
    folder: Path,
    *,
    epochs: int = 200,
    learning_rate: float = 1e-3,
    n_held: int = 0,
    patience: int = 20,
    seed: int = 0,
    identity: Mapping[str, Any] | None = None,
    options: RunOptions | None = None,
) -> tuple[PatchNetwork, TrainResult]:
    """One stage of training, with the one loop of all networks; it starts from what it is given.

    Parameters
    ----------
    network : PatchNetwork
        New, or as another stage left it.
    train_on, validate_on : PatchSamples
        Of different places.
    folder : Path
        Gets the log and the checkpoint of the stage.
    epochs, patience : int
        Most epochs, and how many without gain end it.
    learning_rate : float
        Of AdamW; the second stage takes a tenth of the first.
    n_held : int
        Convolutions held as they are.
    seed : int
        Of the order of samples.
    identity, options
        As `rootzone.networks.run_training.train`.
    """
    network.hold(n_held)
    settings = TrainSettings(
        epochs=epochs, batch_size=256, optimiser="adamw", learning_rate=learning_rate,
        weight_decay=1e-4, lr_schedule="cosine", patience_epochs=patience, seed=seed,
        physics="none",
    )  # fmt: skip
    result = train(
        network, {STATION: train_on}, validate_on, settings, folder,
        identity={"held": n_held, **(identity or {})}, options=options,
    )  # fmt: skip
    network.load_state_dict(result.weights)
    return network.eval(), result
