"""Many pieces of work on several processes, with a line of progress at every tenth."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from rootzone._shared.workers import in_parallel

log = logging.getLogger(__name__)


def run_tasks(tasks: Sequence[Any], workers: int, what: str, already: int = 0) -> None:
    """Run tasks that write their own results; the first error stops all.

    Parameters
    ----------
    tasks : sequence
        Calls made by ``joblib.delayed``.
    workers : int
        Processes; 1 runs in this one.
    what : str
        What is done, for the log.
    already : int
        Pieces that an earlier run has finished.
    """
    total = already + len(tasks)
    kept = f", {already} kept from an earlier run" if already else ""
    log.info("%s: %d pieces%s", what, total, kept)
    tenth = 0
    for done, _ in enumerate(in_parallel(tasks, workers, ordered=False), start=already + 1):
        if 10 * done // total > tenth:
            tenth = 10 * done // total
            log.info("%s: %d of %d", what, done, total)
