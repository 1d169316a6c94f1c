from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from rootzone._shared.errors import RequestError
from rootzone._shared.seal import sealed_json
from rootzone.learning.scene.features import faithful_features
from rootzone.networks.bundle import (
    DESCRIPTION,
    WEIGHTS,
    bundle_in_memory,
    load_bundle,
    save_bundle,
)
from rootzone.networks.calibration import Calibration
from rootzone.networks.families.unet import ModelConfig
from rootzone.networks.run_training import new_network

SPEC = faithful_features()
CONFIG = ModelConfig(20, n_depths=2, widths=(4, 8), encoder_convs=(1, 1), decoder_convs=(1, 1))
CALIBRATION = Calibration(0.8, 0.05, scaled=False, n=100, n_place=10)


def _save(folder: Path, seeds: tuple[int, ...] = (1,)) -> Path:
    weights = [new_network(CONFIG, seed).state_dict() for seed in seeds]
    info = {"validation": {"rmse": 0.04}, "digests": {"land": "ab"}}
    return save_bundle(folder / "best", weights, CONFIG, SPEC, (50.0, 200.0), CALIBRATION, info)


def test_a_bundle_predicts_what_its_network_does(tmp_path: Path) -> None:
    bundle = load_bundle(_save(tmp_path), SPEC)
    x = torch.rand(2, 20, 16, 16)
    network = new_network(CONFIG, 1).eval()
    with torch.no_grad():
        told = network(x).theta
    torch.testing.assert_close(bundle.predict(x).theta, told)
    assert bundle.predict(x).spread is None


def test_a_bundle_in_memory_predicts_what_it_does_once_it_is_saved(tmp_path: Path) -> None:
    weights = [new_network(CONFIG, seed).state_dict() for seed in (1, 2)]
    unsaved = bundle_in_memory(weights, CONFIG, SPEC, (50.0, 200.0))
    saved = load_bundle(_save(tmp_path, seeds=(1, 2)))
    x = torch.rand(1, 20, 8, 8)
    assert torch.equal(unsaved.predict(x).theta, saved.predict(x).theta)


def test_several_members_give_their_mean_and_how_far_they_disagree(tmp_path: Path) -> None:
    bundle = load_bundle(_save(tmp_path, seeds=(1, 2)))
    x = torch.rand(1, 20, 8, 8)
    with torch.no_grad():
        one, two = (new_network(CONFIG, seed).eval()(x).theta for seed in (1, 2))
    told = bundle.predict(x)
    torch.testing.assert_close(told.theta, (one + two) / 2)
    # The standard deviation of two numbers with n - 1 = 1 is their difference over sqrt(2).
    assert told.spread is not None
    torch.testing.assert_close(told.spread, (one - two).abs() / 2**0.5, atol=1e-6, rtol=1e-4)
    assert len(bundle.models) == 2


def test_everything_it_needs_to_be_used_comes_back(tmp_path: Path) -> None:
    bundle = load_bundle(_save(tmp_path))
    assert bundle.depths_mm == (50.0, 200.0)
    assert bundle.calibration == CALIBRATION
    assert bundle.spec == SPEC
    assert bundle.config == CONFIG
    assert bundle.info["digests"] == {"land": "ab"}


def test_bf16_stays_near_fp32(tmp_path: Path) -> None:
    bundle = load_bundle(_save(tmp_path))
    x = torch.rand(2, 20, 16, 16)
    error = (bundle.predict(x).theta - bundle.predict(x, bf16=True).theta).abs().max()
    # bfloat16 keeps 8 bits; the head is fp32, so a few times 2^-8 of the logits at most.
    assert 0 < float(error) < 0.02


def test_another_feature_specification_is_refused(tmp_path: Path) -> None:
    other = replace(SPEC, forcing="bilinear")
    with pytest.raises(RequestError, match=r"forcing nearest against bilinear"):
        load_bundle(_save(tmp_path), other)


def test_a_folder_without_a_model_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"no trained model.*rootzone train"):
        load_bundle(tmp_path)


def test_weights_of_another_run_are_refused(tmp_path: Path) -> None:
    folder = _save(tmp_path / "a")
    other = _save(tmp_path / "b", seeds=(2,))
    (folder / WEIGHTS).write_bytes((other / WEIGHTS).read_bytes())
    with pytest.raises(RequestError, match="do not belong together"):
        load_bundle(folder)


def test_a_model_of_a_later_format_is_refused(tmp_path: Path) -> None:
    folder = _save(tmp_path)
    told = json.loads((folder / DESCRIPTION).read_text())
    (folder / DESCRIPTION).write_text(sealed_json({**told, "format": 99}))
    with pytest.raises(RequestError, match=r"format 99, this version of rootzone reads 1"):
        load_bundle(folder)


def test_a_description_cut_short_is_refused(tmp_path: Path) -> None:
    folder = _save(tmp_path)
    (folder / DESCRIPTION).write_text('{"format": 1')
    with pytest.raises(RequestError, match=r"bundle\.json is damaged"):
        load_bundle(folder)
