"""Weather by day and cell in NetCDF: yearly or monthly files, a file a day, or an address.

An address that ends in .nc is read in parts where it lies, chunk by chunk of the cells wanted; one
with /dodsC/ or /opendap/ in it, and any other, is taken for OPeNDAP.

The variable inside a file need not say what it is (gridMET's files of tmmx and tmmn both hold
``air_temperature``). What a file holds is decided by the catalog's path, and checked against the
names and notes inside. Values of parts of a day become values of days as the entry says.
"""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rootzone._shared.arrays import AnyArray
from rootzone._shared.errors import RequestError
from rootzone._shared.open_files import open_netcdf
from rootzone.covariates.fetch.checksums import check_inputs
from rootzone.covariates.fetch.netcdf3_length import NotClassic, missing_bytes
from rootzone.covariates.layers.source import Layer
from rootzone.covariates.weather.cells import Cells
from rootzone.covariates.weather.convert import conversion
from rootzone.covariates.weather.daily import DailyValues, by_day
from rootzone.covariates.weather.day_files import once, spelled
from rootzone.covariates.weather.netcdf_axes import cell_axes, read_times

if TYPE_CHECKING:
    from netCDF4 import Dataset

    from rootzone.covariates.check.findings import FileFinding

_ONE_DAY = timedelta(days=1)
_OPENDAP = re.compile(r"(?i)/(dodsc|opendap|thredds/dap4)/")
_TRIES, _PAUSE_S = 3, 2.0  # of a server


class DailyNetCdf:
    """NetCDF-3, NetCDF-4 and OPeNDAP, one variable at a time."""

    def paths(self, layer: Layer, data_folder: Path, first: date, last: date) -> list[str | Path]:
        """Files or addresses of a span of days.

        Where a day is put together from hours, those of the days beside it too, if they are there.
        """
        found = spelled(layer, data_folder, first, last)
        if layer.part is None or layer.part.by_day == "as it is":
            return found
        beside = spelled(layer, data_folder, first - _ONE_DAY, last + _ONE_DAY)
        return [p for p in beside if p in found or (isinstance(p, Path) and p.is_file())]

    def read(
        self,
        layer: Layer,
        data_folder: Path,
        cells: Cells,
        first: date,
        last: date,
        utc_offset_h: float = 0.0,
    ) -> DailyValues:
        """One variable for some cells and days; days that no file holds are not returned."""
        part = layer.part
        if part is None:
            raise RequestError(f"{layer.address} does not say which variable is meant.")
        margin = timedelta(0) if part.by_day == "as it is" else _ONE_DAY
        paths = self.paths(layer, data_folder, first, last)
        check_inputs([path for path in paths if isinstance(path, Path)], data_folder)
        pieces = [
            self.read_file(path, layer, cells, first - margin, last + margin) for path in paths
        ]
        times = np.concatenate([piece[0] for piece in pieces])
        values = np.concatenate([piece[1] for piece in pieces])
        where = f"{layer.address}, {first} to {last}"
        order = np.argsort(times, kind="stable")
        times, values = times[order], values[order]
        once(times, where, whole_days=part.by_day == "as it is")
        if part.by_day == "as it is":
            dates = times.astype("datetime64[D]")
        else:
            read = by_day(times, values, part.by_day, layer.source.stamps, utc_offset_h, where)
            dates, values = read.dates, read.values
        kept = (dates >= np.datetime64(first)) & (dates <= np.datetime64(last))
        return DailyValues(dates[kept], np.asarray(values[kept], dtype=np.float32))

    def read_file(
        self,
        address: str | Path,
        layer: Layer,
        cells: Cells,
        first: date | None = None,
        last: date | None = None,
    ) -> tuple[AnyArray, AnyArray]:
        """Times and values, shape (time, cell), of one file, in the entry's unit.

        Raises
        ------
        RequestError
            The file is missing or damaged, holds another variable or unit, does not cover the
            cells, or repeats a time.
        """
        name = str(address)
        if isinstance(address, Path):
            refuse_cut(address)
        assert layer.part is not None  # noqa: S101 - held by read and check
        try:
            with _opened(name) as file:
                variable = the_variable(file, name, layer)
                times = read_times(file, name)
                once(times, name, whole_days=layer.part.by_day == "as it is")
                days = _span(times.astype("datetime64[D]"), first, last)
                axes = cell_axes(file, variable, cells.grid, cells.row, cells.col, name)
                convert = conversion(
                    str(getattr(variable, "units", "")) or layer.part.stored_unit,
                    layer.part.unit,
                    f"{name}: {variable.name}",
                )
                values = axes.read(variable, days)
        except OSError as error:
            raise RequestError(
                f"{name} cannot be read as NetCDF: {error}. A broken download or a web page saved "
                "as data looks like this; look at it with: rootzone catalog check"
            ) from error
        return times[days], convert(values)

    def check(self, path: Path, layer: Layer | None) -> tuple[dict[str, Any], list[FileFinding]]:
        """Facts of a file, what does not fit, and what reading it would refuse."""
        from rootzone.covariates.check.check_weather_file import weather_report

        return weather_report(path, layer, None if layer is None else self._refusal(path, layer))

    def _refusal(self, path: Path, layer: Layer) -> str | None:
        """What reading the file's own first cell would say, of every variable it should hold."""
        grid = layer.source.weather_grid
        if grid is None:
            return None
        from rootzone.covariates.weather.netcdf_axes import COLS, ROWS, axis_of

        try:
            with open_netcdf(path) as file:
                row, col = (
                    grid.index_of(np.asarray(axis_of(file, str(path), known)[:1]), axis, str(path))
                    for known, axis in ((ROWS, "y"), (COLS, "x"))
                )
                held = set(file.variables)
            for name, part in layer.source.variables.items():
                if layer.part is None and held & set(part.names):
                    one = replace(layer, values=layer.values | {"variable": name})
                    self.read_file(path, one, Cells(grid, row, col))
            if layer.part is not None:
                self.read_file(path, layer, Cells(grid, row, col))
        except (RequestError, OSError) as error:
            return str(error)
        return None


