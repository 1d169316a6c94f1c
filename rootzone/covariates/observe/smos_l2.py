"""SMOS L2 soil moisture of a half orbit, on the points of the ISEA 4H9 grid (about 15 km)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray, IntArray
from rootzone._shared.digests import digest_file
from rootzone._shared.errors import RequestError
from rootzone._shared.open_files import open_netcdf
from rootzone.covariates.layers.source import Layer
from rootzone.covariates.observe.gridded import unpacked
from rootzone.covariates.observe.observed import Dropped, NothingLeftError, Observed

if TYPE_CHECKING:
    from netCDF4 import Dataset

LARGEST_ERROR: Final = 0.07
"""Error of a retrieval (DQX) above which it does not count [m3 m-3]."""
MOST_INTERFERENCE: Final = 0.20
"""Share of looks with radio interference above which a retrieval does not count."""
_NEEDED = ("Soil_Moisture", "Soil_Moisture_DQX", "RFI_Prob", "Days", "Seconds", "Grid_Point_ID")


@dataclass(frozen=True)
class SmosHalfOrbit:
    """One half orbit; arrays of shape (point,).

    Attributes
    ----------
    path : Path
        The file.
    point : array of int
        Number of the point of the ISEA grid.
    lon, lat : array or None
        Its place [degree], where the file has it.
    time : array of datetime64[s]
        Time of the look, UTC.
    theta : array
        Water content of 0 to 50 mm [m3 m-3]; NaN where none counts.
    dropped : Dropped
        What was left out.
    """

    path: Path
    point: IntArray
    lon: FloatArray | None
    lat: FloatArray | None
    time: AnyArray
    theta: FloatArray
    dropped: Dropped

    def require_places(self) -> tuple[FloatArray, FloatArray]:
        """Longitude and latitude of the points.

        Raises
        ------
        RequestError
            The file was thinned to numbers of points.
        """
        if self.lon is None or self.lat is None:
            raise RequestError(
                f"{self.path} holds {self.theta.size} points by Grid_Point_ID alone; Longitude and "
                "Latitude were left out when it was thinned. Take the file as ESA delivers it."
            )
        return self.lon, self.lat

    def observed(self, layer: Layer) -> Observed:
        """The values as a table.

        Raises
        ------
        RequestError
            Places or values are not there.
        """
        import polars as pl

        lon, lat = self.require_places()
        at = np.flatnonzero(np.isfinite(self.theta))
        if not at.size:
            raise NothingLeftError(self.path, self.dropped)
        n = at.size
        frame = pl.DataFrame({
            "grid": ["isea_4h9"] * n, "row": self.point[at], "col": np.zeros(n, np.int64),
            "lon": lon[at], "lat": lat[at], "date": self.time[at].astype("datetime64[D]"),
            "sensor": [layer.source_name] * n, "quantity": ["theta"] * n, "value": self.theta[at],
            "unit": ["m3 m-3"] * n, "top_mm": [0.0] * n, "bottom_mm": [50.0] * n,
            "incidence_deg": pl.Series([None] * n, dtype=pl.Float64), "orbit": ["none"] * n,
            "quality": pl.Series([None] * n, dtype=pl.Int64),
            "file_digest": [digest_file(self.path)] * n,
        })  # fmt: skip
        said = (
            f"{self.path.name}: {self.theta.size} points of the ISEA grid",
            "theta of 0-50 mm (nominal) in m3 m-3",
        )
        return Observed(frame, self.dropped, said)


def read_smos_l2(path: Path) -> SmosHalfOrbit:
    """Read a half orbit.

    Parameters
    ----------
    path : Path
        NetCDF as ESA delivers it.

    Raises
    ------
    RequestError
        It is another product.
    """
    with open_netcdf(path) as file:
        lacking = [name for name in _NEEDED if name not in file.variables]
        if lacking:
            raise RequestError(
                f"{path} lacks {', '.join(lacking)}; it is no SMOS L2 soil moisture (SMUDP2)."
            )
        theta, error, rfi = (_numbers(file, name) for name in _NEEDED[:3])
        days, seconds = (_numbers(file, name) for name in ("Days", "Seconds"))
        point = _numbers(file, "Grid_Point_ID").astype(np.int64)
        places = [
            _numbers(file, name) if name in file.variables else None
            for name in ("Longitude", "Latitude")
        ]
    dropped = Dropped()
    keep = dropped.keep(
        np.isfinite(theta),
        {
            f"error above {LARGEST_ERROR:g} or unknown": ~(error <= LARGEST_ERROR),
            f"interference in more than {100 * MOST_INTERFERENCE:g} %": rfi > MOST_INTERFERENCE,
            "outside 0 to 1": (theta < 0) | (theta > 1),
        },
    )
    whole = np.nan_to_num(days * 86400.0 + seconds).astype(np.int64).astype("timedelta64[s]")
    time = np.datetime64("2000-01-01T00:00:00", "s") + whole
    return SmosHalfOrbit(
        path, point, places[0], places[1], time, np.where(keep, theta, np.nan), dropped
    )


def _numbers(file: Dataset, name: str) -> FloatArray:
    variable: Any = file.variables[name]
    variable.set_auto_maskandscale(False)
    return unpacked(variable, np.asarray(variable[...]))
