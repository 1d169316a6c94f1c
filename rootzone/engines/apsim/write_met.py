"""Write ``.met`` weather files as APSIM reads them."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone._shared.days import EPOCH

# APSIM reads these from a .met file; radiation and temperatures give Eo, and nothing else does.
MET_COLUMNS = {"radn_mj_m2": "radn", "tmax_degc": "maxt", "tmin_degc": "mint", "rain_mm": "rain"}
_UNITS = "() () (MJ/m^2) (oC) (oC) (mm)"


def met_text(
    first_day: int, columns: Mapping[str, FloatArray], latitude_deg: float, title: str
) -> str:
    """Text of a ``.met`` file.

    APSIM keeps the values in single precision: a comparison with another engine must round its
    weather to float32 as well.

    Parameters
    ----------
    first_day : int
        First day, days since 1970-01-01; days follow without gaps.
    columns : mapping of str to array, shape (day,)
        The columns of `MET_COLUMNS`.
    latitude_deg : float
        Latitude [degree]; fallow does not use it, but APSIM insists on it.
    title : str
        Comment line.
    """
    import polars as pl

    days = np.arange(first_day, first_day + columns["rain_mm"].size).astype("datetime64[D]")
    years = days.astype("datetime64[Y]")
    tav, amp = _tav_amp(days, columns["tmax_degc"], columns["tmin_degc"])
    frame = pl.DataFrame(
        {
            "year": years.astype(np.int64) + EPOCH.year,
            "day": (days - years.astype("datetime64[D]")).astype(np.int64) + 1,
            **{name: columns[key].astype(np.float32) for key, name in MET_COLUMNS.items()},
        }
    )
    head = (
        "[weather.met.weather]\n"
        f"!{title}\n"
        f"latitude = {latitude_deg:.4f} (DECIMAL DEGREES)\n"
        f"tav = {tav:.2f} (oC)\n"
        f"amp = {amp:.2f} (oC)\n"
        f"{' '.join(frame.columns)}\n{_UNITS}\n"
    )
    body = io.BytesIO()
    frame.write_csv(body, separator=" ", include_header=False)
    return head + body.getvalue().decode()


def write_met(
    path: Path,
    first_day: int,
    columns: Mapping[str, FloatArray],
    latitude_deg: float,
    title: str,
) -> None:
    """Write a ``.met`` file; see `met_text`.

    It goes to scratch and lives as long as one run, so nothing waits for the disk.
    """
    path.write_text(met_text(first_day, columns, latitude_deg, title), encoding="ascii")


def _tav_amp(
    days: np.ndarray[tuple[int], np.dtype[np.datetime64]],
    tmax_degc: FloatArray,
    tmin_degc: FloatArray,
) -> tuple[float, float]:
    """Mean temperature and the swing of its monthly means [degC]."""
    mean = (tmax_degc + tmin_degc) / 2.0
    month = days.astype("datetime64[M]").astype(np.int64) % 12
    monthly = [mean[month == number].mean() for number in np.unique(month)]
    return float(mean.mean()), float(max(monthly) - min(monthly))
