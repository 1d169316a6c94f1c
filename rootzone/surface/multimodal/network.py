"""The multimodal network: a first layer a sensor, joined, a ConvNeXt V2, a U-Net's way up.

Windows come in as one stack of scaled channels, sensor after sensor, then the scalars of the window
(weather, time, place) as planes of one value. A sensor whose channels are all NaN in an image is
missing there: its features are a learned token. Single gaps are read as the channel's mean. Beside
the way down and up, each pixel's own channels go straight to the last layer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from rootzone._shared.errors import RequestError
from rootzone.networks.families import Shape
from rootzone.networks.models import (
    SPREAD_FLOOR,
    SPREAD_SCALE,
    Prediction,
    refuse_shape,
    water_content,
)
from rootzone.surface.multimodal.convnext import (
    STRIDE_PX,
    Encoder,
    GrnOver,
    LayerNorm,
    initialise,
    variant_named,
)
from rootzone.surface.multimodal.standardise import Standardise

_LEAST_SQUEEZED: Final = 8
_SQUEEZE: Final = 16
_FILM_WIDTH: Final = 64
_LAST_WIDTH: Final = 32
_POINT_WIDTH: Final = 32
_NEAR_PX: Final = 9  # as LightGBM has it: speckle of a pixel of 10 m is as large as its signal
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
        Chance that a sensor, or all scalars, are left out of an image in training; never all of
        them.
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

    def forward(self, x: Tensor, active: Tensor | None = None) -> Tensor:
        """Joined features at stride 4.

        Parameters
        ----------
        x : tensor, shape (batch, channel, row, column)
            Standardised channels of all sensors; NaN where missing.
        active : tensor, shape (batch, 1, row / 4, column / 4), optional
            1 where a site has a say in what sensors weigh.
        """
        there = present(x, self.widths)
        features = []
        parts = torch.split(filled(x), self.widths, dim=1)
        for k, (part, stem) in enumerate(zip(parts, self.stems, strict=True)):
            token = self.tokens[k][None, :, None, None]
            features.append(torch.where(there[:, k, None, None, None], stem(part), token))
        joined: Tensor = self.join(self.weigh(torch.cat(features, dim=1), active))
        return joined


class Points(nn.Module):
    """What each pixel's own channels and their means over 9 px say, without any way down.

    A window's features come from strides of 4 to 32 pixels; what one pixel says of itself, and the
    scalars, would reach the output through a dozen normalised layers only.
    """

    def __init__(self, groups: Sequence[int], n_images: int, width: int) -> None:
        super().__init__()
        self.groups, self.n_images = list(groups), n_images
        n_in = sum(self.groups) + n_images + len(self.groups)
        self.mix = nn.Sequential(
            nn.Conv2d(n_in, width, 1), nn.GELU(), nn.Conv2d(width, width, 1), nn.GELU()
        )

    def forward(self, x: Tensor) -> Tensor:
        """Features of every pixel, shape (batch, width, row, column), of standardised channels."""
        images = x[:, : self.n_images]
        share, near = _mean_around(torch.isfinite(images).to(x)), _mean_around(filled(images))
        there = present(x, self.groups).to(x)[:, :, None, None]
        planes = there.expand(-1, -1, *x.shape[-2:])
        out: Tensor = self.mix(
            torch.cat([filled(x), near / share.clamp_min(1.0 / _NEAR_PX**2), planes], dim=1)
        )
        return out


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
        groups = [*config.modalities.values(), *([config.n_scalars] if config.n_scalars else [])]
        self.groups, last_width = groups, min(_LAST_WIDTH, dims[0])
        self.standard = Standardise(config.n_channels)
        self.points = Points(groups, sum(config.modalities.values()), _POINT_WIDTH)
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
        self.head = nn.Conv2d(last_width + _POINT_WIDTH, config.n_depths, 1)
        self.spread_head = nn.Conv2d(last_width + _POINT_WIDTH, config.n_depths, 1)
        initialise(self)
        # The published sd of 0.02 is for a million steps of a wide network. A narrow one with few
        # samples stays at the mean for hundreds of steps; scaled by its inputs it learns.
        for name, module in self.named_modules():
            if isinstance(module, nn.Conv2d | nn.Linear) and not name.endswith("head"):
                nn.init.kaiming_normal_(module.weight, nonlinearity="linear")
        for stem in self.stems.stems:  # the norm behind it would hear a direction and no size
            nn.init.normal_(stem[0].bias)  # type: ignore[index]
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
        after = [self.up, self.points, self.head, self.spread_head]
        after += [self.film] if self.film is not None else []
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
        x = self.standard(x)
        if self.training and self.config.modality_dropout > 0.0:
            x = some_left_out(x, self.groups, self.config.modality_dropout)
        levels = self.encoder(self.stems(x[:, :n_images]))
        out = levels[3]
        if self.film is not None:
            scalars = filled(x[:, n_images:]).mean(dim=(-2, -1))
            gain, shift = self.film(scalars).chunk(2, dim=1)
            out = out * (1.0 + gain[:, :, None, None]) + shift[:, :, None, None]
        for step, skip in zip(self.up, [*levels[2::-1], None, None], strict=True):
            out = step(out, skip)
        out = torch.cat([out, self.points(x)], dim=1)
        with torch.autocast(out.device.type, enabled=False):
            theta = water_content(self.head(out.float()), self.config.out, soil)
            # The spread reads the features and does not shape them, as in a U-Net's normal head.
            raw = self.spread_head(out.float().detach())
            return Prediction(theta, SPREAD_FLOOR + SPREAD_SCALE * functional.softplus(raw))


def _mean_around(x: Tensor) -> Tensor:
    """Means over 9 x 9 px with zeros beyond the edge, one axis after the other."""
    half = _NEAR_PX // 2
    down = functional.avg_pool2d(x, (_NEAR_PX, 1), 1, (half, 0))
    return functional.avg_pool2d(down, (1, _NEAR_PX), 1, (0, half))


def present(x: Tensor, groups: Sequence[int]) -> Tensor:
    """Which groups of channels an image has at all, shape (batch, group)."""
    parts = torch.split(x, list(groups), dim=1)
    return torch.stack([torch.isfinite(part).flatten(1).any(dim=1) for part in parts], dim=1)


def filled(x: Tensor) -> Tensor:
    """Standardised channels with their mean, 0, in gaps."""
    return torch.nan_to_num(x, nan=0.0)


def some_left_out(x: Tensor, groups: Sequence[int], chance: float) -> Tensor:
    """Channels with whole groups taken away by chance, never all that an image has.

    Parameters
    ----------
    x : tensor, shape (batch, channel, row, column)
        Channels, group after group; NaN where missing.
    groups : sequence of int
        Channels of each sensor; the scalars are the last.
    chance : float
        Of each group in each image.
    """
    there = present(x, groups)
    kept = there & (torch.rand(there.shape, device=x.device) >= chance)
    kept = torch.where(kept.any(dim=1, keepdim=True), kept, there)
    widths = torch.tensor(list(groups), device=x.device)
    planes = kept.repeat_interleave(widths, dim=1)[:, :, None, None]
    return torch.where(planes, x, torch.nan)
