"""Everything that changes while a network is trained, and how it is kept."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from rootzone.networks.losses import LossState
from rootzone.networks.mixing import SOURCES, Mixer
from rootzone.networks.sample_order import SampleOrder
from rootzone.networks.settings import TrainSettings
from rootzone.networks.train_step import optimiser_of


@dataclass
class EpochSums:
    """Sums over the steps of the epoch that runs.

    Parameters
    ----------
    steps, samples : int
        Steps and tiles so far.
    seconds : float
        Time they took [s].
    totals : Counter
        Sum of each figure of a step.
    sources : Counter
        Batches of each source.
    """

    steps: int = 0
    samples: int = 0
    seconds: float = 0.0
    totals: dict[str, float] = field(default_factory=dict)
    sources: Counter[str] = field(default_factory=Counter)

    def add(self, figures: Mapping[str, float], source: str, samples: int) -> None:
        """Count a step."""
        self.steps += 1
        self.samples += samples
        self.sources[source] += 1
        for name, value in figures.items():
            self.totals[name] = self.totals.get(name, 0.0) + value

    def row(self) -> dict[str, float]:
        """Means over the steps, and the pace."""
        row: dict[str, float] = {f"{name}_batches": self.sources[name] for name in SOURCES}
        row |= {_LOGGED.get(k, k): v / max(1, self.steps) for k, v in self.totals.items()}
        row["samples_per_s"] = self.samples / self.seconds if self.seconds > 0 else math.nan
        row["train_s"] = self.seconds
        return row

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for a checkpoint."""
        return {**vars(self), "sources": dict(self.sources)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> EpochSums:
        """The inverse of ``to_dict``."""
        return cls(**{**values, "sources": Counter(values["sources"])})


_LOGGED = {"total": "loss", "n_label": "labels_per_batch"}


class TrainState:
    """A network in training.

    Parameters
    ----------
    network : module
        The network, not wrapped.
    settings : TrainSettings
        How it is trained.
    sizes : mapping
        Samples of each source that may be drawn.
    probability : float
        Chance of a simulated batch; the settings' own, or 0 or 1 where there is one source.
    """

    def __init__(
        self,
        network: nn.Module,
        settings: TrainSettings,
        sizes: Mapping[str, int],
        probability: float,
    ) -> None:
        self.network = network
        self.optimiser = optimiser_of(network, settings)
        self.loss_state = LossState()
        # With one source there is nothing that its chance could fall in favour of.
        schedule = settings.mixing_schedule if len(sizes) > 1 else "constant"
        self.mixer = Mixer(probability, schedule, settings.seed)
        self.orders = {
            name: SampleOrder(n, settings.batch_size, settings.seed, SOURCES.index(name))
            for name, n in sizes.items()
        }
        self.step = 0
        self.epoch = 0
        self.sums = EpochSums()
        self.history: list[dict[str, Any]] = []
        self.best_rmse = math.inf
        self.best_epoch = -1
        self.best_weights: dict[str, Tensor] = {}
        self.finished = False

    def end_epoch(self, row: Mapping[str, Any]) -> bool:
        """Keep the figures of an epoch, and the weights if they are the best so far.

        A validation that is no number is never the best.
        """
        better = bool(row["validation_rmse"] < self.best_rmse)
        if better:
            self.best_rmse = float(row["validation_rmse"])
            self.best_epoch = self.epoch
            self.best_weights = {
                name: value.detach().cpu().clone()
                for name, value in self.network.state_dict().items()
            }
        self.history.append({**row, "best": int(better)})
        self.epoch += 1
        self.sums = EpochSums()
        return better

    def out_of_patience(self, patience_epochs: int) -> bool:
        """Whether so many epochs have passed without a better one."""
        return 0 < patience_epochs <= self.epoch - 1 - self.best_epoch

    def to_dict(self) -> dict[str, Any]:
        """Everything the coming steps depend on."""
        return {
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "loss_state": self.loss_state.state_dict(),
            "mixer": self.mixer.state(),
            "orders": {name: order.state() for name, order in self.orders.items()},
            "torch_rng": torch.get_rng_state(),
            "cuda_rng": torch.cuda.get_rng_state() if torch.cuda.is_available() else None,
            "sums": self.sums.to_dict(),
            **{name: getattr(self, name) for name in _PLAIN},
        }

    def restore(self, values: Mapping[str, Any]) -> None:
        """Go on where ``to_dict`` was taken."""
        self.network.load_state_dict(values["network"])
        self.optimiser.load_state_dict(values["optimiser"])
        self.loss_state.load_state_dict(values["loss_state"])
        self.mixer.restore(values["mixer"])
        for name, order in self.orders.items():
            order.restore(values["orders"][name])
        torch.set_rng_state(values["torch_rng"])
        if values["cuda_rng"] is not None and torch.cuda.is_available():
            torch.cuda.set_rng_state(values["cuda_rng"])
        self.sums = EpochSums.from_dict(values["sums"])
        for name in _PLAIN:
            setattr(self, name, values[name])


_PLAIN = ("step", "epoch", "history", "best_rmse", "best_epoch", "best_weights", "finished")
