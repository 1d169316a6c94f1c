"""A made-up landscape, its truth and its samples."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch

from benchmarks.worlds.landscape import Landscape, WorldSettings, make_landscape
from benchmarks.worlds.samples import Labels, WorldSamples, predict_places, tile_features
from benchmarks.worlds.truth import Bias, theta_at
from rootzone.networks.families.unet import ModelConfig

MONTHS = {"first": "2023-01-01", "last": "2023-03-31"}  # 90 days


@cache
def land(map_error: float = 0.0) -> Landscape:
    return make_landscape(WorldSettings(tiles=2, map_error=map_error, **MONTHS))


def labels(n: int = 5) -> Labels:
    rng = np.random.default_rng(0)
    row, col = rng.integers(0, 128, n), rng.integers(0, 128, n)
    return Labels(row, col, rng.uniform(0.1, 0.4, (n, 90)).astype(np.float32))


def test_the_network_sees_twenty_channels_of_a_tile() -> None:
    assert tile_features(land(), 3, 0).shape == (20, 64, 64)


def test_a_pixel_has_the_same_features_alone_and_in_its_tile() -> None:
    alone = land().features(np.array([70]), np.array([5]), np.array([40]))
    np.testing.assert_array_equal(alone[0], tile_features(land(), 2, 40)[:, 6, 5])


def test_rain_less_demand_is_the_difference_of_the_two_sums() -> None:
    # Channels 16 and 17 of section 3.6.2 are 12 - 14 and 13 - 15 before scaling.
    spec, x = land().spec, tile_features(land(), 0, 10)[:, 0, 0]
    physical = [float(x[i]) * (c.high - c.low) + c.low for i, c in enumerate(spec.channels)]
    assert physical[16] == pytest.approx(physical[12] - physical[14], abs=1e-3)
    assert physical[17] == pytest.approx(physical[13] - physical[15], abs=1e-3)


def test_the_map_is_the_soil_itself_without_an_error_and_is_not_with_one() -> None:
    row, col = np.arange(20), np.arange(20)
    sand, silt, clay = land().true_texture(row, col, [22.5])[0]
    np.testing.assert_allclose(sand + silt + clay, 100.0)
    mapped = land().mapped_sand_clay_pct[:, row, col]
    np.testing.assert_allclose(mapped, [sand, clay], rtol=1e-5)
    wrong = land(0.3).mapped_sand_clay_pct[:, row, col]
    # The error is 0.3 in the logarithm of the ratio of two shares, times sqrt(2); 20 pixels.
    spread = np.std(np.log(wrong[0] / wrong[1]) - np.log(sand / clay))
    assert spread == pytest.approx(0.3 * np.sqrt(2.0), rel=0.4)


def test_the_truth_lies_between_the_bounds_of_its_soil_and_repeats() -> None:
    row, col = np.array([3, 90]), np.array([80, 7])
    theta = theta_at(land(), row, col)
    assert theta.shape == (2, 90)
    low, high = land().soil[:2, row, col]
    assert np.all(theta > low[:, None] - 0.02)  # layers differ a little from 15-30 cm
    assert np.all(theta < high[:, None] + 0.02)
    np.testing.assert_array_equal(theta, theta_at(land(), row, col))


def test_less_rain_and_more_sand_make_a_simulator_dry() -> None:
    row, col = np.array([3, 90]), np.array([80, 7])
    truth = theta_at(land(), row, col).mean()
    assert theta_at(land(), row, col, Bias(rain_factor=0.7)).mean() < truth - 0.005
    assert theta_at(land(), row, col, Bias(ln_sand=0.5)).mean() < truth - 0.005


def test_a_sample_holds_each_label_at_its_pixel() -> None:
    known = labels()
    samples = WorldSamples(land(), known, np.array([4, 7]))
    tiles = {(int(r) // 64) * 2 + int(c) // 64 for r, c in zip(known.row, known.col, strict=True)}
    assert len(samples) == 2 * len(tiles)
    batch = samples.batch(np.arange(len(samples)), torch.device("cpu"))
    assert int(batch.mask.sum()) == 10  # five places on two dates
    for i in range(len(samples)):
        tile, day = int(batch.tile[i]), int(batch.date[i]) - 19_358  # 2023-01-01 since 1970
        for row, col, theta in zip(known.row, known.col, known.theta, strict=True):
            if (row // 64) * 2 + col // 64 == tile:
                assert float(batch.y[i, 0, row % 64, col % 64]) == theta[day]


def test_tiles_without_labels_on_a_date_are_no_samples_of_it() -> None:
    known = labels(1)
    known.theta[0, 7] = np.nan
    assert len(WorldSamples(land(), known, np.array([4, 7]))) == 1


def test_places_are_predicted_as_in_their_tile() -> None:
    torch.manual_seed(0)
    network = ModelConfig.reading("unet_a", 20, widths=(2, 2, 2)).build().eval()
    found = predict_places(network, land(), np.array([70, 3]), np.array([5, 9]), np.array([1, 40]))
    with torch.no_grad():
        tile = network(torch.from_numpy(tile_features(land(), 2, 40))[None]).theta[0, 0]
    assert found.shape == (2, 2)
    assert found[0, 1] == pytest.approx(float(tile[6, 5]), abs=1e-6)
