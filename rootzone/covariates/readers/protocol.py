"""What a reader does: layers, daily weather, tables, observations, and a check by its refusals."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    import polars as pl

    from rootzone.covariates.check.findings import FileFinding
    from rootzone.covariates.grid import Bounds
    from rootzone.covariates.layers.opened import Opened
    from rootzone.covariates.layers.source import Layer
    from rootzone.covariates.observe.observed import Observed
    from rootzone.covariates.weather.cells import Cells
    from rootzone.covariates.weather.daily import DailyValues

Facts = dict[str, Any]


class Reader(Protocol):
    """What every reader does."""

    def check(self, path: Path, layer: Layer | None) -> tuple[Facts, list[FileFinding]]:
        """Facts of a file, and what does not fit; all that reading would refuse is among it.

        Parameters
        ----------
        path : Path
            A file that exists.
        layer : Layer, optional
            The catalog entry it is held against; None where none fits its name.
        """


@runtime_checkable
class RasterReader(Reader, Protocol):
    """A reader of layers on pixels: found and laid out here, read in windows by the stack."""

    def files(self, layer: Layer, data_folder: Path, bounds: Bounds) -> list[Path]:
        """Files a layer needs inside a box of degrees, whether they are there or not."""

    def open(self, layer: Layer, data_folder: Path, bounds: Bounds) -> Opened:
        """A layer as one virtual raster, with its quality flags; no pixel is read.

        Parameters
        ----------
        layer : Layer
            What to open.
        data_folder : Path
            Folder its path starts from.
        bounds : tuple of float
            West, south, east, north [degree] that will be read.

        Raises
        ------
        RequestError
            Files are missing, cannot be read, or are not what the catalog says.
        """


@runtime_checkable
class DailyReader(Reader, Protocol):
    """A reader of weather by cell and day."""

    def paths(self, layer: Layer, data_folder: Path, first: date, last: date) -> list[str | Path]:
        """Files or addresses that hold a variable over a span of days, there or not."""

    def read(
        self,
        layer: Layer,
        data_folder: Path,
        cells: Cells,
        first: date,
        last: date,
        utc_offset_h: float = 0.0,
    ) -> DailyValues:
        """One variable for some cells and days, in the entry's unit.

        ``utc_offset_h`` is local time less UTC [h], where days are put together from hours.

        Raises
        ------
        RequestError
            A file is missing or damaged, holds something else, or does not cover the cells.
        """


@runtime_checkable
class TableReader(Reader, Protocol):
    """A reader of tables."""

    def table(self, path: Path, layer: Layer) -> pl.DataFrame:
        """The table; columns carry their unit in their name."""


@runtime_checkable
class ObservationReader(Reader, Protocol):
    """A reader of what satellites and models saw."""

    def observe(self, path: Path, layer: Layer, *, recommended_only: bool = False) -> Observed:
        """Values of a file with place, time, unit and depth, and what was left out and why.

        A layer without a variable means all of its entry that the file has.

        Raises
        ------
        RequestError
            The file is another product, in another unit, cut, or holds no value.
        """
