"""Places that cannot be on Earth, in any table that holds places."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rootzone._shared.errors import RequestError

if TYPE_CHECKING:
    import polars as pl

_LATITUDES, _LONGITUDES = ("lat", "latitude"), ("lon", "longitude")
_POLE_DEG, _TURN_DEG = 90.0, 360.0


def is_place(lat_deg: float, lon_deg: float) -> bool:
    """Whether there is such a place; longitudes run from -180 to 180 or from 0 to 360.

    Examples
    --------
    >>> is_place(40.0, -105.2), is_place(40.0, 254.8), is_place(-105.2, 40.0)
    (True, True, False)
    """
    return abs(lat_deg) <= _POLE_DEG and -_TURN_DEG / 2 <= lon_deg <= _TURN_DEG


def refuse_impossible_places(frame: pl.DataFrame, path: Path | str) -> None:
    """Refuse a table in which some row lies nowhere on Earth; empty cells are let pass.

    Parameters
    ----------
    frame : polars.DataFrame
        Any table; one without a latitude or a longitude has no places.
    path : Path or str
        What to call it.

    Raises
    ------
    RequestError
        With the first such row, how many there are, and what would explain them: the two columns
        exchanged, or metres of a projection.
    """
    import polars as pl

    names = {name.lower(): name for name in frame.columns if frame[name].dtype.is_numeric()}
    lat = next((names[name] for name in _LATITUDES if name in names), None)
    lon = next((names[name] for name in _LONGITUDES if name in names), None)
    if lat is None or lon is None:
        return
    known = frame.with_row_index("_row").select(
        "_row", lat=pl.col(lat).cast(pl.Float64), lon=pl.col(lon).cast(pl.Float64)
    )
    known = known.filter(pl.col("lat").is_finite() & pl.col("lon").is_finite())
    on_earth = (pl.col("lat").abs() <= _POLE_DEG) & pl.col("lon").is_between(
        -_TURN_DEG / 2, _TURN_DEG
    )
    wrong = known.filter(~on_earth)
    if not wrong.height:
        return
    row, lat_deg, lon_deg = wrong.row(0)
    raise RequestError(
        f"{path} row {row + 1}: latitude {lat_deg:g}, longitude {lon_deg:g} is no place on Earth "
        f"({wrong.height} of {known.height} rows). {_reason(lat_deg, lon_deg)}"
    )


def _reason(lat_deg: float, lon_deg: float) -> str:
    if is_place(lon_deg, lat_deg):
        return "Are the columns of latitude and longitude exchanged? Write each under its name."
    if max(abs(lat_deg), abs(lon_deg)) > _TURN_DEG:
        return "Are these metres of a projection? Write degrees of WGS 84."
    return "Latitudes run from -90 to 90, longitudes from -180 to 180. Correct the row."
