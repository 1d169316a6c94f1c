"""Shards on this machine: in worker processes, or in this one with the engine on all cores."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from rootzone._shared.workers import deaths_told, start_pool
from rootzone.jobs.driver.run_campaign import WorkersLost
from rootzone.jobs.shard.engine_choice import MakeEngine
from rootzone.jobs.shard.run_shard import ShardReport, ShardTask, run_shard


@dataclass
class InThisProcess:
    """One shard after the other here, the engine on all its threads.

    Parameters
    ----------
    cores : int
        Threads of the engine.
    """

    cores: int

    @property
    def name(self) -> str:
        """Such as ``2 threads``."""
        return f"{self.cores} thread{'s' if self.cores > 1 else ''}"

    @property
    def threads_per_task(self) -> int:
        """All of them: there is one task at a time."""
        return self.cores

    def run(self, tasks: Sequence[ShardTask], make_engine: MakeEngine) -> Iterator[ShardReport]:
        """Reports in the order of the tasks."""
        for task in tasks:
            yield run_shard(task, make_engine)

    def warm_up(self, tasks: int | None) -> None:
        """Nothing to start."""

    def stop(self) -> None:
        """Nothing runs beside this process."""


@dataclass
class Processes:
    """Worker processes of this machine, one shard and one thread each (joblib's loky).

    Parameters
    ----------
    cores : int
        Number of workers.
    """

    cores: int
    _pool: Any = field(default=None, init=False, repr=False)

    @property
    def name(self) -> str:
        """Such as ``2 processes``."""
        return f"{self.cores} process{'es' if self.cores > 1 else ''}"

    @property
    def threads_per_task(self) -> int:
        """One: the workers share the cores among them."""
        return 1

    def run(self, tasks: Sequence[ShardTask], make_engine: MakeEngine) -> Iterator[ShardReport]:
        """Reports as they come.

        Raises
        ------
        WorkersLost
            A worker died.
        """
        from concurrent.futures import FIRST_COMPLETED, wait

        workers = min(self.cores, len(tasks))
        if self._pool is None:
            self._start(workers)
        waiting = deque(tasks)
        under_way: dict[Any, int] = {}
        try:
            with deaths_told(lambda why: _lost(under_way, why)):
                while waiting or under_way:
                    # No more than there are workers: it is known what a dead one was doing.
                    while waiting and len(under_way) < workers:
                        task = waiting.popleft()
                        future = self._pool.submit(run_shard, task, make_engine)
                        under_way[future] = task.shard.number
                    for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                        report = future.result()
                        del under_way[future]
                        yield report
        finally:
            self.stop()

    def warm_up(self, tasks: int | None) -> None:
        """Start the workers, which takes seconds, while the driver reads its tables."""
        self._start(self.cores if tasks is None else min(self.cores, tasks))

    def _start(self, workers: int) -> None:
        self._pool = start_pool(workers)
        for _ in range(workers):
            self._pool.submit(_wake)

    def stop(self) -> None:
        """Kill the workers; what they were writing is swept by the driver."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, kill_workers=True)
            self._pool = None


def _lost(under_way: dict[Any, int], why: str) -> WorkersLost:
    return WorkersLost(tuple(under_way.values()), f"a worker process died: {why}")


def _wake() -> None:
    """Import what a shard needs; unpickling this function has done it."""
