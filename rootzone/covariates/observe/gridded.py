"""Products on grids of degrees in NetCDF: GLDAS, ERA5-Land, C3S, GLEAM, Copernicus SSM, SMOS L3.

What differs between them is data of the catalog: which variable, its layer, its unit, its flags.
Rows come out from the north whatever the file has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray, FloatArray
from rootzone._shared.day_in_name import day_in_name
from rootzone._shared.digests import digest_file
from rootzone._shared.errors import RequestError
from rootzone._shared.open_files import open_netcdf
from rootzone.covariates.layers.source import Layer, Part
from rootzone.covariates.observe.observed import Dropped, NothingLeftError, Observed
from rootzone.covariates.observe.units import moisture_unit
from rootzone.covariates.weather.netcdf_axes import TIME, read_times

if TYPE_CHECKING:
    from netCDF4 import Dataset

_LON, _LAT = ("lon", "longitude", "Longitude", "x"), ("lat", "latitude", "Latitude", "y")


@dataclass(frozen=True)
class GriddedField:
    """Fields of a product.

    Attributes
    ----------
    lon, lat : array
        Middles of columns, and of rows from the north [degree].
    values : array, shape (time, row, col)
        In the unit of the catalog; NaN where there is none.
    time : array of datetime64[s] or None
        Times of the file, where it has an axis of time.
    layer : Layer
        What was taken.
    dropped : Dropped
        What was left out.
    """

    lon: FloatArray
    lat: FloatArray
    values: FloatArray
    time: AnyArray | None
    layer: Layer
    dropped: Dropped

    def observed(self, path: Path) -> Observed:
        """The values as a table.

        Raises
        ------
        RequestError
            Neither the file nor its name tells the day.
        """
        import polars as pl

        when = self.time
        if when is None:
            when = np.array([day_in_name(path.name)], dtype="datetime64[D]")
        part = part_of(self.layer)
        at = np.nonzero(np.isfinite(self.values))
        n = at[0].size
        top, bottom = part.layer_mm or (None, None)
        frame = pl.DataFrame({
            "grid": [self.layer.source_name] * n, "row": at[1], "col": at[2],
            "lon": (self.lon[at[2]] + 180.0) % 360.0 - 180.0, "lat": self.lat[at[1]],
            "date": when.astype("datetime64[D]")[at[0]], "sensor": [self.layer.source_name] * n,
            "quantity": [self.layer.values["variable"]] * n, "value": self.values[at],
            "unit": [part.unit] * n,
            "top_mm": pl.Series([top] * n, dtype=pl.Float64),
            "bottom_mm": pl.Series([bottom] * n, dtype=pl.Float64),
            "incidence_deg": pl.Series([None] * n, dtype=pl.Float64), "orbit": ["none"] * n,
            "quality": pl.Series([None] * n, dtype=pl.Int64),
            "file_digest": [digest_file(path)] * n,
        })  # fmt: skip
        return Observed(frame, self.dropped, (said_of(path, self.layer),))


def part_of(layer: Layer) -> Part:
    """The variable's description.

    Raises
    ------
    RequestError
        The address names none.
    """
    if layer.part is None:
        raise RequestError(
            f"{layer.address} does not say which variable is meant: "
            f"{', '.join(layer.source.variables)}."
        )
    return layer.part


def said_of(path: Path, layer: Layer) -> str:
    """What is taken of a file: variable, layer, unit."""
    part = part_of(layer)
    depth = "" if part.layer_mm is None else " of {:g}-{:g} mm".format(*part.layer_mm)
    more = f" ({part.meaning})" if part.meaning else ""
    return f"{path.name}: {' or '.join(part.names)}{depth} in {part.unit}{more}"


def read_gridded(
    path: Path, layer: Layer, box: tuple[float, float, float, float] | None = None
) -> GriddedField:
    """Read a product.

    Parameters
    ----------
    path : Path
        NetCDF as delivered.
    layer : Layer
        One variable of its catalog entry.
    box : tuple of float, optional
        West, south, east, north [degree]: only cells whose middles lie inside are read.

    Raises
    ------
    RequestError
        The file is another, its unit is not the product's, a value cannot be one, or there is none
        at all.
    """
    part = part_of(layer)
    with open_netcdf(path) as file:
        name = the_name(file, path, layer)
        lon, lat = _axis(file, path, *_LON), _axis(file, path, *_LAT)
        part_rows, part_cols = _inside(lon, lat, box, path)
        window = {**dict.fromkeys(_LAT, part_rows), **dict.fromkeys(_LON, part_cols)}
        lon, lat = lon[part_cols], lat[part_rows]
        variable = file.variables[name]
        convert = moisture_unit(variable, part, f"{path}: {name}")
        stored, values = _values(variable, lon, lat, path, window)
        values = np.where(np.isin(stored, layer.source.nodata), np.nan, values)
        others = {
            why: _values(file.variables[flag], lon, lat, path, window)[0]
            for why, flag, _ in _rules(file, part)
        }
        bad = {why: ~np.isin(others[why], good) for why, _, good in _rules(file, part)}
        time = _times(file, path)
    if lat[0] < lat[-1]:
        lat, values, stored = lat[::-1], values[..., ::-1, :], stored[..., ::-1, :]
        bad = {why: wrong[..., ::-1, :] for why, wrong in bad.items()}
    values = convert(values)
    flagged = {why: stored == number for number, why in part.flags.items()} | bad
    low, high = part.range
    impossible = np.isfinite(values) & ((values < low) | (values > high))
    dropped = Dropped()
    keep = dropped.keep(
        np.isfinite(values), {**flagged, f"outside {low:g} to {high:g}": impossible}
    )
    require_unit(values, impossible, [*flagged.values()], f"{path}: {name}", part)
    if not keep.any():
        raise NothingLeftError(path, dropped)
    return GriddedField(lon, lat, np.where(keep, values, np.nan), time, layer, dropped)


def the_name(file: Dataset, path: Path, layer: Layer) -> str:
    """What the variable is called in a file.

    Raises
    ------
    RequestError
        It is not there.
    """
    part = part_of(layer)
    found = [name for name in part.names if name in file.variables]
    if not found:
        raise RequestError(
            f"{path}: variable {' or '.join(part.names)} of {layer.source_name} is not there; it "
            f"holds {', '.join(list(file.variables)[:8])}."
        )
    return found[0]


def require_unit(
    values: FloatArray, impossible: BoolArray, flagged: list[BoolArray], what: str, part: Part
) -> None:
    """Refuse a file most of whose values cannot be true: its unit is another.

    Raises
    ------
    RequestError
        They cannot.
    """
    plain = impossible & ~np.any([*flagged, np.zeros_like(impossible)], axis=0)
    if plain.sum() > 0.5 * max(int(np.isfinite(values).sum()), 1):
        raise RequestError(
            f"{what}: most values lie outside {part.range[0]:g} to {part.range[1]:g} when read as "
            f"{part.unit}; the unit of the file is another."
        )


def _rules(file: Dataset, part: Part) -> list[tuple[str, str, tuple[int, ...]]]:
    """Flag variables that are there, and the values of each that let a value count."""
    return [
        (f"{name} is not {' or '.join(map(str, good))}", name, good)
        for name, good in part.good_where.items()
        if name in file.variables
    ]


def _axis(file: Dataset, path: Path, *names: str) -> FloatArray:
    for name in names:
        if name in file.variables:
            return np.asarray(np.ma.filled(file.variables[name][:].astype(np.float64), np.nan))
    raise RequestError(f"{path} has none of the axes {', '.join(names)}.")


def _values(
    variable: Any,  # noqa: ANN401 - netCDF4 is untyped
    lon: FloatArray,
    lat: FloatArray,
    path: Path,
    window: Mapping[str, slice],
) -> tuple[AnyArray, FloatArray]:
    """Stored numbers, and unpacked ones with fill as NaN, shape (time, row, col)."""
    variable.set_auto_maskandscale(False)
    names = list(variable.dimensions)
    stored = np.asarray(variable[tuple(window.get(name, slice(None)) for name in names)])
    places = [next((names.index(n) for n in known if n in names), -1) for known in (_LAT, _LON)]
    if min(places) >= 0 and places[0] > places[1]:  # longitude first
        stored = np.swapaxes(stored, *places)
    if stored.ndim == 2:
        stored = stored[None]
    if stored.shape[-2:] != (lat.size, lon.size):
        raise RequestError(
            f"{path}: {variable.name} has {stored.shape[-2:]} cells on {lat.size} latitudes and "
            f"{lon.size} longitudes; it is half a grid, or its axes are turned."
        )
    return stored, unpacked(variable, stored)


def _inside(
    lon: FloatArray, lat: FloatArray, box: tuple[float, float, float, float] | None, path: Path
) -> tuple[slice, slice]:
    """Rows and columns of a box, all without one."""
    if box is None:
        return slice(None), slice(None)
    west, south, east, north = box
    found = []
    for axis, low, high in ((lat, south, north), ((lon + 180.0) % 360.0 - 180.0, west, east)):
        there = np.flatnonzero((axis >= low) & (axis <= high))
        if there.size == 0 or there[-1] - there[0] + 1 != there.size:
            raise RequestError(
                f"{path}: its cells do not reach over {west:.2f} to {east:.2f} east, "
                f"{south:.2f} to {north:.2f} north in one piece."
            )
        found.append(slice(int(there[0]), int(there[-1]) + 1))
    return found[0], found[1]


def unpacked(variable: Any, stored: AnyArray) -> FloatArray:  # noqa: ANN401
    """Numbers of a variable that was read as stored, fill as NaN."""
    values = stored.astype(np.float64)
    for name in ("_FillValue", "missing_value"):
        if name in variable.ncattrs():
            values[stored == variable.getncattr(name)] = np.nan
    scale = float(getattr(variable, "scale_factor", 1.0))
    return np.asarray(values * scale + float(getattr(variable, "add_offset", 0.0)))


def _times(file: Dataset, path: Path) -> AnyArray | None:
    """Times of the file, where it has an axis of time."""
    if not any(name in file.variables for name in TIME):
        return None
    return read_times(file, str(path))
