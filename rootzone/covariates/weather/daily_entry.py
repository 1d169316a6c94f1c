"""What an entry of daily weather gives: which variable makes a column, and whose days its are."""

from __future__ import annotations

from typing import Final

from rootzone._shared.errors import RequestError
from rootzone.covariates.layers.catalog import Catalog
from rootzone.covariates.layers.source import Layer

_DEGREES_PER_HOUR: Final = 15.0


def column_layer(catalog: Catalog, entry: str, column: str, year: int) -> Layer:
    """The variable of an entry of daily weather that gives a column.

    Raises
    ------
    RequestError
        It gives no such column.
    """
    source = catalog.source(entry)
    short = next((name for name, part in source.variables.items() if part.column == column), None)
    if short is None:
        given = ", ".join(sorted({p.column for p in source.variables.values()} - {""}))
        raise RequestError(f"{entry} gives no {column}; it gives {given or 'no weather'}.")
    parts = {"variable": short, "year": str(year)}
    return catalog.layer("/".join([entry, *(parts[key] for key in source.keys)]))


def hours_from_utc(
    catalog: Catalog, entry: str, lon_deg: float, asked_h: float | None = None
) -> float:
    """Local time less UTC [h] for weather that comes by hours: as asked, or by longitude.

    0 for weather of whole days.
    """
    whole = ("as it is", "total at 0 h")
    if all(part.by_day in whole for part in catalog.source(entry).variables.values()):
        return 0.0
    return float(round(lon_deg / _DEGREES_PER_HOUR)) if asked_h is None else asked_h
