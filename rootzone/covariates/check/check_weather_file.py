"""What a file of daily weather really holds: variable, unit, days, cells, values."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from rootzone._shared.arrays import ONE_DAY, ONE_YEAR, AnyArray
from rootzone._shared.errors import RequestError
from rootzone._shared.open_files import open_netcdf
from rootzone.covariates.check.findings import FileFinding
from rootzone.covariates.layers.source import Layer
from rootzone.covariates.weather.cells import WeatherGrid
from rootzone.covariates.weather.netcdf_axes import COLS, ROWS, TIME, axis_of, read_times

_LISTED = 5


def weather_report(
    path: Path, layer: Layer | None, refusal: str | None
) -> tuple[dict[str, Any], list[FileFinding]]:
    """Facts of a file, what does not fit its entry, and what reading it refused.

    Parameters
    ----------
    path : Path
        The file.
    layer : Layer, optional
        Its entry.
    refusal : str, optional
        What the reader said when it was asked for the file's first cell.
    """
    try:
        facts = weather_facts(path, None if layer is None else layer.source.weather_grid)
    except (RequestError, OSError) as error:
        mend = "fetch the file again, or mend its axes as the sentence says"
        return {}, [FileFinding("UNREADABLE", "problem", str(error), mend)]
    findings = weather_findings(path, facts, layer)
    if refusal is not None and not any(finding.level == "problem" for finding in findings):
        mend = "as the sentence says; reading stops there"
        findings.append(FileFinding("REFUSED", "problem", refusal, mend))
    return facts, findings


def is_weather(path: Path) -> bool:
    """Whether a NetCDF file holds one variable by time, row and column."""
    try:
        file = open_netcdf(path)
    except OSError:
        return False
    with file:
        try:
            for known in (TIME, ROWS, COLS):
                axis_of(file, str(path), known)
        except RequestError:
            return False
        return sum(len(v.dimensions) >= 3 for v in file.variables.values()) >= 1


def weather_facts(path: Path, grid: WeatherGrid | None) -> dict[str, Any]:
    """Facts of a file by time, row and column.

    Raises
    ------
    RequestError
        There are no such axes, or the times cannot be read.
    OSError
        It is no NetCDF file.
    """
    with open_netcdf(path) as file:
        cubes = [v for v in file.variables.values() if len(v.dimensions) >= 3]
        if not cubes:
            raise RequestError(f"{path} holds no variable by day, lat and lon.")
        cube = cubes[0]
        times = read_times(file, str(path))
        dates = times.astype("datetime64[D]")
        y, x = (np.asarray(axis_of(file, str(path), known)[:]) for known in (ROWS, COLS))
        when = axis_of(file, str(path), TIME)
        first = tuple(0 if name in when.dimensions else slice(None) for name in cube.dimensions)
        values = np.ma.masked_invalid(cube[first])
        return {
            "driver": file.data_model,
            "variable": cube.name,
            "variables": [v.name for v in cubes],
            "notes": sorted({str(getattr(cube, k, "")) for k in ("long_name", "standard_name")}),
            "unit": str(getattr(cube, "units", "")),
            "packing": [
                float(getattr(cube, k, d)) for k, d in (("scale_factor", 1), ("add_offset", 0))
            ],
            "days": len(np.unique(dates)),
            "times": len(times),
            "first_day": str(dates.min()),
            "last_day": str(dates.max()),
            "missing_days": [str(day) for day in missing_days(dates)],
            "latitude": "north to south" if y[0] > y[-1] else "south to north",
            "grid": {
                "origin": [float(x.min()), float(y.max())], "step": [_step(x), _step(y)],
                "size": [len(x), len(y)],
            },
            "rows": _index_range(grid, y, "y"),
            "cols": _index_range(grid, x, "x"),
            "lowest_first_day": float(values.min()) if values.count() else None,
            "highest_first_day": float(values.max()) if values.count() else None,
            "masked_first_day_pct": float(100 * (1 - values.count() / values.size)),
        }  # fmt: skip


def _step(values: AnyArray) -> float | None:
    return float(np.abs(np.diff(values)).mean()) if len(values) > 1 else None


def _index_range(grid: WeatherGrid | None, values: AnyArray, axis: str) -> list[int] | None:
    if grid is None:
        return None
    try:
        index = grid.index_of(values, axis, "coordinate")
    except RequestError:
        return None
    return [int(index.min()), int(index.max())]


def missing_days(dates: AnyArray) -> AnyArray:
    """Days between the first and the last that are not there.

    More than 300 days count as a year, which runs from 1 January to 31 December.
    """
    first, last = dates.min(), dates.max()
    if np.unique(dates).size > 300:  # days, not hours of a month
        first = first.astype("datetime64[Y]").astype("datetime64[D]")
        last = (last.astype("datetime64[Y]") + ONE_YEAR).astype("datetime64[D]") - ONE_DAY
    return np.setdiff1d(np.arange(first, last + ONE_DAY), dates)


def weather_findings(path: Path, facts: dict[str, Any], layer: Layer | None) -> list[FileFinding]:
    """Everything that does not fit the catalog entry."""
    return [*_names(path, facts, layer), *_days(facts, layer), *_places(facts, layer)]


def _names(path: Path, facts: dict[str, Any], layer: Layer | None) -> Iterator[FileFinding]:
    part = layer.part if layer else None
    if layer is None:
        return
    if part is None:
        yield from _those_held(path, facts, layer)
        return
    short, variable = layer.values["variable"], facts["variable"]
    alike = [n for n, p in layer.source.variables.items() if n != short and variable in p.names]
    if alike and variable in part.names and len(facts["variables"]) == 1:
        yield FileFinding(
            "SHARED_NAME",
            "note",
            f"the variable is called {variable} in the files of {short} and {', '.join(alike)} "
            "alike",
            "keep the file's own name: it alone tells them apart",
        )
    if part.names and not set(facts["variables"]) & set(part.names):
        yield FileFinding(
            "OTHER_VARIABLE",
            "problem",
            f"{path.name} should hold {short} ({' or '.join(part.names)}), it holds {variable}",
            "the file was renamed: fetch it again",
        )
    noted = set(facts["notes"]) & (set(layer.source.variables) - {short, variable})
    if noted:
        yield FileFinding(
            "RENAMED",
            "problem",
            f"{path.name} should hold {short}, notes inside say {', '.join(sorted(noted))}",
            "the file was renamed: fetch it again",
        )


def _those_held(path: Path, facts: dict[str, Any], layer: Layer) -> Iterator[FileFinding]:
    """Which variables of an entry a file lacks that should hold them all."""
    parts = {name: part for name, part in layer.source.variables.items() if part.names}
    lacking = [n for n, p in parts.items() if not set(p.names) & set(facts["variables"])]
    if not lacking:
        return
    held = ", ".join(facts["variables"][:_LISTED])
    none = len(lacking) == len(parts)
    yield FileFinding(
        "OTHER_VARIABLE" if none else "LACKS",
        "problem" if none else "note",
        f"{path.name} holds {held}; {', '.join(lacking)} of the entry {'are' if none else 'is'} "
        "not there",
        "order the file with these variables, if a campaign needs them",
    )


def _days(facts: dict[str, Any], layer: Layer | None) -> Iterator[FileFinding]:
    missing = facts["missing_days"]
    if not missing:
        return
    listed = ", ".join(missing[:_LISTED]) + (", ..." if len(missing) > _LISTED else "")
    absent = "none" if layer is None else layer.source.absent_days
    never = absent != "none" and all(day[5:] in ("12-31", "02-29") for day in missing)
    yield FileFinding(
        "MISSING_DAYS",
        "note" if never else "problem",
        f"{len(missing)} days are missing: {listed}" + (f"; {absent} never is" if never else ""),
        "set weather.gaps: fill, which repeats the day before without its rain"
        if never
        else "fetch the file again; the current year is not complete before January",
    )


def _places(facts: dict[str, Any], layer: Layer | None) -> Iterator[FileFinding]:
    grid = None if layer is None else layer.source.weather_grid
    if grid is None:
        return
    if facts["rows"] is None or facts["cols"] is None:
        yield FileFinding(
            "OTHER_GRID",
            "problem",
            f"coordinates are no cell centres of the entry's weather_grid ({grid.words})",
            "take the file as served; a regridded one has other values in its cells. If the file "
            f"is right, its own grid is weather_grid: {facts['grid']}",
        )
    elif facts["latitude"] == "south to north":
        yield FileFinding(
            "LATITUDE_TURNED",
            "note",
            "latitude runs south to north",
            "nothing: cells are found by coordinate",
        )
