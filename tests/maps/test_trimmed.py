"""The middle of a window is that of the whole scene, to the last bit."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor

from rootzone.maps import trimmed
from rootzone.maps.trimmed import Rim, decoder_rims, encoder_rims, folded, predict_middle
from rootzone.networks.families.unet import READINGS, ModelConfig
from rootzone.networks.models import UNet

SIDE = 192
WHOLE = Rim(0, 0, 0, 0)


def _network(config: ModelConfig) -> UNet:
    torch.manual_seed(0)
    network = config.build().eval().to(memory_format=torch.channels_last)
    with torch.no_grad():  # running statistics that do something
        for name, buffer in network.named_buffers():
            if name.endswith("running_mean"):
                buffer.uniform_(-0.2, 0.2)
            elif name.endswith("running_var"):
                buffer.uniform_(0.5, 1.5)
    return network


def _scene(n_channels: int, side: int = SIDE) -> Tensor:
    x = torch.rand(1, n_channels, side, side, generator=torch.Generator().manual_seed(1))
    x[:, 0, 50:60, 70:90] = torch.nan
    return x


def _by_windows(network: UNet, x: Tensor, core: int) -> Tensor:
    halo = network.config.halo_px
    out = torch.empty(1, network.config.n_depths, *x.shape[2:])
    for row in range(0, x.shape[2], core):
        for col in range(0, x.shape[3], core):
            bottom, right = min(row + core, x.shape[2]), min(col + core, x.shape[3])
            rim = Rim(
                min(halo, row),
                min(halo, col),
                min(halo, x.shape[2] - bottom),
                min(halo, x.shape[3] - right),
            )
            part = x[:, :, row - rim.top : bottom + rim.bottom, col - rim.left : right + rim.right]
            out[:, :, row:bottom, col:right] = predict_middle(network, part, rim).theta
    return out


@pytest.mark.parametrize("name", sorted(READINGS))
def test_windows_of_any_network_give_the_bits_of_the_whole_scene(name: str) -> None:
    widths = {"widths": (4, 6, 8), "bottleneck_width": 0}
    mirror = {"decoder_widths": (8, 6, 4)} if "decoder_widths" in READINGS[name] else {}
    network = _network(ModelConfig.reading(name, 5, **widths, **mirror))
    x = _scene(5)
    with torch.inference_mode():
        whole = predict_middle(network, x, WHOLE).theta
        assert torch.equal(_by_windows(network, x, 64), whole)
        # The network's own forward pass may round a small image differently in the last bit.
        torch.testing.assert_close(whole, network(x).theta, atol=2e-7, rtol=0)


@pytest.mark.parametrize("name", sorted(READINGS))
@pytest.mark.parametrize("head", ["point", "normal"])
def test_strips_of_features_change_no_bit(
    name: str, head: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow = {"widths": (4, 6, 8), "bottleneck_width": 0, "head": head, "output": "bounds"}
    mirror = {"decoder_widths": (8, 6, 4)} if "decoder_widths" in READINGS[name] else {}
    network = _network(ModelConfig.reading(name, 5, **narrow, **mirror))
    x = _scene(5)
    soil = torch.rand(1, 1, 4, SIDE, SIDE) * 0.1
    soil[:, :, 1] += 0.3
    inner, own = Rim(56, 0, 24, 56), soil[..., 56:168, :136]  # the land ends left and below
    with torch.inference_mode():
        whole = predict_middle(network, x, WHOLE, soil)
        monkeypatch.setattr(trimmed, "_STRIP_NUMBERS", 1)  # the smallest strips there are: 16 rows
        strips = predict_middle(network, x, WHOLE, soil)
        part = predict_middle(network, x, inner, own)
    for one, other, middle in zip(whole[:2], strips[:2], part[:2], strict=True):
        if one is None:
            assert head == "point"
            assert other is None
            continue
        assert torch.equal(one, other)
        assert torch.equal(one[:, :, 56:168, :136], middle)


def test_strips_cover_every_row_once_and_start_on_even_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trimmed, "_STRIP_NUMBERS", 20_000)
    strips = trimmed._strips(174, 1_000)  # 20 rows at most: 9 strips
    assert strips[0][0] == 0
    assert strips[-1][1] == 174
    assert len(strips) == 9
    assert all(a[1] == b[0] for a, b in itertools.pairwise(strips))
    assert all(top % 2 == 0 and 16 <= bottom - top <= 22 for top, bottom in strips)


@pytest.mark.parametrize("core", [128, 256, 512])
def test_every_window_size_gives_the_bits_of_the_whole_scene(core: int) -> None:
    # Science note ml_anchors 3.2: halo 40 is exact for net A in float32.
    network = _network(ModelConfig(20, widths=(8, 16, 16)))
    x = _scene(20, 576)
    with torch.inference_mode():
        assert torch.equal(_by_windows(network, x, core), network(x).theta)


def test_two_threads_give_the_same_bits_for_every_window_too() -> None:
    network = _network(ModelConfig(5, widths=(4, 6, 8), head="normal"))
    x = _scene(5)
    torch.set_num_threads(2)
    with torch.inference_mode():
        whole = predict_middle(network, x, WHOLE).theta
        assert torch.equal(_by_windows(network, x, 64), whole)


def test_less_than_the_halo_is_not_exact() -> None:
    # So the test above can fail: 8 px less change the last digits.
    network = _network(ModelConfig(5, widths=(4, 6, 8)))
    x = _scene(5)
    with torch.inference_mode():
        whole = predict_middle(network, x, WHOLE).theta[:, :, 64:128, 64:128]
        short = predict_middle(network, x[:, :, 40:152, 40:152], Rim(24, 24, 24, 24)).theta
    assert not torch.equal(short, whole)


def test_the_decoder_keeps_what_its_convolutions_use_up() -> None:
    # By hand for two convolutions at the top and in the middle, one at the bottom; see the example.
    assert decoder_rims(ModelConfig(20)) == [3, 3, 2]
    # Kernel 3: 2; below 2 // 2 + 1 = 2, with 2 more 4; below 4 // 2 + 1 = 3, with 1 more 4.
    assert decoder_rims(ModelConfig(20, up_kernel=3)) == [4, 4, 2]


def test_the_encoder_keeps_what_everything_above_it_uses_up() -> None:
    # By hand; see the example.
    assert encoder_rims(ModelConfig(20)) == [34, 16, 8, 3]
    # Kernel 4: the decoder's [4, 4, 2] need 4 // 2 + 1 = 3 below, the bottleneck 4; above 8 and one
    # convolution 9, hence 10; 18 and 2 convolutions 20; 40 and 2.
    assert encoder_rims(ModelConfig(20, up_kernel=4)) == [42, 20, 10, 4]


def test_less_of_the_encoders_rim_is_not_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    network = _network(ModelConfig(5, widths=(4, 6, 8)))
    x = _scene(5)
    with torch.inference_mode():
        whole = predict_middle(network, x, WHOLE).theta[:, :, 64:128, 64:128]
        for level, less in enumerate((8, 4, 2, 1)):  # the outermost pixels move few last digits
            rims = encoder_rims(network.config)
            rims[level] -= less
            monkeypatch.setattr(trimmed, "encoder_rims", lambda _, rims=rims: rims)
            short = predict_middle(network, x[:, :, 24:168, 24:168], Rim(40, 40, 40, 40)).theta
            assert not torch.equal(short, whole), level


def test_a_spread_comes_with_the_middle_too() -> None:
    network = _network(ModelConfig(5, widths=(4, 6, 8), head="normal"))
    x = _scene(5)
    with torch.inference_mode():
        whole = predict_middle(network, x, WHOLE).spread
        middle = predict_middle(network, x[:, :, 24:168, 24:168], Rim(40, 40, 40, 40)).spread
    assert whole is not None
    assert middle is not None
    assert torch.equal(middle, whole[:, :, 64:128, 64:128])


def test_a_bounded_output_reads_the_soil_of_the_middle() -> None:
    network = _network(ModelConfig(5, widths=(4, 6, 8), output="bounds"))
    x = _scene(5)
    soil = torch.rand(1, 1, 4, SIDE, SIDE) * 0.1
    soil[:, :, 1] += 0.3
    with torch.inference_mode():
        whole = predict_middle(network, x, WHOLE, soil).theta[:, :, 64:128, 64:128]
        part = x[:, :, 24:168, 24:168]
        middle = predict_middle(network, part, Rim(40, 40, 40, 40), soil[..., 64:128, 64:128]).theta
    assert torch.equal(middle, whole)


def test_folding_the_normalisation_in_moves_results_by_rounding_alone() -> None:
    network = _network(ModelConfig(5, widths=(4, 6, 8), head="normal"))
    x = torch.nan_to_num(_scene(5))
    with torch.inference_mode():
        one, other = network(x), folded(network)(x)
    # A few units in the last place of float32 near 0.5, 6e-8 each.
    torch.testing.assert_close(other.theta, one.theta, atol=1e-6, rtol=0)
    torch.testing.assert_close(other.spread, one.spread, atol=1e-6, rtol=0)
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in folded(network).modules())
    assert any(isinstance(m, torch.nn.BatchNorm2d) for m in network.modules())


def test_a_rim_off_the_stride_is_refused() -> None:
    network = _network(ModelConfig(5, widths=(4, 6, 8)))
    with pytest.raises(ValueError, match="no multiple of the stride 8"):
        predict_middle(network, _scene(5), Rim(4, 0, 0, 0))
