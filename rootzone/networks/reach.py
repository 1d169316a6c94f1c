"""How far a network of convolutions sees, from a plain list of its layers.

A network is told as steps from its input to its output. The walk goes backwards from one output
pixel, keeping the first and last pixel it depends on, for every place that a pixel can have in the
grid of the strides; what is farthest on either side is the reach.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rootzone._shared.errors import RequestError

Interval = tuple[int, int]


@dataclass(frozen=True)
class Conv:
    """A convolution or a pool: ``kernel`` wide, at every ``stride``-th pixel, ``padding`` beyond.

    A 2 x 2 pool is ``Conv(2, 2, 0)``.
    """

    kernel: int
    stride: int = 1
    padding: int = 0

    def inputs(self, out: Interval) -> Interval:
        """Pixels that an interval of its output is made of."""
        low = out[0] * self.stride - self.padding
        return low, out[1] * self.stride - self.padding + self.kernel - 1


@dataclass(frozen=True)
class Up:
    """A transposed convolution: output o comes from i where o = stride i - padding + k."""

    kernel: int
    stride: int = 2
    padding: int = 0

    def inputs(self, out: Interval) -> Interval:
        """Pixels that an interval of its output is made of."""
        low = -(-(out[0] + self.padding - (self.kernel - 1)) // self.stride)
        return low, (out[1] + self.padding) // self.stride


@dataclass(frozen=True)
class Bilinear:
    """Twice the size by bilinear interpolation between pixel centres."""

    stride: int = 2

    def inputs(self, out: Interval) -> Interval:
        """Pixels that an interval of its output is made of: the two round (o + 1/2) / 2 - 1/2."""
        return (out[0] - 1) // 2, (out[1] + 1) // 2


@dataclass(frozen=True)
class Keep:
    """Features here are kept under a name, to be joined further up."""

    name: str


@dataclass(frozen=True)
class Join:
    """What was kept under a name comes in again."""

    name: str


Step = Conv | Up | Bilinear | Keep | Join


def same(kernel: int, times: int = 1) -> list[Step]:
    """Convolutions of odd width that keep the size."""
    return [Conv(kernel, 1, kernel // 2) for _ in range(times)]


def stride_of(steps: Sequence[Step]) -> int:
    """Product of the strides on the way down [pixels]: what sizes must be a multiple of."""
    stride = 1
    for step in steps:
        if isinstance(step, Conv):
            stride *= step.stride
    return stride


def reach_of(steps: Sequence[Step]) -> int:
    """How far the farthest input pixel lies that can change an output pixel [pixels].

    Parameters
    ----------
    steps : sequence
        From input to output; the output has the size of the input.

    Raises
    ------
    RequestError
        A join has nothing kept before it, or something kept is never joined.

    Examples
    --------
    A convolution of 3, a pool, one at the bottom, a 2 x 2 step up and a last one with the first
    joined in; `rootzone.networks.families.unet.receptive_radius_px` follows it by hand to 5:

    >>> down, bottom = [*same(3), Keep("a"), Conv(2, 2)], same(3)
    >>> reach_of([*down, *bottom, Up(2), Join("a"), *same(3)])
    5
    """
    reach = 0
    for pixel in range(stride_of(steps)):
        low, high = _inputs_of(steps, pixel)
        reach = max(reach, pixel - low, high - pixel)
    return reach


def _inputs_of(steps: Sequence[Step], pixel: int) -> Interval:
    """First and last input pixel that an output pixel depends on."""
    here, waiting = (pixel, pixel), dict[str, Interval]()
    for step in reversed(steps):
        if isinstance(step, Join):
            waiting[step.name] = here
        elif isinstance(step, Keep):
            if step.name not in waiting:
                raise RequestError(f"Features kept as {step.name!r} are joined nowhere.")
            joined = waiting.pop(step.name)
            here = min(here[0], joined[0]), max(here[1], joined[1])
        else:
            here = step.inputs(here)
    if waiting:
        raise RequestError(f"Nothing is kept as {next(iter(waiting))!r} before it is joined.")
    return here
