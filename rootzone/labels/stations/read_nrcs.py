"""SCAN and SNOTEL of the NRCS: replies of the AWDB REST service, and report CSV files.

Soil moisture comes in percent, depths in inches below the surface (8 in is kept as 0.203 m),
clocks in the station's local standard time. A daily value is the reading at 00:00, the first
moment of its date, not a mean. Elevations of the station list are feet.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.errors import RequestError
from rootzone._shared.units import fraction_from_pct
from rootzone.labels.stations.sensor_depth import metres_from_inches
from rootzone.labels.stations.series import (
    BAD_VALUE,
    DUPLICATE_DATE,
    MEAN_LST,
    NO_SOIL_MOISTURE,
    SECOND_SENSOR,
    START_LST,
    Findings,
    Place,
    SensorSeries,
    StationData,
    StationWeather,
    first_of_each,
    rounding_m,
)

M_PER_FOOT = 0.3048
MM_PER_INCH = 25.4
MJ_PER_W_DAY = 0.0864  # a watt over a day
NETWORKS = {"SNTL": "SNOTEL", "SCAN": "SCAN", "SNTLT": "SNOLITE"}
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


@dataclass(frozen=True)
class StationList:
    """Positions of NRCS stations by their number."""

    places: Mapping[str, Place]

    def of(self, number: str, network: str) -> Place:
        """Place of a station; without a position where the list does not hold it."""
        return self.places.get(number, Place(network, number))


def read_station_list(path: Path) -> StationList:
    """NRCS's list of all stations (columns Name, Site or ID, Network, Elevation_ft, ...).

    Raises
    ------
    RequestError
        The file lacks one of the columns.
    """
    with path.open(encoding="utf-8", errors="replace", newline=None) as handle:
        rows = list(csv.DictReader(handle))
    number_name = "Site" if rows and "Site" in rows[0] else "ID"
    needed = {number_name, "Network", "Elevation_ft", "Latitude", "Longitude"}
    if not rows or not needed <= set(rows[0]):
        raise RequestError(f"{path} is no station list: it needs columns {sorted(needed)}.")
    places = {}
    for row in rows:
        number, lat, lon = (row[key].strip() for key in (number_name, "Latitude", "Longitude"))
        feet = _number(row["Elevation_ft"])
        places[number] = Place(
            NETWORKS.get(row["Network"], row["Network"]),
            number,
            _number(lat),
            _number(lon),
            feet * M_PER_FOOT,
            rounding_m(lat, lon),
        )
    return StationList(places)


def read_awdb(path: Path, stations: StationList | None = None) -> StationData:
    """A reply of AWDB's REST service, ``/services/v1/data`` with element ``SMS:*``.

    Raises
    ------
    RequestError
        The file is not such a reply.
    """
    try:
        reply = json.loads(path.read_text(encoding="utf-8"))
        return _read_reply(path, reply, stations or StationList({}))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RequestError(
            f"{path} is not a reply of AWDB's data service ({type(error).__name__}: {error}). "
            "It is a JSON list of objects with stationTriplet and data."
        ) from error


def _read_reply(path: Path, reply: Any, stations: StationList) -> StationData:  # noqa: ANN401
    data = StationData()
    for station in reply:
        number, _, kind = station["stationTriplet"].split(":")
        place = stations.of(number, NETWORKS.get(kind, kind))
        elements = station["data"]
        data.units_read += sum(len(element["values"]) for element in elements)
        moisture = [e for e in elements if e["stationElement"]["elementCode"] == "SMS"]
        if not moisture:
            data.findings.add(NO_SOIL_MOISTURE, f"{path.name}: {station['stationTriplet']}")
        for element in moisture:
            one = _awdb_series(path, place, element, elements, data.findings)
            if one is not None:
                data.series.append(one)
    return data


def _awdb_series(
    path: Path,
    place: Place,
    element: Any,  # noqa: ANN401
    others: Sequence[Any],
    findings: Findings,
) -> SensorSeries | None:
    facts = element["stationElement"]
    if "heightDepth" not in facts:
        findings.add(BAD_VALUE, f"{path.name}: SMS of {place.station} without heightDepth")
        return None
    where = f"{path.name}: {place.station} at {facts['heightDepth']} in"
    time, theta = _awdb_values(element, where, findings)
    ordinal = int(facts.get("ordinal", 1))
    findings.add(SECOND_SENSOR, where, int(ordinal > 1))
    hourly = facts["durationName"] == "HOURLY"
    companions = {}
    for other in others:
        beside = other["stationElement"]
        same = beside.get("heightDepth") == facts["heightDepth"]
        if beside["elementCode"] == "STO" and same:
            companions["soil_degc"] = _at_times(time, *_awdb_values(other, where, findings))
            if beside.get("storedUnitCode") == "degF":
                companions["soil_degc"] = degc_from_degf(companions["soil_degc"])
    return SensorSeries(
        place,
        metres_from_inches(float(facts["heightDepth"])),
        time,
        fraction_from_pct(theta),
        START_LST,
        step_h=1.0 if hourly else 24.0,
        sensor="" if ordinal == 1 else f"ordinal {ordinal}",
        companions=companions,
    )


def _awdb_values(element: Any, where: str, findings: Findings) -> tuple[AnyArray, FloatArray]:  # noqa: ANN401
    times, values = [], []
    for item in element["values"]:
        try:
            times.append(np.datetime64(str(item["date"]).replace(" ", "T"), "m"))
        except (ValueError, KeyError):
            findings.add(BAD_VALUE, where)
            continue
        value = item.get("value")
        values.append(np.nan if value is None else float(value))
    time = np.array(times, dtype="datetime64[m]")
    kept = first_of_each(time)
    findings.add(DUPLICATE_DATE, where, len(time) - len(kept))
    return time[kept], np.array(values, dtype=np.float64)[kept]


def _at_times(wanted: AnyArray, time: AnyArray, values: FloatArray) -> FloatArray:
    if not len(time):
        return np.full(len(wanted), np.nan)
    at = np.clip(np.searchsorted(time, wanted), 0, len(time) - 1)
    return np.where(time[at] == wanted, values[at], np.nan)


def degc_from_degf(value_degf: FloatArray) -> FloatArray:
    """Degrees Celsius from Fahrenheit."""
    return (value_degf - 32.0) / 1.8


def is_nrcs_header(header: str) -> bool:
    """Whether a CSV header names NRCS soil moisture columns."""
    names = next(csv.reader([header]), [])
    return any(_REPORT_MOISTURE.search(n) or _HOURLY_MOISTURE.match(n) for n in names)


def csv_text(path: Path) -> str:
    """Text of a CSV file, gzipped or not, its comment lines left out and any line end taken."""
    raw = path.read_bytes()
    if path.suffix == ".gz":
        try:
            raw = gzip.decompress(raw)
        except (OSError, EOFError) as error:
            raise RequestError(f"{path} cannot be unpacked: {error}") from error
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
    data.findings.add("TRUNCATED_LINE", path.name, len(rows) - 1 - len(body))
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
                out[i] = _number(text)
                if np.isnan(out[i]):
                    self.findings.add(BAD_VALUE, f"{self.name}: {column} {text!r}")
        return out


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


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
