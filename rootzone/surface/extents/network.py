"""The surface U-Net of DeepSoil (section 3.3): strides in convolutions, late channels at the end.

The paper gives 12.9 million parameters and words; this reading (pairs of 3 x 3 convolutions, the
second of stride 2, two more at the bottom, transposed convolutions of 4 on the way up, and five
channels joined before the last convolution) has 12,899,886 with 27 channels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import torch
from torch import Tensor, nn

from rootzone._shared.errors import RequestError
from rootzone.networks.families import Shape
from rootzone.networks.models import MISSING, Prediction, refuse_shape, water_content
from rootzone.networks.reach import Conv, Join, Keep, Step, Up, reach_of, same, stride_of

OUTPUTS: Final = ("relu", "sigmoid", "bounds")
_SLOPE: Final = 0.2


@dataclass(frozen=True)
class SurfaceConfig(Shape):
    """Shape of the surface U-Net.

    Parameters
    ----------
    n_channels : int
        Input channels.
    late : sequence of int
        Numbers of the channels that are joined again before the last convolution.
    widths, decoder_widths : tuple of int
        Channels of the encoder's and decoder's steps.
    dropout : float
        Share of bottom channels dropped in training.
    out : str
        ``relu`` (the paper's), ``sigmoid`` or ``bounds``.
    n_depths : int
        Output channels.
    """

    family: ClassVar[str] = "deepsoil_surface"
    n_channels: int = 27
    late: tuple[int, ...] = (19, 12, 15, 16, 17)
    widths: tuple[int, ...] = (64, 128, 256, 512)
    decoder_widths: tuple[int, ...] = (256, 128, 64, 32)
    dropout: float = 0.3
    out: str = "relu"
    n_depths: int = 1

    def __post_init__(self) -> None:
        if len(self.widths) != len(self.decoder_widths):
            raise RequestError(
                f"{len(self.widths)} steps down {self.widths} do not meet "
                f"{len(self.decoder_widths)} steps up {self.decoder_widths}."
            )
        if any(not 0 <= k < self.n_channels for k in self.late):
            raise RequestError(f"Late channels {self.late} are not among {self.n_channels}.")
        if self.out not in OUTPUTS:
            raise RequestError(f"Output {self.out!r} is none of {', '.join(OUTPUTS)}.")

    @property
    def output(self) -> str:
        """``bounds`` where the network needs the soil of every pixel."""
        return self.out

    @property
    def steps(self) -> list[Step]:
        """The network as the walk of `rootzone.networks.reach` reads it."""
        down: list[Step] = []
        for level in range(len(self.widths)):
            down += [*same(3), Conv(3, 2, 1), Keep(str(level))]
        # The deepest one is the bottom's own input; it is kept so that every level reads alike.
        up: list[Step] = [*same(3, 2), Join(str(len(self.widths) - 1)), Up(4, 2, 1)]
        for level in range(len(self.widths) - 2, -1, -1):
            up += [Join(str(level)), Up(4, 2, 1)]
        return [*down, *up, *same(3)]

    @property
    def stride_px(self) -> int:
        """Size that rows and columns must be a multiple of [pixels]."""
        return stride_of(self.steps)

    @property
    def reach_px(self) -> int:
        """How far the farthest input pixel lies that can change an output pixel [pixels]."""
        return reach_of(self.steps)

    def build(self) -> nn.Module:
        """The network, with weights from torch's current random state."""
        return SurfaceUNet(self)

    def to_dict(self) -> dict[str, Any]:
        """The shape as plain values."""
        return {
            "n_channels": self.n_channels, "late": list(self.late), "widths": list(self.widths),
            "decoder_widths": list(self.decoder_widths), "dropout": self.dropout, "out": self.out,
            "n_depths": self.n_depths,
        }  # fmt: skip


class SurfaceUNet(nn.Module):
    """Encoder with strides, decoder with skips, late channels before the last convolution."""

    def __init__(self, config: SurfaceConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder, self.decoder = nn.ModuleList(), nn.ModuleList()
        width = config.n_channels
        for out in config.widths:
            self.encoder.append(nn.Sequential(*_conv(width, out, 1), *_conv(out, out, 2)))
            width = out
        self.bottom = nn.Sequential(*_conv(width, width, 1), *_conv(width, width, 1))
        self.dropout = nn.Dropout2d(config.dropout)
        skips = (*config.widths[-2::-1], 0)
        for out, skip in zip(config.decoder_widths, skips, strict=True):
            self.decoder.append(
                nn.Sequential(
                    nn.ConvTranspose2d(width, out, 4, stride=2, padding=1),
                    nn.BatchNorm2d(out),
                    nn.LeakyReLU(_SLOPE, inplace=True),
                )
            )
            width = out + skip
        self.head = nn.Conv2d(width + len(config.late), config.n_depths, 3, padding=1)

    def layers(self) -> list[nn.Module]:
        """Parts from the input to the output, for steps that shrink with depth."""
        return [*self.encoder, self.bottom, *self.decoder, self.head]

    def forward(self, x: Tensor, soil: Tensor | None = None) -> Prediction:
        """Predict water content.

        Parameters
        ----------
        x : tensor, shape (batch, channel, row, column)
            Scaled channels; NaN where missing. Rows and columns are multiples of 16.
        soil : tensor, shape (batch, depth, 4, row, column)
            theta_r, theta_s [m3 m-3], alpha, n; needed for output "bounds" only.

        Raises
        ------
        RequestError
            Channels or sizes do not fit, or a bounded output lacks its soil.
        """
        refuse_shape(x, self.config)
        seen = torch.where(torch.isnan(x), MISSING, x)
        out, skips = seen, list[Tensor]()
        for block in self.encoder:
            out = block(out)
            skips.append(out)
        out = self.dropout(self.bottom(out))
        for step, skip in zip(self.decoder, [*skips[-2::-1], None], strict=True):
            out = step(out)
            if skip is not None:
                out = torch.cat([out, skip], dim=1)
        last = torch.cat([out, seen[:, list(self.config.late)]], dim=1)
        with torch.autocast(last.device.type, enabled=False):
            theta = water_content(self.head(last.float()), self.config.out, soil)
        return Prediction(theta, None)


def _conv(n_in: int, n_out: int, stride: int) -> Sequence[nn.Module]:
    return (
        nn.Conv2d(n_in, n_out, 3, stride=stride, padding=1),
        nn.BatchNorm2d(n_out),
        nn.LeakyReLU(_SLOPE, inplace=True),
    )
