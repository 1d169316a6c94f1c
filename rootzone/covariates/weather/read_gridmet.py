"""Daily values from gridMET files: yearly NetCDF-4, NetCDF-3 subsets, or an OPeNDAP address.

The variable inside a file does not say what it is: the yearly files of tmmx and tmmn both hold
``air_temperature``, rmax and rmin both ``relative_humidity``, pet and etr both
``potential_evapotranspiration``. What a file holds is decided by the catalog's path, and checked
against the names and notes inside.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rootzone._shared.arrays import AnyArray, IntArray
from rootzone._shared.errors import RequestError
from rootzone._shared.open_files import open_netcdf
from rootzone.covariates.fetch.netcdf3_length import NotClassic, missing_bytes
from rootzone.covariates.weather.cells import (
    FIRST_LAT_DEG,
    FIRST_LON_DEG,
    STEP_DEG,
    Cells,
    lattice_index,
)

if TYPE_CHECKING:
    from netCDF4 import Dataset

    from rootzone.covariates.layers.catalog import Part

_KELVIN_AT_0_DEGC = 273.15
_MJ_PER_W_DAY = 0.0864  # 86400 s in a day, 1e6 J in a MJ

# Unit in the file and unit in the catalog, as text without spaces, and how to get there.
_CONVERSIONS: dict[tuple[str, str], Callable[[AnyArray], AnyArray]] = {
    ("K", "degC"): lambda value: value - np.float32(_KELVIN_AT_0_DEGC),
    ("degC", "degC"): lambda value: value,
    ("mm", "mmd-1"): lambda value: value,
    ("Wm-2", "MJm-2d-1"): lambda value: value * np.float32(_MJ_PER_W_DAY),
    ("kPa", "kPa"): lambda value: value,
    ("ms-1", "ms-1"): lambda value: value,
    ("%", "%"): lambda value: value,
    ("kgkg-1", "kgkg-1"): lambda value: value,
}
_SPELLINGS = {
    "W/m2": "Wm-2", "W/m^2": "Wm-2", "Wm^-2": "Wm-2", "m/s": "ms-1", "kg/kg": "kgkg-1",
    "C": "degC", "mm/day": "mm", "mmd-1": "mm", "percent": "%",
}  # fmt: skip
_SHORT_NAMES = frozenset(
    {"pr", "tmmx", "tmmn", "rmax", "rmin", "sph", "srad", "vs", "vpd", "pet", "etr"}
)


@dataclass(frozen=True)
class DailyValues:
    """One variable of one file.

    Parameters
    ----------
    dates : array of datetime64[D], shape (day,)
        Days the file holds, in its order.
    values : array, shape (day, cell)
        Values in the catalog's unit, NaN where the file has none.
    """

    dates: AnyArray
    values: AnyArray


def read_gridmet(
    address: str | Path,
    short_name: str,
    part: Part,
    cells: Cells,
    first: date | None = None,
    last: date | None = None,
) -> DailyValues:
    """One variable for some cells, all days of a file or those of a span.

    Parameters
    ----------
    address : str or Path
        A file, or an OPeNDAP address (``http://.../dodsC/...``).
    short_name : str
        What the catalog says the file holds, such as ``tmmx``.
    part : Part
        The catalog's description: unit and the names the variable may have inside.
    cells : Cells
        Cells to read.
    first, last : date, optional
        First and last day wanted; days the file does not hold are simply not returned.

    Raises
    ------
    RequestError
        The file is missing or damaged, holds another variable or unit, does not cover the cells,
        or repeats a day.
    """
    name = str(address)
    if not _is_remote(name):
        _refuse_cut(Path(address))
    try:
        with open_netcdf(name) as file:
            variable = _variable(file, name, short_name, part)
            dates = read_dates(file, name)
            days = _span(dates, first, last)
            values = _cells(file, variable, cells, name, days)
            convert = _conversion(variable, part, name)
    except OSError as error:
        raise RequestError(
            f"{name} cannot be read as NetCDF: {error}. A broken download or a web page saved as "
            "data looks like this; look at it with: rootzone catalog check"
        ) from error
    return DailyValues(dates[days], convert(values))


def _refuse_cut(path: Path) -> None:
    """A classic file that was cut short would be read as zeros: rain that never fell."""
    if not path.is_file():
        raise RequestError(f"{path} does not exist. Fetch it with: rootzone fetch")
    try:
        lacking = missing_bytes(path)
    except NotClassic as error:
        raise RequestError(f"{path} is a damaged NetCDF file: {error}. Fetch it again.") from error
    if lacking:
        raise RequestError(
            f"{path} was cut short: its header promises {lacking} bytes more. Delete it and fetch "
            "it again."
        )


def _is_remote(name: str) -> bool:
    return name.startswith(("http://", "https://"))


def _variable(file: Dataset, name: str, short_name: str, part: Part) -> Any:  # noqa: ANN401
    candidates = [v for v in file.variables.values() if len(v.dimensions) == 3]
    if len(candidates) != 1:
        found = ", ".join(v.name for v in candidates) or "none"
        raise RequestError(f"{name}: one variable by day, lat and lon is expected, found {found}.")
    variable = candidates[0]
    if part.names and variable.name not in part.names:
        raise RequestError(
            f"{name} should hold {short_name} ({' or '.join(part.names)}), but its variable is "
            f"{variable.name}. The file was renamed, or the catalog's path names another one."
        )
    noted = {str(getattr(variable, key, "")) for key in ("long_name", "standard_name")}
    other = (noted & _SHORT_NAMES) - {short_name}
    if other:
        raise RequestError(
            f"{name} should hold {short_name}, but notes inside say {other.pop()}. Both have a "
            f"variable called {variable.name}; the file was renamed."
        )
    return variable


def read_dates(file: Dataset, name: str) -> AnyArray:
    """Days of an open file as dates; the unit is read, never assumed.

    Raises
    ------
    RequestError
        There is no day axis, or a day stands there twice.
    """
    import netCDF4

    day = _axis(file, name, ("day", "time"))
    numbers = np.asarray(day[:], dtype=np.float64)
    stamps: Any = netCDF4.num2date(numbers, day.units, only_use_cftime_datetimes=False)
    dates = np.array([date(s.year, s.month, s.day) for s in stamps], dtype="datetime64[D]")
    values, counts = np.unique(dates, return_counts=True)
    if (counts > 1).any():
        raise RequestError(f"{name} holds {values[counts > 1][0]} more than once.")
    return dates


def _axis(file: Dataset, name: str, known: Sequence[str]) -> Any:  # noqa: ANN401 - a Variable
    for key in known:
        if key in file.variables:
            return file.variables[key]
    raise RequestError(f"{name} has no axis {' or '.join(known)}; it is not a gridMET file.")


def _span(dates: AnyArray, first: date | None, last: date | None) -> slice:
    """Days of the file that are wanted, as one slice: an aggregate of decades is not read whole."""
    if dates.size == 0:
        return slice(0, 0)
    wanted = np.ones(dates.size, dtype=bool)
    if first is not None:
        wanted &= dates >= np.datetime64(first)
    if last is not None:
        wanted &= dates <= np.datetime64(last)
    at = np.flatnonzero(wanted)
    return slice(int(at[0]), int(at[-1]) + 1) if at.size else slice(0, 0)


def _cells(
    file: Dataset,
    variable: Any,  # noqa: ANN401 - a netCDF4 Variable
    cells: Cells,
    name: str,
    days: slice,
) -> AnyArray:
    """Values of the cells, shape (day, cell), whichever way latitude runs."""
    lat = np.asarray(_axis(file, name, ("lat", "latitude"))[:], dtype=np.float64)
    lon = np.asarray(_axis(file, name, ("lon", "longitude"))[:], dtype=np.float64)
    i = _positions(lattice_index(lat, FIRST_LAT_DEG, -STEP_DEG, f"{name}: latitude"), cells.row)
    j = _positions(lattice_index(lon, FIRST_LON_DEG, STEP_DEG, f"{name}: longitude"), cells.col)
    lost = (i < 0) | (j < 0)
    if lost.any():
        raise RequestError(
            f"{name} covers {lat.min():.4f} to {lat.max():.4f} N and {lon.min():.4f} to "
            f"{lon.max():.4f} E: {int(lost.sum())} of {len(cells)} cells of the region lie outside."
        )
    top, left = int(i.min()), int(j.min())
    box = np.ma.filled(
        variable[days, top : int(i.max()) + 1, left : int(j.max()) + 1].astype(np.float32), np.nan
    )
    return np.asarray(box[:, i - top, j - left])


def _positions(held: IntArray, wanted: IntArray) -> IntArray:
    """Where each wanted index stands on an axis; -1 where it does not."""
    order = np.argsort(held)
    at = np.searchsorted(held, wanted, sorter=order)
    at = order[np.clip(at, 0, held.size - 1)]
    return np.where(held[at] == wanted, at, -1)


def _conversion(
    variable: Any,  # noqa: ANN401 - a netCDF4 Variable
    part: Part,
    name: str,
) -> Callable[[AnyArray], AnyArray]:
    found = str(getattr(variable, "units", "")).replace(" ", "")
    key = (_SPELLINGS.get(found, found), part.unit.replace(" ", ""))
    if key not in _CONVERSIONS:
        raise RequestError(
            f"{name}: {variable.name} is in {found or 'no unit'!r}, which is not known to become "
            f"{part.unit!r}. Correct units in the file (ncatted), or unit in the catalog."
        )
    return _CONVERSIONS[key]
