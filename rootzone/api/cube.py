"""Tables of rows as labelled arrays: CF names, units and coordinates, gaps as NaN."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from rootzone._shared.errors import RequestError
from rootzone.engines.tables.read_columns import codes_in_order

if TYPE_CHECKING:
    import polars as pl
    import xarray as xr

    from rootzone._shared.arrays import AnyArray, IntArray
    from rootzone._shared.tables import Schema

THETA_NAME: Final = "volume_fraction_of_condensed_water_in_soil"
# Names of the CF standard name table that our columns have; the others go by their long names.
STANDARD_NAMES: Final = {
    "date": "time",
    "theta": THETA_NAME,
    "lat": "latitude",
    "lon": "longitude",
    "depth_mm": "depth",
    "depth_m": "depth",
    "elevation_m": "surface_altitude",
    "x_m": "projection_x_coordinate",
    "y_m": "projection_y_coordinate",
    "tmean_degc": "air_temperature",
    "rain_mm": "lwe_precipitation_rate",
}
_EXTRA: Final = {
    "date": {"axis": "T"},
    "depth_mm": {"positive": "down", "axis": "Z"},
    "depth_m": {"positive": "down", "axis": "Z"},
    "site_id": {"cf_role": "timeseries_id"},
}


@dataclass(frozen=True)
class Axes:
    """How rows lie in a cube.

    Parameters
    ----------
    keys : tuple of str
        Columns that are the dimensions.
    along : mapping of str to str
        Columns that hold one value for each entry of one key, such as a site's stratum.
    lists : mapping of str to str
        List columns and the dimension of their items.
    """

    keys: tuple[str, ...]
    along: Mapping[str, str] = field(default_factory=dict)
    lists: Mapping[str, str] = field(default_factory=dict)


def cube(
    frame: pl.DataFrame, schema: Schema, axes: Axes | None, attributes: Mapping[str, str]
) -> xr.Dataset:
    """Labelled arrays of a table.

    Parameters
    ----------
    frame : polars.DataFrame
        Rows.
    schema : Schema
        Units and meanings.
    axes : Axes or None
        Its dimensions; None gives one dimension ``row``.
    attributes : mapping
        Global attributes.

    Returns
    -------
    xarray.Dataset
        Dates rise; other keys keep the order of the table. A combination of keys that no row has is
        NaN (texts: empty).

    Raises
    ------
    RequestError
        Two rows have the same keys.
    """
    import xarray as xr

    if axes is None:
        variables: dict[str, tuple[tuple[str, ...], AnyArray]] = {
            name: (("row",), _values(frame[name])) for name in frame.columns
        }
        return _described(xr.Dataset(variables, attrs=dict(attributes)), schema)
    placed = [_placed(frame[key]) for key in axes.keys]
    shape = tuple(len(names) for _, names in placed)
    at = np.ravel_multi_index(tuple(codes for codes, _ in placed), shape)
    _refuse_twice(at, frame, axes)
    coords = {key: names for key, (_, names) in zip(axes.keys, placed, strict=True)}
    variables = {}
    for name in frame.columns:
        if name in axes.keys:
            continue
        if name in axes.lists:
            values = _listed(frame[name], at, shape)
            variables[name] = ((*axes.keys, axes.lists[name]), values)
        elif name in axes.along:
            key = axes.along[name]
            codes, names = placed[axes.keys.index(key)]
            variables[name] = ((key,), _one_each(frame[name], codes, len(names)))
        else:
            variables[name] = (axes.keys, _spread(_values(frame[name]), at, shape))
    data = xr.Dataset(variables, coords=coords, attrs=dict(attributes))
    return _described(data.set_coords([n for n in axes.along if n in variables]), schema)


def _placed(series: pl.Series) -> tuple[IntArray, AnyArray]:
    """Position of each row's key, and the keys: dates and numbers rising, others as they come."""
    if series.dtype.is_numeric() or series.dtype.is_temporal():
        names, codes = np.unique(series.to_numpy(), return_inverse=True)
        if series.dtype.is_temporal():
            names = names.astype("datetime64[ns]")
        return codes.astype(np.int64), names
    codes, found = codes_in_order(series)
    return codes, np.asarray(found.to_list(), dtype=object)


def _refuse_twice(at: IntArray, frame: pl.DataFrame, axes: Axes) -> None:
    first = np.unique(at, return_index=True)[1]
    if len(first) < len(at):
        row = int(np.setdiff1d(np.arange(len(at)), first)[0])
        told = ", ".join(f"{key} {frame[key][row]}" for key in axes.keys)
        raise RequestError(
            f"Two rows are of {told}, so they have no place of their own in a cube. Use "
            "to_polars(), or keep one of them."
        )


def _values(series: pl.Series) -> AnyArray:
    """A column as an array xarray can hold."""
    import polars as pl

    if series.dtype.is_temporal():
        return series.to_numpy().astype("datetime64[ns]")
    if series.dtype == pl.String or series.dtype.is_nested():
        return np.asarray(["" if v is None else str(v) for v in series], dtype=object)
    if series.dtype in (pl.Categorical, pl.Enum):
        return _values(series.cast(pl.String))
    return np.asarray(series.to_numpy())


def _spread(values: AnyArray, at: IntArray, shape: tuple[int, ...]) -> AnyArray:
    size = int(np.prod(shape))
    if len(at) == size and values.dtype != object and bool(np.all(np.diff(at) == 1)):
        return values.reshape(shape)
    out: AnyArray
    if values.dtype == object:
        out = np.full(size, "", dtype=object)
    elif values.dtype.kind in "iub" and len(at) == size:
        out = np.zeros(size, dtype=values.dtype)
    elif values.dtype.kind == "M":
        out = np.full(size, np.array("NaT", values.dtype))
    else:
        out = np.full(size, np.nan, dtype=values.dtype if values.dtype.kind == "f" else float)
    out[at] = values
    return out.reshape(shape)


def _one_each(series: pl.Series, codes: IntArray, n: int) -> AnyArray:
    """The value of the first row of each key."""
    first = np.unique(codes, return_index=True)[1]
    return _spread(_values(series)[first], np.arange(n), (n,))


def _listed(series: pl.Series, at: IntArray, shape: tuple[int, ...]) -> AnyArray:
    """Lists of numbers along one more dimension, short ones ended with NaN."""
    lengths = series.list.len().to_numpy().astype(np.int64)
    flat = series.explode().to_numpy() if len(series) else np.zeros(0)
    longest = int(lengths.max(initial=0))
    size = int(np.prod(shape))
    if bool(np.all(lengths == longest)) and len(at) == size and bool(np.all(np.diff(at) == 1)):
        return np.asarray(flat).reshape((*shape, longest))
    out = np.full((size, longest), np.nan, dtype=flat.dtype)
    item = np.arange(len(flat)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    out[np.repeat(at, lengths), item] = flat
    return out.reshape((*shape, longest))


def _described(data: xr.Dataset, schema: Schema) -> xr.Dataset:
    for name in data.variables:
        data[name].attrs.update(attributes_of(str(name), schema))
    return data


def attributes_of(name: str, schema: Schema) -> dict[str, Any]:
    """CF attributes of a column: standard name where there is one, meaning, unit."""
    column = schema.by_name.get(name)
    told: dict[str, Any] = {}
    if name in STANDARD_NAMES:
        told["standard_name"] = STANDARD_NAMES[name]
    if column is not None:
        told["long_name"] = column.meaning
        if name != "date" and column.kind in {"float", "floats"}:
            told["units"] = "1" if column.unit in {"-", "fraction"} else column.unit
    return told | _EXTRA.get(name, {})
