r"""A network that corrects physics: its answer is physics plus a share of the way to a limit.

.. math:: \theta = \theta_p + \tanh(z)\,(\theta_s - \theta_p) \text{ for } z \ge 0, \quad
          \theta_p + \tanh(z)\,(\theta_p - \theta_r) \text{ for } z < 0

The last layer starts at zero, so :math:`z = 0` and the untrained network is physics to the bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor, nn

from rootzone._shared.errors import RequestError
from rootzone.networks.models import Prediction, UNet

if TYPE_CHECKING:
    from rootzone.networks.families.residual import ResidualShape

NO_SOIL: Final = (0.0, 0.6)  # limits where those of the soil are not known [m3 m-3]


class Residual(nn.Module):
    """Physics from the last input channels, and a U-Net's correction within the soil's limits."""

    def __init__(self, config: ResidualShape) -> None:
        super().__init__()
        self.config = config
        self.inner: UNet | None = None
        if config.inner is None:
            # An optimiser wants something to hold; it has no effect.
            self.nothing = nn.Parameter(torch.zeros(1))
            return
        self.inner = UNet(config.inner)
        nn.init.zeros_(self.inner.head.weight)
        assert self.inner.head.bias is not None  # noqa: S101 - it is made with one
        nn.init.zeros_(self.inner.head.bias)

    def forward(self, x: Tensor, soil: Tensor | None = None) -> Prediction:
        """Predict water content.

        Parameters
        ----------
        x : tensor, shape (batch, channel, row, column)
            Scaled channels, the last ones water content by physics [m3 m-3].
        soil : tensor, shape (batch, depth, 4, row, column)
            theta_r and theta_s first; where they are missing, 0 and 0.6 take their place.

        Returns
        -------
        Prediction
            In float32; NaN where physics has no value.
        """
        base = self.base(x)
        if self.inner is None:
            return Prediction(base + 0.0 * self.nothing, None)
        return self.corrected(self.inner(x), base, soil)

    def base(self, x: Tensor) -> Tensor:
        """Water content by physics, of the input's last channels."""
        return x[:, self.config.n_channels - self.config.n_depths :].float()

    def corrected(self, told: Prediction, base: Tensor, soil: Tensor | None) -> Prediction:
        """Physics and the correction that the inner network's answer stands for.

        Raises
        ------
        RequestError
            The soil is missing.
        """
        if soil is None:
            raise RequestError("A correction of physics needs theta_r and theta_s of every pixel.")
        with torch.autocast(base.device.type, enabled=False):
            known = torch.isfinite(base)
            theta = torch.where(known, base, 0.2)
            low, high = (
                torch.where(torch.isfinite(bound), bound, missing)
                for bound, missing in zip(soil[:, :, :2].float().unbind(2), NO_SOIL, strict=True)
            )
            # Physics may lie a little beyond the limits of the soil at the label depth itself.
            low, high = torch.minimum(low, theta), torch.maximum(high, theta)
            share = torch.tanh(told.theta.float())
            moved = theta + share * torch.where(share >= 0.0, high - theta, theta - low)
            moved = torch.clamp(moved, low, high)
            return Prediction(torch.where(known, moved, torch.nan), told.spread)
