"""``rootzone fetch``: download what a campaign lacks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rootzone._cli._options import campaign_argument, data_option, json_option
from rootzone._shared.json_text import json_text

if TYPE_CHECKING:
    import requests

    from rootzone.covariates.fetch.fetch_plan import WantedFile
    from rootzone.covariates.fetch.run_fetch import Outcome
    from rootzone.covariates.open_campaign import CampaignFiles


@click.command()
@campaign_argument
@data_option
@click.option(
    "--only", "only", multiple=True, metavar="SOURCE", help="Fetch this catalog entry only."
)
@click.option("--dry-run", is_flag=True, help="List addresses and sizes; fetch nothing.")
@click.option("--verify", is_flag=True, help="Hold every fetched file against its SHA-256 again.")
@click.option("--record", is_flag=True,
              help="Measure files placed by hand, so that later damage is found.")  # fmt: skip
@click.option("--attempts", type=click.IntRange(min=1), default=6, show_default=True,
              help="Tries without a new byte before a file is given up.")  # fmt: skip
@click.option("--allow-host", "hosts", multiple=True, metavar="HOST",
              help="Let the campaign's catalog send us to this host, too.")  # fmt: skip
@json_option
def command(
    campaign: Path,
    data: Path | None,
    only: tuple[str, ...],
    dry_run: bool,
    verify: bool,
    record: bool,
    attempts: int,
    hosts: tuple[str, ...],
    as_json: bool,
) -> None:
    """Download what CAMPAIGN lacks into its data folder, and record a SHA-256 of every file.

    Transfers resume where they stopped. Exit status 2 where a server refuses a file or serves
    something else, 4 where a transfer broke off and the same command resumes it.
    """
    from rootzone._shared.errors import RequestError
    from rootzone._shared.machine import allow_hosts
    from rootzone.covariates.fetch.run_fetch import fetch_files
    from rootzone.covariates.fetch.run_transfer import Patience, open_session
    from rootzone.covariates.open_campaign import CampaignFiles

    allow_hosts(hosts)
    files = CampaignFiles.beside(campaign, data)
    folder = files.data
    plan = _plan(files, only)
    if record:
        from rootzone.covariates.fetch.checksums import record_files

        found = [path for wanted in plan for path in wanted.found(folder)]
        count = record_files(folder, found, "placed by hand")
        click.echo(f"{count} files were measured and put on record")
        return
    if verify:
        _verify(folder, as_json=as_json)
        return
    if dry_run:
        try:
            asking: requests.Session | None = open_session()
        except RequestError:  # without the optional library nobody is asked for sizes
            asking = None
        _list(asking, plan, folder, as_json=as_json)
        return
    session = open_session()
    with _progress(plan, folder) as watch:
        outcome = fetch_files(session, plan, folder, Patience(attempts), watch)
    _show(outcome, as_json=as_json)
    error = outcome.error()
    if error is not None:
        raise error
    click.echo(f"next: rootzone forcing {campaign}", err=True)


def _plan(files: CampaignFiles, only: tuple[str, ...]) -> list[WantedFile]:
    from rootzone._shared.errors import RequestError
    from rootzone._shared.names import did_you_mean
    from rootzone.covariates.fetch.fetch_plan import wanted_files
    from rootzone.covariates.weather.forcing import ForcingRequest

    catalog, bounds = files.catalog, files.region.bounds
    request = ForcingRequest.of(files.campaign, catalog, bounds)
    plan = wanted_files(files.campaign, catalog, bounds, request)
    known = {wanted.source for wanted in plan}
    for name in only:
        if name not in known:
            raise RequestError(
                f"--only {name}: the campaign does not use it{did_you_mean(name, known)}. It uses "
                f"{', '.join(sorted(known))}."
            )
    return [wanted for wanted in plan if not only or wanted.source in only]


def _list(
    session: requests.Session | None, plan: list[WantedFile], folder: Path, *, as_json: bool
) -> None:
    from rootzone.covariates.fetch.run_fetch import sizes

    rows = list(sizes(session, plan, folder))
    if as_json:
        facts = [
            {
                "path": w.path,
                "url": _shown(w.url),
                "bytes": size,
                "problem": why,
                "licence": w.licence,
            }
            for w, size, why in rows
        ]
        click.echo(json_text(facts))
        return
    told: set[str] = set()
    by_hand: dict[str, list[WantedFile]] = {}
    for wanted, _, _ in rows:
        if wanted.url is None:
            by_hand.setdefault(wanted.source, []).append(wanted)
    for name, files in by_hand.items():
        more = f" ... {files[-1].path}" if len(files) > 1 else ""
        click.echo(f"{len(files):>6} by hand   {name}: {files[0].by_hand()}")
        click.echo(f"               {files[0].path}{more}")
    for wanted, size, problem in rows:
        if wanted.url is None:
            continue
        length = f"{size / 1e6:10.1f} MB" if size is not None else " size unknown"
        click.echo(f"{length}  {_shown(wanted.url)}  ->  {wanted.path}")
        if problem and problem not in told:
            click.echo(f"               {problem}")
        told.add(problem)
    sizes_known = [size for _, size, _ in rows if size is not None]
    there = sum(wanted.is_there(folder) for wanted in plan)
    click.echo(f"{len(rows)} files to fetch, {_in_all(sizes_known, len(rows))}; {there} are there")


def _in_all(known: list[int], files: int) -> str:
    """What is known of the size of some files, in words."""
    if not known and files:
        return "size unknown"
    total = f"{sum(known) / 1e9:.2f} GB announced"
    return total + (f" by {len(known)}, the others unknown" if len(known) < files else "")


def _shown(url: str | None) -> str | None:
    from rootzone._shared.addresses import without_secrets

    return None if url is None else without_secrets(url)


def _verify(folder: Path, *, as_json: bool) -> None:
    from rootzone._shared.errors import RequestError
    from rootzone.covariates.fetch.checksums import changed_files, read_checksums

    changed, count = changed_files(folder), len(read_checksums(folder))
    if as_json:
        click.echo(json_text({"files": count, "changed": changed}, indent=None))
    else:
        click.echo(f"{count - len(changed)} of {count} fetched files are as they came")
    if changed:
        raise RequestError(
            "These files are gone or not what was fetched: " + ", ".join(changed)
            + ". Delete them and run rootzone fetch again."
        )  # fmt: skip


@contextmanager
def _progress(
    plan: list[WantedFile], folder: Path
) -> Iterator[Callable[[WantedFile, int, int | None], None]]:
    """A bar on stderr: the file in hand, its bytes and speed."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    missing = [wanted.path for wanted in plan if not wanted.is_there(folder)]
    bars: dict[str, object] = {}
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(),
               TransferSpeedColumn())  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:

        def watch(wanted: WantedFile, done: int, total: int | None) -> None:
            if wanted.path not in bars:
                number = missing.index(wanted.path) + 1
                if not progress.console.is_terminal:
                    size = "" if total is None else f", {total / 1e6:.1f} MB"
                    click.echo(f"{number}/{len(missing)} {wanted.path}{size}", err=True)
                bars[wanted.path] = progress.add_task(f"{number}/{len(missing)} {wanted.path}")
            progress.update(bars[wanted.path], completed=done, total=total)  # type: ignore[arg-type]
            if done == total:
                progress.remove_task(bars[wanted.path])  # type: ignore[arg-type]
                del bars[wanted.path]

        yield watch


def _show(outcome: Outcome, *, as_json: bool) -> None:
    from dataclasses import asdict

    if as_json:
        click.echo(json_text(asdict(outcome)))
        return
    for path in outcome.fetched:
        click.echo(path)
    click.echo(
        f"{len(outcome.fetched)} fetched, {len(outcome.there)} were there, {len(outcome.absent)} "
        f"not on the server, {len(outcome.refused)} refused, {len(outcome.unfinished)} unfinished",
        err=True,
    )
