"""Pre-training without labels: hide patches, and learn to paint them (FCMAE, Woo et al. 2023).

The encoder sees the patches that are left, as masked sites; a decoder of one block paints the
image, and the loss looks at hidden patches alone. For several modalities, each has its own head,
and the loss is the mean over those that are there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from rootzone._shared.errors import RequestError
from rootzone.networks.models import Prediction
from rootzone.surface.multimodal.convnext import (
    STRIDE_PX,
    Block,
    Encoder,
    GrnOver,
    Variant,
    initialise,
)
from rootzone.surface.multimodal.network import MultimodalNetwork

DECODER_WIDTH: Final = 512
_TO_STRIDE_4: Final = STRIDE_PX // 4
_VAR_FLOOR: Final = 1e-6
_NO_CUSP: Final = 1e-12  # a root has no slope at 0


def draw_mask(
    n_images: int, rows: int, cols: int, share: float, generator: torch.Generator
) -> Tensor:
    """Patches to hide: 1 hidden, 0 kept; each image keeps ``int(patches (1 - share))`` of them.

    Parameters
    ----------
    n_images, rows, cols : int
        Images, and patches of 32 pixels down and across.
    share : float
        Share hidden, between 0 and 1.
    generator : torch.Generator
        Settles the draw.

    Returns
    -------
    tensor, shape (n_images, 1, rows, cols)

    Examples
    --------
    The paper's 224 pixels have 49 patches, of which int(49 x 0.4) = 19 are kept:

    >>> mask = draw_mask(1, 7, 7, 0.6, torch.Generator().manual_seed(0))
    >>> int((mask == 0).sum())
    19
    """
    n = rows * cols
    kept = int(n * (1.0 - share))
    if not 0 < kept < n:
        raise RequestError(
            f"Hiding {share:g} of {n} patches keeps {kept}; choose a share, or a window of more "
            f"patches of {STRIDE_PX} px, that keeps some and hides some."
        )
    order = torch.rand(n_images, n, generator=generator).argsort(dim=1)
    mask = torch.ones(n_images, n).scatter_(1, order[:, :kept], 0.0)
    return mask.reshape(n_images, 1, rows, cols)


def patches(image: Tensor) -> Tensor:
    """Patches of 32 pixels, shape (batch, 32 x 32 x channel, row / 32, column / 32)."""
    b, c, h, w = image.shape
    p = STRIDE_PX
    cut = image.reshape(b, c, h // p, p, w // p, p)
    return cut.permute(0, 3, 5, 1, 2, 4).reshape(b, p * p * c, h // p, w // p)


def painted_loss(painted: Tensor, image: Tensor, mask: Tensor) -> Tensor:
    r"""Mean squared error on hidden patches, each target patch brought to mean 0 and variance 1.

    :math:`(x - \bar x) / \sqrt{s^2 + 10^{-6}}` with the unbiased variance, as published.

    Parameters
    ----------
    painted : tensor, shape (batch, 32 x 32 x channel, row / 32, column / 32)
        What the decoder says.
    image : tensor, shape (batch, channel, row, column)
        The whole image; patches that hold a NaN do not count.
    mask : tensor, shape (batch, 1, row / 32, column / 32)
        1 where hidden.
    """
    off, known = patch_errors(painted, image)
    count = mask * known
    return (off * count).sum() / count.sum().clamp_min(1.0)


def patch_errors(painted: Tensor, image: Tensor) -> tuple[Tensor, Tensor]:
    """Mean squared error of each patch against the normalised image, and which have no gap.

    Returns
    -------
    two tensors, shape (batch, 1, row / 32, column / 32)
    """
    target = patches(image)
    known = torch.isfinite(target).all(dim=1, keepdim=True)
    target = torch.where(known, target, 0.0)
    mean = target.mean(dim=1, keepdim=True)
    target = (target - mean) / torch.sqrt(target.var(dim=1, keepdim=True) + _VAR_FLOOR)
    return ((painted - target) ** 2).mean(dim=1, keepdim=True), known.to(painted)


class Painter(nn.Module):
    """Encoder and decoder of the pre-training, for one image or for several modalities.

    Parameters
    ----------
    encoder : Encoder
        The one to be pre-trained. With a first layer of its own it takes an image; without one it
        takes features at stride 4.
    heads : mapping of str to int
        Channels of each modality to paint.
    width : int
        Channels of the decoder.
    """

    def __init__(
        self, encoder: Encoder, heads: Mapping[str, int], width: int = DECODER_WIDTH
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.proj = nn.Conv2d(encoder.variant.dims[-1], width, 1)
        self.mask_token = nn.Parameter(torch.zeros(1, width, 1, 1))
        self.decoder = Block(width)
        self.pred = nn.ModuleDict(
            {name: nn.Conv2d(width, STRIDE_PX**2 * n, 1) for name, n in heads.items()}
        )
        initialise(self)
        nn.init.normal_(self.mask_token, std=0.02)

    def forward(self, x: Tensor, mask: Tensor) -> dict[str, Tensor]:
        """Paint every modality.

        Parameters
        ----------
        x : tensor
            What the encoder takes; values under the mask change nothing.
        mask : tensor, shape (batch, 1, row / 32, column / 32)
            1 where hidden.
        """
        active = 1.0 - functional.interpolate(mask, scale_factor=_TO_STRIDE_4, mode="nearest")
        seen = self.proj(self.encoder(x, active.to(x.dtype))[-1])
        hidden = mask.to(x.dtype)
        out = self.decoder(seen * (1.0 - hidden) + self.mask_token * hidden)
        return {name: head(out) for name, head in self.pred.items()}


def image_painter(n_channels: int, variant: Variant, grn_over: GrnOver = "batch") -> Painter:
    """The published pre-training network for one image of ``n_channels``."""
    return Painter(Encoder(n_channels, variant, grn_over=grn_over), {"image": n_channels})


class Painting(nn.Module):
    """Pre-training of a multimodal network as a task of the one training loop.

    What it predicts is how far off the paint is at every patch, and its label is 0: the mean
    squared error of the loop is then the published loss times the share of patches hidden. The
    sensors' first layers see whole patches only, so nothing of a hidden one comes through; at a
    validation the same patches are hidden every time.

    Parameters
    ----------
    network : MultimodalNetwork
        Whose first layers and encoder are trained, in place.
    hidden_share : float
        Share of patches hidden.
    """

    def __init__(self, network: MultimodalNetwork, hidden_share: float) -> None:
        super().__init__()
        self.inner, self.hidden_share = network, hidden_share
        encoder, widths = network.encoder, network.config.modalities
        self.painter = Painter(encoder, widths, min(DECODER_WIDTH, 4 * encoder.variant.dims[-1]))
        self.config = network.config

    def forward(self, x: Tensor, soil: Tensor | None = None) -> Prediction:
        """How far off each patch is, shape (batch, 1, row, column); 0 where nothing was hidden."""
        del soil
        n_images = sum(self.config.modalities.values())
        images, patch = self.inner.standard(x)[:, :n_images], STRIDE_PX
        rows, cols = x.shape[-2] // patch, x.shape[-1] // patch
        generator = torch.Generator()
        generator.manual_seed(int(torch.randint(0, 2**31, ())) if self.training else 0)
        mask = draw_mask(len(x), rows, cols, self.hidden_share, generator).to(x)
        active = 1.0 - functional.interpolate(mask, scale_factor=_TO_STRIDE_4, mode="nearest")
        painted = self.painter(self.inner.stems(images, active), mask)
        off, count = torch.zeros_like(mask), torch.zeros_like(mask)
        parts = torch.split(images, list(self.config.modalities.values()), dim=1)
        for part, told in zip(parts, painted.values(), strict=True):
            error, known = patch_errors(told, part)
            off, count = off + error * known, count + known
        mean = mask * off / count.clamp_min(1.0)
        told = torch.sqrt(mean + _NO_CUSP) - _NO_CUSP**0.5
        return Prediction(functional.interpolate(told, scale_factor=patch, mode="nearest"), None)
