"""Plain tables of station values, CSV or Parquet, a value a row or a depth a column.

A value a row: ``station, date, depth_m, theta`` and, where known, ``network, lat, lon,
elevation_m, flag``; depths may be ``depth_cm`` or ``depth_in`` and water ``theta_pct``. A depth a
column: ``station, date, sm_005, sm_020 ...`` with the depth in centimetres, and where known
``st_020_c`` (soil temperature), ``qc_020`` (rule bits of an earlier screening), ``rain_mm``,
``tmax_c``, ``tmin_c``, ``srad_mj_m2``, ``rh_avg_pct``.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import polars as pl

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.errors import RequestError
from rootzone._shared.names import did_you_mean
from rootzone._shared.units import fraction_from_pct
from rootzone.stations.readers.read_nrcs_csv import csv_text
from rootzone.stations.sensor_depth import depths_in_metres, metres_from_inches
from rootzone.stations.series import (
    AS_GIVEN,
    BAD_VALUE,
    DUPLICATE_DATE,
    PERCENT,
    Findings,
    Place,
    SensorSeries,
    StationData,
    StationWeather,
    first_of_each,
    rounding_m,
)

_WIDE = re.compile(r"^(?:sm|theta)_(\d{3})$")
_WEATHER = {
    "rain_mm": "rain_mm",
    "tmax_c": "tmax_degc",
    "tmin_c": "tmin_degc",
    "tmax_degc": "tmax_degc",
    "tmin_degc": "tmin_degc",
    "srad_mj_m2": "radn_mj_m2",
    "radn_mj_m2": "radn_mj_m2",
    "rh_avg_pct": "rh_avg_pct",
}
_PERCENT_ABOVE = 1.0  # a sensor whose median is above this reads percent; water cannot exceed it


def read_plain(path: Path, network: str = "plain") -> StationData:
    """A table of station values.

    Parameters
    ----------
    path : Path
        ``.csv``, ``.csv.gz`` or ``.parquet``.
    network : str
        Name of the network where the table has no such column.

    Raises
    ------
    RequestError
        The table cannot be read, lacks columns, or its depths cannot be understood.
    """
    frame = _frame(path)
    findings = Findings()
    wide = [name for name in frame.columns if _WIDE.match(name)]
    _require(path, frame, ["station", "date"] if wide else ["station", "date", _depth_name(frame)])
    frame = _with_days(path, frame, findings)
    if "network" not in frame.columns:
        frame = frame.with_columns(pl.lit(network).alias("network"))
    data = StationData(findings=findings, units_read=frame.height)
    keys = ["network", "station"]
    for (net, station), part in frame.group_by(keys, maintain_order=True):
        place = _place(str(net), str(station), part)
        if wide:
            data.series += _wide_series(place, part, wide, findings)
        else:
            data.series += _long_series(path, place, part, findings)
        columns = {new: _numbers(part, old) for old, new in _WEATHER.items() if old in part.columns}
        if columns and wide:
            day = part["date"].to_numpy().astype("datetime64[D]")
            kept = first_of_each(day)
            chosen = {name: values[kept] for name, values in columns.items()}
            data.weather.append(StationWeather(place, day[kept].astype(np.int64), chosen))
    return data


def _frame(path: Path) -> pl.DataFrame:
    try:
        if path.suffix == ".parquet":
            return pl.read_parquet(path)
        return pl.read_csv(csv_text(path).encode(), infer_schema=False, truncate_ragged_lines=True)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise RequestError(f"{path} cannot be read as a table: {error}") from error


def _depth_name(frame: pl.DataFrame) -> str:
    known = ("depth_m", "depth_cm", "depth_in", "depth_mm")
    return next((name for name in known if name in frame.columns), "depth_m")


def _require(path: Path, frame: pl.DataFrame, names: list[str]) -> None:
    lacking = [
        f"{name}{did_you_mean(name, frame.columns).rstrip('?')}"
        for name in names
        if name not in frame.columns
    ]
    holds_water = any(n in {"theta", "theta_pct"} or _WIDE.match(n) for n in frame.columns)
    if not holds_water:
        lacking.append("theta [m3 m-3] or theta_pct [%] or sm_005, sm_020 ...")
    if lacking:
        raise RequestError(f"{path} lacks columns: {', '.join(lacking)}. See docs/stations.md.")


def _with_days(path: Path, frame: pl.DataFrame, findings: Findings) -> pl.DataFrame:
    series = frame["date"]
    if series.dtype == pl.String:
        dates = series.str.strip_chars().str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    elif isinstance(series.dtype, pl.Datetime) or series.dtype == pl.Date:
        dates = series.cast(pl.Date)
    else:
        raise RequestError(f"{path}: column date holds {series.dtype}; give dates like 2023-05-31.")
    bad = int((dates.is_null() & series.is_not_null()).sum())
    findings.add(BAD_VALUE, f"{path.name}: column date", bad)
    return frame.with_columns(dates.alias("date")).filter(pl.col("date").is_not_null())


def _place(network: str, station: str, part: pl.DataFrame) -> Place:
    def first(name: str) -> float:
        return float(_numbers(part.head(1), name)[0]) if name in part.columns else float("nan")

    lat, lon = first("lat"), first("lon")
    if not np.isfinite(lat + lon):
        return Place(network, station, lat, lon, first("elevation_m"))
    digits = [f"{value:.5f}".rstrip("0") for value in (lat, lon)]
    return Place(network, station, lat, lon, first("elevation_m"), rounding_m(*digits))


def _numbers(part: pl.DataFrame, name: str) -> FloatArray:
    series = part[name]
    if series.dtype == pl.String:
        series = series.str.strip_chars()
    return np.asarray(series.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy())


def _checked(part: pl.DataFrame, name: str, where: str, findings: Findings) -> FloatArray:
    values = _numbers(part, name)
    if part[name].dtype == pl.String:
        text = part[name].str.strip_chars().str.to_lowercase()
        missing = text.is_null() | text.is_in(["", "na", "nan", "null", "none"])
        findings.add(BAD_VALUE, where, int((np.isnan(values) & ~missing.to_numpy()).sum()))
    return values


def _as_fraction(theta: FloatArray, where: str, findings: Findings) -> FloatArray:
    """Fractions; a sensor that reads percent is known by its median, and counted."""
    finite = theta[np.isfinite(theta)]
    if finite.size and float(np.median(finite)) > _PERCENT_ABOVE:
        findings.add(PERCENT, where)
        return fraction_from_pct(theta)
    return theta


def _wide_series(
    place: Place, part: pl.DataFrame, names: list[str], findings: Findings
) -> list[SensorSeries]:
    days = part["date"].to_numpy().astype("datetime64[D]")
    kept = first_of_each(days)
    findings.add(DUPLICATE_DATE, f"{place.network} {place.station}", len(days) - len(kept))
    out = []
    for name in names:
        code = name[-3:]
        where = f"{place.network} {place.station} {name}"
        theta = _as_fraction(_checked(part, name, where, findings), where, findings)
        beside = {"soil_degc": f"st_{code}_c", "rain_mm": "rain_mm", "air_min_degc": "tmin_c"}
        companions = {
            key: _numbers(part, column)[kept]
            for key, column in beside.items()
            if column in part.columns
        }
        upstream = None
        if f"qc_{code}" in part.columns:
            upstream = np.nan_to_num(_numbers(part, f"qc_{code}")).astype(np.int64)[kept]
        if np.isfinite(theta).any():
            out.append(
                SensorSeries(
                    place,
                    float(code) / 100.0,
                    days[kept].astype("datetime64[m]"),
                    theta[kept],
                    AS_GIVEN,
                    upstream=upstream,
                    companions=companions,
                )
            )
    return out


def _long_series(
    path: Path, place: Place, part: pl.DataFrame, findings: Findings
) -> list[SensorSeries]:
    where = f"{path.name}: {place.network} {place.station}"
    depth_m = _depths(part, where, findings)
    out = []
    for depth in np.unique(depth_m[np.isfinite(depth_m)]):
        rows = part.filter(pl.Series(depth_m == depth))
        days = rows["date"].to_numpy().astype("datetime64[D]")
        kept = first_of_each(days)
        at = f"{where} at {depth:g} m"
        findings.add(DUPLICATE_DATE, at, len(days) - len(kept))
        flags: AnyArray | None = None
        if "flag" in rows.columns:
            flags = rows["flag"].cast(pl.String).fill_null("").to_numpy().astype(object)[kept]
        out.append(
            SensorSeries(
                place,
                float(depth),
                days[kept].astype("datetime64[m]"),
                _theta(rows, at, findings)[kept],
                AS_GIVEN,
                source_flag=flags,
            )
        )
    return out


def _depths(part: pl.DataFrame, where: str, findings: Findings) -> FloatArray:
    name = _depth_name(part)
    values = _checked(part, name, where, findings)
    if name == "depth_in":
        return np.array([metres_from_inches(v) for v in values])
    if name != "depth_m":
        return np.abs(values) / {"depth_cm": 100.0, "depth_mm": 1000.0}[name]
    depth_m, finding = depths_in_metres(values, f"{where}, column depth_m")
    if finding:
        findings.add(finding, where, len(np.unique(depth_m)))
    return depth_m


def _theta(rows: pl.DataFrame, where: str, findings: Findings) -> FloatArray:
    if "theta" in rows.columns:
        return _as_fraction(_checked(rows, "theta", where, findings), where, findings)
    findings.add(PERCENT, where)
    return fraction_from_pct(_checked(rows, "theta_pct", where, findings))
