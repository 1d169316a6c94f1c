"""The composite loss of section 3.7: labels, bounds, matric potential.

L = a L_MSE + (1 - a) (lambda_b L_bound + L_psi), Eqs 14 to 19, where a is the ``data_weight`` of
``schedules``. Means over labels divide by the labels' weight plus a small number, so a batch
without labels gives 0 and a finite gradient. Nothing that a mask leaves out can reach a gradient:
values are replaced before the arithmetic, not multiplied by 0 after it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from rootzone.campaign.learning_section import Learning
from rootzone.networks.models import Prediction
from rootzone.networks.retention import (
    THETA_EPS,
    Retention,
    effective_saturation,
    ln_suction_from_theta,
    retention_of,
)
from rootzone.networks.schedules import data_weight

Physics = Literal["full", "bound", "none"]

COUNT_EPS: Final = 1e-6  # labels; section 3.7.2's safe normalisation
EMA: Final = 0.98  # memory of the balanced lambda, about the last 50 steps
BALANCE_AT: Final = 0.5  # share of the run at which a balanced lambda is fixed
LAMBDA_RANGE: Final = (0.1, 100.0)
# A soil is only ever replaced by this one where a parameter is missing; no result depends on it.
_STAND_IN: Final = (0.05, 0.45, 0.02, 1.5)


class Targets(Protocol):
    """What the loss reads of a batch."""

    @property
    def y(self) -> Tensor:
        """Labels (batch, depth, row, column) [m3 m-3]; anything where there is none."""

    @property
    def mask(self) -> Tensor:
        """True where there is a label."""

    @property
    def soil(self) -> Tensor:
        """theta_r, theta_s, alpha, n (batch, depth, 4, row, column)."""

    @property
    def weight(self) -> Tensor | None:
        """Weight of each label, of the labels' shape or broadcast to it; None for 1."""


class LossState:
    """What a balanced lambda_b remembers; part of a checkpoint."""

    def __init__(self) -> None:
        self.bound: float | None = None
        self.psi: float | None = None
        self.frozen: float | None = None

    def state_dict(self) -> dict[str, float | None]:
        """Running means of L_bound and L_psi, and lambda_b once it is fixed."""
        return {"bound": self.bound, "psi": self.psi, "frozen": self.frozen}

    def load_state_dict(self, values: Mapping[str, float | None]) -> None:
        """Take over what ``state_dict`` gave."""
        self.bound, self.psi, self.frozen = values["bound"], values["psi"], values["frozen"]

    def note(self, bound: float, psi: float) -> None:
        """Add a step to the running means."""
        self.bound = bound if self.bound is None else EMA * self.bound + (1.0 - EMA) * bound
        self.psi = psi if self.psi is None else EMA * self.psi + (1.0 - EMA) * psi

    def balanced(self) -> float:
        """L_psi over L_bound of the last steps, within 0.1 to 100; 1 where there are none."""
        if self.bound is None or self.psi is None:
            return 1.0
        low, high = LAMBDA_RANGE
        return min(max(self.psi / self.bound, low), high) if self.bound > 0.0 else high


class LossTerms(NamedTuple):
    """The loss and its parts; tensors without dimensions, and the weights used."""

    total: Tensor
    mse: Tensor
    bound: Tensor
    psi: Tensor
    coherence: Tensor
    spread: Tensor
    data_weight: float
    lambda_bound: float
    n_label: Tensor

    def figures(self) -> dict[str, float]:
        """The parts as numbers, for a log."""
        return {
            name: float(value.detach() if isinstance(value, Tensor) else value)
            for name, value in self._asdict().items()
        }


