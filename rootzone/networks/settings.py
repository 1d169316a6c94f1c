"""The settings of one training run: a campaign's ``learning`` and the seed of this network."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field

from rootzone.campaign.learning_section import Learning
from rootzone.campaign.section import Fraction, Seed
from rootzone.networks.schedules import LrSchedule

# What decides the weights; the rest of the section is the network's shape, its samples and its
# split, which a run's identity tells by themselves. The order is that of the run's settings.json.
_TRAINING = (
    "epochs", "steps_per_epoch", "batch_size", "optimiser", "learning_rate", "weight_decay",
    "lr_schedule", "clip_norm", "patience_epochs", "precision", "simulated_batch_probability",
    "mixing_schedule", "seed",
)  # fmt: skip
_LOSS = (
    "alpha_schedule", "alpha_start", "physics", "lambda_bound", "psi_space", "psi_max_cm",
    "coherence_weight",
)  # fmt: skip


class TrainSettings(Learning):
    """How a network is trained: the campaign's section, and the seed of one network."""

    seed: Seed = 3
    """weights, order of samples, mixing"""
    lr_schedule: LrSchedule = "cosine"  # type: ignore[assignment]  # one more than campaigns name
    """how the step size changes"""
    layer_decay: Fraction = 1.0
    """step of a layer as a share of the next one's, for tuning what is trained already"""
    decay_of: Literal["all", "matrices"] = "all"
    """weights that decay: all, or not those of norms and biases, which have no matrix"""
    beta2: Annotated[float, Field(gt=0, lt=1)] = 0.999
    """memory of the squared gradient; 0.95 in the published pre-training of ConvNeXt V2"""

    @classmethod
    def of(cls, learning: Learning, seed: int) -> Self:
        """Settings of a campaign; ``seed`` is its ``seeds.learning``."""
        return cls(**dict(learning), seed=seed)

    def for_member(self, member: int) -> Self:
        """Settings of one network of an ensemble; the first one keeps the seed.

        Members are far apart, so that the first of one seed is no later one of a near seed.
        """
        return self.model_copy(update={"seed": (self.seed + 1_000_003 * member) % 2**32})

    def to_dict(self) -> dict[str, Any]:
        """Everything that decides the weights, as JSON values; part of a run's identity."""
        # What came later is told only where it acts, so that earlier runs keep their identity.
        later = {} if self.mse_over == "labels" else {"mse_over": self.mse_over}
        told = {
            **{name: getattr(self, name) for name in _TRAINING},
            "loss": {name: getattr(self, name) for name in _LOSS} | later,
        }
        unlike = {"layer_decay": 1.0, "decay_of": "all", "beta2": 0.999}
        return told | {k: getattr(self, k) for k, v in unlike.items() if getattr(self, k) != v}
