"""Work on many windows at once: a process a core, one thread each, or all of it in this process.

Threads inside an operation wait for each other whenever anything else runs on the machine; whole
processes do not. So the cores are shared out by processes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from rootzone._shared.errors import StoppedEarly
from rootzone._shared.workers import deaths_told, start_pool

# Freed memory is kept for the next window: giving it back costs a third of the speed in page
# faults where arrays are large.
_KEEP_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": "2000000000",
    "MALLOC_TRIM_THRESHOLD_": "2000000000",
    "MALLOC_ARENA_MAX": "1",
}


_KILLED = (
    "A worker process was killed, most likely for want of memory. Finished windows are kept; the "
    "same command goes on. --cores 1 or a smaller --window needs less."
)


class Job(Protocol):
    """What travels to a worker."""

    def open(self) -> Callable[[Any], None]:
        """Open files and models once; what is returned does one task."""


class Workers:
    """Processes that have opened a job, or this process where one core is enough.

    Parameters
    ----------
    job : Job
        What they work on.
    cores : int
        How many processes; 1 works here.
    """

    def __init__(self, job: Job, cores: int) -> None:
        self._job, self._cores = job, cores
        self._pool: Any = None
        self._here: Callable[[Any], None] | None = None

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, kill_workers=True)

    def run(self, tasks: Sequence[Any]) -> Iterator[Any]:
        """Do every task; yields each when it is done.

        Raises
        ------
        StoppedEarly
            A worker was killed, by the system for its memory or by hand.
        """
        if self._cores == 1 or len(tasks) <= 1:
            yield from self._run_here(tasks)
        else:
            yield from self._run_beside(tasks)

    def _run_here(self, tasks: Sequence[Any]) -> Iterator[Any]:
        for task in tasks:
            if self._here is None:
                self._here = self._job.open()
            self._here(task)
            yield task

    def _run_beside(self, tasks: Sequence[Any]) -> Iterator[Any]:
        from concurrent.futures import as_completed

        if self._pool is None:
            self._pool = start_pool(
                self._cores, env=_KEEP_MEMORY, opening=_start, given=(self._job,)
            )
        futures = {self._pool.submit(_do, task): task for task in tasks}
        with deaths_told(lambda _: StoppedEarly(_KILLED)):
            for future in as_completed(futures):
                future.result()
                yield futures[future]


_OPENED: list[Callable[[Any], None]] = []


def _start(job: Job) -> None:
    from joblib.externals.loky import process_executor

    # Loky replaces a worker that has grown by 300 MB; ours does by design, once, and stays there.
    process_executor._MAX_MEMORY_LEAK_SIZE = 1 << 40
    _OPENED.append(job.open())


def _do(task: Any) -> None:  # noqa: ANN401 - whatever the job takes
    _OPENED[0](task)
