"""Several networks as one."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from rootzone._shared.errors import RequestError
from rootzone.networks.ensemble import Ensemble, combine
from rootzone.networks.families.unet import ModelConfig
from rootzone.networks.models import Prediction


def one(value: float) -> Tensor:
    return torch.full((1, 1, 1, 1), value)


def test_the_spread_of_point_heads_is_their_disagreement() -> None:
    # 0.20, 0.22, 0.27: mean 0.23, squares 0.0009 + 0.0001 + 0.0016 over 2 = 0.0013
    found = combine([Prediction(one(v), None) for v in (0.20, 0.22, 0.27)])
    assert float(found.theta) == pytest.approx(0.23)
    assert found.spread is not None
    assert float(found.spread) == pytest.approx(math.sqrt(0.0013), rel=1e-5)


def test_the_spread_of_normal_heads_adds_their_own_variance() -> None:
    # between: 0.20 and 0.24, variance 0.0008; within: (0.0009 + 0.0025) / 2 = 0.0017
    found = combine([Prediction(one(0.20), one(0.03)), Prediction(one(0.24), one(0.05))])
    assert found.spread is not None
    assert found.between is not None
    assert float(found.spread) == pytest.approx(0.05, rel=1e-5)
    assert float(found.between) == pytest.approx(math.sqrt(0.0008), rel=1e-5)


def test_one_point_head_has_no_spread_and_one_normal_head_keeps_its_own() -> None:
    assert combine([Prediction(one(0.2), None)]).spread is None
    normal = combine([Prediction(one(0.2), one(0.03))])
    assert normal.spread is not None
    assert float(normal.spread) == pytest.approx(0.03)
    assert normal.between is None


def test_members_are_asked_together() -> None:
    config = ModelConfig.reading("unet_a", 2, widths=(4, 4, 4))
    torch.manual_seed(0)
    members = [config.build().eval() for _ in range(2)]
    x = torch.rand(1, 2, 8, 8)
    with torch.no_grad():
        together = Ensemble(members)(x)
        apart = [member(x).theta for member in members]
    assert torch.allclose(together.theta, (apart[0] + apart[1]) / 2)


def test_an_ensemble_without_members_is_refused() -> None:
    with pytest.raises(RequestError, match="at least one member"):
        combine([])
