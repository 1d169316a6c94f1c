"""Which networks there are: one file a family, found by being here; torch only to build one."""

from __future__ import annotations

import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

from rootzone._shared.errors import RequestError
from rootzone._shared.names import did_you_mean
from rootzone.campaign.learning_section import Learning

if TYPE_CHECKING:
    from torch import nn


class Shape(ABC):
    """The shape of a network as plain numbers: what it takes and gives, and how far it sees.

    A family is a module of this package with a subclass and two names: ``NAMES``, from what
    ``learning.model`` may say to a function of (learning, channels, depths), and ``from_dict``,
    the inverse of `to_dict`. The network's ``forward(x, soil)`` gives a
    `rootzone.networks.models.Prediction`; training, bundles and maps ask no more of it. Maps
    predict windows with the whole halo and cut it off, unless the network has a method
    ``predict_middle(x, rim, soil)`` that knows a cheaper way to the same numbers.
    """

    family: ClassVar[str]
    n_channels: int
    n_depths: int

    @property
    @abstractmethod
    def output(self) -> str:
        """``bounds`` where the network needs the soil of every pixel."""

    @property
    @abstractmethod
    def stride_px(self) -> int:
        """Size that rows, columns and offsets of windows must be a multiple of [pixels]."""

    @property
    @abstractmethod
    def reach_px(self) -> int:
        """How far the farthest input pixel lies that can change an output pixel [pixels]."""

    @property
    def halo_px(self) -> int:
        """Reach rounded up to the stride [pixels]: the halo that makes tiling exact."""
        return -(-self.reach_px // self.stride_px) * self.stride_px

    @abstractmethod
    def build(self) -> nn.Module:
        """The network, with weights from torch's current random state."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """The shape as plain values, for a bundle."""


# Networks of which water content by physics is the last channel of each depth.
NEED_PHYSICS = ("unet_residual", "physics", "trees_physics", "auto")
PHYSICS = "physics"
WITHOUT_STEPS = (PHYSICS, "trees", "trees_physics")  # not trained by the loop
AUTO = "auto"  # no network: the best of several at places left out

Maker = Callable[[Learning, int, int], Shape]


@cache
def _families() -> dict[str, Any]:
    found = pkgutil.iter_modules(__path__, f"{__name__}.")
    return {name.rpartition(".")[2]: import_module(name) for _, name, _ in found}


def network_names() -> dict[str, Maker]:
    """What ``learning.model`` may say, and what makes the shape."""
    return {name: make for family in _families().values() for name, make in family.NAMES.items()}


def networks_trained(learning: Learning) -> tuple[int, int]:
    """Fewest and most networks that ``rootzone train`` puts through the loop.

    Examples
    --------
    Auto tries net A and the correction in one fold of four at least and in all at most, and trains
    what it takes once more:

    >>> networks_trained(Learning(model="auto"))
    (2, 9)
    >>> networks_trained(Learning(members=3))
    (3, 3)
    """
    if learning.model != AUTO:
        own = 0 if learning.model in WITHOUT_STEPS else learning.members
        return own, own
    tried = sum(name not in WITHOUT_STEPS for name in learning.candidates)
    only = tried == len(learning.candidates)
    return tried + learning.members * only, tried * learning.auto_folds + (
        learning.members if tried else 0
    )


def config_of(learning: Learning, n_channels: int, n_depths: int) -> Shape:
    """The network a campaign asks for.

    Raises
    ------
    RequestError
        There is no network of that name.
    """
    known = network_names()
    if learning.model == AUTO:
        raise RequestError("learning.model: auto is chosen by rootzone train, not built.")
    if learning.model not in known:
        raise RequestError(
            f"learning.model: there is no network {learning.model!r}"
            f"{did_you_mean(learning.model, known)}. Choose one of {', '.join(sorted(known))}."
        )
    return known[learning.model](learning, n_channels, n_depths)


def to_dict(shape: Shape) -> dict[str, Any]:
    """The shape for a bundle; a family other than the U-Net says which it is."""
    named = {} if shape.family == "unet" else {"family": shape.family}
    return {**named, **shape.to_dict()}


def from_dict(values: Mapping[str, Any]) -> Shape:
    """The inverse of `to_dict`.

    Raises
    ------
    RequestError
        This version of rootzone does not have the family.
    """
    told = dict(values)
    name = told.pop("family", "unet")
    family = _families().get(name)
    if family is None:
        raise RequestError(f"This version of rootzone has no networks of the family {name!r}.")
    shape: Shape = family.from_dict(told)
    return shape
