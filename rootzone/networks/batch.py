"""What a step of training is handed, whatever the depth and wherever its samples come from."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Protocol

import torch
from torch import Tensor

from rootzone._shared.arrays import AnyArray


@dataclass(frozen=True)
class Batch:
    """Samples of one step.

    Parameters
    ----------
    x : tensor, shape (B, channel, H, W)
        Scaled covariates; NaN where missing, to be replaced at the network's door.
    y : tensor, shape (B, depth, H, W)
        Labels [m3 m-3], 0 where there are none.
    mask : tensor of bool, shape (B, depth, H, W)
        Where there is a label.
    soil : tensor, shape (B, depth, 4, H, W)
        theta_r, theta_s [m3 m-3], alpha [cm-1], n; NaN where the soil is not known.
    weight : tensor, shape (B, depth, H, W)
        What a label stands for, 0 where there is none.
    tile : tensor of int64, shape (B,)
        Tile of the master grid.
    date : tensor of int64, shape (B,)
        Days since 1970-01-01.
    halo_px : int
        Pixels on every side that are context only and hold no labels.
    y_psi : tensor, shape (B, depth, H, W), optional
        Second labels [m3 m-3] that the matric-potential term takes instead where they are known;
        NaN elsewhere.
    """

    x: Tensor
    y: Tensor
    mask: Tensor
    soil: Tensor
    weight: Tensor
    tile: Tensor
    date: Tensor
    halo_px: int = 0
    y_psi: Tensor | None = None

    def __len__(self) -> int:
        return int(self.x.shape[0])

    def inner(self, values: Tensor) -> Tensor:
        """A field of this batch without the halo; the last two axes are rows and columns."""
        return crop(values, self.halo_px)

    def to(self, device: torch.device | str) -> Batch:
        """The batch on another device."""
        moved = {
            item.name: getattr(self, item.name).to(device, non_blocking=True)
            for item in fields(self)
            if isinstance(getattr(self, item.name), Tensor)
        }
        return replace(self, **moved)


def crop(values: Tensor, halo_px: int) -> Tensor:
    """A field without ``halo_px`` pixels on every side."""
    if halo_px == 0:
        return values
    return values[..., halo_px:-halo_px, halo_px:-halo_px]


class Samples(Protocol):
    """Samples of one source and part, by their number; put together when they are asked for."""

    def __len__(self) -> int: ...

    @property
    def source(self) -> str:
        """Where the labels come from."""

    def batch(self, indices: AnyArray, device: torch.device | str = "cpu") -> Batch:
        """The samples of these numbers as one batch on a device."""
