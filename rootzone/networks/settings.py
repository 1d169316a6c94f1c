"""The settings of one training run, apart from the network and the features."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from rootzone.campaign.model import Learning
from rootzone.networks.losses import LossSettings


@dataclass(frozen=True)
class TrainSettings:
    """How a network is trained; every value changes the result, so all are part of its identity.

    Parameters
    ----------
    epochs, steps_per_epoch : int
        Rounds, and batches in each; None for one pass over the larger source.
    batch_size : int
        Tiles in a batch, over all processes together.
    optimiser : str
        ``adamw`` or ``adam``.
    learning_rate, weight_decay, lr_schedule
        Step size at the start, decay of ``adamw``, and how the step size falls.
    clip_norm : float
        Largest norm of the gradient; 0 for no limit.
    patience_epochs : int
        Epochs without a better validation after which training ends; 0 never ends early.
    precision : str
        ``fp32``, or ``bf16`` for the network's body.
    simulated_batch_probability, mixing_schedule
        As in `rootzone.networks.mixing.Mixer`.
    seed : int
        Weights, order of samples, mixing.
    loss : LossSettings
        Terms of the loss.
    """

    epochs: int = 100
    steps_per_epoch: int | None = None
    batch_size: int = 32
    optimiser: Literal["adamw", "adam"] = "adamw"
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    lr_schedule: Literal["constant", "cosine", "step"] = "cosine"
    clip_norm: float = 1.0
    patience_epochs: int = 0
    precision: Literal["fp32", "bf16"] = "fp32"
    simulated_batch_probability: float = 0.2
    mixing_schedule: Literal["constant", "linear"] = "constant"
    seed: int = 3
    loss: LossSettings = field(default_factory=LossSettings)

    @classmethod
    def of(cls, learning: Learning, seed: int) -> TrainSettings:
        """Settings of a campaign; ``seed`` is its ``seeds.learning``."""
        return cls(
            epochs=learning.epochs,
            steps_per_epoch=learning.steps_per_epoch,
            batch_size=learning.batch_size,
            optimiser=learning.optimiser,
            learning_rate=learning.learning_rate,
            weight_decay=learning.weight_decay,
            lr_schedule=learning.lr_schedule,
            clip_norm=learning.clip_norm,
            patience_epochs=learning.patience_epochs,
            precision=learning.precision,
            simulated_batch_probability=learning.simulated_batch_probability,
            mixing_schedule=learning.mixing_schedule,
            seed=seed,
            loss=LossSettings.of(learning),
        )

    def for_member(self, member: int) -> TrainSettings:
        """Settings of one network of an ensemble; the first one keeps the seed.

        Members are far apart, so that the first of one seed is no later one of a near seed.
        """
        return replace(self, seed=(self.seed + 1_000_003 * member) % 2**32)

    def to_dict(self) -> dict[str, Any]:
        """The settings as JSON values."""
        return asdict(self)
