"""SMOS L2 half orbits (MIR_SMUDP2) in NetCDF: retrievals on the points of the ISEA grid."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rootzone.covariates.layers.source import Layer

if TYPE_CHECKING:
    from rootzone.covariates.check.findings import FileFinding
    from rootzone.covariates.observe.observed import Observed


class SmosL2:
    """Moisture of a half orbit, by the product's own error and its share of interference."""

    def observe(self, path: Path, layer: Layer, *, recommended_only: bool = False) -> Observed:
        """Values of a file as a table."""
        from rootzone.covariates.observe.smos_l2 import read_smos_l2

        return read_smos_l2(path).observed(layer)

    def check(self, path: Path, layer: Layer | None) -> tuple[dict[str, Any], list[FileFinding]]:
        """Points and what is left out, and what reading would refuse."""
        from rootzone._shared.errors import RequestError
        from rootzone.covariates.check.check_observations import refused
        from rootzone.covariates.observe.smos_l2 import read_smos_l2

        try:
            half = read_smos_l2(path)
        except (RequestError, OSError) as error:
            return {}, [refused(error)]
        facts = {
            "points": half.theta.size, "theta": half.dropped.lines(),
            "days": [str(half.time.min().astype("datetime64[D]")),
                     str(half.time.max().astype("datetime64[D]"))],
        }  # fmt: skip
        try:
            half.require_places()
        except RequestError as error:
            return facts, [refused(error)]
        return facts, []


READER = SmosL2()
