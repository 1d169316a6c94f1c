"""Products on grids of degrees in NetCDF: GLDAS, ERA5-Land, Copernicus SSM and SWI, SMOS L3.

What differs between them is data: which variable, its layer, its unit, its flags. Rows come out
from the north whatever the file has.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.errors import RequestError
from rootzone._shared.open_files import open_netcdf
from rootzone.surface.grids.cell_grid import CellGrid
from rootzone.surface.observe.observed import Dropped


@dataclass(frozen=True)
class GridProduct:
    """How one product is kept.

    Attributes
    ----------
    variable : str
        Variable of the file.
    top_mm, bottom_mm : float
        Layer it stands for.
    unit : str
        ``theta`` for m3 m-3; ``kg_m2`` for the layer's water, divided by its thickness;
        ``saturation`` for percent of saturation, which stays a share of 0 to 1 since porosity is
        not in the file.
    flags : tuple of (int, str)
        Numbers among the stored values that are no moisture, and why.
    """

    variable: str
    top_mm: float
    bottom_mm: float
    unit: Literal["theta", "kg_m2", "saturation"] = "theta"
    flags: tuple[tuple[int, str], ...] = ()


_CGLS_FLAGS = (
    (241, "below the driest reference"), (242, "above the wettest reference"), (251, "water"),
    (252, "sensor is not sensitive here"), (253, "steep slope"), (254, "frozen"),
)  # fmt: skip
PRODUCTS: Final = {
    "gldas": GridProduct("SoilMoi0_10cm_inst", 0.0, 100.0, "kg_m2"),
    "gldas_10_40cm": GridProduct("SoilMoi10_40cm_inst", 100.0, 400.0, "kg_m2"),
    "era5_land": GridProduct("swvl1", 0.0, 70.0),
    "cgls_ssm_1km": GridProduct("ssm", 0.0, 50.0, "saturation", _CGLS_FLAGS),
    "cgls_swi_005_1km": GridProduct("SWI_005", 0.0, 100.0, "saturation", _CGLS_FLAGS),
    "smos_l3": GridProduct("Soil_Moisture", 0.0, 50.0),
}


@dataclass(frozen=True)
class GriddedField:
    """Fields of a product.

    Attributes
    ----------
    grid : CellGrid or None
        Cells in degrees; None where rows are not evenly spaced in latitude (SMOS, on EASE-Grid).
    lon, lat : array
        Middles of columns, and of rows from the north [degree].
    values : array, shape (time, row, col)
        m3 m-3, or the share of saturation; NaN where there is none.
    time : array of datetime64[s] or None
        Times of the file, where it has an axis of time.
    product : GridProduct
        What was taken.
    dropped : Dropped
        What was left out.
    """

    grid: CellGrid | None
    lon: FloatArray
    lat: FloatArray
    values: FloatArray
    time: AnyArray | None
    product: GridProduct
    dropped: Dropped


def read_gridded(path: Path, product: str) -> GriddedField:
    """Read a product.

    Parameters
    ----------
    path : Path
        NetCDF as delivered.
    product : str
        A key of `PRODUCTS`.

    Raises
    ------
    RequestError
        The product is not known, the file is another, its unit is not the product's, a value cannot
        be one, or there is none at all.
    """
    if product not in PRODUCTS:
        raise RequestError(f"There is no product {product!r}; known are {', '.join(PRODUCTS)}.")
    chosen = PRODUCTS[product]
    with open_netcdf(path) as file:
        if chosen.variable not in file.variables:
            raise RequestError(
                f"{path}: variable {chosen.variable} of {product} is not there; it holds "
                f"{', '.join(list(file.variables)[:8])}."
            )
        lon, lat = (_axis(file, *names) for names in (("lon", "longitude"), ("lat", "latitude")))
        stored, values = _values(file.variables[chosen.variable])
        time = _times(file)
    if values.shape[-2:] != (lat.size, lon.size):
        raise RequestError(
            f"{path}: {chosen.variable} has {values.shape[-2:]} cells on {lat.size} latitudes and "
            f"{lon.size} longitudes; it is half a grid, or its axes are turned."
        )
    if lat[0] < lat[-1]:
        lat, values, stored = lat[::-1], values[..., ::-1, :], stored[..., ::-1, :]
    values = _scaled(values, chosen)
    flagged = {why: stored == number for number, why in chosen.flags}
    impossible = np.isfinite(values) & ((values < 0.0) | (values > 1.0))
    dropped = Dropped()
    keep = dropped.keep(np.isfinite(values), {**flagged, "outside 0 to 1": impossible})
    unflagged = impossible & ~np.any([*flagged.values(), np.zeros_like(impossible)], axis=0)
    if unflagged.sum() > 0.5 * max(int(np.isfinite(values).sum()), 1):
        raise RequestError(
            f"{path}: most values of {chosen.variable} lie outside 0 to 1 when read as "
            f"{chosen.unit}; the unit of the file is another."
        )
    if not keep.any():
        raise RequestError(f"{path}: no value is left; {', '.join(dropped.lines())}.")
    return GriddedField(
        _grid(lon, lat), lon, lat, np.where(keep, values, np.nan), time, chosen, dropped
    )


def _axis(file: Any, *names: str) -> FloatArray:  # noqa: ANN401 - netCDF4 is untyped
    for name in names:
        if name in file.variables:
            return np.asarray(np.ma.filled(file.variables[name][:].astype(np.float64), np.nan))
    raise RequestError(f"The file has none of the axes {', '.join(names)}.")


def _values(variable: Any) -> tuple[AnyArray, FloatArray]:  # noqa: ANN401
    """Stored numbers, and physical ones with fill as NaN, shape (time, row, col)."""
    variable.set_auto_maskandscale(False)
    stored = np.asarray(variable[...])
    if stored.ndim == 2:
        stored = stored[None]
    values = stored.astype(np.float64)
    for name in ("_FillValue", "missing_value"):
        if name in variable.ncattrs():
            values[stored == variable.getncattr(name)] = np.nan
    scale = float(getattr(variable, "scale_factor", 1.0))
    return stored, values * scale + float(getattr(variable, "add_offset", 0.0))


def _scaled(values: FloatArray, chosen: GridProduct) -> FloatArray:
    if chosen.unit == "kg_m2":
        return values / (chosen.bottom_mm - chosen.top_mm)  # 1 kg m-2 is 1 mm of water
    return values / 100.0 if chosen.unit == "saturation" else values


def _times(file: Any) -> AnyArray | None:  # noqa: ANN401
    import netCDF4

    if "time" not in file.variables:
        return None
    times = file.variables["time"]
    numbers = np.atleast_1d(np.ma.filled(times[:], 0))
    found: Any = netCDF4.num2date(numbers, times.units, only_use_cftime_datetimes=False)
    return np.array([np.datetime64(t.isoformat(), "s") for t in found])


def _grid(lon: FloatArray, lat: FloatArray) -> CellGrid | None:
    try:
        return CellGrid.of_centres(lon, lat)
    except RequestError:
        return None
