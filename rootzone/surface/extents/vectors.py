"""What an extent is like, as 64 numbers: shares of classes, terrain, seasons of SMAP, soils.

Everything is summed tile by tile first; the numbers of an extent are those of its nine tiles
together, so a tile that is mapped and an extent that was trained on are described alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray, IntArray
from rootzone.covariates.grid import MasterGrid, Window
from rootzone.covariates.layers.legends import packed_legends
from rootzone.surface.extents.channels import SOIL
from rootzone.surface.extents.clusters import Clusters
from rootzone.surface.extents.open_extents import OpenExtents
from rootzone.surface.extents.read_fields import DayFiles, read_part

KOPPEN: Final = tuple(range(1, 31))
NLCD: Final = tuple(sorted(packed_legends()["nlcd"].classes))
SEASONS: Final = ("djf", "mam", "jja", "son")
NAMES: Final = (
    *(f"koppen_{code}" for code in KOPPEN), *(f"nlcd_{code}" for code in NLCD),
    "elevation_mean_m", "elevation_sd_m", *(f"smap_{season}" for season in SEASONS), *SOIL,
)  # fmt: skip
LEGEND_OF: Final = {
    name: len(codes)
    for codes, head in ((KOPPEN, "koppen"), (NLCD, "nlcd"))
    for name in (f"{head}_{code}" for code in codes)
}
"""Number of classes of the legend that each share belongs to."""


@dataclass(frozen=True)
class Vectors:
    """Vectors of every tile's 3 x 3 extent.

    Parameters
    ----------
    land : OpenExtents
        The campaign.
    """

    land: OpenExtents

    def of(self, tile: AnyArray) -> FloatArray:
        """Vectors of the extents round some tiles, shape (tile, 64); NaN where nothing is known."""
        row, col = np.divmod(np.asarray(tile, np.int64), self.land.grid.tiles_across)
        return np.asarray(self.every[row, col])

    @cached_property
    def clusters(self) -> dict[int, tuple[Clusters, IntArray]]:
        """Clusters of each seed and the cluster of each extent, found once and kept."""
        return {}

    @cached_property
    def every(self) -> FloatArray:
        """Vectors of all tiles, shape (tile row, tile col, 64)."""
        total, count = _of_nine(self._sums), _of_nine(self._counts)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.where(count > 0.0, total / count, np.nan)
        shares, rest = mean[..., : len(LEGEND_OF)], mean[..., len(LEGEND_OF) :]
        height, square = rest[..., 0], rest[..., 1]
        spread = np.sqrt(np.maximum(square - height**2, 0.0))
        return np.concatenate(
            [shares, height[..., None], spread[..., None], self._smap, rest[..., 2:]], axis=-1
        )

    @cached_property
    def _both(self) -> tuple[FloatArray, FloatArray]:
        grid = self.land.grid
        shape = (grid.tiles_down, grid.tiles_across, len(LEGEND_OF) + 2 + len(SOIL))
        sums, counts = np.zeros(shape), np.zeros(shape)
        for row in range(grid.tiles_down):
            # A row of tiles at a time is a strip of 64 pixels: few megabytes of any region.
            strip = Window(row * grid.tile_px, 0, grid.tile_px, grid.tiles_across * grid.tile_px)
            bands = self.land.physical_land(strip, ("koppen", "nlcd", "elevation_m", *SOIL))
            for col in range(grid.tiles_across):
                piece = bands[:, :, col * grid.tile_px : (col + 1) * grid.tile_px]
                sums[row, col], counts[row, col] = _summed(piece.astype(np.float64))
        return sums, counts

    @property
    def _sums(self) -> FloatArray:
        return self._both[0]

    @property
    def _counts(self) -> FloatArray:
        return self._both[1]

    @cached_property
    def _smap(self) -> FloatArray:
        """Mean of each season, a pixel a tile: the cells of SMAP are far larger."""
        grid = self.land.grid
        files = self.land.daily.get("smap", DayFiles({}))
        coarse = MasterGrid(
            grid.crs, grid.resolution_m * grid.tile_px, grid.left, grid.top, grid.tiles_across,
            grid.tiles_down,
        )  # fmt: skip
        total = np.zeros((*coarse.shape, len(SEASONS)))
        count = np.zeros_like(total)
        for day, path in files.by_day.items():
            season = day.month % 12 // 3
            field = read_part(path, coarse, coarse.full_window, ())[0]
            known = np.isfinite(field)
            total[..., season] += np.where(known, field, 0.0)
            count[..., season] += known
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.where(count > 0.0, total / count, np.nan))


def _summed(piece: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Sums and counts over a tile: classes one by one, height and its square, soils."""
    sums, counts = [], []
    for band, codes in ((piece[0], KOPPEN), (piece[1], NLCD)):
        known = float(np.isin(band, codes).sum())
        sums += [float((band == code).sum()) for code in codes]
        counts += [known] * len(codes)
    for band in (piece[2], piece[2] ** 2, *piece[3:]):
        known_px = np.isfinite(band)
        sums.append(float(np.where(known_px, band, 0.0).sum()))
        counts.append(float(known_px.sum()))
    return np.array(sums), np.array(counts)


def _of_nine(tiles: FloatArray) -> FloatArray:
    """Sums over the 3 x 3 tiles round each; beyond the grid there is nothing."""
    wide = np.pad(tiles, ((1, 1), (1, 1), (0, 0)))
    rows, cols = tiles.shape[:2]
    parts = [wide[r : r + rows, c : c + cols] for r in range(3) for c in range(3)]
    return np.asarray(np.sum(parts, axis=0))
