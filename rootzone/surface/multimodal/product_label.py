r"""What a coarse product says at 10 m: its wetness, in the pores of every pixel's own soil.

.. math:: S_e = \frac{\theta_c - \bar\theta_r}{\bar\theta_s - \bar\theta_r}, \quad
          \theta = \theta_r + S_e (\theta_s - \theta_r)

with bars for means over the product's cell, so that the mean of the labels of a cell is the
product's value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl

from rootzone._shared.arrays import FloatArray
from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import MasterGrid
from rootzone.covariates.layers.catalog import Catalog
from rootzone.covariates.observe.each import observe_file
from rootzone.surface.grids.aggregate import Grid, spread, weights
from rootzone.surface.grids.cell_grid import ease_grid, piece_of
from rootzone.surface.two_layer.product_cells import read_product

_EASE_NAME = "ease2_"


@dataclass(frozen=True)
class CoarseMoisture:
    """A product's cells over a region.

    Parameters
    ----------
    grid : MasterGrid or CellGrid
        Its cells.
    by_day : dict of int to array, shape (row, col)
        Water content [m3 m-3] by days since 1970-01-01; NaN where unknown.
    """

    grid: Grid
    by_day: dict[int, FloatArray]


def read_coarse(
    paths: Sequence[Path], catalog: Catalog, source: str | None, quantity: str, grid: MasterGrid
) -> CoarseMoisture:
    """Cells of SMAP on its own grid, or of a product in degrees, over a region.

    Parameters
    ----------
    paths : sequence of Path
        Files that ``rootzone surface observe`` reads.
    catalog : Catalog
        Entries.
    source : str, optional
        The entry that is meant.
    quantity : str
        The variable, such as ``theta_sca_v``.
    grid : MasterGrid
        The region.

    Raises
    ------
    RequestError
        No file has the variable, or none of its cells lies over the region.
    """
    from rootzone.covariates.check.check import layers_for

    known = layers_for(paths[0], catalog, source)
    if any(one.source.reader == "moisture_grid" for one in known):
        margin = 0.3
        west, south, east, north = _box(grid)
        cells = read_product(
            paths, catalog, source, (quantity,),
            (west - margin, south - margin, east + margin, north + margin),
        )  # fmt: skip
        return CoarseMoisture(cells.grid, cells.by_day)
    frame = pl.concat([observe_file(path, catalog, source).frame for path in paths])
    told = frame.filter(pl.col("quantity") == quantity)
    if told.is_empty():
        raise RequestError(
            f"None of {len(paths)} files has {quantity}; they have "
            f"{', '.join(sorted(frame['quantity'].unique().to_list()))}. See "
            "surface.multimodal.product_quantity."
        )
    return _on_ease(told, quantity, grid)


def _on_ease(frame: pl.DataFrame, quantity: str, grid: MasterGrid) -> CoarseMoisture:
    name = str(frame["grid"][0])
    km = name.removeprefix(_EASE_NAME).removesuffix("km")
    if not (name.startswith(_EASE_NAME) and km.isdigit()):
        raise RequestError(f"{quantity} lies on the grid {name}, which has no cells in a row.")
    whole = ease_grid(int(km))
    west, south, east, north = _box(grid)
    rows, cols = whole.row_col_of_lon_lat(np.array([west, east]), np.array([north, south]))
    first = int(rows.min()) - 1, int(cols.min()) - 1
    piece = piece_of(whole, *first, int(rows.max()) - first[0] + 2, int(cols.max()) - first[1] + 2)
    by_day: dict[int, FloatArray] = {}
    for (day,), of_day in frame.group_by("date", maintain_order=True):
        row, col = (of_day[k].to_numpy() - first[j] for j, k in enumerate(("row", "col")))
        inside = (row >= 0) & (row < piece.height) & (col >= 0) & (col < piece.width)
        if not inside.any():
            continue
        total, count = np.zeros(piece.shape), np.zeros(piece.shape)
        np.add.at(total, (row[inside], col[inside]), of_day["value"].to_numpy()[inside])
        np.add.at(count, (row[inside], col[inside]), 1.0)
        mean = np.divide(total, count, out=np.full(piece.shape, np.nan), where=count > 0.0)
        by_day[int((np.datetime64(str(day)) - np.datetime64("1970-01-01")).astype(int))] = mean
    if not by_day:
        raise RequestError(f"No cell of {quantity} lies over the region.")
    return CoarseMoisture(piece, dict(sorted(by_day.items())))


def _box(grid: MasterGrid) -> tuple[float, float, float, float]:
    row = np.array([0, 0, grid.height - 1, grid.height - 1])
    col = np.array([0, grid.width - 1, 0, grid.width - 1])
    lon, lat = grid.lon_lat(row, col)
    return float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())


@dataclass(frozen=True)
class TextureLabel:
    """Labels at the pixels of a region from a product's cells and the soil's limits.

    Parameters
    ----------
    coarse : CoarseMoisture
        The product.
    grid : MasterGrid
        Pixels.
    theta_r, theta_s : array, shape (row, col)
        Residual and saturated water content of each pixel [m3 m-3]; NaN where unknown.
    """

    coarse: CoarseMoisture
    grid: MasterGrid
    theta_r: FloatArray
    theta_s: FloatArray

    @cached_property
    def _limits(self) -> tuple[FloatArray, FloatArray]:
        share = weights(self.grid, self.coarse.grid)
        return share.mean(self.theta_r)[0], share.mean(self.theta_s)[0]

    def on(self, day: int) -> FloatArray:
        """Labels of a day, shape (row, col) [m3 m-3]; NaN where the product has no value."""
        low, high = self._limits
        wet = saturation(self.coarse.by_day[day], low, high)
        se = spread(wet, self.coarse.grid, self.grid)
        return np.asarray(self.theta_r + se * (self.theta_s - self.theta_r))


def saturation(theta: FloatArray, theta_r: FloatArray, theta_s: FloatArray) -> FloatArray:
    """Share of the pores between two limits that is filled [-].

    >>> saturation(np.array([0.2]), np.array([0.1]), np.array([0.5]))
    array([0.25])
    """
    return np.asarray((theta - theta_r) / (theta_s - theta_r))
