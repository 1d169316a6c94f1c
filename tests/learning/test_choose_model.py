"""`learning.model: auto` on a campaign on disk: physics and trees, fold by fold, to the bundle."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from rootzone.campaign.workspace import Workspace
from rootzone.covariates.open_campaign import CampaignFiles
from rootzone.learning.campaign_training import train_campaign
from rootzone.learning.choose_model import PlaceFolds, with_model
from rootzone.learning.evaluation import baselines
from rootzone.learning.evaluation.predict_labels import predict_labels
from rootzone.learning.fallback import fallback_of
from rootzone.learning.samples.open_samples import CampaignSamples, open_samples
from rootzone.networks.bundle import load_bundle
from rootzone.networks.families import config_of
from rootzone.networks.run_training import RunOptions
from tests.learning.evaluation.test_evaluate import _drive_the_engine
from tests.learning.small_campaign import N_STATION, write_small_campaign

AUTO = "  model: auto\n  candidates: [physics, trees]\n  auto_folds: 3\n"


@pytest.mark.hpc  # builds physics at every pixel: half a minute
def test_auto_trains_judges_and_keeps_what_its_maps_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.set_num_threads(1)
    monkeypatch.setattr(baselines, "ROUNDS", 10)
    file = write_small_campaign(tmp_path / "auto")
    _drive_the_engine(Workspace.beside(file).weather(2023))
    stations = "  split: {kind: stations}\n"
    file.write_text(file.read_text().replace("learning:\n", "learning:\n" + AUTO + stations))
    files = CampaignFiles.beside(file)
    trained = train_campaign(files)
    choice = trained.info["choice"]
    # 70 % of the stations train, and each of them judges once.
    inputs = open_samples(files)
    training = inputs.labels["station"].part(inputs.parts["station"], "train").used_places
    assert choice["places"] == len(training) == round(0.7 * N_STATION)
    assert choice["source"] == "station"
    # Made-up readings know nothing of the engine: trees win, and physics left after a fold or two.
    assert choice["chosen"] == "trees"
    assert choice["mae"]["trees"] < choice["mae"]["physics"]
    bundle = load_bundle(files.workspace.bundle(), inputs.scene.spec)
    rule = fallback_of(bundle.info)
    assert rule is not None
    assert rule.places == len(training)
    assert len(rule.sites.numbers) == len(training)
    assert bundle.info["calibration_on"].startswith(f"{len(training)} station places that auto put")
    assert json.loads((files.workspace.bundle() / "bundle.json").read_text())["choice"] == choice
    # Beyond every distance, physics: a rule that trusts nothing makes the bundle physics.
    bundle.info["fallback"] = {**bundle.info["fallback"], "distance": -1.0}
    folds = PlaceFolds.of(inputs)
    said = predict_labels(bundle, inputs.scene, folds.judges[0]).theta
    np.testing.assert_allclose(said, folds.held()[0].physics)


def test_trees_without_physics_see_none_in_a_choice(tmp_path: Path) -> None:
    # By hand: 20 channels and physics at one depth; the scene of `auto` has physics in any case.
    file = write_small_campaign(tmp_path / "channels")
    file.write_text(file.read_text().replace("learning:\n", "learning:\n" + AUTO))
    inputs = CampaignSamples(CampaignFiles.beside(file).campaign, None, {}, {}, {})  # type: ignore[arg-type]  # no pixel is read
    shown = {
        name: config_of(with_model(inputs, name).campaign.learning, 21, 1).n_channels  # type: ignore[attr-defined]  # trees have it
        for name in ("trees", "trees_physics")
    }
    assert shown == {"trees": 20, "trees_physics": 21}


def test_fewer_sites_can_train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baselines, "ROUNDS", 10)
    file = write_small_campaign(tmp_path / "sites")
    file.write_text(file.read_text().replace("learning:\n", "learning:\n  model: trees\n"))
    inputs = open_samples(CampaignFiles.beside(file))
    folds = PlaceFolds.of(inputs)
    asked: list[int] = []

    def growing(scene, training, **rest):  # type: ignore[no-untyped-def]  # hands all on
        asked.append(len(training["simulated"].used_places))
        return grow(scene, training, **rest)

    grow = baselines.grow_trees
    monkeypatch.setattr("rootzone.learning.grow.grow_trees", growing)
    for sites in (4, None):
        said = folds.said(inputs, 0, tmp_path, RunOptions(), sites=sites)
        assert np.isfinite(said).all()
    there = len(folds.training["simulated"].used_places)
    assert asked == [4, there]
