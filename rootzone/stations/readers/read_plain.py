"""Plain tables of station values, CSV or Parquet, a value a row or a depth a column.

A value a row: ``station, date, depth_m, theta`` and, where known, ``network, lat, lon,
elevation_m, flag``; depths may be ``depth_cm`` or ``depth_in`` and water ``theta_pct``. A depth a
column: ``station, date, sm_005, sm_020 ...`` with the depth in centimetres, and where known
``st_020_c`` (soil temperature), ``qc_020`` (rule bits of an earlier screening), ``rain_mm``,
``tmax_c``, ``tmin_c``, ``srad_mj_m2``, ``rh_avg_pct``. Several probes at one depth are told apart
by a column ``sensor``. Readings within the day carry their clock, in ``date`` or in ``time``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.errors import RequestError
from rootzone._shared.names import did_you_mean
from rootzone._shared.plausible import without_codes
from rootzone._shared.units import fraction_from_pct
from rootzone.stations.days import daily_weather
from rootzone.stations.join import ONE_PLACE_DEG, WEATHER_ROUNDING, sensor_series, settled
from rootzone.stations.readers.plain_times import clock_of, with_times
from rootzone.stations.readers.texts import csv_text
from rootzone.stations.sensor_depth import believable, depths_in_metres, metres_from_inches
from rootzone.stations.series import (
    BAD_VALUE,
    CONFLICT,
    PERCENT,
    POSITION_CHANGED,
    SECOND_SENSOR,
    Findings,
    Place,
    SensorSeries,
    StationData,
    StationWeather,
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
_PROBE_COLUMNS = ("sensor", "probe", "replicate", "sensor_id")
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
        The table cannot be read, lacks columns, or its dates or depths cannot be understood.
    """
    frame = _frame(path)
    findings = Findings()
    wide = [name for name in frame.columns if _WIDE.match(name)]
    _require(path, frame, ["station", "date"] if wide else ["station", "date", _depth_name(frame)])
    frame = with_times(path, frame, findings)
    if "network" not in frame.columns:
        frame = frame.with_columns(pl.lit(network).alias("network"))
    frame = frame.with_columns(pl.col("network", "station").cast(pl.String).str.strip_chars())
    unnamed = frame["station"].is_null() | (frame["station"] == "")
    findings.add(BAD_VALUE, f"{path.name}: a row without a station", int(unnamed.sum()))
    frame = frame.filter(~unnamed)
    data = StationData(findings=findings, units_read=frame.height)
    for (net, station), part in frame.group_by(["network", "station"], maintain_order=True):
        place = _place(str(net), str(station), part, findings)
        time, clock = clock_of(part, place)
        if wide:
            data.series += _wide_series(place, part, time, clock, wide, findings)
        else:
            data.series += _long_series(path, place, part, time, clock, findings)
        columns = {new: _numbers(part, old) for old, new in _WEATHER.items() if old in part.columns}
        if columns and wide:
            data.weather.append(_daily(place, time, columns, findings))
    return data


def _daily(
    place: Place, time: AnyArray, columns: Mapping[str, FloatArray], findings: Findings
) -> StationWeather:
    chosen = {}
    for name, values in columns.items():
        kept, clash = settled(time, values, WEATHER_ROUNDING)
        where = f"weather of {place.network} {place.station}: {name}"
        findings.add(CONFLICT, where, int(clash.sum()))
        chosen[name] = np.where(clash, np.nan, values[kept])
    return daily_weather(place, np.unique(time), chosen)


def _frame(path: Path) -> pl.DataFrame:
    try:
        if path.suffix == ".parquet":
            return pl.read_parquet(path)
        text = csv_text(path)
        head = text.partition("\n")[0]
        mark = "," if "," in head else next((one for one in ";\t" if one in head), ",")
        frame = pl.read_csv(
            text.encode(), separator=mark, infer_schema=False, truncate_ragged_lines=True
        )
        # Where commas part no columns they may part decimals: 0,231 of a German spreadsheet.
        numbers = [name for name in frame.columns if name not in {"network", "station"}]
        point = pl.col(numbers).str.replace(r"^(\s*[+-]?\d*),(\d+\s*)$", "$1.$2")
        return frame if mark == "," else frame.with_columns(point)
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


def _place(network: str, station: str, part: pl.DataFrame, findings: Findings) -> Place:
    """Where a station is: its first row that says so; told where other rows say otherwise."""

    def every(name: str) -> FloatArray:
        return _numbers(part, name) if name in part.columns else np.full(part.height, np.nan)

    lats, lons, heights = every("lat"), every("lon"), every("elevation_m")
    known = np.flatnonzero(np.isfinite(lats + lons))
    height = float(heights[np.isfinite(heights)][0]) if np.isfinite(heights).any() else np.nan
    if not known.size:
        return Place(network, station, elevation_m=height)
    lat, lon = float(lats[known[0]]), float(lons[known[0]])
    moved = np.maximum(np.abs(lats - lat), np.abs(lons - lon)) > ONE_PLACE_DEG
    findings.add(POSITION_CHANGED, f"{network} {station}", int(moved.any()))
    digits = [f"{value:.5f}".rstrip("0") for value in (lat, lon)]
    return Place(network, station, lat, lon, height, rounding_m(*digits))


