from __future__ import annotations

import pytest
import torch

from rootzone._shared.errors import RequestError
from rootzone.surface.multimodal.convnext import VARIANTS, Encoder, Variant
from rootzone.surface.multimodal.fcmae import (
    Painter,
    draw_mask,
    image_painter,
    painted_loss,
    patches,
)


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
