"""Replies of the NRCS's AWDB REST service: SCAN and SNOTEL.

Soil moisture comes in percent, depths in inches below the surface (8 in is kept as 0.203 m),
clocks in the station's local standard time. A daily value is the reading at 00:00, the first
moment of its date, not a mean.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.errors import RequestError
from rootzone._shared.units import fraction_from_pct
from rootzone.stations.readers.nrcs_places import NETWORKS, StationList
from rootzone.stations.sensor_depth import metres_from_inches
from rootzone.stations.series import (
    BAD_VALUE,
    DUPLICATE_DATE,
    NO_SOIL_MOISTURE,
    SECOND_SENSOR,
    START_LST,
    Findings,
    Place,
    SensorSeries,
    StationData,
    first_of_each,
)


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
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
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
            time = np.datetime64(str(item["date"]).replace(" ", "T"), "m")
            value = np.nan if item.get("value") is None else float(item["value"])
        except (ValueError, KeyError, TypeError):
            findings.add(BAD_VALUE, where)
            continue
        times.append(time)
        values.append(value)
    every = np.array(times, dtype="datetime64[m]")
    kept = first_of_each(every)
    findings.add(DUPLICATE_DATE, where, len(every) - len(kept))
    return every[kept], np.array(values, dtype=np.float64)[kept]


def _at_times(wanted: AnyArray, time: AnyArray, values: FloatArray) -> FloatArray:
    if not len(time):
        return np.full(len(wanted), np.nan)
    at = np.clip(np.searchsorted(time, wanted), 0, len(time) - 1)
    return np.where(time[at] == wanted, values[at], np.nan)


def degc_from_degf(value_degf: FloatArray) -> FloatArray:
    """Degrees Celsius from Fahrenheit."""
    return (value_degf - 32.0) / 1.8
