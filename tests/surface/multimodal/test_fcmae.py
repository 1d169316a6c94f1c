from __future__ import annotations

import pytest
import torch

from rootzone._shared.errors import RequestError
from rootzone.surface.multimodal.convnext import VARIANTS, Encoder, Variant
from rootzone.surface.multimodal.fcmae import (
    Painter,
    Painting,
    draw_mask,
    image_painter,
    painted_loss,
    patches,
)
from rootzone.surface.multimodal.network import MultimodalConfig


@pytest.mark.parametrize(
    ("name", "count"),
    # Published pre-training networks with 3 channels (convnextv2_parameter_counts.csv).
    [
        ("atto", 7_257_992), ("femto", 8_751_472), ("pico", 12_521_792),
        ("nano", 19_016_592), ("tiny", 31_965_568), ("base", 91_922_432),
    ],
)  # fmt: skip
def test_the_painter_has_the_published_count(name: str, count: int) -> None:
    with torch.device("meta"):
        network = image_painter(3, VARIANTS[name])
    assert sum(p.numel() for p in network.parameters()) == count


def test_masks_hide_the_asked_share_and_the_seed_settles_them() -> None:
    one = draw_mask(4, 7, 7, 0.6, torch.Generator().manual_seed(5))
    again = draw_mask(4, 7, 7, 0.6, torch.Generator().manual_seed(5))
    assert torch.equal(one, again)
    # Published: len_keep = int(49 x 0.4) = 19.
    assert (one == 0).flatten(1).sum(dim=1).tolist() == [19] * 4
    assert not torch.equal(one[0], one[1])


def test_a_window_of_one_patch_is_refused() -> None:
    with pytest.raises(RequestError, match="keeps 0"):
        draw_mask(1, 1, 1, 0.6, torch.Generator())


def test_patches_keep_pixels_together() -> None:
    image = torch.arange(2.0 * 64 * 32).reshape(1, 2, 64, 32)
    cut = patches(image)
    assert cut.shape == (1, 2048, 2, 1)
    # By hand: the published order is row, column, channel within a patch, channel fastest.
    assert cut[0, :4, 1, 0].tolist() == [1024.0, 3072.0, 1025.0, 3073.0]


def test_the_loss_is_that_of_hidden_and_known_patches() -> None:
    torch.manual_seed(0)
    image = torch.randn(1, 1, 64, 64)
    target = patches(image)
    target = (target - target.mean(1, keepdim=True)) / torch.sqrt(
        target.var(1, keepdim=True) + 1e-6
    )
    mask = torch.tensor([[[[1.0, 0.0], [1.0, 0.0]]]])
    painted = target.clone()
    painted[0, :, 0, 1] += 100.0  # kept: does not count
    assert float(painted_loss(painted, image, mask)) == 0.0
    painted[0, :, 0, 0] += 3.0  # hidden: 9, over two hidden patches
    assert float(painted_loss(painted, image, mask)) == pytest.approx(4.5)
    image[0, 0, 40, 5] = torch.nan  # the other hidden patch is not whole: only the first counts
    assert float(painted_loss(painted, image, mask)) == pytest.approx(9.0)


def test_hidden_pixels_do_not_reach_the_painting() -> None:
    torch.manual_seed(1)
    network = image_painter(2, VARIANTS["atto"]).eval()
    mask = draw_mask(2, 3, 3, 0.6, torch.Generator().manual_seed(2))
    image = torch.randn(2, 2, 96, 96)
    over = torch.nn.functional.interpolate(mask, scale_factor=32, mode="nearest")
    garbage = image + 1e3 * over * torch.randn_like(image)
    with torch.no_grad():
        assert torch.equal(network(image, mask)["image"], network(garbage, mask)["image"])


def test_pre_training_learns_a_pattern_that_all_patches_share() -> None:
    # Other patches hidden each time. A painter that says 0 everywhere has a loss of
    # 1023/1024 (targets have unbiased variance 1).
    torch.manual_seed(4)
    small = Variant((1, 1, 1, 1), (8, 8, 16, 32))
    network = Painter(Encoder(1, small, grn_over="batch"), {"image": 1}, width=32)
    optimiser = torch.optim.AdamW(network.parameters(), lr=5e-2, betas=(0.9, 0.95))
    generator = torch.Generator().manual_seed(7)
    image = torch.randn(1, 1, 32, 32, generator=generator).repeat(1, 1, 2, 2)
    for _ in range(40):
        mask = draw_mask(1, 2, 2, 0.6, generator)
        loss = painted_loss(network(image, mask)["image"], image, mask)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.5


def test_painting_a_multimodal_network_is_the_published_loss_and_sees_nothing_hidden() -> None:
    torch.manual_seed(0)
    config = MultimodalConfig(modalities={"s1": 2, "s2": 3}, n_scalars=1, variant="mini")
    task = Painting(config.build(), 0.5).eval()  # type: ignore[arg-type]
    x = torch.rand(2, 6, 64, 64)
    with torch.no_grad():
        told = task(x).theta
        mask = draw_mask(2, 2, 2, 0.5, torch.Generator().manual_seed(0))
        active = 1.0 - torch.nn.functional.interpolate(mask, scale_factor=8, mode="nearest")
        painted = task.painter(task.inner.stems(x[:, :5], active), mask)
    parts = (
        painted_loss(painted["s1"], x[:, :2], mask),
        painted_loss(painted["s2"], x[:, 2:5], mask),
    )
    # Two of four patches are hidden: the mean over all is half of the mean over hidden ones.
    assert float((told**2).mean()) == pytest.approx(0.5 * float(sum(parts)) / 2, rel=1e-4)
    # Garbage in hidden patches changes what is painted by nothing, only what it is held against.
    hidden = torch.nn.functional.interpolate(mask, scale_factor=32, mode="nearest") > 0
    garbage = torch.where(hidden, 7.0 * torch.rand(2, 5, 64, 64), x[:, :5])
    with torch.no_grad():
        again = task.painter(task.inner.stems(garbage, active), mask)
    assert all(torch.equal(again[name], painted[name]) for name in painted)
