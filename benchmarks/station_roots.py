"""Soils, curves and roots at the USCRN stations, before any training: the table by its own code.

    python benchmarks/station_roots.py [--data ../shared/realdata] [--every 1] [--work FOLDER]

Every setting is run at every station with a measured soil, pooled over the days of usable years,
with 95 % intervals over stations; the best setting is chosen on seven of eight parts of the
stations and scored on the eighth. ``--every 3`` takes every third station. The first run reads and
screens the stations, which takes a minute.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from _station_runs import (
    ARIDITY,
    DEPTHS_M,
    Setting,
    Station,
    interval,
    pooled,
    run_all,
    setting,
    skill,
)
from click.testing import CliRunner

from rootzone._cli.stations import command as stations
from rootzone.labels.splits import SEASONS, season_of
from rootzone.learning.points.trees import folds_of
from rootzone.stations.readers.read_soils import read_soils

SETTINGS = (
    setting("loam"),
    setting("measured", "rosetta3"),
    setting("measured", "rosetta3_h3"),
    setting("measured", "wosten1999"),
    setting("loam", cover="grass"),
    setting("measured", "rosetta3", cover="grass"),
    setting("measured", "rosetta3_h3", cover="grass"),
    setting("measured", "wosten1999", cover="grass"),
    setting("measured", "wosten1999", cover="grass", cover_fraction=0.3),
    setting("measured", "wosten1999", cover="grass", cover_fraction=0.7),
    setting("measured", "wosten1999", cover="grass", snow=False),
)
_HEAD = "| soil, curves | plant | RMSE (95 %) | MAE | bias | R (95 %) | station RMSE, R |"


def at_depth(depth_m: float):  # noqa: ANN201 - a small choice
    return lambda one: one.depth_m == depth_m


def table(found: Sequence[Station], settings: Sequence[Setting], depth_m: float) -> str:
    lines = [_HEAD, "|---|---|---|---|---|---|---|"]
    for one in settings:
        pairs = pooled(found, one.name, at_depth(depth_m))
        s, ((rmse_low, rmse_high), (r_low, r_high)) = skill(pairs), interval(pairs)
        soil, plant = one.name.split(" | ")
        lines.append(
            f"| {soil} | {plant} | {s['rmse']:.3f} ({rmse_low:.3f} to {rmse_high:.3f}) "
            f"| {s['mae']:.3f} | {s['bias']:+.3f} | {s['r']:.2f} ({r_low:.2f} to {r_high:.2f}) "
            f"| {s['rmse_station']:.3f}, {s['r_station']:.2f} |"
        )
    return "\n".join(lines)


def chosen_in_folds(found: Sequence[Station], settings: Sequence[Setting], folds: int = 8) -> str:
    """The setting with the least pooled RMSE of the other parts, scored on each part."""
    fold = folds_of(len(found), folds, 1)
    pairs, names = [], []
    for k in range(folds):
        train = [one for one, f in zip(found, fold, strict=True) if f != k]
        test = [one for one, f in zip(found, fold, strict=True) if f == k]
        costs = [skill(pooled(train, s.name, at_depth(0.20)))["rmse"] for s in settings]
        best = settings[int(np.argmin(costs))].name
        names.append(best)
        pairs += pooled(test, best, at_depth(0.20))
    s, ((low, high), (r_low, r_high)) = skill(pairs), interval(pairs)
    return (
        f"chosen in {folds} folds, 20 cm: RMSE {s['rmse']:.4f} ({low:.3f} to {high:.3f}), R "
        f"{s['r']:.3f} ({r_low:.2f} to {r_high:.2f}); chosen: "
        + ", ".join(f"{name} ({names.count(name)} times)" for name in dict.fromkeys(names))
    )


def by_group(found: Sequence[Station], settings: Sequence[Setting]) -> str:
    lines = ["| 20 cm, RMSE, bias | " + " | ".join(s.name for s in settings) + " |"]
    lines.append("|---|" + "---|" * len(settings))
    rows = {
        season: (found, lambda one, season=season: np.array(
            [season_of(m) == season for m in range(1, 13)])[one.month - 1])
        for season in SEASONS
    }  # fmt: skip
    for name, low, high in ARIDITY:
        own = [one for one in found if low <= one.aridity < high]
        rows[f"{name} ({len(own)})"] = (own, lambda one: np.ones(one.depth_m.size, bool))
    for name, (some, chosen) in rows.items():
        cells = []
        for one in settings:
            s = skill(pooled(some, one.name, lambda x, c=chosen: (x.depth_m == 0.20) & c(x)))
            cells.append(f"{s['rmse']:.3f}, {s['bias']:+.3f}")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/realdata"))
    parser.add_argument("--work", type=Path, default=Path("/tmp/rootzone-station-roots"))  # noqa: S108
    parser.add_argument("--every", type=int, default=1, help="Every n-th measured station.")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    place = args.work / "stations.parquet"
    if not place.exists():
        daily = args.data / "uscrn" / "uscrn_conus_daily_2009_2024.parquet"
        words = [str(daily), "--network", "USCRN", "--out", str(place)]
        CliRunner().invoke(stations, words, catch_exceptions=False)
    soils = read_soils(args.data / "soils" / "soils_at_stations.parquet")
    found = run_all(place, soils, SETTINGS, lambda what: print(what, file=sys.stderr), args.every)
    print(f"{len(found)} stations with measured soil")
    for depth_m in DEPTHS_M:
        shown = (
            SETTINGS if depth_m == 0.20 else (SETTINGS[0], SETTINGS[1], SETTINGS[5], SETTINGS[7])
        )
        print(f"\n{100 * depth_m:g} cm\n\n{table(found, shown, depth_m)}")
    print("\n" + chosen_in_folds(found, SETTINGS))
    print("\n" + by_group(found, (SETTINGS[0], SETTINGS[1], SETTINGS[5], SETTINGS[7])))


if __name__ == "__main__":
    main()
