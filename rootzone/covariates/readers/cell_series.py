"""Series of cells in files of 5 x 5 degrees, as QA4SM and TUW's packages keep products."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rootzone.covariates.layers.source import Layer

if TYPE_CHECKING:
    from rootzone.covariates.check.findings import FileFinding
    from rootzone.covariates.observe.observed import Observed


class CellSeries:
    """Daily means of every cell; `rootzone.covariates.observe.cell_series` reads one place."""

    def observe(self, path: Path, layer: Layer, *, recommended_only: bool = False) -> Observed:
        """Values of a file as a table; the flags of the entry always count."""
        from rootzone.covariates.observe.cell_series import observe_cells
        from rootzone.covariates.observe.each import observe_each

        return observe_each(path, layer, lambda one: observe_cells(path, one))

    def check(self, path: Path, layer: Layer | None) -> tuple[dict[str, Any], list[FileFinding]]:
        """What each variable that is there holds and loses, and what reading would refuse."""
        from rootzone.covariates.check.check_observations import observations_report

        def look(one: Layer) -> tuple[dict[str, Any], list[str]]:
            seen = self.observe(path, one)
            days = seen.frame["date"]
            facts = {
                "cells": seen.frame.select("lon", "lat").n_unique(),
                "days": [str(days.min()), str(days.max())],
            }
            return facts, seen.dropped.lines()

        return observations_report(path, layer, look)


READER = CellSeries()
