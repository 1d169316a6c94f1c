"""The driver: which shards are left, an executor to run them, and an honest end."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from rootzone._shared.errors import StoppedEarly
from rootzone.campaign.model import Campaign
from rootzone.campaign.workspace import Workspace
from rootzone.jobs.driver.run_canaries import check_canaries
from rootzone.jobs.driver.run_checks import (
    check_writable,
    known_shards,
    only_one,
    refuse_foreign,
    refuse_stale,
)
from rootzone.jobs.driver.run_signals import Stop, disk_is_full, stop_on_signals
from rootzone.jobs.record.status import state_of
from rootzone.jobs.shard.cut import Shard
from rootzone.jobs.shard.engine_choice import MakeEngine, engine_code, make_engine_of
from rootzone.jobs.shard.read_cut import ShardTable, check_tables, read_shards, weather_files
from rootzone.jobs.shard.run_shard import ShardReport, ShardTask, shard_inputs
from rootzone.jobs.shard.told_version import keep_told_version
from rootzone.jobs.shard.write_shard import sweep

log = logging.getLogger(__name__)

# A shard whose worker died this often is given up for this run.
_LIVES = 3


class WorkersLost(Exception):  # noqa: N818 - an outcome, not a fault
    """Worker processes died; the shards that were under way are not done.

    Parameters
    ----------
    numbers : sequence of int
        Shards they may have died on; empty where nobody knows.
    reason : str
        What is known of the end.
    """

    def __init__(self, numbers: Sequence[int] = (), reason: str = "a worker died") -> None:
        super().__init__(reason)
        self.numbers = tuple(numbers)


class Executor(Protocol):
    """Runs tasks somewhere and hands reports back as they come."""

    @property
    def name(self) -> str:
        """As messages name it, such as ``2 processes``."""

    @property
    def threads_per_task(self) -> int:
        """Threads the engine may use inside a task."""

    def run(self, tasks: Sequence[ShardTask], make_engine: MakeEngine) -> Iterator[ShardReport]:
        """Reports in any order.

        Raises
        ------
        WorkersLost
            A worker died; reports already handed out stay good.
        """

    def warm_up(self, tasks: int | None) -> None:
        """Start workers for so many tasks (all there may be for None) while the driver reads."""

    def stop(self) -> None:
        """End the workers now."""


@dataclass
class CampaignRun:
    """What a call of :func:`run_campaign` came to.

    Parameters
    ----------
    shards : int
        Shards of the campaign.
    chosen : int
        Shards this call was asked for.
    skipped : int
        Of these, done before.
    sites_to_do : int
        Sites of the others.
    reports : list of ShardReport
        Shards run now, in the order they came.
    """

    shards: int
    chosen: int
    skipped: int
    sites_to_do: int = 0
    reports: list[ShardReport] = field(default_factory=list)

    @property
    def engine_seconds(self) -> float:
        """Time spent inside the engine, all workers together [s]."""
        return sum(report.engine_seconds for report in self.reports)


def prepare(
    campaign: Campaign,
    workspace: Workspace,
    make_engine: MakeEngine,
    table: ShardTable,
    threads: int = 1,
) -> list[ShardTask]:
    """A task for every shard of the campaign, with the digest of all its inputs.

    Raises
    ------
    RequestError
        The engine or its settings are wrong.
    """
    identities: dict[int, Mapping[str, Any]] = {}
    files: dict[int, tuple[str, ...]] = {}
    tasks = []
    for shard in table.shards:
        settings = table.round_settings.get(shard.round, {})
        if shard.round not in identities:
            identities[shard.round] = make_engine.identity(settings)
        if shard.year not in files:
            found = weather_files(campaign, workspace, shard.year)
            files[shard.year] = tuple(str(path) for path in found)
        inputs = shard_inputs(
            campaign, shard, table.weather[shard.year], identities[shard.round], settings
        )
        tasks.append(
            ShardTask(
                root=str(workspace.root),
                campaign=campaign,
                shard=shard,
                inputs=inputs,
                weather=files[shard.year],
                settings=settings,
                threads=threads,
                device=str(settings.get("device", getattr(make_engine, "device", "cpu"))),
            )
        )
    return tasks


def run_campaign(
    campaign: Campaign,
    workspace: Workspace,
    executor: Executor,
    *,
    make_engine: MakeEngine | None = None,
    numbers: Sequence[int] | None = None,
    force: bool = False,
    isolated: bool = False,
    tell: Callable[[CampaignRun, ShardReport | None], None] = lambda run, report: None,
) -> CampaignRun:
    """Run every shard that is not done yet.

    Parameters
    ----------
    campaign : Campaign
        The campaign.
    workspace : Workspace
        Its folder.
    executor : Executor
        Where shards run.
    make_engine : callable, optional
        The engine; the campaign's own when not given.
    numbers : sequence of int, optional
        Only these shards; all when not given.
    force : bool
        Make shards again that are done from other inputs than the present ones.
    isolated : bool
        Run every site in a child process from the start.
    tell : callable
        Told the run so far before the first shard (with None) and after each.

    Returns
    -------
    run : CampaignRun
        Every chosen shard is done when this returns.

    Raises
    ------
    RequestError
        Inputs are wrong, shards are stale and ``force`` is not set, or another run is under way.
    StoppedEarly
        The disk is full, or workers kept dying; the same call resumes.
    """
    make_engine = make_engine or make_engine_of(campaign, start_named=True)
    engine = make_engine({}, threads=1)  # a wrong engine or setting is told before anything else
    check_tables(workspace)
    check_writable(workspace)
    keep_told_version(engine, workspace)
    executor.warm_up(None if numbers is None else len(numbers))
    try:
        check_canaries(engine, workspace, engine_code())
        return _run_chosen(
            campaign, workspace, executor, make_engine, numbers, force, isolated, tell
        )
    finally:
        executor.stop()


def _run_chosen(
    campaign: Campaign,
    workspace: Workspace,
    executor: Executor,
    make_engine: MakeEngine,
    numbers: Sequence[int] | None,
    force: bool,
    isolated: bool,
    tell: Callable[[CampaignRun, ShardReport | None], None],
) -> CampaignRun:
    """Find out which of the chosen shards are to do, and run them."""
    table = _frozen_table(campaign, workspace)
    tasks = prepare(campaign, workspace, make_engine, table, executor.threads_per_task)
    chosen = tasks if numbers is None else [tasks[n - 1] for n in known_shards(numbers, len(tasks))]
    states = {task.shard.number: state_of(workspace, task.shard, task.inputs) for task in chosen}
    refuse_foreign(workspace, campaign, chosen)
    refuse_stale(states, force=force)
    todo = [
        replace(task, isolated=isolated)
        for task in chosen
        if states[task.shard.number].name != "done"
    ]
    sites = sum(task.shard.n_site for task in todo)
    run = CampaignRun(len(tasks), len(chosen), len(chosen) - len(todo), sites)
    with only_one(workspace, whole=numbers is None), stop_on_signals() as stop:
        tell(run, None)
        _run_all(todo, workspace, executor, make_engine, run, tell, stop)
    return run


def _frozen_table(campaign: Campaign, workspace: Workspace) -> ShardTable:
    try:
        return read_shards(campaign, workspace, freeze=True)
    except OSError as error:
        if disk_is_full(error):
            raise StoppedEarly(
                f"The disk is full: {workspace.runs} could not be written ({error}). Nothing was "
                "left half-written. Make room, then give the same command again."
            ) from error
        raise


def _run_all(
    todo: list[ShardTask],
    workspace: Workspace,
    executor: Executor,
    make_engine: MakeEngine,
    run: CampaignRun,
    tell: Callable[[CampaignRun, ShardReport | None], None],
    stop: Stop,
) -> None:
    lives = {task.shard.number: _LIVES for task in todo}
    left = {task.shard.number: task for task in todo}
    try:
        while left:
            try:
                for report in executor.run(list(left.values()), make_engine):
                    if report.disk_full:
                        raise StoppedEarly(_disk_full(report, workspace, len(left)))
                    del left[report.number]
                    run.reports.append(report)
                    tell(run, report)
                    stop.check()
            except WorkersLost as lost:
                _isolate_lost(left, lives, lost)
    except BaseException as error:
        stop.begin_end()
        executor.stop()
        for task in todo:
            sweep(workspace.shard(task.shard.number))
        if isinstance(error, KeyboardInterrupt):
            raise StoppedEarly(
                f"Stopped by {error or 'SIGINT'}: {len(run.reports)} shards were done in this run, "
                f"{len(left)} are to do. The same command resumes."
            ) from error
        raise


def _isolate_lost(left: dict[int, ShardTask], lives: dict[int, int], lost: WorkersLost) -> None:
    """Shards that may have killed their worker run again with their sites in child processes."""
    suspects = [number for number in lost.numbers or left if number in left]
    log.warning("%s; shards %s run again, their sites in child processes", lost, suspects)
    for number in suspects:
        lives[number] -= 1
        if lives[number] == 0:
            raise StoppedEarly(
                f"The worker of shard {number} died {_LIVES} times ({lost}). Give it more memory "
                "or fewer cores; the same command resumes."
            )
        left[number] = replace(left[number], isolated=True)


def _disk_full(report: ShardReport, workspace: Workspace, left: int) -> str:
    return (
        f"The disk is full: shard {report.number} could not be written to {workspace.runs} "
        f"({report.disk_full}). Nothing was left half-written; {left} shards are to do. Make room, "
        "then give the same command again."
    )


def shards_of_task(shards: Sequence[Shard], task: int, tasks: int) -> list[int]:
    """Shards of one of several array tasks, dealt like cards so that years and climates mix."""
    return [shard.number for shard in shards if (shard.number - 1) % tasks == task - 1]
