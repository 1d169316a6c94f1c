"""Tiles at random offsets show the same land, soil and labels, moved."""

from __future__ import annotations

import numpy as np
import pytest

from rootzone.learning.samples.batches import SampleSet
from rootzone.learning.samples.shifted import ShiftedSamples, shifted
from tests.learning.scenes import TILE_PX, scene, some_labels


@pytest.mark.parametrize("halo", [0, 8])
def test_a_moved_tile_is_a_window_of_the_land_with_its_labels(halo: int) -> None:
    land = scene()
    samples = SampleSet(land, some_labels().patches(1), (200.0,), halo)
    moved = ShiftedSamples(samples, 8, seed=1)
    everything = np.arange(len(samples))
    plain, batch = samples.batch(everything), moved.batch(everything)
    assert batch.x.shape == plain.x.shape
    assert batch.halo_px == halo
    # Sand tells the row and silt the column (scenes.land), both in percent of 100.
    inside = batch.x[:, 0, halo : -halo or None, halo : -halo or None].numpy()
    assert inside.shape[1:] == (TILE_PX, TILE_PX)
    offsets = set()
    for k, labels in enumerate(batch.mask[:, 0]):
        rows, cols = np.nonzero(labels.numpy())
        assert len(rows) >= 1  # a sample keeps a label
        assert rows.min() >= halo
        assert rows.max() < halo + TILE_PX
        for row, col in zip(rows, cols, strict=True):
            sand, silt = (100.0 * batch.x[k, i, row, col].item() for i in (0, 1))
            # The pixel of the land that the label lies on, in the plain batch.
            at = np.argwhere(
                np.isclose(100 * plain.x[k, 0], sand) & np.isclose(100 * plain.x[k, 1], silt)
            )[0]
            assert plain.mask[k, 0][tuple(at)]
            assert batch.y[k, 0, row, col] == plain.y[k, 0][tuple(at)]
            np.testing.assert_array_equal(
                batch.soil[k, 0, :, row, col], plain.soil[k, 0, :, at[0], at[1]]
            )
            offsets.add((int(row - at[0]), int(col - at[1])))
    assert len(offsets) > 2
    assert max(max(map(abs, pair)) for pair in offsets) <= 8


def test_the_same_batch_is_moved_alike_and_another_otherwise() -> None:
    samples = SampleSet(scene(), some_labels().patches(1), (200.0,))
    moved = shifted(samples, 8, 1)
    first, again = moved.batch(np.array([0, 1])), moved.batch(np.array([0, 1]))
    np.testing.assert_array_equal(first.x, again.x)
    other = moved.batch(np.array([0, 2]))
    assert not np.array_equal(first.x[0].numpy(), other.x[0].numpy(), equal_nan=True)
    assert shifted(samples, 0, 1) is samples
