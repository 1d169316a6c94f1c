"""A column on finer or coarser layers, and its result back on the layers the campaign asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rootzone._shared.arrays import FloatArray, IntArray
from rootzone.engines.protocol import Profiles, SiteBatch

_THICKNESS = "thickness_mm"


def split_layers(batch: SiteBatch, parts: int) -> SiteBatch:
    """The batch with every layer cut into equal parts of the same soil."""
    soil = {name: np.repeat(values, parts) for name, values in batch.soil.items()}
    soil[_THICKNESS] = soil[_THICKNESS] / parts
    return replace(batch, soil=soil, layer_start=batch.layer_start * parts)


def merge_layers(batch: SiteBatch, together: int) -> SiteBatch:
    """The batch with neighbouring layers made one, values averaged by thickness.

    The last layer of a site is made of what is left. Water is kept: the storage of the merged
    layer is that of its parts.
    """
    group, start = _groups(batch, together)
    thickness_mm = batch.soil[_THICKNESS]
    total_mm = np.asarray(np.bincount(group, weights=thickness_mm), dtype=np.float64)
    soil: dict[str, FloatArray] = {
        name: np.bincount(group, weights=values * thickness_mm) / total_mm
        for name, values in batch.soil.items()
    }
    soil[_THICKNESS] = total_mm
    return replace(batch, soil=soil, layer_start=start)


def _groups(batch: SiteBatch, together: int) -> tuple[IntArray, IntArray]:
    """Merged layer of each layer, and where each site's merged layers begin."""
    merged = -(-batch.n_layer // together)
    start = np.concatenate(([0], np.cumsum(merged))).astype(np.int64)
    within = np.arange(batch.layer_start[-1]) - np.repeat(batch.layer_start[:-1], batch.n_layer)
    return np.repeat(start[:-1], batch.n_layer) + within // together, start


def theta_of_split(profiles: Profiles, parts: int) -> Profiles:
    """Profiles of split layers on the original ones: the mean of the parts, which keeps water."""
    theta = profiles.theta.reshape(-1, parts).mean(axis=1)
    return replace(
        profiles,
        theta=theta,
        theta_start=profiles.theta_start // parts,
        n_layer=profiles.n_layer // parts,
    )


def theta_of_merged(profiles: Profiles, together: int, n_layer: IntArray) -> Profiles:
    """Profiles of merged layers on the original ones: each takes the water content of its group.

    Parameters
    ----------
    profiles : Profiles
        On merged layers.
    together : int
        Layers that were made one.
    n_layer : array of int, shape (site,)
        Original layers of each site of ``profiles``.
    """
    n_day = np.diff(profiles.row_start)
    parts: list[FloatArray] = []
    for site, layers in enumerate(n_layer):
        source = np.arange(layers) // together
        parts.append(profiles.theta_of(site)[:, source].ravel())
    theta = np.concatenate(parts) if parts else profiles.theta
    start = np.concatenate(([0], np.cumsum(n_day * n_layer))).astype(np.int64)
    return replace(profiles, theta=theta, theta_start=start, n_layer=np.asarray(n_layer))
