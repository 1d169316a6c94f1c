"""Small sample sets that follow the contract of batches, made by a formula."""

from __future__ import annotations

import numpy as np
import torch

from rootzone._shared.arrays import AnyArray
from rootzone.networks.batch import Batch
from rootzone.networks.families.unet import ModelConfig

TINY = ModelConfig(3, widths=(4, 8), encoder_convs=(1, 1), decoder_convs=(1, 1))
LOAM = (0.078, 0.43, 0.036, 1.56)  # theta_r, theta_s, alpha [cm-1], n (Carsel and Parrish 1988)


class MadeUpSamples:
    """Tiles of noise whose water content follows the first channel.

    theta = 0.15 + 0.2 x0 + offset, labelled on about one pixel in ``every``.
    """

    def __init__(
        self, n: int, seed: int, *, side: int = 8, every: int = 4, offset: float = 0.0
    ) -> None:
        rng = np.random.default_rng(seed)
        self.x = rng.random((n, 3, side, side)).astype(np.float32)
        self.y = (0.15 + 0.2 * self.x[:, :1] + offset).astype(np.float32)
        self.mask = rng.random(self.y.shape) < 1.0 / every
        self.mask[:, 0, 0, 0] = True
        self.asked: list[list[int]] = []

    def __len__(self) -> int:
        return len(self.x)

    @property
    def source(self) -> str:
        return "station"

    def batch(self, indices: AnyArray, device: torch.device | str = "cpu") -> Batch:
        self.asked.append([int(i) for i in indices])
        soil = torch.tensor(LOAM)[None, None, :, None, None]
        side = self.x.shape[-1]
        mask = torch.from_numpy(self.mask[indices])
        return Batch(
            torch.from_numpy(self.x[indices]).to(device),
            torch.from_numpy(self.y[indices]).to(device),
            mask.to(device),
            soil.expand(len(indices), 1, 4, side, side).contiguous(),
            mask.float().to(device),
            torch.from_numpy(np.asarray(indices)),
            torch.full((len(indices),), 19_539),  # 2023-07-01
        )
