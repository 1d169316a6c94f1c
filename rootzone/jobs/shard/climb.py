"""A batch of sites taken up the ladder: who is done on which rung, and who failed on all."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from rootzone._shared.arrays import IntArray
from rootzone._shared.errors import RootzoneError
from rootzone.engines.failures import Failure, FailureClass, SiteId
from rootzone.engines.protocol import Engine, EngineRun, Profiles, SiteBatch, WeatherBatch
from rootzone.jobs.driver.run_signals import disk_is_full
from rootzone.jobs.shard.ladder import CLIMBABLE, Rung
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
    """

    rungs: dict[SiteId, int] = field(default_factory=dict)
    attempts: dict[SiteId, list[Attempt]] = field(default_factory=dict)
    failures: dict[SiteId, Failure] = field(default_factory=dict)
    repairs: dict[SiteId, Sequence[str]] = field(default_factory=dict)
    engine_seconds: float = 0.0


def climb(
    batch: SiteBatch,
    ladder: Sequence[Rung],
    engine_of: Callable[[Rung], Engine],
    accept: Callable[[Profiles, Rung], Mapping[SiteId, Failure]],
    heartbeat: Callable[[], None] = lambda: None,
) -> Climb:
    """Run a batch on rung 0, and what did not converge on the next rungs.

    Parameters
    ----------
    batch : SiteBatch
        Sites to run.
    ladder : sequence of Rung
        The first one is the campaign as written.
    engine_of : callable
        Engine for a rung.
    accept : callable
        Takes finished profiles as they come; returns those it refuses, by site. Refused sites are
        treated like failures of the engine.
    heartbeat : callable
        Called before every chunk; a watchdog listens.

    Returns
    -------
    climb : Climb
        Every site of the batch is in ``rungs`` or in ``failures``.
    """
    outcome = Climb()
    left = batch
    for number, rung in enumerate(ladder):
        if left.n_site == 0:
            break
        failed = _run_rung(left, number, rung, engine_of(rung), accept, heartbeat, outcome)
        again = [
            i
            for i, site in enumerate(left.site_ids.tolist())
            if site in failed and failed[site].failure_class in CLIMBABLE
        ]
        left = left.take(np.array(again, dtype=np.int64))
    return outcome


def _run_rung(
    batch: SiteBatch,
    number: int,
    rung: Rung,
    engine: Engine,
    accept: Callable[[Profiles, Rung], Mapping[SiteId, Failure]],
    heartbeat: Callable[[], None],
    outcome: Climb,
) -> dict[SiteId, Failure]:
    """One rung for all its sites; returns the failures and keeps everything in ``outcome``."""
    failed: dict[SiteId, Failure] = {}
    for run in _timed(batch, rung, engine, heartbeat, outcome):
        refused = accept(run.profiles, rung)
        for site in run.profiles.site_ids.tolist():
            if site not in refused:
                outcome.rungs[site] = number
                outcome.failures.pop(site, None)
        failed.update(refused)
        failed.update({f.site_id: f for f in run.failures if f.site_id is not None})
        outcome.repairs.update({s: r for s, r in run.repairs.items() if s not in refused})
    for site, failure in failed.items():
        tried = outcome.attempts.setdefault(site, [])
        tried.append(Attempt(number, failure))
        outcome.failures[site] = replace(failure, attempts=len(tried))
    return failed


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
