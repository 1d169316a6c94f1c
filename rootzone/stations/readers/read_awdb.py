"""Replies of the NRCS's AWDB REST service: SCAN and SNOTEL.

Soil moisture comes in percent, depths in inches below the surface (8 in is kept as 0.203 m),
clocks in the station's local standard time. A daily value is one reading at midnight, not a mean.
The service dates it by the day that ends then (``periodRef=END``, its default): 24:00 of its date.
Where hourly readings of the sensor are there as well, they decide (`rootzone.stations.join`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.errors import RequestError
from rootzone._shared.plausible import without_codes
from rootzone.stations.join import sensor_series, settled
from rootzone.stations.readers.nrcs_places import NETWORKS, StationList
from rootzone.stations.sensor_depth import metres_from_inches
from rootzone.stations.series import (
    BAD_VALUE,
    END_LST,
    MEAN_LST,
    NO_SOIL_MOISTURE,
    SECOND_SENSOR,
    Findings,
    Place,
    SensorSeries,
    StationData,
)

_TO_FRACTION = {"pct": 0.01, "percent": 0.01, "%": 0.01, "frac": 1.0, "fraction": 1.0}


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
    except (ValueError, KeyError, TypeError, AttributeError, OSError, RecursionError) as error:
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
        data.units_read += sum(len(element.get("values") or []) for element in elements)
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
    depth_in = _number(facts.get("heightDepth"))
    if not np.isfinite(depth_in):
        findings.add(BAD_VALUE, f"{path.name}: SMS of {place.station} without heightDepth")
        return None
    where = f"{path.name}: {place.station} at {depth_in:g} in"
    time, theta = _awdb_values(element, where, findings)
    unit = str(facts.get("storedUnitCode") or "pct").lower()
    if unit not in _TO_FRACTION:
        findings.add(BAD_VALUE, f"{where}, unit {unit!r}", len(theta))
        return None
    ordinal = int(_number(facts.get("ordinal") or 1))
    companions = {}
    for other in others:
        beside = other["stationElement"]
        same = _number(beside.get("heightDepth")) == depth_in
        if beside["elementCode"] == "STO" and same and "soil_degc" not in companions:
            soil = _at_times(time, *_awdb_values(other, where, findings))
            in_f = str(beside.get("storedUnitCode")).lower() == "degf"
            companions["soil_degc"] = degc_from_degf(soil) if in_f else soil
    series = sensor_series(
        place,
        metres_from_inches(depth_in),
        time,
        theta * _TO_FRACTION[unit],
        END_LST,
        findings,
        where,
        sensor="" if ordinal == 1 else f"ordinal {ordinal}",
        companions=companions,
    )
    if series is None:
        return None
    findings.add(SECOND_SENSOR, where, int(ordinal > 1))
    within_day = series.step_h < 24.0 or str(facts.get("durationName")).upper() != "DAILY"
    step_h = 1.0 if within_day and series.step_h >= 24.0 else series.step_h
    return replace(series, day_kind=MEAN_LST if within_day else END_LST, step_h=step_h)


def _number(value: Any) -> float:  # noqa: ANN401 - whatever JSON holds
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def _awdb_values(element: Any, where: str, findings: Findings) -> tuple[AnyArray, FloatArray]:  # noqa: ANN401
    times, values = [], []
    for item in element.get("values") or []:
        try:
            time = np.datetime64(str(item["date"]).replace(" ", "T"), "m")
            value = np.nan if item.get("value") is None else float(item["value"])
        except (ValueError, KeyError, TypeError, AttributeError):
            findings.add(BAD_VALUE, where)
            continue
        times.append(time)
        values.append(value)
    return np.array(times, dtype="datetime64[m]"), without_codes(np.array(values, np.float64))


def _at_times(wanted: AnyArray, time: AnyArray, values: FloatArray) -> FloatArray:
    if not len(time):
        return np.full(len(wanted), np.nan)
    kept, _ = settled(time, values)
    time, values = time[kept], values[kept]
    at = np.clip(np.searchsorted(time, wanted), 0, len(time) - 1)
    return np.where(time[at] == wanted, values[at], np.nan)


def degc_from_degf(value_degf: FloatArray) -> FloatArray:
    """Degrees Celsius from Fahrenheit."""
    return (value_degf - 32.0) / 1.8
