"""Channels brought to mean 0 and spread 1, by constants that the network keeps with its weights.

Constants for the whole Earth leave most of a region's channels with a spread of a few hundredths
around a large mean (heights, air, radar). A layer norm right after the first convolution then
hears the mean and hardly the rest; networks of many normalised layers stayed at the mean of their
labels for hundreds of steps.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from rootzone._shared.arrays import AnyArray

_LEAST_SPREAD: Final = 0.02  # of a channel's whole range; what varies less says little
_MOST: Final = 5.0  # spreads; farther than any training value a network should not be led
_CHIPS: Final = 256  # looked at, evenly spaced


class Standardise(nn.Module):
    """Subtract a mean and divide by a spread, channel by channel; NaN stays.

    Parameters
    ----------
    n_channels : int
        Channels. Until `fit`, means are 0 and spreads 1.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(n_channels))
        self.register_buffer("spread", torch.ones(n_channels))

    @property
    def is_fitted(self) -> bool:
        """Whether it has seen channels."""
        return bool((self.mean != 0.0).any() or (self.spread != 1.0).any())

    def fit(self, x: AnyArray) -> None:
        """Take means and spreads over images and pixels.

        Parameters
        ----------
        x : array, shape (image, channel, row, column)
            Scaled channels, NaN where missing; a channel that is never there stays as it is.

        Examples
        --------
        >>> both = Standardise(2)
        >>> both.fit(np.array([0.1, 0.3, np.nan, np.nan]).reshape(1, 2, 1, 2))
        >>> [round(float(v), 6) for v in both.mean], [round(float(v), 6) for v in both.spread]
        ([0.2, 0.0], [0.1, 1.0])
        """
        some = np.unique(np.linspace(0, len(x) - 1, min(len(x), _CHIPS)).round().astype(int))
        for k in range(x.shape[1]):
            values = np.asarray(x[some, k], np.float64)
            values = values[np.isfinite(values)]
            if values.size:
                self.mean[k] = float(values.mean())
                self.spread[k] = max(float(values.std()), _LEAST_SPREAD)

    def forward(self, x: Tensor) -> Tensor:
        """Standardised channels, shape (batch, channel, row, column), within 5 spreads."""
        z = (x - self.mean[:, None, None]) / self.spread[:, None, None]
        return z.clamp(-_MOST, _MOST)
