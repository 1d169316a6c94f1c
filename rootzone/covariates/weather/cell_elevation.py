"""Height of weather cells from the elevation layer, for demand by Penman and Monteith."""

from __future__ import annotations

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import Bounds, MasterGrid
from rootzone.covariates.layers.catalog import Catalog
from rootzone.covariates.layers.stack import CovariateStack
from rootzone.covariates.weather.cells import Cells

# Points half a kilometre apart: about 60 to a cell, enough for a mean that pressure depends on.
_SPACING_M = 500.0


def cell_elevation_m(catalog: Catalog, source: str, cells: Cells, bounds: Bounds) -> FloatArray:
    """Mean height of each cell, as far as it lies in the region.

    Parameters
    ----------
    catalog : Catalog
        Where the elevation is.
    source : str
        Its entry.
    cells : Cells
        Cells wanted.
    bounds : tuple of float
        West, south, east, north [degree] of the region; the files must cover it.

    Returns
    -------
    elevation_m : array, shape (cell,)
        Mean of points 500 m apart [m].

    Raises
    ------
    RequestError
        A cell has no elevation at all.
    """
    grid = MasterGrid.for_bounds(bounds, _SPACING_M, 8)
    with CovariateStack(catalog, grid, bounds) as stack:
        height = stack.read(source, grid.full_window).astype(np.float64).ravel()
    at = cells.grid.ids(grid, grid.full_window).ravel()
    known = np.isfinite(height) & np.isin(at, cells.cell_id)
    order = np.argsort(cells.cell_id)
    place = order[np.searchsorted(cells.cell_id, at[known], sorter=order)]
    total = np.bincount(place, weights=height[known], minlength=len(cells))
    count = np.bincount(place, minlength=len(cells))
    if (count == 0).any():
        lost = cells.cell_id[count == 0]
        raise RequestError(
            f"{source} has no elevation in {lost.size} of {len(cells)} weather cells, such as "
            f"{int(lost[0])}. Fetch the missing tiles, or take another form of demand than fao56."
        )
    return np.asarray(total / count)
