"""Every USCRN station inverted and scored on held-out years: the other half of the page.

Reads and screens the stations (``rootzone stations``), inverts and scores them
(``rootzone invert``) with both objectives, and writes what came out, whatever it is.
"""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import polars as pl
from _figures import Figures
from _pages import put_between
from click.testing import CliRunner

from rootzone._cli.invert import command as invert
from rootzone._cli.stations import command as stations

# Judged on the run of November 2026; read it again when the tables change.
_SAYS = """\
* A fixed loam already gets the ups and downs; what it misses is the level of each site, which is
most of its error. Fitting the soil removes most of the bias and hardly touches R and ubRMSE.
* On unseen years physics beats the station's own climatology in R at every depth, and in ubRMSE and
MAE down to 20 cm. Below that the climatology, which knows the level of each sensor, is as good in
MAE.
* Fitting the ups and downs alone gains at most 0.02 in R over the loam: about all that one texture
for the whole profile can give. More must come from elsewhere (roots, layers, stones, snow).
* The engine has no roots and the soil no layers here, and the texture makes up for both. The
classes below describe behaviour; they are no survey.
* Training and held-out years share the station, so this is skill at known places. A soil from a map
has to be judged at stations that were left out."""


def run(daily: Path, work: Path, workers: int, extra: list[str]) -> dict[str, object]:
    """Read, screen, invert and score; facts of both verbs."""
    table = work / "stations.parquet"
    screened = CliRunner().invoke(
        stations,
        [str(daily), "--network", "USCRN", "--out", str(table), "--force", "--json"],
        catch_exceptions=False,
    )
    start = time.perf_counter()
    done = CliRunner().invoke(
        invert,
        [str(table), "--out", str(work / "inverted"), "--workers", str(workers), "--force",
         "--json", *extra],
        catch_exceptions=False,
    )  # fmt: skip
    facts = json.loads(done.stdout)
    return {
        **facts,
        "screened": json.loads(screened.stdout),
        "seconds": time.perf_counter() - start,
    }


def page(work: Path, facts: dict[str, object], objectives: dict[str, Path]) -> str:
    """The page for the docs."""
    from rootzone.inversion.summary import as_markdown, seasons_as_markdown

    main = pl.read_parquet(objectives["rmse"] / "summary.parquet")
    screened = facts["screened"]
    good_years = _station_years(work / "stations.parquet")
    parts = [
        f"{facts['stations']} USCRN stations have {good_years} station-years with at least 180 "
        f"good days at 20 cm. {facts['station_years']} of them have measured weather as well and "
        "are simulated by the embedded engine (van Genuchten physics, converged stepping, snow "
        "store on) under the station's own rain, temperature and radiation. "
        f"{facts['held_out_station_years']} are held out: the later half of each record. Of "
        f"{screened['rows']} daily sensor values {screened['good']} are good.\n",  # type: ignore[index]
        "Figures are medians over stations, in brackets their 95 % bootstrap intervals. *loam* is "
        "the same soil everywhere (40 % sand, 40 % silt). *inverted* is the texture, one for the "
        "whole profile, that fits the training years best; for *inverted (ubRMSE)* the fit "
        "disregards the level. *climatology* is the smoothed mean of each day of the year over the "
        "training years: no physics at all, only the station's own past.\n",
        "![Medians over stations by depth](figures/station_campaign.png)\n",
        "### Held-out years\n",
        as_markdown(_with_objectives(main, objectives), "held_out"),
        "\n### All station-years, fixed loam\n",
        as_markdown(main, "all"),
        "\n### Held-out years at 20 cm by season\n",
        seasons_as_markdown(_with_objectives(main, objectives), "held_out", 0.20),
        "\n### What it says\n",
        _SAYS,
        "\n### Which soils are found\n",
        _soils(objectives["rmse"]),
        "",
    ]
    missing = facts["not_inverted"]
    if missing:
        parts += ["\n### Stations without a usable year\n"]
        parts += [f"* {name}: {why}" for name, why in missing.items()]  # type: ignore[attr-defined]
    return "\n".join(parts) + "\n"


def _station_years(table: Path) -> int:
    """Station-years with enough good days at 20 cm, whatever their weather."""
    from rootzone.inversion.observations import LEAST_DAYS
    from rootzone.stations.station_table import at_depth, read_stations

    good = at_depth(read_stations(table), 0.20)
    days = good.group_by("station", pl.col("date").dt.year()).len()
    return int((days["len"] >= LEAST_DAYS).sum())


def _with_objectives(main: pl.DataFrame, objectives: dict[str, Path]) -> pl.DataFrame:
    frames = [main]
    if "ubrmse" in objectives:
        other = pl.read_parquet(objectives["ubrmse"] / "summary.parquet")
        frames.append(
            other.filter(pl.col("soil") == "inverted").with_columns(
                pl.lit("inverted (ubRMSE)").alias("soil")
            )
        )
    return pl.concat(frames)


def _soils(folder: Path) -> str:
    from rootzone.hydraulics.usda import USDA_CLASSES, usda_class

    frame = pl.read_parquet(folder / "inversions.parquet").filter(
        pl.col("cost_training").is_not_nan()
    )
    sand, silt, clay = (
        frame[f"{name}_pct_zone_1"].cast(pl.Float64).to_numpy() for name in ("sand", "silt", "clay")
    )
    classes = pl.Series("class", [USDA_CLASSES[code] for code in usda_class(sand, silt, clay)])
    counts = classes.value_counts().sort("count", "class", descending=[True, False])
    better = (frame["cost_training"] < 0.5 * frame["cost_training_loam"]).sum()
    lines = ["| USDA class | stations |", "|---|---|"]
    lines += [f"| {name} | {count} |" for name, count in counts.rows()]
    lines.append(
        f"\nIn the training years the best soil's mean RMSE over depths is "
        f"{frame['cost_training'].median():.3f} m3 m-3 (median), the loam's "
        f"{frame['cost_training_loam'].median():.3f}; at {better} of {frame.height} stations it is "
        "less than half of the loam's."
    )
    return "\n".join(lines)


def show(daily: Path, work: Path, docs: Path | None, workers: int, page_only: bool) -> None:
    """Run both objectives, put the tables into the page, and print the figures."""
    facts_file = work / "facts.json"
    objectives = {"rmse": work / "rmse", "ubrmse": work / "ubrmse"}
    if not page_only:
        for name, folder in reversed(objectives.items()):
            figures = [] if name == "rmse" else ["--no-figures"]
            facts = run(daily, work, workers, ["--objective", name, *figures])
            shutil.rmtree(folder, ignore_errors=True)
            (work / "inverted").rename(folder)
        facts_file.write_text(json.dumps(facts))
    facts = json.loads(facts_file.read_text())
    if docs:
        (docs / "figures").mkdir(parents=True, exist_ok=True)
        figure = docs / "figures" / "station_campaign.png"
        for ending in ("", ".provenance.json"):
            shutil.copyfile(
                objectives["rmse"] / f"summary.png{ending}", figure.with_name(figure.name + ending)
            )
        put_between(docs / "station-campaign.md", "inversions", page(work, facts, objectives))
    found = Figures()
    found.add("stations", facts["stations"], "station")
    found.add("station-years", facts["station_years"], "year")
    found.add("held-out station-years", facts["held_out_station_years"], "year")
    found.add("inversion and scoring", facts["seconds"], "s")
    found.show(as_json=False)
