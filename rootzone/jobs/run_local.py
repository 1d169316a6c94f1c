"""Shards on this machine: in worker processes, or in this one with the engine on all cores."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psutil

from rootzone.jobs.engine_choice import MakeEngine
from rootzone.jobs.run_campaign import WorkersLost
from rootzone.jobs.run_shard import ShardReport, ShardTask, run_shard

# Thread pools of libraries that would each take every core of the machine.
_ONE_THREAD = (
    "NUMBA_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "ARROW_NUM_THREADS",
)


def cores_given() -> int:
    """Cores this process may use: its affinity, which Slurm and containers set, or fewer."""
    cores = len(os.sched_getaffinity(0))
    asked = os.environ.get("SLURM_CPUS_PER_TASK", "")
    return max(1, min(cores, int(asked) if asked.isdigit() else cores))


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
    _results: Generator[ShardReport, None, None] | None = field(
        default=None, init=False, repr=False
    )

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
        from joblib import Parallel, delayed
        from joblib.externals.loky.process_executor import BrokenProcessPool

        parent = os.getpid()
        under_way: dict[int, None] = {}

        def dealt() -> Iterator[Any]:
            for task in tasks:
                under_way[task.shard.number] = None
                yield delayed(_work)(task, make_engine, parent)

        with _environment():
            pool = Parallel(
                n_jobs=min(self.cores, len(tasks)),
                backend="loky",
                return_as="generator_unordered",
                batch_size=1,
                pre_dispatch="n_jobs",
            )
            self._results = pool(dealt())
            try:
                for report in self._results:
                    del under_way[report.number]
                    yield report
            except BrokenProcessPool as error:
                first = str(error).splitlines()[0] if str(error) else "no reason given"
                raise WorkersLost(tuple(under_way), f"a worker process died: {first}") from error

    def stop(self) -> None:
        """Kill the workers; what they were writing is swept by the driver."""
        if self._results is not None:
            self._results.close()


def _work(task: ShardTask, make_engine: MakeEngine, parent: int) -> ShardReport:
    _end_with(parent)
    return run_shard(task, make_engine)


_watched: set[int] = set()


def _end_with(parent: int) -> None:
    """End this worker when its driver is gone, so that no shard has two writers after a resume."""
    import signal
    import threading
    import time

    if parent in _watched:
        return
    _watched.add(parent)
    # Ctrl-C reaches the whole group; the driver decides what happens then.
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while psutil.pid_exists(parent):
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, name="driver-watch", daemon=True).start()


@contextmanager
def _environment() -> Iterator[None]:
    """One thread for every library of the workers started meanwhile."""
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
