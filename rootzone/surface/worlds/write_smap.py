"""Made-up SMAP files in NASA's layouts: half orbits (L2) and daily composites (L3), HDF5.

Half orbits have one group and one dimension, composites a group a pass and the whole grid; opacity
is along the slant in both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray, IntArray
from rootzone._shared.atomic import atomic_path
from rootzone.covariates.observe.smap_l2 import GROUP
from rootzone.covariates.observe.smap_l3 import PASSES
from rootzone.surface.grids.cell_grid import ease_grid
from rootzone.surface.physics.retrieve import (
    Scene,
    porosity_from_bulk_density,
    retrieve_dca,
    retrieve_scah,
    retrieve_scav,
)

NOTE: Final = "made up by rootzone: no sensor saw this"
_FILL = -9999.0


@dataclass(frozen=True)
class SmapCells:
    """Cells of one half orbit; arrays of shape (cell,).

    Attributes
    ----------
    row, col : array of int
        Cells of EASE-Grid 2.0 of 36 km, or of 9 km where ``nominal_km`` says so.
    time : array of datetime64
        Time of the look, UTC.
    tb_h, tb_v, teff_k : array
        Brightness and effective temperature [K].
    incidence_deg, clay_pct, bulk_density_g_cm3 : array
        Angle and soil.
    h, omega, b, tau : array
        Parameters of the class table, and nadir opacity [-].
    igbp : array of int
        Land cover.
    nominal_km : int
        36 or 9.
    """

    row: IntArray
    col: IntArray
    time: AnyArray
    tb_h: FloatArray
    tb_v: FloatArray
    incidence_deg: FloatArray
    teff_k: FloatArray
    clay_pct: FloatArray
    bulk_density_g_cm3: FloatArray
    h: FloatArray
    omega: FloatArray
    tau: FloatArray
    igbp: IntArray
    b: FloatArray
    nominal_km: int = 36


def write_smap_l2(path: Path, cells: SmapCells) -> None:
    """Write a half orbit with the single-channel retrievals NASA would have put in.

    Parameters
    ----------
    path : Path
        The file; the name should carry ``_A_`` or ``_D_`` as real ones do.
    cells : SmapCells
        What was seen.
    """
    import netCDF4

    scene = _scene(cells)
    floats = _measured(cells) | {
        "vegetation_opacity_option2": _slant(cells),
        "soil_moisture_option1": retrieve_scah(cells.tb_h, scene).theta,
        "soil_moisture_option2": retrieve_scav(cells.tb_v, scene).theta,
    }
    with atomic_path(path) as temporary, netCDF4.Dataset(temporary, "w") as file:
        file.note = NOTE
        group = file.createGroup(GROUP)
        group.createDimension("cell", cells.row.size)
        group.createDimension("class", 3)
        for name, values in floats.items():
            made = group.createVariable(name, "f4", ("cell",), fill_value=_FILL, compression="zlib")
            made[:] = np.where(np.isfinite(values), values, _FILL)
        for axis, number in (("row", cells.row), ("column", cells.col)):
            group.createVariable(f"EASE_{axis}_index", "u2", ("cell",))[:] = number
        seconds = _seconds(cells)
        group.createVariable("tb_time_seconds", "f8", ("cell",), fill_value=_FILL)[:] = seconds
        frozen = _frozen(cells)
        group.createVariable("surface_flag", "u2", ("cell",))[:] = frozen
        group.createVariable("retrieval_qual_flag_option2", "u2", ("cell",))[:] = frozen // 256
        codes = np.full((cells.row.size, 3), 254)
        codes[:, 0] = cells.igbp
        shares = np.full((cells.row.size, 3), _FILL)
        shares[:, 0] = 1.0
        kinds = (
            ("landcover_class", "u1", codes, 254),
            ("landcover_class_fraction", "f4", shares, _FILL),
        )
        for name, dtype, stored, fill in kinds:
            made = group.createVariable(name, dtype, ("cell", "class"), fill_value=fill)
            made[:] = stored


def write_smap_l3(path: Path, passes: Mapping[str, SmapCells]) -> None:
    """Write a day's composite on the whole grid: fill but for the cells that were seen.

    Parameters
    ----------
    path : Path
        Such as ``SMAP_L3_SM_P_E_20220401_R18290_001.h5``.
    passes : mapping of str to SmapCells
        What the passes ``AM`` and ``PM`` saw; one that saw nothing is left out here, and has its
        group without a value in the file. Cells are all of one size.
    """
    import netCDF4

    (nominal_km,) = {cells.nominal_km for cells in passes.values()}
    shape = ease_grid(nominal_km).shape
    with atomic_path(path) as temporary, netCDF4.Dataset(temporary, "w") as file:
        file.note = NOTE
        for name in PASSES:
            group = file.createGroup(f"{GROUP}_{name}")
            for axis, size in zip(("row", "col"), shape, strict=True):
                group.createDimension(axis, size)
            suffix = "_pm" if name == "PM" else ""
            cells = passes.get(name, next(iter(passes.values())))
            seen = np.flatnonzero(np.full(cells.row.size, name in passes))
            at = (cells.row[seen], cells.col[seen])
            for variable, values in _composite(cells).items():
                _put(group, variable + suffix, "f4", _FILL, at, values[seen])
            frozen = _frozen(cells)[seen]
            _put(group, "surface_flag" + suffix, "u2", 65534, at, frozen)
            _put(group, "retrieval_qual_flag" + suffix, "u2", 65534, at, frozen // 256)


def _composite(cells: SmapCells) -> dict[str, FloatArray]:
    """Variables of a pass: the release's own choice is the dual-channel retrieval."""
    scene = _scene(cells)
    dual = retrieve_dca(cells.tb_h, cells.tb_v, scene).theta
    return _measured(cells) | {
        "vegetation_opacity": _slant(cells), "soil_moisture": dual, "soil_moisture_dca": dual,
        "soil_moisture_scah": retrieve_scah(cells.tb_h, scene).theta,
        "soil_moisture_scav": retrieve_scav(cells.tb_v, scene).theta,
    }  # fmt: skip


