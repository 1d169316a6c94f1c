"""A site that hangs is stopped from outside: the worker process ends itself, and says why.

A stuck solver cannot be interrupted inside its process, so the process goes. The driver then starts
the shard again with its sites in child processes (`run_isolated`), where the one that hangs is
found, stopped and named.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from types import TracebackType

# The work stopped early; the same command resumes it.
_EXIT_STATUS = 4


class Watchdog:
    """Ends this process when nothing has moved for too long.

    Parameters
    ----------
    timeout_s : float
        Longest time between two calls of :meth:`reset` [s].
    what : str
        What is being done, for the message.
    """

    def __init__(self, timeout_s: float, what: str) -> None:
        self._timeout_s = timeout_s
        self._what = what
        self._deadline = time.monotonic() + timeout_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def __enter__(self) -> Watchdog:
        """Start to watch."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop watching."""
        self._over.set()
        self._thread.join()

    def reset(self) -> None:
        """Something moved."""
        self._deadline = time.monotonic() + self._timeout_s

    def _watch(self) -> None:
        while not self._over.wait(max(0.0, self._deadline - time.monotonic())):
            if time.monotonic() >= self._deadline:
                sys.stderr.write(
                    f"{self._what}: nothing moved for {self._timeout_s:g} s "
                    "(jobs.site_timeout_s); process ended to find the site that hangs\n"
                )
                sys.stderr.flush()
                os._exit(_EXIT_STATUS)
