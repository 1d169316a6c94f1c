"""Axes of an open weather file: times by their unit and calendar, cells by their coordinates.

What an axis is, its name and notes say, never its place: files come as (time, lat, lon) and as
(time, lon, lat), north to south and south to north, and with longitudes of either convention.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rootzone._shared.arrays import AnyArray, IntArray
from rootzone._shared.errors import RequestError
from rootzone.covariates.weather.cells import WeatherGrid
from rootzone.covariates.weather.rim_cells import CellsOutside

if TYPE_CHECKING:
    from netCDF4 import Dataset

TIME = ("day", "time", "valid_time")
ROWS = ("lat", "latitude", "rlat", "y", "projection_y_coordinate", "northing", "nav_lat")
COLS = ("lon", "longitude", "rlon", "x", "projection_x_coordinate", "easting", "nav_lon")
_STANDARD = {
    "time": TIME, "latitude": ROWS, "grid_latitude": ROWS, "projection_y_coordinate": ROWS,
    "longitude": COLS, "grid_longitude": COLS, "projection_x_coordinate": COLS,
}  # fmt: skip
_TRUE_CALENDARS = ("standard", "gregorian", "proleptic_gregorian", "")
_NO_LEAP = ("noleap", "365_day")  # every day of theirs is a day of ours


def read_times(file: Dataset, name: str) -> AnyArray:
    """Times of an open file; unit and calendar are read, never assumed.

    Parameters
    ----------
    file : netCDF4.Dataset
        Open file.
    name : str
        What to call it in messages.

    Returns
    -------
    array of datetime64[s], shape (time,)
        In the order of the file.

    Raises
    ------
    RequestError
        There is no time axis, it is empty, has no unit that says "since", a calendar whose days
        are no days of ours, or a time that was never written.
    """
    import netCDF4

    axis = axis_of(file, name, TIME)
    what = f"{name}: its axis {axis.name}"
    units, calendar = str(getattr(axis, "units", "")), str(getattr(axis, "calendar", "")).lower()
    numbers = np.ma.asarray(axis[:], dtype=np.float64)
    if numbers.size == 0:
        raise RequestError(f"{what} holds no day at all. Fetch the file again.")
    if " since " not in units:
        raise RequestError(
            f"{what} is in {units or 'no unit'!r}; a unit such as 'days since 1900-01-01' is "
            "needed to tell dates. Write it into the file: ncatted -a units,TIME,o,c,'...'"
        )
    if calendar not in (*_TRUE_CALENDARS, *_NO_LEAP):
        raise RequestError(
            f"{what} has the calendar {calendar!r}, whose days are no days of a real year. Take "
            "the product in the standard calendar, or convert it: cdo setcalendar or "
            "xarray's convert_calendar with a rule that you choose."
        )
    if np.ma.is_masked(numbers) or not np.isfinite(numbers.filled(np.nan)).all():
        lost = int(np.ma.getmaskarray(numbers).sum() + (~np.isfinite(numbers.data)).sum())
        raise RequestError(
            f"{what} has {lost} times that were never written. The file is not complete; fetch it "
            "again."
        )
    try:
        found: Any = netCDF4.num2date(numbers.data, units, calendar=calendar or "standard")
    except (ValueError, OverflowError) as error:
        raise RequestError(f"{what} cannot be read as times: {error}.") from error
    text = [stamp.isoformat() for stamp in np.atleast_1d(found)]
    # Hours as fractions of a day end microseconds off; cut short, one lies in the day before.
    exact = np.array(text, dtype="datetime64[us]") + np.timedelta64(500, "ms")
    return exact.astype("datetime64[s]")


def axis_of(file: Dataset, name: str, known: Sequence[str]) -> Any:  # noqa: ANN401 - a Variable
    """The coordinate variable of an axis, by its name or its standard name.

    Raises
    ------
    RequestError
        There is none.
    """
    for key in known:
        if key in file.variables and len(file.variables[key].dimensions) <= 1:
            return file.variables[key]
    for variable in file.variables.values():
        standard = str(getattr(variable, "standard_name", ""))
        if _STANDARD.get(standard) == tuple(known) and len(variable.dimensions) == 1:
            return variable
    raise RequestError(
        f"{name} has no axis {', '.join(known[:3])} or the like; it is no file of weather by day "
        "and cell."
    )


@dataclass(frozen=True)
class CellAxes:
    """Where cells stand in a variable of a file.

    Parameters
    ----------
    order : tuple of int
        Places of time, row and column among the variable's dimensions.
    rows, cols : array of int, shape (cell,)
        Positions along the file's own axes.
    """

    order: tuple[int, int, int]
    rows: IntArray
    cols: IntArray

    def read(self, variable: Any, days: slice) -> AnyArray:  # noqa: ANN401 - netCDF4 Variable
        """Values of the cells, shape (time, cell), float32, NaN where there is none."""
        box: list[slice | int] = [0] * len(variable.dimensions)
        top, left = int(self.rows.min()), int(self.cols.min())
        box[self.order[0]] = days
        box[self.order[1]] = slice(top, int(self.rows.max()) + 1)
        box[self.order[2]] = slice(left, int(self.cols.max()) + 1)
        values = np.ma.filled(variable[tuple(box)].astype(np.float32), np.nan)
        kept = np.argsort(np.argsort(self.order))  # dimensions of length 1 are gone
        values = np.moveaxis(values, [int(k) for k in kept], [0, 1, 2])
        return np.asarray(values[:, self.rows - top, self.cols - left])


def cell_axes(
    file: Dataset,
    variable: Any,  # noqa: ANN401 - a netCDF4 Variable
    grid: WeatherGrid,
    row: IntArray,
    col: IntArray,
    name: str,
) -> CellAxes:
    """Where cells of a weather grid stand in a variable.

    Raises
    ------
    RequestError
        An axis is not among the variable's dimensions, a coordinate is no cell centre of the grid,
        or some cells are not in the file.
    """
    axes = [axis_of(file, name, known) for known in (TIME, ROWS, COLS)]
    order = []
    for axis in axes:
        along = axis.dimensions[0] if axis.dimensions else axis.name
        if along not in variable.dimensions:
            raise RequestError(
                f"{name}: {variable.name} has the dimensions {', '.join(variable.dimensions)}, "
                f"none of which is the axis {axis.name}."
            )
        order.append(variable.dimensions.index(along))
    for place, (dimension, size) in enumerate(
        zip(variable.dimensions, variable.shape, strict=True)
    ):
        if place not in order and size != 1:
            raise RequestError(
                f"{name}: {variable.name} has {size} values along {dimension} for each day and "
                "cell. Choose one before reading, for example with ncks -d or xarray.isel."
            )
    y, x = (np.asarray(axis[:], dtype=np.float64) for axis in axes[1:])
    i = _positions(grid.index_of(y, "y", f"{name}: {axes[1].name}"), row)
    j = _positions(grid.index_of(x, "x", f"{name}: {axes[2].name}"), col)
    lost = (i < 0) | (j < 0)
    if lost.any():
        raise CellsOutside(
            f"{name} covers {y.min():.4f} to {y.max():.4f} N and {x.min():.4f} to {x.max():.4f} "
            f"E: {int(lost.sum())} of {row.size} cells of the region lie outside.",
            grid.cell_id(row[lost], col[lost]),
        )
    return CellAxes((order[0], order[1], order[2]), i, j)


def _positions(held: IntArray, wanted: IntArray) -> IntArray:
    """Where each wanted index stands on an axis; -1 where it does not."""
    order = np.argsort(held)
    at = np.searchsorted(held, wanted, sorter=order)
    at = order[np.clip(at, 0, held.size - 1)]
    return np.where(held[at] == wanted, at, -1)


def values_at(
    file: Dataset, names: Sequence[str], grid: WeatherGrid, row: IntArray, col: IntArray, name: str
) -> AnyArray:
    """A variable without time, or with one time, at cells of a weather grid.

    Parameters
    ----------
    file : netCDF4.Dataset
        Open file.
    names : sequence of str
        What the variable may be called.
    grid, row, col : WeatherGrid and arrays, shape (cell,)
        The cells.
    name : str
        What to call the file in messages.

    Returns
    -------
    array of float, shape (cell,)
        NaN where there is none.

    Raises
    ------
    RequestError
        The variable or its axes are not there, or some cells are not.
    """
    found = [one for one in names if one in file.variables]
    if not found:
        raise RequestError(
            f"{name} has none of the variables {', '.join(names)}; it holds "
            f"{', '.join(list(file.variables)[:8])}."
        )
    variable = file.variables[found[0]]
    at = []
    for known, axis, wanted in ((ROWS, "y", row), (COLS, "x", col)):
        coordinate = axis_of(file, name, known)
        index = grid.index_of(np.asarray(coordinate[:]), axis, f"{name}: {coordinate.name}")
        at.append((coordinate.dimensions[0], _positions(index, wanted)))
    lost = (at[0][1] < 0) | (at[1][1] < 0)
    if lost.any():
        raise CellsOutside(
            f"{name} does not cover all {row.size} cells of the region.",
            grid.cell_id(row[lost], col[lost]),
        )
    whole = np.ma.filled(np.ma.asarray(variable[:], dtype=np.float64), np.nan)
    dimensions = list(variable.dimensions)
    (y, rows), (x, cols) = at
    whole = np.moveaxis(whole, [dimensions.index(y), dimensions.index(x)], [-2, -1])
    return np.asarray(whole.reshape(-1, *whole.shape[-2:])[0][rows, cols])
