"""Slope and aspect from elevation on the master grid."""

from __future__ import annotations

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone.covariates.grid import MasterGrid, Window, from_lon_lat, to_lon_lat

TERRAIN = ("slope_deg", "aspect_deg")
_LEVEL = 1e-5  # [m m-1]; heights of 4,000 m in single precision give 4e-6 over two pixels of 30 m
_STEP_DEG = 1e-4  # how far north to walk, about 11 m, to see which way north is


def gradient(elevation_m: AnyArray, resolution_m: float) -> tuple[FloatArray, FloatArray]:
    r"""Rise to the east and to the north, from the eight neighbours.

    .. math::
        \partial z/\partial x = \frac{(c + 2f + i) - (a + 2d + g)}{8\,\Delta}, \quad
        \partial z/\partial y = \frac{(a + 2b + c) - (g + 2h + i)}{8\,\Delta}

    for the block a b c / d e f / g h i, north up.

    Parameters
    ----------
    elevation_m : array, shape (row + 2, col + 2)
        Elevation [m] with one pixel more on every side.
    resolution_m : float
        Pixel size [m].

    Returns
    -------
    east, north : array, shape (row, col)
        Rise [m m-1]; NaN where the pixel or any neighbour is NaN, 0 where it is less than the
        single precision of elevations can tell: a lake that was resampled is level all the same.

    References
    ----------
    Horn (1981), doi:10.1109/PROC.1981.11918
    """
    z = np.asarray(elevation_m, dtype=np.float64)
    north_row = z[:-2, :-2] + 2.0 * z[:-2, 1:-1] + z[:-2, 2:]
    south_row = z[2:, :-2] + 2.0 * z[2:, 1:-1] + z[2:, 2:]
    west_col = z[:-2, :-2] + 2.0 * z[1:-1, :-2] + z[2:, :-2]
    east_col = z[:-2, 2:] + 2.0 * z[1:-1, 2:] + z[2:, 2:]
    centre = np.where(np.isnan(z[1:-1, 1:-1]), np.nan, 0.0)
    east = (east_col - west_col) / (8.0 * resolution_m) + centre
    north = (north_row - south_row) / (8.0 * resolution_m) + centre
    level = np.hypot(east, north) < _LEVEL
    return np.where(level, 0.0, east), np.where(level, 0.0, north)


def slope_deg(east: FloatArray, north: FloatArray) -> FloatArray:
    """Steepest slope [degree] of a rise to the east and to the north [m m-1]."""
    return np.degrees(np.arctan(np.hypot(east, north)))


def aspect_deg(east: FloatArray, north: FloatArray) -> FloatArray:
    """Direction the ground falls to, clockwise from grid north [degree], 0 to below 360.

    NaN where the ground is level: it faces nowhere.
    """
    aspect = np.degrees(np.arctan2(-east, -north)) % 360.0
    return np.where((east == 0.0) & (north == 0.0), np.nan, aspect)


def convergence_deg(grid: MasterGrid, window: Window) -> FloatArray:
    """How far grid north lies clockwise of true north at each pixel [degree], shape (row, col).

    Worked out at the corners of tiles from a short step along the meridian, and bilinear between
    them: the error is below 0.001 degree, and the value does not depend on the window.
    """
    side = grid.tile_px
    rows = np.arange(window.row, window.row + window.height)
    cols = np.arange(window.col, window.col + window.width)
    node_row = np.arange(rows[0] // side, rows[-1] // side + 2)
    node_col = np.arange(cols[0] // side, cols[-1] // side + 2)
    node_y, node_x = np.meshgrid(node_row * side, node_col * side, indexing="ij")
    x_m, y_m = grid.xy_m(node_y, node_x)
    lon, lat = to_lon_lat(grid.crs, x_m, y_m)
    x_up, y_up = from_lon_lat(grid.crs, lon, lat + _STEP_DEG)
    at_nodes = -np.degrees(np.arctan2(x_up - x_m, y_up - y_m))
    return _between_nodes(at_nodes, rows / side - node_row[0], cols / side - node_col[0])


def _between_nodes(nodes: FloatArray, row: FloatArray, col: FloatArray) -> FloatArray:
    r, c = np.floor(row).astype(int), np.floor(col).astype(int)
    down, right = (row - r)[:, None], (col - c)[None, :]
    upper = nodes[r][:, c] * (1 - right) + nodes[r][:, c + 1] * right
    lower = nodes[r + 1][:, c] * (1 - right) + nodes[r + 1][:, c + 1] * right
    return np.asarray(upper * (1 - down) + lower * down)


def terrain(name: str, elevation_m: AnyArray, grid: MasterGrid, window: Window) -> AnyArray:
    """Slope or aspect of a window.

    Parameters
    ----------
    name : str
        ``slope_deg`` or ``aspect_deg``.
    elevation_m : array, shape (row + 2, col + 2)
        Elevation [m] of the window with one pixel more on every side.
    grid, window : MasterGrid, Window
        Where the window lies.

    Returns
    -------
    values : array, shape (row, col)
        Slope [degree], or aspect [degree] clockwise from **true** north (grid north is up to 8
        degrees off in Colorado); float32.
    """
    east, north = gradient(elevation_m, grid.resolution_m)
    if name == "slope_deg":
        return slope_deg(east, north).astype(np.float32)
    from_true_north = (aspect_deg(east, north) + convergence_deg(grid, window)) % 360.0
    return from_true_north.astype(np.float32) % np.float32(360.0)