def _numbers(part: pl.DataFrame, name: str) -> FloatArray:
    series = part[name]
    if series.dtype == pl.String:
        series = series.str.strip_chars()
    numbers = series.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()
    place = name in {"lat", "lon", "elevation_m"}  # -105 is a longitude, and Death Valley is low
    return np.asarray(numbers if place else without_codes(numbers))


def _checked(part: pl.DataFrame, name: str, where: str, findings: Findings) -> FloatArray:
    if part[name].dtype == pl.String:
        text = part[name].str.strip_chars().str.to_lowercase()
        missing = text.is_null() | text.is_in(["", "na", "nan", "null", "none"])
        wrong = text.cast(pl.Float64, strict=False).is_null() & ~missing
        findings.add(BAD_VALUE, where, int(wrong.sum()))
    return _numbers(part, name)


def _as_fraction(theta: FloatArray, where: str, findings: Findings) -> FloatArray:
    """Fractions; a sensor that reads percent is known by its median, and counted."""
    finite = theta[np.isfinite(theta)]
    if finite.size and float(np.median(finite)) > _PERCENT_ABOVE:
        findings.add(PERCENT, where)
        return fraction_from_pct(theta)
    return theta


def _wide_series(
    place: Place,
    part: pl.DataFrame,
    time: AnyArray,
    clock: str,
    names: list[str],
    findings: Findings,
) -> list[SensorSeries]:
    out = []
    for name in names:
        code = name[-3:]
        where = f"{place.network} {place.station} {name}"
        theta = _as_fraction(_checked(part, name, where, findings), where, findings)
        beside = {"soil_degc": f"st_{code}_c", "rain_mm": "rain_mm", "air_min_degc": "tmin_c"}
        companions = {
            key: _numbers(part, column) for key, column in beside.items() if column in part.columns
        }
        upstream = None
        if f"qc_{code}" in part.columns:
            upstream = np.nan_to_num(_numbers(part, f"qc_{code}")).astype(np.int64)
        if not np.isfinite(theta).any():
            continue
        one = sensor_series(
            place,
            float(code) / 100.0,
            time,
            theta,
            clock,
            findings,
            where,
            upstream=upstream,
            companions=companions,
        )
        out += [] if one is None else [one]
    return out


def _long_series(
    path: Path,
    place: Place,
    part: pl.DataFrame,
    time: AnyArray,
    clock: str,
    findings: Findings,
) -> list[SensorSeries]:
    where = f"{path.name}: {place.network} {place.station}"
    depth_m = _depths(part, where, findings)
    probes = _probes(part)
    out = []
    for depth in np.unique(depth_m[np.isfinite(depth_m)]):
        names = list(dict.fromkeys(probes[depth_m == depth].tolist()))
        at = f"{where} at {depth:g} m"
        findings.add(SECOND_SENSOR, at, len(names) - 1)
        for name in names:
            chosen = (depth_m == depth) & (probes == name)
            rows = part.filter(pl.Series(chosen))
            flags: AnyArray | None = None
            if "flag" in rows.columns:
                flags = rows["flag"].cast(pl.String).fill_null("").to_numpy().astype(object)
            one = sensor_series(
                place,
                float(depth),
                time[chosen],
                _theta(rows, at, findings),
                clock,
                findings,
                at,
                sensor=name,
                source_flag=flags,
            )
            out += [] if one is None else [one]
    return out


def _probes(part: pl.DataFrame) -> AnyArray:
    """Which of several sensors at a depth a row is from; empty where the table does not say."""
    name = next((n for n in _PROBE_COLUMNS if n in part.columns), None)
    if name is None:
        return np.full(part.height, "", dtype=object)
    return part[name].cast(pl.String).fill_null("").to_numpy().astype(object)


def _depths(part: pl.DataFrame, where: str, findings: Findings) -> FloatArray:
    name = _depth_name(part)
    values = _checked(part, name, where, findings)
    if name == "depth_in":
        return believable(np.array([metres_from_inches(v) for v in values]), name, where)
    if name != "depth_m":
        per_m = {"depth_cm": 100.0, "depth_mm": 1000.0}[name]
        return believable(np.abs(values) / per_m, name, where)
    depth_m, finding = depths_in_metres(values, f"{where}, column depth_m")
    if finding:
        findings.add(finding, where, len(np.unique(depth_m)))
    return depth_m


def _theta(rows: pl.DataFrame, where: str, findings: Findings) -> FloatArray:
    if "theta" in rows.columns:
        return _as_fraction(_checked(rows, "theta", where, findings), where, findings)
    findings.add(PERCENT, where)
    return fraction_from_pct(_checked(rows, "theta_pct", where, findings))
