"""Writing labels of some profile files and telling what became of their rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rootzone._shared.json_text import json_text

if TYPE_CHECKING:
    from rootzone.labels.write_labels import LabelJob

workers_option = click.option(
    "--workers",
    default=2,
    type=click.IntRange(1),
    show_default=True,
    help="Profile files worked on at a time.",
)


def tell_labels(
    jobs: Sequence[LabelJob], folder: Path, *, missing: int, workers: int, as_json: bool
) -> None:
    """Make the labels that are not there yet, and report.

    Parameters
    ----------
    jobs : sequence of LabelJob
        Profile files.
    folder : Path
        Where labels lie.
    missing : int
        Shards that are not finished.
    workers : int
        Files worked on at a time.
    as_json : bool
        Report as JSON.
    """
    from rootzone.labels.write_labels import write_all

    counts = write_all(
        jobs, folder, workers=workers, progress=lambda name: click.echo(f"{name} done", err=True)
    )
    facts = {
        "folder": str(folder),
        "files": len(jobs),
        "shards_missing": missing,
        **vars(counts),
    }
    if missing:
        click.echo(
            f"{missing} shards are not finished; the same command adds their labels later.",
            err=True,
        )
    if as_json:
        click.echo(json_text(facts))
    else:
        click.echo(
            f"{counts.labels} labels from {counts.profile_rows} profile rows; dropped: "
            f"{counts.not_in_sample} of sites no longer in the sample, "
            f"{counts.other_year} outside the site's year, {counts.spin_up} spin-up, "
            f"{counts.not_finite} not finite",
            err=True,
        )
        click.echo(str(folder))
    click.echo(f"next: rootzone distribution {folder}", err=True)
