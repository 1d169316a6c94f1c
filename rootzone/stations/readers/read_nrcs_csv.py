"""CSV files of SCAN and SNOTEL: reports of the NWCC, and wide tables of hourly values.

Soil moisture comes in percent, depths in inches below the surface (8 in is kept as 0.203 m),
clocks in the station's local standard time. A daily value that says so is the reading at 00:00,
the first moment of its date, not a mean. A report may hold many stations: by a column, by the
titles, or by the comment block above it.
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
from rootzone._shared.plausible import without_codes
from rootzone._shared.units import fraction_from_pct
from rootzone.stations.days import daily_weather, usual_step_h
from rootzone.stations.join import WEATHER_ROUNDING, sensor_series, settled
from rootzone.stations.readers.nrcs_places import NETWORKS, StationList, parsed_number
from rootzone.stations.readers.nrcs_titles import (
    MOISTURE,
    SOIL,
    Title,
    speaks_of_moisture,
    title_of,
)
from rootzone.stations.readers.read_awdb import degc_from_degf
from rootzone.stations.readers.texts import comment_lines, csv_text
from rootzone.stations.sensor_depth import metres_from_inches
from rootzone.stations.series import (
    BAD_VALUE,
    CONFLICT,
    MEAN_LST,
    OTHER_COLUMN,
    SECOND_SENSOR,
    TRUNCATED_LINE,
    Findings,
    Place,
    SensorSeries,
    StationData,
    StationWeather,
)

MM_PER = {"in": 25.4, "cm": 10.0, "mm": 1.0, "": 25.4}
MJ_PER_W_HOUR = 0.0036  # a watt over an hour
_MISSING = {"", "NA", "NaN", "nan", "null", "None"}
_HOURLY_MOISTURE = re.compile(r"^SMS\.I_(\d+)$")
_STATION_COLUMNS = ("site", "site_name", "station id", "station_id", "stationid", "station triplet")
_NAMED_ABOVE = re.compile(
    r"(?:(?P<network>SNOTEL|SCAN|SNOLITE|SNTL|SNTLT)\s+(?P<number>\d{2,5})\s*:)"
    r"|(?:\((?P<bare>\d{2,5})\)\s*$)"
)
_NAMED_BY_FILE = re.compile(r"^(?P<number>\d{2,5})(?!\d)")
_NETWORK_IN_NAME = re.compile(r"(SNTLT|SNTL|SCAN|SNOTEL|SNOLITE)", re.IGNORECASE)


def is_nrcs_header(header: str) -> bool:
    """Whether a CSV header names NRCS soil moisture columns."""
    return any(_holds_moisture(name) for name in next(csv.reader([header]), []))


def _holds_moisture(name: str) -> bool:
    title = title_of(name)
    return bool(_HOURLY_MOISTURE.match(name)) or (title is not None and title.quantity == MOISTURE)


def read_nrcs_csv(path: Path, stations: StationList | None = None) -> StationData:
    """A report of the NWCC (percent, daily or hourly) or a wide table of hourly SCAN values.

    Raises
    ------
    RequestError
        No column holds soil moisture, or dates cannot be found.
    """
    rows = list(csv.reader(io.StringIO(csv_text(path))))
    if not rows or not any(_holds_moisture(name) for name in rows[0]):
        raise RequestError(f"{path} has no column of NRCS soil moisture.")
    header, body = rows[0], [row for row in rows[1:] if len(row) == len(rows[0])]
    data = StationData(units_read=len(rows) - 1)
    data.findings.add(TRUNCATED_LINE, path.name, len(rows) - 1 - len(body))
    hourly = any(_HOURLY_MOISTURE.match(name) for name in header)
    time = _times(path, header, body, data.findings)
    network = _network(path, "SCAN" if hourly else "SNOTEL")
    for number, chosen in _rows_of_stations(path, header, body, data.findings).items():
        table = _Table(path.name, header, [body[i] for i in chosen], time[chosen], data.findings)
        for owner, columns in _owners(header, number, table.findings, path).items():
            place = (stations or StationList({})).of(owner, network, sure=False)
            read = _hourly if hourly else _report
            series, weather = read(table, place, columns)
            data.series += series
            data.weather += weather
    return data


@dataclass(frozen=True)
class _Table:
    """Rows of one station as text."""

    name: str
    header: list[str]
    rows: list[list[str]]
    time: AnyArray
    findings: Findings

    def numbers(self, position: int) -> FloatArray:
        """A column as numbers; NaN where missing, counted where no number."""
        out = np.full(len(self.rows), np.nan)
        for i, row in enumerate(self.rows):
            text = row[position].strip()
            if text not in _MISSING:
                out[i] = parsed_number(text)
                if np.isnan(out[i]):
                    where = f"{self.name}: {self.header[position]} {text!r}"
                    self.findings.add(BAD_VALUE, where)
        return without_codes(out)

    def named(self, column: str) -> FloatArray:
        """A column by its title; NaN where there is none."""
        if column not in self.header:
            return np.full(len(self.rows), np.nan)
        return self.numbers(self.header.index(column))


def _rows_of_stations(
    path: Path, header: list[str], body: list[list[str]], findings: Findings
) -> dict[str, AnyArray]:
    """Rows of each station, by its number."""
    column = next((i for i, n in enumerate(header) if n.strip().lower() in _STATION_COLUMNS), None)
    if column is None:
        return {_number_of_file(path): np.arange(len(body))}
    rows: dict[str, list[int]] = {}
    for i, row in enumerate(body):
        number = row[column].strip().partition(":")[0]
        if number:
            rows.setdefault(number, []).append(i)
        else:
            findings.add(BAD_VALUE, f"{path.name}: a row without {header[column]}")
    return {number: np.array(chosen) for number, chosen in rows.items()}


def _number_of_file(path: Path) -> str:
    """The station that the comment block or the file's name gives; else the name itself."""
    named = [match for line in comment_lines(path) if (match := _NAMED_ABOVE.search(line))]
    numbers = {match["number"] or match["bare"] for match in named}
    if len(numbers) == 1:
        return str(numbers.pop())
    stem = path.name.partition(".")[0]
    match = _NAMED_BY_FILE.match(stem)
    return match["number"] if match else stem


