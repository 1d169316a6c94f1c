"""A small made-up scene in memory: six tiles, a few weather cells, and labels on it."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from rootzone._shared.arrays import ONE_DAY
from rootzone.campaign.learning_section import Features
from rootzone.covariates.grid import MasterGrid, Window
from rootzone.covariates.weather.antecedent import antecedent_columns
from rootzone.learning.samples.label_index import GridLabels
from rootzone.learning.scene.features import features_of
from rootzone.learning.scene.land import ArrayLand, hydraulic_bands
from rootzone.learning.scene.scene import Scene
from rootzone.learning.scene.weather_days import WeatherDays
from tests.covariates.weather_files import GRIDMET

FIRST_DAY = dt.date(2023, 1, 1)
N_DAY = 60
TILE_PX = 16


def grid() -> MasterGrid:
    """48 x 32 pixels of 100 m in tiles of 16, on the plains; 4.8 km across, so two cells wide."""
    return MasterGrid("EPSG:5070", 100.0, -800025.0, 2000025.0, 48, 32, TILE_PX)


def land(depths_mm: tuple[float, ...] = (200.0,)) -> ArrayLand:
    """Bands that tell row and column, so that a shift or a swap shows."""
    here = grid()
    row, col = np.mgrid[: here.height, : here.width].astype(np.float64)
    values = {
        "sand_pct": row,
        "silt_pct": col,
        "clay_pct": 100.0 - row - col,
        "elevation_m": 1000.0 + 10.0 * row + col,
        "slope_deg": 0.1 * row,
        "aspect_deg": 3.0 * col,
        "land_cover": np.where(col > 20, 71.0, 42.0),
        "climate_class": np.full(here.shape, 7.0),
    }
    for number, depth_mm in enumerate(depths_mm):
        soil = (0.05 + 0.001 * row, 0.4 + 0.001 * col, 0.01 + 0 * row, 1.3 + 0.1 * number + 0 * row)
        values.update(zip(hydraulic_bands(depth_mm), soil, strict=True))
    return ArrayLand(here, values, depths_mm)


def weather_frame(leave_out: int = 0) -> pl.DataFrame:
    """Weather of every cell the grid and its neighbourhood touch, by seeded draws.

    ``leave_out`` cells, the first ones by number, have none.
    """
    here = grid()
    whole = Window(-40, -40, here.height + 80, here.width + 80)
    ids = np.unique(GRIDMET.ids(here, whole))[leave_out:]
    rng = np.random.default_rng(5)
    shape = (N_DAY, ids.size)
    columns = {
        "rain_mm": rng.gamma(0.3, 10.0, shape),
        "tmean_degc": rng.uniform(-10.0, 25.0, shape),
        "vpd_kpa": rng.uniform(0.0, 3.0, shape),
        "pet_mm": rng.uniform(0.0, 8.0, shape),
    }
    columns |= antecedent_columns(columns["rain_mm"], columns["pet_mm"])
    days = np.arange(np.datetime64(FIRST_DAY), np.datetime64(FIRST_DAY) + N_DAY * ONE_DAY)
    data = {name: pl.Series(values.ravel()).fill_nan(None) for name, values in columns.items()}
    return pl.DataFrame({"cell_id": np.tile(ids, N_DAY), "date": np.repeat(days, ids.size), **data})


def scene(
    features: Features | None = None,
    depths_mm: tuple[float, ...] = (200.0,),
    leave_out: int = 0,
) -> Scene:
    """Land and weather joined by a specification; the faithful one by default."""
    spec = features_of(features or Features())
    weather = WeatherDays.from_frame(weather_frame(leave_out), spec)
    return Scene(land(depths_mm), weather, spec, GRIDMET)


def day(number: int) -> dt.date:
    """A day of the record, 0 for the first."""
    return FIRST_DAY + dt.timedelta(days=number)


def label_frames(
    rows: list[tuple[str, int, int, int, float]], depth_mm: float = 200.0
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Labels and sites from tuples of site, row, column, day of the record and theta."""
    labels = pl.DataFrame(
        {
            "site_id": [r[0] for r in rows],
            "date": [day(r[3]) for r in rows],
            "depth_mm": np.full(len(rows), depth_mm, dtype=np.float32),
            "theta": np.array([r[4] for r in rows], dtype=np.float32),
            "weight": np.full(len(rows), 5.0, dtype=np.float32),
        }
    )
    sites = pl.DataFrame(
        {"site_id": [r[0] for r in rows], "row": [r[1] for r in rows], "col": [r[2] for r in rows]}
    ).unique("site_id", maintain_order=True)
    return labels, sites


def some_labels(depths_mm: tuple[float, ...] = (200.0,)) -> GridLabels:
    """Four sites in three tiles on a few days: five tile-days."""
    rows = [
        ("a", 3, 5, 40, 0.10), ("b", 3, 6, 40, 0.20), ("a", 3, 5, 41, 0.11),
        ("c", 20, 40, 40, 0.30), ("c", 20, 40, 50, 0.31), ("d", 31, 0, 45, 0.25),
    ]  # fmt: skip
    labels, sites = label_frames(rows)
    return GridLabels.from_labels(labels, sites, grid(), depths_mm)
