"""A look of SMAP as what a single-channel retrieval is told."""

from __future__ import annotations

from pathlib import Path

from rootzone.covariates.grid import MasterGrid
from rootzone.covariates.observe.smap_l2 import SmapL2, read_smap_l2
from rootzone.covariates.observe.smap_l3 import SmapPass, holds_passes, read_smap_pass
from rootzone.surface.grids.cell_grid import ease_grid, piece_of
from rootzone.surface.physics.retrieve import (
    Scene,
    nadir_from_slant_opacity,
    porosity_from_bulk_density,
)


def scene_of(half: SmapL2) -> Scene:
    """What a single-channel retrieval is told; the file's slant opacity is brought to nadir."""
    value, incidence = half.values, half.values["boresight_incidence"]
    return Scene(
        value["surface_temperature"], 100.0 * value["clay_fraction"],
        value["roughness_coefficient"], value["albedo"],
        nadir_from_slant_opacity(value["opacity"], incidence), incidence,
        porosity_from_bulk_density(value["bulk_density"]),
    )  # fmt: skip


def read_look(path: Path, smap_overpass: str, grid: MasterGrid) -> SmapL2 | SmapPass:
    """A half orbit, or one pass of a daily composite over a region.

    Parameters
    ----------
    path : Path
        SMAP L2 or L3, of 36 km or enhanced.
    smap_overpass : str
        ``am`` or ``pm``, of a composite.
    grid : MasterGrid
        The region; cells around it that brightness is interpolated from count too.
    """
    if not holds_passes(path):
        return read_smap_l2(path)

    def window(nominal_km: int) -> tuple[slice, slice]:
        piece, row, col = cells_piece(grid, nominal_km)
        return slice(row, row + piece.height), slice(col, col + piece.width)

    return read_smap_pass(path, smap_overpass.upper(), window)


def cells_piece(grid: MasterGrid, nominal_km: int) -> tuple[MasterGrid, int, int]:
    """SMAP's cells over a region and one around it, and the row and column of the first."""
    whole = ease_grid(nominal_km)
    left, bottom, right, top = grid.bounds_m
    first_row, first_col = (int(v) - 1 for v in whole.row_col(left + 1.0, top - 1.0))
    last_row, last_col = (int(v) + 1 for v in whole.row_col(right - 1.0, bottom + 1.0))
    shape = last_row - first_row + 1, last_col - first_col + 1
    return piece_of(whole, first_row, first_col, *shape), first_row, first_col
