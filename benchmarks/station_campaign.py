"""Soils, curves, roots and snow at the USCRN stations, before any training; tables into the docs.

    python benchmarks/station_campaign.py [--data ../shared/realdata] [--work FOLDER] [--docs docs]

Every setting is run at every station with a measured soil and pooled over the days of usable
years, with 95 % intervals over stations; the best setting is chosen on seven of eight parts of the
stations and scored on the eighth. What is run is kept in the work folder: with ``--seconds 300``
the command stops after that time (exit 4), and the same command goes on. ``--every 3`` takes every
third station.

With ``--inversions`` it runs the other half of the page: all 72 stations inverted and scored on
held-out years (some minutes).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import _station_inversions
from _pages import put_between
from _station_runs import DEPTHS_M, Setting, Station, read_ready, run_all, setting
from _station_tables import (
    by_group,
    chosen_in_folds,
    members_table,
    parts_worth,
    snow_table,
    table,
)
from click.testing import CliRunner

from rootzone._cli.stations import command as stations
from rootzone.stations.readers.read_soils import read_soils
from rootzone.stations.station_soils import usable_soils

LOAM, LOAM_GRASS = setting("loam"), setting("loam", cover="grass")
H2, H2_GRASS = setting("measured", "rosetta3"), setting("measured", "rosetta3", cover="grass")
WOSTEN = setting("measured", "wosten1999")
WOSTEN_GRASS = setting("measured", "wosten1999", cover="grass")
NO_SNOW = (
    setting("loam", snow=False),
    setting("measured", "wosten1999", snow=False),
    setting("measured", "wosten1999", cover="grass", snow=False),
)
FROZEN = setting("measured", "wosten1999", cover="grass", frozen_soil=True)
MAIN = (LOAM, LOAM_GRASS, H2, H2_GRASS, WOSTEN, WOSTEN_GRASS)
OTHERS = tuple(
    setting("measured", ptf, cover="grass")
    for ptf in ("rosetta3_h3", "weynants2009", "saxton_rawls2006", "toth2015")
)
MEMBERS = (H2_GRASS, WOSTEN_GRASS, *OTHERS)
SETTINGS = (  # the most telling first, since the time may be up
    WOSTEN_GRASS,
    LOAM,
    H2,
    WOSTEN,
    H2_GRASS,
    LOAM_GRASS,
    NO_SNOW[2],
    FROZEN,
    *OTHERS,
    *NO_SNOW[:2],
    setting("measured", "rosetta3_h3"),
    setting("measured", "wosten1999", cover="grass", cover_fraction=0.3),
    setting("measured", "wosten1999", cover="grass", cover_fraction=0.7),
    setting("measured", "wosten1999", cover="grass", root_stress="s_shape"),
)


def page(found: Sequence[Station], whole: Sequence[Setting]) -> str:
    """Everything said of the settings that were run everywhere, as Markdown."""
    main = [one for one in MAIN if one in whole]
    made = [step for step in steps() if step[1] in whole and step[2] in whole]
    fixed = [one for one in whole if one.soil == "measured"]
    lines = [
        f"{len(found)} stations with a measured soil, no training, all days of usable years. "
        "RMSE, MAE, bias [m3 m-3] and R are pooled over days, in brackets 95 % intervals from 1000 "
        "draws of stations; the last column holds medians over stations. Snow is on unless "
        "`snow False` is said. *loam* is 40 % sand and 40 % silt everywhere by Rosetta."
    ]
    for depth_m in (0.20, *(d for d in DEPTHS_M if d != 0.20)):
        shown = whole if depth_m == 0.20 else main
        lines.append(f"\n### {100 * depth_m:g} cm\n\n{table(found, shown, depth_m)}")
    lines.append("\n### Chosen on other stations\n\n" + chosen_in_folds(found, fixed))
    lines.append("\n### What each part gives, 20 cm\n\n" + parts_worth(found, made))
    lines.append("\n### By season and aridity, 20 cm: RMSE, bias\n\n" + by_group(found, main))
    winters = [one for one in (NO_SNOW[2], WOSTEN_GRASS, FROZEN) if one in whole]
    lines.append("\n### Snow and frozen ground, 20 cm: RMSE, bias\n\n" + snow_table(found, winters))
    members = [one for one in MEMBERS if one in whole]
    lines.append("\n### Several functions under grass, 20 cm\n\n" + members_table(found, members))
    return "\n".join(lines)


def steps() -> Sequence[tuple[str, Setting, Setting]]:
    """What changed between two settings, and both."""
    return (
        ("measured soil in place of loam, bare", LOAM, H2),
        ("measured soil in place of loam, grass", LOAM_GRASS, H2_GRASS),
        ("Wosten's curves in place of Rosetta's, bare", H2, WOSTEN),
        ("Wosten's curves in place of Rosetta's, grass", H2_GRASS, WOSTEN_GRASS),
        ("grass in place of bare, loam", LOAM, LOAM_GRASS),
        ("grass in place of bare, measured, Rosetta", H2, H2_GRASS),
        ("grass in place of bare, measured, Wosten", WOSTEN, WOSTEN_GRASS),
        ("snow store, loam, bare", NO_SNOW[0], LOAM),
        ("snow store, measured, Wosten, bare", NO_SNOW[1], WOSTEN),
        ("snow store, measured, Wosten, grass", NO_SNOW[2], WOSTEN_GRASS),
        ("frozen ground besides, measured, Wosten, grass", WOSTEN_GRASS, FROZEN),
        ("all together", LOAM, WOSTEN_GRASS),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/realdata"))
    parser.add_argument("--work", type=Path, default=Path("/tmp/rootzone-station-campaign"))  # noqa: S108
    parser.add_argument("--every", type=int, default=1, help="Every n-th measured station.")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="Stop after; go on.")
    parser.add_argument("--first", type=int, default=len(SETTINGS), help="So many settings alone.")
    parser.add_argument("--docs", type=Path, help="Folder of the page whose tables to renew.")
    parser.add_argument("--inversions", action="store_true", help="Invert all 72 instead.")
    parser.add_argument("--workers", type=int, default=1, help="With --inversions.")
    parser.add_argument("--page-only", action="store_true", help="With --inversions: only write.")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    daily = args.data / "uscrn" / "uscrn_conus_daily_2009_2024.parquet"
    place = args.work / "stations.parquet"
    if args.inversions:
        _station_inversions.show(daily, args.work, args.docs, args.workers, args.page_only)
        return
    if not place.exists():
        words = [str(daily), "--network", "USCRN", "--out", str(place)]
        CliRunner().invoke(stations, words, catch_exceptions=False)
    soils = usable_soils(read_soils(args.data / "soils" / "soils_at_stations.parquet"))
    found = read_ready(place, soils, args.every)
    whole = run_all(
        found, soils, SETTINGS[: args.first], args.work / "runs",
        lambda what: print(what, file=sys.stderr), args.seconds,
    )  # fmt: skip
    text = page([station for _, station in found], whole)
    if args.docs:
        put_between(args.docs / "station-campaign.md", "soils and roots", text)
    print(text)
    if len(whole) < len(SETTINGS):
        sys.exit(4)


if __name__ == "__main__":
    main()
