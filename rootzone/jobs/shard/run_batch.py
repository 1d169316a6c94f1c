"""A batch of sites taken up the ladder of retries: run, judged, kept, or failed on all rungs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from rootzone._shared.arrays import IntArray
from rootzone._shared.errors import RootzoneError
from rootzone.engines.failures import Failure, FailureClass, SiteId
from rootzone.engines.ladder import Rung
from rootzone.engines.protocol import Engine, EngineRun, Profiles, SiteBatch, WeatherBatch
from rootzone.jobs.driver.run_signals import disk_is_full
from rootzone.jobs.shard.accept import refused_by_runner, without
from rootzone.jobs.shard.counted_days import Span, counted
from rootzone.jobs.shard.engine_choice import MakeEngine
from rootzone.jobs.shard.ladder import CLIMBABLE
from rootzone.jobs.shard.relayer import merge_layers, split_layers, theta_of_merged, theta_of_split


@dataclass(frozen=True)
class Attempt:
    """One try that failed.

    Parameters
    ----------
    rung : int
        Rung of the ladder.
    failure : Failure
        What came of it.
    """

    rung: int
    failure: Failure


@dataclass
class Climb:
    """What became of a batch.

    Parameters
    ----------
    rungs : dict
        Rung on which each finished site finished.
    attempts : dict
        Failed tries of each site that had any, in order.
    failures : dict
        Last failure of each site that has no profile, with its number of attempts.
    repairs : dict
        Traps of the original model mended, by site.
    engine_seconds : float
        Time spent inside the engine.
    loading_seconds : float
        Time until the engine's compiled kernels were loaded, which each process pays once.
    """

    rungs: dict[SiteId, int] = field(default_factory=dict)
    attempts: dict[SiteId, list[Attempt]] = field(default_factory=dict)
    failures: dict[SiteId, Failure] = field(default_factory=dict)
    repairs: dict[SiteId, Sequence[str]] = field(default_factory=dict)
    engine_seconds: float = 0.0
    loading_seconds: float = 0.0

    def note(
        self, run: EngineRun, good: list[SiteId], refused: Mapping[SiteId, Failure], rung: int
    ) -> dict[SiteId, Failure]:
        """Take down a chunk of a rung; returns the sites that failed in it."""
        for site in good:
            self.rungs[site] = rung
            self.failures.pop(site, None)
        self.repairs.update({s: r for s, r in run.repairs.items() if s not in refused})
        return {**refused, **{f.site_id: f for f in run.failures if f.site_id is not None}}

    def close(self, failed: Mapping[SiteId, Failure], rung: int) -> None:
        """Take down who failed on a rung."""
        for site, failure in failed.items():
            tried = self.attempts.setdefault(site, [])
            tried.append(Attempt(rung, failure))
            self.failures[site] = replace(failure, attempts=len(tried))


@dataclass
class BatchPlan:
    """How batches are run: retries, engine, settings and days. It travels to other processes.

    Parameters
    ----------
    ladder : sequence of Rung
        The first one is the campaign as written; the next ones are for what did not converge.
    make_engine : callable
        The campaign's engine.
    span : Span
        Days to run and days that count.
    settings : mapping
        Engine settings that differ from the campaign's.
    threads : int
        Threads the engine may use.
    engines : dict
        Engines made so far, by rung; they stay behind when the plan travels.
    """

    ladder: Sequence[Rung]
    make_engine: MakeEngine
    span: Span
    settings: Mapping[str, Any] = field(default_factory=dict)
    threads: int = 1
    engines: dict[str, Engine] = field(default_factory=dict, repr=False, compare=False)

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "engines": {}}

    def engine(self, rung: Rung) -> Engine:
        """The engine of a rung, made once."""
        if rung.name not in self.engines:
            changes = {**self.settings, **rung.settings}
            self.engines[rung.name] = self.make_engine(changes, threads=self.threads)
        return self.engines[rung.name]


def run_batch(
    batch: SiteBatch,
    plan: BatchPlan,
    keep: Callable[[Profiles], None],
    heartbeat: Callable[[], None] = lambda: None,
) -> Climb:
    """Run a batch on rung 0, and what did not converge on the next rungs; keep what is right.

    Parameters
    ----------
    batch : SiteBatch
        Sites to run.
    plan : BatchPlan
        Retries, engine and days.
    keep : callable
        Takes the counted days of finished and accepted profiles as they come.
    heartbeat : callable
        Called before every chunk; a watchdog listens.

    Returns
    -------
    climb : Climb
        Every site of the batch is in ``rungs`` or in ``failures``. Profiles the runner refuses are
        treated like failures of the engine.
    """
    outcome = Climb()
    outcome.loading_seconds = _load_kernels(batch, plan)
    left = batch
    for number, rung in enumerate(plan.ladder):
        if left.n_site == 0:
            break
        failed: dict[SiteId, Failure] = {}
        for run in _timed(left, rung, plan.engine(rung), heartbeat, outcome):
            refused = refused_by_runner(run.profiles, left, rung, plan.span)
            good = without(run.profiles, refused) if refused else run.profiles
            keep(counted(good, plan.span))
            failed |= outcome.note(run, good.site_ids.tolist(), refused, number)
        outcome.close(failed, number)
        again = [
            i
            for i, site in enumerate(left.site_ids.tolist())
            if site in failed and failed[site].failure_class in CLIMBABLE
        ]
        left = left.take(np.array(again, dtype=np.int64))
    return outcome


_LOADED: set[str] = set()  # compiled loops that this process has used


def _load_kernels(batch: SiteBatch, plan: BatchPlan) -> float:
    """Let the engine load its kernels on one site, so that its time is that of solving; returns s.

    Whatever goes wrong here goes wrong again, and is told, where the site has its turn.
    """
    if not batch.n_site:
        return 0.0
    engine = plan.engine(plan.ladder[0])
    loop = getattr(engine, "compiled_loop", "")
    if not loop or loop in _LOADED:
        return 0.0
    started = time.perf_counter()
    with suppress(Exception):
        next(_on_rung(batch.take(np.zeros(1, dtype=np.int64)), plan.ladder[0], engine), None)
    _LOADED.add(loop)
    return time.perf_counter() - started


def _timed(
    batch: SiteBatch,
    rung: Rung,
    engine: Engine,
    heartbeat: Callable[[], None],
    outcome: Climb,
) -> Iterator[EngineRun]:
    """Chunks of a rung, the engine's own time counted and its own errors turned into failures."""
    runs = _on_rung(batch, rung, engine)
    seen: set[SiteId] = set()
    while True:
        heartbeat()
        started = time.perf_counter()
        try:
            run = next(runs, None)
        except (RootzoneError, MemoryError):
            raise  # the request is wrong, or the worker is in trouble: not the sites' doing
        except Exception as error:  # the engine's own words become the sites' failures
            if isinstance(error, OSError) and disk_is_full(error):
                raise
            run = _engine_error(batch, seen, error)
        outcome.engine_seconds += time.perf_counter() - started
        if run is None:
            return
        seen.update(run.profiles.site_ids.tolist())
        seen.update(failure.site_id for failure in run.failures if failure.site_id is not None)
        yield run


