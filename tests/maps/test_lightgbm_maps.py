"""Maps by LightGBM, to be held beside those of the network."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio

from rootzone._shared.digests import digest_file
from rootzone.campaign.workspace import Workspace
from rootzone.covariates.open_campaign import CampaignFiles
from rootzone.learning.evaluation import baselines
from rootzone.learning.samples.open_samples import open_samples
from rootzone.maps.encoding import unpack_theta
from rootzone.maps.map_run import MapRequest
from rootzone.maps.run_maps import make_maps

DAY = dt.date(2023, 2, 5)


def test_the_map_is_the_trees_of_the_skill_tables_and_leaves_the_network_alone(
    corner: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(baselines, "ROUNDS", 10)
    shutil.copytree(corner.parent, tmp_path / "c")
    files = CampaignFiles.beside(tmp_path / "c" / corner.name)
    bundle = Workspace.beside(files.path).bundle() / "weights.safetensors"
    before = digest_file(bundle)
    report = make_maps(files, MapRequest(source="lightgbm", dates=(DAY,)))
    assert report.folder == files.workspace.maps / "lightgbm"
    assert report.source == "lightgbm"
    assert digest_file(bundle) == before
    # The baseline of the skill tables, asked at labels of that day with the run's seed and shares.
    inputs = open_samples(files)
    labels = inputs.labels["simulated"]
    training = {"simulated": labels.part(inputs.parts["simulated"], "train")}
    asked = labels.chosen((labels.date == np.datetime64(DAY)) & (labels.depth == 0))
    campaign = files.campaign
    said = baselines.lightgbm_at(
        inputs.scene, training, asked,
        simulated_share=campaign.learning.simulated_batch_probability,
        seed=campaign.seeds.learning,
    )  # fmt: skip
    with rasterio.open(report.maps[0]) as file:
        theta = unpack_theta(file.read(1))[asked.pixel_row, asked.pixel_col]
    shown = np.isfinite(theta)  # not on the lake
    assert shown.sum() > 10
    # Half a step of packing, and float32.
    assert theta[shown] == pytest.approx(said[shown], abs=5.1e-5)
