"""The U-Nets of section 3.6.1: what they are made of, and how far they see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from rootzone._shared.errors import RequestError
from rootzone.campaign.learning_section import Learning
from rootzone.networks.families import Shape
from rootzone.networks.reach import Bilinear, Conv, Join, Keep, Step, Up, reach_of, same

if TYPE_CHECKING:
    from torch import nn

Output = Literal["sigmoid", "bounds", "relu", "linear"]
Head = Literal["point", "normal"]
Upward = Literal["transposed", "resize"]
Pool = Literal["max", "mean"]


@dataclass(frozen=True)
class ModelConfig(Shape):
    """Shape of a U-Net.

    Attributes
    ----------
    n_channels : int
        Input channels.
    n_depths : int
        Label depths, one output channel each.
    widths : tuple of int
        Channels of the encoder blocks; each is followed by a 2x2 max-pool.
    encoder_convs, decoder_convs : tuple of int
        3x3 convolutions in each block, in the order the data pass them.
    bottleneck_convs, bottleneck_width : int
        Convolutions at the bottom and their channels; 0 for the last encoder width.
    decoder_widths : tuple of int
        Channels of the decoder blocks from the bottom up; empty for the mirror of ``widths``.
    up_kernel : int
        Side of the transposed convolutions, stride 2: 2, 3 or 4.
    output : str
        "sigmoid" between 0 and 1, "bounds" between each pixel's theta_r and theta_s, "relu" from 0,
        "linear" for any number, which a correction is made of.
    head : str
        "point" for a water content, "normal" for a water content and a spread.
    dropout : float
        Share of bottleneck channels dropped in training.
    up : str
        "transposed" for transposed convolutions, whose weights differ by a pixel's place in the
        lattice of steps and which print that lattice on a map; "resize" for bilinear resizing and
        a 3x3 convolution, the same for every pixel.
    pool : str
        "max", or "mean", which takes no detail finer than the pooled pixels along.
    """

    family = "unet"
    n_channels: int
    n_depths: int = 1
    widths: tuple[int, ...] = (64, 128, 256)
    encoder_convs: tuple[int, ...] = (2, 2, 1)
    bottleneck_convs: int = 1
    decoder_convs: tuple[int, ...] = (1, 2, 2)
    up_kernel: int = 2
    output: Output = "sigmoid"
    head: Head = "point"
    dropout: float = 0.0
    decoder_widths: tuple[int, ...] = ()
    bottleneck_width: int = 0
    up: Upward = "transposed"
    pool: Pool = "max"

    def __post_init__(self) -> None:
        problems = [
            f"{name} {value} must have one entry for each of the {len(self.widths)} widths"
            for name, value in (
                ("encoder_convs", self.encoder_convs),
                ("decoder_convs", self.decoder_convs),
                ("decoder_widths", self.decoder_widths or self.widths),
            )
            if len(value) != len(self.widths)
        ]
        if self.n_channels < 1 or self.n_depths < 1 or not self.widths:
            problems.append("a network needs channels, depths and at least one encoder block")
        if min((*self.encoder_convs, *self.decoder_convs, *self.widths, 1)) < 1:
            problems.append("every block needs at least one convolution and one channel")
        if self.up_kernel not in (2, 3, 4):
            problems.append(f"up_kernel {self.up_kernel} must be 2, 3 or 4")
        if self.output not in get_args(Output):
            problems.append(f"output {self.output!r} must be one of {get_args(Output)}")
        if self.up not in get_args(Upward) or self.pool not in get_args(Pool):
            problems.append(f"up {self.up!r} or pool {self.pool!r} is not known")
        if self.head not in get_args(Head):
            problems.append(f"head {self.head!r} must be one of {get_args(Head)}")
        if problems:
            raise RequestError("Network: " + "; ".join(problems) + ".")

    @property
    def mirror(self) -> tuple[int, ...]:
        """Channels of the decoder blocks, from the bottom up."""
        return self.decoder_widths or self.widths[::-1]

    @property
    def bottom(self) -> int:
        """Channels of the bottleneck."""
        return self.bottleneck_width or self.widths[-1]

    @classmethod
    def reading(cls, name: str, n_channels: int = 20, **changes: Any) -> ModelConfig:  # noqa: ANN401
        """One of the networks that section 3.6.1 may describe, by its campaign name.

        Parameters
        ----------
        name : str
            A key of ``READINGS``; "unet_a" is the default, with 3,318,017 parameters.
        n_channels : int
            Input channels.
        **changes
            Any other attribute, such as ``n_depths`` or ``output``.

        Raises
        ------
        RequestError
            If the name is not known.
        """
        if name not in READINGS:
            raise RequestError(f"There is no network {name!r}; choose one of {sorted(READINGS)}.")
        return cls(n_channels, **{**READINGS[name], **changes})

    @property
    def stride_px(self) -> int:
        """Size that rows and columns, and the offsets of tiles, must be a multiple of [pixels]."""
        return int(2 ** len(self.widths))

    @property
    def steps(self) -> list[Step]:
        """The network as the walk of `rootzone.networks.reach` reads it."""
        steps: list[Step] = []
        for level, n_conv in enumerate(self.encoder_convs):
            steps += [*same(3, n_conv), Keep(str(level)), Conv(2, 2)]
        steps += same(3, self.bottleneck_convs)
        up: list[Step] = [Up(self.up_kernel, 2, 0 if self.up_kernel == 2 else 1)]
        if self.up == "resize":
            up = [Bilinear(), *same(3)]
        for level, n_conv in zip(range(len(self.widths))[::-1], self.decoder_convs, strict=True):
            steps += [*up, Join(str(level)), *same(3, n_conv)]
        return steps

    @property
    def reach_px(self) -> int:
        """As `receptive_radius_px`.

        Windows at multiples of the stride with a halo of this reach give the same pixels bit for
        bit where the arithmetic library sums in the same order. On CPU it does for windows of one
        size, and in trials for all sizes from 144 px up; smaller windows may differ by 6e-8.
        """
        return receptive_radius_px(self)

    def build(self) -> nn.Module:
        """The network, with weights from torch's current random state.

        On CPU ``build().to(memory_format=torch.channels_last)`` is about a third faster.
        """
        from rootzone.networks.models import UNet

        return UNet(self)

    def to_dict(self) -> dict[str, Any]:
        """The configuration as plain values, for a bundle; a later choice only where it is made."""
        told = asdict(self)
        for key, default in (("up", "transposed"), ("pool", "max")):
            if told[key] == default:
                del told[key]
        return {k: list(value) if isinstance(value, tuple) else value for k, value in told.items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ModelConfig:
        """The inverse of ``to_dict``."""
        plain: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
        }
        return cls(**plain)


# The words of 3.6.1 fit several networks; only the first two have "a bottleneck layer", a decoder
# that "mirrors" and "about 3 M" parameters. The counts, 20 channels in, are held by a test.
READINGS: Final[Mapping[str, Mapping[str, Any]]] = {
    "unet_a": {},
    "unet_a_single": {"decoder_convs": (1, 1, 1)},
    "unet_a_double_bottleneck": {"bottleneck_convs": 2},
    "unet_3m": {
        "bottleneck_convs": 2, "decoder_widths": (128, 64, 64), "decoder_convs": (2, 2, 2),
        "up_kernel": 3,
    },
    "unet_a_up3": {"up_kernel": 3},
    "unet_a_up4": {"up_kernel": 4},
    "unet_narrow": {"decoder_widths": (128, 64, 32)},
    "unet_flat": {"widths": (64, 128, 128), "bottleneck_width": 256},
    # No reading of the paper: net A without anything that tells one pixel of the lattice from
    # another.
    "unet_smooth": {"up": "resize", "pool": "mean"},
}  # fmt: skip


def unet_of(learning: Learning, n_channels: int, n_depths: int) -> ModelConfig:
    """The network a campaign asks for.

    Widths other than the model's own keep its numbers of convolutions; another number of widths
    takes as many blocks as there are widths, the outer ones as in the model.
    """
    changes: dict[str, Any] = {
        "n_depths": n_depths, "output": learning.output, "head": learning.head,
    }  # fmt: skip
    if learning.widths is not None:
        own = ModelConfig.reading(learning.model, n_channels)
        blocks = len(learning.widths)
        changes |= {
            "widths": tuple(learning.widths),
            "encoder_convs": _stretched(own.encoder_convs, blocks),
            "decoder_convs": _stretched(own.decoder_convs[::-1], blocks)[::-1],
            "decoder_widths": (),
            "bottleneck_width": 0,
        }
    return ModelConfig.reading(learning.model, n_channels, **changes)


def _stretched(convs: tuple[int, ...], blocks: int) -> tuple[int, ...]:
    return tuple((*convs, *[convs[-1]] * blocks)[:blocks])


def receptive_radius_px(config: ModelConfig) -> int:
    """How far the farthest input pixel lies that can change an output pixel [pixels].

    Examples
    --------
    One block of one convolution, a pool, one convolution at the bottom, a 2x2 step up and one
    convolution. Output pixel 0 needs decoder inputs -1..1; up: -1..0 below; bottom: -2..1; its
    unpooled pixels are -4..3; the encoder's convolution needs -5..4. So pixel 0 reaches 5 left.
    (For pixel 1: 0..2, 0..1, -1..2, -2..5, -3..6: 5 to the right.)

    >>> receptive_radius_px(ModelConfig(1, 1, (4,), (1,), 1, (1,)))
    5
    """
    return reach_of(config.steps)


NAMES = dict.fromkeys(READINGS, unet_of)
from_dict = ModelConfig.from_dict
