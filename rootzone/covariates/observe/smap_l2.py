"""SMAP L2 soil moisture files, 36 km and enhanced: brightness, ancillary, NASA's retrievals."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from rootzone._shared.arrays import AnyArray, FloatArray, IntArray
from rootzone._shared.digests import digest_file
from rootzone._shared.errors import RequestError
from rootzone._shared.open_files import open_netcdf
from rootzone.covariates.observe.ease import ease_grid
from rootzone.covariates.observe.observed import Dropped, Observed
from rootzone.covariates.observe.smap_classes import prior_of_fractions
from rootzone.covariates.observe.smap_hdf import (
    DENSE,
    FROZEN,
    WATER,
    codes_of,
    numbers_of,
)
from rootzone.covariates.observe.suspicions import opacity_kind, require_brightness

GROUP: Final = "Soil_Moisture_Retrieval_Data"
_RADIOMETER = ("tb_h_corrected", "tb_v_corrected", "boresight_incidence", "surface_temperature")
_LAND = ("clay_fraction", "bulk_density", "roughness_coefficient", "albedo",
         "vegetation_water_content")  # fmt: skip
_OPACITY = ("vegetation_opacity_option2", "vegetation_opacity")
_RETRIEVALS: Final = {
    "theta_dca": "soil_moisture", "theta_sca_h": "soil_moisture_option1",
    "theta_sca_v": "soil_moisture_option2",
}  # fmt: skip
_PLACE_DEG = 0.02


@dataclass(frozen=True)
class SmapL2:
    """One half orbit; arrays of shape (cell,), NaN where the file has a fill value.

    Attributes
    ----------
    path : Path
        The file.
    nominal_km : int
        36 or 9.
    row, col : array of int
        Cells of EASE-Grid 2.0.
    lon, lat : array
        Their centres [degree].
    time : array of datetime64[s]
        Time of the look, UTC; NaT where unknown.
    values : dict of arrays
        Variables by the names of the file.
    classes : array, shape (cell, 17)
        Share of each IGBP class.
    surface_flag, quality : array of int
        Bits of the product.
    """

    path: Path
    nominal_km: int
    row: IntArray
    col: IntArray
    lon: FloatArray
    lat: FloatArray
    time: AnyArray
    values: dict[str, FloatArray]
    classes: FloatArray
    surface_flag: IntArray
    quality: IntArray


def read_smap_l2(path: Path) -> SmapL2:
    """Read a SMAP L2_SM_P or L2_SM_P_E file.

    Parameters
    ----------
    path : Path
        HDF5 as NASA delivers it.

    Raises
    ------
    RequestError
        It is another product, a variable is missing, cells do not lie where they say, brightness
        cannot be one, or the opacity is at nadir where the product has it along the slant.
    """
    with open_netcdf(path) as file:
        if GROUP not in file.groups:
            raise RequestError(_other_product(path, list(file.groups), list(file.variables)))
        group = file.groups[GROUP]
        opacity = next((name for name in _OPACITY if name in group.variables), None)
        wanted = (*_RADIOMETER, *_LAND, *([opacity] if opacity else ()))
        lacking = [name for name in wanted if name not in group.variables]
        if lacking or opacity is None:
            raise RequestError(
                f"{path}: group {GROUP} lacks {', '.join(lacking or [_OPACITY[0]])}. It is a cut "
                "of a file, or an earlier release; ask for the whole granule of R18 or later."
            )
        if group.variables[wanted[0]].ndim != 1:
            raise RequestError(
                f"{path}: {wanted[0]} has {group.variables[wanted[0]].ndim} dimensions; half "
                "orbits have one. It is a daily (L3) file; read it as SMAP L3."
            )
        values = {name: numbers_of(group, name) for name in (*_RADIOMETER, *_LAND)}
        values["opacity"] = numbers_of(group, opacity)
        for name, variable in _RETRIEVALS.items():
            values[name] = (
                numbers_of(group, variable) if variable in group.variables
                else np.full_like(values["opacity"], np.nan)
            )  # fmt: skip
        row, col = (codes_of(group, f"EASE_{axis}_index", -1) for axis in ("row", "column"))
        lon, lat = (numbers_of(group, axis) for axis in ("longitude", "latitude"))
        time = _times(group, row.size)
        classes = _classes(group, row.size)
        flags = [
            codes_of(group, name, 0) for name in ("surface_flag", "retrieval_qual_flag_option2")
        ]
    nominal = _nominal_km(path, row, col, lon, lat)
    require_brightness(values["tb_h_corrected"], values["tb_v_corrected"], str(path))
    _require_slant(path, values, classes)
    return SmapL2(path, nominal, row, col, lon, lat, time, values, classes, flags[0], flags[1])


def observe_smap_l2(path: Path, *, recommended_only: bool = False) -> Observed:
    """A half orbit as observations: both brightnesses and NASA's three retrievals.

    Parameters
    ----------
    path : Path
        The file.
    recommended_only : bool
        Whether retrievals need the product's own recommendation (bit 0 of the quality flag is 0).
    """
    half = read_smap_l2(path)
    frozen = (half.surface_flag & FROZEN) > 0
    water = (half.surface_flag & WATER) > 0
    dense = (half.surface_flag & DENSE) > 0
    doubtful = (half.quality & 1) > 0 if recommended_only else np.zeros(frozen.shape, np.bool_)
    dropped, frames = Dropped(), []
    orbit = "asc" if "_A_" in path.name else "desc" if "_D_" in path.name else "none"
    digest = digest_file(path)
    quantities = {"tb_h": "tb_h_corrected", "tb_v": "tb_v_corrected", **{n: n for n in _RETRIEVALS}}
    for quantity, name in quantities.items():
        value, thermal = half.values[name], quantity.startswith("tb_")
        rules = {} if thermal else {
            "water in the cell": water, "frozen": frozen, "dense vegetation": dense,
            "not recommended by the product": doubtful,
        }  # fmt: skip
        keep = dropped.keep(np.isfinite(value) & ~np.isnat(half.time), rules)
        frames.append(_frame(half, quantity, value, keep, orbit, digest))
    said = (
        f"{path.name}: EASE-Grid 2.0 of {half.nominal_km} km, {half.row.size} cells",
        "theta of 0-50 mm (nominal) in m3 m-3: option 1 SCA-H, option 2 SCA-V, option 3 DCA",
        "opacity in the file is along the slant; divided out with the incidence angle",
    )
    return Observed(pl.concat(frames), dropped, said)


def _frame(
    half: SmapL2, quantity: str, value: FloatArray, keep: AnyArray, orbit: str, digest: str
) -> pl.DataFrame:
    n = int(keep.sum())
    thermal = quantity.startswith("tb_")
    layer: list[float | None] = [None, None] if thermal else [0.0, 50.0]
    return pl.DataFrame(
        {
            "grid": [f"ease2_{half.nominal_km}km"] * n,
            "row": half.row[keep], "col": half.col[keep], "lon": half.lon[keep],
            "lat": half.lat[keep], "date": half.time[keep].astype("datetime64[D]"),
            "sensor": ["smap"] * n, "quantity": [quantity] * n, "value": value[keep],
            "unit": ["K" if thermal else "m3 m-3"] * n,
            "top_mm": pl.Series([layer[0]] * n, dtype=pl.Float64),
            "bottom_mm": pl.Series([layer[1]] * n, dtype=pl.Float64),
            "incidence_deg": half.values["boresight_incidence"][keep], "orbit": [orbit] * n,
            "quality": half.quality[keep], "file_digest": [digest] * n,
        }
    )  # fmt: skip


def _other_product(path: Path, groups: list[str], variables: list[str]) -> str:
    known = {
        f"{GROUP}_AM": "a daily (L3) file; read it as SMAP L3",
        "Geophysical_Data": "a level 4 file, made by a model",
        "Global_Projection": "a level 1C file: brightness without what a retrieval needs",
    }
    guess = next((text for name, text in known.items() if name in groups), "not a SMAP L2 file")
    held = ", ".join([*groups, *variables][:6]) or "nothing"
    return f"{path}: there is no group {GROUP}; it holds {held}. It is {guess}."


def _times(group: Any, n: int) -> AnyArray:  # noqa: ANN401
    if "tb_time_seconds" not in group.variables:
        return np.full(n, np.datetime64("NaT", "s"))
    seconds = numbers_of(group, "tb_time_seconds")  # since 2000-01-01 12:00
    known = np.isfinite(seconds)
    whole = np.where(known, seconds, 0.0).astype(np.int64).astype("timedelta64[s]")
    return np.where(
        known, np.datetime64("2000-01-01T12:00:00", "s") + whole, np.datetime64("NaT", "s")
    )


def _classes(group: Any, n: int) -> FloatArray:  # noqa: ANN401
    """Share of each IGBP class, from the three largest of a cell."""
    shares = np.zeros((n, 17))
    if "landcover_class" not in group.variables:
        return shares
    codes = codes_of(group, "landcover_class", 0).reshape(n, -1)
    parts = np.nan_to_num(numbers_of(group, "landcover_class_fraction")).reshape(n, -1)
    for code, part in zip(codes.T, parts.T, strict=True):
        known = (code >= 1) & (code <= 17)
        shares[np.flatnonzero(known), code[known] - 1] += part[known]
    return shares


def _nominal_km(path: Path, row: IntArray, col: IntArray, lon: FloatArray, lat: FloatArray) -> int:
    """Which grid the cells lie on, told by their coordinates: 36 km, or 9 km when enhanced."""
    known = (row >= 0) & (col >= 0) & np.isfinite(lon) & np.isfinite(lat)
    off = {}
    for nominal in (36, 9):
        told_lon, told_lat = ease_grid(nominal).lon_lat(row[known], col[known])
        off[nominal] = np.maximum(np.abs(told_lon - lon[known]), np.abs(told_lat - lat[known]))
    nominal = min(off, key=lambda km: float(np.median(off[km])) if off[km].size else 0.0)
    wrong = ~(off[nominal] <= _PLACE_DEG)  # a projection that fails gives inf
    if wrong.any():
        raise RequestError(
            f"{path}: {int(wrong.sum())} of {wrong.size} cells lie up to "
            f"{float(off[nominal].max()):.2f} degrees from where EASE-Grid 2.0 of {nominal} km has "
            "their rows and columns. Rows are counted from the south, or it is another grid."
        )
    return nominal


def _require_slant(path: Path, values: dict[str, FloatArray], classes: FloatArray) -> None:
    vegetated = classes.sum(axis=1) > 0.9
    b = np.where(vegetated, prior_of_fractions(classes).b, np.nan)
    cos_i = np.cos(np.radians(values["boresight_incidence"]))
    if opacity_kind(values["opacity"], b, values["vegetation_water_content"], cos_i) == "nadir":
        raise RequestError(
            f"{path}: the vegetation opacity equals b times the vegetation water, so it is at "
            "nadir; SMAP delivers it along the slant, divided by cos(incidence). Divide it, or the "
            "retrieval is too dry."
        )
