"""Training in stages: what is taken over, what starts anew, and how far each layer steps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from rootzone._shared.errors import RequestError
from rootzone.networks.batch import Samples
from rootzone.networks.mixing import STATION
from rootzone.networks.models import UNet
from rootzone.networks.run_training import RunOptions, new_network, train
from rootzone.networks.settings import TrainSettings
from rootzone.networks.stages import Stage, layer_groups, layers_of, take_weights, train_stages
from rootzone.networks.train_step import optimiser_of
from tests.learning.made_up_samples import TINY, MadeUpSamples

ONE = TrainSettings(epochs=2, batch_size=4, learning_rate=5e-3, seed=5, physics="none")
TWO = ONE.model_copy(update={"epochs": 1, "learning_rate": 5e-4, "layer_decay": 0.8})


def stages(first_offset: float = 0.02) -> list[Stage]:
    def source(seed: int, offset: float) -> dict[str, Samples]:
        return {STATION: MadeUpSamples(12, seed=seed, offset=offset)}

    return [
        Stage("monthly", source(1, first_offset), MadeUpSamples(6, seed=3), ONE),
        Stage("daily", source(2, 0.0), MadeUpSamples(6, seed=3), TWO),
    ]


def values(weights: dict[str, torch.Tensor]) -> list[bytes]:
    return [value.contiguous().numpy().tobytes() for value in weights.values()]


def test_a_stage_starts_from_the_best_weights_of_the_one_before(tmp_path: Path) -> None:
    network = new_network(TINY, 5)
    results = train_stages(network, stages(), tmp_path / "both")
    # The same by hand: the second training is told the first one's weights.
    two = stages()[1]
    by_hand = train(
        new_network(TINY, 99), two.sources, two.validation, two.settings, tmp_path / "hand",
        start_from=results[0].weights,
    )  # fmt: skip
    assert values(by_hand.weights) == values(results[1].weights)
    cold = train(new_network(TINY, 99), two.sources, two.validation, two.settings, tmp_path / "c")
    assert values(cold.weights) != values(results[1].weights)


def test_killed_in_the_second_stage_the_same_call_ends_alike(tmp_path: Path) -> None:
    whole = train_stages(new_network(TINY, 5), stages(), tmp_path / "a")
    steps: list[int] = []

    class KilledError(Exception):
        pass

    def die(step: int) -> None:
        steps.append(step)
        if len(steps) == 8:  # 12 samples in fours: three steps an epoch, so in the second stage
            raise KilledError

    often = RunOptions(checkpoint_minutes=0.0, after_step=die)
    with pytest.raises(KilledError):
        train_stages(new_network(TINY, 5), stages(), tmp_path / "b", options=often)
    again = train_stages(new_network(TINY, 5), stages(), tmp_path / "b")
    assert values(again[1].weights) == values(whole[1].weights)


def test_a_stage_that_started_elsewhere_is_not_gone_on_with(tmp_path: Path) -> None:
    train_stages(new_network(TINY, 5), stages(), tmp_path)
    (tmp_path / "monthly" / "checkpoint.member0.pt").unlink()
    with pytest.raises(RequestError, match="start_from was"):
        train_stages(new_network(TINY, 5), stages(first_offset=0.05), tmp_path)


def test_weights_of_equal_shape_are_taken_and_statistics_are_not() -> None:
    class Net(nn.Module):
        def __init__(self, n_in: int, fill: float) -> None:
            super().__init__()
            self.first, self.norm = nn.Conv2d(n_in, 4, 3), nn.BatchNorm2d(4)
            for values in self.parameters():
                nn.init.constant_(values, fill)
            self.norm.load_state_dict({"running_mean": torch.full((4,), fill)}, strict=False)

    other, network = Net(3, 7.0), Net(5, 1.0)
    left = take_weights(network, other.state_dict())
    assert left == ("first.weight",)  # 5 channels do not fit 3
    assert network.first.weight.mean().item() == 1.0
    assert (
        network.first.bias.mean().item() == network.norm.state_dict()["weight"].mean().item() == 7.0
    )
    assert network.norm.state_dict()["running_mean"].mean().item() == 0.0  # new, neither's
    with pytest.raises(RequestError, match="No weight of the 1"):
        take_weights(network, {"nothing": torch.zeros(2)})


def test_each_layer_steps_a_share_of_the_next() -> None:
    network = nn.Sequential(nn.Linear(1, 1), nn.ReLU(), nn.Linear(1, 1), nn.Linear(1, 1))
    # Three layers have weights; by hand .5 ** 2, .5, 1.
    assert [group["scale"] for group in layer_groups(network, 0.5)] == [0.25, 0.5, 1.0]
    assert [group["scale"] for group in layer_groups(network, 0.0)] == [0.0, 0.0, 1.0]


def test_every_trained_value_is_in_one_layer_of_every_network() -> None:
    network = new_network(TINY, 0)
    held = [id(p) for layer in layers_of(network) for p in layer]
    assert sorted(held) == sorted(id(p) for p in network.parameters())
    assert isinstance(network, UNet)
    # Two steps down, the bottom, two steps up and the head, in the order in which they work.
    assert len(layers_of(network)) == 6
    bottom = {id(p) for p in network.bottleneck.parameters()}
    assert {id(p) for p in layers_of(network)[2]} == bottom
    optimiser = optimiser_of(network, TWO)
    assert sum(len(g["params"]) for g in optimiser.param_groups) == len(held)


def test_a_decay_of_nothing_trains_the_last_layer_alone(tmp_path: Path) -> None:
    start = new_network(TINY, 5)
    before = {name: p.detach().clone() for name, p in start.named_parameters()}
    settings = ONE.model_copy(update={"layer_decay": 0.0, "weight_decay": 0.0})
    one = stages()[0]
    result = train(start, one.sources, one.validation, settings, tmp_path)
    moved = {name for name, value in before.items() if not torch.equal(result.weights[name], value)}
    assert moved == {"head.weight", "head.bias"}
    assert np.isfinite(result.best_rmse)


def test_stages_need_names_of_their_own(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="names of their own"):
        train_stages(new_network(TINY, 5), [stages()[0], stages()[0]], tmp_path)


def test_only_matrices_decay_where_that_is_asked_and_the_memory_is_passed_on() -> None:
    network = nn.Sequential(nn.Linear(3, 2), nn.LayerNorm(2), nn.Linear(2, 1))
    settings = TrainSettings(weight_decay=0.05, decay_of="matrices", beta2=0.95, layer_decay=0.5)
    groups = optimiser_of(network, settings).param_groups
    assert all(group["betas"] == (0.9, 0.95) for group in groups)
    decays = {id(p): group["weight_decay"] for group in groups for p in group["params"]}
    scales = {id(p): group["scale"] for group in groups for p in group["params"]}
    # Of a weight of 1 x 2 only one axis is longer than 1, so it counts as a vector.
    assert [decays[id(p)] for p in network.parameters()] == [0.05, 0.0, 0.0, 0.0, 0.0, 0.0]
    assert [scales[id(p)] for p in network.parameters()] == [0.25, 0.25, 0.5, 0.5, 1.0, 1.0]
    # Runs from before keep their identity: what does not act is not told.
    assert "beta2" not in TrainSettings().to_dict()
    assert settings.to_dict()["decay_of"] == "matrices"
