"""Series from readings, and series of several files joined: one reading a sensor and time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray, FloatArray, IntArray
from rootzone.stations.days import usual_step_h
from rootzone.stations.series import (
    COARSE_M,
    COARSE_POSITION,
    CONFLICT,
    DUPLICATE_DATE,
    EMPTY_SENSOR,
    END_LST,
    NO_POSITION,
    POSITION_CHANGED,
    START_LST,
    Findings,
    Place,
    SensorSeries,
    StationData,
    StationWeather,
)

CLASH = "conflict"  # companion that marks readings two sources disagree on
_THETA_ROUNDING = 0.0011  # sources give water content to 0.001, or percent to 0.1
_DEPTH_PLACES = 4  # [m]: 0.2 in single precision and 0.2 in a text are one depth
WEATHER_ROUNDING = 0.15  # a tenth of a millimetre or degree
ONE_PLACE_DEG = 0.02  # a position cut or rounded to 0.01 degree, either way


def settled(
    time: AnyArray, values: FloatArray, tolerance: float = _THETA_ROUNDING
) -> tuple[IntArray, BoolArray]:
    """One reading for every distinct time, and where others say something else.

    Parameters
    ----------
    time : array, shape (reading,)
        In any order, repeated or not.
    values : array, shape (reading,)
        NaN where missing.
    tolerance : float
        How far two values of one time may differ by rounding alone.

    Returns
    -------
    kept : array of int, shape (time,)
        Position of the first known reading of each time, or of the first one, rising in time.
    clash : array of bool, shape (time,)
        Whether another known reading of that time differs.

    Examples
    --------
    >>> kept, clash = settled(np.array([2, 1, 1]), np.array([0.3, np.nan, 0.2]))
    >>> kept.tolist(), clash.tolist()
    ([2, 0], [False, False])
    """
    order = np.lexsort((np.arange(len(time)), ~np.isfinite(values), time))
    _, first, of_reading = np.unique(time[order], return_index=True, return_inverse=True)
    kept = order[first]
    ordered = values[order]
    differs = np.abs(ordered - values[kept][of_reading]) > tolerance  # NaN differs from nothing
    return kept, np.bincount(of_reading, differs, minlength=len(kept)) > 0


def sensor_series(
    place: Place,
    depth_m: float,
    time: AnyArray,
    theta: FloatArray,
    day_kind: str,
    findings: Findings,
    where: str,
    *,
    depth_top_m: float | None = None,
    sensor: str = "",
    source_flag: AnyArray | None = None,
    upstream: IntArray | None = None,
    companions: Mapping[str, FloatArray] | None = None,
    tell_empty: bool = True,
) -> SensorSeries | None:
    """A series from readings in any order; None, and told, where not one of them is known.

    Parameters are those of `SensorSeries`. Readings of one time are settled: the first known one
    is kept, further ones are counted, and where they differ the reading is marked.
    """
    dated = ~np.isnat(time)
    blanked = upstream is not None and bool((upstream[dated] > 0).any())
    if not (np.isfinite(theta[dated]).any() or blanked):
        findings.add(EMPTY_SENSOR, where, int(tell_empty))
        return None
    rows = np.flatnonzero(dated)
    kept, clash = settled(time[rows], theta[rows])
    findings.add(DUPLICATE_DATE, where, len(rows) - len(kept))
    findings.add(CONFLICT, where, int(clash.sum()))
    rows = rows[kept]
    beside = {name: values[rows] for name, values in (companions or {}).items()}
    if clash.any():
        beside[CLASH] = clash.astype(np.float64)
    return SensorSeries(
        place,
        round(depth_m, _DEPTH_PLACES),
        time[rows],
        theta[rows],
        day_kind,
        step_h=usual_step_h(time[rows]),
        depth_top_m=None if depth_top_m is None else round(depth_top_m, _DEPTH_PLACES),
        sensor=sensor,
        source_flag=None if source_flag is None else source_flag[rows],
        upstream=None if upstream is None else upstream[rows],
        companions=beside,
    )


def join_series(data: StationData) -> StationData:
    """Join what several files hold of one sensor, such as the years of a station.

    Daily values and readings within the day stay series of their own, as do days that mean
    different things. A time that two files give counts as ``DUPLICATE_DATE``, and as ``CONFLICT``
    where they disagree.
    """
    joined = StationData(findings=data.findings, units_read=data.units_read)
    by_sensor: dict[tuple[object, ...], list[SensorSeries]] = {}
    for one in data.series:
        if len(one.time):
            by_sensor.setdefault((*_sensor(one), one.day_kind, _daily(one)), []).append(one)
    joined.series = _dated_by_hours([_joined(parts, data.findings) for parts in by_sensor.values()])
    by_station: dict[tuple[str, str], list[StationWeather]] = {}
    for weather in data.weather:
        by_station.setdefault((weather.place.network, weather.place.station), []).append(weather)
    joined.weather = [_joined_weather(parts, data.findings) for parts in by_station.values()]
    _count_positions(joined)
    return joined


def _sensor(one: SensorSeries) -> tuple[object, ...]:
    top_m = None if one.depth_top_m is None else round(one.depth_top_m, 3)
    return (one.place.network, one.place.station, round(one.depth_m, 3), top_m, one.sensor)


def _daily(one: SensorSeries) -> bool:
    return one.step_h >= 24.0


def _joined(parts: list[SensorSeries], findings: Findings) -> SensorSeries:
    if len(parts) == 1:
        return parts[0]
    time = np.concatenate([part.time for part in parts])
    theta = np.concatenate([part.theta for part in parts])
    kept, clash = settled(time, theta)
    first = parts[0]
    where = f"{first.place.network} {first.place.station} at {first.depth_m:g} m"
    findings.add(DUPLICATE_DATE, where, len(time) - len(kept))
    findings.add(CONFLICT, where, int(clash.sum()))
    findings.add(POSITION_CHANGED, where, sum(_moved(first.place, p.place) for p in parts[1:]))

    def column(values: list[AnyArray | None], fill: object) -> AnyArray | None:
        if all(value is None for value in values):
            return None
        whole = [
            np.full(len(part.time), fill) if value is None else value
            for part, value in zip(parts, values, strict=True)
        ]
        return np.asarray(np.concatenate(whole)[kept])

    names = {name for part in parts for name in part.companions} - {CLASH}
    companions = {
        name: column([part.companions.get(name) for part in parts], np.nan) for name in names
    }
    before = column([part.companions.get(CLASH) for part in parts], 0.0)
    if clash.any() or before is not None:
        companions[CLASH] = np.maximum(clash, 0.0 if before is None else before)
    return replace(
        first,
        time=time[kept],
        theta=theta[kept],
        step_h=min(part.step_h for part in parts),
        source_flag=column([part.source_flag for part in parts], ""),
        upstream=column([part.upstream for part in parts], 0),
        companions={name: values for name, values in companions.items() if values is not None},
    )


def _moved(one: Place, other: Place) -> bool:
    """Whether two positions of a station differ by more than the rounding of the coarser."""
    off = max(abs(one.lat - other.lat), abs(one.lon - other.lon))
    return bool(off > ONE_PLACE_DEG)  # NaN has not moved


def _dated_by_hours(series: list[SensorSeries]) -> list[SensorSeries]:
    """Daily readings dated by the hourly ones of the same sensor, where both are there.

    A service may date a midnight reading by the day that ends or by the day that begins. The
    hourly readings say which: those at 00:00 of the date, or of the next day.
    """
    hourly = {_sensor(one): one for one in series if not _daily(one)}
    out = []
    for one in series:
        beside = hourly.get(_sensor(one))
        if _daily(one) and one.day_kind in {START_LST, END_LST} and beside is not None:
            at_start, at_end = (_agreeing(one, beside, days) for days in (0, 1))
            if at_start != at_end:
                one = replace(one, day_kind=START_LST if at_start > at_end else END_LST)
        out.append(one)
    return out


def _agreeing(daily: SensorSeries, hourly: SensorSeries, days_later: int) -> int:
    wanted = daily.time.astype("datetime64[D]") + np.timedelta64(days_later, "D")
    wanted = wanted.astype(hourly.time.dtype)
    at = np.clip(np.searchsorted(hourly.time, wanted), 0, len(hourly.time) - 1)
    same = (hourly.time[at] == wanted) & (np.abs(hourly.theta[at] - daily.theta) < 5e-4)
    return int(same.sum())


def _joined_weather(parts: list[StationWeather], findings: Findings) -> StationWeather:
    day = np.concatenate([part.day for part in parts])
    names = {name for part in parts for name in part.columns}
    columns = {}
    days = np.unique(day)
    where = f"weather of {parts[0].place.network} {parts[0].place.station}"
    for name in names:
        values = np.concatenate(
            [part.columns.get(name, np.full(len(part.day), np.nan)) for part in parts]
        )
        kept, clash = settled(day, values, WEATHER_ROUNDING)
        findings.add(CONFLICT, f"{where}: {name}", int(clash.sum()))
        columns[name] = np.where(clash, np.nan, values[kept])
    return StationWeather(parts[0].place, days, columns)


def _count_positions(data: StationData) -> None:
    places = {(one.place.network, one.place.station): one.place for one in data.series}
    for place in places.values():
        where = f"{place.network} {place.station}"
        if not np.isfinite(place.lat + place.lon):
            data.findings.add(NO_POSITION, where)
        elif place.position_m > COARSE_M:
            data.findings.add(COARSE_POSITION, where)
