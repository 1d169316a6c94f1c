"""The multimodal network: a first layer a sensor, joined, a ConvNeXt V2, a U-Net's way up.

Windows come in as one stack of scaled channels, sensor after sensor, then the scalars of the window
(weather, time, place) as planes of one value. A sensor whose channels are all NaN in an image is
missing there: its features are a learned token. Single NaNs are read as -1, as everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from rootzone._shared.errors import RequestError
from rootzone.networks.families import Shape
from rootzone.networks.models import MISSING, Prediction, refuse_shape, water_content
from rootzone.surface.multimodal.convnext import (
    STRIDE_PX,
    Encoder,
    GrnOver,
    LayerNorm,
    initialise,
    variant_named,
)

_LEAST_SQUEEZED: Final = 8
_SQUEEZE: Final = 16
_FILM_WIDTH: Final = 64
_LAST_WIDTH: Final = 32
_LOGIT_OF_FIRST: Final = -1.386  # a new network says 0.2 m3 m-3, as most soil does, and not 0.5
WINDOW_PX: Final = 96  # what published sizes are trained on here, and maps are made of


@dataclass(frozen=True)
class MultimodalConfig(Shape):
    """Shape of a multimodal network.

    Parameters
    ----------
    modalities : mapping of str to int
        Channels of each sensor, in the order of the stack.
    n_scalars : int
        Planes of one value at the end of the stack; 0 for none.
    variant : str
        Size of the ConvNeXt V2.
    out : str
        ``sigmoid`` (0 to 1) or ``bounds`` (between theta_r and theta_s of the pixel).
    modality_dropout : float
        Chance that a sensor is left out of an image in training; one always stays.
    drop_path : float
        Share of branches left out in training at the last block.
    grn_over : str
        See `rootzone.surface.multimodal.convnext.GlobalResponseNorm`.
    window_px : int
        Side of the windows it is trained on and maps are made of [pixels].
    """

    family: ClassVar[str] = "multimodal"
    modalities: Mapping[str, int] = field(default_factory=dict)
    n_scalars: int = 0
    variant: str = "atto"
    out: str = "sigmoid"
    modality_dropout: float = 0.2
    drop_path: float = 0.0
    grn_over: GrnOver = "image"
    n_depths: int = 1
    window_px: int = WINDOW_PX

    def __post_init__(self) -> None:
        if not self.modalities or min(self.modalities.values()) < 1:
            raise RequestError(
                f"A multimodal network needs sensors with channels, not {dict(self.modalities)}."
            )
        if self.out not in ("sigmoid", "bounds"):
            raise RequestError(f"Output {self.out!r} is neither sigmoid nor bounds.")
        variant_named(self.variant)

    @property
    def n_channels(self) -> int:  # type: ignore[override]  # derived here, given elsewhere
        """Planes of the whole stack."""
        return sum(self.modalities.values()) + self.n_scalars

    @property
    def output(self) -> str:
        """``bounds`` where the network needs the soil of every pixel."""
        return self.out

    @property
    def stride_px(self) -> int:
        """Sides of windows are multiples of this [pixels]."""
        return STRIDE_PX

    @property
    def reach_px(self) -> int:
        """Norms run over the whole window, so no halo makes tiling exact: windows are fixed."""
        return self.window_px

    def build(self) -> nn.Module:
        """The network, with weights from torch's current random state."""
        return MultimodalNetwork(self)

    def to_dict(self) -> dict[str, Any]:
        """The shape as plain values; the window is part of what it was trained to do."""
        return {
            "modalities": dict(self.modalities), "n_scalars": self.n_scalars,
            "variant": self.variant, "out": self.out, "modality_dropout": self.modality_dropout,
            "drop_path": self.drop_path, "grn_over": self.grn_over, "n_depths": self.n_depths,
            "window_px": self.window_px,
        }  # fmt: skip


