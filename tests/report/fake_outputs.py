"""Tables and maps in exactly the forms that training, evaluation and mapping write, for tests."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl

from rootzone._shared.provenance import Provenance
from rootzone._shared.skill import skill_of
from rootzone._shared.table_files import write_table
from rootzone.campaign.workspace import Workspace
from rootzone.covariates.grid import MasterGrid
from rootzone.labels.splits import season_of
from rootzone.learning.evaluation import tables
from rootzone.learning.evaluation.compare import compare
from rootzone.maps.encoding import UNLIKE_TRAINING, WATER, pack_theta
from rootzone.maps.map_spec import flags_spec, theta_spec
from rootzone.maps.names import MapFiles
from rootzone.maps.write_cog import Band, CogSpec, write_cog
from rootzone.networks.run_log import write_log
from rootzone.stations.station_table import STATIONS

# Standard deviation of each model's errors [m3 m-3]: LightGBM is the best by construction.
ERRORS = {"unet": 0.035, "lightgbm": 0.03, "climatology": 0.05, "persistence": 0.04,
          "raw_simulation": 0.07}  # fmt: skip
MAPPED = tuple(dt.date(2023, month, 15) for month in (2, 5, 8, 11))


def write_training(place: Workspace, epochs: int = 12, members: int = 2) -> None:
    """A log whose errors fall with the epochs."""
    for member in range(members):
        rows = []
        for epoch in range(epochs):
            fall = float(np.exp(-epoch / 4))
            rows.append(
                {"epoch": epoch, "step": 50 * (epoch + 1), "simulated_batches": 10 - epoch // 2,
                 "station_batches": 40 + epoch // 2, "loss": 0.001 + 0.05 * fall,
                 "mse": 0.0008 + 0.03 * fall, "psi": 0.01 * fall, "bound": 1e-4 * fall,
                 "data_weight": 1 - epoch / epochs, "train_s": 3.0, "samples_per_s": 12.0,
                 "validation_rmse": 0.04 + 0.06 * fall + 0.002 * member,
                 "validation_mae": 0.03 + 0.05 * fall, "best": 1}
            )  # fmt: skip
        write_log(place.learning() / "log.csv", member, rows)


def write_evaluation(place: Workspace, source: str = "station", seed: int = 0) -> None:
    """Predictions with errors of known size, and their skill."""
    rng = np.random.default_rng(seed)
    days = [dt.date(2023, 1, 1) + dt.timedelta(days=3 * i) for i in range(120)]
    parts = []
    for model, sd in ERRORS.items():
        for place_no in range(4):
            observed = 0.22 + 0.03 * place_no + 0.05 * np.sin(np.arange(len(days)) / 20)
            predicted = observed + rng.normal(0, sd, len(days))
            parts.append(
                pl.DataFrame(
                    {"source": source, "model": model, "split": "season_dates", "part": "test",
                     "place": f"USCRN CO_{place_no}", "row": 50 + 80 * place_no, "col": 60,
                     "date": days, "depth_mm": 200.0, "observed": observed,
                     "predicted": predicted, "low": predicted - 1.28 * sd,
                     "high": predicted + 1.28 * sd, "interval_pct": 80.0,
                     "season": [season_of(d.month) for d in days],
                     "land_cover": "71", "climate_class": "BSk", "texture_class": "loam",
                     "seed": 3}
                )
            )  # fmt: skip
    predictions = pl.concat(parts)
    folder = place.evaluation()
    record = Provenance("rootzone evaluate")
    write_table(folder / "predictions.parquet", predictions, tables.PREDICTIONS, record)
    write_table(folder / "skill.parquet", _skill(predictions), tables.SKILL, record)
    pairs = compare(predictions, repeats=200)
    write_table(folder / "comparison.parquet", pairs, tables.COMPARISON, record)


def _skill(predictions: pl.DataFrame) -> pl.DataFrame:
    rows = []
    groups: list[tuple[str, str, list[str]]] = [
        (tables.ALL, "all", []), ("season", "", ["season"]), ("land_cover", "", ["land_cover"]),
        (tables.PER_STATION, "median", []),
    ]  # fmt: skip
    for kind, name, keys in groups:
        for values, part in predictions.group_by(["model", *keys], maintain_order=True):
            rows.append(
                {"model": values[0], "split": "season_dates", "source": part["source"][0],
                 "seed": 3, "depth_mm": 200.0, "group_kind": kind, "group": name or values[1],
                 **_metrics(part, kind == tables.PER_STATION)}
            )  # fmt: skip
    return pl.DataFrame(rows, infer_schema_length=None)


def _metrics(part: pl.DataFrame, medians: bool) -> dict[str, float | int | None]:
    skill = skill_of(part["predicted"].to_numpy(), part["observed"].to_numpy())
    out: dict[str, float | int | None] = {"n": part.height, "n_place": part["place"].n_unique()}
    for name in ("r", "ubrmse", "bias", "mae", "rmse", "r2", "kge"):
        value = getattr(skill, name, 0.9)
        out[name] = value
        for end, factor in (("_low", 0.9), ("_high", 1.1)):
            out[name + end] = value * factor if medians else None
    return out | {"coverage": 0.8, "interval_pct": 80.0, "n_interval": part.height}


def write_maps(place: Workspace, grid: MasterGrid) -> None:
    """A wet corner, a dry one, a patch without values, and flags on both."""
    down, right = np.mgrid[: grid.height, : grid.width]
    record = Provenance("rootzone map")
    for i, day in enumerate(MAPPED):
        theta = 0.1 + 0.02 * i + 0.25 * right / grid.width
        middle = grid.height // 2
        theta[middle : middle + grid.height // 8, : grid.width // 8] = np.nan
        half = np.full(grid.shape, 0.03)
        files = MapFiles(place.maps, 200.0, day)
        stored = np.stack([pack_theta(theta), pack_theta(half)])
        write_cog(files.theta, theta_spec(grid, "uint16", 200.0, day, 80.0, {}), stored, record)
        flags = np.where(np.isnan(theta), WATER.bit, 0).astype(np.uint8)
        flags[down > 0.9 * grid.height] |= UNLIKE_TRAINING.bit
        write_cog(files.flags, flags_spec(grid, 200.0, day, {}), flags[None], record)
    bands = (Band("feature_distance", "-", "distance to the nearest training site"),)
    spec = CogSpec(grid, bands, "float32", float("nan"), "average")
    distance = (down / grid.height).astype(np.float32)
    write_cog(place.maps / "trust.tif", spec, distance[None], record)


def write_station(place: Workspace, grid: MasterGrid) -> None:
    """One station in the middle of the grid with a year of good values at 20 cm."""
    lon, lat = grid.lon_lat(grid.height // 2, grid.width // 2)
    days = [dt.date(2023, 1, 1) + dt.timedelta(days=i) for i in range(365)]
    theta = 0.22 + 0.05 * np.cos(np.arange(365) / 58.0)
    frame = pl.DataFrame(
        {"network": "USCRN", "station": "CO_Boulder_14_W", "lat": float(lat), "lon": float(lon),
         "elevation_m": 1700.0, "position_m": 5.0, "depth_m": 0.2, "depth_top_m": None,
         "sensor": "", "date": days, "day_kind": "mean_lst", "theta": theta, "flag": "",
         "source_flag": "", "readings": 24},
        schema_overrides={"depth_top_m": pl.Float64},
    )  # fmt: skip
    write_table(place.stations, frame, STATIONS, Provenance("rootzone stations"))


def write_all(root: Path, grid: MasterGrid) -> None:
    """Everything at once."""
    place = Workspace(root)
    write_training(place)
    write_evaluation(place)
    write_maps(place, grid)
    write_station(place, grid)
