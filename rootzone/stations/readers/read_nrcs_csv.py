"""CSV files of SCAN and SNOTEL: reports of the NWCC, and wide tables of hourly values.

Soil moisture comes in percent, depths in inches below the surface (8 in is kept as 0.203 m),
clocks in the station's local standard time. A daily value that says so is the reading at 00:00,
the first moment of its date, not a mean.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.errors import RequestError
from rootzone._shared.units import fraction_from_pct
from rootzone._shared.unpack import unpacked
from rootzone.stations.readers.nrcs_places import StationList, parsed_number
from rootzone.stations.readers.read_awdb import degc_from_degf
from rootzone.stations.sensor_depth import metres_from_inches
from rootzone.stations.series import (
    BAD_VALUE,
    DUPLICATE_DATE,
    MEAN_LST,
    START_LST,
    TRUNCATED_LINE,
    Findings,
    Place,
    SensorSeries,
    StationData,
    StationWeather,
    first_of_each,
)

MM_PER_INCH = 25.4
MJ_PER_W_DAY = 0.0864  # a watt over a day
_MISSING = {"", "NA", "NaN", "null", "-99.9", "-9999"}
_REPORT_MOISTURE = re.compile(r"Soil[ .]Moisture[ .]Percent[ .]*-?(\d+)in", re.IGNORECASE)
_REPORT_TEMPERATURE = re.compile(r"Soil[ .]Temperature.*?[ .-](\d+)in", re.IGNORECASE)
_HOURLY_MOISTURE = re.compile(r"^SMS\.I_(\d+)$")
_REPORT_WEATHER = {
    "rain_mm": re.compile(r"Precipitation[ .]Increment[ .]+\(?in", re.IGNORECASE),
    "tmax_degc": re.compile(r"Air[ .]Temperature[ .]Maximum", re.IGNORECASE),
    "tmin_degc": re.compile(r"Air[ .]Temperature[ .]Minimum", re.IGNORECASE),
    "tmean_degc": re.compile(r"Air[ .]Temperature[ .]Average", re.IGNORECASE),
}


def is_nrcs_header(header: str) -> bool:
    """Whether a CSV header names NRCS soil moisture columns."""
    names = next(csv.reader([header]), [])
    return any(_REPORT_MOISTURE.search(n) or _HOURLY_MOISTURE.match(n) for n in names)


def csv_text(path: Path) -> str:
    """Text of a CSV file, gzipped or not, its comment lines left out and any line end taken."""
    raw = unpacked(path) if path.suffix == ".gz" else path.read_bytes()
    lines = raw.decode("utf-8", errors="replace").splitlines()
    return "\n".join(line for line in lines if line.strip() and not line.startswith("#"))


def read_nrcs_csv(path: Path, stations: StationList | None = None) -> StationData:
    """A report of the NWCC (daily, percent, start of day) or a wide table of hourly SCAN values.

    Raises
    ------
    RequestError
        No column holds soil moisture, or dates cannot be found.
    """
    rows = list(csv.reader(io.StringIO(csv_text(path))))
    if not rows or not is_nrcs_header(",".join(f'"{name}"' for name in rows[0])):
        raise RequestError(f"{path} has no column of NRCS soil moisture.")
    header, body = rows[0], [row for row in rows[1:] if len(row) == len(rows[0])]
    data = StationData(units_read=len(rows) - 1)
    data.findings.add(TRUNCATED_LINE, path.name, len(rows) - 1 - len(body))
    columns = {name: [row[i] for row in body] for i, name in enumerate(header)}
    hourly = any(_HOURLY_MOISTURE.match(name) for name in header)
    time = _times(path, columns, data.findings, hourly=hourly)
    known = ~np.isnat(time)
    kept = np.flatnonzero(known)[first_of_each(time[known])]
    data.findings.add(DUPLICATE_DATE, path.name, int(known.sum()) - len(kept))
    table = _Table(path.name, columns, time[kept], kept, data.findings)
    place = _csv_place(columns, stations or StationList({}), hourly=hourly)
    data.series += _hourly_series(table, place) if hourly else _report_series(table, place)
    data.weather.append(_hourly_weather(table, place) if hourly else _report_weather(table, place))
    return data


@dataclass(frozen=True)
class _Table:
    """Columns of a CSV as text, with the rows that count."""

    name: str
    columns: Mapping[str, list[str]]
    time: AnyArray
    kept: AnyArray
    findings: Findings

    def numbers(self, column: str) -> FloatArray:
        """A column as numbers; NaN where missing, counted where no number."""
        if column not in self.columns:
            return np.full(len(self.kept), np.nan)
        out = np.full(len(self.kept), np.nan)
        for i, row in enumerate(self.kept):
            text = self.columns[column][row].strip()
            if text not in _MISSING:
                out[i] = parsed_number(text)
                if np.isnan(out[i]):
                    self.findings.add(BAD_VALUE, f"{self.name}: {column} {text!r}")
        return out


def _times(
    path: Path, columns: Mapping[str, list[str]], findings: Findings, *, hourly: bool
) -> AnyArray:
    name = next((n for n in columns if n.lower() in {"date", "datetime"}), None)
    if name is None:
        raise RequestError(f"{path} has no column Date; it has {list(columns)[:8]} ...")
    clock = columns.get("Time", []) if hourly else []
    out = np.full(len(columns[name]), np.datetime64("NaT"), dtype="datetime64[m]")
    for i, text in enumerate(columns[name]):
        try:
            out[i] = np.datetime64(_iso_date(text) + (f"T{clock[i]}" if clock else "T00:00"), "m")
        except ValueError:
            findings.add(BAD_VALUE, f"{path.name}: date {text!r}")
    return out


def _iso_date(text: str) -> str:
    """ISO date from an ISO date or month/day/year."""
    text = text.strip()
    if "/" in text:
        month, day, year = text.split("/")
        return f"{int(year):04d}-{int(month):02d}-{int(day):02d}"
    return text[:10]


def _csv_place(columns: Mapping[str, list[str]], stations: StationList, *, hourly: bool) -> Place:
    name = next((n for n in ("Site", "site_name", "Station Id") if n in columns), None)
    number = columns[name][0].strip() if name and columns[name] else "unknown"
    return stations.of(number, "SCAN" if hourly else "SNOTEL")


def _report_series(table: _Table, place: Place) -> list[SensorSeries]:
    out = []
    temperatures = {m[1]: name for name in table.columns if (m := _REPORT_TEMPERATURE.search(name))}
    for name in table.columns:
        match = _REPORT_MOISTURE.search(name)
        if match is None:
            continue
        companions = {"rain_mm": _first(table, "rain_mm", MM_PER_INCH)}
        if match[1] in temperatures:
            values = table.numbers(temperatures[match[1]])
            in_f = "degF" in temperatures[match[1]]
            companions["soil_degc"] = degc_from_degf(values) if in_f else values
        theta = fraction_from_pct(table.numbers(name))
        if not np.isfinite(theta).any():
            continue
        depth_m = metres_from_inches(float(match[1]))
        kind = START_LST if re.search(r"Start.of.Day", name) else MEAN_LST
        out.append(SensorSeries(place, depth_m, table.time, theta, kind, companions=companions))
    return out


def _first(table: _Table, quantity: str, scale: float = 1.0) -> FloatArray:
    name = next((n for n in table.columns if _REPORT_WEATHER[quantity].search(n)), "")
    return table.numbers(name) * scale


def _report_weather(table: _Table, place: Place) -> StationWeather:
    columns = {"rain_mm": _first(table, "rain_mm", MM_PER_INCH)}
    for quantity in ("tmax_degc", "tmin_degc", "tmean_degc"):
        name = next((n for n in table.columns if _REPORT_WEATHER[quantity].search(n)), "")
        values = table.numbers(name)
        columns[quantity] = degc_from_degf(values) if "degF" in name else values
    day = table.time.astype("datetime64[D]").astype(np.int64)
    return StationWeather(place, day, columns)


def _hourly_series(table: _Table, place: Place) -> list[SensorSeries]:
    out = []
    rain_mm = table.numbers("PRCP.H") * MM_PER_INCH
    for name in table.columns:
        match = _HOURLY_MOISTURE.match(name)
        if match is None:
            continue
        companions = {
            "soil_degc": table.numbers(f"STO.I_{match[1]}"),
            "rain_mm": rain_mm,
            "air_min_degc": table.numbers("TMIN.H"),
        }
        theta = fraction_from_pct(table.numbers(name))
        depth_m = metres_from_inches(float(match[1]))
        out.append(
            SensorSeries(
                place, depth_m, table.time, theta, MEAN_LST, step_h=1.0, companions=companions
            )
        )
    return out


def _hourly_weather(table: _Table, place: Place) -> StationWeather:
    """Days from hours; a day counts for a quantity with at least 20 hours of it."""
    days, of_row = np.unique(table.time.astype("datetime64[D]"), return_inverse=True)
    hours = {
        "rain_mm": (table.numbers("PRCP.H") * MM_PER_INCH, np.add, 1.0),
        "tmax_degc": (table.numbers("TMAX.H"), np.fmax, 1.0),
        "tmin_degc": (table.numbers("TMIN.H"), np.fmin, 1.0),
        "radn_mj_m2": (table.numbers("SRADV.H"), np.add, MJ_PER_W_DAY / 24.0),
    }
    columns = {}
    for name, (values, combine, scale) in hours.items():
        finite = np.isfinite(values)
        start = {np.add: 0.0, np.fmax: -np.inf, np.fmin: np.inf}[combine]
        daily = np.full(len(days), start)
        combine.at(daily, of_row[finite], values[finite])
        enough = np.bincount(of_row[finite], minlength=len(days)) >= 20
        columns[name] = np.where(enough, daily * scale, np.nan)
    return StationWeather(place, days.astype(np.int64), columns)
