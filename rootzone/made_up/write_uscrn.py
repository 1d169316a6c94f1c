"""Write USCRN's daily text (product daily01), the format that `read_uscrn` reads.

Used for made-up stations, so that a demonstration goes through the real reader. A line holds 28
fields in fixed columns, 216 characters; missing soil moisture reads -99, anything else -9999.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rootzone._shared.arrays import FloatArray, IntArray
from rootzone._shared.atomic import write_text
from rootzone._shared.days import years_of
from rootzone.stations.readers.read_uscrn import DEPTHS_M

NO_MOISTURE = -99.0
NO_VALUE = -9999.0
_DEPTHS = tuple(f"{round(100 * depth):03d}" for depth in DEPTHS_M)
MOISTURE = tuple(f"sm_{depth}" for depth in _DEPTHS)
TEMPERATURE = tuple(f"st_{depth}_c" for depth in _DEPTHS)
# Fields 6 to 28 in order, the type of the surface temperature left out, and their formats.
_WEATHER = (
    "tmax_degc", "tmin_degc", "tmean_degc", "tavg_degc", "rain_mm", "radn_mj_m2",
    "surface_max_degc", "surface_min_degc", "surface_avg_degc",
    "rh_max_pct", "rh_min_pct", "rh_avg_pct",
)  # fmt: skip
COLUMNS = (*_WEATHER, *MOISTURE, *TEMPERATURE)
_FORMATS = ("7.1f",) * 5 + ("8.2f",) + ("7.1f",) * 6 + ("7.3f",) * 5 + ("7.1f",) * 5


@dataclass(frozen=True)
class StationRecord:
    """Days of one station in USCRN's quantities.

    Parameters
    ----------
    station : str
        Name as it stands in file names, such as ``CO_Nunn_7_NNE``.
    wban : str
        Five digits.
    lat, lon : float
        WGS 84 [degree]; the files round them to 0.01.
    day : array of int, shape (day,)
        Days since 1970-01-01, rising.
    columns : mapping of str to array, shape (day,)
        Any of `COLUMNS`, NaN where missing; those not given are missing on every day.
    version : str
        Version of the station's datalogger program, ``CRX_VN``.
    """

    station: str
    wban: str
    lat: float
    lon: float
    day: IntArray
    columns: Mapping[str, FloatArray]
    version: str = "2.622"


def uscrn_lines(record: StationRecord) -> list[str]:
    """One line a day, without line ends."""
    missing = np.full(len(record.day), np.nan)
    columns = [np.asarray(record.columns.get(name, missing), dtype=float) for name in COLUMNS]
    surface = columns[COLUMNS.index("surface_avg_degc")]
    fill = [NO_MOISTURE if name in MOISTURE else NO_VALUE for name in COLUMNS]
    dates = np.datetime_as_string(record.day.astype("datetime64[D]"))
    lines = []
    for i, date in enumerate(dates):
        fields = [
            format(column[i] if np.isfinite(column[i]) else empty, layout)
            for column, empty, layout in zip(columns, fill, _FORMATS, strict=True)
        ]
        fields.insert(6, "U" if np.isnan(surface[i]) else "C")  # unknown, or corrected infrared
        head = f"{record.wban:>5} {str(date).replace('-', '')} {record.version:>6}"
        lines.append(" ".join([head, f"{record.lon:7.2f} {record.lat:7.2f}", *fields]))
    return lines


def write_uscrn(folder: Path, record: StationRecord) -> list[Path]:
    """Write the record as one file a year, named as NOAA names them.

    Returns
    -------
    list of Path
        Such as ``CRND0103-2023-CO_Nunn_7_NNE.txt``.
    """
    years = years_of(record.day)
    lines = uscrn_lines(record)
    written = []
    for year in np.unique(years):
        path = folder / f"CRND0103-{year}-{record.station}.txt"
        own = [line for line, of in zip(lines, years, strict=True) if of == year]
        write_text(path, "\n".join(own) + "\n")
        written.append(path)
    return written
