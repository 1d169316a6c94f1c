"""Read measured soils of UNSODA: textures, retention points, saturated conductivities."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rootzone._shared.arrays import FloatArray, IntArray
from rootzone._shared.errors import RequestError
from rootzone._shared.tables import read_frame

if TYPE_CHECKING:
    import polars as pl

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


@dataclass(frozen=True)
class MeasuredSoils:
    """Soils with texture, and what was measured on them.

    Parameters
    ----------
    sand_pct, silt_pct, clay_pct : array, shape (soil,)
        Fractions [%] at 2 and 50 micrometres, measured or log-interpolated.
    ks_cm_d : array, shape (soil,)
        Saturated conductivity [cm d-1], NaN where not measured.
    point_soil : array of int, shape (point,)
        Soil of each retention point.
    suction_cm, theta : array, shape (point,)
        Retention points, laboratory drying up to 16,000 cm [cm], [m3 m-3].
    """

    sand_pct: FloatArray
    silt_pct: FloatArray
    clay_pct: FloatArray
    ks_cm_d: FloatArray
    point_soil: IntArray
    suction_cm: FloatArray
    theta: FloatArray

    @property
    def textures(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Sand, silt and clay [%]."""
        return self.sand_pct, self.silt_pct, self.clay_pct


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
    )


def _floats(column: pl.Series) -> FloatArray:
    import polars as pl

    series = column.cast(pl.Float64).fill_null(float("nan"))
    return np.asarray(series.to_numpy(), dtype=np.float64)
