"""NASA's global equal-area grids, EASE-Grid 2.0, of 36, 9, 3 and 1 km."""

from __future__ import annotations

from typing import Final

from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import MasterGrid

EASE_CRS: Final = "EPSG:6933"
_EASE_LEFT, _EASE_TOP = (
    -17_367_530.45,
    7_314_540.83,
)  # m; Brodzik et al. (2012), doi:10.3390/ijgi1010032
_EASE_CELL_M, _EASE_COLS, _EASE_ROWS = 36_032.220840584, 964, 406
EASE_NESTS: Final = {36: 1, 9: 4, 3: 12, 1: 36}
"""How many cells of each size lie along the side of a 36 km cell: exactly so many."""


def ease_grid(nominal_km: int, tile_px: int = 64) -> MasterGrid:
    """A global EASE-Grid 2.0.

    Parameters
    ----------
    nominal_km : int
        36, 9, 3 or 1; the cells are 36,032 m and its exact parts.
    tile_px : int
        Side of a tile of the grid [px].

    Raises
    ------
    RequestError
        NASA has no such grid.

    Notes
    -----
    Cells have equal areas, not equal shapes: at 40 degrees north one of 36 km is 31.0 km wide and
    41.9 km high. Distances are those on the ground, never counts of cells.
    """
    if nominal_km not in EASE_NESTS:
        raise RequestError(
            f"There is no EASE-Grid 2.0 of {nominal_km} km here; choose 36, 9, 3 or 1."
        )
    parts = EASE_NESTS[nominal_km]
    return MasterGrid(
        EASE_CRS, _EASE_CELL_M / parts, _EASE_LEFT, _EASE_TOP,
        _EASE_COLS * parts, _EASE_ROWS * parts, tile_px,
    )  # fmt: skip
