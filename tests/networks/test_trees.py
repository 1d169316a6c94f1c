"""Trees kept, loaded and mapped as any network is."""

from __future__ import annotations

from pathlib import Path

import lightgbm
import numpy as np
import pytest
import torch

from rootzone._shared.errors import RequestError
from rootzone.campaign.learning_section import Features, Learning
from rootzone.learning.scene.features import faithful_features
from rootzone.maps.trimmed import Rim, folded, predict_middle
from rootzone.networks.bundle import load_bundle, save_bundle
from rootzone.networks.families import AUTO, config_of
from rootzone.networks.trees import Trees

SPEC = faithful_features()


def _grown(n_channels: int = len(SPEC)) -> tuple[Trees, lightgbm.Booster]:
    rng = np.random.default_rng(0)
    x = rng.uniform(size=(400, n_channels)).astype(np.float32)
    data = lightgbm.Dataset(x, 0.1 + 0.3 * x[:, 0])
    options = {"verbose": -1, "num_threads": 1, "deterministic": True, "min_data_in_leaf": 5}
    booster = lightgbm.train(options, data, 20)
    network = config_of(Learning(model="trees"), n_channels, 1).build()
    assert isinstance(network, Trees)
    network.grow(0, booster.model_to_string())
    return network, booster


def test_a_map_of_trees_is_what_the_trees_say_of_each_pixel(tmp_path: Path) -> None:
    # The other program: LightGBM asked directly, pixel by pixel.
    network, booster = _grown()
    folder = save_bundle(
        tmp_path / "best", [network.state_dict()], network.config, SPEC, [200.0], None, {}
    )
    bundle = load_bundle(folder)
    assert bundle.device == torch.device("cpu")  # no parameter says where it is
    x = torch.rand(2, len(SPEC), 6, 5, generator=torch.Generator().manual_seed(1))
    x[0, 0, 2, 3] = torch.nan
    told = bundle.predict(x).theta
    for at in ((0, 2, 3), (1, 5, 0)):
        asked = x[at[0], :, at[1], at[2]].numpy()[None]
        assert told[at[0], 0, at[1], at[2]] == pytest.approx(booster.predict(asked)[0], abs=1e-7)
    middle = predict_middle(folded(bundle.models[0]), x[:1], Rim(0, 0, 0, 0)).theta
    assert torch.equal(middle, told[:1])


def test_trees_without_physics_do_not_look_at_it() -> None:
    learning = Learning(model="trees", features=Features(physics=("theta",)))
    assert config_of(learning, 22, 2).n_channels == 20
    assert config_of(learning.model_copy(update={"model": "trees_physics"}), 22, 2).n_channels == 22


def test_trees_that_are_not_grown_say_so() -> None:
    network = config_of(Learning(model="trees"), 3, 1).build()
    with pytest.raises(RequestError, match="rootzone train"):
        network(torch.zeros(1, 3, 2, 2))


def test_auto_is_no_network() -> None:
    with pytest.raises(RequestError, match="chosen by rootzone train"):
        config_of(Learning(model=AUTO), 3, 1)
