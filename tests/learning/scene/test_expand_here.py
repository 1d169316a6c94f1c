from __future__ import annotations

import numpy as np
import pytest
import torch

from rootzone.campaign.learning_section import Features
from rootzone.learning.scene.expand import expand
from rootzone.learning.scene.expand_here import expand_here
from rootzone.learning.scene.features import features_of
from rootzone.networks.channels import LAND, SURFACE


@pytest.mark.parametrize("forcing", ["nearest", "bilinear"])
@pytest.mark.parametrize("surface_moisture", [None, "s_{date}.tif"])
def test_both_ways_to_put_channels_together_agree(
    forcing: str, surface_moisture: str | None
) -> None:
    features = Features.model_validate(
        {"forcing": forcing, "surface_moisture": surface_moisture, "aspect": "sincos"}
    )
    spec = features_of(features)
    rng = np.random.default_rng(1)
    batch, k, rows, side = 3, 1 if forcing == "nearest" else 4, 5, 8
    static = rng.random((batch, len(spec.of_origin(LAND)), side, side), dtype=np.float32)
    static[0, 0, 2] = np.nan
    index = rng.integers(0, rows, (batch, k, side, side))
    weight = rng.random((batch, k, side, side), dtype=np.float32)
    weight /= weight.sum(axis=1, keepdims=True)
    table = rng.random((batch, rows, len(spec.dynamic)), dtype=np.float32)
    table[1, 3] = np.nan
    surface = None
    if surface_moisture:
        surface = rng.random((batch, len(spec.of_origin(SURFACE)), side, side), dtype=np.float32)
    here = expand_here(
        list(static), list(index), list(weight), table, None if surface is None else list(surface),
        spec,
    )  # fmt: skip
    there = expand(
        torch.from_numpy(static), torch.from_numpy(index), torch.from_numpy(weight),
        torch.from_numpy(table), None if surface is None else torch.from_numpy(surface), spec,
    )  # fmt: skip
    assert np.isnan(here).any()
    assert here == pytest.approx(there.numpy(), abs=1e-6, nan_ok=True)
