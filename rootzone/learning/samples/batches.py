"""Batches of tile-days, put together from what is known per tile and per day when they are asked.

Nothing of a sample is stored whole: the land channels of a tile are read once and kept while there
is room, its weather is a handful of rows, and the two are joined on the device.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from rootzone._shared.arrays import AnyArray, Float32Array, IntArray
from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import Window
from rootzone.learning.samples.label_index import PatchIndex, run_starts
from rootzone.learning.scene.expand import expand
from rootzone.learning.scene.expand_here import expand_here
from rootzone.learning.scene.scene import Scene
from rootzone.networks.batch import Batch
from rootzone.networks.channels import SURFACE, FeatureSpec

_CACHE_MB = 4096


@dataclass(frozen=True)
class _Tile:
    """What is known of a tile whatever the day; ``index`` counts the rows in ``cells``."""

    static: Float32Array
    soil: Float32Array
    cells: IntArray
    index: IntArray
    weight: Float32Array

    @property
    def nbytes(self) -> int:
        """Room it takes."""
        return sum(a.nbytes for a in (self.static, self.soil, self.index, self.weight))


def _stacked(arrays: Sequence[AnyArray], device: torch.device | str) -> Tensor:
    # NumPy copies in this thread: waking others for a few megabytes costs more where they are busy.
    return torch.from_numpy(np.stack(arrays)).to(device, non_blocking=True)


@dataclass(eq=False)
class SampleSet:
    """The samples of one source and part, by their number.

    Parameters
    ----------
    scene : Scene
        Covariates.
    patches : PatchIndex
        Tile-days and their labels.
    depths_mm : sequence of float
        Depths of the network [mm]; the labels' own, in their order.
    crop_halo_px : int
        Pixels read around each tile.
    cache_mb : float
        Room for tiles that were read [MB]; the least recently used make way.

    Raises
    ------
    RequestError
        There are no samples, the depths differ, the land has no soil at one of them, or a day of
        the samples has no weather.
    """

    scene: Scene
    patches: PatchIndex
    depths_mm: Sequence[float]
    crop_halo_px: int = 0
    cache_mb: float = _CACHE_MB
    _tiles: OrderedDict[int, _Tile] = field(default_factory=OrderedDict, init=False, repr=False)
    _held: int = field(default=0, init=False, repr=False)

    def __post_init__(self) -> None:
        self.depths_mm = tuple(float(depth) for depth in self.depths_mm)
        labels = self.patches.labels
        if len(self.patches) == 0:
            raise RequestError(f"There are no samples with {labels.source} labels.")
        if labels.depths_mm != self.depths_mm:
            raise RequestError(
                f"The labels are at {labels.depths_mm} mm, the network wants {self.depths_mm} mm."
            )
        missing = [depth for depth in self.depths_mm if depth not in self.scene.land.depths_mm]
        if missing:
            raise RequestError(
                f"The land raster holds soils at {self.scene.land.depths_mm} mm, not at {missing} "
                "mm. Make it again with these labels.depths_mm."
            )
        if labels.grid != self.scene.grid:
            raise RequestError("The labels lie on another master grid than the land raster.")
        self._day = self.scene.weather.day_index(self.patches.date)
        self._tile = self.patches.tile

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_tiles": OrderedDict(), "_held": 0}

    def __len__(self) -> int:
        return len(self.patches)

    @property
    def spec(self) -> FeatureSpec:
        """Channels of the samples."""
        return self.scene.spec

    @property
    def source(self) -> str:
        """``simulated`` or ``station``."""
        return self.patches.labels.source

    @property
    def side_px(self) -> int:
        """Rows and columns of a sample."""
        return self.scene.grid.tile_px + 2 * self.crop_halo_px

    def batch(self, indices: AnyArray, device: torch.device | str = "cpu") -> Batch:
        """Some samples as tensors.

        Parameters
        ----------
        indices : array of int, shape (B,)
            Numbers of samples.
        device : torch.device or str
            Where the tensors are wanted; channels are expanded there.
        """
        indices = np.asarray(indices, dtype=np.int64)
        tiles = [self._tile_of(int(number)) for number in self._tile[indices]]
        x = self._channels(tiles, indices, torch.device(device))
        soil = _stacked([tile.soil for tile in tiles], device)
        y, mask, label_weight = (part.to(device) for part in self._label_fields(indices))
        days = self.patches.date[indices].astype("datetime64[D]").astype(np.int64)
        return Batch(
            x, y, mask, soil, label_weight,
            torch.from_numpy(self._tile[indices]).to(device), torch.from_numpy(days).to(device),
            self.crop_halo_px,
        )  # fmt: skip

    def window(self, tile: int) -> Window:
        """Pixels of a tile's samples, halo included; whole tiles, also at the grid's edge."""
        side = self.scene.grid.tile_px
        down, right = divmod(tile, self.scene.grid.tiles_across)
        return Window(down * side, right * side, side, side).padded(self.crop_halo_px)

    def _tile_of(self, tile: int) -> _Tile:
        if tile in self._tiles:
            self._tiles.move_to_end(tile)
            return self._tiles[tile]
        made = self._read_tile(tile)
        self._tiles[tile] = made
        self._held += made.nbytes
        while self._held > self.cache_mb * 1e6 and len(self._tiles) > 1:
            _, oldest = self._tiles.popitem(last=False)
            self._held -= oldest.nbytes
        return made

    def _read_tile(self, tile: int) -> _Tile:
        window = self.window(tile)
        where = self.scene.cells(window)
        cells, local = np.unique(where.index, return_inverse=True)
        return _Tile(
            self.scene.static(window),
            self.scene.soil(window, tuple(self.depths_mm)),
            cells.astype(np.int64),
            local.reshape(where.index.shape).astype(np.int64),
            where.weight,
        )

    def _day_tables(self, tiles: Sequence[_Tile], days: IntArray) -> Float32Array:
        """Rows of the cells of each sample on its day, shape (B, row, dynamic channel)."""
        weather = self.scene.weather
        most = max(tile.cells.size for tile in tiles)
        cell = np.full((len(tiles), most), weather.n_cell, dtype=np.int64)
        for i, tile in enumerate(tiles):
            cell[i, : tile.cells.size] = tile.cells
        table = weather.values[days[:, None], np.minimum(cell, weather.n_cell - 1)]
        table[cell == weather.n_cell] = np.nan
        return np.asarray(table, dtype=np.float32)

    def _channels(self, tiles: Sequence[_Tile], indices: IntArray, device: torch.device) -> Tensor:
        static, index, weight = (
            [getattr(tile, name) for tile in tiles] for name in ("static", "index", "weight")
        )
        day_table = self._day_tables(tiles, self._day[indices])
        surface = self._surface(indices)
        if device.type == "cpu":
            here = expand_here(static, index, weight, day_table, surface, self.spec)
            return torch.from_numpy(here)
        return expand(
            _stacked(static, device),
            _stacked(index, device),
            _stacked(weight, device),
            _stacked(list(day_table), device),
            None if surface is None else _stacked(surface, device),
            self.spec,
        )

    def _surface(self, indices: IntArray) -> list[Float32Array] | None:
        if not self.spec.of_origin(SURFACE):
            return None
        dates = self.patches.date[indices]
        return [
            self.scene.surface(date, self.window(int(tile)))
            for tile, date in zip(self._tile[indices], dates, strict=True)
        ]

    def _label_fields(self, indices: IntArray) -> tuple[Tensor, Tensor, Tensor]:
        """Labels, mask and weights of some samples, (B, depth, H, W) each."""
        side, halo = self.side_px, self.crop_halo_px
        shape = (indices.size, len(self.depths_mm), side, side)
        at, labels = self._labels_of(indices)
        flat = ((at * shape[1] + labels[0]) * side + labels[1] + halo) * side + labels[2] + halo
        # Labels of one pixel, day and depth stand side by side: two stations in a pixel, say.
        first = run_starts(flat)
        count = np.diff(np.append(first, flat.size))
        y = np.zeros(shape, dtype=np.float32)
        mask = np.zeros(shape, dtype=np.bool_)
        weight = np.zeros(shape, dtype=np.float32)
        y.reshape(-1)[flat[first]] = np.add.reduceat(labels[3], first) / count
        mask.reshape(-1)[flat[first]] = True
        weight.reshape(-1)[flat[first]] = np.add.reduceat(labels[4], first)
        return torch.from_numpy(y), torch.from_numpy(mask), torch.from_numpy(weight)

    def _labels_of(self, indices: IntArray) -> tuple[IntArray, list[AnyArray]]:
        """Position in the batch of each label, and depth, row, col, theta, weight of all."""
        patches, labels = self.patches, self.patches.labels
        first, count = patches.first[indices], patches.last[indices] - patches.first[indices]
        at = np.repeat(np.arange(indices.size), count)
        within = np.arange(at.size) - np.repeat(np.cumsum(count) - count, count)
        rows = first[at] + within
        columns = (labels.depth, labels.row, labels.col)
        places = [column[rows].astype(np.int64) for column in columns]
        return at, [*places, labels.theta[rows].astype(np.float64), labels.weight[rows]]
