"""Rows of label tables on the pixels of tiles, in one order whatever the order of the rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from rootzone._shared.arrays import AnyArray, IntArray
from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import MasterGrid

_DEPTH_SLACK_MM = 1e-3  # label depths are stored as float32


@dataclass(frozen=True)
class TilePixels:
    """Pixels by their tile and their place within it.

    Parameters
    ----------
    tile : array of int32, shape (pixel,)
        Tile of the master grid.
    row, col : array of int16, shape (pixel,)
        Row and column within the tile.
    tile_px : int
        Side of a tile [px].
    """

    tile: AnyArray
    row: AnyArray
    col: AnyArray
    tile_px: int

    @classmethod
    def of(cls, grid: MasterGrid, row: AnyArray, col: AnyArray, what: str) -> TilePixels:
        """Pixels given by rows and columns of the grid.

        Raises
        ------
        RequestError
            Some lie off the grid; ``what`` names them.
        """
        row, col = np.asarray(row, dtype=np.int64), np.asarray(col, dtype=np.int64)
        outside = int((~grid.contains(row, col)).sum())
        if outside:
            raise RequestError(
                f"{outside} of {row.size} {what} lie off the master grid of {grid.height} x "
                f"{grid.width} pixels. Are they those of another region or resolution?"
            )
        side = grid.tile_px
        inner_row, inner_col = (row % side).astype(np.int16), (col % side).astype(np.int16)
        return cls(grid.tile_of(row, col).astype(np.int32), inner_row, inner_col, side)

    def at(self, which: AnyArray) -> TilePixels:
        """Some of the pixels."""
        return TilePixels(self.tile[which], self.row[which], self.col[which], self.tile_px)


def rows_at_depths(labels: pl.DataFrame, depths_mm: tuple[float, ...]) -> pl.DataFrame:
    """Point labels at the wanted depths, with the number of the depth.

    Raises
    ------
    RequestError
        There is none; the message names the depths there are.
    """
    if "depth_top_mm" in labels.columns:
        labels = labels.filter(pl.col("depth_top_mm").is_null() | pl.col("depth_top_mm").is_nan())
    column = labels["depth_mm"].to_numpy().astype(np.float64)
    number = np.full(column.size, -1, dtype=np.int8)
    for i, depth_mm in enumerate(depths_mm):
        number[np.abs(column - depth_mm) <= _DEPTH_SLACK_MM] = i
    found = labels.with_columns(pl.Series("depth", number)).filter(pl.col("depth") >= 0)
    if found.height == 0:
        there = in_words(sorted(set(column.tolist())))
        raise RequestError(
            f"No label has a depth of {in_words(depths_mm)} mm; the labels are at "
            f"{there or 'none'} mm. Make them again with these labels.depths_mm."
        )
    return found.select("site_id", "date", "depth", "theta", "weight")


def places_of(
    site_id: pl.Series, sites: pl.DataFrame
) -> tuple[tuple[str, ...], AnyArray, AnyArray, AnyArray]:
    """The labelled sites in the order of their names, and which of them each label is of.

    Whole numbers are compared as they are: their text takes several times the room.

    Parameters
    ----------
    site_id : polars.Series, shape (label,)
        Site of each label.
    sites : polars.DataFrame
        Columns site_id, row, col.

    Returns
    -------
    names : tuple of str
        Labelled sites.
    row, col : array of int, shape (site,)
        Their pixels.
    place : array of int32, shape (label,)
        Position of each label's site among them.

    Raises
    ------
    RequestError
        A label's site is not there, or stands on two pixels.
    """
    column = sites["site_id"]
    if not (site_id.dtype.is_integer() and column.dtype.is_integer()):
        site_id, column = site_id.cast(pl.String), column.cast(pl.String)
    known = (
        sites.select("row", "col")
        .with_columns(
            column.cast(site_id.dtype).alias("site"), column.cast(pl.String).alias("name")
        )
        .unique()
        .join(site_id.unique().to_frame("site"), on="site", how="semi")
        .sort("name")
        .with_columns(pl.int_range(pl.len(), dtype=pl.Int32).alias("place"))
    )
    if known["site"].n_unique() != known.height:
        twice = known.filter(pl.col("site").is_duplicated())["name"][0]
        raise RequestError(f"Site {twice} stands on two pixels of the sites table.")
    joined = site_id.to_frame("site").join(
        known.select("site", "place"), on="site", how="left", maintain_order="left"
    )
    place = joined["place"]
    if place.null_count():
        unknown = site_id.filter(place.is_null()).unique().sort()
        raise RequestError(
            f"{unknown.len()} labelled sites are not among the {sites.height} sites, such as "
            f"{unknown[0]}. Give the sites table the labels were made with, and its stand-ins."
        )
    names = tuple(known["name"].to_list())
    return names, known["row"].to_numpy(), known["col"].to_numpy(), place.to_numpy()


def ordered_columns(
    rows: pl.DataFrame, pixels: TilePixels, pixel: AnyArray, place: AnyArray
) -> dict[str, Any]:
    """Columns of labels in their order; those without a value are left out and counted.

    Parameters
    ----------
    rows : polars.DataFrame
        Columns date, depth, theta, weight.
    pixels : TilePixels
        Pixels.
    pixel : array of int, shape (label,)
        Position of each label's pixel among them.
    place : array of int32, shape (label,)
        Number of each label's place.

    Returns
    -------
    dict
        The columns of `GridLabels`, and ``dropped``.
    """
    theta = rows["theta"].cast(pl.Float32).fill_null(float("nan")).to_numpy()
    kept = np.flatnonzero(np.isfinite(theta))
    here, place = pixels.at(pixel[kept]), place[kept]
    day = rows["date"].cast(pl.Date).cast(pl.Int32).to_numpy()[kept]
    depth = rows["depth"].to_numpy()[kept]
    order = _order(here, day, depth, place)
    here = here.at(order)
    return {
        "tile": here.tile,
        "date": day[order].astype("datetime64[D]"),
        "row": here.row,
        "col": here.col,
        "depth": depth[order].astype(np.int8),
        "theta": theta[kept[order]],
        "weight": rows["weight"].cast(pl.Float32).to_numpy()[kept[order]],
        "place": place[order],
        "dropped": {"no value": int(theta.size - kept.size)},
    }


def _order(pixels: TilePixels, day: AnyArray, depth: AnyArray, place: AnyArray) -> IntArray:
    """Order by tile, day, row, column, depth and place; one whole number a label, ties by place."""
    first, last = (int(day.min()), int(day.max())) if day.size else (0, 0)
    spans = (last - first + 1, pixels.tile_px, pixels.tile_px, 128)
    key = pixels.tile.astype(np.int64)
    for values, span in zip((day - first, pixels.row, pixels.col, depth), spans, strict=True):
        key *= span
        key += values
    order = np.argsort(key, kind="stable")
    in_order = key[order]
    if (in_order[1:] == in_order[:-1]).any():
        order = np.lexsort((place, key))
    return np.asarray(order, dtype=np.int64)


def in_words(values: Iterable[float]) -> str:
    """Numbers in a row, for messages."""
    return ", ".join(f"{value:g}" for value in values)
