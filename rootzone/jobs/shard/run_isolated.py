"""Sites in child processes: one that hangs, or kills its process, is found and named.

Slower than running them in the worker, so it is used for shards whose worker died. The child runs a
chunk of sites; when it goes silent for too long or dies, its whole process group is killed and the
sites of that chunk are run one by one.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import struct
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import numpy as np

from rootzone._shared.arrays import IntArray
from rootzone.engines.failures import Failure, FailureClass, SiteId
from rootzone.engines.protocol import Profiles, SiteBatch
from rootzone.jobs.shard.run_batch import Attempt, BatchPlan, Climb, run_batch

_CHUNK_SITES = 128
_HEADER = struct.Struct("<Q")
_START_S = 300.0  # longest start of a child: Python, libraries and the plan, on a busy machine


class _Died(Exception):  # noqa: N818 - an outcome of the child
    """The child ended by itself; the message says how."""


class _Silent(Exception):  # noqa: N818 - an outcome of the child
    """The child said nothing in time."""


def run_batch_isolated(
    batch: SiteBatch,
    plan: BatchPlan,
    keep: Callable[[Profiles], None],
    site_timeout_s: float,
) -> Climb:
    """Take a batch up the ladder in child processes.

    Parameters
    ----------
    batch : SiteBatch
        Sites to run.
    plan : BatchPlan
        Retries, engine and days.
    keep : callable
        Takes finished profiles.
    site_timeout_s : float
        Longest silence of the child [s]; a single site that is silent for longer is a failure.

    Returns
    -------
    climb : Climb
        Sites that hung are ``TIMEOUT``, sites their process died on ``WORKER_DIED``.
    """
    outcome = Climb()
    todo = deque(
        np.arange(first, min(first + _CHUNK_SITES, batch.n_site))
        for first in range(0, batch.n_site, _CHUNK_SITES)
    )
    child: _Child | None = None
    try:
        while todo:
            sites = todo.popleft()
            child = child or _Child(plan)
            try:
                part, profiles = child.ask(batch.take(sites), site_timeout_s)
            except (_Died, _Silent) as lost:
                child.kill()
                child = None
                if len(sites) == 1:
                    _set_aside(outcome, batch.site_ids.tolist()[sites[0]], lost, site_timeout_s)
                else:
                    todo.extendleft(_one_by_one(sites))
                continue
            _merge(outcome, part)
            for item in profiles:
                keep(item)
    finally:
        if child is not None:
            child.kill()
    return outcome


def _one_by_one(sites: IntArray) -> list[IntArray]:
    """Single sites, last first, as a deque is filled from its left."""
    return [sites[i : i + 1] for i in range(len(sites) - 1, -1, -1)]


def _merge(outcome: Climb, part: Climb) -> None:
    outcome.rungs.update(part.rungs)
    outcome.attempts.update(part.attempts)
    outcome.failures.update(part.failures)
    outcome.repairs.update(part.repairs)
    outcome.engine_seconds += part.engine_seconds
    outcome.loading_seconds += part.loading_seconds


def _set_aside(outcome: Climb, site: SiteId, lost: Exception, site_timeout_s: float) -> None:
    if isinstance(lost, _Silent):
        failure_class = FailureClass.TIMEOUT
        reason = (
            f"it took longer than jobs.site_timeout_s: {site_timeout_s:g} and was stopped. Raise "
            "the limit, or look at its inputs."
        )
    else:
        failure_class = FailureClass.WORKER_DIED
        reason = f"its process ended with {lost}. Look at its inputs and at the memory."
    text = f"{failure_class} at site {site}: {reason} The site is quarantined."
    failure = Failure(site, failure_class, text, attempts=1)
    outcome.attempts[site] = [Attempt(0, failure)]
    outcome.failures[site] = failure


class _Child:
    """A process of its own group that runs what it is sent."""

    def __init__(self, plan: BatchPlan) -> None:
        paths = os.pathsep.join(path or str(Path.cwd()) for path in sys.path)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "rootzone.jobs.shard.run_isolated"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": paths},
        )
        self._send(plan)
        self._ready = False

    def ask(self, batch: SiteBatch, timeout_s: float) -> tuple[Climb, list[Profiles]]:
        """Results of a batch; raises when the child dies or says nothing in time.

        The time of a batch begins when the child is up: on a busy machine its start takes longer
        than a site may, which is no fault of the site.
        """
        if not self._ready:
            self._read(_HEADER.size, max(_START_S, timeout_s))
            self._ready = True
        self._send(batch)
        header = self._read(_HEADER.size, timeout_s)
        answer: tuple[Climb, list[Profiles]] = pickle.loads(  # noqa: S301 - from our own child
            self._read(_HEADER.unpack(header)[0], timeout_s)
        )
        return answer

    def kill(self) -> None:
        """End the child and everything it started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _send(self, value: object) -> None:
        data = pickle.dumps(value)
        assert self._process.stdin is not None  # noqa: S101 - opened as a pipe above
        try:
            self._process.stdin.write(_HEADER.pack(len(data)) + data)
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise _Died(self._ending()) from error

    def _read(self, n: int, timeout_s: float) -> bytes:
        assert self._process.stdout is not None  # noqa: S101 - opened as a pipe above
        descriptor = self._process.stdout.fileno()
        parts: list[bytes] = []
        while n > 0:
            if not select.select([descriptor], [], [], timeout_s)[0]:
                raise _Silent
            part = os.read(descriptor, min(n, 1 << 20))
            if not part:
                raise _Died(self._ending())
            parts.append(part)
            n -= len(part)
        return b"".join(parts)

    def _ending(self) -> str:
        status = self._process.wait()
        if status < 0:
            name = signal.Signals(-status).name
            hint = " (killed from outside, for memory perhaps)" if name == "SIGKILL" else ""
            return f"signal {name}{hint}"
        return f"exit status {status}"


def _serve(source: IO[bytes], sink: IO[bytes]) -> None:
    """The child's side: one job, a word that it is up, then batches until the pipe closes."""
    plan: BatchPlan = _receive(source)
    sink.write(_HEADER.pack(0))
    sink.flush()
    while (batch := _receive(source)) is not None:
        kept: list[Profiles] = []
        outcome = run_batch(batch, plan, kept.append)
        data = pickle.dumps((outcome, kept))
        sink.write(_HEADER.pack(len(data)) + data)
        sink.flush()


def _receive(source: IO[bytes]) -> Any:  # noqa: ANN401 - what the parent sent
    header = source.read(_HEADER.size)
    if len(header) < _HEADER.size:
        return None
    return pickle.loads(source.read(_HEADER.unpack(header)[0]))  # noqa: S301 - from our own parent


def _main() -> None:
    # Whatever an engine prints must not mix with the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    from rootzone.jobs.shard import run_isolated

    run_isolated._main()
