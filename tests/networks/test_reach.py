"""How far networks see, by hand and as told before."""

from __future__ import annotations

import pytest

from rootzone._shared.errors import RequestError
from rootzone.networks.families.unet import READINGS, ModelConfig
from rootzone.networks.reach import Bilinear, Conv, Join, Keep, reach_of, same

# What the 20 cm U-Net's own formula gave for each reading before it used the walk; test_models
# holds some of them by moving pixels.
REACHES = {
    "unet_a": 35, "unet_a_single": 32, "unet_a_double_bottleneck": 43, "unet_3m": 54,
    "unet_a_up3": 42, "unet_a_up4": 42, "unet_narrow": 35, "unet_flat": 35, "unet_smooth": 49,
}  # fmt: skip


@pytest.mark.parametrize("name", READINGS)
def test_the_walk_gives_what_the_20_cm_unets_own_formula_gave(name: str) -> None:
    assert ModelConfig.reading(name).reach_px == REACHES[name]


def test_plain_convolutions_by_hand() -> None:
    assert reach_of(same(3, 4)) == 4
    assert reach_of([Conv(7, 1, 3)]) == 3
    # Stride 2 with a 3 x 3 kernel, back by bilinear steps: output 0 lies between inputs -1 and 0 of
    # the small map, whose kernels reach -3; output 1 between 0 and 1, up to 3.
    assert reach_of([Conv(3, 2, 1), Bilinear()]) == 3


def test_unmatched_skips_are_refused() -> None:
    with pytest.raises(RequestError, match="Nothing is kept as 'a'"):
        reach_of([Join("a")])
    with pytest.raises(RequestError, match="kept as 'a' are joined nowhere"):
        reach_of([Keep("a")])
