"""Grids of cells in degrees, and NASA's equal-area grids.

EASE-Grid 2.0 is a grid of square metres, so its cells are a `MasterGrid`; products in degrees have
a `CellGrid`. Both tell rows and columns from the upper left; files whose latitude ascends are
turned over by their reader.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray, IntArray
from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import MasterGrid
from rootzone.covariates.observe.ease import EASE_CRS as EASE_CRS
from rootzone.covariates.observe.ease import EASE_NESTS as EASE_NESTS
from rootzone.covariates.observe.ease import ease_grid as ease_grid


def piece_of(grid: MasterGrid, row: int, col: int, height: int, width: int) -> MasterGrid:
    """A rectangle of a grid as a grid of its own."""
    size = grid.resolution_m
    return MasterGrid(
        grid.crs, size, grid.left + col * size, grid.top - row * size, width, height, grid.tile_px
    )


@dataclass(frozen=True)
class CellGrid:
    """A north-up grid of square cells in degrees.

    Parameters
    ----------
    west, north : float
        Outer corner of the upper-left cell [degree].
    step_deg : float
        Side of a cell [degree].
    width, height : int
        Cells across and down.
    """

    west: float
    north: float
    step_deg: float
    width: int
    height: int

    def __post_init__(self) -> None:
        if self.step_deg <= 0.0 or self.width < 1 or self.height < 1:
            raise RequestError(
                f"A grid of {self.width} x {self.height} cells of {self.step_deg} degree has no "
                "area. Every number must be positive."
            )

    @classmethod
    def of_centres(cls, lon: AnyArray, lat: AnyArray) -> CellGrid:
        """The grid whose cells have these centres.

        Parameters
        ----------
        lon, lat : array, shape (width,), (height,)
            Centres [degree], evenly spaced; latitudes may ascend or descend.

        Raises
        ------
        RequestError
            They are not even, or the two steps differ: a cut of two regions, or half a grid.
        """
        east, up = np.asarray(lon, np.float64), np.sort(np.asarray(lat, np.float64))
        if east.size < 2 or up.size < 2:
            raise RequestError("A grid needs two columns and two rows to tell its step.")
        steps = np.diff(east), np.diff(up)
        step = float(np.median(steps[0]))
        worst = max(float(np.abs(part - step).max()) for part in steps)
        if worst > 0.01 * step:
            raise RequestError(
                f"Cell centres are {step:g} degrees apart, but somewhere {worst:g} more or less. "
                "Rows or columns of the file are missing, or its axes are not in degrees."
            )
        return cls(float(east[0] - step / 2), float(up[-1] + step / 2), step, east.size, up.size)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.height, self.width

    def lon_lat(
        self, row: AnyArray | float, col: AnyArray | float
    ) -> tuple[FloatArray, FloatArray]:
        """Longitude and latitude of cell centres [degree]."""
        lon = self.west + (np.asarray(col, np.float64) + 0.5) * self.step_deg
        lat = self.north - (np.asarray(row, np.float64) + 0.5) * self.step_deg
        return lon, lat

    def row_col_of_lon_lat(
        self, lon: AnyArray | float, lat: AnyArray | float
    ) -> tuple[IntArray, IntArray]:
        """Cell that each point lies in; outside the shape where it lies outside the grid.

        A point on an edge belongs to the cell right of it or below it.
        """
        col = np.floor((np.asarray(lon, np.float64) - self.west) / self.step_deg)
        row = np.floor((self.north - np.asarray(lat, np.float64)) / self.step_deg)
        return row.astype(np.int64), col.astype(np.int64)
