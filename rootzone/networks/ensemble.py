"""Several networks as one: their mean, and how far they disagree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from rootzone._shared.errors import RequestError
from rootzone.networks.models import Prediction


class EnsemblePrediction(NamedTuple):
    """Mean of the members, and their spread; reads like a ``Prediction``."""

    theta: Tensor
    """mean of the members [m3 m-3]"""
    spread: Tensor | None
    """standard deviation [m3 m-3] of the mixture; None for one member with a point head"""
    between: Tensor | None
    """the members' disagreement alone [m3 m-3]; None for one member"""


def combine(predictions: Sequence[Prediction]) -> EnsemblePrediction:
    r"""Mean and spread of a mixture with equal weights.

    .. math:: s^2 = \overline{s_k^2} + \frac{1}{K-1}\sum_k (\theta_k - \bar\theta)^2

    Raises
    ------
    RequestError
        If there is no member.

    References
    ----------
    Lakshminarayanan and others (2017), arXiv:1612.01474, with K - 1 in place of K: few members.
    """
    if not predictions:
        raise RequestError("An ensemble needs at least one member.")
    thetas = torch.stack([member.theta for member in predictions])
    own = [member.spread for member in predictions if member.spread is not None]
    between = thetas.std(dim=0, correction=1) if len(predictions) > 1 else None
    parts = [torch.stack(own).square().mean(dim=0)] if own else []
    parts += [between.square()] if between is not None else []
    spread = torch.stack(parts).sum(dim=0).sqrt() if parts else None
    return EnsemblePrediction(thetas.mean(dim=0), spread, between)


class Ensemble(nn.Module):
    """Networks of one configuration, asked together."""

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, x: Tensor, soil: Tensor | None = None) -> EnsemblePrediction:
        """As ``UNet.forward``, for the mean of the members."""
        return combine([member(x, soil) for member in self.members])
