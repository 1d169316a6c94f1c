"""Places that cannot be and weather that cannot be, told whatever reader brought them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone._shared.plausible import DAILY_LIMITS, likely_unit, outside
from rootzone.stations.series import (
    BAD_POSITION,
    OUT_OF_LIMITS,
    POSITION_DOUBTFUL,
    UNIT_DOUBTFUL,
    Findings,
    Place,
    StationData,
)

_HALF_DEG, _FULL_DEG = 180.0, 360.0
_US_LAT, _US_LON = (24.0, 50.0), (66.0, 125.0)  # the contiguous states, longitudes without minus


def guarded(data: StationData) -> StationData:
    """The same data without positions and weather that cannot be, each counted where met.

    Longitudes from 180 to 360 degrees are brought to the west; a position off the globe is taken
    away. Weather and soil temperatures outside physical limits are blanked, and a column that
    looks like another unit as a whole, with the words that would explain it.
    """
    out = StationData(findings=data.findings, units_read=data.units_read)
    places: dict[Place, Place] = {}
    of_series, of_weather = ([one.place for one in data.series], [w.place for w in data.weather])
    for place in of_series + of_weather:
        if place not in places:
            places[place] = _place(place, data.findings)
    for one in data.series:
        where = f"{one.place.network} {one.place.station} at {one.depth_m:g} m"
        beside = _columns(one.companions, where, data.findings)
        out.series.append(replace(one, place=places[one.place], companions=beside))
    for weather in data.weather:
        where = f"{weather.place.network} {weather.place.station}"
        columns = _columns(weather.columns, where, data.findings)
        out.weather.append(replace(weather, place=places[weather.place], columns=columns))
    return out


def _place(place: Place, findings: Findings) -> Place:
    lat, lon = place.lat, place.lon
    where = f"{place.network} {place.station}: latitude {lat:g}, longitude {lon:g}"
    if _HALF_DEG < lon <= _FULL_DEG and abs(lat) <= 90.0:
        return replace(place, lon=lon - _FULL_DEG)
    if abs(lat) > 90.0 or abs(lon) > _HALF_DEG:
        swapped = abs(lon) <= 90.0 and abs(lat) <= _HALF_DEG
        findings.add(BAD_POSITION, where + (" (swapped?)" if swapped else ""))
        return replace(place, lat=float("nan"), lon=float("nan"), position_m=float("nan"))
    if _US_LAT[0] <= lat <= _US_LAT[1] and _US_LON[0] <= lon <= _US_LON[1]:
        findings.add(POSITION_DOUBTFUL, where)
    return place


def _columns(
    columns: Mapping[str, FloatArray], where: str, findings: Findings
) -> dict[str, FloatArray]:
    out = {}
    for name, values in columns.items():
        unit = likely_unit(name, values) if name in DAILY_LIMITS else None
        if unit is not None:
            findings.add(UNIT_DOUBTFUL, f"{where}: {name} such as {_typical(values):g} {unit}")
            out[name] = np.full(len(values), np.nan)
            continue
        wrong = outside(name, values)
        if wrong.any():
            findings.add(OUT_OF_LIMITS, f"{where}: {name} {values[wrong][0]:g}", int(wrong.sum()))
        out[name] = np.where(wrong, np.nan, values)
    return out


def _typical(values: FloatArray) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known[known != 0]) if (known != 0).any() else 0.0)
