"""The different columns of a piece of land: each soil once, and which pixel has which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray, IntArray
from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import MasterGrid, Window
from rootzone.covariates.weather.cells import WeatherGrid

if TYPE_CHECKING:
    import polars as pl

_STRIP_PX = 256
NO_COLUMN = -1


def weather_cell_windows(grid: MasterGrid, weather: WeatherGrid) -> dict[int, Window]:
    """The weather cells a grid touches, each with the smallest window that holds its pixels.

    Parameters
    ----------
    grid : MasterGrid
        The master grid; it is gone through in strips, so its size does not matter.
    weather : WeatherGrid
        Cells of the forcing.
    """
    edges: dict[int, list[int]] = {}
    for top in range(0, grid.height, _STRIP_PX):
        strip = Window(top, 0, min(_STRIP_PX, grid.height - top), grid.width)
        cell = weather.ids(grid, strip)
        for number in np.unique(cell[cell >= 0]).tolist():
            row, col = np.nonzero(cell == number)
            low, left, high, right = edges.get(number, [grid.height, grid.width, -1, -1])
            edges[number] = [
                min(low, top + int(row.min())),
                min(left, int(col.min())),
                max(high, top + int(row.max())),
                max(right, int(col.max())),
            ]
    return {
        number: Window(low, left, high - low + 1, right - left + 1)
        for number, (low, left, high, right) in sorted(edges.items())
    }


def rounded_texture(layers: pl.DataFrame, step_pct: float) -> pl.DataFrame:
    """Textures rounded to steps, so that more pixels share a column.

    Sand and clay are rounded, silt is what is left of 100 %. A texture that does not add up is
    scaled to 100 % first.

    Parameters
    ----------
    layers : DataFrame
        Columns sand_pct, silt_pct and clay_pct.
    step_pct : float
        The step [%].

    Raises
    ------
    RequestError
        The table holds no textures, or the step is not a divisor of 100.
    """
    import polars as pl

    if "sand_pct" not in layers.columns:
        raise RequestError(
            "--texture-step rounds textures, but soil.ptf takes the product's own parameters. "
            "Leave the option out, or set soil.ptf: rosetta3."
        )
    parts = 100.0 / step_pct if step_pct > 0 else 0.0
    if parts < 1 or abs(parts - round(parts)) > 1e-9:
        raise RequestError(
            f"--texture-step {step_pct:g} is no divisor of 100 %; try 1, 2, 5 or 10."
        )
    share = 100.0 / (pl.col("sand_pct") + pl.col("silt_pct") + pl.col("clay_pct"))
    sand = (pl.col("sand_pct") * share / step_pct).round() * step_pct
    clay = pl.min_horizontal((pl.col("clay_pct") * share / step_pct).round() * step_pct, 100 - sand)
    return layers.with_columns(
        sand.alias("sand_pct"), (100.0 - sand - clay).alias("silt_pct"), clay.alias("clay_pct")
    )


@dataclass(frozen=True)
class CellColumns:
    """The columns of one weather cell.

    Parameters
    ----------
    window : Window
        Pixels that hold the cell.
    column : array of int32, shape of the window
        Column of each pixel; -1 outside the cell.
    representative : array of int, shape (column,)
        A pixel of each column, as its position among the cell's pixels.
    """

    window: Window
    column: AnyArray
    representative: IntArray


def unique_columns(window: Window, inside: BoolArray, layers: pl.DataFrame) -> CellColumns:
    """Give pixels with the same soil the same column.

    Parameters
    ----------
    window : Window
        Pixels that hold the cell.
    inside : array of bool, shape of the window
        Which of them belong to it.
    layers : DataFrame
        Soil layers of these pixels in row order, as ``site_layers`` samples them: as many rows for
        each pixel. All quantities and depths count, to the last bit.
    """
    names = [n for n in layers.columns if n not in ("site_id", "cell_id", "top_mm", "bottom_mm")]
    n_pixel = int(inside.sum())
    values = layers.select(names).to_numpy().astype(np.float64)
    # One row of bytes a pixel; adding zero makes -0 and 0 one number. NaN equals itself as bytes.
    flat = np.ascontiguousarray(values.reshape(n_pixel, -1) + 0.0)
    keys = flat.view(np.dtype((np.void, flat.dtype.itemsize * flat.shape[1]))).ravel()
    _, first, column = np.unique(keys, return_index=True, return_inverse=True)
    # Numbered in the order of the pixels, not of their bytes.
    order = np.argsort(first, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size)
    painted = np.full(inside.shape, NO_COLUMN, dtype=np.int32)
    painted[inside] = rank[column.ravel()]
    return CellColumns(window, painted, first[order])
