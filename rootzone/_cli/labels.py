"""``rootzone labels``: water content at chosen depths from the profiles of any engine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rootzone._shared.json_text import json_text

if TYPE_CHECKING:
    from rootzone.labels.write_labels import LabelJob


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Folder of labels.")
@click.option(
    "--depth",
    "depths",
    multiple=True,
    default=("200",),
    show_default=True,
    help="Depth [mm], or layer mean such as 0-1000. Profiles only; a campaign says its own.",
)
@click.option("--soils", type=click.Path(path_type=Path), help="Soils table of the profiles.")
@click.option("--thickness", help="Layers of all sites [mm], such as 50,50,50,50,100,100.")
@click.option(
    "--nodes",
    type=click.Choice(["mid_layer", "swim3"]),
    help="Where values belong; default: by the engine in the profiles' provenance.",
)
@click.option("--sites", type=click.Path(path_type=Path), help="Sites table: strata and weights.")
@click.option(
    "--spin-up-days",
    default=0,
    type=click.IntRange(0),
    show_default=True,
    help="Days dropped at the start.",
)
@click.option(
    "--workers",
    default=2,
    type=click.IntRange(1),
    show_default=True,
    help="Profile files worked on at a time.",
)
@click.option("--json", "as_json", is_flag=True, help="Report on stdout as JSON.")
def command(
    source: Path,
    out: Path | None,
    depths: tuple[str, ...],
    soils: Path | None,
    thickness: str | None,
    nodes: str | None,
    sites: Path | None,
    spin_up_days: int,
    workers: int,
    as_json: bool,
) -> None:
    """Write labels of SOURCE into a folder partitioned by year and month.

    SOURCE is a campaign file (all its shards, depths and design), a Parquet file of profiles, or a
    folder of such files. Finished shards are passed over, so the same command resumes.
    """
    from rootzone._shared.errors import RequestError
    from rootzone.campaign.workspace import Workspace
    from rootzone.labels.read_design import campaign_jobs, table_jobs
    from rootzone.labels.write_labels import write_all

    jobs: list[LabelJob]
    missing = 0
    if source.suffix in {".yaml", ".yml"}:
        campaign = campaign_jobs(source)
        jobs, missing = campaign.jobs, campaign.missing
        folder = out or Workspace.beside(source).labels
    else:
        if out is None:
            raise RequestError("--out is needed where SOURCE is not a campaign file.")
        folder = out
        jobs = table_jobs(
            source,
            depths,
            soils=soils,
            thickness_mm=_numbers(thickness),
            nodes=nodes,
            sites=sites,
            spin_up_days=spin_up_days,
        )
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


def _numbers(text: str | None) -> list[float]:
    from rootzone._shared.errors import RequestError

    try:
        return [float(part) for part in text.split(",")] if text else []
    except ValueError as error:
        raise RequestError(f"--thickness {text!r} is not a list of numbers [mm].") from error
