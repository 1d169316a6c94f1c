"""One shard from its inputs to its two files, in one process."""

from __future__ import annotations

import logging
import os
import resource
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rootzone._shared.core_time import core_seconds
from rootzone._shared.digests import digest_json
from rootzone._shared.provenance import Provenance
from rootzone.campaign.model import Campaign
from rootzone.campaign.workspace import Workspace
from rootzone.engines.kinds import kind_of
from rootzone.engines.ladder import Rung, as_json
from rootzone.jobs.driver.run_signals import disk_is_full
from rootzone.jobs.shard.counted_days import Span
from rootzone.jobs.shard.cut import Shard
from rootzone.jobs.shard.engine_choice import (
    MakeEngine,
    engine_code,
    weather_needs,
)
from rootzone.jobs.shard.ledger import Footer, ledger_frame
from rootzone.jobs.shard.read_inputs import ShardInputs, read_inputs
from rootzone.jobs.shard.run_batch import BatchPlan, Climb, run_batch
from rootzone.jobs.shard.run_isolated import run_batch_isolated
from rootzone.jobs.shard.run_watchdog import Watchdog
from rootzone.jobs.shard.write_shard import ProfileStore, write_shard

log = logging.getLogger(__name__)
_told_core_seconds = [0.0]  # core time of this process that its shards have told so far


