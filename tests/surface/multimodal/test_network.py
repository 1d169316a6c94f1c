from __future__ import annotations

import numpy as np
import pytest
import torch

from rootzone._shared.errors import RequestError
from rootzone.networks.stages import layer_groups
from rootzone.surface.multimodal.network import (
    MultimodalConfig,
    MultimodalNetwork,
    SqueezeExcite,
    present,
    some_left_out,
)
from rootzone.surface.multimodal.windows import blended, hann_weights

SENSORS = {"s1": 4, "optics": 7, "terrain": 2}


def network(**changes: object) -> MultimodalNetwork:
    torch.manual_seed(0)
    built = MultimodalConfig(modalities=SENSORS, n_scalars=8, **changes).build()  # type: ignore[arg-type]
    assert isinstance(built, MultimodalNetwork)
    return built.eval()


def stack(n: int = 2, side: int = 64) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    x = torch.rand(n, 21, side, side, generator=generator)
    x[:, 13:] = x[:, 13:, :1, :1]
    return x


def test_water_content_comes_at_the_size_of_the_window() -> None:
    theta = network()(stack()).theta
    assert theta.shape == (2, 1, 64, 64)
    assert theta.dtype == torch.float32
    assert bool(((theta > 0) & (theta < 1)).all())


def test_a_bounded_output_stays_between_the_soils_limits_and_needs_them() -> None:
    soil = torch.full((2, 1, 4, 64, 64), 0.05)
    soil[:, :, 1] = 0.4
    theta = network(out="bounds")(stack(), soil).theta
    assert bool(((theta >= 0.05) & (theta <= 0.4)).all())
    with pytest.raises(RequestError, match="needs the soil"):
        network(out="bounds")(stack())


def test_a_missing_sensor_is_a_token_and_a_single_gap_is_not() -> None:
    net, x = network(), stack()
    with torch.no_grad():
        net.stems.tokens += torch.randn_like(net.stems.tokens)
        gone, other = x.clone(), x.clone()
        gone[0, 4:11], other[0, 4:11] = torch.nan, torch.nan
        other[1, 4, 3, 3] = torch.nan
        a, b = net(gone).theta, net(other).theta
        assert torch.isfinite(b).all()
        assert torch.equal(a[0], b[0])  # the other image's gap is no matter here
        assert not torch.equal(a[1], b[1])
        net.stems.tokens[1] += 1.0
        changed = net(gone).theta
    assert not torch.equal(changed[0], a[0])
    assert torch.equal(changed[1], a[1])  # nothing is missing there


def test_a_new_network_hears_the_scalars_and_learns_from_them() -> None:
    net, x = network(), stack()
    warm = x.clone()
    warm[:, 13:] += 0.5
    assert not torch.equal(net(x).theta, net(warm).theta)
    net(x).theta.sum().backward()
    assert net.film is not None
    assert float(net.film[2].weight.grad.abs().sum()) > 0.0


def test_dropped_sensors_never_are_all_of_an_image() -> None:
    torch.manual_seed(2)
    x = stack(200, 32)
    x[:100, 4:] = torch.nan
    kept = present(some_left_out(x, [4, 7, 2, 8], 0.7), [4, 7, 2, 8])
    # Radar alone is there in the first hundred, so it stays.
    assert torch.equal(kept[:100], torch.tensor([[True, False, False, False]]).expand(100, -1))
    assert bool(kept[100:].any(dim=1).all())
    # Of four, .3 stay each; where all fell (.7^4 = .24) all stay: .3 + .24 = .54, sd .025.
    assert float(kept[100:].float().mean()) == pytest.approx(0.54, abs=0.1)


