"""LightGBM as a network: trees on the channels of each pixel, kept and mapped like any other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rootzone.campaign.learning_section import Learning
from rootzone.networks.families import Shape

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class TreesShape(Shape):
    """Trees for each depth.

    Parameters
    ----------
    n_channels, n_depths : int
        Input channels and label depths.
    """

    family = "trees"
    n_channels: int
    n_depths: int = 1

    @property
    def output(self) -> str:
        """Trees need no soil."""
        return "sigmoid"

    @property
    def stride_px(self) -> int:
        """A pixel at a time."""
        return 1

    @property
    def reach_px(self) -> int:
        """No neighbours."""
        return 0

    def build(self) -> nn.Module:
        """Trees that are not grown yet."""
        from rootzone.networks.trees import Trees

        return Trees(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for a bundle."""
        return {"n_channels": self.n_channels, "n_depths": self.n_depths}


def from_dict(values: Mapping[str, Any]) -> TreesShape:
    """The inverse of ``to_dict``."""
    return TreesShape(**values)


def _trees_physics(learning: Learning, n_channels: int, n_depths: int) -> TreesShape:
    del learning
    return TreesShape(n_channels, n_depths)


def _trees(learning: Learning, n_channels: int, n_depths: int) -> TreesShape:
    """Water content by physics, where it is there, is the last channels and is left out."""
    there = "theta" in learning.features.physics
    return TreesShape(n_channels - n_depths * there, n_depths)


NAMES = {"trees": _trees, "trees_physics": _trees_physics}
