"""What the fallback to physics needs of a campaign: land features of places, physics at labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rootzone._shared.arrays import FloatArray, IntArray
from rootzone.learning.scene.features import physics_channels
from rootzone.learning.trust import FEATURES, TrainingSites, land_at, split_features

if TYPE_CHECKING:
    from rootzone.learning.samples.batches import SampleSet
    from rootzone.learning.samples.label_index import GridLabels
    from rootzone.learning.scene.scene import Scene
    from rootzone.networks.validate import LabelValues


def land_features(scene: Scene, labels: GridLabels) -> tuple[TrainingSites, IntArray]:
    """Land features of the places that have labels, and which of them each label belongs to."""
    _, first, which = np.unique(labels.place, return_index=True, return_inverse=True)
    row, col = (at[first].astype(np.int64) for at in (labels.pixel_row, labels.pixel_col))
    numbers, classes = split_features(FEATURES, land_at(scene.land, row, col))
    return TrainingSites(numbers, classes, np.zeros(first.size, dtype=bool)), which


def physics_at(scene: Scene, labels: GridLabels) -> FloatArray:
    """Water content by physics at every label [m3 m-3]; NaN where the scene has none."""
    out = np.full(len(labels), np.nan)
    if scene.physics is None:
        return out
    columns = [one.column for one in physics_channels(["theta"], labels.depths_mm)]
    row, col = labels.pixel_row.astype(np.int64), labels.pixel_col.astype(np.int64)
    told = scene.physics.at_points(columns, row, col, labels.date.tolist())
    return np.asarray(told[np.arange(len(labels)), labels.depth], dtype=np.float64)


def physics_error_at(scene: Scene, labels: GridLabels, level: float) -> FloatArray:
    """Error of physics between simulated soils at every label that a share stays below [m3 m-3].

    NaN where the scene has no physics.
    """
    if scene.physics is None:
        return np.full(len(labels), np.nan)
    row, col = labels.pixel_row.astype(np.int64), labels.pixel_col.astype(np.int64)
    told = scene.physics.error_at_points(row, col, labels.date.tolist(), level)
    return np.asarray(told[np.arange(len(labels)), labels.depth], dtype=np.float64)


def physics_error_of(values: LabelValues, samples: SampleSet, level: float) -> FloatArray | None:
    """`physics_error_at` of the labels at which a model was validated; None without physics."""
    physics = samples.scene.physics
    if physics is None:
        return None
    tile_px, across = samples.scene.grid.tile_px, samples.scene.grid.tiles_across
    tile = samples.patches.tile[values.sample].astype(np.int64)
    row = tile // across * tile_px + values.row
    col = tile % across * tile_px + values.col
    days = samples.patches.date[values.sample].tolist()
    told = physics.error_at_points(row, col, days, level)
    return np.asarray(told[np.arange(row.size), values.depth], dtype=np.float64)
