"""Worker processes that do not outlive the process that started them."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

Task = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]
_WATCHED: list[int] = []

# Thread pools of libraries that would each take every core of the machine.
ONE_THREAD = (
    "NUMBA_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "ARROW_NUM_THREADS",
)


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


def ending_with_driver(workers: int) -> dict[str, Any]:
    """Options of ``joblib.Parallel`` for workers that end with this process, busy or not."""
    return {} if workers == 1 else {"initializer": end_with_driver, "initargs": (os.getpid(),)}


def watched(tasks: Iterable[Task], workers: int) -> Iterator[Task]:
    """Tasks of ``joblib.delayed`` whose processes end with their driver and share its folder.

    Workers are kept from one call to the next; relative paths mean what they mean to the driver
    even where it has changed its folder since, as a notebook may.

    Parameters
    ----------
    tasks : iterable of (function, arguments, keywords)
        The tasks.
    workers : int
        Processes; with 1 the tasks run in this one and are left as they are.
    """
    here = os.getcwd()  # noqa: PTH109 - handed to os.chdir as it is
    for task in tasks:
        yield task if workers == 1 else (_do, (os.getpid(), here, *task), {})


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
