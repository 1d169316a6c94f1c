"""Running a campaign's shards from the command line: what ``simulate CAMPAIGN`` does."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rootzone._shared.errors import RequestError, ToleranceError
from rootzone._shared.json_text import json_text

if TYPE_CHECKING:
    from rootzone.jobs.driver.progress import ProgressReport, Tally
    from rootzone.jobs.driver.run_campaign import CampaignRun, Executor
    from rootzone.jobs.record.read_state import CampaignState


@dataclass(frozen=True)
class Choice:
    """What was asked for on the command line."""

    shard: str | None = None
    task: str | None = None
    executor: str | None = None
    cores: int | None = None
    scheduler: str | None = None
    force: bool = False
    isolated: bool = False
    as_json: bool = False
    device: str | None = None


def simulate_campaign(campaign_file: Path, choice: Choice) -> None:
    """Run the chosen shards of a campaign, report, and leave with the status that is due."""
    from rootzone.jobs.driver.progress import ProgressReport
    from rootzone.jobs.driver.run_campaign import run_campaign
    from rootzone.jobs.record.read_state import CampaignState
    from rootzone.jobs.shard.engine_choice import device_of, make_engine_of

    state = CampaignState.beside(campaign_file, start_named=True)
    numbers = _numbers(state, choice)
    make_engine = None
    if choice.device is not None:
        make_engine = make_engine_of(state.campaign, start_named=True, device=choice.device)
    device = device_of(state.campaign, choice.device)
    with _executor(choice, device) as executor, ProgressReport() as progress:
        run = run_campaign(
            state.campaign,
            state.workspace,
            executor,
            make_engine=make_engine,
            numbers=numbers,
            force=choice.force,
            isolated=choice.isolated,
            tell=progress.tell,
        )
    _report(campaign_file, state, choice, run, progress, numbers)


def _numbers(state: CampaignState, choice: Choice) -> list[int] | None:
    """Shards asked for; None for all."""
    from rootzone.jobs.driver.run_campaign import shards_of_task

    if choice.shard and choice.task:
        raise RequestError("Give --shard or --task, not both.")
    if choice.task:
        task, tasks = _pair("--task", choice.task)
        if tasks is None:
            raise RequestError(f"--task {choice.task} is not of the form 3/40.")
        return shards_of_task(state.table.shards, task, tasks)
    if choice.shard:
        text = choice.shard
        if text == "env":
            text = _from_environment()
        number, of = _pair("--shard", text)
        n_shard = len(state.table.shards)
        if of is not None and of != n_shard:
            raise RequestError(
                f"--shard {text}: the campaign has {n_shard} shards, not {of}. Its sites, years or "
                "jobs.sites_per_shard changed since the number was made; see: rootzone status."
            )
        return [number]
    return None


def _from_environment() -> str:
    for name in ("ROOTZONE_SHARD", "SLURM_ARRAY_TASK_ID"):
        if os.environ.get(name):
            return os.environ[name]
    raise RequestError(
        "--shard env: neither ROOTZONE_SHARD nor SLURM_ARRAY_TASK_ID is set in the environment."
    )


def _pair(option: str, text: str) -> tuple[int, int | None]:
    first, slash, second = text.partition("/")
    if not first.isdigit() or (slash and not second.isdigit()):
        raise RequestError(f"{option} {text} is not of the form 7 or 7/200.")
    number, of = int(first), int(second) if slash else None
    if number < 1 or (of is not None and number > of):
        raise RequestError(f"{option} {text}: numbers run from 1 to {of or 'the last'}.")
    return number, of


@contextmanager
def _executor(choice: Choice, device: str) -> Iterator[Executor]:
    from rootzone._shared.cores import cores_given
    from rootzone.jobs.driver.run_gpus import OnGpus, gpus_here
    from rootzone.jobs.driver.run_local import InThisProcess, Processes

    cores = choice.cores or cores_given()
    kind = choice.executor or ("gpus" if device == "cuda" else "processes")
    if kind == "gpus" and device != "cuda":
        raise RequestError("--executor gpus needs --device cuda, or device: cuda in the campaign.")
    if kind == "processes" and device == "cuda":
        raise RequestError(
            f"--executor processes would set {cores} workers on one GPU, each with memory of its "
            "own; leave it out: with device cuda each GPU has one worker."
        )
    gpus = gpus_here() if device == "cuda" else ()  # told before anything is started
    if kind == "gpus":
        yield OnGpus(gpus, cores)
    elif kind == "dask":
        from rootzone.jobs.driver.run_dask import connected

        with connected(choice.scheduler) as executor:
            yield executor
    elif kind == "threads":
        yield InThisProcess(cores)
    else:
        yield Processes(cores)


def _report(
    campaign_file: Path,
    state: CampaignState,
    choice: Choice,
    run: CampaignRun,
    progress: ProgressReport,
    numbers: list[int] | None,
) -> None:
    """Result on stdout, summary on stderr; raises where more failed than the campaign allows."""
    facts = _facts(state, run, progress.tally, numbers)
    if choice.as_json:
        click.echo(json_text(facts))
    else:
        single = numbers is not None and len(numbers) == 1
        click.echo(
            state.workspace.profiles(numbers[0]) if single and numbers else state.workspace.runs
        )
    where = facts["what"]
    failed, sites = facts["sites_failed"], facts["sites"]
    click.echo(f"{where}: {facts['in_words']}", err=True)
    suffix = f" --shard {numbers[0]}" if numbers is not None and len(numbers) == 1 else ""
    if failed:
        click.echo(f"next: rootzone quarantine list {campaign_file}{suffix}", err=True)
    else:
        click.echo(f"next: rootzone status {campaign_file}", err=True)
    allowed = state.campaign.jobs.max_failed_pct
    if sites and 100.0 * failed / sites > allowed:
        raise ToleranceError(
            f"{failed} of {sites} sites failed ({100.0 * failed / sites:.3g} %), more than "
            f"jobs.max_failed_pct: {allowed:g} allows. Why: rootzone quarantine list "
            f"{campaign_file}{suffix}; stand-ins: rootzone quarantine replace {campaign_file}."
        )


def _facts(
    state: CampaignState, run: CampaignRun, tally: Tally, numbers: list[int] | None
) -> dict[str, Any]:
    from rootzone.jobs.driver.progress import class_counts
    from rootzone.jobs.record.status import status_of

    chosen = state.tasks if numbers is None else [state.tasks[n - 1] for n in numbers]
    status = status_of(state.workspace, chosen)
    what = f"{run.chosen} shards"
    if numbers is not None and len(numbers) == 1:
        what = f"shard {numbers[0]}/{run.shards}"
    words = f"{status.sites_done:,} of {status.sites:,} sites done"
    if status.sites_failed:
        words += f", {status.sites_failed:,} quarantined ({class_counts(status.failed_by_class)})"
    return {
        "campaign": state.campaign.name,
        "what": what,
        "in_words": words,
        "shards": run.shards,
        "shards_chosen": run.chosen,
        "shards_done_before": run.skipped,
        "shards_run": len(run.reports),
        "sites": status.sites,
        "sites_done": status.sites_done,
        "sites_failed": status.sites_failed,
        "failed_by_class": status.failed_by_class,
        "max_failed_pct": state.campaign.jobs.max_failed_pct,
        "sites_run_now": tally.tried,
        "engine_seconds": run.engine_seconds,
        "peak_mb": status.peak_mb,
        "runs": str(state.workspace.runs),
    }


def simulate_site(campaign_file: Path, site: str, out: Path | None, *, force: bool) -> None:
    """Run one site of a campaign by itself and write its profile to ``out``."""
    from rootzone._shared.atomic import refuse_overwrite
    from rootzone._shared.provenance import Provenance
    from rootzone._shared.table_files import write_table
    from rootzone._shared.tables import PROFILES
    from rootzone.jobs.record.read_state import CampaignState
    from rootzone.jobs.record.run_site import run_site

    if out is None or out.suffix != ".parquet":
        raise RequestError("--site needs --out FILE.parquet for the profile.")
    refuse_overwrite(out, force=force)
    state = CampaignState.beside(campaign_file, start_named=True)
    result = run_site(state, state.site_named(site))
    for attempt in result.attempts:
        click.echo(f"rung {attempt.rung}: {attempt.failure.text}", err=True)
    if result.failure is not None:
        if not result.attempts:
            click.echo(result.failure.text, err=True)
        sys.exit(ToleranceError.exit_code)
    settings = {"engine": state.campaign.engine.model_dump(mode="json", exclude={"apsim_models"})}
    record = Provenance("rootzone simulate --site", settings={**settings, "site": site})
    write_table(out, result.profiles, PROFILES, record)
    click.echo(f"site {site}: done on rung {result.rung}", err=True)
    click.echo(out)
    click.echo(f"next: rootzone why {campaign_file} {site}", err=True)
