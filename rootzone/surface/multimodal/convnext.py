"""ConvNeXt V2 (Woo et al. 2023), dense and on masked sites, with the published parameter names.

A block is: depthwise 7 x 7 convolution, layer normalisation, 1 x 1 to four times the width, GELU,
global response normalisation, 1 x 1 back, plus what came in. Names of parameters are those of the
published checkpoints, so that ``load_state_dict`` takes them.

On masked sites every spatial operation is wrapped by the mask (nothing comes in from a masked site,
nothing goes out to one), which is what a submanifold sparse convolution computes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from rootzone._shared.errors import RequestError

GrnOver = Literal["image", "batch"]
_EPS: Final = 1e-6
_INIT_SD: Final = 0.02  # of every convolution and linear layer, cut at two standard deviations
STRIDE_PX: Final = 32


@dataclass(frozen=True)
class Variant:
    """Blocks and widths of the four stages."""

    depths: tuple[int, int, int, int]
    dims: tuple[int, int, int, int]


VARIANTS: Final[Mapping[str, Variant]] = {
    "atto": Variant((2, 2, 6, 2), (40, 80, 160, 320)),
    "femto": Variant((2, 2, 6, 2), (48, 96, 192, 384)),
    "pico": Variant((2, 2, 6, 2), (64, 128, 256, 512)),
    "nano": Variant((2, 2, 8, 2), (80, 160, 320, 640)),
    "tiny": Variant((3, 3, 9, 3), (96, 192, 384, 768)),
    "base": Variant((3, 3, 27, 3), (128, 256, 512, 1024)),
    # Not published: small enough for trials on a few cores.
    "mini": Variant((1, 1, 2, 1), (16, 32, 64, 128)),
}


def variant_named(name: str) -> Variant:
    """A published size, or ``mini``, which is none.

    Raises
    ------
    RequestError
        There is none of that name.

    Examples
    --------
    >>> variant_named("atto").dims
    (40, 80, 160, 320)
    """
    if name not in VARIANTS:
        raise RequestError(f"There is no ConvNeXt V2 {name!r}; sizes are {', '.join(VARIANTS)}.")
    return VARIANTS[name]


class LayerNorm(nn.Module):
    """Normalisation over the channels of each site, channels in the second axis."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise, shape (batch, channel, row, column)."""
        last = x.movedim(1, -1)
        width = (self.weight.numel(),)
        out = functional.layer_norm(last, width, self.weight, self.bias, _EPS)
        return out.movedim(-1, 1)


