"""``rootzone evaluate``: what a trained model is worth where it has not trained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rootzone._cli._options import (
    campaign_argument,
    data_option,
    device_option,
    json_option,
    threads_option,
)
from rootzone._shared.json_text import json_text

if TYPE_CHECKING:
    import polars as pl

    from rootzone.learning.evaluation.run_evaluation import RunSkill


@click.command()
@campaign_argument
@data_option
@click.option(
    "--run", "runs", multiple=True, default=("main",), show_default=True,
    help="Trained run; several, with a seed each, give their spread.",
)  # fmt: skip
@click.option(
    "--part", type=click.Choice(["test", "validation", "train"]), default="test", show_default=True,
    help="Part of the split.",
)  # fmt: skip
@click.option(
    "--most-tile-days", default=500, show_default=True, type=click.IntRange(1),
    help="Tile-days of simulated labels that are scored.",
)  # fmt: skip
@device_option
@threads_option
@json_option
def command(
    campaign: Path,
    data: Path | None,
    runs: tuple[str, ...],
    part: str,
    most_tile_days: int,
    device: str | None,
    threads: int | None,
    as_json: bool,
) -> None:
    """Score a trained model of CAMPAIGN on held-out samples, beside its baselines.

    LightGBM on the same features, climatology, persistence, the surface product and the raw
    simulation answer the very same samples. Writes predictions.parquet, skill.parquet and
    comparison.parquet into learning/RUN/evaluation and the model's card.
    """
    from rootzone._cli._learning import require_learning

    require_learning(threads)
    from rootzone.covariates.open_campaign import CampaignFiles
    from rootzone.learning.evaluation.evaluate import EvaluationSettings
    from rootzone.learning.evaluation.run_evaluation import run_evaluation
    from rootzone.networks.ranks import device_named

    settings = EvaluationSettings(part, most_tile_days, threads=threads or 1)
    evaluated, spread = run_evaluation(
        CampaignFiles.beside(campaign, data),
        runs,
        settings,
        device=device_named(device),
        say=_tell,
    )
    if as_json:
        click.echo(json_text(_facts(evaluated, spread)))
    else:
        for one in evaluated:
            for line in _lines(one):
                click.echo(line)
        if spread is not None:
            for line in _spread_lines(spread):
                click.echo(line)
    click.echo(f"next: rootzone map {campaign}", err=True)


def _tell(text: str) -> None:
    click.echo(text, err=True)


def _facts(evaluated: list[RunSkill], spread: pl.DataFrame | None) -> dict[str, object]:
    return {
        "runs": [
            {
                "run": one.run,
                "folder": str(one.folder),
                "skill": one.skill.to_dicts(),
                "comparison": one.comparison.to_dicts(),
                "notes": one.notes,
            }
            for one in evaluated
        ],
        "spread": None if spread is None else spread.to_dicts(),
    }


def _lines(one: RunSkill) -> list[str]:
    """Pooled figures of every model, the verdicts, and the notes."""
    from rootzone.learning.evaluation.card import where_it_loses
    from rootzone.learning.evaluation.tables import MODELS, STATION

    lines = [f"run {one.run}: {one.folder}"]
    pooled = [row for row in one.skill.to_dicts() if row["group_kind"] == "all"]
    order = {name: i for i, name in enumerate(MODELS)}
    for row in sorted(pooled, key=lambda r: (r["source"] != STATION, order[r["model"]])):
        figures = ", ".join(
            f"{name} {'-' if row[name] is None else format(row[name], '.4f')}"
            for name in ("mae", "rmse", "ubrmse", "bias", "r", "r2", "kge")
        )
        covered = ""
        if row["coverage"] is not None:
            covered = f", in the {row['interval_pct']:g} % interval {row['coverage']:.2f}"
        lines.append(
            f"{row['source']:<9} {row['depth_mm']:g} mm {row['model']:<15} n {row['n']:<7} "
            f"{figures}{covered}"
        )
    for key, part in one.comparison.group_by(["source", "depth_mm"], maintain_order=True):
        told = (line.replace("**", "") for line in where_it_loses(part))
        lines += [f"{key[0]:<9} {key[1]:g} mm: {line}" for line in told]
    return [*lines, *(f"note: {note}" for note in one.notes)]


def _spread_lines(spread: pl.DataFrame) -> list[str]:
    return [
        f"{row['source']:<9} {row['depth_mm']:g} mm {row['model']:<15} over {row['seeds']} seeds: "
        + ", ".join(
            f"{name} {row[name]:.4f} +- {row[f'{name}_sd']:.4f}"
            for name in ("mae", "rmse")
            if row[name] is not None and row[f"{name}_sd"] is not None
        )
        for row in spread.to_dicts()
        if row["group_kind"] == "all"
    ]
