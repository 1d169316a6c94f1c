"""UNSODA's measured retention and conductivity."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rootzone.covariates.layers.source import Layer
from rootzone.covariates.read_unsoda_db import read_unsoda_table

if TYPE_CHECKING:
    import polars as pl

    from rootzone.covariates.check.findings import FileFinding


class Unsoda:
    """One tidy table for each variable of the entry."""

    def table(self, path: Path, layer: Layer) -> pl.DataFrame:
        """The table that the variable names."""
        return read_unsoda_table(path, layer.values["variable"])

    def check(
        self,
        path: Path,
        layer: Layer | None,
    ) -> tuple[dict[str, Any], list[FileFinding]]:
        """Rows of each table."""
        from rootzone.covariates.check.check_table_file import table_report, unsoda_facts

        return table_report(unsoda_facts, path)


READER = Unsoda()
