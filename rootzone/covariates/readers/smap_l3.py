"""SMAP L3 daily composites, 36 km and enhanced: brightness and retrievals of both passes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rootzone.covariates.layers.source import Layer

if TYPE_CHECKING:
    from rootzone.covariates.check.findings import FileFinding
    from rootzone.covariates.observe.observed import Observed


class SmapL3Reader:
    """All quantities of a day in one table."""

    def observe(self, path: Path, layer: Layer, *, recommended_only: bool = False) -> Observed:
        """Values of a file as a table."""
        from rootzone.covariates.observe.smap_l3 import observe_smap_l3

        return observe_smap_l3(path, recommended_only=recommended_only)

    def check(self, path: Path, layer: Layer | None) -> tuple[dict[str, Any], list[FileFinding]]:
        """Cells and what is left out, and what reading would refuse."""
        from rootzone._shared.errors import RequestError
        from rootzone.covariates.check.check_observations import refused
        from rootzone.covariates.observe.smap_l3 import observe_smap_l3

        try:
            seen = observe_smap_l3(path)
        except (RequestError, OSError) as error:
            return {}, [refused(error)]
        return {"said": list(seen.said), "values": seen.dropped.lines()}, []


READER = SmapL3Reader()
