"""The U-Net of section 3.6.1.

Inputs are scaled channels, NaN where a covariate is missing. The first line of the network turns
NaN into -1 (section 3.1); nothing before it needs to. The last layer always works in float32, also
under bfloat16 autocast: a bfloat16 water content has steps of 0.001 to 0.002, which a map shows.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from rootzone._shared.errors import RequestError
from rootzone.networks.families import Shape
from rootzone.networks.families.unet import ModelConfig

MISSING: Final = -1.0  # section 3.1: what the network sees in place of a missing covariate
SPREAD_SCALE: Final = 0.1  # [m3 m-3], so that an untrained spread starts near 0.07
SPREAD_FLOOR: Final = (
    1e-3  # [m3 m-3], below any sensor's repeatability; keeps the likelihood finite
)


class Prediction(NamedTuple):
    """What a network says: water content [m3 m-3] and, from a normal head, its spread."""

    theta: Tensor
    """(batch, depth, row, column) [m3 m-3]; NaN where a bounded output misses its soil"""
    spread: Tensor | None
    """standard deviation of the same shape [m3 m-3], or None"""
    asked: Tensor | None = None
    """what the network itself adds to the loss of this batch, such as a prior on its parameters"""


def _block(n_in: int, n_out: int, n_conv: int) -> nn.Sequential:
    """3x3 convolutions with bias, batch normalisation and ReLU; the size stays."""
    layers: list[nn.Module] = []
    for i in range(n_conv):
        layers += [
            nn.Conv2d(n_in if i == 0 else n_out, n_out, 3, padding=1),
            nn.BatchNorm2d(n_out),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers)


class Resize(nn.Module):
    """Twice the size, linear between pixel centres; edges go on as they are.

    The same as ``nn.Upsample`` with ``mode="bilinear"``, whose kernels round differently for
    windows of different sizes; a product and a sum of whole tensors do not.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Features of shape (batch, channel, 2 row, 2 column)."""
        return _doubled(_doubled(x, 2), 3)


def _doubled(x: Tensor, axis: int) -> Tensor:
    """Between each pixel and its neighbours, a quarter of the way."""
    n = x.shape[axis]
    before = torch.cat([x.narrow(axis, 0, 1), x.narrow(axis, 0, n - 1)], axis)
    after = torch.cat([x.narrow(axis, 1, n - 1), x.narrow(axis, n - 1, 1)], axis)
    near = 0.75 * x
    both = torch.stack([near + 0.25 * before, near + 0.25 * after], axis + 1)
    return both.flatten(axis, axis + 1)


def _up(n_in: int, n_out: int, config: ModelConfig) -> nn.Module:
    """What doubles the size exactly: a transposed convolution, or resizing and a convolution."""
    if config.up == "resize":
        return nn.Sequential(Resize(), nn.Conv2d(n_in, n_out, 3, padding=1))
    kernel = config.up_kernel
    padding = 0 if kernel == 2 else 1
    return nn.ConvTranspose2d(
        n_in, n_out, kernel, stride=2, padding=padding, output_padding=int(kernel == 3)
    )


class UNet(nn.Module):
    """An encoder and a decoder with skips, from scaled channels to water content."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder, self.up, self.decoder = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        width = config.n_channels
        for out, n_conv in zip(config.widths, config.encoder_convs, strict=True):
            self.encoder.append(_block(width, out, n_conv))
            width = out
        self.bottleneck = _block(width, config.bottom, config.bottleneck_convs)
        width = config.bottom
        skips = config.widths[::-1]
        for out, skip, n_conv in zip(config.mirror, skips, config.decoder_convs, strict=True):
            self.up.append(_up(width, out, config))
            self.decoder.append(_block(out + skip, out, n_conv))
            width = out
        self.dropout = nn.Dropout2d(config.dropout)
        self.head = nn.Conv2d(width, config.n_depths, 1)
        self.spread_head = nn.Conv2d(width, config.n_depths, 1) if config.head == "normal" else None

    def layers(self) -> list[nn.Module]:
        """Parts from the input to the output, for steps that shrink with depth."""
        ups = zip(self.up, self.decoder, strict=True)
        heads = [part for part in (self.head, self.spread_head) if part is not None]
        return [*self.encoder, self.bottleneck, *map(nn.ModuleList, ups), nn.ModuleList(heads)]

    def forward(self, x: Tensor, soil: Tensor | None = None) -> Prediction:
        """Predict water content.

        Parameters
        ----------
        x : tensor, shape (batch, channel, row, column)
            Scaled channels; NaN where missing. Rows and columns are multiples of ``stride_px``.
        soil : tensor, shape (batch, depth, 4, row, column)
            theta_r, theta_s [m3 m-3], alpha [cm-1] and n; needed for output "bounds" only.

        Returns
        -------
        Prediction
            In float32.

        Raises
        ------
        RequestError
            If the number of channels or the size does not fit, or a bounded output lacks its soil.
        """
        refuse_shape(x, self.config)
        return self.read_out(self._features(torch.where(torch.isnan(x), MISSING, x)), soil)

    def read_out(self, features: Tensor, soil: Tensor | None = None) -> Prediction:
        """Water content from the last features, always in float32."""
        with torch.autocast(features.device.type, enabled=False):
            features = features.float()
            theta = water_content(self.head(features), self.config.output, soil)
            if self.spread_head is None:
                return Prediction(theta, None)
            # The spread reads the features and does not shape them: the mean of a normal head
            # learns exactly what a point head would.
            raw = self.spread_head(features.detach())
            return Prediction(theta, SPREAD_FLOOR + SPREAD_SCALE * functional.softplus(raw))

    def pooled(self, x: Tensor) -> Tensor:
        """Features at half the size."""
        if self.config.pool == "mean":
            return functional.avg_pool2d(x, 2)
        return functional.max_pool2d(x, 2)

    def _features(self, x: Tensor) -> Tensor:
        skips = []
        for block in self.encoder:
            x = block(x)
            skips.append(x)
            x = self.pooled(x)
        x = self.dropout(self.bottleneck(x))
        for up, block in zip(self.up, self.decoder, strict=True):
            x = block(torch.cat([up(x), skips.pop()], dim=1))
        return x


