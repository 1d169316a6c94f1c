"""How like the training sites a pixel is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from rio_cogeo import cog_validate

from rootzone._shared.errors import RequestError
from rootzone.campaign.workspace import Workspace
from rootzone.covariates.open_campaign import CampaignFiles
from rootzone.learning.scene.land import Land
from rootzone.learning.trust import FEATURES, TrainingSites, split_features
from rootzone.maps.map_run import MapRequest
from rootzone.maps.read_training_sites import read_training_sites
from rootzone.maps.run_maps import make_maps

# Two sites on a line: features 0 and 2, so their standard deviation is 1 and they lie 2 apart.
TWO = TrainingSites(np.array([[0.0], [2.0]]), np.array([[71.0], [42.0]]), np.array([True, False]))


def _classes(n: int) -> np.ndarray:
    return np.full((n, 1), 71.0)


def test_a_pixel_like_a_site_has_distance_0_and_one_as_far_as_the_sites_are_apart_1() -> None:
    # By hand: nearest sites of 0, 1 and 4 are 0, 1 and 2 away, the mean distance is 2.
    distance = TWO.judge(np.array([[0.0], [1.0], [4.0]]), _classes(3))[0]
    assert distance.tolist() == [0.0, 0.5, 1.0]
    alone = TWO.distance(np.array([[0.0], [1.0], [4.0], [np.nan]]))
    np.testing.assert_array_equal(alone, [0.0, 0.5, 1.0, np.nan])


def test_features_are_counted_in_their_spread_so_units_do_not_matter() -> None:
    in_mm = TrainingSites(TWO.numbers * 1000.0, TWO.classes, TWO.rung_above_0)
    told = in_mm.judge(np.array([[1000.0], [4000.0]]), _classes(2))
    assert np.allclose(told, TWO.judge(np.array([[1.0], [4.0]]), _classes(2)))


def test_the_share_of_higher_rungs_is_that_of_the_nearest_sites() -> None:
    # Eight sites near 0 of which two needed another rung, and one far away that did too.
    numbers = np.append(np.linspace(0.0, 0.7, 8), 100.0)[:, None]
    rung = np.array([True, True] + [False] * 6 + [True])
    sites = TrainingSites(numbers, np.full((9, 1), 71.0), rung)
    assert sites.judge(np.array([[0.3]]), _classes(1))[1].tolist() == [0.25]


def test_a_pixel_beyond_the_range_of_the_sites_or_of_another_class_is_flagged() -> None:
    numbers = np.array([[-0.1], [0.0], [1.0], [2.1], [1.0]])
    classes = np.array([[71.0], [71.0], [42.0], [71.0], [11.0]])
    assert TWO.judge(numbers, classes)[2].tolist() == [1.0, 0.0, 0.0, 1.0, 1.0]


def test_a_missing_feature_leaves_nothing_to_say() -> None:
    assert np.isnan(TWO.judge(np.array([[np.nan]]), _classes(1))).all()


def test_where_every_site_lacks_a_feature_there_is_nothing_to_say() -> None:
    bare = TrainingSites(TWO.numbers * np.nan, TWO.classes, TWO.rung_above_0)
    assert np.isnan(bare.judge(np.array([[1.0]]), _classes(1))).all()


def test_without_sites_there_is_no_distance() -> None:
    with pytest.raises(RequestError, match="no training sites"):
        TrainingSites(np.zeros((0, 1)), np.zeros((0, 1)), np.zeros(0, dtype=bool))


def test_level_ground_faces_nowhere_and_north_has_no_seam() -> None:
    # Slope 30 degrees: its sine is 0.5. Aspects 359 and 1 degree lie on both sides of north.
    by_name = dict.fromkeys(FEATURES, np.full(3, 20.0))
    by_name["slope_deg"] = np.array([0.0, 30.0, 30.0])
    by_name["aspect_deg"] = np.array([np.nan, 359.0, 1.0])
    numbers, _ = split_features(FEATURES, np.stack([by_name[name] for name in FEATURES]))
    assert numbers[0, 4:].tolist() == [0.0, 0.0]
    assert np.allclose(numbers[1:, 5], 0.5, atol=1e-4)
    assert abs(numbers[1, 4] - numbers[2, 4]) < 0.02


def test_the_layer_says_0_at_the_training_sites(corner: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(corner.parent, tmp_path / "c")
    file = tmp_path / "c" / corner.name
    report = make_maps(CampaignFiles.beside(file), MapRequest())
    assert report.trust is not None
    assert cog_validate(report.trust, strict=True)[0]
    sites = read_training_sites(
        Workspace.beside(file), Land(file.parent / "covariates" / "land.tif")
    )
    with rasterio.open(report.trust) as tif:
        assert tif.descriptions == (
            "distance_to_training", "higher_rung_share", "outside_training_range"
        )  # fmt: skip
        distance, share, outside = tif.read()
    assert np.nanmin(distance) == 0.0
    assert (distance == 0.0).sum() == len(sites.numbers)
    assert (outside[distance == 0.0] == 0.0).all()
    assert 0.0 < np.nanmean(outside) < 1.0
    assert np.nanmax(share) == 0.0  # every site of the fixture was done on the first rung
