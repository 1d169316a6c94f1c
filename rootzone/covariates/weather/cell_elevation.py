"""Heights of weather cells: of the region's ground, and of the ground a product believes in."""

from __future__ import annotations

import numpy as np

from rootzone._shared.arrays import BoolArray, FloatArray
from rootzone._shared.errors import RequestError
from rootzone._shared.open_files import open_netcdf
from rootzone.covariates.grid import Bounds, MasterGrid
from rootzone.covariates.layers.catalog import Catalog
from rootzone.covariates.layers.source import Ground
from rootzone.covariates.layers.stack import CovariateStack
from rootzone.covariates.weather.cells import Cells
from rootzone.covariates.weather.netcdf_axes import values_at

# Points half a kilometre apart: about 60 to a cell, enough for a mean that pressure depends on.
_SPACING_M = 500.0


def cell_elevation_m(
    catalog: Catalog, source: str, cells: Cells, bounds: Bounds, rim: BoolArray | None = None
) -> FloatArray:
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
    rim : array of bool, shape (cell,), optional
        Cells that the region does not touch; their height may be unknown.

    Returns
    -------
    elevation_m : array, shape (cell,)
        Mean of points 500 m apart [m]; NaN where there is none in a cell of the rim.

    Raises
    ------
    RequestError
        A cell of the region has no elevation at all.
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
    unknown = (count == 0) & ~(np.zeros(len(cells), dtype=np.bool_) if rim is None else rim)
    if unknown.any():
        lost = cells.cell_id[unknown]
        raise RequestError(
            f"{source} has no elevation in {lost.size} of {len(cells)} weather cells, such as "
            f"{int(lost[0])}. Fetch the missing tiles, or take another form of demand than fao56."
        )
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def ground_of(catalog: Catalog, source: str) -> Ground:
    """Where the heights lie that a product's temperatures are of.

    Raises
    ------
    RequestError
        Its entry names none.
    """
    ground = catalog.source(source).ground
    if ground is None:
        raise RequestError(
            f"weather.lapse_degc_per_km: the catalog does not say of which heights the "
            f"temperatures of {source} are. Leave it null, or write ground: {{path, names, scale}} "
            "into an entry of your own."
        )
    return ground


def warmer_degc(
    catalog: Catalog, source: str, cells: Cells, height_m: FloatArray, lapse_degc_per_km: float
) -> FloatArray:
    """By how much each cell is warmer at the region's ground than at the product's.

    Parameters
    ----------
    catalog, source : Catalog, str
        Where the product is.
    cells : Cells
        Cells wanted.
    height_m : array, shape (cell,)
        Mean height of the region in each cell [m].
    lapse_degc_per_km : float
        Cooling with height [degC km-1]; 6.5 in the standard atmosphere.

    Returns
    -------
    array, shape (cell,)
        [degC]; below 0 where the region lies higher.

    Raises
    ------
    RequestError
        The product's heights are not there.
    """
    ground = ground_of(catalog, source)
    path = catalog.data_folder / ground.path
    if not path.is_file():
        raise RequestError(
            f"weather.lapse_degc_per_km needs {path}, the heights of {source}. Order them from the "
            "same place as its weather, or leave the key null."
        )
    with open_netcdf(path) as file:
        own = values_at(file, ground.names, cells.grid, cells.row, cells.col, str(path))
    return np.asarray(lapse_degc_per_km * (own * ground.scale - height_m) / 1000.0)