def water_content(z: Tensor, output: str, soil: Tensor | None) -> Tensor:
    """What a last layer's values z stand for, one way of reading it out for all networks.

    Parameters
    ----------
    z : tensor, shape (batch, depth, row, column)
        Values of the last layer, in float32.
    output : str
        "linear" z itself, "relu" from 0, "sigmoid" between 0 and 1, "bounds" between theta_r and
        theta_s [m3 m-3].
    soil : tensor, shape (batch, depth, 4, row, column)
        theta_r and theta_s first; needed for "bounds" only.

    Raises
    ------
    RequestError
        A bounded output lacks its soil.
    """
    if output == "linear":
        return z
    if output == "relu":
        return torch.relu(z)
    if output == "sigmoid":
        return torch.sigmoid(z)
    if soil is None:
        raise RequestError(
            "Output 'bounds' needs theta_r and theta_s of every pixel: it needs the soil; pass it."
        )
    return _between(torch.sigmoid(z), soil[:, :, 0].float(), soil[:, :, 1].float())


def _between(share: Tensor, theta_r: Tensor, theta_s: Tensor) -> Tensor:
    """Water content at a share of the way from theta_r to theta_s; NaN where either is missing.

    Missing bounds are replaced before the sum and NaN is put in after it, so that no NaN reaches
    a gradient. The clamp takes back the last digit's rounding, so that the bounds hold exactly.
    """
    known = torch.isfinite(theta_r) & torch.isfinite(theta_s)
    low, high = torch.where(known, theta_r, 0.0), torch.where(known, theta_s, 1.0)
    theta = torch.clamp(low + (high - low) * share, low, high)
    return torch.where(known, theta, torch.nan)


def refuse_shape(x: Tensor, config: Shape) -> None:
    """Refuse channels or sizes that a network of this shape does not read.

    Raises
    ------
    RequestError
        ``x`` is not (batch, n_channels, row, column), or a side is no multiple of ``stride_px``.
    """
    stride = config.stride_px
    if x.ndim != 4 or x.shape[1] != config.n_channels:
        raise RequestError(
            f"The network reads (batch, {config.n_channels}, row, column); got {tuple(x.shape)}. "
            "Were the features built with another specification?"
        )
    if x.shape[2] % stride or x.shape[3] % stride:
        raise RequestError(
            f"Rows and columns must be multiples of {stride} px; got {x.shape[2]} x {x.shape[3]}. "
            "Widen the window."
        )


def n_parameters(model: nn.Module) -> int:
    """Number of trained values, weights and biases; running statistics do not count."""
    return sum(p.numel() for p in model.parameters())
