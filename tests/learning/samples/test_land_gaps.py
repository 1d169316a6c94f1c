from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rootzone._shared.errors import RequestError
from rootzone.learning.samples.land_gaps import without_empty_tiles
from rootzone.learning.scene.land import ArrayLand
from rootzone.learning.scene.scene import Scene
from tests.learning import scenes


def holed(rows: slice, cols: slice, bands: tuple[str, ...] | None = None) -> Scene:
    """The made-up scene with some bands missing in a rectangle; all of them by default."""
    scene = scenes.scene()
    assert isinstance(scene.land, ArrayLand)
    values = {name: band.copy() for name, band in scene.land.values.items()}
    for name in bands or tuple(values):
        values[name][rows, cols] = np.nan
    return replace(scene, land=replace(scene.land, values=values))


def test_a_tile_without_any_land_is_left_out_with_its_samples() -> None:
    # Tile 5 is rows 16-31, columns 32-47; it holds two of the five samples.
    patches, gaps = without_empty_tiles(
        holed(slice(16, 32), slice(32, 48)), scenes.some_labels().patches()
    )
    assert patches.tile.tolist() == [0, 0, 3]
    assert (gaps.empty_tiles, gaps.patches_left_out, gaps.tiles) == ((5,), 2, 2)
    assert "1 tiles without any covariate left out, with their 2 samples" in "\n".join(gaps.lines())


def test_missing_fractions_are_those_of_the_tiles_that_are_kept() -> None:
    # Half of tile 0's sand, of three tiles: 1/6.
    scene = holed(slice(0, 8), slice(0, 16), ("sand_pct",))
    patches, gaps = without_empty_tiles(scene, scenes.some_labels().patches())
    assert len(patches) == 5
    assert gaps.missing["sand_pct"] == pytest.approx(1 / 6)
    assert gaps.missing["silt_pct"] == 0.0
    assert gaps.lines() == ["3 tiles with samples", "sand_pct: 16.67 % of pixels missing"]


def test_samples_on_no_land_at_all_are_refused() -> None:
    with pytest.raises(RequestError, match="None of the 3 tiles with simulated labels"):
        without_empty_tiles(holed(slice(0, 32), slice(0, 48)), scenes.some_labels().patches())
