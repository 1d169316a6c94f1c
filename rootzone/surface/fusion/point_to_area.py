"""From stations to areas: a small network that corrects a downscaled field, with transfer.

It reads a patch of 11 x 11 pixels round each pixel and adds a correction to the field's own value;
new, it adds nothing. It may first be trained on a coarse model everywhere, and then on stations
with its first two convolutions held. What the convolutions leave is averaged over the patch, and
no mean over windows can single out the pixel in the middle, so the middle's own channels go to the
last layers beside it. All layers are convolutions without padding, so a whole map is one pass, and
equals its patches.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
    """Three convolutions, a mean over what they leave, the middle pixel, three layers on both.

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
        self.dense = nn.Conv2d(64 + n, 64, 1)
        self.deeper = nn.Conv2d(64, 64, 1)
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
        inner = slice(REACH_PX, -REACH_PX)
        scaled = torch.nan_to_num((x - self.mean) / self.scale)
        middle = scaled[:, :, inner, inner]
        for block in self.convs:
            scaled = block(scaled)
        pooled = functional.avg_pool2d(scaled, _LAST_SIDE, stride=1)
        both = torch.cat([pooled, middle], dim=1)
        change = self.last(torch.relu(self.deeper(torch.relu(self.dense(both)))))
        theta = x[:, :1, inner, inner] + change
        return Prediction(functional.pad(theta, [REACH_PX] * 4, value=torch.nan), None)


@dataclass(frozen=True)
class PatchSamples:
    """Patches of daily fields with a value at their centre, held in memory.

    Parameters
    ----------
    x : array, shape (sample, channel, 11, 11)
        Patches; 4 bytes a value, so 18,000 samples of 13 channels are 113 MB.
    day, row, col : array of int, shape (sample,)
        When and where.
    theta : array, shape (sample,)
        Water content there [m3 m-3].
    place : array of int, shape (sample,)
        Number of the place.
    source : str
        Where the values come from.
    """

    x: Float32Array
    day: IntArray
    row: IntArray
    col: IntArray
    theta: FloatArray
    place: IntArray
    source: str = STATION

    @classmethod
    def cut(
        cls, fields: Fields, day: IntArray, row: IntArray, col: IntArray, theta: FloatArray,
        place: IntArray, source: str = STATION,
    ) -> PatchSamples:  # fmt: skip
        """Cut patches out of daily fields, each day's asked for once; 5 pixels from the rim."""
        x: Float32Array | None = None
        side = np.arange(-REACH_PX, REACH_PX + 1)
        for one in np.unique(day):
            here = np.flatnonzero(day == one)
            field = np.asarray(fields(int(one)), np.float32)
            if x is None:
                x = np.empty((day.size, len(field), PATCH_PX, PATCH_PX), np.float32)
            rows, cols = row[here, None, None] + side[:, None], col[here, None, None] + side
            x[here] = field[:, rows, cols].swapaxes(0, 1)
        if x is None:
            raise RequestError("No sample to cut a patch for.")
        return cls(x, day, row, col, theta, place, source)

    def __len__(self) -> int:
        return int(self.theta.size)

    def batch(self, indices: AnyArray, device: torch.device | str = "cpu") -> Batch:
        """Some samples; the label is that of the centre."""
        indices = np.asarray(indices)
        x = torch.from_numpy(self.x[indices])
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
            self.x[chosen], self.day[chosen], self.row[chosen], self.col[chosen],
            self.theta[chosen], self.place[chosen], self.source,
        )  # fmt: skip

    def joined(self, other: PatchSamples) -> PatchSamples:
        """These samples and others of the same places' numbers."""

        def both(name: str) -> Any:  # noqa: ANN401 - arrays of several types
            return np.concatenate([getattr(self, name), getattr(other, name)])

        return PatchSamples(
            both("x"), both("day"), both("row"), both("col"), both("theta"), both("place"),
            self.source,
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
    batch_size: int = 128,
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
    batch_size : int
        Samples of a step; with few stations, many small steps learn more of a pass than few large.
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
        epochs=epochs, batch_size=batch_size, optimiser="adamw", learning_rate=learning_rate,
        weight_decay=1e-2, lr_schedule="cosine", patience_epochs=patience, seed=seed,
        physics="none",
    )  # fmt: skip
    result = train(
        network, {STATION: train_on}, validate_on, settings, folder,
        identity={"held": n_held, **(identity or {})}, options=options,
    )  # fmt: skip
    network.load_state_dict(result.weights)
    return network.eval(), result


@torch.no_grad()
def corrected(network: PatchNetwork, samples: PatchSamples, block: int = 512) -> FloatArray:
    """Water content at the centres of patches [m3 m-3], shape (sample,)."""
    told = [
        network(torch.from_numpy(samples.x[first : first + block])).theta[:, 0, REACH_PX, REACH_PX]
        for first in range(0, len(samples), block)
    ]
    return torch.cat(told).double().numpy()
