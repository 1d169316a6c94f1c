"""Physics and a correction: a network that starts as the simulation and learns what it lacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rootzone._shared.errors import RequestError
from rootzone.campaign.learning_section import Learning
from rootzone.networks.families import Shape
from rootzone.networks.families.unet import ModelConfig, unet_of

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class ResidualShape(Shape):
    """A U-Net whose answer corrects the last channels of its input.

    Parameters
    ----------
    inner : ModelConfig or None
        What makes the correction; None for physics as it is.
    n_channels, n_depths : int
        Input channels, of which the last ``n_depths`` are water content by physics.
    """

    family = "residual"
    inner: ModelConfig | None
    n_channels: int
    n_depths: int = 1

    def __post_init__(self) -> None:
        if self.n_channels < self.n_depths:
            raise RequestError(
                f"A correction of physics at {self.n_depths} depths needs as many channels of it; "
                f"there are {self.n_channels} channels. Set learning.features.physics: [theta]."
            )

    @property
    def output(self) -> str:
        """Corrections end at the soil's limits."""
        return "sigmoid" if self.inner is None else "bounds"

    @property
    def stride_px(self) -> int:
        """That of the inner network."""
        return 1 if self.inner is None else self.inner.stride_px

    @property
    def reach_px(self) -> int:
        """That of the inner network."""
        return 0 if self.inner is None else self.inner.reach_px

    def build(self) -> nn.Module:
        """The network; its correction is nothing until it is trained."""
        from rootzone.networks.residual import Residual

        return Residual(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for a bundle."""
        inner = None if self.inner is None else self.inner.to_dict()
        return {"inner": inner, "n_channels": self.n_channels, "n_depths": self.n_depths}


def from_dict(values: Mapping[str, Any]) -> ResidualShape:
    """The inverse of ``to_dict``."""
    inner = values["inner"]
    shape = None if inner is None else ModelConfig.from_dict(inner)
    return ResidualShape(shape, values["n_channels"], values["n_depths"])


def _residual(learning: Learning, n_channels: int, n_depths: int) -> ResidualShape:
    inner = unet_of(learning.model_copy(update={"model": "unet_smooth"}), n_channels, n_depths)
    return ResidualShape(replace(inner, output="linear"), n_channels, n_depths)


def _physics(learning: Learning, n_channels: int, n_depths: int) -> ResidualShape:
    del learning
    return ResidualShape(None, n_channels, n_depths)


NAMES = {"unet_residual": _residual, "physics": _physics}
