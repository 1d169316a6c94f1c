"""``rootzone simulate``: daily soil-water profiles of a campaign's sites."""

from __future__ import annotations

from pathlib import Path

import click

from rootzone._cli._options import (
    campaign_argument,
    cores_option,
    device_option,
    force_option,
    json_option,
)

_EPILOG = """\b
Exit status: 0 all sites done; 2 the request or a file as a whole is wrong; 3 done, but
more sites failed than jobs.max_failed_pct allows; 4 stopped early, the same command
resumes. Two tables of your own: rootzone simulate-tables.
"""


@click.command(epilog=_EPILOG)
@campaign_argument
@click.option("--shard", metavar="N[/ALL]|env", help="Only this shard, such as 7 or 7/200; env: "
              "the one that SLURM_ARRAY_TASK_ID names.")  # fmt: skip
@click.option("--task", metavar="N/ALL", help="Only every ALL-th shard, from the N-th.")
@click.option("--site", help="Only this site, its profile to --out.")
@click.option("--out", type=click.Path(path_type=Path), help="Profile of --site, .parquet.")
@click.option(
    "--executor",
    type=click.Choice(["processes", "threads", "gpus", "dask"]),
    help="Where shards run.  [default: processes, or gpus with device cuda]",
)
@device_option
@cores_option
@click.option("--scheduler", help="Address or file of a Dask scheduler.")
@click.option("--isolated", is_flag=True, help="Sites in child processes, to find one that hangs.")
@click.option("--allow-program", metavar="COMMAND", default="",
              help="Let the campaign start this program, its engine.apsim_models.")  # fmt: skip
@force_option
@json_option
def command(
    campaign: Path,
    shard: str | None,
    task: str | None,
    site: str | None,
    out: Path | None,
    executor: str | None,
    device: str | None,
    cores: int | None,
    scheduler: str | None,
    isolated: bool,
    allow_program: str,
    force: bool,
    as_json: bool,
) -> None:
    """Simulate daily soil-water profiles of every shard of CAMPAIGN that is not done.

    The same command resumes after any interruption. See docs/running.md.
    """
    from rootzone._cli._campaign_run import Choice, simulate_campaign, simulate_site
    from rootzone._shared import machine

    machine.allow_program(allow_program)
    if site:
        simulate_site(campaign, site, out, force=force)
        return
    if out is not None:
        raise click.UsageError("--out is for --site; a campaign has its own place for profiles.")
    simulate_campaign(
        campaign, Choice(shard, task, executor, cores, scheduler, force, isolated, as_json, device)
    )
