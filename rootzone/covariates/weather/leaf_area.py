"""Leaf area of weather cells from maps of some days, such as the composites of MODIS."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import Bounds, MasterGrid
from rootzone.covariates.layers.catalog import Catalog
from rootzone.covariates.layers.source import Source
from rootzone.covariates.layers.stack import CovariateStack
from rootzone.covariates.weather.cells import Cells
from rootzone.covariates.weather.forcing import ForcingYear

_SPACING_M = 500.0  # pixels of MODIS, about 60 to a cell
# Dates as paths spell them: 2022033 (MODIS: year and day of the year, newer cuts with six zeros
# for the time), 20220202, 2022-02-02. No digit may follow, or one would be the start of another.
_SPELLINGS = (
    (r"\d{4}-\d{2}-\d{2}", "%Y-%m-%d"),
    (r"\d{13}", "%Y%j%H%M%S"),
    (r"\d{8}", "%Y%m%d"),
    (r"\d{7}", "%Y%j"),
)


def leaf_area_of_cells(
    catalog: Catalog, name: str, cells: Cells, bounds: Bounds, first: date, last: date
) -> tuple[FloatArray, list[Path]]:
    """Mean leaf area of each cell on the days that have a map, and the files it is of.

    Days between maps stay NaN: the engine fills gaps of up to 32 days in a line and names longer
    ones, across the ends of years.

    Parameters
    ----------
    catalog : Catalog
        Where the maps are.
    name : str
        Their entry, whose path holds ``{date}``.
    cells : Cells
        Cells wanted.
    bounds : tuple of float
        West, south, east, north [degree] of the region; the maps must cover it.
    first, last : date
        Days wanted, both included.

    Returns
    -------
    lai : array, shape (day, cell)
        Mean of the pixels that hold leaf area [m2 m-2]; NaN on other days, and where a map has
        fill classes alone.
    files : list of Path
        What was read.

    Raises
    ------
    RequestError
        The entry is not of leaf area by date, or no day of the span has a map.
    """
    source = catalog.source(name)
    days = dates_of_maps(source, name, catalog.data_folder)
    wanted = {spelt: day for spelt, day in days.items() if first <= day <= last}
    if not wanted:
        near = f"; those there are of {min(days.values())} to {max(days.values())}" if days else ""
        raise RequestError(
            f"weather.leaf_area: {name} has no map of {first} to {last} below "
            f"{catalog.data_folder / source.path}{near}. Order them ({source.note or source.doi}), "
            "or leave the key null: leaves then follow temperature."
        )
    grid = MasterGrid.for_bounds(bounds, _SPACING_M, 8)
    at = cells.grid.ids(grid, grid.full_window).ravel()
    order = np.argsort(cells.cell_id)
    inside = np.isin(at, cells.cell_id)
    place = order[np.searchsorted(cells.cell_id, at[inside], sorter=order)]
    lai = np.full(((last - first).days + 1, len(cells)), np.nan)
    files: list[Path] = []
    for spelt, day in wanted.items():
        with CovariateStack(catalog, grid, bounds) as stack:
            values = stack.read(f"{name}/{spelt}", grid.full_window).astype(np.float64).ravel()
            files += stack.files(f"{name}/{spelt}")
        values = values[inside]
        known = np.isfinite(values)
        count = np.bincount(place[known], minlength=len(cells))
        total = np.bincount(place[known], weights=values[known], minlength=len(cells))
        with np.errstate(invalid="ignore"):
            lai[(day - first).days] = total / count
    return lai, files


def with_leaf_area(
    weather: ForcingYear, catalog: Catalog, name: str, bounds: Bounds
) -> ForcingYear:
    """The weather of a year with a column ``lai``; see ``leaf_area_of_cells``."""
    first, last = (date.fromisoformat(str(weather.dates[at])) for at in (0, -1))
    lai, files = leaf_area_of_cells(catalog, name, weather.cells, bounds, first, last)
    return replace(weather, columns={**weather.columns, "lai": lai}, files=(*weather.files, *files))


def dates_of_maps(source: Source, name: str, data_folder: Path) -> dict[str, date]:
    """Days of the maps that lie below the data folder, by how the path spells them, in order.

    Raises
    ------
    RequestError
        The entry is not of leaf area by date.
    """
    require_leaf_area(source, name)
    before, after = (re.escape(part).replace(r"\{any\}", ".*") for part in _split(source.path))
    found: dict[str, date] = {}
    for path in data_folder.glob(_filled(source.path, "*")):
        text = path.relative_to(data_folder).as_posix()
        for pattern, spelling in _SPELLINGS:
            hit = re.fullmatch(rf"{before}({pattern})(?!\d){after}", text)
            if hit:
                found[hit[1]] = datetime.strptime(hit[1], spelling).date()
                break
    return dict(sorted(found.items(), key=lambda pair: pair[1]))


def require_leaf_area(source: Source, name: str) -> None:
    """Refuse an entry that is not leaf area by date.

    Raises
    ------
    RequestError
        Its unit or its path says so.
    """
    if source.keys != ("date",) or source.unit != "m2 m-2":
        raise RequestError(
            f"weather.leaf_area: {name} is not leaf area by date (unit m2 m-2 and {{date}} in the "
            "path of its catalog entry). Name an entry that is, such as modis_lai."
        )


def _split(path: str) -> tuple[str, str]:
    before, _, after = path.partition("{date}")
    return before, after


def _filled(path: str, spelt: str) -> str:
    return re.sub(r"\*+", "*", path.replace("{date}", spelt).replace("{any}", "*"))
