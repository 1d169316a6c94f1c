"""A network's answer for the middle of a window, computing no more of the rim than it needs.

The halo makes the middle exact, but the decoder needs far less of it than the encoder. Features
are cut down before each block of the decoder to what the middle still depends on. The numbers of
the middle stay the same to the bit; at a middle of 512 px this saves two thirds of what the halo
costs.
"""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from rootzone.learning.models import MISSING, ModelConfig, Prediction, UNet, stride_px

# PyTorch hands a convolution of one small image to another library than a large one, and the two
# round differently in the last bit: input of at most this many numbers (ATen's use_mkldnn).
_SMALL_INPUT: Final = 20480


class Rim(NamedTuple):
    """Pixels around the middle on each side; 0 where the land ends."""

    top: int
    left: int
    bottom: int
    right: int

    def below(self, level: int) -> Rim:
        """The same rim after so many pools."""
        return Rim(*(side >> level for side in self))

    def capped(self, most: int) -> Rim:
        """No more than ``most`` on any side."""
        return Rim(*(min(side, most) for side in self))


def decoder_rims(config: ModelConfig) -> list[int]:
    """Rim that enters each block of the decoder, from the bottom up [px of its level].

    A block of n convolutions loses n pixels of its rim. A step up of kernel 2 makes two pixels of
    one; kernels 3 and 4 reach one pixel further.

    Examples
    --------
    Net A, from the top: 2 convolutions need 2; below that 1, and 2 convolutions need 3; below that
    2, and 1 convolution needs 3.

    >>> decoder_rims(ModelConfig(20))
    [3, 3, 2]
    """
    rims, need = [], 0
    for n_conv in reversed(config.decoder_convs):
        entering = need + n_conv
        rims.append(entering)
        need = -(-entering // 2) if config.up_kernel == 2 else entering // 2 + 1
    return rims[::-1]


def _below(rim: int, config: ModelConfig) -> int:
    return -(-rim // 2) if config.up_kernel == 2 else rim // 2 + 1


def folded(model: UNet) -> UNet:
    """A copy whose batch normalisation is part of the convolutions before it.

    In evaluation mode it only scales and shifts, so it can be multiplied into the weights. That
    saves a pass over every feature, a sixth of the time, and moves results by rounding alone
    (1e-7).
    """
    copied = copy.deepcopy(model)
    for block in (*copied.encoder, copied.bottleneck, *copied.decoder):
        assert isinstance(block, nn.Sequential)  # noqa: S101 - as UNet builds it
        parts = list(block)
        for i, (first, second) in enumerate(pairwise(parts)):
            if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
                block[i], block[i + 1] = fuse_conv_bn_eval(first, second), nn.Identity()
    copied.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return copied


def predict_middle(model: UNet, x: Tensor, rim: Rim, soil: Tensor | None = None) -> Prediction:
    """Water content of the middle of a window.

    Parameters
    ----------
    model : UNet
        In evaluation mode; no gradients are wanted.
    x : tensor, shape (1, channel, row, column)
        Scaled channels of the window, NaN where missing.
    rim : Rim
        Pixels on each side that are not asked for: the halo, or 0 where the land ends. Multiples
        of the network's stride.
    soil : tensor, shape (1, depth, 4, middle row, middle column), optional
        Soil of the middle, for an output bounded by it.

    Returns
    -------
    Prediction
        Of the middle only, in float32.
    """
    config = model.config
    if any(side % stride_px(config) for side in rim):
        raise ValueError(f"rim {rim} is no multiple of the stride {stride_px(config)}")
    n_level = len(config.widths)
    entering = decoder_rims(config)
    x = torch.where(torch.isnan(x), MISSING, x)
    skips = []
    for level, block in enumerate(model.encoder):
        x = _same_kernels(block, x)
        skips.append(_cut(x, rim.below(level), rim.below(level).capped(entering[-1 - level])))
        x = functional.max_pool2d(x, 2)
    x = _same_kernels(model.bottleneck, x)
    have = rim.below(n_level)
    for step, (up, block) in enumerate(zip(model.up, model.decoder, strict=True)):
        level = n_level - 1 - step
        wanted = have.capped(_below(entering[step], config))
        x = _same_kernels(up, _cut(x, have, wanted))
        have = rim.below(level).capped(entering[step])
        doubled = Rim(*(2 * side for side in wanted))
        x = _same_kernels(block, torch.cat([_cut(x, doubled, have), skips.pop()], dim=1))
    x = _cut(x, have, Rim(0, 0, 0, 0))
    if x.numel() > _SMALL_INPUT:
        return model.read_out(x, soil)
    twice = model.read_out(x.expand(2, -1, -1, -1), soil)
    return Prediction(twice.theta[:1], None if twice.spread is None else twice.spread[:1])


def _same_kernels(block: nn.Module, x: Tensor) -> Tensor:
    """The block's answer, by the kernels of large images whatever the size of this one.

    Two copies in a batch are never taken for small; it costs nothing where it is needed.
    """
    widths = [m.in_channels for m in block.modules() if isinstance(m, nn.modules.conv._ConvNd)]
    if x.shape[2] * x.shape[3] * min(widths) > _SMALL_INPUT:
        return torch.as_tensor(block(x))
    return torch.as_tensor(block(x.expand(2, -1, -1, -1)))[:1]


def _cut(x: Tensor, have: Rim, wanted: Rim) -> Tensor:
    """The tensor with a smaller rim."""
    if have == wanted:
        return x
    top, left = have.top - wanted.top, have.left - wanted.left
    height = x.shape[2] - top - (have.bottom - wanted.bottom)
    width = x.shape[3] - left - (have.right - wanted.right)
    return x[:, :, top : top + height, left : left + width]