@dataclass(frozen=True)
class ShardTask:
    """Everything a worker needs to run a shard; small enough to travel.

    Parameters
    ----------
    root : str
        Workspace folder.
    campaign : Campaign
        The campaign.
    shard : Shard
        Which rows.
    inputs : mapping of str to str
        Digests of everything that has a say, as they go into the footer.
    weather : tuple of str
        Weather tables.
    settings : mapping
        Engine settings this round changes.
    threads : int
        Threads the engine may use.
    isolated : bool
        Run the engine in child processes, so that a site that hangs or kills is found and named;
        on CPUs, as a child for each site would start the GPU anew.
    device : str
        ``cpu`` or ``cuda``.
    """

    root: str
    campaign: Campaign
    shard: Shard
    inputs: Mapping[str, str]
    weather: tuple[str, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    threads: int = 1
    isolated: bool = False
    device: str = "cpu"

    @property
    def ladder(self) -> tuple[Rung, ...]:
        """Ladder of the campaign's engine."""
        engine = self.campaign.engine
        return kind_of(engine.name).ladder(engine.stepping)

    @property
    def span(self) -> Span:
        """Days it simulates and days that count."""
        return Span.of_year(self.shard.year, self.campaign.engine.spin_up_days)


@dataclass(frozen=True)
class ShardReport:
    """What became of a shard.

    Parameters
    ----------
    number : int
        The shard.
    done, failed : int
        Sites with and without a profile.
    failed_by_class : dict
        Failed sites by failure class.
    seconds, engine_seconds, loading_seconds : float
        Wall time of the shard, the part of it spent inside the engine, and the part until the
        engine's compiled kernels were loaded.
    core_seconds : float
        Core time of the worker since its last shard, or since its own start.
    peak_mb : float
        Largest resident memory of the worker so far [MiB].
    disk_full : str
        Why it was not written, when the disk was full; empty otherwise.
    """

    number: int
    done: int = 0
    failed: int = 0
    failed_by_class: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    engine_seconds: float = 0.0
    loading_seconds: float = 0.0
    core_seconds: float = 0.0
    peak_mb: float = 0.0
    disk_full: str = ""


def shard_inputs(
    campaign: Campaign,
    shard: Shard,
    weather: str,
    identity: Mapping[str, Any],
    settings: Mapping[str, Any],
) -> dict[str, str]:
    """Digest of everything that has a say in a shard, by the name a user knows it under."""
    section = campaign.engine
    return {
        "sites": shard.sites_digest,
        "soils table": shard.soils_digest,
        f"weather of {shard.year}": weather,
        "engine settings": digest_json(identity),
        "engine code": engine_code(),
        "convergence ladder": digest_json(as_json(kind_of(section.name).ladder(section.stepping))),
        "spin-up": str(section.spin_up_days),
        "round settings": digest_json(dict(settings)),
    }


def run_shard(task: ShardTask, make_engine: MakeEngine) -> ShardReport:
    """Run a shard and write it.

    Never raises for a failing site. A full disk is reported, not raised, so that the driver can
    stop the other workers cleanly.

    Raises
    ------
    RequestError
        Inputs, engine or settings are wrong as a whole.
    """
    started = time.perf_counter()
    workspace = Workspace(Path(task.root))
    shard = task.shard
    inputs = read_inputs(
        workspace,
        shard,
        task.span,
        [Path(path) for path in task.weather],
        task.campaign.engine.physics,
        weather_needs(task.campaign),
    )
    store = ProfileStore(inputs.id_dtype, *inputs.store_size(task.span))
    try:
        outcome = _run(task, make_engine, inputs, store)
        report = _report(task, inputs, outcome, time.perf_counter() - started)
        _write(task, workspace, inputs, outcome, store, report)
    except OSError as error:
        if not disk_is_full(error):
            raise
        return ShardReport(shard.number, disk_full=str(error))
    log.info("shard %d: %d done, %d failed", shard.number, report.done, report.failed)
    closed = _report(task, inputs, outcome, time.perf_counter() - started)
    _told_core_seconds[0] += report.core_seconds
    return closed


def _run(
    task: ShardTask, make_engine: MakeEngine, inputs: ShardInputs, store: ProfileStore
) -> Climb:
    """Run the shard's sites, here or isolated, keeping finished profiles in the store."""
    timeout_s = task.campaign.jobs.site_timeout_s
    plan = BatchPlan(task.ladder, make_engine, task.span, task.settings, task.threads)
    if task.isolated:
        settings = {**task.settings, "device": "cpu"} if task.device == "cuda" else task.settings
        alone = replace(plan, threads=1, settings=settings)
        return run_batch_isolated(inputs.batch, alone, store.add, timeout_s)
    if kind_of(task.campaign.engine.name).ends_hung_sites:
        return run_batch(inputs.batch, plan, store.add)
    with Watchdog(timeout_s, f"shard {task.shard.number}") as dog:
        return run_batch(inputs.batch, plan, store.add, dog.reset)


def _report(task: ShardTask, inputs: ShardInputs, outcome: Climb, seconds: float) -> ShardReport:
    failures = {**outcome.failures, **inputs.refused}
    by_class: dict[str, int] = {}
    for failure in failures.values():
        name = str(failure.failure_class)
        by_class[name] = by_class.get(name, 0) + 1
    return ShardReport(
        number=task.shard.number,
        done=len(outcome.rungs),
        failed=len(failures),
        failed_by_class=dict(sorted(by_class.items(), key=lambda item: (-item[1], item[0]))),
        seconds=seconds,
        engine_seconds=outcome.engine_seconds,
        loading_seconds=outcome.loading_seconds,
        core_seconds=core_seconds() - _told_core_seconds[0],
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0,
    )


def _write(
    task: ShardTask,
    workspace: Workspace,
    inputs: ShardInputs,
    outcome: Climb,
    store: ProfileStore,
    report: ShardReport,
) -> None:
    shard = task.shard
    profiles = store.frame(inputs.site_ids)
    failed = [s for s in inputs.site_ids if s in outcome.failures or s in inputs.refused]
    ledger = ledger_frame(
        inputs.site_ids, inputs.id_dtype, outcome, inputs.refused, inputs.as_json(failed)
    )
    write_shard(
        workspace.profiles(shard.number),
        workspace.ledger(shard.number),
        profiles,
        ledger,
        _record(task),
        _footer(task, report, profiles.height),
        _circumstances(task, report),
    )


def _footer(task: ShardTask, report: ShardReport, rows: int) -> Footer:
    shard = task.shard
    return Footer(
        campaign=task.campaign.name,
        shard=shard.number,
        of_year=shard.year,
        round=shard.round,
        inputs=task.inputs,
        sites=shard.n_site,
        done=report.done,
        failed=report.failed,
        rows=rows,
    )


def _record(task: ShardTask) -> Provenance:
    engine = task.campaign.engine_as_run
    return Provenance(
        verb="rootzone simulate",
        inputs=dict(task.inputs),
        settings={
            "campaign": task.campaign.name,
            "engine": engine.model_dump(mode="json", exclude={"apsim_models"}),
            "year": task.shard.year,
            "round": task.shard.round,
            "round_settings": dict(task.settings),
        },
    )


def _circumstances(task: ShardTask, report: ShardReport) -> dict[str, Any]:
    """Clock times, memory and host: kept with the shard, no part of any digest."""
    return {
        "seconds": report.seconds,
        "engine_seconds": report.engine_seconds,
        "loading_seconds": report.loading_seconds,
        "core_seconds": report.core_seconds,
        "peak_mb": report.peak_mb,
        "threads": task.threads,
        **({"device": task.device} if task.device != "cpu" else {}),
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
