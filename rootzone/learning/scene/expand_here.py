"""What `expand` does, for a batch that stays on the CPU: in the calling thread, by NumPy.

A few megabytes are not worth waking other threads, which may be busy: where the cores are shared,
waiting for them costs many times the work.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rootzone._shared.arrays import Float32Array, IntArray
from rootzone.learning.scene.expand import places
from rootzone.networks.channels import LAND, SURFACE, FeatureSpec


def expand_here(
    static: Sequence[Float32Array],
    index: Sequence[IntArray],
    weight: Sequence[Float32Array],
    day_table: Float32Array,
    surface: Sequence[Float32Array] | None,
    spec: FeatureSpec,
) -> Float32Array:
    """All channels of a batch in the specification's order.

    Parameters
    ----------
    static : sequence of array, shape (land channel, H, W)
        Scaled land channels of each sample.
    index, weight : sequence of array, shape (k, H, W)
        Rows of each sample's table for each pixel, and their weights.
    day_table : array, shape (B, row, dynamic channel)
        Scaled weather and calendar of each sample's day.
    surface : sequence of array, shape (surface channel, H, W), or None
        Scaled surface moisture of each sample.
    spec : FeatureSpec
        Order of the channels.

    Returns
    -------
    x : array of float32, shape (B, channel, H, W)
        As from `expand`, to rounding; missing values are NaN.
    """
    x = np.empty((len(static), len(spec), *static[0].shape[1:]), dtype=np.float32)
    land, dynamic = places(spec.of_origin(LAND)), places(spec.dynamic)
    columns = np.ascontiguousarray(day_table.transpose(0, 2, 1))
    for i, sample in enumerate(x):
        sample[land] = static[i]
        sample[dynamic] = _dynamic(columns[i], index[i], weight[i])
        if surface is not None:
            sample[places(spec.of_origin(SURFACE))] = surface[i]
    return x


def _dynamic(columns: Float32Array, index: IntArray, weight: Float32Array) -> Float32Array:
    """Dynamic channels of a sample from columns of shape (channel, row)."""
    total: Float32Array = columns.take(index[0], axis=1)
    if len(index) == 1:
        return total
    total *= weight[0]
    for rows, share in zip(index[1:], weight[1:], strict=True):
        part = columns.take(rows, axis=1)
        part *= share
        total += part
    return total
