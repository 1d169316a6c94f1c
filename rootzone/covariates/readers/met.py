"""Daily weather of one place as an APSIM ``.met`` file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rootzone.covariates.layers.source import Layer
from rootzone.covariates.weather.read_met import read_met

if TYPE_CHECKING:
    import polars as pl

    from rootzone.covariates.check.findings import FileFinding


class Met:
    """The weather table's columns, its ``cell_id`` the name of the place."""

    def table(self, path: Path, layer: Layer) -> pl.DataFrame:
        """Weather of the place."""
        return read_met(path).to_frame(path.stem)

    def check(
        self,
        path: Path,
        layer: Layer | None,
    ) -> tuple[dict[str, Any], list[FileFinding]]:
        """Days, constants and values, and what cannot be true."""
        from rootzone.covariates.check.check_table_file import met_facts, table_report

        return table_report(met_facts, path)


READER = Met()
