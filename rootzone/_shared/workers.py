"""Worker processes: few threads each, none outlives its driver, a dead one is told in words."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rootzone._shared.errors import StoppedEarly

# Thread pools of libraries that would each take every core of the machine.
_THREADS = (
    "NUMBA_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "ARROW_NUM_THREADS",
)
Task = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]
_WATCHED: list[int] = []


def end_with_driver(driver: int) -> None:
    """End this worker when its driver is gone, so that nothing has two writers after a resume.

    Parameters
    ----------
    driver : int
        Process that started this one. It may be gone by now: a worker takes seconds to start.
    """
    if os.getppid() != driver:
        os._exit(1)
    # Ctrl-C reaches the whole group; the driver decides what happens then.
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def watch() -> None:
        while os.getppid() == driver:  # an orphan gets another parent at once
            time.sleep(0.2)
        os._exit(1)

    threading.Thread(target=watch, name="driver-watch", daemon=True).start()


def start_pool(
    workers: int,
    *,
    threads: int = 1,
    env: Mapping[str, str] | None = None,
    opening: Callable[..., None] | None = None,
    given: tuple[Any, ...] = (),
) -> Any:  # noqa: ANN401 - joblib's loky has no types
    """Processes to submit calls to.

    Parameters
    ----------
    workers : int
        How many.
    threads : int
        Threads that libraries may take in each.
    env : mapping, optional
        More of their environment.
    opening : callable, optional
        Called with ``given`` once in each.
    """
    from joblib.externals.loky import ProcessPoolExecutor

    environment = {**dict.fromkeys(_THREADS, str(threads)), **(env or {})}
    return ProcessPoolExecutor(
        workers, env=environment, initializer=_open, initargs=(os.getpid(), opening, given)
    )


def _open(driver: int, opening: Callable[..., None] | None, given: tuple[Any, ...]) -> None:
    end_with_driver(driver)
    if opening is not None:
        opening(*given)


@contextmanager
def deaths_told(as_error: Callable[[str], Exception]) -> Iterator[None]:
    """Where a worker of a pool dies inside the block, the error made of the reason in its place."""
    from joblib.externals.loky import BrokenProcessPool

    try:
        yield
    except BrokenProcessPool as error:
        raise as_error((str(error) or "no reason given").splitlines()[0]) from error


def in_parallel(tasks: Iterable[Task], workers: int, *, ordered: bool = True) -> Iterator[Any]:
    """Results of calls made by ``joblib.delayed``; the first error stops all.

    Workers are kept from one call to the next; relative paths mean what they mean to the driver
    even where it has changed its folder since, as a notebook may.

    Parameters
    ----------
    tasks : iterable of (function, arguments, keywords)
        The calls.
    workers : int
        Processes; with 1 the calls run in this one.
    ordered : bool
        Whether results come in the order of the calls, or as they are done.
    """
    from joblib import Parallel

    here = os.getcwd()  # noqa: PTH109 - handed to os.chdir as it is
    driver = os.getpid()
    calls = (task if workers == 1 else (_do, (driver, here, *task), {}) for task in tasks)
    how = "generator" if ordered else "generator_unordered"
    start = {} if workers == 1 else {"initializer": end_with_driver, "initargs": (driver,)}
    with deaths_told(_stopped):
        yield from Parallel(n_jobs=workers, return_as=how, **start)(calls)


def _stopped(reason: str) -> StoppedEarly:
    return StoppedEarly(
        f"A worker process was ended from outside ({reason}); what was finished is kept. If memory "
        "ran out, take fewer --cores or --workers. The same command goes on."
    )


def _do(
    driver: int,
    here: str,
    function: Callable[..., object],
    given: tuple[Any, ...],
    named: dict[str, Any],
) -> object:
    if os.getpid() not in _WATCHED:
        _WATCHED.append(os.getpid())
        end_with_driver(driver)
    os.chdir(here)
    return function(*given, **named)
