"""The cells of a weather grid: which one a place lies in, and what it is called.

A weather grid is data of its catalog entry: where the middle of its first cell is, how large its
cells are and how many there are. Rows count from the north and columns from the west, both from 0,
and ``cell_id = row * columns + column``. A grid may have a coordinate system of its own (a rotated
pole, a cone): cells are then found by projecting the place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from rootzone._shared.arrays import AnyArray, BoolArray, FloatArray, IntArray
from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import Bounds, MasterGrid, Window, from_lon_lat, to_lon_lat

MISSING = np.uint16(65535)  # row or column of a pixel outside the weather grid
_ON_LATTICE = 0.02  # of a cell: files write coordinates to 6 or more digits
# Metres between points that are projected exactly. A straight line between points 960 m apart is
# off by about 960^2 / (8 * 6.4e6) = 0.02 m.
_NODES_M = 960.0
_MOST_NODES_PX = 32
# Pixels this near to a border, in cells, are projected one by one: 0.1 m and more.
_NEAR = 1e-3
_TURN_DEG = 360.0


def _fraction(value: Any) -> Any:  # noqa: ANN401 - whatever a file holds
    """A number, or text such as ``1/24``, which no decimal number says exactly."""
    if isinstance(value, str) and value.count("/") == 1:
        over, under = value.split("/")
        try:
            return float(over) / float(under)
        except (ValueError, ZeroDivisionError):
            return value
    return value


Step = Annotated[float, BeforeValidator(_fraction), Field(gt=0)]
Count = Annotated[int, Field(ge=1, le=int(MISSING) - 1)]


class WeatherGrid(BaseModel):
    """A regular grid of cells, rows from the north."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True
    )

    origin: tuple[float, float]
    """centre of the north-west cell, x and y (longitude and latitude) in the unit of the crs"""
    step: tuple[Step, Step]
    """cell size in x and in y; a fraction such as 1/24 may be written so"""
    size: tuple[Count, Count]
    """cells across and down"""
    crs: str = "EPSG:4326"
    """coordinate system of the grid, any text PROJ reads"""

    @property
    def cols(self) -> int:
        """Cells across."""
        return self.size[0]

    @property
    def rows(self) -> int:
        """Cells down."""
        return self.size[1]

    @property
    def is_geographic(self) -> bool:
        """Whether its axes are longitude and latitude."""
        return self.crs == "EPSG:4326"

    @property
    def goes_round(self) -> bool:
        """Whether its columns go once round the Earth."""
        return self.is_geographic and abs(self.cols * self.step[0] - _TURN_DEG) < 1e-6

    @property
    def corner(self) -> tuple[float, float]:
        """Outer corner of the north-west cell, in the unit of the crs."""
        return self.origin[0] - self.step[0] / 2, self.origin[1] + self.step[1] / 2

    @property
    def words(self) -> str:
        """Where it reaches, for messages."""
        west, north = self.corner
        east, south = west + self.cols * self.step[0], north - self.rows * self.step[1]
        unit = "degree" if self.is_geographic else f"unit of {self.crs[:40]}"
        return (
            f"{self.cols} x {self.rows} cells from {west:g} to {east:g} east and {south:g} to "
            f"{north:g} north [{unit}]"
        )

    def cell_id(self, row: IntArray, col: IntArray) -> IntArray:
        """Identifier of a cell, row * columns + column."""
        return np.asarray(row * self.cols + col, dtype=np.int64)

    def id_of(self, row: IntArray, col: IntArray) -> IntArray:
        """Identifier of a cell, -1 outside; columns go on where the grid goes round the Earth."""
        col = col % self.cols if self.goes_round else col
        return np.where(self.holds(row, col), self.cell_id(row, col), -1)

    def row_col(self, cell: IntArray) -> tuple[IntArray, IntArray]:
        """Row and column of a cell from its identifier."""
        row, col = np.divmod(np.asarray(cell, dtype=np.int64), self.cols)
        return row, col

    def place(
        self, lon: FloatArray | float, lat: FloatArray | float
    ) -> tuple[FloatArray, FloatArray]:
        """Rows and columns of places as numbers with a fraction; whole at the centre of a cell."""
        x, y = self._xy(np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64))
        down = (self.origin[1] - y) / self.step[1]
        return np.asarray(down), np.asarray((x - self.origin[0]) / self.step[0])

    def cell_at(
        self, lon: FloatArray | float, lat: FloatArray | float
    ) -> tuple[IntArray, IntArray]:
        """Row and column of the cell a place lies in; outside the grid where the place is.

        A place on the border of two cells belongs to the one south or east of it.
        """
        down, right = self.place(lon, lat)
        col = np.floor(right + 0.5).astype(np.int64)
        return np.floor(down + 0.5).astype(np.int64), col % self.cols if self.goes_round else col

    def id_at(self, lon: FloatArray | float, lat: FloatArray | float) -> IntArray:
        """Identifier of the cell a place lies in, -1 outside."""
        return self.id_of(*self.cell_at(lon, lat))

    def holds(self, row: IntArray, col: IntArray) -> BoolArray:
        """Whether there are such rows and columns."""
        return np.asarray((row >= 0) & (row < self.rows) & (col >= 0) & (col < self.cols))

    def cells_in(self, bounds: Bounds) -> Cells:
        """Cells that a box of degrees touches, row by row from the north-west.

        Raises
        ------
        RequestError
            The box reaches beyond the grid.
        """
        top, left, bottom, right = self._box(bounds)
        beyond = left < 0 or right >= self.cols
        if top < 0 or bottom >= self.rows or (beyond and not self.goes_round):
            raise RequestError(
                f"The region {bounds} reaches beyond the weather grid of catalog.forcing, "
                f"{self.words}. Choose a region inside it, or another forcing."
            )
        row, col = np.mgrid[top : bottom + 1, left : right + 1]
        return Cells(self, row.ravel(), col.ravel() % self.cols)

    def _box(self, bounds: Bounds) -> tuple[int, int, int, int]:
        """First row and column, last row and column of a box of degrees."""
        if self.is_geographic:
            west, south, east, north = bounds
            down, right = self.place(np.array([west, east]), np.array([north, south]))
            if right[1] < right[0]:  # the box lies across the seam of a grid that goes round
                right[1] += self.cols
        else:
            from pyproj import Transformer

            to_grid = Transformer.from_crs("EPSG:4326", self.crs, always_xy=True)
            x0, y0, x1, y1 = to_grid.transform_bounds(*bounds, densify_pts=101)
            down = (self.origin[1] - np.array([y1, y0])) / self.step[1]
            right = (np.array([x0, x1]) - self.origin[0]) / self.step[0]
        first, last = np.floor(np.array([down, right]) + 0.5).astype(int).T
        return int(first[0]), int(first[1]), int(last[0]), int(last[1])

    def window(self, grid: MasterGrid, window: Window) -> tuple[AnyArray, AnyArray]:
        """Row and column of the cell that each pixel of a window lies in.

        Positions are projected on a lattice that is fixed to the master grid and taken straight
        between its points, fifty times as fast as pixel by pixel; those near a border are projected
        one by one. The answer for a pixel does not depend on the window it is asked in.

        Returns
        -------
        rows, cols : array of uint16, shape of the window
            65535 for a pixel outside the weather grid.
        """
        from rootzone.covariates.weather.cell_kernels import fill_index

        xs = _over(grid, window, self._xy)
        rows, cols = np.empty((2, *window.shape), dtype=np.uint16)
        near = np.zeros(window.shape, dtype=np.bool_)
        west, north = self.corner
        fill_index(xs[1], north, -1.0 / self.step[1], self.rows, False, _NEAR, rows, near)
        fill_index(xs[0], west, 1.0 / self.step[0], self.cols, self.goes_round, _NEAR, cols, near)
        row, col = np.nonzero(near)
        if row.size:
            at = self.cell_at(*grid.lon_lat(row + window.row, col + window.col))
            inside = self.holds(*at)
            rows[row, col] = np.where(inside, at[0], MISSING)
            cols[row, col] = np.where(inside, at[1], MISSING)
        return rows, cols

    def ids(self, grid: MasterGrid, window: Window) -> IntArray:
        """Identifier of the cell of every pixel in a window, -1 outside, shape (row, col)."""
        rows, cols = self.window(grid, window)
        outside = (rows == MISSING) | (cols == MISSING)
        return np.where(outside, -1, self.cell_id(rows.astype(np.int64), cols.astype(np.int64)))

    def index_of(self, values: AnyArray, axis: str, what: str) -> IntArray:
        """Rows or columns of coordinates that a file holds.

        Parameters
        ----------
        values : array, shape (cell,)
            Centres along the axis, in the unit of the crs; longitudes in either convention.
        axis : {"x", "y"}
            Which axis.
        what : str
            File and axis, for the message.

        Raises
        ------
        RequestError
            A coordinate is not the centre of a cell.
        """
        values = np.asarray(values, dtype=np.float64)
        if axis == "y":
            step, index = self.step[1], (self.origin[1] - values) / self.step[1]
        else:
            step, index = self.step[0], (self._turned(values) - self.origin[0]) / self.step[0]
        nearest = np.round(index)
        off = np.abs(index - nearest)
        if off.size and off.max() > _ON_LATTICE:
            worst = int(off.argmax())
            raise RequestError(
                f"{what} {values[worst]:.6f} is no cell centre of the weather grid in the catalog "
                f"({off[worst] * step:.4f} off; {self.words}). The file was regridded, or is "
                "another product; correct weather_grid in the entry if the file is right."
            )
        found = nearest.astype(np.int64)
        return np.asarray(found % self.cols) if axis == "x" and self.goes_round else found

    def _xy(self, lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
        if not self.is_geographic:
            return from_lon_lat(self.crs, lon, lat)
        return self._turned(lon), lat

    def _turned(self, lon: FloatArray) -> FloatArray:
        """Longitudes turned by whole circles to lie east of the grid's western edge."""
        if not self.is_geographic:
            return lon
        # A centre written to six digits may lie a little west of it.
        west = self.corner[0] if self.goes_round else self.origin[0] - 90.0
        turns = np.floor((lon - west) / _TURN_DEG)
        return np.where(turns == 0.0, lon, lon - turns * _TURN_DEG)


@dataclass(frozen=True)
class Cells:
    """Some cells of a weather grid, each with its row and column.

    Parameters
    ----------
    grid : WeatherGrid
        The grid they belong to.
    row, col : array, shape (cell,)
        Place on the grid, from 0 at the north-west.
    """

    grid: WeatherGrid
    row: IntArray
    col: IntArray

    def __len__(self) -> int:
        return len(self.row)

    def those(self, kept: AnyArray) -> Cells:
        """Some of the cells, by a mask or by position."""
        return Cells(self.grid, self.row[kept], self.col[kept])

    @property
    def cell_id(self) -> IntArray:
        """Identifiers."""
        return self.grid.cell_id(self.row, self.col)

    @property
    def lat(self) -> FloatArray:
        """Latitude of the centres [degree]."""
        return self._lon_lat()[1]

    @property
    def lon(self) -> FloatArray:
        """Longitude of the centres [degree], -180 to 180."""
        return self._lon_lat()[0]

    def _lon_lat(self) -> tuple[FloatArray, FloatArray]:
        x = np.asarray(self.grid.origin[0] + self.col * self.grid.step[0], dtype=np.float64)
        y = np.asarray(self.grid.origin[1] - self.row * self.grid.step[1], dtype=np.float64)
        if self.grid.is_geographic:
            return np.where(x > 180.0, x - _TURN_DEG, x), y
        return to_lon_lat(self.grid.crs, x, y)


def degrees_of(grid: MasterGrid, window: Window) -> tuple[FloatArray, FloatArray]:
    """Longitude and latitude of every pixel of a window, to a few centimetres.

    A pixel's position does not depend on the window it is asked for in.

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
    return _over(grid, window, lambda lon, lat: (lon, lat))


def _over(grid: MasterGrid, window: Window, to_xy: Any) -> tuple[FloatArray, FloatArray]:  # noqa: ANN401
    """Coordinates of every pixel, straight between those of a lattice fixed to the master grid."""
    from rootzone.covariates.weather.cell_kernels import fill_between

    step = int(np.clip(_NODES_M // grid.resolution_m, 1, _MOST_NODES_PX))
    first_row, first_col = window.row // step, window.col // step
    last_row = (window.row + window.height - 1) // step + 2
    last_col = (window.col + window.width - 1) // step + 2
    node_rows = np.arange(first_row, last_row) * step
    node_cols = np.arange(first_col, last_col) * step
    lon, lat = grid.lon_lat(*np.meshgrid(node_rows, node_cols, indexing="ij"))
    ahead, behind = lon - lon.flat[0] > 180.0, lon - lon.flat[0] < -180.0
    if ahead.any() or behind.any():  # a window across the 180th meridian: count on, do not jump
        lon = lon - _TURN_DEG * ahead + _TURN_DEG * behind
    x, y = np.empty(window.shape), np.empty(window.shape)
    offset = window.row - first_row * step, window.col - first_col * step
    for nodes, out in zip(to_xy(lon, lat), (x, y), strict=True):
        fill_between(np.ascontiguousarray(nodes), step, *offset, out)
    return x, y
