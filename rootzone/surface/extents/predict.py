"""Water content of any window and day: every cluster's network, blended without a seam.

A window is read with the networks' whole halo, so that its size has no say. Weights of clusters are
those of the tiles' own extents, linear between the middles of tiles, so that they are the same from
both sides of every edge.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import torch

from rootzone._shared.arrays import AnyArray, BoolArray, Float32Array, FloatArray
from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import Window
from rootzone.surface.extents.extents import window_of
from rootzone.surface.extents.network import SurfaceUNet
from rootzone.surface.extents.open_extents import OpenExtents
from rootzone.surface.extents.run_training import Grouping, Task, load_network
from rootzone.surface.extents.vectors import Vectors


@dataclass(frozen=True)
class Predictor:
    """The networks of a seed and where each of them counts.

    Parameters
    ----------
    land : OpenExtents
        The campaign.
    networks : list of module
        One a cluster, in evaluation mode.
    weights : array, shape (tile row, tile col, cluster)
        What each counts for at the middle of every tile.
    nearest : array of int, shape (tile row, tile col)
        Nearest cluster of every tile.
    like_training : array of bool, shape (tile row, tile col)
        Whether training has seen a place like it.
    """

    land: OpenExtents
    networks: list[SurfaceUNet]
    weights: FloatArray
    nearest: AnyArray
    like_training: BoolArray

    @classmethod
    def of(cls, land: OpenExtents, seed: int, vectors: Vectors, groups: Grouping) -> Predictor:
        """The networks of a seed.

        Raises
        ------
        RequestError
            One is not trained yet.
        """
        networks = [load_network(land, Task(seed, k)) for k in range(groups.n)]
        shape = (land.grid.tiles_down, land.grid.tiles_across)
        if groups.clusters is None:
            ones = np.ones((*shape, 1))
            return cls(land, networks, ones, np.zeros(shape, np.int64), np.ones(shape, bool))
        described = vectors.every.reshape(-1, vectors.every.shape[-1])
        nearest, _, alike = groups.clusters.assign(described)
        weights = groups.clusters.blend(described)
        return cls(
            land, networks, weights.reshape(*shape, -1), nearest.reshape(shape),
            alike.reshape(shape),
        )  # fmt: skip

    def window(
        self, window: Window, day: date, wide: Float32Array | None = None
    ) -> Float32Array:  # fmt: skip
        """Water content of a window [m3 m-3], shape (row, col).

        Parameters
        ----------
        window : Window
            Multiples of the stride.
        day : date
            The day.
        wide : array, shape (27, row, col), optional
            Channels of the window with the halo around it, where they are read already.

        Raises
        ------
        RequestError
            Its corner or size is no multiple of the networks' stride.
        """
        config = self.land.config
        if any(v % config.stride_px for v in (window.row, window.col, *window.shape)):
            raise RequestError(f"{window} is no multiple of {config.stride_px} px.")
        around = window.padded(config.halo_px)
        x = torch.from_numpy(self.land.x(around, day) if wide is None else wide)[None]
        soil = None
        if config.output == "bounds":
            soil = torch.from_numpy(self.land.soil(around))[None, None]
        share = self._share(window)
        total = np.zeros(window.shape, dtype=np.float64)
        middle = slice(config.halo_px, -config.halo_px)
        with torch.inference_mode():
            for k, network in enumerate(self.networks):
                if share[..., k].any():
                    told = network(x, soil).theta[0, 0, middle, middle].numpy()
                    total += np.where(share[..., k] > 0.0, share[..., k] * told, 0.0)
        return total.astype(np.float32)

    def window_of_tile(self, tile: int, day: date) -> Float32Array:
        """Water content of the 3 x 3 tiles round a tile."""
        return self.window(window_of(self.land.grid, tile), day)

    def _share(self, window: Window) -> FloatArray:
        """Weight of each cluster at every pixel, shape (row, col, cluster)."""
        side = self.land.grid.tile_px
        down = _between(window.row + np.arange(window.height), side, self.weights.shape[0])
        across = _between(window.col + np.arange(window.width), side, self.weights.shape[1])
        rows = _mixed(self.weights, *down, axis=0)
        return _mixed(rows, *across, axis=1)


def _between(pixel: AnyArray, side: int, n: int) -> tuple[AnyArray, AnyArray, FloatArray]:
    """Tiles whose middles lie before and after each pixel, and how far it is to the later one."""
    place = (pixel + 0.5) / side - 0.5
    first = np.floor(place).astype(np.int64)
    return np.clip(first, 0, n - 1), np.clip(first + 1, 0, n - 1), np.asarray(place - first)


def _mixed(
    values: FloatArray, first: AnyArray, last: AnyArray, far: FloatArray, axis: int
) -> FloatArray:
    shape = [1] * values.ndim
    shape[axis] = far.size
    share = far.reshape(shape)
    one, two = values.take(first, axis=axis), values.take(last, axis=axis)
    return np.asarray((1.0 - share) * one + share * two)
