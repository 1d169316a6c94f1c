"""Products kept as time series of cells in CF NetCDF files, daily values at given places.

This is the layout in which the validation service QA4SM and TUW's packages keep SMAP, ERA5-Land,
GLDAS and C3S: a file of 5 x 5 degrees, its cells numbered, each with a series.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray, FloatArray
from rootzone._shared.errors import RequestError
from rootzone._shared.open_files import open_netcdf
from rootzone.surface.observe.observed import Dropped

_EARTH_KM = 6371.0


@dataclass(frozen=True)
class CellProduct:
    """How one product is kept, and what is taken of it.

    Attributes
    ----------
    sensor : str
        Name.
    variable : str
        Variable of the file.
    top_mm, bottom_mm : float
        Layer it stands for.
    per_layer_kg_m2 : bool
        Whether the values are kg m-2 of the layer and are divided by its thickness in mm.
    good : dict of str to tuple of int
        Flag variables and the values that count.
    overpass : int or None
        Only this overpass is taken, where the file has both (1 morning, 2 afternoon).
    """

    sensor: str
    variable: str
    top_mm: float
    bottom_mm: float
    per_layer_kg_m2: bool = False
    good: tuple[tuple[str, tuple[int, ...]], ...] = ()
    overpass: int | None = None


PRODUCTS: Final = {
    "era5_land": CellProduct("era5_land", "swvl1", 0.0, 70.0),
    "gldas": CellProduct("gldas", "SoilMoi0_10cm_inst", 0.0, 100.0, per_layer_kg_m2=True),
    "gldas_40_100cm": CellProduct(
        "gldas_40_100cm", "SoilMoi40_100cm_inst", 400.0, 1000.0, per_layer_kg_m2=True
    ),
    "c3s": CellProduct("c3s", "sm", 0.0, 50.0),
    "smap_l3_am": CellProduct("smap_l3_am", "soil_moisture", 0.0, 50.0, overpass=1),
    "smap_l3_pm": CellProduct("smap_l3_pm", "soil_moisture", 0.0, 50.0, overpass=2),
}


@dataclass(frozen=True)
class DailySeries:
    """Daily means of a product at one place.

    Attributes
    ----------
    date : array of datetime64[D]
        Days with a value, ascending.
    theta : array
        Water content [m3 m-3].
    distance_km : float
        From the place to the middle of the cell.
    dropped : Dropped
        What was left out.
    """

    date: AnyArray
    theta: FloatArray
    distance_km: float
    dropped: Dropped


def read_cell_series(
    path: Path, product: str, lon: float, lat: float, *, farthest_km: float = 60.0
) -> DailySeries:
    """Daily means of the cell nearest to a place.

    Parameters
    ----------
    path : Path
        A file of cells.
    product : str
        A key of `PRODUCTS`.
    lon, lat : float
        The place [degree].
    farthest_km : float
        A cell farther off is refused.

    Raises
    ------
    RequestError
        The product is not known, the file lacks its variable, or no cell is near.
    """
    if product not in PRODUCTS:
        raise RequestError(f"There is no product {product!r}; known are {', '.join(PRODUCTS)}.")
    chosen = PRODUCTS[product]
    with open_netcdf(path) as file:
        if chosen.variable not in file.variables or "lon" not in file.variables:
            raise RequestError(
                f"{path}: variable {chosen.variable} of {product} is not there; it holds "
                f"{', '.join(list(file.variables)[:8])}."
            )
        off = distance_km(lon, lat, _floats(file, "lon"), _floats(file, "lat"))
        cell = int(np.nanargmin(off))
        if off[cell] > farthest_km:
            raise RequestError(
                f"{path}: the nearest cell of {product} lies {off[cell]:.0f} km from "
                f"{lat:.3f}, {lon:.3f}; {farthest_km:g} km are allowed. Take the "
                "file of its own 5 degrees."
            )
        time, value, wanted = _series(file, chosen, cell)
        value = value / (chosen.bottom_mm - chosen.top_mm) if chosen.per_layer_kg_m2 else value
        dropped = Dropped()
        keep = dropped.keep(
            np.isfinite(value),
            {"other overpass": ~wanted, "outside 0 to 1": (value < 0) | (value > 1)},
        )
    day, where = np.unique(time[keep].astype("datetime64[D]"), return_inverse=True)
    theta = np.bincount(where, value[keep]) / np.maximum(np.bincount(where), 1)
    return DailySeries(day, np.asarray(theta, np.float64), float(off[cell]), dropped)


def distance_km(lon: float, lat: float, to_lon: FloatArray, to_lat: FloatArray) -> FloatArray:
    """Great-circle distance [km] on a sphere of 6371 km."""
    a, b = np.radians(lat), np.radians(to_lat)
    across = np.radians(to_lon - lon)
    half = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(across / 2) ** 2
    return np.asarray(2.0 * _EARTH_KM * np.arcsin(np.sqrt(half)))


def _series(
    file: Any,  # noqa: ANN401 - netCDF4 is untyped
    chosen: CellProduct,
    cell: int,
) -> tuple[AnyArray, FloatArray, BoolArray]:
    """Times, values and whether the overpass is the wanted one, of one cell."""
    time = _times(file)
    if "locationIndex" in file.variables:
        rows = np.flatnonzero(np.asarray(file["locationIndex"][:]) == cell)
        value = _floats(file, chosen.variable)[rows]
        time = time[rows]
        over = np.asarray(file["Overpass"][:])[rows] if "Overpass" in file.variables else None
    else:
        value = _filled(file[chosen.variable][cell])
        over = None
    wanted = np.ones(value.shape, np.bool_)
    if chosen.overpass is not None and over is not None:
        wanted = over == chosen.overpass
    return time, np.asarray(value), wanted


def _floats(file: Any, name: str) -> FloatArray:  # noqa: ANN401
    return _filled(file[name][:])


def _filled(stored: Any) -> FloatArray:  # noqa: ANN401 - a masked array, or a plain one
    return np.asarray(np.ma.filled(np.ma.asarray(stored, dtype=np.float64), np.nan))


def _times(file: Any) -> AnyArray:  # noqa: ANN401
    unit, _, start = str(file["time"].units).partition(" since ")
    seconds = {"days": 86400.0, "hours": 3600.0, "minutes": 60.0, "seconds": 1.0}[unit.strip()]
    origin = np.datetime64(start.strip().removesuffix(" UTC").replace(" ", "T"), "s")
    return origin + np.round(_floats(file, "time") * seconds).astype("timedelta64[s]")
