"""From scores of many stations to medians with intervals, as a table and as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl

from rootzone._shared.seeds import stream
from rootzone._shared.skill import METRICS, as_row, median_interval
from rootzone._shared.units import cm_from_m
from rootzone.inversion.invert_station import Inversion
from rootzone.inversion.scores import ScoreRow
from rootzone.labels.splits import SEASONS

SOILS = ("loam", "measured", "inverted", "climatology")


def score_frame(rows: Iterable[ScoreRow], depths_m: Sequence[float]) -> pl.DataFrame:
    """Scores as a table, each with the nominal depth its sensor counts for."""
    records = [
        {
            "network": row.network,
            "station": row.station,
            "depth_m": row.depth_m,
            "nominal_depth_m": min(depths_m, key=lambda d: abs(d - row.depth_m)),
            "soil": row.soil,
            "years": row.years,
            "season": row.season,
            **as_row(row.skill),
        }
        for row in rows
    ]
    return pl.DataFrame(records, infer_schema_length=None)


def inversion_frame(found: Iterable[Inversion]) -> pl.DataFrame:
    """One row a station: years, best soil of each zone, costs."""
    records = []
    for one in found:
        record: dict[str, object] = {
            "network": one.network,
            "station": one.station,
            "station_years": len(one.years),
            "training_years": list(one.training_years),
            "held_out_years": list(one.held_out_years),
            "cost_training": one.cost,
            "cost_training_loam": one.loam_cost,
            "textures_tried": len(one.tried),
        }
        record["soil_from"] = "one texture a zone" if one.correction is None else "corrections"
        if one.correction is not None:
            record["log_water_by_zone"] = list(one.correction.log_water)
            record["log10_alpha_by_zone"] = list(one.correction.log10_alpha)
        for zone, (sand, silt) in enumerate(one.best, 1):
            record |= {
                f"sand_pct_zone_{zone}": sand,
                f"silt_pct_zone_{zone}": silt,
                f"clay_pct_zone_{zone}": 100 - sand - silt,
            }
        records.append(record)
    return pl.DataFrame(records, infer_schema_length=None)


def series_frame(found: Inversion) -> pl.DataFrame:
    """Observed and simulated daily values of a station, a row a depth and day with any value."""
    parts = [
        pl.DataFrame(
            {
                "date": found.day.astype("datetime64[D]"),
                "observed": found.observed[:, i],
                "loam": found.loam[:, i],
                "measured": found.measured[:, i],
                "inverted": found.inverted[:, i],
            }
        ).with_columns(pl.lit(depth_m).alias("depth_m"))
        for i, depth_m in enumerate(found.depths_m)
    ]
    return pl.concat(parts).with_columns(pl.col("date").cast(pl.Date))


def summarise(scores: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Median over stations of every figure, with 95 % bootstrap intervals.

    Parameters
    ----------
    scores : polars.DataFrame
        As `score_frame` gives.
    seed : int
        Seed of the bootstrap.

    Returns
    -------
    polars.DataFrame
        A row per years, season, nominal depth and soil: stations, and for each figure the median,
        ``_low`` and ``_high``; ``abs_bias`` beside ``bias``, since biases of both signs cancel.
    """
    keys = ["years", "season", "nominal_depth_m", "soil"]
    wide = scores.with_columns(pl.col("bias").abs().alias("abs_bias"))
    rows = []
    for group, part in wide.group_by(keys, maintain_order=True):
        record: dict[str, object] = dict(zip(keys, group, strict=True))
        known = part.filter(pl.col("rmse").is_not_nan())
        record["stations"] = known.height
        record["days"] = int(known["n"].sum())
        for metric in (*METRICS, "abs_bias"):
            rng = stream(seed, len(metric))
            middle, low, high = median_interval(part[metric].to_numpy(), rng)
            record |= {metric: middle, f"{metric}_low": low, f"{metric}_high": high}
        rows.append(record)
    return pl.DataFrame(rows, infer_schema_length=None)


def as_markdown(summary: pl.DataFrame, years: str, season: str = "all") -> str:
    """The summary of some years and one season as a table: depths down, figures across."""
    chosen = summary.filter(pl.col("years") == years, pl.col("season") == season)
    lines = [
        "| depth | soil | stations | R | ubRMSE | bias | abs. bias | MAE |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in chosen.sort("nominal_depth_m", maintain_order=True).iter_rows(named=True):
        cells = [
            f"{cm_from_m(row['nominal_depth_m']):g} cm",
            str(row["soil"]),
            str(row["stations"]),
            _cell(row, "r", 2),
            *(_cell(row, metric, 3) for metric in ("ubrmse", "bias", "abs_bias", "mae")),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def seasons_as_markdown(summary: pl.DataFrame, years: str, depth_m: float) -> str:
    """One depth season by season."""
    lines = [
        "| season | soil | stations | R | ubRMSE | bias | MAE |",
        "|---|---|---|---|---|---|---|",
    ]
    for season in SEASONS:
        chosen = summary.filter(
            pl.col("years") == years,
            pl.col("season") == season,
            (pl.col("nominal_depth_m") - depth_m).abs() < 1e-9,
        )
        for row in chosen.iter_rows(named=True):
            figures = [_cell(row, "r", 2)]
            figures += [_cell(row, metric, 3) for metric in ("ubrmse", "bias", "mae")]
            lines.append(
                f"| {season} | {row['soil']} | {row['stations']} | " + " | ".join(figures) + " |"
            )
    return "\n".join(lines)


def _cell(row: dict[str, object], metric: str, digits: int) -> str:
    middle, low, high = (float(row[metric + end]) for end in ("", "_low", "_high"))  # type: ignore[arg-type]
    if np.isnan(middle):
        return "-"
    if np.isnan(low):
        return f"{middle:.{digits}f}"
    return f"{middle:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"
