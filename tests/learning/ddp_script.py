"""One step of the training of several processes; writes gradients and weights for a test."""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from rootzone.networks.mixing import SIMULATED, STATION
from rootzone.networks.ranks import joined_ranks
from rootzone.networks.run_training import RunOptions, new_network, train
from rootzone.networks.settings import TrainSettings
from tests.learning.made_up_samples import TINY, MadeUpSamples

SETTINGS = TrainSettings(
    epochs=1, steps_per_epoch=3, batch_size=8, learning_rate=1e-3, clip_norm=0.0, seed=5,
    optimiser="adam", lr_schedule="constant", simulated_batch_probability=0.5,
    alpha_start=0.5,
)  # fmt: skip


def run(folder: Path) -> None:
    """Train three steps and save the network's state and last gradient."""
    torch.set_num_threads(1)
    with joined_ranks(torch.device("cpu")) as ranks:
        network = new_network(TINY, seed=5)
        sources = {SIMULATED: MadeUpSamples(16, seed=1), STATION: MadeUpSamples(12, seed=2)}
        train(
            network, sources, MadeUpSamples(4, seed=3), SETTINGS, folder,
            options=RunOptions(ranks=ranks),
        )  # fmt: skip
        gradients = {name: p.grad for name, p in network.named_parameters()}
        torch.save(
            {"gradients": gradients, "state": network.state_dict()},
            folder / f"rank{ranks.rank}of{ranks.world}.pt",
        )


if __name__ == "__main__":
    run(Path(sys.argv[1]))
