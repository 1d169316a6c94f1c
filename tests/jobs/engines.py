"""Engines that misbehave on demand, for tests of the runner; importable by worker processes.

A well-behaved bucket: every layer keeps a constant water content, rain runs off, so every daily
balance closes exactly.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rootzone._shared.errors import RequestError
from rootzone.engines.failures import Failure, FailureClass
from rootzone.engines.protocol import EngineRun, Profiles, SiteBatch


@dataclass(frozen=True)
class Bucket:
    """Runs off what rains.

    Parameters
    ----------
    settings : mapping
        Changes of the rung, kept for the tests to see.
    fails_until : mapping of site to str
        Site and the rung setting ``level`` below which it does not converge.
    hangs, kills : frozenset of int
        Sites that sleep for ever, and sites that kill the process.
    sleep_s : float
        Time taken by every site.
    full_disk_once : str
        File whose absence makes the engine say that the disk is full.
    """

    settings: Mapping[str, Any]
    hangs: frozenset[int] = frozenset()
    kills: frozenset[int] = frozenset()
    never: frozenset[int] = frozenset()
    short: frozenset[int] = frozenset()
    needs_small_steps: frozenset[int] = frozenset()
    raises: str = ""
    sleep_s: float = 0.0

    @property
    def name(self) -> str:
        return "bucket"

    @property
    def label(self) -> str:
        return "bucket"

    def identity(self) -> Mapping[str, Any]:
        return {"engine": "bucket", **self.settings}

    def run(self, batch: SiteBatch) -> EngineRun:
        (run,) = list(self.stream(batch))
        return run

    def stream(self, batch: SiteBatch) -> Iterator[EngineRun]:
        if self.raises:
            raise ValueError(self.raises)
        good, failures = [], []
        for i, site in enumerate(batch.site_ids.tolist()):
            time.sleep(self.sleep_s)
            if site in self.hangs:
                time.sleep(3600)
            if site in self.kills:
                os.kill(os.getpid(), signal.SIGKILL)
            stuck = site in self.never or (
                site in self.needs_small_steps and "tolerance" not in self.settings
            )
            if stuck:
                text = f"SWIM gave up at site {site}"
                failures.append(Failure(site, FailureClass.NO_CONVERGENCE, text, attempts=1))
            else:
                good.append(i)
        yield EngineRun(self._profiles(batch.take(np.array(good, dtype=np.int64))), failures)

    def _profiles(self, batch: SiteBatch) -> Profiles:
        n_day = batch.n_day.copy()
        for i, site in enumerate(batch.site_ids.tolist()):
            n_day[i] -= 7 if site in self.short else 0
        n_layer = batch.n_layer
        theta = [
            np.tile(batch.soil["theta_initial"][a:b], d)
            for a, b, d in zip(batch.layer_start[:-1], batch.layer_start[1:], n_day, strict=True)
        ]
        start = batch.weather.day_start[batch.cell] if batch.n_site else np.zeros(0, dtype=int)
        rain = [
            batch.weather.columns["rain_mm"][s : s + d] for s, d in zip(start, n_day, strict=True)
        ]
        total = int(n_day.sum())
        zero = np.zeros(total)
        daily = {
            "runoff_mm": np.concatenate(rain) if rain else zero,
            **dict.fromkeys(("drainage_mm", "es_mm", "infiltration_mm", "pond_mm"), zero),
            "balance_error_mm": zero,
            "steps": np.ones(total, dtype=np.int32),
        }
        return Profiles(
            batch.site_ids,
            np.concatenate(([0], np.cumsum(n_day))).astype(np.int64),
            np.concatenate(([0], np.cumsum(n_day * n_layer))).astype(np.int64),
            n_layer,
            batch.weather.first_day[batch.cell] if batch.n_site else np.zeros(0, dtype=np.int64),
            np.concatenate(theta) if theta else np.zeros(0),
            daily,
        )


@dataclass(frozen=True)
class MakeBucket:
    """Makes buckets that misbehave in a given way; travels to worker processes."""

    hangs: frozenset[int] = frozenset()
    kills: frozenset[int] = frozenset()
    kills_once: tuple[int, str] = (0, "")
    never: frozenset[int] = frozenset()
    short: frozenset[int] = frozenset()
    needs_small_steps: frozenset[int] = frozenset()
    raises: str = ""
    refuses: str = ""
    sleep_s: float = 0.0

    def identity(self, changes: Mapping[str, Any]) -> Mapping[str, Any]:
        return self(changes, threads=1).identity()

    def __call__(self, changes: Mapping[str, Any], *, threads: int) -> Bucket:
        del threads
        if self.refuses:
            raise RequestError(self.refuses)
        kills = self.kills
        site, marker = self.kills_once
        if (
            marker
            and not Path(marker).exists()
            and os.environ.get("JOBS_TEST_PARENT") != str(os.getpid())
        ):
            Path(marker).touch()
            kills = kills | {site}
        return Bucket(
            changes,
            self.hangs,
            kills,
            self.never,
            self.short,
            self.needs_small_steps,
            self.raises,
            self.sleep_s,
        )
