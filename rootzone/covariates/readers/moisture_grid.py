"""Moisture and the like on a grid of degrees in NetCDF, as satellites and models deliver it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rootzone.covariates.layers.source import Layer

if TYPE_CHECKING:
    from rootzone.covariates.check.findings import FileFinding
    from rootzone.covariates.observe.observed import Observed


class MoistureGrid:
    """One variable of the entry; its part says layer, unit and what flags mean."""

    def observe(self, path: Path, layer: Layer, *, recommended_only: bool = False) -> Observed:
        """Values of a file as a table; the flags of the entry always count."""
        from rootzone.covariates.observe.each import observe_each
        from rootzone.covariates.observe.gridded import read_gridded

        return observe_each(path, layer, lambda one: read_gridded(path, one).observed(path))

    def check(self, path: Path, layer: Layer | None) -> tuple[dict[str, Any], list[FileFinding]]:
        """What each variable that is there holds and loses, and what reading would refuse."""
        from rootzone.covariates.check.check_observations import observations_report
        from rootzone.covariates.observe.gridded import read_gridded

        def look(one: Layer) -> tuple[dict[str, Any], list[str]]:
            field = read_gridded(path, one)
            facts: dict[str, Any] = {
                "rows": field.lat.size, "cols": field.lon.size,
                "latitude": [float(field.lat[-1]), float(field.lat[0])],
                "longitude": [float(field.lon[0]), float(field.lon[-1])],
            }  # fmt: skip
            if field.time is not None:
                facts["times"] = [str(field.time.min()), str(field.time.max())]
            return facts, field.dropped.lines()

        return observations_report(path, layer, look)


READER = MoistureGrid()