def _network(path: Path, otherwise: str) -> str:
    named = [m["network"] for line in comment_lines(path) if (m := _NAMED_ABOVE.search(line))]
    in_name = _NETWORK_IN_NAME.search(path.name)
    code = next((name for name in named if name), in_name[1].upper() if in_name else otherwise)
    return NETWORKS.get(code, code)


def _owners(
    header: list[str], number: str, findings: Findings, path: Path
) -> dict[str, list[tuple[int, Title]]]:
    """Columns of each station: those whose title names it, and the others for the row's own."""
    owners: dict[str, list[tuple[int, Title]]] = {}
    for i, name in enumerate(header):
        title = title_of(name)
        if title is not None:
            owners.setdefault(title.number or number, []).append((i, title))
        elif speaks_of_moisture(name) and not _HOURLY_MOISTURE.match(name):
            findings.add(OTHER_COLUMN, f"{path.name}: {name}")
    return owners or {number: []}


def _times(path: Path, header: list[str], body: list[list[str]], findings: Findings) -> AnyArray:
    at = next((i for i, n in enumerate(header) if n.strip().lower() in {"date", "datetime"}), None)
    if at is None:
        raise RequestError(f"{path} has no column Date; it has {header[:8]} ...")
    clock = next((i for i, n in enumerate(header) if n.strip().lower() == "time"), None)
    out = np.full(len(body), np.datetime64("NaT", "m"))
    for i, row in enumerate(body):
        text = row[at].strip() + (f" {row[clock].strip()}" if clock is not None else "")
        try:
            out[i] = np.datetime64(_iso_time(text), "m")
        except ValueError:
            findings.add(BAD_VALUE, f"{path.name}: date {text!r}")
    return out


