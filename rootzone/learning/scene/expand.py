"""From a tile's land channels and a day's table of cells to the network's input, on any device."""

from __future__ import annotations

import torch
from torch import Tensor

from rootzone.networks.channels import LAND, SURFACE, FeatureSpec


def expand(
    static: Tensor,
    index: Tensor,
    weight: Tensor | None,
    day_table: Tensor,
    surface: Tensor | None,
    spec: FeatureSpec,
) -> Tensor:
    """All channels of a batch in the specification's order.

    Parameters
    ----------
    static : tensor, shape (B, land channel, H, W)
        Scaled land channels.
    index : tensor of int, shape (B, k, H, W)
        Row of ``day_table`` for each pixel.
    weight : tensor, shape (B, k, H, W), or None
        Weights of those rows; None, or k = 1, takes the one row as it is.
    day_table : tensor, shape (row, dynamic channel) or (B, row, dynamic channel)
        Scaled weather and calendar of one day, or of each sample's own day.
    surface : tensor, shape (B, surface channel, H, W), or None
        Scaled surface moisture.
    spec : FeatureSpec
        Order of the channels.

    Returns
    -------
    x : tensor, shape (B, channel, H, W)
        On the device and in the type of ``static``; missing values are NaN.
    """
    batch, _, height, width = static.shape
    x = static.new_empty((batch, len(spec), height, width))
    x[:, places(spec.of_origin(LAND))] = static
    x[:, places(spec.dynamic)] = _dynamic(index, weight, day_table)
    if surface is not None:
        x[:, places(spec.of_origin(SURFACE))] = surface
    return x


def _dynamic(index: Tensor, weight: Tensor | None, day_table: Tensor) -> Tensor:
    batch, k, height, width = index.shape
    table = day_table.expand(batch, -1, -1) if day_table.dim() == 2 else day_table
    columns = table.transpose(1, 2).contiguous()  # (B, channel, row): pixels stay together
    flat = index.reshape(batch, k, 1, height * width).to(torch.int64)
    total = _taken(columns, flat[:, 0]).view(batch, -1, height, width)
    if k == 1 or weight is None:
        return total
    total.mul_(weight[:, :1])
    for corner in range(1, k):
        values = _taken(columns, flat[:, corner]).view_as(total)
        total.addcmul_(values, weight[:, corner : corner + 1])
    return total


def _taken(columns: Tensor, at: Tensor) -> Tensor:
    """Values of all channels (B, channel, pixel) at rows (B, 1, pixel)."""
    return torch.gather(columns, 2, at.expand(-1, columns.shape[1], -1))


def places(positions: list[int]) -> slice | list[int]:
    """Positions of channels as a slice where they stand side by side, which copies faster."""
    if positions and positions == list(range(positions[0], positions[-1] + 1)):
        return slice(positions[0], positions[-1] + 1)
    return positions