def _put(
    group: Any,  # noqa: ANN401 - netCDF4 is untyped
    name: str,
    kind: str,
    fill: float,
    at: tuple[AnyArray, AnyArray],
    values: AnyArray,
) -> None:
    """Values of some cells; parts of the grid that nothing was seen of take no room."""
    made = group.createVariable(
        name, kind, ("row", "col"), fill_value=fill, compression="zlib", chunksizes=(116, 241)
    )
    if not values.size:
        return
    window = tuple(slice(int(part.min()), int(part.max()) + 1) for part in at)
    piece = np.full([part.stop - part.start for part in window], fill)
    piece[at[0] - window[0].start, at[1] - window[1].start] = np.where(
        np.isfinite(values), values, fill
    )
    made[window] = piece


def _scene(cells: SmapCells) -> Scene:
    return Scene(
        cells.teff_k, cells.clay_pct, cells.h, cells.omega, cells.tau, cells.incidence_deg,
        porosity_from_bulk_density(cells.bulk_density_g_cm3),
    )  # fmt: skip


def _measured(cells: SmapCells) -> dict[str, FloatArray]:
    """What all of SMAP's files say of a cell, by its name there."""
    lon, lat = ease_grid(cells.nominal_km).lon_lat(cells.row, cells.col)
    return {
        "latitude": lat, "longitude": lon, "tb_h_corrected": cells.tb_h,
        "tb_v_corrected": cells.tb_v, "boresight_incidence": cells.incidence_deg,
        "surface_temperature": cells.teff_k, "clay_fraction": cells.clay_pct / 100.0,
        "bulk_density": cells.bulk_density_g_cm3, "roughness_coefficient": cells.h,
        "albedo": cells.omega,
        "vegetation_water_content": np.where(cells.b > 0, cells.tau / np.maximum(cells.b, 1e-9), 0),
    }  # fmt: skip


def _slant(cells: SmapCells) -> FloatArray:
    return np.asarray(cells.tau / np.cos(np.radians(cells.incidence_deg)))


def _seconds(cells: SmapCells) -> FloatArray:
    return np.asarray((cells.time - np.datetime64("2000-01-01T12:00:00")) / np.timedelta64(1, "s"))


def _frozen(cells: SmapCells) -> IntArray:
    """Bit 8 of the surface flag: frozen by the model."""
    return np.where(cells.teff_k < 273.15, 256, 0)
