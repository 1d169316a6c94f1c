"""Read measured soils of UNSODA: textures, retention points, saturated conductivities."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone._shared.errors import RequestError
from rootzone._shared.table_files import read_frame
from rootzone._shared.units import mm_from_cm
from rootzone.hydraulics.measured_soils import MeasuredSoils

if TYPE_CHECKING:
    import polars as pl

_SUCTION_33KPA_CM = 336.5
_SUCTION_1500KPA_CM = 15_296.0
_NEAR_LOG = 0.06  # a point at 15,000 cm stands for 1500 kPa
_MAX_SUCTION_CM = 16_000.0  # beyond 15,000 cm UNSODA holds a few points of other methods
_TABLES = {
    "unsoda_soils.parquet": (
        "code",
        "sand_pct",
        "silt_pct",
        "clay_pct",
        "texture_flag",
        "ksat_cm_d",
    ),
    "unsoda_retention.parquet": ("code", "suction_cm", "theta_m3m3", "experiment"),
}


def read_unsoda(folder: Path) -> MeasuredSoils:
    """Read the two Parquet tables made from UNSODA 2.0 (Nemes et al. 2001).

    Raises
    ------
    RequestError
        A table or one of its columns is missing.
    """
    import polars as pl

    frames = {}
    for name, columns in _TABLES.items():
        frame = read_frame(folder / name)
        missing = [column for column in columns if column not in frame.columns]
        if missing:
            raise RequestError(f"{folder / name} has no column {', '.join(missing)}.")
        frames[name] = frame
    soils = frames["unsoda_soils.parquet"].filter(pl.col("texture_flag").is_in([0.0, 1.0]))
    points = frames["unsoda_retention.parquet"].filter(
        (pl.col("experiment") == "lab_drying")
        & (pl.col("suction_cm") >= 0.0)
        & (pl.col("suction_cm") <= _MAX_SUCTION_CM)
        & pl.col("theta_m3m3").is_finite()
    )
    numbered = soils.select("code").with_row_index("soil")
    points = points.join(numbered, on="code", how="inner", maintain_order="left")
    return MeasuredSoils(
        _floats(soils["sand_pct"]),
        _floats(soils["silt_pct"]),
        _floats(soils["clay_pct"]),
        _floats(soils["ksat_cm_d"]),
        points["soil"].to_numpy().astype(np.int64),
        _floats(points["suction_cm"]),
        _floats(points["theta_m3m3"]),
        properties={
            **{name: _floats(soils[name]) for name in ("bd_g_cm3", "om_pct") if name in soils},
            "theta_33kpa": _at_suction(points, soils.height, _SUCTION_33KPA_CM),
            "theta_1500kpa": _at_suction(points, soils.height, _SUCTION_1500KPA_CM),
        },
        middle_mm=_middle_mm(soils),
        name="UNSODA",
        seen_in_training="much of it in Rosetta's, some in Wosten's and Weynants's",
    )


def _middle_mm(soils: pl.DataFrame) -> FloatArray | None:
    if not {"depth_upper_cm", "depth_lower_cm"} <= set(soils.columns):
        return None
    return mm_from_cm(0.5 * (_floats(soils["depth_upper_cm"]) + _floats(soils["depth_lower_cm"])))


def _at_suction(points: pl.DataFrame, n_soil: int, suction_cm: float) -> FloatArray:
    """Measured water content at a suction [m3 m-3], between points in log suction; NaN outside."""
    out = np.full(n_soil, np.nan)
    for (soil,), own in points.filter(points["suction_cm"] > 0.0).group_by("soil"):
        own = own.sort("suction_cm")
        log_suction = np.log(own["suction_cm"].to_numpy())
        at = np.log(suction_cm)
        if log_suction[0] <= at <= log_suction[-1] + _NEAR_LOG:
            out[int(str(soil))] = np.interp(at, log_suction, own["theta_m3m3"].to_numpy())
    return out


def _floats(column: pl.Series) -> FloatArray:
    import polars as pl

    series = column.cast(pl.Float64).fill_null(float("nan"))
    return np.asarray(series.to_numpy(), dtype=np.float64)
