"""A network's answer for the middle of a window, computing no more of the rim than it needs.

The halo makes the middle exact, but the decoder needs far less of it than the encoder. Features
are cut down before each block to what the middle still depends on, and computed in strips of rows,
so that a block's inner features never exist for the whole window. The numbers of the middle stay
the same to the bit; at a middle of 640 px the halo then costs a tenth instead of a quarter, and a
process 1.5 GB instead of 2.4.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from rootzone.networks.families.unet import ModelConfig
from rootzone.networks.models import MISSING, Prediction, UNet
from rootzone.networks.residual import Residual

# PyTorch hands a convolution of one small image to another library than a large one, and the two
# round differently in the last bit: input of at most this many numbers (ATen's use_mkldnn).
_SMALL_INPUT: Final = 20480
# Numbers in a strip of features. Fewer save memory; the rows that two strips share cost time
# (4 million: 4 %).
_STRIP_NUMBERS: Final = 16_000_000


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


_NO_RIM: Final = Rim(0, 0, 0, 0)


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
        need = _below(entering, config)
    return rims[::-1]


def encoder_rims(config: ModelConfig) -> list[int]:
    """Rim that enters each block of the encoder and the bottleneck [px of its level].

    Those of the encoder are even, so that pools take the pairs they take in the whole scene.

    Examples
    --------
    Net A: the decoder needs 2 at the bottom, before the bottleneck's convolution 3. Above the pool
    that is 6, before the convolution 7, hence 8; above the next 14, before 2 convolutions 16; then
    32 and 34.

    >>> encoder_rims(ModelConfig(20))
    [34, 16, 8, 3]
    """
    entering = decoder_rims(config)
    need = _below(entering[0], config) + config.bottleneck_convs
    rims = [need]
    for n_conv, skip in zip(config.encoder_convs[::-1], entering, strict=True):
        need = max(2 * need, skip) + n_conv
        rims.append(need + need % 2)
    return rims[::-1]


def _below(rim: int, config: ModelConfig) -> int:
    """Rim below a step up that gives a rim above it."""
    if config.up == "resize":
        return (rim + 3) // 2
    return -(-rim // 2) if config.up_kernel == 2 else rim // 2 + 1


def folded(model: nn.Module) -> nn.Module:
    """A copy whose batch normalisation is part of the convolutions before it.

    In evaluation mode it only scales and shifts, so it can be multiplied into the weights. That
    saves a pass over every feature, a sixth of the time, and moves results by rounding alone
    (1e-7).
    """
    copied = copy.deepcopy(model)
    unet = copied.inner if isinstance(copied, Residual) else copied
    blocks = (*unet.encoder, unet.bottleneck, *unet.decoder) if isinstance(unet, UNet) else ()
    for block in blocks:
        assert isinstance(block, nn.Sequential)  # noqa: S101 - as UNet builds it
        parts = list(block)
        for i, (first, second) in enumerate(pairwise(parts)):
            if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
                block[i], block[i + 1] = fuse_conv_bn_eval(first, second), nn.Identity()
    copied.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return copied


def predict_middle(model: nn.Module, x: Tensor, rim: Rim, soil: Tensor | None = None) -> Prediction:
    """Water content of the middle of a window, by the cheapest way the network knows.

    Parameters and result as `unet_middle`; a network that is no U-Net and has no way of its own
    predicts the whole window, and the rim is cut off.
    """
    if isinstance(model, UNet):
        return unet_middle(model, x, rim, soil)
    if isinstance(model, Residual) and model.inner is not None:
        base = _cut(model.base(x), rim, _NO_RIM)
        return model.corrected(unet_middle(model.inner, x, rim), base, soil)
    own_way = getattr(model, "predict_middle", None)
    if callable(own_way):
        own: Prediction = own_way(x, rim, soil)
        return own
    whole = None
    if soil is not None:
        # Only the middle is kept, so any soil may stand in the rim.
        sides = (rim.left, rim.right, rim.top, rim.bottom)
        flat = soil.reshape(1, -1, *soil.shape[-2:])
        whole = functional.pad(flat, sides, mode="replicate").reshape(
            *soil.shape[:-2], *x.shape[-2:]
        )
    told: Prediction = model(x, whole)
    spread = None if told.spread is None else _cut(told.spread, rim, _NO_RIM)
    return Prediction(_cut(told.theta, rim, _NO_RIM), spread)


def unet_middle(model: UNet, x: Tensor, rim: Rim, soil: Tensor | None = None) -> Prediction:
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
    if any(side % config.stride_px for side in rim):
        raise ValueError(f"rim {rim} is no multiple of the stride {config.stride_px}")
    n_level = len(config.widths)
    entering = decoder_rims(config)
    kept = encoder_rims(config)
    have, skips = rim, []
    for level in range(n_level):
        x, have = _cut(x, have, have.capped(kept[level])), have.capped(kept[level])
        skip, x = _encode(model, level, x, have, have.capped(entering[-1 - level]))
        skips.append(skip)
        have = have.below(1)
    x, have = _cut(x, have, have.capped(kept[-1])), have.capped(kept[-1])
    x = _same_kernels(model.bottleneck, x)
    leaving = [_below(rim_px, config) for rim_px in entering[1:]] + [0]
    for step, (up, block) in enumerate(zip(model.up, model.decoder, strict=True)):
        here = rim.below(n_level - 1 - step)
        below = have.capped(_below(entering[step], config))
        rims = _StepRims(below, here.capped(entering[step]), here.capped(leaving[step]))
        strips = _decode(up, block, _cut(x, have, below), skips.pop(), rims)
        if step < n_level - 1:
            x, have = _joined(strips), rims.leaving
    return _read_out(model, strips, soil)


def _read_out(model: UNet, strips: Iterable[Tensor], soil: Tensor | None) -> Prediction:
    """Water content of strips of features, put below each other."""
    told, n_row = [], 0
    for strip in strips:
        own = None if soil is None else soil[..., n_row : n_row + strip.shape[2], :]
        n_row += strip.shape[2]
        if strip.numel() > _SMALL_INPUT:
            told.append(model.read_out(strip, own))
        else:
            twice = model.read_out(strip.expand(2, -1, -1, -1), own)
            spread = None if twice.spread is None else twice.spread[:1]
            told.append(Prediction(twice.theta[:1], spread))
    spreads = [one.spread for one in told if one.spread is not None]
    return Prediction(_joined([one.theta for one in told]), _joined(spreads) if spreads else None)


def _encode(model: UNet, level: int, x: Tensor, have: Rim, wanted: Rim) -> tuple[Tensor, Tensor]:
    """Features of a block of the encoder: their middle with the rim wanted, and all, pooled."""
    block = model.encoder[level]
    height, n_conv = x.shape[2], _n_conv(block)
    skips, pooled = [], []
    start, stop = have.top - wanted.top, height - (have.bottom - wanted.bottom)
    columns = slice(have.left - wanted.left, x.shape[3] - (have.right - wanted.right))
    for top, bottom in _strips(height, x.shape[3] * _width(block)):
        above, beneath = min(n_conv, top), min(n_conv, height - bottom)
        strip = x[:, :, top - above : bottom + beneath]
        if level == 0:
            strip = torch.nan_to_num(strip, MISSING, torch.inf, -torch.inf)
        strip = _same_kernels(block, strip)[:, :, above : above + bottom - top]
        pooled.append(model.pooled(strip))
        skips.append(strip[:, :, max(start - top, 0) : max(stop - top, 0), columns])
    return _joined(skips), _joined(pooled)


class _StepRims(NamedTuple):
    """Rims of one step of the decoder."""

    below: Rim
    """of the features that come from below [px of their level]"""
    entering: Rim
    """of the features from the encoder [px of this level]"""
    leaving: Rim
    """of what is asked for [px of this level]"""


def _decode(
    up: nn.Module, block: nn.Module, x: Tensor, skip: Tensor, rims: _StepRims
) -> Iterator[Tensor]:
    """A step up and the block after it, strip by strip of what is asked for.

    Rows are counted from the first one of the middle; those of the rim above are negative.
    """
    n_conv = _n_conv(block)
    below, entering, leaving = rims
    beyond = 0 if getattr(up, "kernel_size", (0, 0))[0] == 2 else 1
    height = skip.shape[2] - entering.top - entering.bottom
    columns = slice(entering.left - leaving.left, skip.shape[3] - (entering.right - leaving.right))
    n_row = leaving.top + height + leaving.bottom
    for start, stop in _strips(n_row, skip.shape[3] * _width(block)):
        top, bottom = start - leaving.top, stop - leaving.top
        first = max(top - n_conv, -entering.top)
        last = min(bottom + n_conv, height + entering.bottom)
        low = max(first // 2 - beyond, -below.top)
        high = min(-(-last // 2) + beyond, height // 2 + below.bottom)
        risen = _same_kernels(up, x[:, :, low + below.top : high + below.top])
        left = 2 * below.left - entering.left
        risen = risen[:, :, first - 2 * low : last - 2 * low, left : left + skip.shape[3]]
        beside = skip[:, :, first + entering.top : last + entering.top]
        strip = _same_kernels(block, torch.cat([risen, beside], dim=1))
        yield strip[:, :, top - first : bottom - first, columns]


def _joined(strips: Iterable[Tensor]) -> Tensor:
    """Strips below each other."""
    return torch.cat(list(strips), dim=2)


def _n_conv(block: nn.Module) -> int:
    return sum(isinstance(part, nn.Conv2d) for part in block.modules())


def _width(block: nn.Module) -> int:
    """Channels of a block's last convolution."""
    return next(p.out_channels for p in reversed(list(block.modules())) if isinstance(p, nn.Conv2d))


def _strips(height: int, numbers_a_row: int) -> list[tuple[int, int]]:
    """Rows from and to of each strip, about alike; they start at even rows, as pools do."""
    most = max(16, _STRIP_NUMBERS // numbers_a_row)
    n_strip = -(-height // most)
    edges = [2 * round(height * i / n_strip / 2) for i in range(n_strip)] + [height]
    return list(pairwise(edges))


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
