"""How far networks see: by hand, by the U-Net's own walk, and by moving pixels."""

from __future__ import annotations

import pytest

from rootzone._shared.errors import RequestError
from rootzone.networks.families.unet import READINGS, ModelConfig, receptive_radius_px
from rootzone.networks.reach import Bilinear, Conv, Join, Keep, Step, Up, reach_of, same


def unet_steps(config: ModelConfig) -> list[Step]:
    down: list[Step] = []
    for level, n_conv in enumerate(config.encoder_convs):
        down += [*same(3, n_conv), Keep(str(level)), Conv(2, 2)]
    steps = [*down, *same(3, config.bottleneck_convs)]
    padding = 0 if config.up_kernel == 2 else 1
    for level, n_conv in zip(
        range(len(config.widths) - 1, -1, -1), config.decoder_convs, strict=True
    ):
        steps += [Up(config.up_kernel, 2, padding), Join(str(level)), *same(3, n_conv)]
    return steps


@pytest.mark.parametrize("name", READINGS)
def test_the_walk_gives_what_the_20_cm_unets_own_formula_gives(name: str) -> None:
    config = ModelConfig.reading(name)
    assert reach_of(unet_steps(config)) == receptive_radius_px(config)


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
