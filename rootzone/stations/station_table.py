"""The one table of all stations: a row per sensor and day, with flags; and its weather."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from rootzone._shared.arrays import AnyArray, FloatArray, IntArray
from rootzone._shared.provenance import Provenance
from rootzone._shared.table_files import read_table, write_table
from rootzone._shared.tables import Column, Schema
from rootzone.stations.screening.rules import DEFAULT_RULES, RULES, names_of
from rootzone.stations.screening.screen import RuleCounts, screen
from rootzone.stations.sensor_depth import TOLERANCE_M, matches
from rootzone.stations.series import (
    AS_GIVEN,
    END_LST,
    MEAN_LST,
    MEAN_UTC,
    START_LST,
    SensorSeries,
    StationData,
    StationWeather,
)

LEAST_READINGS = 12  # good hourly readings that make a daily mean; fewer of longer steps
FEW = RULES["few"].bit
_KIND_RANK = {MEAN_LST: 0, MEAN_UTC: 1, AS_GIVEN: 2, START_LST: 3, END_LST: 4}


def _c(name: str, kind: str, unit: str, meaning: str, *, required: bool = True) -> Column:
    return Column(name, kind, unit, meaning, required)


STATIONS = Schema(
    "stations",
    (
        _c("network", "text", "-", "network the station belongs to"),
        _c("station", "text", "-", "station, unique in its network"),
        _c("lat", "float", "degree_north", "latitude, WGS 84; empty where not known"),
        _c("lon", "float", "degree_east", "longitude, WGS 84; empty where not known"),
        _c("elevation_m", "float", "m", "above sea level; empty where not known"),
        _c("position_m", "float", "m", "how far off the position may be by rounding alone"),
        _c("depth_m", "float", "m", "depth of the sensor; lower end of a layer it integrates"),
        _c("depth_top_m", "float", "m", "upper end of that layer; empty for a point"),
        _c("sensor", "text", "-", "which of several sensors at one depth"),
        _c("date", "date", "-", "calendar day"),
        _c("day_kind", "text", "-", "mean_lst, mean_utc, start_lst, end_lst or as_given"),
        _c("theta", "float", "m3 m-3", "water content as read; empty where blanked upstream"),
        _c("flag", "text", "-", "rules that take the value, joined by commas; empty for good"),
        _c("source_flag", "text", "-", "the network's own flag; of hourly values, all of the day"),
        _c("readings", "int", "-", "readings the value is a mean of"),
    ),
)

STATION_WEATHER = Schema(
    "station_weather",
    (
        _c("network", "text", "-", "network the station belongs to"),
        _c("station", "text", "-", "station, unique in its network"),
        _c("date", "date", "-", "calendar day, as the station counts it"),
        _c("rain_mm", "float", "mm d-1", "precipitation", required=False),
        _c("radn_mj_m2", "float", "MJ m-2 d-1", "incoming shortwave radiation", required=False),
        _c("tmax_degc", "float", "degC", "highest air temperature of the day", required=False),
        _c("tmin_degc", "float", "degC", "lowest air temperature of the day", required=False),
        _c("rh_avg_pct", "float", "%", "mean relative humidity", required=False),
    ),
)


@dataclass(frozen=True)
class DailyValues:
    """Days of one sensor."""

    day: AnyArray
    theta: FloatArray
    bits: IntArray
    source_flag: AnyArray
    readings: IntArray


def daily_values(series: SensorSeries, bits: IntArray) -> DailyValues:
    """Days of a sensor from its readings and their rule bits.

    Daily readings stay as they are. A day of readings is the mean of its good ones, if there are
    enough for half the day: 12 hourly ones, 4 of every three hours. With fewer it is the mean of
    all, flagged by every rule that took one, and ``few`` where none did. The first and the last day
    are no days where the record begins or ends in the middle of them: seven evening hours that a
    record in UTC has of a local day before its first.
    """
    flags = series.source_flag
    texts = np.full(len(series.time), "", dtype=object) if flags is None else flags
    known = np.isfinite(series.theta) | (bits > 0)
    theta, bits, texts = series.theta[known], bits[known], texts[known]
    day, start = np.unique(series.time[known].astype("datetime64[D]"), return_index=True)
    if len(day) == len(theta) and series.step_h >= 24.0:
        return DailyValues(day, theta, bits, texts, np.ones(len(day), dtype=np.int64))
    least = max(1, round(LEAST_READINGS / series.step_h))
    ends = np.append(start[1:], len(theta))
    whole = _days_within(ends - start, least)
    day, start, ends = day[whole], start[whole], ends[whole]
    out = DailyValues(
        day,
        np.empty(len(day)),
        np.zeros(len(day), dtype=np.int64),
        np.full(len(day), "", dtype=object),
        np.zeros(len(day), dtype=np.int64),
    )
    for i, (first, last) in enumerate(zip(start, ends, strict=True)):
        values, taken = theta[first:last], bits[first:last]
        good = taken == 0
        enough = good.sum() >= least
        chosen = good if enough else np.isfinite(values)
        out.theta[i] = values[chosen].mean() if chosen.any() else np.nan
        out.readings[i] = int(chosen.sum())
        out.bits[i] = 0 if enough else int(np.bitwise_or.reduce(taken)) or FEW
        out.source_flag[i] = _joined_flags(texts[first:last][chosen])
    return out


def _days_within(count: IntArray, least: int) -> slice:
    """Days without a first or last one of too few readings, where others have enough.

    Examples
    --------
    >>> days = np.array([7, 24, 3, 24, 17])
    >>> days[_days_within(days, 12)].tolist()
    [24, 3, 24, 17]
    """
    if not (count >= least).any():
        return slice(None)
    return slice(int(count[0] < least), len(count) - int(count[-1] < least))


def _joined_flags(texts: AnyArray) -> str:
    return ",".join(sorted({part for text in set(texts) for part in str(text).split(",") if part}))


def station_frame(
    data: StationData, rules: Sequence[str] = DEFAULT_RULES, counts: RuleCounts | None = None
) -> pl.DataFrame:
    """All sensors as one table, screened.

    Parameters
    ----------
    data : StationData
        As the readers hand it out, joined.
    rules : sequence of str
        Screening rules to apply.
    counts : RuleCounts, optional
        Counted into.

    Returns
    -------
    polars.DataFrame
        In the schema ``STATIONS``, ordered as read and by date.
    """
    counts = counts if counts is not None else RuleCounts()
    parts = [_sensor_frame(one, screen(one, rules, counts), counts) for one in data.series]
    return pl.concat(parts) if parts else _empty()


def _sensor_frame(series: SensorSeries, bits: IntArray, counts: RuleCounts) -> pl.DataFrame:
    days = daily_values(series, bits)
    place = series.place
    counts.taken[place.network, "few"] += int(np.count_nonzero(days.bits & FEW))
    names = {bit: names_of(bit) for bit in set(days.bits.tolist())}
    n = len(days.day)
    frame = pl.DataFrame(
        {
            "date": days.day,
            "theta": days.theta,
            "flag": [names[bit] for bit in days.bits.tolist()],
            "source_flag": pl.Series(days.source_flag.tolist(), dtype=pl.String),
            "readings": days.readings.astype(np.int32),
        },
        schema_overrides={"flag": pl.String, "source_flag": pl.String},
    )
    top = series.depth_top_m
    return frame.with_columns(
        pl.lit(place.network).alias("network"),
        pl.lit(place.station).alias("station"),
        *(
            pl.lit(value if np.isfinite(value) else None, dtype=pl.Float64).alias(name)
            for name, value in (
                ("lat", place.lat),
                ("lon", place.lon),
                ("elevation_m", place.elevation_m),
                ("position_m", place.position_m),
                ("depth_m", series.depth_m),
                ("depth_top_m", float("nan") if top is None else top),
            )
        ),
        pl.lit(series.sensor).alias("sensor"),
        pl.lit(series.day_kind).alias("day_kind"),
        pl.col("theta").fill_nan(None),
        pl.col("date").cast(pl.Date),
    ).select(list(STATIONS.by_name))[:n]


def _empty() -> pl.DataFrame:
    types = {"text": pl.String, "float": pl.Float64, "date": pl.Date, "int": pl.Int32}
    return pl.DataFrame(schema={c.name: types[c.kind] for c in STATIONS.columns})


def weather_frame(weather: Sequence[StationWeather]) -> pl.DataFrame:
    """Weather of all stations as one table in the schema ``STATION_WEATHER``."""
    names = [c.name for c in STATION_WEATHER.columns if c.kind == "float"]
    parts = []
    for one in weather:
        columns = {
            name: one.columns.get(name, np.full(len(one.day), np.nan)).astype(np.float64)
            for name in names
        }
        frame = pl.DataFrame({"date": one.day.astype("datetime64[D]"), **columns})
        parts.append(
            frame.with_columns(
                pl.lit(one.place.network).alias("network"),
                pl.lit(one.place.station).alias("station"),
                pl.col(names).fill_nan(None),
                pl.col("date").cast(pl.Date),
            ).select(list(STATION_WEATHER.by_name))
        )
    if parts:
        return pl.concat(parts)
    types = {"text": pl.String, "float": pl.Float64, "date": pl.Date}
    return pl.DataFrame(schema={c.name: types[c.kind] for c in STATION_WEATHER.columns})


def weather_path(stations: Path) -> Path:
    """Where the weather of a station table lies."""
    return stations.with_name(f"{stations.stem}.weather{stations.suffix}")


def write_stations(
    path: Path, stations: pl.DataFrame, weather: pl.DataFrame, record: Provenance
) -> None:
    """Write the table, and beside it the weather where there is any.

    Raises
    ------
    RequestError
        The ending is neither .parquet nor .csv.
    """
    if weather.height:
        write_table(weather_path(path), weather, STATION_WEATHER, record)
    write_table(path, stations, STATIONS, record)


def read_stations(path: Path) -> pl.DataFrame:
    """A station table as ``rootzone stations`` writes it; empty texts are empty, not missing."""
    frame = read_table(path, STATIONS)
    texts = [name for name in ("flag", "source_flag", "sensor") if name in frame.columns]
    return frame.with_columns(pl.col(texts).fill_null(""))


def at_depth(
    stations: pl.DataFrame,
    depth_m: float,
    tolerance_m: float = TOLERANCE_M,
    *,
    good_only: bool = True,
) -> pl.DataFrame:
    """Values of point sensors near a depth, one a station and day.

    Where a station has several sensors within the tolerance, the nearest counts; of equally near
    ones, the mean. Where it has days of several kinds, means of the day count before readings at
    midnight: a station has one kind.

    Parameters
    ----------
    stations : polars.DataFrame
        In the schema ``STATIONS``.
    depth_m, tolerance_m : float
        Depth wanted and how far a sensor may be from it [m].
    good_only : bool
        Only values that no rule takes.

    Returns
    -------
    polars.DataFrame
        network, station, date, depth_m (of the sensor), theta, day_kind.
    """
    near = stations.filter(
        pl.col("depth_top_m").is_null(),
        pl.Series(matches(stations["depth_m"].to_numpy(), depth_m, tolerance_m)),
        pl.col("theta").is_not_null(),
    )
    if good_only:
        near = near.filter(pl.col("flag") == "")
    off = (pl.col("depth_m") - depth_m).abs().round(6)
    keys = ["network", "station", "date"]
    rank = pl.col("day_kind").replace_strict(_KIND_RANK, default=len(_KIND_RANK))
    near = near.with_columns(rank.alias("rank"))
    near = near.filter(pl.col("rank") == pl.col("rank").min().over("network", "station"))
    return (
        near.with_columns(off.alias("off"))
        .filter(pl.col("off") == pl.col("off").min().over(keys))
        .group_by(keys, maintain_order=True)
        .agg(pl.col("depth_m").first(), pl.col("theta").mean(), pl.col("day_kind").first())
    )
