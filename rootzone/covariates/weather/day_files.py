"""Files that hold a span of days: a file a year, a month or a day, as the catalog's path says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from rootzone._shared.arrays import AnyArray
from rootzone._shared.errors import RequestError
from rootzone.covariates.layers.source import Layer, fill

_ONE_DAY = timedelta(days=1)
_DAY_KEYS = ("year", "month", "day")


def spelled(layer: Layer, data_folder: Path, first: date, last: date) -> list[str | Path]:
    """Paths of every year, month and day of a span, as far as the pattern names them."""
    pattern = fill(
        layer.source.path,
        {k: v for k, v in layer.values.items() if k != "year"}
        | (layer.part.fills if layer.part else {}),
    )
    found: dict[str | Path, None] = {}
    for when in _days(pattern, first, last):
        parts = {"year": f"{when.year}", "month": f"{when.month:02d}", "day": f"{when.day:02d}"}
        text = fill(pattern, parts)
        if text.startswith(("http://", "https://")):
            found[text] = None
        elif "{any}" in text:
            found.update(dict.fromkeys(sorted(data_folder.glob(text.replace("{any}", "*")))))
        else:
            found[data_folder / text] = None
    if not found:
        raise RequestError(
            f"{layer.address}: no file {pattern} in {data_folder} for {first} to {last}. Fetch it "
            "with rootzone fetch, or correct path in the catalog."
        )
    return list(found)


def _days(pattern: str, first: date, last: date) -> Iterator[date]:
    when = first
    while when <= last:
        yield when
        if "{day}" in pattern:
            when += _ONE_DAY
        elif "{month}" in pattern:
            when = (when.replace(day=1) + timedelta(days=32)).replace(day=1)
        elif "{year}" in pattern:
            when = date(when.year + 1, 1, 1)
        else:
            return


def once(times: AnyArray, name: str, *, whole_days: bool) -> None:
    """Refuse a time that comes more than once.

    Raises
    ------
    RequestError
        One does.
    """
    shown = times.astype("datetime64[D]") if whole_days else times
    values, counts = np.unique(shown, return_counts=True)
    if (counts > 1).any():
        raise RequestError(f"{name} holds {values[counts > 1][0]} more than once.")


def days_of_files(layer: Layer, data_folder: Path, first: date, last: date) -> dict[Path, date]:
    """The file of each day of a span, where a product has one a day; files that are there or not.

    Raises
    ------
    RequestError
        The path does not hold {year}, {month} and {day}, or is an address.
    """
    if layer.is_remote or not all(f"{{{key}}}" in layer.source.path for key in _DAY_KEYS):
        raise RequestError(
            f"{layer.source_name}: path must be that of files on this machine and hold {{year}}, "
            "{month} and {day}."
        )
    pattern = fill(
        layer.source.path,
        {k: v for k, v in layer.values.items() if k not in _DAY_KEYS}
        | (layer.part.fills if layer.part else {}),
    )
    found: dict[Path, date] = {}
    when = first
    while when <= last:
        parts = {"year": f"{when.year}", "month": f"{when.month:02d}", "day": f"{when.day:02d}"}
        found[data_folder / fill(pattern, parts)] = when
        when += _ONE_DAY
    return found