class GlobalResponseNorm(nn.Module):
    r"""Contrast between channels, by how strongly each answers anywhere.

    :math:`y = \gamma\,x\,N + \beta + x`, :math:`N_c = G_c / (\bar G + 10^{-6})`, with
    :math:`G_c` the L2 norm of channel c over the sites (section 3.3 of the paper). The norm runs
    over a whole window, so a value depends on the window that it is predicted in.

    Parameters
    ----------
    width : int
        Channels.
    over : str
        ``image``: sites of each image (the dense form); ``batch``: active sites of all images
        together, as the published sparse code pools them.
    """

    def __init__(self, width: int, over: GrnOver = "image") -> None:
        super().__init__()
        self.over = over
        self.gamma = nn.Parameter(torch.zeros(1, 1, 1, width))
        self.beta = nn.Parameter(torch.zeros(1, 1, 1, width))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise, shape (batch, row, column, channel); masked sites hold zeros."""
        sites = (1, 2) if self.over == "image" else (0, 1, 2)
        strength = torch.linalg.vector_norm(x, dim=sites, keepdim=True)
        relative = strength / (strength.mean(dim=-1, keepdim=True) + _EPS)
        out: Tensor = self.gamma * (x * relative) + self.beta + x
        return out


class Block(nn.Module):
    """One block of ConvNeXt V2; its widths stay."""

    def __init__(self, width: int, drop_path: float = 0.0, grn_over: GrnOver = "image") -> None:
        super().__init__()
        self.dwconv = nn.Conv2d(width, width, 7, padding=3, groups=width)
        self.norm = nn.LayerNorm(width, eps=_EPS)
        self.pwconv1 = nn.Linear(width, 4 * width)
        self.grn = GlobalResponseNorm(4 * width, grn_over)
        self.pwconv2 = nn.Linear(4 * width, width)
        self.drop_path = drop_path

    def forward(self, x: Tensor, active: Tensor | None = None) -> Tensor:
        """Pass through the block.

        Parameters
        ----------
        x : tensor, shape (batch, channel, row, column)
            Features; zero at masked sites where there is a mask.
        active : tensor, shape (batch, 1, row, column), optional
            1 where a site takes part, 0 where it is masked.

        Returns
        -------
        tensor of the same shape
        """
        out = _masked(self.dwconv(x), active).movedim(1, -1)
        out = functional.gelu(self.pwconv1(self.norm(out)))
        if active is not None:  # biases have reached masked sites; norms count active ones
            out = out * active.movedim(1, -1)
        out = self.pwconv2(self.grn(out)).movedim(-1, 1)
        return x + _masked(self._dropped(out), active)

    def _dropped(self, out: Tensor) -> Tensor:
        """Leave the whole branch out for some images of a training batch (stochastic depth)."""
        if self.drop_path == 0.0 or not self.training:
            return out
        keep = 1.0 - self.drop_path
        drawn = torch.rand(out.shape[0], 1, 1, 1, dtype=out.dtype, device=out.device) < keep
        return out * drawn / keep


class Encoder(nn.Module):
    """Four stages at strides 4, 8, 16 and 32.

    Parameters
    ----------
    n_channels : int
        Channels of the image; 0 leaves the first layer out (features at stride 4 come in).
    variant : Variant
        Blocks and widths.
    drop_path : float
        Share of branches left out in training at the last block; grows linearly to it.
    grn_over : str
        See `GlobalResponseNorm`.
    """

    def __init__(
        self,
        n_channels: int,
        variant: Variant,
        drop_path: float = 0.0,
        grn_over: GrnOver = "image",
    ) -> None:
        super().__init__()
        self.variant = variant
        stem: nn.Module = nn.Identity()
        if n_channels:
            stem = nn.Sequential(
                nn.Conv2d(n_channels, variant.dims[0], 4, stride=4), LayerNorm(variant.dims[0])
            )
        downs: list[nn.Module] = [stem]
        for before, after in zip(variant.dims, variant.dims[1:], strict=False):
            downs.append(nn.Sequential(LayerNorm(before), nn.Conv2d(before, after, 2, stride=2)))
        self.downsample_layers = nn.ModuleList(downs)
        n_blocks, stages, done = sum(variant.depths), [], 0
        for depth, width in zip(variant.depths, variant.dims, strict=True):
            rates = [drop_path * (done + i) / max(n_blocks - 1, 1) for i in range(depth)]
            stages.append(nn.Sequential(*(Block(width, rate, grn_over) for rate in rates)))
            done += depth
        self.stages = nn.ModuleList(stages)

    def forward(self, x: Tensor, active: Tensor | None = None) -> list[Tensor]:
        """Features of the four stages.

        Parameters
        ----------
        x : tensor, shape (batch, channel, row, column)
            Image with sides that are multiples of 32; without a first layer, features at stride 4.
        active : tensor, shape (batch, 1, row / 4, column / 4), optional
            1 where a site of stride 4 takes part. Masks of patches of 32 pixels stay whole.

        Returns
        -------
        list of four tensors
            Shapes (batch, dims[i], row / 2^(i+2), column / 2^(i+2)); zero at masked sites.
        """
        features = []
        for level, (down, stage) in enumerate(
            zip(self.downsample_layers, self.stages, strict=True)
        ):
            if active is not None and level:
                active = functional.max_pool2d(active, 2)
            # The first layer is dense and masked after, as in the published sparse code.
            x = _masked(down(x), active)
            for block in stage.children():
                x = block(x, active)
            features.append(x)
        return features


class ConvNeXtV2(Encoder):
    """The published network with its classification or regression head.

    Parameters
    ----------
    n_channels, n_out : int
        Channels of the image, values of the head.
    variant : Variant
        Blocks and widths.
    """

    def __init__(self, n_channels: int, n_out: int, variant: Variant) -> None:
        super().__init__(n_channels, variant)
        self.norm = nn.LayerNorm(variant.dims[-1], eps=_EPS)
        self.head = nn.Linear(variant.dims[-1], n_out)
        initialise(self)

    def pooled(self, x: Tensor) -> Tensor:
        """Normalised mean of the last features, shape (batch, dims[3])."""
        out: Tensor = self.norm(super().forward(x)[-1].mean(dim=(-2, -1)))
        return out

    # A subclass, so that parameters have the published names; its answer is another one.
    def forward(self, x: Tensor, active: Tensor | None = None) -> Tensor:  # type: ignore[override]
        """Values of the head, shape (batch, n_out)."""
        if active is not None:
            raise RequestError("The head reads whole images; mask the encoder instead.")
        out: Tensor = self.head(self.pooled(x))
        return out


def initialise(network: nn.Module) -> None:
    """Weights as published: normal with sd 0.02, cut at two, biases 0."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.trunc_normal_(module.weight, std=_INIT_SD)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def _masked(x: Tensor, active: Tensor | None) -> Tensor:
    return x if active is None else x * active
