"""A correction of physics: nothing before training, within the soil's limits after it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from rootzone._shared.errors import RequestError
from rootzone.campaign.learning_section import Learning
from rootzone.maps.trimmed import Rim, folded, predict_middle
from rootzone.networks.families import config_of, from_dict, to_dict
from rootzone.networks.residual import Residual

CHANNELS, DEPTHS = 7, 2


def _network(name: str = "unet_residual") -> Residual:
    torch.manual_seed(0)
    learning = Learning(model=name, widths=(4, 6))
    network = config_of(learning, CHANNELS, DEPTHS).build()
    assert isinstance(network, Residual)
    return network


def _inputs(side: int = 16) -> tuple[Tensor, Tensor]:
    """Channels, the last two water content, and soils that hold it."""
    generator = torch.Generator().manual_seed(1)
    x = torch.rand(2, CHANNELS, side, side, generator=generator)
    x[:, -DEPTHS:] = 0.12 + 0.2 * x[:, -DEPTHS:]
    soil = torch.zeros(2, DEPTHS, 4, side, side)
    soil[:, :, 0], soil[:, :, 1] = 0.05, 0.45
    return x, soil


@pytest.mark.parametrize("training", [True, False])
def test_before_training_it_is_physics_to_the_bit(training: bool) -> None:
    x, soil = _inputs()
    told = _network().train(training)(x, soil).theta
    assert torch.equal(told, x[:, -DEPTHS:])


def test_physics_itself_needs_no_soil() -> None:
    x, _ = _inputs()
    assert torch.equal(_network("physics")(x).theta, x[:, -DEPTHS:])


def test_a_step_of_training_moves_it() -> None:
    x, soil = _inputs()
    network = _network()
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-2)
    for _ in range(3):
        optimiser.zero_grad()
        (network(x, soil).theta - 0.4).square().mean().backward()
        optimiser.step()
    after = network.eval()(x, soil).theta
    assert (after > x[:, -DEPTHS:]).float().mean() > 0.9


@pytest.mark.parametrize("bias", [-50.0, 50.0])
def test_corrections_end_at_the_limits_of_the_soil(bias: float) -> None:
    x, soil = _inputs()
    network = _network().eval()
    assert network.inner is not None
    assert network.inner.head.bias is not None
    with torch.no_grad():
        network.inner.head.bias.fill_(bias)
        told = network(x, soil).theta
    # By the equation: tanh of 50 is 1, so all the way to theta_s, or down to theta_r.
    assert told == pytest.approx(0.45 if bias > 0 else 0.05, abs=1e-6)


def test_where_physics_has_no_value_there_is_none_and_no_nan_reaches_a_gradient() -> None:
    x, soil = _inputs()
    x[0, -1, 3, 4] = torch.nan
    soil[1, 0, :, 5, 6] = torch.nan
    network = _network()
    told = network(x, soil).theta
    assert torch.isnan(told).sum() == 1
    assert torch.isnan(told[0, 1, 3, 4])
    torch.nansum(told).backward()
    assert all(torch.isfinite(p.grad).all() for p in network.parameters() if p.grad is not None)


def test_a_bundle_takes_its_shape() -> None:
    shape = _network().config
    assert from_dict(to_dict(shape)) == shape
    assert from_dict(to_dict(_network("physics").config)).reach_px == 0


def test_too_few_channels_are_refused() -> None:
    with pytest.raises(RequestError, match=r"learning\.features\.physics"):
        config_of(Learning(model="physics"), 1, 2)


def test_windows_give_the_bits_of_the_whole_scene() -> None:
    network = folded(_network().eval())
    assert isinstance(network, Residual)
    assert network.inner is not None
    with torch.no_grad():
        network.inner.head.weight.uniform_(-0.5, 0.5)
    halo = network.config.halo_px
    x, soil = _inputs(256)
    x = x[:1].contiguous(memory_format=torch.channels_last)
    core, padded = (
        slice(80, 176),
        slice(80 - halo, 176 + halo),
    )
    with torch.inference_mode():
        whole = predict_middle(network, x, Rim(0, 0, 0, 0), soil[:1]).theta
        part = x[:, :, padded, padded].contiguous(memory_format=torch.channels_last)
        told = predict_middle(network, part, Rim(*[halo] * 4), soil[:1, ..., core, core]).theta
    assert torch.equal(told, whole[:, :, core, core])


def test_in_bfloat16_the_untrained_network_is_still_physics_to_the_bit() -> None:
    # The path of a GPU: the body in bfloat16, physics and the answer in float32.
    x, soil = _inputs()
    network = _network().eval().to(memory_format=torch.channels_last)
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        told = network(x.contiguous(memory_format=torch.channels_last), soil).theta
    assert told.dtype == torch.float32
    assert torch.equal(told, x[:, -DEPTHS:])
