"""The U-Net: size, reach, output and head."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from rootzone._shared.errors import RequestError
from rootzone.campaign.learning_section import Learning
from rootzone.networks.families.unet import READINGS, ModelConfig, receptive_radius_px
from rootzone.networks.models import UNet, n_parameters

TINY = {"widths": (4, 4, 4)}


def tiny(**changes: object) -> UNet:
    torch.manual_seed(3)
    return ModelConfig.reading("unet_a", 3, **{**TINY, **changes}).build().eval()


def soils(batch: int, depth: int, side: int) -> Tensor:
    loam = torch.tensor([0.078, 0.43, 0.036, 1.56]).view(1, 1, 4, 1, 1)
    return loam.repeat(batch, depth, 1, side, side)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        # By hand: 9 i o + 3 o a convolution with its normalisation, k k i o + o a step up. The
        # default: encoder 48 768 + 221 952 + 295 680, bottom 590 592, decoder 262 400 + 1 180 416,
        # 131 200 + 443 136, 32 832 + 110 976, head 65.
        ("unet_a", 3_318_017),
        ("unet_a_single", 3_133_121),
        ("unet_a_double_bottleneck", 3_908_609),
        ("unet_3m", 3_002_817),
        ("unet_a_up3", 3_850_497),
        ("unet_a_up4", 4_595_969),
        ("unet_narrow", 1_956_929),
        ("unet_flat", 1_793_409),
    ],
)
def test_each_reading_has_its_number_of_parameters(name: str, count: int) -> None:
    assert n_parameters(ModelConfig.reading(name, 20).build()) == count


def test_the_campaign_file_tells_every_reading() -> None:
    told = Learning.model_fields["model"].description or ""
    assert all(name in told for name in READINGS)


@pytest.mark.parametrize(
    ("name", "radius", "halo"),
    # 35, 43 and 42 pixels and the halos of 40 and 48 were found by perturbing inputs of other
    # implementations of the same three networks.
    [
        ("unet_a", 35, 40),
        ("unet_a_double_bottleneck", 43, 48),
        ("unet_a_up3", 42, 48),
        ("unet_a_up4", 42, 48),
    ],
)
def test_the_receptive_radius_follows_from_the_configuration(
    name: str, radius: int, halo: int
) -> None:
    config = ModelConfig.reading(name)
    assert receptive_radius_px(config) == radius
    assert config.halo_px == halo
    assert config.stride_px == 8  # three pools


@pytest.mark.parametrize("name", ["unet_a", "unet_a_up3", "unet_3m"])
def test_the_farthest_pixel_that_matters_lies_at_the_receptive_radius(name: str) -> None:
    """The gradient of eight neighbouring pixels reaches the radius and not beyond."""
    torch.manual_seed(0)
    config = ModelConfig.reading(
        name, 1, widths=(2, 2, 2), bottleneck_width=2,
        **({"decoder_widths": (2, 2, 2)} if name == "unet_3m" else {}),
    )  # fmt: skip
    model = config.build().double().eval()
    for module in model.modules():  # no ReLU may hide a path
        if isinstance(module, torch.nn.Conv2d | torch.nn.ConvTranspose2d):
            module.weight.data.abs_()
            assert module.bias is not None
            module.bias.data.fill_(1.0)
    reach = 0
    for pixel in range(64, 72):
        x = torch.zeros((1, 1, 136, 136), dtype=torch.float64)
        x += torch.rand_like(x) * 1e-3
        x.requires_grad_(True)
        model.head(model._features(x))[0, 0, pixel, 68].backward()
        assert x.grad is not None
        rows = torch.nonzero(x.grad[0, 0].abs().sum(dim=1)).flatten()
        reach = max(reach, pixel - int(rows.min()), int(rows.max()) - pixel)
    # Max-pools pass one of their two rows, so over a random field the reach may fall short by
    # the pools' choices; it may never be longer than what the configuration says.
    radius = receptive_radius_px(config)
    assert radius - 7 <= reach <= radius


def test_inputs_beyond_the_radius_change_nothing() -> None:
    model, radius = tiny(), receptive_radius_px(tiny().config)
    torch.manual_seed(1)
    x = torch.rand(1, 3, 136, 136)
    far = torch.ones(136, dtype=torch.bool)
    far[68 - radius : 69 + radius] = False
    changed = torch.where(far[:, None] | far[None, :], torch.rand_like(x), x)
    with torch.no_grad():
        before, after = model(x).theta, model(changed).theta
    assert torch.equal(before[..., 68, 68], after[..., 68, 68])
    assert not torch.equal(before[..., 40, 40], after[..., 40, 40])


def test_tiles_with_their_halo_are_bit_equal_to_the_whole_scene() -> None:
    model = tiny()
    halo, core = model.config.halo_px, 64
    torch.manual_seed(2)
    scene = torch.rand(1, 3, 176, 176)
    with torch.no_grad():
        whole = model(scene).theta
        for top, left in ((40, 40), (72, 56)):
            window = scene[..., top - halo : top + core + halo, left - halo : left + core + halo]
            tile = model(window.contiguous()).theta[..., halo : halo + core, halo : halo + core]
            assert torch.equal(tile, whole[..., top : top + core, left : left + core])


def test_small_tiles_with_their_halo_agree_to_the_last_digit_of_float32() -> None:
    # oneDNN sums in another order in windows of 112 px and less: half a unit of 2^-23 near 0.5.
    model = tiny()
    halo, core = model.config.halo_px, 32
    scene = torch.rand(1, 3, 160, 160)
    with torch.no_grad():
        whole = model(scene).theta[..., 40:72, 40:72]
        tile = model(scene[..., : core + 2 * halo, : core + 2 * halo].contiguous()).theta
    assert torch.allclose(tile[..., 40:72, 40:72], whole, rtol=0.0, atol=2.0**-22)


def test_a_missing_covariate_reads_as_minus_one() -> None:
    model = tiny()  # section 3.1: missing values are set to -1
    x = torch.rand(1, 3, 16, 16)
    missing, minus_one = x.clone(), x.clone()
    missing[0, 1, 4:9, 4:9] = torch.nan
    minus_one[0, 1, 4:9, 4:9] = -1.0
    with torch.no_grad():
        assert torch.equal(model(missing).theta, model(minus_one).theta)
    assert torch.isnan(missing).any()  # the caller's own tensor is left as it was


def test_the_bounded_output_stays_between_theta_r_and_theta_s_however_large_the_weights() -> None:
    model = tiny(output="bounds", n_depths=2)
    model.head.weight.data.mul_(1e4)
    soil = soils(1, 2, 16)
    with torch.no_grad():
        theta = model(torch.rand(1, 3, 16, 16), soil).theta
    assert torch.all(theta >= soil[:, :, 0])
    assert torch.all(theta <= soil[:, :, 1])
    assert theta.min() == soil[0, 0, 0, 0, 0] or theta.max() == soil[0, 0, 1, 0, 0]


def test_a_bounded_output_is_nan_where_the_soil_is_and_its_gradient_is_not() -> None:
    model = tiny(output="bounds")
    soil = soils(1, 1, 16)
    soil[0, 0, 0, 3, 3] = torch.nan
    theta = model(torch.rand(1, 3, 16, 16), soil).theta
    assert torch.isnan(theta).sum() == 1
    assert torch.isnan(theta[0, 0, 3, 3])
    torch.nansum(theta).backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


def test_a_sigmoid_output_lies_between_nought_and_one_and_a_relu_output_above_nought() -> None:
    x = 100.0 * torch.randn(2, 3, 16, 16)
    with torch.no_grad():
        sigmoid, relu = tiny()(x).theta, tiny(output="relu")(x).theta
    assert sigmoid.min() >= 0.0
    assert sigmoid.max() <= 1.0
    assert relu.min() >= 0.0


def test_the_head_works_in_float32_under_autocast() -> None:
    model = tiny(head="normal")
    x = torch.rand(1, 3, 16, 16)
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        prediction = model(x)
        body = model._features(x)
    assert body.dtype is torch.bfloat16
    assert prediction.theta.dtype is torch.float32
    assert prediction.spread is not None
    assert prediction.spread.dtype is torch.float32
    # A value rounded to bfloat16 has its last 16 bits clear; a float32 head's values do not.
    assert torch.any(prediction.theta.view(torch.int32) % 65536 != 0)


def test_a_normal_head_does_not_disturb_the_mean() -> None:
    x = torch.rand(1, 3, 16, 16)
    gradients = []
    for head in ("point", "normal"):
        model = tiny(head=head)
        prediction = model(x)
        total = prediction.theta.sum()
        if prediction.spread is not None:
            assert prediction.spread.min() > 0.0
            total = total + prediction.spread.sum()
        total.backward()
        gradients.append(model.encoder[0][0].weight.grad)
    assert torch.equal(gradients[0], gradients[1])


def test_channels_last_gives_the_same_field() -> None:
    model, x = tiny(), torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        first = model(x).theta
        model = model.to(memory_format=torch.channels_last)
        second = model(x.to(memory_format=torch.channels_last)).theta
    assert torch.allclose(first, second, atol=1e-6)


def test_a_configuration_survives_its_plain_form() -> None:
    config = ModelConfig.reading("unet_3m", 22, n_depths=2, output="bounds", head="normal")
    assert ModelConfig.from_dict(config.to_dict()) == config


@pytest.mark.parametrize(
    ("channels", "side", "words"),
    [(4, 16, "another specification"), (3, 20, "multiples of 8 px; got 20 x 20")],
)
def test_inputs_that_do_not_fit_are_refused(channels: int, side: int, words: str) -> None:
    with pytest.raises(RequestError, match=words):
        tiny()(torch.zeros(1, channels, side, side))


def test_a_bounded_output_without_its_soil_is_refused() -> None:
    with pytest.raises(RequestError, match="needs theta_r and theta_s"):
        tiny(output="bounds")(torch.zeros(1, 3, 16, 16))


def test_a_network_that_cannot_be_built_is_refused_with_every_reason() -> None:
    with pytest.raises(RequestError, match=r"encoder_convs.*up_kernel 5.*output 'tanh'"):
        ModelConfig(3, widths=(4, 4), decoder_convs=(1, 1), up_kernel=5, output="tanh")  # type: ignore[arg-type]


def test_an_unknown_reading_is_refused_by_name() -> None:
    with pytest.raises(RequestError, match="'unet_b'"):
        ModelConfig.reading("unet_b")
