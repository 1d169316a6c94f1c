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
from rootzone.covariates.layers.catalog import Layer
from rootzone.covariates.weather.cells import FIRST_LAT_DEG, FIRST_LON_DEG, STEP_DEG, lattice_index
from rootzone.covariates.weather.read_gridmet import read_dates

SHARED_NAMES = {
    "air_temperature": "tmmx and tmmn",
    "relative_humidity": "rmax and rmin",
    "potential_evapotranspiration": "pet and etr",
}
_LISTED = 5


def weather_facts(path: Path) -> dict[str, Any] | None:
    """Facts of a file by day, latitude and longitude; None where it is no such file.

    Raises
    ------
    RequestError
        The days cannot be read.
    """
    try:
        file = open_netcdf(path)
    except OSError:
        return None
    with file:
        cubes = [v for v in file.variables.values() if len(v.dimensions) == 3]
        if len(cubes) != 1 or not {"lat", "lon", "day"} <= set(file.variables):
            return None
        cube = cubes[0]
        dates = read_dates(file, str(path))
        lat, lon = np.asarray(file["lat"][:]), np.asarray(file["lon"][:])
        values = np.ma.masked_invalid(cube[0])
        return {
            "driver": file.data_model,
            "variable": cube.name,
            "notes": sorted({str(getattr(cube, k, "")) for k in ("long_name", "standard_name")}),
            "unit": str(getattr(cube, "units", "")),
            "packing": [
                float(getattr(cube, k, d)) for k, d in (("scale_factor", 1), ("add_offset", 0))
            ],
            "days": len(dates),
            "first_day": str(dates.min()),
            "last_day": str(dates.max()),
            "missing_days": [str(day) for day in missing_days(dates)],
            "latitude": "north to south" if lat[0] > lat[-1] else "south to north",
            "rows": _index_range(lat, FIRST_LAT_DEG, -STEP_DEG),
            "cols": _index_range(lon, FIRST_LON_DEG, STEP_DEG),
            "lowest_first_day": float(values.min()) if values.count() else None,
            "highest_first_day": float(values.max()) if values.count() else None,
            "masked_first_day_pct": float(100 * (1 - values.count() / values.size)),
        }


def _index_range(values: AnyArray, first: float, step: float) -> list[int] | None:
    try:
        index = lattice_index(values, first, step, "coordinate")
    except RequestError:
        return None
    return [int(index.min()), int(index.max())]


def missing_days(dates: AnyArray) -> AnyArray:
    """Days between the first and the last that are not there.

    More than 300 days count as a year, which runs from 1 January to 31 December.
    """
    first, last = dates.min(), dates.max()
    if len(dates) > 300:
        first = first.astype("datetime64[Y]").astype("datetime64[D]")
        last = (last.astype("datetime64[Y]") + ONE_YEAR).astype("datetime64[D]") - ONE_DAY
    return np.setdiff1d(np.arange(first, last + ONE_DAY), dates)


def weather_findings(path: Path, facts: dict[str, Any], layer: Layer | None) -> list[FileFinding]:
    """Everything that does not fit gridMET or the catalog entry."""
    return [*_names(path, facts, layer), *_days(facts), *_places(facts)]


def _names(path: Path, facts: dict[str, Any], layer: Layer | None) -> Iterator[FileFinding]:
    variable = facts["variable"]
    if variable in SHARED_NAMES:
        yield FileFinding(
            "SHARED_NAME",
            "note",
            f"the variable is called {variable} in the files of {SHARED_NAMES[variable]} alike",
            "keep the file's own name: it alone tells them apart",
        )
    part = layer.part if layer else None
    if layer is None or part is None:
        return
    short = layer.values["variable"]
    if part.names and variable not in part.names:
        yield FileFinding(
            "OTHER_VARIABLE",
            "problem",
            f"{path.name} should hold {short} ({' or '.join(part.names)}), it holds {variable}",
            "the file was renamed: fetch it again",
        )
    noted = set(facts["notes"]) & (set(layer.source.variables) - {short})
    if noted:
        yield FileFinding(
            "RENAMED",
            "problem",
            f"{path.name} should hold {short}, notes inside say {', '.join(sorted(noted))}",
            "the file was renamed: fetch it again",
        )


def _days(facts: dict[str, Any]) -> Iterator[FileFinding]:
    missing = facts["missing_days"]
    if missing:
        listed = ", ".join(missing[:_LISTED]) + (", ..." if len(missing) > _LISTED else "")
        yield FileFinding(
            "MISSING_DAYS",
            "problem",
            f"{len(missing)} days are missing: {listed}",
            "fetch the file again; the current year is not complete before January",
        )


def _places(facts: dict[str, Any]) -> Iterator[FileFinding]:
    if facts["rows"] is None or facts["cols"] is None:
        yield FileFinding(
            "OTHER_GRID",
            "problem",
            "coordinates are no cell centres of gridMET (1/24 degree from 49.4 N, 124.7667 W)",
            "take the file as served; a regridded one has other values in its cells",
        )
    elif facts["latitude"] == "south to north":
        yield FileFinding(
            "LATITUDE_TURNED",
            "note",
            "latitude runs south to north; gridMET itself runs north to south",
            "nothing: cells are found by coordinate",
        )
