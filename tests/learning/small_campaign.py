"""A campaign on disk that is ready to be trained on: a corner of the made-up county."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl

from rootzone._shared.provenance import Provenance
from rootzone._shared.table_files import write_table
from rootzone._shared.tables import LABELS, SITES, WEATHER
from rootzone.covariates.grid import MasterGrid
from rootzone.covariates.open_campaign import CampaignFiles
from rootzone.covariates.weather.antecedent import antecedent_columns
from rootzone.made_up.write_county import write_county
from rootzone.stations.station_table import STATIONS
from tests.covariates.weather_files import GRIDMET

CAMPAIGN = """\
name: corner
region:
  bounds_lonlat_deg: [-105.25, 40.05, -105.21, 40.08]
years: [2023]
engine:
  spin_up_days: 0
learning:
  widths: [4, 8]
  epochs: 2
  steps_per_epoch: 3
  batch_size: 4
"""
RECORD = Provenance("made up for a test")
N_SITE, N_STATION = 30, 12
FIRST, N_DAY = dt.date(2023, 1, 1), 120
LABEL_DAYS = range(40, N_DAY, 2)


def write_small_campaign(folder: Path) -> Path:
    """Rasters, weather, sites, labels and stations of a corner of the county.

    Water content is 0.15 at places with an even number and 0.25 at the others, plus a slow wave
    through the year; stations read 0.03 more than the simulation.
    """
    folder.mkdir(parents=True, exist_ok=True)
    campaign = folder / "campaign.yaml"
    campaign.write_text(CAMPAIGN)
    write_county(folder / "data", [2023], seed=3)
    files = CampaignFiles.beside(campaign)
    grid, place = files.grid, files.workspace
    write_table(place.weather(2023), _weather(grid), WEATHER, RECORD)
    rng = np.random.default_rng(4)
    pixels = rng.choice(grid.height * grid.width, N_SITE + N_STATION, replace=False)
    row, col = np.divmod(pixels, grid.width)
    sites = _sites(grid, row[:N_SITE], col[:N_SITE])
    write_table(place.sites, sites, SITES, RECORD)
    month = place.labels / "year=2023" / "month=01" / "labels-00000.parquet"
    write_table(month, _labels(), LABELS, RECORD)
    stations = _stations(grid, row[N_SITE:], col[N_SITE:])
    write_table(place.stations, stations, STATIONS, RECORD)
    return campaign


def _days(numbers: range) -> list[dt.date]:
    return [FIRST + dt.timedelta(days=n) for n in numbers]


def _theta(place: int, numbers: range) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    wave = 0.03 * np.sin(2 * np.pi * np.array(numbers) / 90.0)
    return (0.15 if place % 2 == 0 else 0.25) + wave


def _weather(grid: MasterGrid) -> pl.DataFrame:
    ids = np.unique(GRIDMET.ids(grid, grid.full_window.padded(200)))
    rng = np.random.default_rng(5)
    shape = (N_DAY, ids.size)
    columns = {
        "rain_mm": rng.gamma(0.3, 10.0, shape),
        "tmean_degc": rng.uniform(-10.0, 25.0, shape),
        "vpd_kpa": rng.uniform(0.0, 3.0, shape),
        "pet_mm": rng.uniform(0.0, 8.0, shape),
    }
    columns |= antecedent_columns(columns["rain_mm"], columns["pet_mm"])
    data = {name: pl.Series(values.ravel()).fill_nan(None) for name, values in columns.items()}
    days = np.repeat(np.array(_days(range(N_DAY)), dtype="datetime64[D]"), ids.size)
    return pl.DataFrame({"cell_id": np.tile(ids, N_DAY), "date": days, **data})


def _sites(grid: MasterGrid, row: np.ndarray, col: np.ndarray) -> pl.DataFrame:  # type: ignore[type-arg]
    x, y = grid.xy_m(row, col)
    lon, lat = grid.lon_lat(row, col)
    return pl.DataFrame(
        {
            "site_id": [f"s{k}" for k in range(N_SITE)], "year": 2023, "row": row, "col": col,
            "x_m": x, "y_m": y, "lon": lon, "lat": lat, "cell_id": 1, "stratum": "all",
            "weight": 100.0,
        }
    )  # fmt: skip


def _labels() -> pl.DataFrame:
    parts = [
        pl.DataFrame(
            {
                "site_id": f"s{k}", "date": _days(LABEL_DAYS), "depth_mm": 200.0,
                "theta": _theta(k, LABEL_DAYS), "engine": "made up", "rung": 0, "stratum": "all",
                "weight": 100.0, "digest": "0",
            }
        )
        for k in range(N_SITE)
    ]  # fmt: skip
    return pl.concat(parts)


def _stations(grid: MasterGrid, row: np.ndarray, col: np.ndarray) -> pl.DataFrame:  # type: ignore[type-arg]
    lon, lat = grid.lon_lat(row, col)
    parts = [
        pl.DataFrame(
            {
                "network": "MADEUP", "station": f"st{k}", "lat": lat[k], "lon": lon[k],
                "elevation_m": 1600.0, "position_m": 1.0, "depth_m": 0.2,
                "depth_top_m": pl.Series([None] * len(LABEL_DAYS), dtype=pl.Float64),
                "sensor": "a", "date": _days(LABEL_DAYS), "day_kind": "mean_lst",
                "theta": _theta(k, LABEL_DAYS) + 0.03, "flag": "", "source_flag": "",
                "readings": 24,
            }
        )
        for k in range(N_STATION)
    ]  # fmt: skip
    return pl.concat(parts)
