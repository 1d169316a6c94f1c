"""A coarse product over a region: one field a day and layer, by the readers of the catalog."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone._shared.errors import RequestError
from rootzone.covariates.layers.catalog import Catalog
from rootzone.surface.grids.cell_grid import CellGrid


@dataclass(frozen=True)
class ProductCells:
    """Water content of one layer on cells of degrees.

    Parameters
    ----------
    grid : CellGrid
        Cells over the region.
    by_day : dict of int to array, shape (row, col)
        Mean of the day [m3 m-3] by days since 1970-01-01; NaN where unknown.
    said : tuple of str
        What was read.
    """

    grid: CellGrid
    by_day: dict[int, FloatArray]
    said: tuple[str, ...]

    def over(self, days: Sequence[int]) -> FloatArray:
        """Fields of some days, shape (day, row, col); NaN on days without one."""
        nothing = np.full(self.grid.shape, np.nan)
        return np.stack([self.by_day.get(day, nothing) for day in days])


def read_product(
    paths: Sequence[Path],
    catalog: Catalog,
    source: str | None,
    quantities: Sequence[str],
    box: tuple[float, float, float, float],
) -> ProductCells:
    """Read the cells over a region; several variables are averaged by the thickness of layers.

    Parameters
    ----------
    paths : sequence of Path
        Files of one product.
    catalog : Catalog
        Entries.
    source : str, optional
        The entry that is meant.
    quantities : sequence of str
        Variables of the entry.
    box : tuple of float
        West, south, east, north [degree].

    Raises
    ------
    RequestError
        A file is of no such product, lies on another grid than the others, or lacks a variable.
    """
    grid: CellGrid | None = None
    total: dict[str, dict[int, FloatArray]] = {name: {} for name in quantities}
    count: dict[str, dict[int, FloatArray]] = {name: {} for name in quantities}
    thickness: dict[str, float] = {}
    said: list[str] = []
    for path in paths:
        for field, name, mm, line in _fields(path, catalog, source, quantities, box):
            cells = CellGrid.of_centres(field.lon, field.lat)
            grid = grid or cells
            if cells != grid:
                raise RequestError(
                    f"{path} has cells of {cells.step_deg:g} degree, {cells.height} x "
                    f"{cells.width}, the files before it {grid.step_deg:g}, {grid.height} x "
                    f"{grid.width}. One product, please."
                )
            thickness[name] = mm
            said.append(line)
            for day, values in zip(field.days, field.values, strict=True):
                known = np.isfinite(values)
                total[name][day] = total[name].get(day, 0.0) + np.where(known, values, 0.0)
                count[name][day] = count[name].get(day, 0.0) + known
    lacking = [name for name in quantities if not total[name]]
    if grid is None or lacking:
        raise RequestError(
            f"None of {len(paths)} files has {', '.join(lacking)}. Name the product's variables as "
            "rootzone surface observe tells them."
        )
    days = set.intersection(*(set(total[name]) for name in quantities))
    whole = sum(thickness[name] for name in quantities)
    with np.errstate(invalid="ignore", divide="ignore"):
        by_day = {
            day: np.asarray(sum(
                total[name][day] / count[name][day] * (thickness[name] / whole)
                for name in quantities
            ))
            for day in sorted(days)
        }  # fmt: skip
    return ProductCells(grid, by_day, tuple(said))


@dataclass(frozen=True)
class _Field:
    lon: FloatArray
    lat: FloatArray
    days: list[int]
    values: FloatArray


def _fields(
    path: Path,
    catalog: Catalog,
    source: str | None,
    quantities: Sequence[str],
    box: tuple[float, float, float, float],
) -> list[tuple[_Field, str, float, str]]:
    from rootzone._shared.day_in_name import day_in_name
    from rootzone.covariates.check.check import layers_for
    from rootzone.covariates.observe.each import those_held
    from rootzone.covariates.observe.gridded import part_of, read_gridded, said_of

    known = [
        one for one in layers_for(path, catalog, source)
        if one.source.kind == "observations" and one.source.reader == "moisture_grid"
    ]  # fmt: skip
    if not known:
        raise RequestError(
            f"{path}: no catalog entry of moisture on a grid has a path like this name. Say which "
            "it is with surface.two_layer.product_as; rootzone catalog list names them."
        )
    found = []
    for layer in those_held(path, known[0]):
        name = layer.values["variable"]
        if name not in quantities:
            continue
        field = read_gridded(path, layer, box)
        time = field.time
        if time is None:
            time = np.array([day_in_name(path.name)], dtype="datetime64[D]")
        top, bottom = part_of(layer).layer_mm or (0.0, 1.0)
        lon = (field.lon + 180.0) % 360.0 - 180.0
        days = time.astype("datetime64[D]").astype(np.int64).tolist()
        cells = _Field(lon, field.lat, days, field.values)
        found.append((cells, name, bottom - top, said_of(path, layer)))
    return found
