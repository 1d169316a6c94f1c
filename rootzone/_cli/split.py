"""``rootzone split``: training, validation and test, with what leaks between them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from rootzone._cli._options import force_option, json_option
from rootzone._shared.json_text import json_text

_SHARE = click.FloatRange(0, 1)
KINDS = ("season_dates", "blocked_dates", "stations", "regions", "date_cut")


@click.command()
@click.argument("table", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Table of parts.")
@click.option("--kind", type=click.Choice(KINDS), default="season_dates", show_default=True)
@click.option(
    "--seed",
    default=2,
    type=click.IntRange(0),
    show_default=True,
    help="Seed of the random choice.",
)
@click.option("--train", default=0.7, type=_SHARE, show_default=True, help="Share that trains.")
@click.option(
    "--validation", default=0.1, type=_SHARE, show_default=True, help="Share that validates."
)
@click.option("--test", default=0.2, type=_SHARE, show_default=True, help="Share that tests.")
@click.option(
    "--block-days",
    default=15,
    type=click.IntRange(1),
    show_default=True,
    help="Block length, blocked_dates.",
)
@click.option(
    "--gap-days",
    default=0,
    type=click.IntRange(0),
    show_default=True,
    help="Gap around blocks, blocked_dates.",
)
@click.option("--region", default="stratum", show_default=True, help="Column held out by regions.")
@click.option(
    "--train-until",
    default="2024-09-30",
    type=click.DateTime(["%Y-%m-%d"]),
    show_default=True,
    help="Last day, date_cut.",
)
@force_option
@json_option
def command(
    table: Path,
    out: Path,
    kind: str,
    seed: int,
    train: float,
    validation: float,
    test: float,
    block_days: int,
    gap_days: int,
    region: str,
    train_until: datetime,
    force: bool,
    as_json: bool,
) -> None:
    """Split the samples of TABLE and write which date, station or region belongs to which part.

    TABLE is a station table, a folder of labels or any Parquet table with a column date.
    """
    import polars as pl

    from rootzone._shared.atomic import refuse_overwrite
    from rootzone._shared.errors import RequestError
    from rootzone._shared.names import did_you_mean
    from rootzone._shared.provenance import Provenance
    from rootzone._shared.write_frames import write_frame
    from rootzone.labels import splits
    from rootzone.labels.leakage import measure_leakage
    from rootzone.labels.read_labels import read_samples

    refuse_overwrite(out, force=force)
    samples = read_samples(table, region if kind == "regions" else None)
    fractions = splits.Fractions(train, validation, test)
    place = "station" if "station" in samples.columns else "site_id"
    column = {"stations": place, "regions": region}.get(kind, "date")
    if column not in samples.columns:
        raise RequestError(
            f"{table} has no column {column}{did_you_mean(column, samples.columns)} "
            f"--kind {kind} needs it."
        )
    values = samples[column].drop_nulls().unique().to_list()
    if not values:
        raise RequestError(
            f"{table} holds no good sample with a {column}; there is nothing to split."
        )
    if kind == "season_dates":
        parts = splits.season_dates(values, seed, fractions)
    elif kind == "blocked_dates":
        parts = splits.blocked_dates(values, seed, fractions, block_days, gap_days)
    elif kind == "date_cut":
        parts = splits.date_cut(values, train_until.date(), None)
    else:
        parts = splits.left_out(values, seed, fractions)
    splits.require_parts(parts, fractions if kind != "date_cut" else splits.CUT, column)
    leak = measure_leakage(samples, splits.assign(samples, column, parts))
    record = Provenance(
        "rootzone split",
        settings={
            "kind": kind, "seed": seed, "fractions": [train, validation, test],
            "block_days": block_days, "gap_days": gap_days, "column": column,
            "train_until": f"{train_until:%Y-%m-%d}" if kind == "date_cut" else "",
        },
    )  # fmt: skip
    frame = pl.DataFrame({column: list(parts), "part": list(parts.values())}).sort(column)
    write_frame(out, frame, record)
    facts = {"split": str(out), "column": column, **leak.facts()}
    if as_json:
        click.echo(json_text(facts))
    else:
        click.echo(f"{out}: {len(parts)} values of {column}")
        for line in leak.lines():
            click.echo(f"  {line}")
