"""The skill of point models as text, with what may and what may not be compared."""

from __future__ import annotations

import polars as pl

from rootzone.learning.evaluation.tables import ALL, PER_STATION
from rootzone.learning.points.run_skill import (
    BOTH,
    INVERTED,
    LOAM,
    NETWORK,
    OTHERS,
    OWN,
    SPLITS,
    TOLD,
    TREES,
)

ANCHOR_RMSE = 0.042  # Sahaar and Niemann (2024), XGBoost, mean over depths [m3 m-3]
MODEL_SAYS = {
    TREES: "LightGBM",
    NETWORK: "convolutions over days",
    BOTH: "mean of both",
    TOLD: "LightGBM, told the level",
    LOAM: "raw simulation, assumed loam",
    INVERTED: "raw simulation, inverted soil",
    OWN: "station's own climatology",
    OTHERS: "other stations' climatology",
}
SPLIT_SAYS = {
    "stations": "Left-out stations",
    "years": "Later half of the years, same stations",
    "blocked_dates": "Blocks of 15 days, same stations",
    "season_dates": "Random dates, same stations",
}
COMPARABLE = """\
Sahaar and Niemann (2024, doi:10.3390/rs16193699) report 0.042 m3 m-3 for XGBoost at testing
locations. What is alike: daily point sensors across the same country, locations kept out of
training by their account, RMSE. What is not: theirs is the mean over five layers that all begin
at the surface (0-5 to 0-100 cm), ours one sensor depth; theirs has several networks and
covariates at 70 m (soil survey, vegetation, SMAP), ours one network with only its own weather and
a climate class: no soil map, since none is among the data at hand. So the level of a place is the
part we cannot know here, and the line *told the level* shows what is left when it is known; it is
a diagnosis, not a model one can use at a new place."""


def as_text(skill: pl.DataFrame, comparison: pl.DataFrame) -> str:
    """Tables of every split, what LightGBM gains or loses sample by sample, and the notes.

    Parameters
    ----------
    skill : polars.DataFrame
        As `rootzone.learning.evaluation.metrics.skill_table` gives for point predictions.
    comparison : polars.DataFrame
        As `rootzone.learning.evaluation.compare.compare` gives for LightGBM.
    """
    parts = [
        "Figures in m3 m-3 except R, R2. In brackets 95 % bootstrap intervals over stations.",
    ]
    for split in SPLITS:
        chosen = skill.filter(pl.col("split") == split)
        if chosen.height:
            parts += [f"\n## {SPLIT_SAYS[split]}\n", split_table(chosen), ""]
            parts += paired_lines(comparison.filter(pl.col("split") == split))
    if (skill["split"] == "stations").any():
        parts += ["\n## Beside Sahaar and Niemann\n", COMPARABLE]
    return "\n".join(parts) + "\n"


def split_table(skill: pl.DataFrame) -> str:
    """The models of one split, a row each: pooled figures and medians over stations."""
    lines = [
        "| model | stations | RMSE, pooled | R | R2 | RMSE, median station | ubRMSE | R |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for model, says in MODEL_SAYS.items():
        own = skill.filter(pl.col("model") == model)
        pooled = own.filter(pl.col("group_kind") == ALL)
        median = own.filter(pl.col("group_kind") == PER_STATION)
        if not pooled.height:
            continue
        p, m = pooled.row(0, named=True), median.row(0, named=True)
        cells = [
            says, str(m["n_place"]), _cell(p, "rmse", 3), _cell(p, "r", 2), _cell(p, "r2", 2),
            _cell(m, "rmse", 3), _cell(m, "ubrmse", 3), _cell(m, "r", 2),
        ]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def paired_lines(comparison: pl.DataFrame) -> list[str]:
    """LightGBM against each other model on the same samples, a line each."""
    lines = []
    for row in comparison.filter(pl.col("group_kind") == ALL).iter_rows(named=True):
        interval = ""
        if row["difference_low"] is not None:
            interval = f" ({row['difference_low']:+.4f} to {row['difference_high']:+.4f})"
        lines.append(
            f"- LightGBM against {MODEL_SAYS[row['baseline']]}: MAE {row['mae_unet']:.4f} and "
            f"{row['mae_baseline']:.4f}, difference {row['difference']:+.4f}{interval}: "
            f"{row['verdict']}."
        )
    return lines


def _cell(row: dict[str, object], metric: str, digits: int) -> str:
    value, low, high = (row[metric + end] for end in ("", "_low", "_high"))
    if value is None:
        return "-"
    if low is None:
        return f"{value:.{digits}f}"
    return f"{value:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"