def _iso_time(text: str) -> str:
    """ISO date and clock from an ISO date or month/day/year, with a clock or without."""
    date, _, clock = text.replace("T", " ").partition(" ")
    if "/" in date:
        month, day, year = date.split("/")
        date = f"{int(year):04d}-{int(month):02d}-{int(day):02d}"
    hour, _, minute = (clock.strip() or "00:00")[:5].partition(":")
    return f"{date}T{int(hour):02d}:{int(minute or 0):02d}"


def _degc(values: FloatArray, title: Title) -> FloatArray:
    return degc_from_degf(values) if title.unit == "degf" else values


def _report(
    table: _Table, place: Place, columns: list[tuple[int, Title]]
) -> tuple[list[SensorSeries], list[StationWeather]]:
    beside: dict[str, FloatArray] = {}
    soil: dict[float, FloatArray] = {}
    for i, title in columns:
        if title.quantity == MOISTURE:
            continue
        values = table.numbers(i)
        if title.quantity == SOIL:
            soil.setdefault(title.depth_m, _degc(values, title))
        elif title.quantity == "rain_mm":
            beside.setdefault("rain_mm", values * MM_PER[title.unit])
        else:
            beside.setdefault(title.quantity, _degc(values, title))
    rain = {"rain_mm": beside["rain_mm"]} if "rain_mm" in beside else {}
    series: list[SensorSeries] = []
    for i, title in columns:
        if title.quantity != MOISTURE:
            continue
        where = f"{table.name}: {place.station} {table.header[i]}"
        again = sum(one.depth_m == title.depth_m for one in series)
        companions = dict(rain)
        if title.depth_m in soil:
            companions["soil_degc"] = soil[title.depth_m]
        hourly = usual_step_h(np.unique(table.time[~np.isnat(table.time)])) < 24.0
        one = sensor_series(
            place,
            title.depth_m,
            table.time,
            fraction_from_pct(table.numbers(i)),
            MEAN_LST if hourly else title.day_kind,
            table.findings,
            where,
            sensor="" if not again else f"ordinal {again + 1}",
            companions=companions,
            tell_empty=False,
        )
        if one is not None:
            table.findings.add(SECOND_SENSOR, where, int(again > 0))
            series.append(one)
    return series, _weather(table, place, beside)


def _weather(
    table: _Table, place: Place, columns: Mapping[str, FloatArray]
) -> list[StationWeather]:
    dated = np.flatnonzero(~np.isnat(table.time))
    if not len(dated) or not columns:
        return []
    chosen = {}
    for name, values in columns.items():
        kept, clash = settled(table.time[dated], values[dated], WEATHER_ROUNDING)
        where = f"{table.name}: weather of {place.station}, {name}"
        table.findings.add(CONFLICT, where, int(clash.sum()))
        chosen[name] = np.where(clash, np.nan, values[dated][kept])
    return [daily_weather(place, np.unique(table.time[dated]), chosen)]


def _hourly(
    table: _Table, place: Place, _: list[tuple[int, Title]]
) -> tuple[list[SensorSeries], list[StationWeather]]:
    out = []
    rain_mm = table.named("PRCP.H") * MM_PER["in"]
    for i, name in enumerate(table.header):
        match = _HOURLY_MOISTURE.match(name)
        if match is None:
            continue
        companions = {
            "soil_degc": table.named(f"STO.I_{match[1]}"),
            "rain_mm": rain_mm,
            "air_min_degc": table.named("TMIN.H"),
        }
        one = sensor_series(
            place,
            metres_from_inches(float(match[1])),
            table.time,
            fraction_from_pct(table.numbers(i)),
            MEAN_LST,
            table.findings,
            f"{table.name}: {place.station} {name}",
            companions=companions,
            tell_empty=False,
        )
        if one is not None:
            out.append(one)
    weather = {
        "rain_mm": rain_mm,
        "tmax_degc": table.named("TMAX.H"),
        "tmin_degc": table.named("TMIN.H"),
        "radn_mj_m2": table.named("SRADV.H") * MJ_PER_W_HOUR,
    }
    return out, _weather(table, place, weather)
