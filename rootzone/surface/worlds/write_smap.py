"""Made-up SMAP L2 files in NASA's layout: HDF5, one group, one dimension, slant opacity."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray, IntArray
from rootzone._shared.atomic import atomic_path
from rootzone.covariates.observe.smap_l2 import GROUP
from rootzone.surface.grids.cell_grid import ease_grid
from rootzone.surface.physics.retrieve import (
    Scene,
    porosity_from_bulk_density,
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

    cos_i = np.cos(np.radians(cells.incidence_deg))
    scene = Scene(
        cells.teff_k, cells.clay_pct, cells.h, cells.omega, cells.tau, cells.incidence_deg,
        porosity_from_bulk_density(cells.bulk_density_g_cm3),
    )  # fmt: skip
    lon, lat = ease_grid(cells.nominal_km).lon_lat(cells.row, cells.col)
    seconds = (cells.time - np.datetime64("2000-01-01T12:00:00")) / np.timedelta64(1, "s")
    floats = {
        "latitude": lat, "longitude": lon, "tb_h_corrected": cells.tb_h,
        "tb_v_corrected": cells.tb_v, "boresight_incidence": cells.incidence_deg,
        "surface_temperature": cells.teff_k, "clay_fraction": cells.clay_pct / 100.0,
        "bulk_density": cells.bulk_density_g_cm3, "roughness_coefficient": cells.h,
        "albedo": cells.omega, "vegetation_opacity_option2": cells.tau / cos_i,
        "vegetation_water_content": np.where(cells.b > 0, cells.tau / np.maximum(cells.b, 1e-9), 0),
        "soil_moisture_option1": retrieve_scah(cells.tb_h, scene).theta,
        "soil_moisture_option2": retrieve_scav(cells.tb_v, scene).theta,
    }  # fmt: skip
    with atomic_path(path) as temporary, netCDF4.Dataset(temporary, "w") as file:
        file.note = NOTE
        group = file.createGroup(GROUP)
        group.createDimension("cell", cells.row.size)
        group.createDimension("class", 3)
        for name, values in floats.items():
            made = group.createVariable(name, "f4", ("cell",), fill_value=_FILL, compression="zlib")
            made[:] = np.where(np.isfinite(values), values, _FILL)
        for name, codes in (("row", cells.row), ("column", cells.col)):
            group.createVariable(f"EASE_{name}_index", "u2", ("cell",))[:] = codes
        group.createVariable("tb_time_seconds", "f8", ("cell",), fill_value=_FILL)[:] = seconds
        frozen = np.where(cells.teff_k < 273.15, 256, 0)
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
        for name, dtype, values, fill in kinds:
            made = group.createVariable(name, dtype, ("cell", "class"), fill_value=fill)
            made[:] = values
