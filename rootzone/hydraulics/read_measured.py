"""Read collections of measured soils beside UNSODA: KSSL, GSHP and MesoSoil of Oklahoma."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone._shared.errors import RequestError
from rootzone._shared.table_files import read_frame
from rootzone._shared.units import mm_from_cm
from rootzone.hydraulics.closed_forms import OM_PER_OC
from rootzone.hydraulics.limits import PARTICLE_DENSITY_G_CM3
from rootzone.hydraulics.measured_soils import MeasuredSoils
from rootzone.hydraulics.van_genuchten import theta_from_psi

if TYPE_CHECKING:
    import polars as pl

_CM_PER_KPA = 10.1972
_PER_CM_OF_PER_KPA = 0.0980665
_CM_D_OF_CM_H = 24.0
_MESOSOIL_MISSING = -9.0  # -9.9 stands for missing
_FIT = ("sand", "silt", "clay", "thetar", "thetas", "alpha_kpa", "n", "depth_cm", "oc", "ksat_cmh")


def read_kssl(path: Path) -> MeasuredSoils:
    """Curves of the NCSS laboratory at 6, 33, 100 and 1500 kPa, where they were measured.

    Bulk density comes from the table's porosity. The water content at saturation is an assumption
    of those who fitted the curves and is left out.

    Raises
    ------
    RequestError
        The table or a column is missing.
    """
    frame = _columns(path, (*_FIT, "porosity"))
    bd = PARTICLE_DENSITY_G_CM3 * (1.0 - _floats(frame["porosity"]))
    return _of_fits(frame, (6.0, 33.0, 100.0, 1500.0), bd, "KSSL", "some in Rosetta's")


def read_gshp(path: Path) -> MeasuredSoils:
    """Curves of the global GSHP collection at 10, 33, 100 and 1500 kPa; no bulk density.

    UNSODA's soils in it are left out: they have a collection of their own. So are Florida's
    conductivities: half of its sands have less than 1 cm h-1 in this table, those of other sources
    twenty times as much, as if cm h-1 had been divided by 24 once more.

    Raises
    ------
    RequestError
        The table or a column is missing.
    """
    import polars as pl

    frame = _columns(path, (*_FIT, "source_db")).filter(pl.col("source_db") != "UNSODA")
    of_florida = pl.col("source_db") == "Florida_database"
    frame = frame.with_columns(
        pl.when(of_florida).then(None).otherwise("ksat_cmh").alias("ksat_cmh")
    )
    bd = np.full(frame.height, np.nan)
    seen = "UNSODA's part left out; Belgian soils in Weynants's, some of the rest in Rosetta's"
    return _of_fits(frame, (10.0, 33.0, 100.0, 1500.0), bd, "GSHP", seen)


def read_mesosoil(path: Path) -> MeasuredSoils:
    """Water contents at 33 and 1500 kPa measured at the stations of the Oklahoma Mesonet.

    Layers with a missing value (-9.9) in texture, bulk density or water contents are left out.

    Raises
    ------
    RequestError
        The table or a column is missing.
    """
    import polars as pl

    needed = ("Depth", "Sand", "Silt", "Clay", "BulkD", "Th33", "Th1500")
    frame = _columns(path, needed).filter(
        pl.all_horizontal(pl.col(needed).cast(pl.Float64, strict=False) > _MESOSOIL_MISSING)
    )
    n_soil = frame.height
    wet, dry = _floats(frame["Th33"]), _floats(frame["Th1500"])
    return MeasuredSoils(
        _floats(frame["Sand"]),
        _floats(frame["Silt"]),
        _floats(frame["Clay"]),
        np.full(n_soil, np.nan),
        np.tile(np.arange(n_soil), 2),
        np.repeat(np.array([33.0, 1500.0]) * _CM_PER_KPA, n_soil),
        np.concatenate([wet, dry]),
        properties={
            "bd_g_cm3": _floats(frame["BulkD"]),
            "theta_33kpa": wet,
            "theta_1500kpa": dry,
        },
        middle_mm=mm_from_cm(_floats(frame["Depth"])),
        name="MesoSoil",
        seen_in_training="in none",
    )


def _of_fits(
    frame: pl.DataFrame, at_kpa: tuple[float, ...], bd: FloatArray, name: str, seen: str
) -> MeasuredSoils:
    """Points read off fitted curves, measured conductivities, and carbon as organic matter."""
    curve = [
        _floats(frame["thetar"])[:, np.newaxis],
        _floats(frame["thetas"])[:, np.newaxis],
        _PER_CM_OF_PER_KPA * _floats(frame["alpha_kpa"])[:, np.newaxis],
        _floats(frame["n"])[:, np.newaxis],
    ]
    suction = np.asarray(at_kpa) * _CM_PER_KPA
    theta = theta_from_psi(-suction[np.newaxis, :], *curve)
    by_kpa = {kpa: theta[:, at] for at, kpa in enumerate(at_kpa)}
    return MeasuredSoils(
        _floats(frame["sand"]),
        _floats(frame["silt"]),
        _floats(frame["clay"]),
        _CM_D_OF_CM_H * _floats(frame["ksat_cmh"]),
        np.repeat(np.arange(frame.height), len(at_kpa)),
        np.tile(suction, frame.height),
        theta.ravel(),
        properties={
            "bd_g_cm3": bd,
            "om_pct": OM_PER_OC * _floats(frame["oc"]),
            "theta_33kpa": by_kpa[33.0],
            "theta_1500kpa": by_kpa[1500.0],
        },
        middle_mm=mm_from_cm(_floats(frame["depth_cm"])),
        name=name,
        seen_in_training=seen,
    )


def _columns(path: Path, needed: tuple[str, ...]) -> pl.DataFrame:
    frame = read_frame(path)
    missing = [name for name in needed if name not in frame.columns]
    if missing:
        raise RequestError(f"{path} has no column {', '.join(missing)}.")
    return frame


def _floats(column: pl.Series) -> FloatArray:
    import polars as pl

    series = column.cast(pl.Float64, strict=False).fill_null(float("nan"))
    return np.asarray(series.to_numpy(), dtype=np.float64)
