"""Readers by name: the modules of this package, and entry points of other packages."""

from __future__ import annotations

import pkgutil
from functools import cache, lru_cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, cast

from rootzone._shared.errors import RequestError
from rootzone._shared.names import did_you_mean

if TYPE_CHECKING:
    from rootzone.covariates.layers.source import Layer
    from rootzone.covariates.readers.protocol import (
        DailyReader,
        ObservationReader,
        RasterReader,
        Reader,
        TableReader,
    )

GROUP = "rootzone.readers"
_PACKAGE = "rootzone.covariates.readers"
_NOT_READERS = frozenset({"protocol", "registry", "read_tables"})
# Names that catalogs of the first release may hold, and the reader that does their work now.
_FORMER = {
    "nlcd": "raster", "koppen": "raster", "polaris": "raster", "gridmet": "daily_netcdf",
}  # fmt: skip


@lru_cache(maxsize=1)
def reader_names() -> tuple[str, ...]:
    """Names a catalog entry may give; no reader is imported for it."""
    package = import_module(_PACKAGE)
    own = {module.name for module in pkgutil.iter_modules(package.__path__)} - _NOT_READERS
    return tuple(sorted(own | {point.name for point in entry_points(group=GROUP)}))


def known_reader(name: str) -> str:
    """The name by which a reader goes now.

    Raises
    ------
    ValueError
        There is no such reader.
    """
    name = _FORMER.get(name, name)
    if name not in reader_names():
        known = ", ".join(reader_names())
        raise ValueError(
            f"there is no reader {name!r}{did_you_mean(name, reader_names())} ({known})"
        )
    return name


@cache  # entry points are looked for in all packages, 20 ms a time
def reader(name: str) -> Reader:
    """The reader of that name."""
    points = entry_points(group=GROUP, name=name)
    if points:
        return cast("Reader", next(iter(points)).load())
    return cast("Reader", import_module(f"{_PACKAGE}.{name}").READER)


def raster_reader(layer: Layer) -> RasterReader:
    """The reader of a layer on pixels.

    Raises
    ------
    RequestError
        The layer is daily weather or a table.
    """
    from rootzone.covariates.readers.protocol import RasterReader

    found = reader(layer.source.reader)
    if isinstance(found, RasterReader) and layer.source.kind in ("class", "continuous"):
        return found
    what = {
        "daily": "daily weather, not a layer of the stack; it is prepared by rootzone forcing",
        "table": "a table, not a layer of the stack",
        "observations": "what a satellite or model saw; read it with rootzone surface observe",
    }.get(layer.source.kind, f"read by {layer.source.reader}, which gives no layer of the stack")
    raise RequestError(f"{layer.address} is {what}.")


def daily_reader(layer: Layer) -> DailyReader:
    """The reader of daily weather.

    Raises
    ------
    RequestError
        The layer is something else.
    """
    from rootzone.covariates.readers.protocol import DailyReader

    found = reader(layer.source.reader)
    if isinstance(found, DailyReader):
        return found
    raise RequestError(
        f"{layer.address} is read by {layer.source.reader}, which gives no daily weather. Name "
        "another source of daily weather."
    )


def table_reader(layer: Layer) -> TableReader:
    """The reader of a table.

    Raises
    ------
    RequestError
        The layer is something else.
    """
    from rootzone.covariates.readers.protocol import TableReader

    found = reader(layer.source.reader)
    if isinstance(found, TableReader):
        return found
    raise RequestError(f"{layer.address} is read by {layer.source.reader}, which gives no table.")


def observation_reader(layer: Layer) -> ObservationReader:
    """The reader of what satellites and models saw.

    Raises
    ------
    RequestError
        The layer is something else.
    """
    from rootzone.covariates.readers.protocol import ObservationReader

    found = reader(layer.source.reader)
    if isinstance(found, ObservationReader):
        return found
    raise RequestError(
        f"{layer.address} is read by {layer.source.reader}, which gives no observations. Name "
        "another source with --as."
    )
