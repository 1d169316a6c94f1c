"""How far a campaign is: shards done, missing or stale, and what made them stale."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rootzone.jobs.shard.read_shard import read_closed

if TYPE_CHECKING:
    from rootzone.campaign.workspace import Workspace
    from rootzone.jobs.shard.cut import Shard
    from rootzone.jobs.shard.run_shard import ShardTask


@dataclass(frozen=True)
class State:
    """State of one shard.

    Parameters
    ----------
    name : str
        ``done``, ``missing`` or ``stale``.
    because : tuple of str
        Inputs that changed, for a stale one.
    """

    name: str
    because: tuple[str, ...] = ()


def state_of(workspace: Workspace, shard: Shard, inputs: Mapping[str, str]) -> State:
    """Whether a shard is done from exactly these inputs, its files whole to the last bit."""
    closed = read_closed(workspace, shard.number, content=True)
    if closed is None:
        return State("missing")
    changed = changed_inputs(closed.footer.inputs, inputs)
    return State("stale", changed) if changed else State("done")


def changed_inputs(then: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """Names of inputs whose digests differ, in the order of ``now``."""
    names = [*now, *(name for name in then if name not in now)]
    return tuple(name for name in names if then.get(name) != now.get(name))


@dataclass
class Status:
    """A campaign as it stands on disk.

    Parameters
    ----------
    shards, done, missing, stale : int
        Shards of the campaign and their states.
    stale_because : dict
        Number of stale shards by changed input.
    sites, sites_done, sites_failed : int
        Sites of the campaign, with a profile and without one (of shards that are done).
    failed_by_class : dict
        Failed sites by class.
    seconds, engine_seconds : float
        Time all done shards took, and their engine's part of it [s].
    peak_mb : float
        Largest memory of a worker [MiB].
    orphans : list of int
        Shard folders the campaign does not know.
    """

    shards: int
    done: int = 0
    missing: int = 0
    stale: int = 0
    stale_because: dict[str, int] = field(default_factory=dict)
    sites: int = 0
    sites_done: int = 0
    sites_failed: int = 0
    failed_by_class: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    engine_seconds: float = 0.0
    peak_mb: float = 0.0
    orphans: list[int] = field(default_factory=list)

    @property
    def failed_pct(self) -> float:
        """Failed sites of those that were tried [%]."""
        tried = self.sites_done + self.sites_failed
        return 100.0 * self.sites_failed / tried if tried else 0.0

    def facts(self) -> dict[str, Any]:
        """The same as JSON values."""
        return {**self.__dict__, "failed_pct": self.failed_pct}


def status_of(workspace: Workspace, tasks: Sequence[ShardTask]) -> Status:
    """Read the state of a campaign; safe while it runs."""
    from rootzone.jobs.shard.read_shard import read_ledger

    status = Status(shards=len(tasks))
    because: Counter[str] = Counter()
    classes: Counter[str] = Counter()
    for task in tasks:
        number = task.shard.number
        status.sites += task.shard.n_site
        closed = read_closed(workspace, number)
        if closed is None:
            status.missing += 1
            continue
        changed = changed_inputs(closed.footer.inputs, task.inputs)
        if changed:
            status.stale += 1
            because.update(changed)
            continue
        status.done += 1
        status.sites_done += closed.footer.done
        status.sites_failed += closed.footer.failed
        status.seconds += float(closed.run.get("seconds", 0.0))
        status.engine_seconds += float(closed.run.get("engine_seconds", 0.0))
        status.peak_mb = max(status.peak_mb, float(closed.run.get("peak_mb", 0.0)))
        if closed.footer.failed:
            names = read_ledger(workspace, number, ["failure_class"])["failure_class"]
            classes.update(name for name in names if name is not None)
    status.stale_because = dict(because.most_common())
    status.failed_by_class = dict(classes.most_common())
    status.orphans = _orphans(workspace, {task.shard.number for task in tasks})
    return status


def _orphans(workspace: Workspace, known: set[int]) -> list[int]:
    """Numbers of shard folders that belong to no shard: the campaign was cut otherwise before."""
    found = []
    for path in sorted(workspace.runs.glob("shard=*")):
        text = path.name.partition("=")[2]
        if text.isdigit() and int(text) not in known and any(path.iterdir()):
            found.append(int(text))
    return found
