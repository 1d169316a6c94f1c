from __future__ import annotations

import pytest
import torch

from rootzone._shared.errors import RequestError
from rootzone.networks.models import n_parameters
from rootzone.surface.extents.network import SurfaceConfig


def small(**changes: object) -> SurfaceConfig:
    told = {"n_channels": 3, "late": (0,), "widths": (2, 2, 2, 2), "decoder_widths": (2, 2, 2, 2)}
    return SurfaceConfig(**{**told, **changes})  # type: ignore[arg-type]


def test_the_network_has_the_counted_parameters() -> None:
    # surface.md 3.3 and systems.md 1.3: 12,899,886 with 27 channels, the paper's 12.9 million.
    with torch.device("meta"):
        assert n_parameters(SurfaceConfig().build()) == 12_899_886


def test_reach_and_halo_are_the_counted_ones() -> None:
    # surface.md 3.3: receptive radius 93 px, so a halo of 96 with a stride of 16.
    assert SurfaceConfig().reach_px == 93
    assert SurfaceConfig().halo_px == 96


def test_no_pixel_beyond_the_reach_counts_and_one_at_it_does() -> None:
    torch.manual_seed(0)
    config = small()
    network = config.build().eval()
    for values in network.parameters():
        values.data = torch.rand_like(values)  # positive, so that nothing cancels
    side, reach = 256, config.reach_px
    x = torch.rand(1, 3, side, side, requires_grad=True)
    farthest = 0
    for pixel in range(96, 112):
        (grad,) = torch.autograd.grad(network(x).theta[0, 0, pixel, 128], x)
        rows = torch.nonzero(grad.abs().sum(dim=(0, 1, 3))).flatten()
        farthest = max(farthest, pixel - int(rows[0]), int(rows[-1]) - pixel)
    assert farthest == reach


def test_shapes_and_outputs() -> None:
    x = torch.rand(2, 3, 64, 64)
    x[0, 1, 5, 5] = torch.nan
    for out, low in (("relu", 0.0), ("sigmoid", 0.0)):
        theta = small(out=out).build().eval()(x).theta
        assert theta.shape == (2, 1, 64, 64)
        assert bool((theta >= low).all())
    soil = torch.full((2, 1, 4, 64, 64), 0.1)
    soil[:, :, 1] = 0.4
    theta = small(out="bounds").build().eval()(x, soil).theta
    assert bool(((theta >= 0.1) & (theta <= 0.4)).all())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"late": (3,)}, "Late channels"),
        ({"out": "tanh"}, "none of relu"),
        ({"decoder_widths": (2,)}, "do not meet"),
    ],
)
def test_shapes_that_make_no_network_are_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(RequestError, match=said):
        small(**changes)


def test_a_window_that_does_not_fit_is_refused() -> None:
    with pytest.raises(RequestError, match="multiples of 16"):
        small().build()(torch.zeros(1, 3, 60, 64))
