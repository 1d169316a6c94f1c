"""Stations on the pixels of a master grid, with what is known about how well they fit there."""

from __future__ import annotations

import math

import numpy as np
import polars as pl

from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import MasterGrid


def station_pixels(
    stations: pl.DataFrame, grid: MasterGrid, neighbourhood_px: int = 0
) -> pl.DataFrame:
    """The pixel each station lies in, and optionally those around it.

    Parameters
    ----------
    stations : polars.DataFrame
        Columns network, station, lat, lon, position_m, such as a station table.
    grid : MasterGrid
        The grid.
    neighbourhood_px : int
        Pixels taken on every side of the nearest one; 0 for that one alone, 1 for 3 x 3.

    Returns
    -------
    polars.DataFrame
        network, station, row, col, tile, offset_row, offset_col (0 for the pixel itself),
        position_m, reach_px (pixels that the rounding of the position spans on each side) and
        uncertain (the true pixel may be another one). Stations without a position, and pixels off
        the grid, are left out.
    """
    known = (
        stations.select("network", "station", "lat", "lon", "position_m")
        .unique(["network", "station"], keep="first", maintain_order=True)
        .filter(pl.col("lat").is_not_null(), pl.col("lon").is_not_null())
    )
    row, col = grid.row_col_of_lon_lat(known["lon"].to_numpy(), known["lat"].to_numpy())
    side = range(-neighbourhood_px, neighbourhood_px + 1)
    around = pl.DataFrame(
        [(down, right) for down in side for right in side],
        schema={"offset_row": pl.Int64, "offset_col": pl.Int64},
        orient="row",
    )
    half_px = 0.5 * grid.resolution_m
    placed = known.with_columns(
        pl.Series("row", row),
        pl.Series("col", col),
        (pl.col("position_m") / grid.resolution_m).ceil().cast(pl.Int64).alias("reach_px"),
        (pl.col("position_m") > half_px).fill_null(value=True).alias("uncertain"),
    ).join(around, how="cross")
    placed = placed.with_columns(
        pl.col("row") + pl.col("offset_row"), pl.col("col") + pl.col("offset_col")
    )
    inside = grid.contains(placed["row"].to_numpy(), placed["col"].to_numpy())
    placed = placed.filter(pl.Series(inside))
    tile = grid.tile_of(placed["row"].to_numpy(), placed["col"].to_numpy())
    return placed.with_columns(pl.Series("tile", tile)).drop("lat", "lon")


def pixel_values(
    values: pl.DataFrame, pixels: pl.DataFrame, shared_pixel: str = "mean"
) -> pl.DataFrame:
    """Station values on pixels, a row a pixel and day, or a row a station, pixel and day.

    Parameters
    ----------
    values : polars.DataFrame
        network, station, date, theta, such as `at_depth` gives.
    pixels : polars.DataFrame
        As `station_pixels` gives.
    shared_pixel : str
        ``mean`` averages the stations of a pixel and day and says how many; ``keep`` keeps each.

    Raises
    ------
    RequestError
        ``shared_pixel`` is neither.
    """
    joined = values.join(pixels, on=["network", "station"], how="inner")
    if shared_pixel == "keep":
        return joined.with_columns(pl.lit(1, dtype=pl.UInt32).alias("n_station"))
    if shared_pixel != "mean":
        raise RequestError(f"shared_pixel {shared_pixel!r} is neither mean nor keep.")
    return joined.group_by(["row", "col", "tile", "date"], maintain_order=True).agg(
        pl.col("theta").mean(),
        pl.len().alias("n_station"),
        pl.col("uncertain").any(),
        pl.col("reach_px").max(),
        pl.concat_str("network", "station", separator=":").sort().str.join(",").alias("stations"),
    )


def distance_km(lat_1: float, lon_1: float, lat_2: float, lon_2: float) -> float:
    """Great-circle distance on a sphere of 6371 km [km].

    Examples
    --------
    >>> round(distance_km(40.0, -105.0, 41.0, -105.0), 1)
    111.2
    """
    phi_1, phi_2 = math.radians(lat_1), math.radians(lat_2)
    half = (
        math.sin((phi_2 - phi_1) / 2) ** 2
        + math.cos(phi_1) * math.cos(phi_2) * math.sin(math.radians(lon_2 - lon_1) / 2) ** 2
    )
    return 2.0 * 6371.0 * math.asin(min(1.0, math.sqrt(half)))


def unit_vectors(
    lat: pl.Series, lon: pl.Series
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Points on the unit sphere, shape (point, 3); chords rise with great-circle distances."""
    phi, lam = np.radians(lat.to_numpy()), np.radians(lon.to_numpy())
    return np.column_stack((np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)))