class CompositeLoss(nn.Module):
    """The loss of a prediction against a batch.

    The weight of the data follows the run's progress. A normal head adds the likelihood of its
    spread outside the convex sum; the mean is taught by L_MSE alone and so is the same as a point
    head's (see ``spread_loss``).
    """

    def __init__(self, settings: Learning | None = None) -> None:
        super().__init__()
        self.settings = settings or Learning()

    def forward(
        self,
        prediction: Prediction,
        batch: Targets,
        progress: float,
        state: LossState | None = None,
    ) -> LossTerms:
        """Score a prediction.

        Parameters
        ----------
        prediction : Prediction
            Of the labels' size, or larger by a halo that counts in no term and is cut off.
        batch : Batch
            Labels, mask, soil and weights.
        progress : float
            Share of the run done, 0 to 1.
        state : LossState
            Needed for ``lambda_bound: balanced``; updated in place.
        """
        chosen, labels = self.settings, _Labels(batch)
        theta = central(prediction.theta.float(), labels.theta)
        zero = theta.new_zeros(())
        mse = labels.mean((theta - labels.theta) ** 2, over=chosen.mse_over)
        bound = psi = coherence = spread = zero
        retention = retention_of(central(batch.soil.float(), labels.theta))
        if chosen.physics != "none":
            bound = bound_penalty(theta, retention)
        if chosen.physics == "full":
            psi = self._psi(theta, _Labels(batch, own_of_psi=True), retention)
        if chosen.coherence_weight > 0.0 and theta.shape[1] > 1:
            coherence = vertical_jump(theta, retention)
        if prediction.spread is not None:
            spread = spread_loss(theta, central(prediction.spread, theta), labels)
        share = data_weight(chosen.alpha_schedule, chosen.alpha_start, progress)
        if chosen.physics == "none":
            share = 1.0
        lambda_b = self._lambda(bound, psi, progress, state)
        physics = lambda_b * bound + psi
        total = share * mse + (1.0 - share) * physics + chosen.coherence_weight * coherence + spread
        return LossTerms(total, mse, bound, psi, coherence, spread, share, lambda_b, labels.count)

    def _psi(self, theta: Tensor, labels: _Labels, soil: Retention) -> Tensor:
        usable = labels.inside(soil)
        safe = _where_known(soil, usable.mask)
        predicted = _suction(usable.only(theta), safe, self.settings)
        observed = _suction(usable.theta, safe, self.settings)
        return usable.mean((predicted - observed).abs())

    def _lambda(
        self, bound: Tensor, psi: Tensor, progress: float, state: LossState | None
    ) -> float:
        if self.settings.lambda_bound != "balanced":
            return float(self.settings.lambda_bound)
        if state is None:
            return 1.0
        if progress < BALANCE_AT:
            state.note(float(bound.detach()), float(psi.detach()))
            return 1.0
        if state.frozen is None:
            state.frozen = state.balanced()
        return state.frozen


class _Labels:
    """Labels with a weight, and the mean over them."""

    def __init__(self, batch: Targets, own_of_psi: bool = False) -> None:
        y, mask = batch.y, batch.mask.bool()
        second = getattr(batch, "y_psi", None)
        if own_of_psi and second is not None:
            # The second plane wins where it is known: a station's suction over a model's.
            known = torch.isfinite(second)
            y, mask = torch.where(known, second, y), mask | known
        weight = torch.ones_like(y) if batch.weight is None else batch.weight
        self.mask = mask & torch.isfinite(y)
        self.theta = torch.where(self.mask, y, 0.0).float()
        self.weight = torch.where(self.mask, weight.expand_as(y), 0.0).float()

    @property
    def count(self) -> Tensor:
        """Number of labels; stays on the device."""
        return self.mask.sum()

    def inside(self, soil: Retention) -> _Labels:
        """The labels that lie between theta_r and theta_s of a known soil.

        A label outside saturates at the clamp of Eq. 18: its suction would be a number made by the
        clamp, not by a sensor.
        """
        part = object.__new__(_Labels)
        part.mask = self.mask & _known(soil) & (self.theta > soil.theta_r)
        part.mask = part.mask & (self.theta < soil.theta_s)
        part.theta = self.theta
        part.weight = torch.where(part.mask, self.weight, 0.0)
        return part

    def only(self, values: Tensor) -> Tensor:
        """Values at the labels; the label's own elsewhere, so that no gradient flows there."""
        return torch.where(self.mask, values, self.theta)

    def mean(self, values: Tensor, over: str = "labels") -> Tensor:
        """Weighted mean over the labels, or their weighted sum over all pixels; 0 without labels.

        The latter is Eq. 2 of DeepSoil's surface half, which divides by N whatever the mask.
        """
        kept = (self.weight * torch.where(self.mask, values, 0.0)).sum()
        return kept / (self.mask.numel() if over == "all" else self.weight.sum() + COUNT_EPS)


