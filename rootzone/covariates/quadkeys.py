"""Quadkeys: the web-map tile that each of our tiles lies in, as an index column.

A key of length L names a square of Web Mercator at zoom L; its first L - 2 characters name the
square two zooms up. Our tiles are not cut along these squares (a zoom-14 square is 1846 to 1953 m
wide in Colorado, never 64 pixels of 30 m): the key of a tile is that of its centre.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rootzone._shared.arrays import FloatArray, IntArray

if TYPE_CHECKING:
    import polars as pl

    from rootzone.covariates.grid import MasterGrid

MAX_LATITUDE_DEG = 85.0511287798066  # Web Mercator is square up to here
ZOOM_FINE, ZOOM_COARSE = 14, 12


def mercator_tile(lon: FloatArray, lat: FloatArray, zoom: int) -> tuple[IntArray, IntArray]:
    r"""Column and row of the Web Mercator square each point lies in.

    .. math::
        x = 2^z (\lambda + 180)/360, \quad
        y = 2^z \left(\tfrac12 - \frac{1}{4\pi} \ln\frac{1+\sin\phi}{1-\sin\phi}\right)

    Parameters
    ----------
    lon, lat : array
        Longitude and latitude [degree], WGS 84. Latitudes beyond 85.0511 are held there.
    zoom : int
        Zoom level; the world is 2**zoom squares wide.

    References
    ----------
    Bing Maps Tile System, https://learn.microsoft.com/bingmaps/articles/bing-maps-tile-system
    """
    sine = np.sin(np.radians(np.clip(lat, -MAX_LATITUDE_DEG, MAX_LATITUDE_DEG)))
    x = (np.asarray(lon) + 180.0) / 360.0
    y = 0.5 - np.log((1.0 + sine) / (1.0 - sine)) / (4.0 * np.pi)
    last = (1 << zoom) - 1
    column = np.clip(np.floor(x * (1 << zoom)), 0, last).astype(np.int64)
    row = np.clip(np.floor(y * (1 << zoom)), 0, last).astype(np.int64)
    return column, row


def quadkey(column: int, row: int, zoom: int) -> str:
    """Key of a Web Mercator square, one digit a zoom, the coarsest first.

    Examples
    --------
    >>> quadkey(3, 5, 3)
    '213'
    """
    bits = range(zoom - 1, -1, -1)
    return "".join(str((column >> bit & 1) + 2 * (row >> bit & 1)) for bit in bits)


def quadkeys(lon: FloatArray, lat: FloatArray, zoom: int) -> list[str]:
    """Key of the square each point lies in."""
    column, row = mercator_tile(np.atleast_1d(lon), np.atleast_1d(lat), zoom)
    return [quadkey(int(x), int(y), zoom) for x, y in zip(column, row, strict=True)]


def tile_index(grid: MasterGrid) -> pl.DataFrame:
    """One row a tile: where it is on the grid and on earth, and its two quadkeys.

    Returns
    -------
    frame : polars.DataFrame
        ``tile``, ``tile_row``, ``tile_col``, ``row``, ``col`` (upper-left pixel), ``lon``, ``lat``
        of the tile's centre [degree], ``quadkey14``, ``quadkey12``.
    """
    import polars as pl

    tile = np.arange(grid.tiles_across * grid.tiles_down)
    tile_row, tile_col = np.divmod(tile, grid.tiles_across)
    # The centre of a tile of even side is a pixel corner: half a pixel from any pixel's centre.
    half = (grid.tile_px - 1) / 2
    lon, lat = grid.lon_lat(tile_row * grid.tile_px + half, tile_col * grid.tile_px + half)
    fine = quadkeys(lon, lat, ZOOM_FINE)
    return pl.DataFrame(
        {
            "tile": tile,
            "tile_row": tile_row,
            "tile_col": tile_col,
            "row": tile_row * grid.tile_px,
            "col": tile_col * grid.tile_px,
            "lon": lon,
            "lat": lat,
            f"quadkey{ZOOM_FINE}": fine,
            f"quadkey{ZOOM_COARSE}": [key[:ZOOM_COARSE] for key in fine],
        }
    )
