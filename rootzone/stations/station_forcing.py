"""A station's own weather as forcing: gaps filled by stated rules, unusable years named.

Gaps of up to three days in temperature and radiation are filled linearly, longer ones by the mean
of the day of the year over all years, smoothed over 15 days. Missing rain is none, so a year in
which much rain is missing is not used. The first year is run once more before the first day, as
spin-up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from rootzone._shared.arrays import FloatArray, IntArray
from rootzone._shared.days import day_of_year, years_of
from rootzone._shared.errors import RequestError
from rootzone.covariates.weather.apsim_eo import apsim_mm
from rootzone.covariates.weather.pet import mean_saturation_kpa

SHORT_GAP_D = 3
SPIN_UP_D = 365
_SMOOTH_D = 15
_FILLED = ("tmax_degc", "tmin_degc", "radn_mj_m2")


@dataclass(frozen=True)
class ForcingRules:
    """When a year of weather is good enough to be scored.

    Parameters
    ----------
    rain_missing_d : int
        Days of a year that may lack rain [d].
    climatology_d : int
        Days of a year on which temperature or radiation may come from other years [d].
    salb : float
        Albedo of bare soil for potential evaporation [-].
    """

    rain_missing_d: int = 10
    climatology_d: int = 30
    salb: float = 0.13


@dataclass(frozen=True)
class StationForcing:
    """Gapless daily weather of one station, spin-up first.

    Parameters
    ----------
    first_day : int
        First day, spin-up included, days since 1970-01-01.
    columns : mapping of str to array, shape (day,)
        rain_mm, eo_mm [mm d-1], tmax_degc, tmin_degc [degC], radn_mj_m2 [MJ m-2 d-1].
    spin_up_d : int
        Days before the record.
    usable_years : tuple of int
        Calendar years whose weather was measured well enough.
    filled_d : mapping of str to int
        Days filled, by quantity, over the record.
    """

    first_day: int
    columns: Mapping[str, FloatArray]
    spin_up_d: int
    usable_years: tuple[int, ...]
    filled_d: Mapping[str, int]

    @property
    def day(self) -> IntArray:
        """Every day, days since 1970-01-01."""
        return self.first_day + np.arange(len(self.columns["rain_mm"]), dtype=np.int64)

    @property
    def year(self) -> IntArray:
        """Calendar year of every day."""
        return years_of(self.day)

    def until(self, year: int) -> StationForcing:
        """The same weather up to the end of a year."""
        n = int(np.count_nonzero(self.year <= year))
        columns = {name: values[:n] for name, values in self.columns.items()}
        return StationForcing(
            self.first_day, columns, self.spin_up_d, self.usable_years, self.filled_d
        )


def forcing_table(weather: pl.DataFrame, rules: ForcingRules = ForcingRules()) -> pl.DataFrame:
    """Gapless weather of every station as ``rootzone simulate`` takes it, a cell a station.

    Stations without usable weather are left out. There is no spin-up in it.

    Parameters
    ----------
    weather : polars.DataFrame
        A station-weather table.
    rules : ForcingRules
        Albedo for potential evaporation.

    Returns
    -------
    polars.DataFrame
        In the schema ``WEATHER``; ``vpd_kpa`` from mean humidity (FAO-56 Eq. 12 and 19), empty
        where that was not measured.
    """
    parts = []
    for (station,), part in weather.group_by(["station"], maintain_order=True):
        try:
            forcing = station_forcing(part, rules)
        except RequestError:
            continue
        days = forcing.day[forcing.spin_up_d :]
        columns = {name: values[forcing.spin_up_d :] for name, values in forcing.columns.items()}
        measured = part["date"].cast(pl.Date).to_physical().to_numpy().astype(np.int64)
        humidity = _spread(part, "rh_avg_pct", measured - days[0], len(days))
        saturation = mean_saturation_kpa(columns["tmax_degc"], columns["tmin_degc"])
        columns["vpd_kpa"] = saturation * (1.0 - np.clip(humidity, 0.0, 100.0) / 100.0)
        frame = pl.DataFrame({"date": days.astype("datetime64[D]"), **columns})
        parts.append(
            frame.select(
                pl.lit(str(station)).alias("cell_id"),
                pl.col("date").cast(pl.Date),
                *(pl.col(name).fill_nan(None) for name in columns),
            )
        )
    if not parts:
        raise RequestError("No station has rain, temperature and radiation over a year.")
    return pl.concat(parts)


def station_forcing(weather: pl.DataFrame, rules: ForcingRules = ForcingRules()) -> StationForcing:
    """Forcing from the rows of one station of a station-weather table.

    Raises
    ------
    RequestError
        A quantity was never measured, or less than a year was.
    """
    days = weather["date"].cast(pl.Date).to_physical().to_numpy().astype(np.int64)
    who = str(weather["station"][0]) if weather.height else "the station"
    if not len(days) or days.max() - days.min() + 1 < SPIN_UP_D:
        raise RequestError(f"Weather of {who} is shorter than a year; nothing can be simulated.")
    first, n = int(days.min()), int(days.max() - days.min()) + 1
    measured = {name: _spread(weather, name, days - first, n) for name in ("rain_mm", *_FILLED)}
    for name, values in measured.items():
        if not np.isfinite(values).any():
            raise RequestError(f"Weather of {who} holds no {name}; it cannot drive a simulation.")
    every = first + np.arange(n)
    filled: dict[str, FloatArray] = {"rain_mm": np.nan_to_num(measured["rain_mm"], nan=0.0)}
    long_gap = np.zeros(n, dtype=bool)
    for name in _FILLED:
        filled[name], by_climate = fill_gaps(measured[name], day_of_year(every))
        long_gap |= by_climate
    filled["tmax_degc"] = np.maximum(filled["tmax_degc"], filled["tmin_degc"])
    eo_mm = apsim_mm(filled["radn_mj_m2"], filled["tmax_degc"], filled["tmin_degc"], rules.salb)
    columns = {**filled, "eo_mm": eo_mm}
    spun = {name: np.concatenate((values[:SPIN_UP_D], values)) for name, values in columns.items()}
    return StationForcing(
        first - SPIN_UP_D,
        spun,
        SPIN_UP_D,
        _usable_years(every, ~np.isfinite(measured["rain_mm"]), long_gap, rules),
        {name: int((~np.isfinite(values)).sum()) for name, values in measured.items()},
    )


def _spread(weather: pl.DataFrame, name: str, position: IntArray, n: int) -> FloatArray:
    out = np.full(n, np.nan)
    if name in weather.columns:
        out[position] = weather[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
    return out


def _usable_years(
    day: IntArray, no_rain: FloatArray, long_gap: FloatArray, rules: ForcingRules
) -> tuple[int, ...]:
    years = years_of(day)
    return tuple(
        int(year)
        for year in np.unique(years)
        if no_rain[years == year].sum() <= rules.rain_missing_d
        and long_gap[years == year].sum() <= rules.climatology_d
    )


def fill_gaps(values: FloatArray, doy: IntArray) -> tuple[FloatArray, FloatArray]:
    """Fill short gaps linearly and long ones with the smoothed mean of the day of the year.

    Parameters
    ----------
    values : array, shape (day,)
        Daily values without missing days, gaps as NaN; one at least is finite.
    doy : array of int, shape (day,)
        Day of the year, 0 to 365.

    Returns
    -------
    filled : array, shape (day,)
        Without gaps.
    by_climate : array of bool, shape (day,)
        Days of long gaps.
    """
    known = np.isfinite(values)
    position = np.arange(len(values))
    linear = np.interp(position, position[known], values[known])
    by_climate = np.zeros(len(values), dtype=bool)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], (~known).astype(np.int8), [0]))))
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        outside = first == 0 or last == len(values)
        if last - first > SHORT_GAP_D or outside:
            by_climate[first:last] = True
    climate = climatology(values, doy)
    return np.where(by_climate, climate[doy], linear), by_climate


def climatology(values: FloatArray, doy: IntArray) -> FloatArray:
    """Mean of each day of the year, smoothed over 15 days; days without any are interpolated.

    Parameters
    ----------
    values : array, shape (day,)
        Daily values, NaN where unknown; one at least is finite.
    doy : array of int, shape (day,)
        Day of the year, 0 to 365.

    Returns
    -------
    array, shape (366,)
        Without gaps.
    """
    known = np.isfinite(values)
    total = np.bincount(doy[known], values[known], minlength=366)
    count = np.bincount(doy[known], minlength=366).astype(np.float64)
    reach = _SMOOTH_D // 2
    kernel = np.ones(_SMOOTH_D)
    around = [np.concatenate((part[-reach:], part, part[:reach])) for part in (total, count)]
    sums, counts = (np.convolve(part, kernel, "valid") for part in around)
    have = counts > 0
    days = np.arange(366)
    mean = np.where(have, sums / np.maximum(counts, 1), np.nan)
    return np.interp(days, days[have], mean[have], period=366)
