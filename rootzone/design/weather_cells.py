"""Which weather cell each pixel lies in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rootzone._shared.arrays import AnyArray
from rootzone.covariates.grid import MasterGrid, Window
from rootzone.design.kernels import fill_cells

# Pixels between points that are projected exactly. Between them, 960 m apart at 30 m pixels, a
# straight line is off by about 960^2 / (8 * 6.4e6) = 0.02 m, against cells of 4 km.
LATTICE_PX = 32


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

        Positions are projected on a lattice that is fixed to the grid and taken straight between
        its points, so a pixel's cell does not depend on the window it is asked for in.

        Parameters
        ----------
        grid : MasterGrid
            The master grid.
        window : Window
            Pixels wanted.

        Returns
        -------
        rows, cols : array of uint16, shape of the window
            0-based; 65535 for a pixel outside the weather grid.
        """
        first_row, first_col = window.row // LATTICE_PX, window.col // LATTICE_PX
        last_row = (window.row + window.height - 1) // LATTICE_PX + 2
        last_col = (window.col + window.width - 1) // LATTICE_PX + 2
        node_rows = np.arange(first_row, last_row) * LATTICE_PX
        node_cols = np.arange(first_col, last_col) * LATTICE_PX
        lon, lat = grid.lon_lat(*np.meshgrid(node_rows, node_cols, indexing="ij"))
        rows = np.empty(window.shape, dtype=np.uint16)
        cols = np.empty(window.shape, dtype=np.uint16)
        fill_cells(
            lon,
            lat,
            LATTICE_PX,
            window.row - first_row * LATTICE_PX,
            window.col - first_col * LATTICE_PX,
            np.array([self.west_deg, self.north_deg, self.cells_per_degree]),
            np.array([self.rows, self.cols]),
            rows,
            cols,
        )
        return rows, cols


# gridMET: centres 49.4 to 25.066667 N and -124.766667 to -67.058333 E, 1/24 degree.
GRIDMET = WeatherGrid(-124.0 - 46 / 60 - 1 / 48, 49.4 + 1 / 48, 24.0, 585, 1386)
