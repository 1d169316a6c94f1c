"""Tiles of a made-up world as the training loop takes them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from rootzone._shared.arrays import AnyArray, Float32Array, FloatArray, IntArray
from rootzone.networks.batch import Batch

from .landscape import TILE_PX, Landscape


@dataclass(frozen=True)
class Labels:
    """Water content of some pixels on all dates.

    Attributes
    ----------
    row, col : array, shape (place,)
        Pixels.
    theta : array, shape (place, date)
        Water content [m3 m-3]; NaN where there is no label.
    """

    row: IntArray
    col: IntArray
    theta: Float32Array

    def at(self, places: AnyArray) -> Labels:
        """Some of the places."""
        return Labels(self.row[places], self.col[places], self.theta[places])


class WorldSamples:
    """All tiles with labels on some dates; stands in for `learning.batches.SampleSet`.

    Parameters
    ----------
    land : Landscape
        The world.
    labels : Labels
        Labels; a tile without any on a date is no sample of that date.
    dates : int array
        Positions of the dates to use.
    """

    def __init__(self, land: Landscape, labels: Labels, dates: IntArray) -> None:
        self.land = land
        self.tiles_along = land.settings.tiles
        tile = labels.row // TILE_PX * self.tiles_along + labels.col // TILE_PX
        order = np.argsort(tile, kind="stable")
        self._labels = labels.at(order)
        self._start = np.searchsorted(tile[order], np.arange(self.tiles_along**2 + 1))
        seen = np.zeros((self.tiles_along**2, dates.size), dtype=bool)
        np.logical_or.at(seen, tile, np.isfinite(labels.theta[:, dates]))
        at, when = np.nonzero(seen)
        self.tile, self.date = at.astype(np.int64), np.asarray(dates)[when]

    def __len__(self) -> int:
        return int(self.tile.size)

    def batch(self, indices: IntArray, device: torch.device) -> Batch:
        """The samples at some positions."""
        tile, date = self.tile[indices], self.date[indices]
        x = np.stack([tile_features(self.land, t, d) for t, d in zip(tile, date, strict=True)])
        y = np.full((tile.size, 1, TILE_PX, TILE_PX), np.nan, dtype=np.float32)
        for i, (t, d) in enumerate(zip(tile, date, strict=True)):
            places = slice(self._start[t], self._start[t + 1])
            row, col = self._labels.row[places] % TILE_PX, self._labels.col[places] % TILE_PX
            y[i, 0, row, col] = self._labels.theta[places, d]
        mask = np.isfinite(y)
        soil = np.stack([_window(self.land, t, self.land.soil) for t in tile])[:, None]
        day = self.land.dates[date].astype("datetime64[D]").astype(np.int64)
        arrays = (x, np.nan_to_num(y), mask, soil, mask.astype(np.float32), tile, day)
        tensors = [torch.from_numpy(values).to(device) for values in arrays]
        return Batch(*tensors)  # type: ignore[arg-type]


def tile_features(land: Landscape, tile: int, date: int) -> Float32Array:
    """All channels of a tile on a date (channel, 64, 64)."""
    return land.window(*_slices(land, tile), date)


def _window(land: Landscape, tile: int, values: AnyArray) -> AnyArray:
    return values[(..., *_slices(land, tile))]


def _slices(land: Landscape, tile: int) -> tuple[slice, slice]:
    """Rows and columns of a tile."""
    row, col = divmod(int(tile), land.settings.tiles)
    rows = slice(row * TILE_PX, (row + 1) * TILE_PX)
    return rows, slice(col * TILE_PX, (col + 1) * TILE_PX)


def predict_places(
    network: torch.nn.Module,
    land: Landscape,
    row: IntArray,
    col: IntArray,
    dates: IntArray,
    batch_size: int = 64,
) -> FloatArray:
    """What a network says at some pixels on some dates, shape (place, date).

    Every tile that holds a place is predicted whole, with no neighbours, as it was trained.
    """
    network.eval()
    along = land.settings.tiles
    tile = row // TILE_PX * along + col // TILE_PX
    out = np.full((row.size, dates.size), np.nan)
    with torch.no_grad():
        for one in np.unique(tile):
            places = np.flatnonzero(tile == one)
            soil = torch.from_numpy(_window(land, one, land.soil).copy())[None, None]
            for start in range(0, dates.size, batch_size):
                chosen = dates[start : start + batch_size]
                x = torch.from_numpy(np.stack([tile_features(land, one, d) for d in chosen]))
                x = x.to(memory_format=torch.channels_last)
                theta = network(x, soil.expand(chosen.size, -1, -1, -1, -1)).theta[:, 0].numpy()
                at = theta[:, row[places] % TILE_PX, col[places] % TILE_PX]
                out[places, start : start + batch_size] = at.T
    return out
