"""A table with units and provenance that hands itself on to polars, pandas and xarray."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rootzone._shared.atomic import refuse_overwrite
from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import Provenance
from rootzone._shared.table_files import write_table
from rootzone._shared.tables import Column, Schema

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import xarray as xr

    from rootzone.api.cube import Axes


@dataclass(frozen=True, repr=False)
class Table:
    """A table of rootzone: rows, what each column means, and what made it.

    Parameters
    ----------
    frame : polars.DataFrame
        The rows.
    schema : Schema
        Names, units and meanings of the columns it knows.
    provenance : Provenance or None
        Verb, code, settings and input digests; None where the table carries none.

    Examples
    --------
    >>> import rootzone as rz
    >>> soils = rz.make_soils({"sand_pct": 40, "silt_pct": 40, "clay_pct": 20})
    >>> soils.units["ks_mm_d"], len(soils)
    ('mm d-1', 12)
    """

    frame: pl.DataFrame
    schema: Schema
    provenance: Provenance | None = None

    axes: ClassVar[Axes | None] = None
    """How the rows lie in a cube; None for a plain table."""

    def to_polars(self) -> pl.DataFrame:
        """The rows as a polars frame."""
        return self.frame

    def to_pandas(self) -> pd.DataFrame:
        """The rows as a pandas frame; units stand in ``frame.attrs["units"]``."""
        frame = self.frame.to_pandas()
        frame.attrs.update(units=self.units, provenance=self._record_text())
        return frame

    def to_xarray(self) -> xr.Dataset | xr.DataArray:
        """The table as labelled arrays, with CF names, units, coordinates and provenance."""
        from rootzone.api.cube import cube

        return cube(self.frame, self.schema, self.axes, self.attributes())

    def attributes(self) -> dict[str, str]:
        """Global attributes of the labelled arrays: what it is, conventions, provenance."""
        told = {"title": f"rootzone {self.schema.name}", "Conventions": "CF-1.11"}
        if self.provenance is not None:
            told |= {
                "source": f"rootzone {self.provenance.code}",
                "digest": self.provenance.digest,
                "provenance": self._record_text(),
            }
        return told

    def _record_text(self) -> str:
        return "" if self.provenance is None else self.provenance.to_json()

    @property
    def units(self) -> dict[str, str]:
        """Unit of every column that has one; ``-`` for none."""
        return {column.name: column.unit for column in self.columns}

    @property
    def columns(self) -> list[Column]:
        """What each known column is."""
        found = map(self.schema.column, self.frame.columns)
        return [column for column in found if column is not None]

    def write(self, path: str | Path, *, force: bool = False) -> Path:
        """Write the table with its units and provenance.

        Parameters
        ----------
        path : str or Path
            ``.parquet`` or ``.csv``; a CSV file gets its provenance in a file beside it.
        force : bool
            Replace a file that exists.

        Raises
        ------
        RequestError
            The file exists, or the ending is another.
        """
        path = Path(path)
        refuse_overwrite(path, force=force)
        if self.provenance is None:
            raise RequestError("A table without provenance is not written; use to_polars().")
        write_table(path, self.frame, self.schema, self.provenance)
        return path

    def __len__(self) -> int:
        """Number of rows."""
        return int(self.frame.height)

    def __repr__(self) -> str:
        return f"<rootzone {self._summary()}>"

    def _summary(self) -> str:
        return f"{self.schema.name}: {self.frame.height:,} rows, {self.frame.width} columns"

    def _repr_html_(self) -> str:
        shown: Any = self.frame.head(8)
        return f"<p>{self._summary()}</p>{shown._repr_html_()}"