def _engine_error(batch: SiteBatch, seen: set[SiteId], error: Exception) -> EngineRun:
    """All sites the engine had not handed out yet fail with its error."""
    text = f"{type(error).__name__}: {error}"
    failures = [
        Failure(
            site,
            FailureClass.ENGINE_ERROR,
            f"ENGINE_ERROR at site {site}: {text}. The site is quarantined.",
            attempts=1,
        )
        for site in batch.site_ids.tolist()
        if site not in seen
    ]
    return EngineRun(_no_profiles(batch), failures)


def _no_profiles(batch: SiteBatch) -> Profiles:
    zero: IntArray = np.zeros(1, dtype=np.int64)
    none: IntArray = np.zeros(0, dtype=np.int64)
    return Profiles(batch.site_ids[:0], zero, zero, none, none, np.zeros(0), {})


def empty_batch() -> SiteBatch:
    """A batch without sites."""
    zero: IntArray = np.zeros(1, dtype=np.int64)
    none: IntArray = np.zeros(0, dtype=np.int64)
    return SiteBatch(none, zero, {}, none, WeatherBatch(none, zero, none, {}))


def _on_rung(batch: SiteBatch, rung: Rung, engine: Engine) -> Iterator[EngineRun]:
    """The engine's chunks with profiles on the layers of the batch, whatever the rung's layers."""
    if rung.split_layers > 1:
        for run in engine.stream(split_layers(batch, rung.split_layers)):
            yield replace(run, profiles=theta_of_split(run.profiles, rung.split_layers))
    elif rung.merge_layers > 1:
        n_layer = dict(zip(batch.site_ids.tolist(), batch.n_layer.tolist(), strict=True))
        for run in engine.stream(merge_layers(batch, rung.merge_layers)):
            original = np.array(
                [n_layer[s] for s in run.profiles.site_ids.tolist()], dtype=np.int64
            )
            profiles = theta_of_merged(run.profiles, rung.merge_layers, original)
            yield replace(run, profiles=profiles)
    else:
        yield from engine.stream(batch)