class SqueezeExcite(nn.Module):
    """Weigh channels by what the whole window says of them (Hu et al. 2018)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        squeezed = max(width // _SQUEEZE, _LEAST_SQUEEZED)
        self.down, self.up = nn.Linear(width, squeezed), nn.Linear(squeezed, width)

    def forward(self, x: Tensor, active: Tensor | None = None) -> Tensor:
        """Weigh, shape (batch, channel, row, column); masked sites have no say."""
        if active is None:
            mean = x.mean(dim=(-2, -1))
        else:
            mean = (x * active).sum(dim=(-2, -1)) / active.sum(dim=(-2, -1)).clamp_min(1.0)
        share = torch.sigmoid(self.up(torch.relu(self.down(mean))))
        return x * share[:, :, None, None]


class Stems(nn.Module):
    """A first layer of stride 4 for each sensor, joined by squeeze and excitation."""

    def __init__(self, modalities: Mapping[str, int], width: int) -> None:
        super().__init__()
        self.widths = list(modalities.values())
        self.stems = nn.ModuleList(
            nn.Sequential(nn.Conv2d(n, width, 4, stride=4), LayerNorm(width)) for n in self.widths
        )
        self.tokens = nn.Parameter(torch.zeros(len(self.widths), width))
        self.weigh = SqueezeExcite(width * len(self.widths))
        self.join = nn.Conv2d(width * len(self.widths), width, 1)

    def forward(self, x: Tensor, drop: float = 0.0, active: Tensor | None = None) -> Tensor:
        """Joined features at stride 4.

        Parameters
        ----------
        x : tensor, shape (batch, channel, row, column)
            Scaled channels of all sensors; NaN where missing.
        drop : float
            Chance that a sensor that is there is left out of an image.
        active : tensor, shape (batch, 1, row / 4, column / 4), optional
            1 where a site has a say in what sensors weigh.
        """
        parts = torch.split(x, self.widths, dim=1)
        there = torch.stack([torch.isfinite(part).flatten(1).any(dim=1) for part in parts], dim=1)
        if drop > 0.0:
            there = _some_dropped(there, drop)
        features = []
        for k, (part, stem) in enumerate(zip(parts, self.stems, strict=True)):
            seen = stem(torch.where(torch.isfinite(part), part, MISSING))
            token = self.tokens[k][None, :, None, None].expand_as(seen)
            features.append(torch.where(there[:, k, None, None, None], seen, token))
        joined: Tensor = self.join(self.weigh(torch.cat(features, dim=1), active))
        return joined


class UpStep(nn.Module):
    """Twice the size, joined with a skip and weighed, then a 3 x 3 convolution."""

    def __init__(self, n_in: int, n_skip: int, n_out: int) -> None:
        super().__init__()
        self.weigh = SqueezeExcite(n_in + n_skip)
        self.conv = nn.Conv2d(n_in + n_skip, n_out, 3, padding=1)
        self.norm = LayerNorm(n_out)

    def forward(self, x: Tensor, skip: Tensor | None) -> Tensor:
        """Go up one step."""
        x = functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        joined = x if skip is None else torch.cat([x, skip], dim=1)
        return functional.gelu(self.norm(self.conv(self.weigh(joined))))


class MultimodalNetwork(nn.Module):
    """From a stack of scaled channels to surface water content at the pixels' own size."""

    def __init__(self, config: MultimodalConfig) -> None:
        super().__init__()
        self.config = config
        variant = variant_named(config.variant)
        dims = variant.dims
        self.stems = Stems(config.modalities, dims[0])
        self.encoder = Encoder(0, variant, config.drop_path, config.grn_over)
        self.film: nn.Module | None = None
        last_width = min(_LAST_WIDTH, dims[0])
        if config.n_scalars:
            self.film = nn.Sequential(
                nn.Linear(config.n_scalars, _FILM_WIDTH),
                nn.GELU(),
                nn.Linear(_FILM_WIDTH, 2 * dims[3]),
            )
        self.up = nn.ModuleList(
            [
                UpStep(dims[3], dims[2], dims[2]),
                UpStep(dims[2], dims[1], dims[1]),
                UpStep(dims[1], dims[0], dims[0]),
                UpStep(dims[0], 0, last_width),
                UpStep(last_width, 0, last_width),
            ]
        )
        self.head = nn.Conv2d(last_width, config.n_depths, 1)
        initialise(self)
        # The published sd of 0.02 is for a million steps of a wide network. A narrow one with few
        # samples stays at the mean for hundreds of steps; scaled by its inputs it learns.
        for name, module in self.named_modules():
            if isinstance(module, nn.Conv2d | nn.Linear) and name != "head":
                nn.init.kaiming_normal_(module.weight, nonlinearity="linear")
        if config.out == "sigmoid" and self.head.bias is not None:
            nn.init.constant_(self.head.bias, _LOGIT_OF_FIRST)

    def layers(self) -> list[nn.Module]:
        """Parts from the image to the output, for steps that shrink towards the image.

        As published: each block and each step down is one, first layers of sensors the first.
        What comes after the encoder (the way up, scalars, the head) is the last.
        """
        encoder = self.encoder
        parts: list[nn.Module] = [self.stems]
        for down, stage in zip(encoder.downsample_layers, encoder.stages, strict=True):
            parts += [down, *stage.children()]
        after = [self.up, self.head, *([self.film] if self.film is not None else [])]
        return [*parts, nn.ModuleList(after)]

    def forward(self, x: Tensor, soil: Tensor | None = None) -> Prediction:
        """Predict water content of the window.

        Parameters
        ----------
        x : tensor, shape (batch, n_channels, row, column)
            Scaled channels; NaN where missing. Sides are multiples of 32 pixels.
        soil : tensor, shape (batch, depth, 4, row, column)
            theta_r, theta_s [m3 m-3], alpha, n; needed for output "bounds" only.

        Raises
        ------
        RequestError
            Channels or sides do not fit, or a bounded output lacks its soil.
        """
        refuse_shape(x, self.config)
        n_images = sum(self.config.modalities.values())
        drop = self.config.modality_dropout if self.training else 0.0
        levels = self.encoder(self.stems(x[:, :n_images], drop))
        out = levels[3]
        if self.film is not None:
            scalars = x[:, n_images:].mean(dim=(-2, -1))
            gain, shift = self.film(torch.nan_to_num(scalars, nan=MISSING)).chunk(2, dim=1)
            out = out * (1.0 + gain[:, :, None, None]) + shift[:, :, None, None]
        for step, skip in zip(self.up, [*levels[2::-1], None, None], strict=True):
            out = step(out, skip)
        with torch.autocast(out.device.type, enabled=False):
            theta = water_content(self.head(out.float()), self.config.out, soil)
        return Prediction(theta, None)


def _some_dropped(there: Tensor, chance: float) -> Tensor:
    """Leave sensors out by chance, never all that an image has."""
    kept = there & (torch.rand(there.shape, device=there.device) >= chance)
    return torch.where(kept.any(dim=1, keepdim=True), kept, there)
