"""Where the covariates of samples are missing: tiles without land, and fractions by channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rootzone._shared.errors import RequestError
from rootzone.learning.samples.label_index import PatchIndex
from rootzone.learning.scene.scene import Scene
from rootzone.networks.channels import LAND


@dataclass(frozen=True)
class LandGaps:
    """What is missing under the samples.

    Parameters
    ----------
    missing : mapping of str to float
        Fraction of the pixels without a value, by land channel, over the tiles that are kept.
    empty_tiles : tuple of int
        Tiles without any land value, which were left out.
    patches_left_out : int
        Samples of those tiles.
    tiles : int
        Tiles that are kept.
    """

    missing: Mapping[str, float]
    empty_tiles: tuple[int, ...]
    patches_left_out: int
    tiles: int

    def lines(self) -> list[str]:
        """The report, a fact a line; channels without gaps are not named."""
        out = [f"{self.tiles} tiles with samples"]
        if self.empty_tiles:
            out.append(
                f"{len(self.empty_tiles)} tiles without any covariate left out, with their "
                f"{self.patches_left_out} samples (tile {self.empty_tiles[0]}, ...)"
            )
        out += [f"{name}: {100 * part:.2f} % of pixels missing"
                for name, part in self.missing.items() if part > 0]  # fmt: skip
        return out


def without_empty_tiles(scene: Scene, patches: PatchIndex) -> tuple[PatchIndex, LandGaps]:
    """The samples whose tile has land at all, and what is missing under them.

    Parameters
    ----------
    scene : Scene
        Covariates.
    patches : PatchIndex
        Samples.

    Returns
    -------
    patches : PatchIndex
        Without tiles whose every land channel is missing at every pixel.
    gaps : LandGaps
        The count of those, and the missing fractions of the others.

    Raises
    ------
    RequestError
        No tile is left.
    """
    names = [scene.spec.channels[i].name for i in scene.spec.of_origin(LAND)]
    total, kept, empty = np.zeros(len(names)), 0, []
    for tile in np.unique(patches.tile).tolist():
        absent = np.isnan(scene.static(scene.grid.tile_window(tile)))
        if absent.all():
            empty.append(tile)
            continue
        total += absent.mean(axis=(1, 2))
        kept += 1
    if kept == 0:
        raise RequestError(
            f"None of the {len(empty)} tiles with {patches.labels.source} labels has any covariate "
            "on the land raster. Do the labels and the layers cover the same region?"
        )
    left = patches.without_tiles(empty) if empty else patches
    missing = dict(zip(names, (total / kept).tolist(), strict=True))
    return left, LandGaps(missing, tuple(empty), len(patches) - len(left), kept)
