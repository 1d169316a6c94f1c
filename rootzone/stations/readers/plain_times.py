"""When the rows of a plain table were read: dates, clocks, and the zone of the clock if told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from rootzone._shared.arrays import AnyArray
from rootzone._shared.errors import RequestError
from rootzone.stations.days import local_time, usual_step_h
from rootzone.stations.series import (
    AS_GIVEN,
    BAD_VALUE,
    MEAN_LST,
    MEAN_UTC,
    Findings,
    Place,
)

TIME, UTC = "_time", "_utc"  # columns added to the frame
_CLOCK_COLUMNS = ("time", "hour", "clock")


def with_times(path: Path, frame: pl.DataFrame, findings: Findings) -> pl.DataFrame:
    """The rows whose date can be read, with their time and whether its clock is UTC.

    Raises
    ------
    RequestError
        No date can be read, or the column holds no dates.
    """
    series = frame["date"]
    if series.dtype == pl.String:
        times, utc = _of_texts(frame)
    elif isinstance(series.dtype, pl.Datetime):
        zone = series.dtype.time_zone
        times = series.dt.replace_time_zone(None).cast(pl.Datetime("us"))
        utc = pl.Series([zone in {"UTC", "Etc/UTC", "GMT"}] * frame.height, dtype=pl.Boolean)
    elif series.dtype == pl.Date:
        times = series.cast(pl.Datetime("us"))
        utc = pl.Series([False] * frame.height, dtype=pl.Boolean)
    else:
        raise RequestError(f"{path}: column date holds {series.dtype}; give dates like 2023-05-31.")
    bad = times.is_null()
    if frame.height and bad.all():
        raise RequestError(
            f"{path}: no date can be read, such as {str(series[0])!r}. Give dates like 2023-05-31, "
            "with a clock like 2023-05-31 14:00 where there are several readings a day."
        )
    findings.add(BAD_VALUE, f"{path.name}: column date", int((bad & series.is_not_null()).sum()))
    return frame.with_columns(times.alias(TIME), utc.alias(UTC)).filter(~bad)


def _of_texts(frame: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    text = frame["date"].str.strip_chars()
    day = text.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    beside = next((name for name in _CLOCK_COLUMNS if name in frame.columns), None)
    clock = text.str.slice(10).str.strip_chars("T ")
    if beside is not None:
        own = frame[beside].cast(pl.String).str.strip_chars()
        clock = pl.select(pl.when(clock == "").then(own).otherwise(clock)).to_series()
    hour = clock.str.extract(r"^(\d{1,2})", 1).cast(pl.Int64, strict=False).fill_null(0)
    minute = clock.str.extract(r"^\d{1,2}:(\d{2})", 1).cast(pl.Int64, strict=False).fill_null(0)
    # 24:00 is the next day's 00:00
    minutes = (hour.clip(0, 24) * 60 + minute.clip(0, 59)).cast(pl.Duration("us")) * 60_000_000
    times = day.cast(pl.Datetime("us")) + minutes
    utc = clock.str.contains(r"(?:Z|[+]00:?00|UTC)$").fill_null(value=False)
    return times, utc


def clock_of(part: pl.DataFrame, place: Place) -> tuple[AnyArray, str]:
    """Times of one station in its local clock, and what its days are.

    Parameters
    ----------
    part : polars.DataFrame
        Rows of the station, as `with_times` gives them.
    place : Place
        Its longitude brings readings in UTC to the local day.

    Returns
    -------
    time : array of datetime64[m], shape (row,)
    day_kind : str
        ``as_given`` for daily values, ``mean_lst`` for readings within the day, ``mean_utc`` where
        they are in UTC and the longitude is not known.
    """
    time = part[TIME].to_numpy().astype("datetime64[m]")
    within_day = usual_step_h(np.unique(time)) < 24.0
    if not within_day:
        return time, AS_GIVEN
    if not part[UTC].all():
        return time, MEAN_LST
    if not np.isfinite(place.lon):
        return time, MEAN_UTC
    return local_time(time, place.lon), MEAN_LST