READER = DailyNetCdf()


def _opened(name: str) -> Any:  # noqa: ANN401 - netCDF4 is untyped
    """An open file or address; a server that does not answer is asked again."""
    remote = name.startswith(("http://", "https://"))
    parts = remote and name.lower().endswith((".nc", ".nc4")) and not _OPENDAP.search(name)
    tries = _TRIES if remote else 1
    for left in range(tries - 1, -1, -1):
        try:
            return open_netcdf(name + "#mode=bytes" if parts else name)
        except OSError:
            if not left:
                raise
            time.sleep(_PAUSE_S)
    raise AssertionError  # pragma: no cover - the last try returns or raises


def refuse_cut(path: Path) -> None:
    """A classic file that was cut short would be read as zeros: rain that never fell.

    Raises
    ------
    RequestError
        The file is missing, damaged or cut.
    """
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


def the_variable(file: Dataset, name: str, layer: Layer) -> Any:  # noqa: ANN401 - a Variable
    """The variable a layer is, among those by time, row and column.

    Raises
    ------
    RequestError
        There is none, several, or one that is called or noted to be another.
    """
    part, short = layer.part, layer.values["variable"]
    assert part is not None  # noqa: S101 - held by the callers
    candidates = [v for v in file.variables.values() if len(v.dimensions) >= 3]
    named = [v for v in candidates if v.name in part.names]
    if len(named) == 1:
        candidates = named
    if len(candidates) != 1:
        found = ", ".join(v.name for v in candidates) or "none"
        raise RequestError(f"{name}: one variable by day, lat and lon is expected, found {found}.")
    variable = candidates[0]
    if part.names and variable.name not in part.names:
        raise RequestError(
            f"{name} should hold {short} ({' or '.join(part.names)}), but its variable is "
            f"{variable.name}. The file was renamed, or the catalog's path names another one."
        )
    noted = {str(getattr(variable, key, "")) for key in ("long_name", "standard_name")}
    other = (noted & set(layer.source.variables)) - {short, variable.name}
    if other:
        raise RequestError(
            f"{name} should hold {short}, but notes inside say {other.pop()}. Both have a "
            f"variable called {variable.name}; the file was renamed."
        )
    return variable


def _span(dates: AnyArray, first: date | None, last: date | None) -> slice:
    """Days of the file that are wanted, as one slice: an aggregate of decades is not read whole."""
    wanted = np.ones(dates.size, dtype=bool)
    if first is not None:
        wanted &= dates >= np.datetime64(first)
    if last is not None:
        wanted &= dates <= np.datetime64(last)
    at = np.flatnonzero(wanted)
    return slice(int(at[0]), int(at[-1]) + 1) if at.size else slice(0, 0)
