"""Products kept as time series of cells in CF NetCDF files, daily values at given places.

This is the layout in which the validation service QA4SM and TUW's packages keep SMAP, ERA5-Land,
GLDAS and C3S, and H SAF its ASCAT: a file of 5 x 5 degrees, its cells numbered, each with a series.
CF's three ways are read: a table (cell, time), values in the order they came with the number of
their cell (``locationIndex``), and cells one after the other with the count of values of each
(``row_size``).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray, FloatArray
from rootzone._shared.digests import digest_file
from rootzone._shared.errors import RequestError
from rootzone._shared.open_files import open_netcdf
from rootzone.covariates.layers.source import Layer, Part
from rootzone.covariates.observe.gridded import part_of, require_unit, said_of, the_name
from rootzone.covariates.observe.observed import Dropped, NothingLeftError, Observed
from rootzone.covariates.observe.units import moisture_unit
from rootzone.covariates.weather.netcdf_axes import read_times

if TYPE_CHECKING:
    import polars as pl
    from netCDF4 import Dataset

_EARTH_KM = 6371.0


@dataclass(frozen=True)
class DailySeries:
    """Daily means of a product at one place.

    Attributes
    ----------
    date : array of datetime64[D]
        Days with a value, ascending.
    theta : array
        Water content [m3 m-3].
    distance_km : float
        From the place to the middle of the cell.
    dropped : Dropped
        What was left out.
    """

    date: AnyArray
    theta: FloatArray
    distance_km: float
    dropped: Dropped


def read_cell_series(
    path: Path, layer: Layer, lon: float, lat: float, *, farthest_km: float = 60.0
) -> DailySeries:
    """Daily means of the cell nearest to a place.

    Parameters
    ----------
    path : Path
        A file of cells.
    layer : Layer
        One variable of the product's catalog entry.
    lon, lat : float
        The place [degree].
    farthest_km : float
        A cell farther off [km] is refused.

    Raises
    ------
    RequestError
        The file lacks the variable, or no cell is near.
    """
    with open_netcdf(path) as file:
        name = the_name(file, path, layer)
        off = distance_km(lon, lat, _floats(file, "lon"), _floats(file, "lat"))
        cell = int(np.nanargmin(off))
        if off[cell] > farthest_km:
            raise RequestError(
                f"{path}: the nearest cell of {layer.source_name} lies {off[cell]:.0f} km from "
                f"{lat:.3f}, {lon:.3f}; {farthest_km:g} km are allowed. Take the "
                "file of its own 5 degrees."
            )
        dropped = Dropped()
        day, theta = _daily(file, path, name, layer, cell, dropped)
    return DailySeries(day, theta, float(off[cell]), dropped)


def observe_cells(path: Path, layer: Layer) -> Observed:
    """Every cell of a file, daily means as a table.

    Raises
    ------
    RequestError
        The file lacks the variable, its unit is another, or no value is left.
    """
    import polars as pl

    dropped = Dropped()
    with open_netcdf(path) as file:
        name = the_name(file, path, layer)
        lon, lat = _floats(file, "lon"), _floats(file, "lat")
        parts = [
            _frame(
                layer,
                lon[cell],
                lat[cell],
                *_daily(file, path, name, layer, cell, dropped),
            )
            for cell in range(lon.size)
        ]
    frame = pl.concat(parts, how="vertical_relaxed").with_columns(
        file_digest=pl.lit(digest_file(path))
    )
    if frame.is_empty():
        raise NothingLeftError(path, dropped)
    return Observed(frame, dropped, (said_of(path, layer),))


def distance_km(lon: float, lat: float, to_lon: FloatArray, to_lat: FloatArray) -> FloatArray:
    """Great-circle distance [km] on a sphere of 6371 km."""
    a, b = np.radians(lat), np.radians(to_lat)
    across = np.radians(to_lon - lon)
    half = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(across / 2) ** 2
    return np.asarray(2.0 * _EARTH_KM * np.arcsin(np.sqrt(half)))


def _daily(
    file: Dataset, path: Path, name: str, layer: Layer, cell: int, dropped: Dropped
) -> tuple[AnyArray, FloatArray]:
    """Days with a value, and their means, of one cell."""
    part = part_of(layer)
    time, value, bad = _series(file, path, name, part, cell)
    value = np.where(np.isin(value, layer.source.nodata), np.nan, value)
    value = moisture_unit(file[name], part, f"{path}: {name}")(value)
    low, high = part.range
    impossible = np.isfinite(value) & ((value < low) | (value > high))
    require_unit(value, impossible, [*bad.values()], f"{path}: {name}", part)
    keep = dropped.keep(np.isfinite(value), {**bad, f"outside {low:g} to {high:g}": impossible})
    day, where = np.unique(time[keep].astype("datetime64[D]"), return_inverse=True)
    theta = np.bincount(where, value[keep]) / np.maximum(np.bincount(where), 1)
    return day, np.asarray(theta, np.float64)


def _series(
    file: Dataset, path: Path, name: str, part: Part, cell: int
) -> tuple[AnyArray, FloatArray, dict[str, BoolArray]]:
    """Times, values and what speaks against them, of one cell."""
    time = read_times(file, str(path))
    rows = _rows(file, path, cell, time.size)

    def of_cell(variable: str) -> AnyArray:
        return _filled(file[variable][cell] if rows is None else file[variable][:][rows])

    value = of_cell(name)
    bad = {
        f"{flag} is not {' or '.join(map(str, good))}": ~np.isin(of_cell(flag), good)
        for flag, good in part.good_where.items()
        if flag in file.variables
    }
    return (time if rows is None else time[rows]), value, bad


def _rows(file: Dataset, path: Path, cell: int, n: int) -> AnyArray | slice | None:
    """Where a cell's values lie among those of all; None where cells are rows of a table.

    Raises
    ------
    RequestError
        Cells claim more values, or fewer, than there are.
    """
    if "locationIndex" in file.variables:
        return np.flatnonzero(np.asarray(file["locationIndex"][:]) == cell)
    if "row_size" not in file.variables:
        return None
    size = np.ma.filled(np.ma.asarray(file["row_size"][:]), 0).astype(np.int64)
    ends = np.cumsum(size)
    if ends[-1] != n:
        raise RequestError(
            f"{path}: its cells claim {int(ends[-1])} values by row_size, and it holds {n}; it was "
            "cut, or put together from several."
        )
    return slice(int(ends[cell] - size[cell]), int(ends[cell]))


def _frame(layer: Layer, lon: float, lat: float, day: AnyArray, value: FloatArray) -> pl.DataFrame:
    import polars as pl

    part, n = part_of(layer), day.size
    top, bottom = part.layer_mm or (None, None)
    none = pl.Series([None] * n, dtype=pl.Float64)
    return pl.DataFrame({
        "grid": pl.Series(["cells"] * n, dtype=pl.String),
        "lon": np.full(n, lon), "lat": np.full(n, lat),
        "date": pl.Series(day.astype("datetime64[D]")).cast(pl.Date),
        "sensor": pl.Series([layer.source_name] * n, dtype=pl.String),
        "quantity": pl.Series([layer.values["variable"]] * n, dtype=pl.String), "value": value,
        "unit": pl.Series([part.unit] * n, dtype=pl.String),
        "top_mm": pl.Series([top] * n, dtype=pl.Float64),
        "bottom_mm": pl.Series([bottom] * n, dtype=pl.Float64),
        "incidence_deg": none, "orbit": pl.Series(["none"] * n, dtype=pl.String),
        "quality": none.cast(pl.Int64),
    })  # fmt: skip


def _floats(file: Dataset, name: str) -> FloatArray:
    if name not in file.variables:
        raise RequestError(f"The file has no variable {name}; it is no file of cells.")
    return _filled(file[name][:])


def _filled(stored: Any) -> FloatArray:  # noqa: ANN401 - a masked array, or a plain one
    return np.asarray(np.ma.filled(np.ma.asarray(stored, dtype=np.float64), np.nan))
