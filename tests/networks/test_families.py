"""A new network is one file: named in a campaign, built, kept in a bundle, mapped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from rootzone._shared.errors import RequestError
from rootzone.campaign.learning_section import Learning
from rootzone.learning.grow import takes_steps
from rootzone.learning.scene.features import faithful_features
from rootzone.maps.trimmed import Rim, folded, predict_middle
from rootzone.networks import families
from rootzone.networks.bundle import load_bundle, save_bundle
from rootzone.networks.families import (
    WITHOUT_STEPS,
    config_of,
    network_names,
    networks_trained,
)
from rootzone.networks.run_training import new_network

SPEC = faithful_features()

# All a developer writes: a window of 3 x 3 pixels, then one number a depth.
ONE_FILE = """
from dataclasses import dataclass, asdict
from rootzone.networks.families import Shape

@dataclass(frozen=True)
class SmallShape(Shape):
    family = "small"
    n_channels: int
    n_depths: int
    output: str = "sigmoid"
    stride_px = 1
    reach_px = 1

    def build(self):
        import torch
        from torch import nn
        from rootzone.networks.models import Prediction

        class Small(nn.Module):
            def __init__(self, config):
                super().__init__()
                self.config = config
                self.conv = nn.Conv2d(config.n_channels, config.n_depths, 3, padding=1)

            def forward(self, x, soil=None):
                return Prediction(torch.sigmoid(self.conv(torch.nan_to_num(x, -1.0))), None)

        return Small(self)

    def to_dict(self):
        return asdict(self)

NAMES = {"small": lambda learning, n_channels, n_depths: SmallShape(n_channels, n_depths)}
def from_dict(values):
    return SmallShape(**values)
"""


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Learning]:
    (tmp_path / "small.py").write_text(ONE_FILE)
    monkeypatch.setattr(families, "__path__", [*families.__path__, str(tmp_path)])
    families._families.cache_clear()
    yield Learning(model="small")
    families._families.cache_clear()


def test_a_file_makes_a_network_that_bundles_and_maps_take(small: Learning, tmp_path: Path) -> None:
    config = config_of(small, len(SPEC), 2)
    network = new_network(config, seed=1)
    folder = save_bundle(
        tmp_path / "best", [network.state_dict()], config, SPEC, [50.0, 200.0], None, {}
    )
    bundle = load_bundle(folder)
    assert (bundle.config, bundle.depths_mm) == (config, (50.0, 200.0))
    x = torch.randn(1, len(SPEC), 12, 10)
    with torch.inference_mode():
        whole = bundle.models[0](x).theta
        middle = predict_middle(folded(bundle.models[0]), x, Rim(2, 1, 3, 2)).theta
    torch.testing.assert_close(middle, whole[:, :, 2:9, 1:8])


def test_a_name_without_a_file_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(RequestError, match="did you mean unet_a"):
        config_of(Learning(model="unet_aa"), 20, 1)
    assert "small" not in network_names()


def test_networks_that_take_steps_are_counted_for_the_plan() -> None:
    # Net A and the correction: one fold of four each at least, and all four and the winner at most.
    assert networks_trained(Learning(model="auto")) == (2, 9)
    assert networks_trained(Learning(members=3)) == (3, 3)
    assert networks_trained(Learning(model="physics")) == (0, 0)
    for name in network_names():
        shape = config_of(Learning(model=name), len(SPEC) + 1, 1)
        assert takes_steps(shape) == (name not in WITHOUT_STEPS), name