def test_means_and_spreads_of_training_stay_with_the_weights() -> None:
    net, x = network(), stack(4, 32)
    shifted = 0.02 * x + 0.3
    before = net(x).theta
    net.standard.fit(x.numpy())
    assert net.standard.is_fitted
    fitted = net(x).theta
    assert not torch.equal(fitted, before)
    other = network()
    other.standard.fit(shifted.numpy())
    # A channel's offset and scale do not matter.
    wider = network()
    wider.standard.fit((0.5 * x + 0.3).numpy())
    assert torch.allclose(wider(0.5 * x + 0.3).theta, fitted, atol=1e-5)
    # .02 of a uniform's sd lies under the least spread, .02: no channel is blown up to spread 1.
    told = float(other.standard(shifted)[:, 0].std())
    assert told == pytest.approx(float(x[:, 0].std()), rel=1e-3)


def test_squeeze_and_excitation_by_hand() -> None:
    # All weights 0: every share is sigmoid(0) = 0.5.
    layer = SqueezeExcite(32)
    for values in layer.parameters():
        values.data.zero_()
    x = torch.randn(1, 32, 4, 4)
    assert torch.allclose(layer(x), 0.5 * x)
    assert layer.down.out_features == 8  # at least 8, else a sixteenth


@pytest.mark.parametrize(
    ("shape", "said"), [((1, 20, 64, 64), "reads"), ((1, 21, 48, 64), "multiples of 32")]
)
def test_a_stack_that_does_not_fit_is_refused(shape: tuple[int, ...], said: str) -> None:
    with pytest.raises(RequestError, match=said):
        network()(torch.zeros(shape))


def test_a_network_without_sensors_is_refused() -> None:
    with pytest.raises(RequestError, match="needs sensors"):
        MultimodalConfig(modalities={})


def test_rates_fall_towards_the_image() -> None:
    net = network()
    groups = layer_groups(net, 0.8)
    assert sum(p.numel() for g in groups for p in g["params"]) == sum(
        p.numel() for p in net.parameters()
    )
    scale = {id(p): g["scale"] for g in groups for p in g["params"]}
    named = dict(net.named_parameters())
    # 12 blocks and 3 steps down are depths 1 to 15; the way up is 16: scale 1.
    assert scale[id(named["head.weight"])] == 1.0
    assert scale[id(named["film.0.weight"])] == 1.0
    assert scale[id(named["encoder.stages.3.1.dwconv.weight"])] == pytest.approx(0.8)
    assert scale[id(named["stems.join.weight"])] == pytest.approx(0.8**16)


def test_blended_windows_of_a_pixelwise_rule_give_the_rule() -> None:
    rng = np.random.default_rng(0)
    area = rng.uniform(0.1, 0.4, (2, 150, 100))
    area[0, 10, 20] = np.nan
    out = blended(lambda windows: windows[:, 0], area, 96)
    assert np.isnan(out[10, 20])
    assert np.isnan(out).sum() == 1
    assert np.allclose(out, area[0], equal_nan=True, atol=1e-12)


def test_no_edge_shows_where_windows_disagree() -> None:
    # Each window says a constant of its own, 0 or 1 in turn. Weights fall to zero at every edge, so
    # the largest step between neighbours is that of the weights themselves: at most pi / 96 a px.
    calls = iter(range(1000))
    out = blended(
        lambda windows: np.stack([np.full((96, 96), next(calls) % 2) for _ in windows]),
        np.zeros((1, 96, 480)),
        96,
    )
    assert np.ptp(out) > 0.9
    assert np.abs(np.diff(out, axis=1)).max() <= np.pi / 96 + 1e-9


def test_windows_half_apart_add_up_to_one() -> None:
    weights = hann_weights(96)
    assert np.allclose(
        weights[:48, :48] + weights[48:, :48] + weights[:48, 48:] + weights[48:, 48:], 1.0
    )


def test_an_area_smaller_than_a_window_is_refused() -> None:
    with pytest.raises(RequestError, match="80 px across and a window 96"):
        blended(lambda windows: windows[:, 0], np.zeros((1, 80, 200)), 96)
