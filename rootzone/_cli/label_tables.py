"""``rootzone label-tables``: water content at chosen depths from profile files of any engine."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from rootzone._cli._label_run import tell_labels, workers_option
from rootzone._cli._options import json_option


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of labels.")
@click.option(
    "--depth",
    "depths",
    multiple=True,
    default=("200",),
    show_default=True,
    help="Depth [mm], or layer mean such as 0-1000.",
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
    "--from",
    "label_source",
    type=click.Choice(["layers", "solver"]),
    default="layers",
    show_default=True,
    help="Read between layers, or take what the solver has at the depth, where SOURCE holds it.",
)
@click.option(
    "--spread",
    type=click.Path(path_type=Path),
    help="Also write mean, standard deviation and range over the members of each site "
    "(`soils --member`), .parquet or .csv.",
)
@workers_option
@json_option
def command(
    source: Path,
    out: Path,
    depths: tuple[str, ...],
    soils: Path | None,
    thickness: str | None,
    nodes: str | None,
    sites: Path | None,
    spin_up_days: int,
    label_source: Literal["layers", "solver"],
    spread: Path | None,
    workers: int,
    as_json: bool,
) -> None:
    """Write labels of SOURCE into a folder partitioned by year and month.

    SOURCE is a Parquet file of profiles, or a folder of such files. Finished files are passed over,
    so the same command resumes.
    """
    from rootzone.labels.read_design import table_jobs

    jobs = table_jobs(
        source,
        depths,
        soils=soils,
        thickness_mm=_numbers(thickness),
        nodes=nodes,
        sites=sites,
        spin_up_days=spin_up_days,
        source=label_source,
    )
    tell_labels(jobs, out, missing=0, workers=workers, as_json=as_json)
    if spread is not None:
        from rootzone.labels.spread import write_spread

        rows = write_spread(out, spread)
        click.echo(f"{spread}: {rows} site-days with their spread over members", err=True)


def _numbers(text: str | None) -> list[float]:
    from rootzone._shared.errors import RequestError

    try:
        return [float(part) for part in text.split(",")] if text else []
    except ValueError as error:
        raise RequestError(f"--thickness {text!r} is not a list of numbers [mm].") from error
