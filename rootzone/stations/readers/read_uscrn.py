"""USCRN daily text (product daily01): soil water at five depths, and the weather beside it.

A line holds 28 fields. Days are calendar days in local standard time. Soil moisture that is
missing reads -99, everything else -9999. NOAA blanks soil moisture of frozen soil itself.
Positions are rounded to 0.01 degree, which is not good enough to pick a 30 m pixel; the GHCN-Daily
station list has four decimals.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.errors import RequestError
from rootzone.stations.join import sensor_series
from rootzone.stations.readers.ghcn_places import GhcnList
from rootzone.stations.readers.texts import text_of
from rootzone.stations.series import (
    BAD_VALUE,
    MEAN_LST,
    POSITION_DISAGREES,
    TRUNCATED_LINE,
    Findings,
    Place,
    SensorSeries,
    StationData,
    StationWeather,
    rounding_m,
)

NETWORK = "USCRN"
N_FIELDS = 28
LINE_WIDTH = 216  # characters, without the line end
DEPTHS_M = (0.05, 0.10, 0.20, 0.50, 1.00)
_FIRST_MOISTURE, _FIRST_TEMPERATURE = 18, 23
_MISSING_BELOW = -90.0  # nothing measured here is colder or drier
_WEATHER_FIELDS = {
    "tmax_degc": 5,
    "tmin_degc": 6,
    "rain_mm": 9,
    "radn_mj_m2": 10,
    "rh_avg_pct": 17,
}
_ROUNDING_DEG = 0.0101  # a last digit of 0.01 degree, cut or rounded
_NAME = re.compile(r"^CRN\w+-\d{4}-(?P<station>.+)$")


def read_uscrn(path: Path, listed: GhcnList | None = None) -> StationData:
    """One file, a station and year.

    Parameters
    ----------
    path : Path
        Such as ``CRND0103-2023-CO_Nunn_7_NNE.txt``; the station's name is taken from it.
    listed : GhcnList, optional
        Finer positions by WBAN number. One that does not round to the file's own is not used.

    Returns
    -------
    StationData
        A series for every depth that has a value, the weather, and what was wrong with lines.

    Raises
    ------
    RequestError
        No line of the file can be read.
    """
    findings = Findings()
    fields = _fields(path, findings)
    if not fields:
        raise RequestError(f"{path} holds no readable line of USCRN's daily format (28 fields).")
    days = np.array([_iso(row[1]) for row in fields], dtype="datetime64[D]")
    place = _place(path, fields[0], listed, findings)
    numbers = _numbers(path, fields, findings)
    data = StationData(findings=findings, units_read=len(fields))
    data.weather.append(_weather(place, days, numbers))
    data.series += _series(place, days, numbers, findings)
    return data


def _fields(path: Path, findings: Findings) -> list[list[str]]:
    rows = []
    text = text_of(path)
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        fields = line.split()
        if len(fields) != N_FIELDS or len(line.rstrip()) < LINE_WIDTH:
            findings.add(TRUNCATED_LINE, f"{path.name} line {number}")
        elif not (len(fields[1]) == 8 and fields[1].isdigit() and _is_day(fields[1])):
            findings.add(BAD_VALUE, f"{path.name} line {number}, date {fields[1]!r}")
        else:
            rows.append(fields)
    return rows


def _iso(text: str) -> str:
    return f"{text[:4]}-{text[4:6]}-{text[6:]}"


def _is_day(text: str) -> bool:
    try:
        np.datetime64(_iso(text))
    except ValueError:
        return False
    return True


def _place(path: Path, row: list[str], listed: GhcnList | None, findings: Findings) -> Place:
    match = _NAME.match(path.stem)
    station = match["station"] if match else row[0]
    lon, lat = row[3], row[4]
    own = Place(NETWORK, station, float(lat), float(lon), position_m=rounding_m(lat, lon))
    finer = listed.places.get(row[0]) if listed else None
    if finer is None:
        return own
    if max(abs(finer.lat - own.lat), abs(finer.lon - own.lon)) > _ROUNDING_DEG:
        findings.add(POSITION_DISAGREES, f"{path.name}, WBAN {row[0]}")
        return own
    return replace(finer, station=station)


def _numbers(path: Path, rows: list[list[str]], findings: Findings) -> FloatArray:
    """All fields from the fifth on as numbers, NaN where missing or no number."""
    out = np.full((len(rows), N_FIELDS), np.nan)
    for i, row in enumerate(rows):
        for j in range(5, N_FIELDS):
            if j == 11:  # type of the surface temperature, a letter
                continue
            try:
                out[i, j] = float(row[j])
            except ValueError:
                findings.add(BAD_VALUE, f"{path.name}, {row[1]}, field {j + 1}: {row[j]!r}")
    out[~(out > _MISSING_BELOW)] = np.nan
    return out


def _weather(place: Place, days: AnyArray, numbers: FloatArray) -> StationWeather:
    columns = {name: numbers[:, position] for name, position in _WEATHER_FIELDS.items()}
    return StationWeather(place, days.astype(np.int64), columns)


def _series(
    place: Place, days: AnyArray, numbers: FloatArray, findings: Findings
) -> list[SensorSeries]:
    out = []
    for i, depth_m in enumerate(DEPTHS_M):
        companions = {
            "soil_degc": numbers[:, _FIRST_TEMPERATURE + i],
            "rain_mm": numbers[:, _WEATHER_FIELDS["rain_mm"]],
            "air_min_degc": numbers[:, _WEATHER_FIELDS["tmin_degc"]],
        }
        one = sensor_series(
            place,
            depth_m,
            days.astype("datetime64[m]"),
            numbers[:, _FIRST_MOISTURE + i],
            MEAN_LST,
            findings,
            f"{place.network} {place.station} at {depth_m:g} m",
            companions=companions,
            tell_empty=False,
        )
        if one is not None:
            out.append(one)
    return out
