"""SMAP L3 daily composites, 36 km and enhanced 9 km: two passes on the whole grid, with counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from rootzone._shared.arrays import BoolArray, FloatArray, IntArray
from rootzone._shared.day_in_name import day_in_name
from rootzone._shared.digests import digest_file
from rootzone._shared.errors import RequestError
from rootzone._shared.open_files import open_netcdf
from rootzone.covariates.observe.ease import ease_grid
from rootzone.covariates.observe.observed import Dropped, NothingLeftError, Observed
from rootzone.covariates.observe.smap_hdf import DENSE, FROZEN, WATER, codes_of, numbers_of
from rootzone.covariates.observe.suspicions import require_brightness

PASSES: Final = {"AM": "desc", "PM": "asc"}
"""Groups of a file, 6 h and 18 h of local time, and the orbit they are of."""
_GROUP = "Soil_Moisture_Retrieval_Data"
_QUANTITIES: Final[dict[str, tuple[str, ...]]] = {
    "tb_h": ("tb_h_corrected",), "tb_v": ("tb_v_corrected",), "theta": ("soil_moisture",),
    "theta_sca_h": ("soil_moisture_scah", "soil_moisture_option1"),
    "theta_sca_v": ("soil_moisture_scav", "soil_moisture_option2"),
    "theta_dca": ("soil_moisture_dca", "soil_moisture_option3"),
}  # fmt: skip


def observe_smap_l3(path: Path, *, recommended_only: bool = False) -> Observed:
    """Both passes of a day as observations: brightness and the retrievals that are there.

    Parameters
    ----------
    path : Path
        SPL3SMP or SPL3SMP_E as NASA delivers it.
    recommended_only : bool
        Whether retrievals need the product's own recommendation (bit 0 of the quality flag is 0).

    Raises
    ------
    RequestError
        It is another product or a cut of one, brightness cannot be one, or no value is left.

    Notes
    -----
    Cells are placed by their row and column: the coordinates of a file have holes.
    """
    dropped, frames, shapes = Dropped(), [], set()
    with open_netcdf(path) as file:
        passes = [name for name in PASSES if f"{_GROUP}_{name}" in file.groups]
        if not passes:
            held = ", ".join([*file.groups, *file.variables][:6]) or "nothing"
            raise RequestError(
                f"{path}: there is no group {_GROUP}_AM or _PM; it holds {held}. It is no daily "
                "composite (L3) of SMAP: half orbits (L2) have one group and one dimension."
            )
        for name in passes:
            group = file.groups[f"{_GROUP}_{name}"]
            frame, nominal_km = _pass(path, group, name, dropped, recommended_only)
            frames.append(frame)
            shapes.add(nominal_km)
    frame = pl.concat(frames).with_columns(file_digest=pl.lit(digest_file(path)))
    if frame.is_empty():
        raise NothingLeftError(path, dropped)
    said = (
        f"{path.name}: EASE-Grid 2.0 of {shapes.pop()} km, passes {' and '.join(passes)}",
        "theta of 0-50 mm (nominal) in m3 m-3",
    )
    return Observed(frame, dropped, said)


@dataclass(frozen=True)
class SmapPass:
    """Cells of one pass of a day that have brightness; arrays of shape (cell,).

    Attributes
    ----------
    path : Path
        The file.
    nominal_km : int
        36 or 9.
    row, col : array of int
        Cells of EASE-Grid 2.0.
    values : dict of arrays
        What a retrieval is told of the look, by the names of the file; NaN where there is none.
    """

    path: Path
    nominal_km: int
    row: IntArray
    col: IntArray
    values: dict[str, FloatArray]


LOOK: Final = ("tb_h_corrected", "tb_v_corrected", "boresight_incidence", "surface_temperature")
"""Variables of a look that a retrieval needs."""


def holds_passes(path: Path) -> bool:
    """Whether a file is a daily composite, by its groups."""
    with open_netcdf(path) as file:
        return any(f"{_GROUP}_{name}" in file.groups for name in PASSES)


def read_smap_pass(
    path: Path, name: str, window: Callable[[int], tuple[slice, slice]] | None = None
) -> SmapPass:
    """One pass of a day, of the whole grid or of a window of it.

    Parameters
    ----------
    path : Path
        SPL3SMP or SPL3SMP_E as NASA delivers it.
    name : str
        ``AM`` or ``PM``.
    window : callable, optional
        From the grid's nominal size [km] to the rows and columns that are wanted.

    Raises
    ------
    RequestError
        The pass or a variable is missing, the grid is cut, or brightness cannot be one.
    """
    suffix = "_pm" if name == "PM" else ""
    with open_netcdf(path) as file:
        group = file.groups.get(f"{_GROUP}_{name}")
        lacking = [n for n in LOOK if group is None or n + suffix not in group.variables]
        if group is None or lacking:
            raise RequestError(
                f"{path}: pass {name} lacks {', '.join(lacking)}{suffix and ' (_pm)'}; the file "
                f"holds {', '.join(file.groups) or 'no group'}. Take the whole granule."
            )
        nominal_km = _nominal_km(path, group.variables[LOOK[0] + suffix].shape)
        rows, cols = window(nominal_km) if window else (slice(None), slice(None))
        fields = {n: numbers_of(group, n + suffix, (rows, cols)) for n in LOOK}
    require_brightness(fields["tb_h_corrected"], fields["tb_v_corrected"], f"{path}, {name}")
    row, col = np.nonzero(np.isfinite(fields["tb_v_corrected"]))
    values = {n: field[row, col] for n, field in fields.items()}
    return SmapPass(path, nominal_km, row + (rows.start or 0), col + (cols.start or 0), values)


def _nominal_km(path: Path, shape: tuple[int, ...]) -> int:
    found = next((km for km in (36, 9) if ease_grid(km).shape == shape), 0)
    if not found:
        raise RequestError(
            f"{path}: {' x '.join(map(str, shape))} cells are neither the 406 x 964 of 36 km nor "
            "the 1624 x 3856 of 9 km; it is half a grid, or cut out of one. Take the whole file."
        )
    return found


def _pass(
    path: Path,
    group: Any,  # noqa: ANN401 - netCDF4 is untyped
    name: str,
    dropped: Dropped,
    recommended_only: bool,
) -> tuple[pl.DataFrame, int]:
    suffix = "_pm" if name == "PM" else ""
    fields = {}
    for quantity, names in _QUANTITIES.items():
        there = [n + suffix for n in names if n + suffix in group.variables]
        if there:
            fields[quantity] = numbers_of(group, there[0])
    if not any(quantity.startswith("theta") for quantity in fields):
        raise RequestError(
            f"{path}: group {_GROUP}_{name} holds no soil_moisture{suffix}; it is a cut of a file."
        )
    shape = next(iter(fields.values())).shape
    nominal_km = _nominal_km(path, shape)
    if {"tb_h", "tb_v"} <= fields.keys():
        require_brightness(fields["tb_h"], fields["tb_v"], f"{path}, {name}")
    flags, quality = (
        codes_of(group, n + suffix, 0) for n in ("surface_flag", "retrieval_qual_flag")
    )
    rules = {
        "water in the cell": (flags & WATER) > 0, "frozen": (flags & FROZEN) > 0,
        "dense vegetation": (flags & DENSE) > 0,
    }  # fmt: skip
    if recommended_only:
        rules["not recommended by the product"] = (quality & 1) > 0
    frames = []
    for quantity, value in fields.items():
        thermal = quantity.startswith("tb_")
        keep = dropped.keep(np.isfinite(value), {} if thermal else rules)
        frames.append(_frame(path, quantity, value, keep, nominal_km, name, quality))
    return pl.concat(frames), nominal_km


def _frame(
    path: Path, quantity: str, value: FloatArray, keep: BoolArray, nominal_km: int, name: str,
    quality: IntArray,
) -> pl.DataFrame:  # fmt: skip
    row, col = np.nonzero(keep)
    n, thermal = row.size, quantity.startswith("tb_")
    lon, lat = ease_grid(nominal_km).lon_lat(row, col)
    layer: list[float | None] = [None, None] if thermal else [0.0, 50.0]
    return pl.DataFrame(
        {
            "grid": pl.Series([f"ease2_{nominal_km}km"] * n, dtype=pl.String),
            "row": row, "col": col, "lon": lon, "lat": lat,
            "date": pl.Series([day_in_name(path.name)] * n, dtype=pl.Date),
            "sensor": pl.Series(["smap"] * n, dtype=pl.String),
            "quantity": pl.Series([quantity] * n, dtype=pl.String), "value": value[keep],
            "unit": pl.Series(["K" if thermal else "m3 m-3"] * n, dtype=pl.String),
            "top_mm": pl.Series([layer[0]] * n, dtype=pl.Float64),
            "bottom_mm": pl.Series([layer[1]] * n, dtype=pl.Float64),
            "incidence_deg": pl.Series([None] * n, dtype=pl.Float64),
            "orbit": pl.Series([PASSES[name]] * n, dtype=pl.String), "quality": quality[keep],
        }
    )  # fmt: skip
