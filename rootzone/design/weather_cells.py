"""Which weather cell each pixel lies in, and which pixels lie in a box of degrees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray, FloatArray
from rootzone.covariates.grid import Bounds, MasterGrid, Window
from rootzone.covariates.weather import cells
from rootzone.design.kernels import fill_degrees, fill_index

# Pixels between points that are projected exactly. Between them, 960 m apart at 30 m pixels, a
# straight line is off by about 960^2 / (8 * 6.4e6) = 0.02 m, against cells of 4 km.
LATTICE_PX = 32


def degrees_of(grid: MasterGrid, window: Window) -> tuple[FloatArray, FloatArray]:
    """Longitude and latitude of every pixel of a window, to a few centimetres.

    Positions are projected on a lattice that is fixed to the grid and taken straight between its
    points. That is fifty times as fast as projecting every pixel, and a pixel's position does not
    depend on the window it is asked for in.

    Parameters
    ----------
    grid : MasterGrid
        The master grid.
    window : Window
        Pixels wanted.

    Returns
    -------
    lon, lat : array, shape of the window
        WGS 84 [degree].
    """
    first_row, first_col = window.row // LATTICE_PX, window.col // LATTICE_PX
    last_row = (window.row + window.height - 1) // LATTICE_PX + 2
    last_col = (window.col + window.width - 1) // LATTICE_PX + 2
    node_rows = np.arange(first_row, last_row) * LATTICE_PX
    node_cols = np.arange(first_col, last_col) * LATTICE_PX
    nodes = grid.lon_lat(*np.meshgrid(node_rows, node_cols, indexing="ij"))
    lon, lat = np.empty(window.shape), np.empty(window.shape)
    offset = window.row - first_row * LATTICE_PX, window.col - first_col * LATTICE_PX
    for at_nodes, out in zip(nodes, (lon, lat), strict=True):
        fill_degrees(at_nodes, LATTICE_PX, *offset, out)
    return lon, lat


@dataclass(frozen=True)
class WeatherGrid:
    """A regular grid of longitude and latitude, rows from the north.

    Parameters
    ----------
    west_deg, north_deg : float
        Outer corner of the first cell [degree].
    cells_per_degree : float
        Cells in a degree, both ways.
    rows, cols : int
        Cells down and across.
    """

    west_deg: float
    north_deg: float
    cells_per_degree: float
    rows: int
    cols: int

    def window(self, grid: MasterGrid, window: Window) -> tuple[AnyArray, AnyArray]:
        """Weather row and column of every pixel of a window.

        Returns
        -------
        rows, cols : array of uint16, shape of the window
            0-based; 65535 for a pixel outside the weather grid.
        """
        lon, lat = degrees_of(grid, window)
        rows = np.empty(window.shape, dtype=np.uint16)
        cols = np.empty(window.shape, dtype=np.uint16)
        fill_index(lat, self.north_deg, -self.cells_per_degree, self.rows, rows)
        fill_index(lon, self.west_deg, self.cells_per_degree, self.cols, cols)
        return rows, cols


@dataclass(frozen=True)
class BoxMask:
    """The inside of a box of longitude and latitude.

    Parameters
    ----------
    bounds : tuple of float
        West, south, east, north [degree], WGS 84.
    """

    bounds: Bounds

    def window(self, grid: MasterGrid, window: Window) -> BoolArray:
        """Whether the centre of each pixel of a window is in the box."""
        west, south, east, north = self.bounds
        lon, lat = degrees_of(grid, window)
        return np.asarray((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north))


GRIDMET = WeatherGrid(
    west_deg=cells.FIRST_LON_DEG - cells.STEP_DEG / 2,
    north_deg=cells.FIRST_LAT_DEG + cells.STEP_DEG / 2,
    cells_per_degree=1.0 / cells.STEP_DEG,
    rows=cells.ROWS,
    cols=cells.COLS,
)
