"""Write the demo's weather: seeded, synthetic, three climates for two years.

Rain is a two-state Markov chain with gamma amounts and temperature and radiation follow the season
with an autoregressive anomaly, in the manner of Richardson (1981), doi:10.1029/WR017i001p00182.
The parameters are ours and stand for no real place.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

SEED = 20221
FIRST, LAST = date(2022, 1, 1), date(2023, 12, 31)
OUT = Path(__file__).resolve().parents[1] / "data" / "demo" / "weather.csv"


@dataclass(frozen=True)
class Climate:
    """Yearly means and swings of one climate; the wettest day of year gives the rain's phase."""

    cell_id: str
    wet_after_dry: float
    wet_after_wet: float
    season: float
    wettest_day: int
    rain_mean_mm: float
    tmean_degc: float
    tswing_degc: float
    trange_degc: float


CLIMATES = (
    Climate("plains", 0.14, 0.34, 0.45, 160, 5.2, 10.0, 13.0, 15.5),
    Climate("foothills", 0.24, 0.42, 0.30, 130, 5.8, 7.0, 11.0, 14.0),
    Climate("humid", 0.28, 0.48, 0.10, 170, 8.5, 15.0, 10.0, 10.5),
)


def _wet_days(climate: Climate, season: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    wet = np.zeros(season.size, dtype=bool)
    for day in range(1, season.size):
        chance = climate.wet_after_wet if wet[day - 1] else climate.wet_after_dry
        wet[day] = rng.random() < chance * (1 + climate.season * season[day])
    return wet


def _anomaly(size: int, rng: np.random.Generator) -> np.ndarray:
    values = np.zeros(size)
    shocks = rng.normal(0.0, 1.0, size)
    for day in range(1, size):
        values[day] = 0.7 * values[day - 1] + 0.7 * shocks[day]
    return values


def _weather(climate: Climate, dates: list[date], rng: np.random.Generator) -> pl.DataFrame:
    doy = np.array([day.timetuple().tm_yday for day in dates], dtype=float)
    wettest = np.cos(2 * np.pi * (doy - climate.wettest_day) / 365.25)
    summer = np.cos(2 * np.pi * (doy - 200) / 365.25)
    wet = _wet_days(climate, wettest, rng)
    amounts = rng.gamma(0.7, climate.rain_mean_mm / 0.7, doy.size)
    rain = np.where(wet, np.maximum(amounts, 0.2), 0.0)
    mean = climate.tmean_degc + climate.tswing_degc * summer + 2.8 * _anomaly(doy.size, rng)
    half_range = climate.trange_degc / 2 * np.where(wet, 0.7, 1.0) * rng.uniform(0.8, 1.2, doy.size)
    clear = 19.5 + 9.5 * summer
    radiation = clear * np.where(
        wet, rng.uniform(0.3, 0.7, doy.size), rng.uniform(0.75, 1.0, doy.size)
    )
    return pl.DataFrame(
        {
            "cell_id": [climate.cell_id] * doy.size,
            "date": dates,
            "rain_mm": rain.round(1),
            "radn_mj_m2": radiation.round(1),
            "tmax_degc": (mean + half_range).round(1),
            "tmin_degc": (mean - half_range).round(1),
        }
    )


def main() -> None:
    """Write the table and say where."""
    dates = [FIRST + timedelta(days=i) for i in range((LAST - FIRST).days + 1)]
    rng = np.random.default_rng(SEED)
    table = pl.concat([_weather(climate, dates, rng) for climate in CLIMATES])
    table.write_csv(OUT)
    print(OUT)
    yearly = pl.col("rain_mm").sum() / 2
    print(table.group_by("cell_id", maintain_order=True).agg(yearly, pl.col("tmax_degc").max()))


if __name__ == "__main__":
    main()
