from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from rootzone._shared.errors import RequestError
from rootzone.surface.fusion.point_to_area import (
    PatchSamples,
    corrected,
    new_network,
    train_patches,
)

SIDE, DAYS = 40, 6


def fields(day: int) -> np.ndarray:
    """A downscaled field that misses what the second channel tells, and noise."""
    rng = np.random.default_rng(day)
    known = rng.standard_normal((SIDE, SIDE))
    return np.stack([0.2 + 0.02 * rng.standard_normal((SIDE, SIDE)), known]).astype(np.float32)


def samples(seed: int, n: int = 150) -> PatchSamples:
    rng = np.random.default_rng(seed)
    day, row, col = rng.integers(0, DAYS, n), *rng.integers(5, SIDE - 5, (2, n))
    told = np.array([fields(int(d))[:, r, c] for d, r, c in zip(day, row, col, strict=True)])
    # What a station says: the field, and 0.05 on top.
    return PatchSamples.cut(fields, day, row, col, told[:, 0] + 0.05, np.arange(n))


def test_a_new_network_corrects_nothing() -> None:
    network = new_network(fields, np.arange(3), 0).eval()
    with torch.no_grad():
        out = network(torch.from_numpy(fields(0))[None]).theta[0, 0]
    assert torch.equal(out[5:-5, 5:-5], torch.from_numpy(fields(0))[0, 5:-5, 5:-5])
    assert torch.isnan(out[:5]).all()


def test_a_map_is_its_patches() -> None:
    torch.manual_seed(0)
    network = new_network(fields, np.arange(3), 0).eval()
    network.last.weight.data.normal_()
    some = PatchSamples.cut(
        fields, np.zeros(3, int), np.array([5, 12, 30]), np.array([9, 20, 34]), np.zeros(3),
        np.arange(3),
    )  # fmt: skip
    with torch.no_grad():
        whole = network(torch.from_numpy(fields(0))[None]).theta[0, 0]
    each = corrected(network, some)
    assert np.allclose(each, whole[some.row, some.col].numpy(), atol=1e-6)


def test_it_learns_an_offset_and_what_is_held_stays(tmp_path: Path) -> None:
    network = new_network(fields, np.arange(DAYS), 0)
    network, result = train_patches(
        network, samples(0), samples(1, 60), tmp_path / "one", epochs=8, learning_rate=2e-2
    )
    # A network that corrects nothing misses by 0.05.
    assert result.best_rmse < 0.025
    before = {k: v.clone() for k, v in network.state_dict().items()}
    network, _ = train_patches(
        network, samples(2), samples(1, 60), tmp_path / "two", epochs=2, n_held=2
    )
    after = network.state_dict()
    held = [k for k in before if k.startswith(("convs.0", "convs.1"))]
    assert held
    assert all(torch.equal(before[k], after[k]) for k in held)
    assert not torch.equal(before["convs.2.0.weight"], after["convs.2.0.weight"])


def test_it_learns_what_only_the_middle_pixel_tells(tmp_path: Path) -> None:
    # The second channel is noise from pixel to pixel, and the answer hangs on the middle one alone
    # (sd 0.05): a mean over the patch knows 1 / 11 of it at most.
    def only(seed: int, n: int) -> PatchSamples:
        some = samples(seed, n)
        theta = some.x[:, 0, 5, 5] + 0.05 * some.x[:, 1, 5, 5]
        return replace(some, theta=theta.astype(float))

    network = new_network(fields, np.arange(DAYS), 0)
    _, result = train_patches(
        network, only(0, 600), only(1, 100), tmp_path, epochs=6, learning_rate=5e-3
    )
    assert result.best_rmse < 0.015


def test_a_window_smaller_than_a_patch_is_refused() -> None:
    with pytest.raises(RequestError, match="A patch is 11 px"):
        new_network(fields, np.arange(2), 0)(torch.zeros(1, 2, 8, 20))


def test_a_channel_that_is_never_known_is_refused() -> None:
    def gaps(day: int) -> np.ndarray:
        told = fields(day)
        told[1] = np.nan
        return told

    with pytest.raises(RequestError, match="unknown on all of the days"):
        new_network(gaps, np.arange(2), 0)