def central(values: Tensor, like: Tensor) -> Tensor:
    """The middle rows and columns of a tensor, as many as another has."""
    rows, columns = like.shape[-2:]
    top, left = (values.shape[-2] - rows) // 2, (values.shape[-1] - columns) // 2
    return values[..., top : top + rows, left : left + columns]


def bound_penalty(theta: Tensor, soil: Retention) -> Tensor:
    """Mean distance outside theta_r to theta_s over all pixels of known soil [m3 m-3] (Eq. 16).

    A pixel without a prediction, where a network corrects physics that has no value, counts not.
    """
    known = torch.isfinite(soil.theta_r) & torch.isfinite(soil.theta_s) & torch.isfinite(theta)
    low, high = torch.where(known, soil.theta_r, 0.0), torch.where(known, soil.theta_s, 1.0)
    inner = torch.where(known, theta, low)
    outside = torch.relu(low - inner) + torch.relu(inner - high)
    return outside.sum() / (known.sum() + COUNT_EPS)


def vertical_jump(theta: Tensor, soil: Retention) -> Tensor:
    """Mean squared jump of effective saturation between neighbouring depths [-].

    Water content jumps where the texture does; the wetness of each layer relative to its own
    pores jumps less. Counted over all pixels whose two soils are known.
    """
    known = _known(soil) & torch.isfinite(theta)
    safe = _where_known(soil, known)
    se = effective_saturation(torch.where(known, theta, safe.theta_r), safe)
    both = known[:, 1:] & known[:, :-1]
    jump = torch.where(both, se[:, 1:] - se[:, :-1], 0.0)
    return (jump**2).sum() / (both.sum() + COUNT_EPS)


def spread_loss(theta: Tensor, spread: Tensor, labels: _Labels) -> Tensor:
    """Likelihood of the spread given the mean's errors, on the scale of a squared error.

    The Gaussian negative log-likelihood ln(s) + e^2 / (2 s^2), times s^2 held constant: its
    gradient in ln(s) is s^2 - e^2, zero where the spread is the error's root mean square. The error
    is held constant too, so the mean feels L_MSE only.

    References
    ----------
    Seitzer and others (2022), arXiv:2203.09168, with beta = 1.
    """
    squared = (theta.detach() - labels.theta) ** 2
    return labels.mean(spread.detach() ** 2 * (torch.log(spread) + squared / (2.0 * spread**2)))


def _known(soil: Retention) -> Tensor:
    known = torch.isfinite(soil.theta_r) & torch.isfinite(soil.theta_s)
    return known & torch.isfinite(soil.alpha_per_cm) & torch.isfinite(soil.n)


def _where_known(soil: Retention, known: Tensor) -> Retention:
    """The soil, and a stand-in where a value is not to be used."""
    pairs = zip(soil, _STAND_IN, strict=True)
    return Retention(*(torch.where(known, values, stand_in) for values, stand_in in pairs))


def _suction(theta: Tensor, soil: Retention, chosen: Learning) -> Tensor:
    """Suction as a share of psi_max, or pF as a share of its pF; 0 to 1 either way.

    pF counts from 1 cm: nearer saturation than that, the logarithm runs to minus infinity and the
    soil holds the same water.
    """
    ln_suction = ln_suction_from_theta(theta, soil, chosen.psi_max_cm, THETA_EPS)
    ln_max = math.log(chosen.psi_max_cm)
    if chosen.psi_space == "linear":
        return torch.exp(ln_suction - ln_max)
    return ln_suction.clamp(min=0.0) / ln_max
