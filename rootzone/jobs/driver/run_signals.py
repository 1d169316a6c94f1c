"""Ctrl-C and SIGTERM as an orderly stop, and what a full disk says."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from rootzone._shared.errors import NO_ROOM

_STOPPING = (signal.SIGINT, signal.SIGTERM)


class Interrupted(KeyboardInterrupt):
    """The user or the system asked this process to stop; no handler of errors swallows it."""


class Stop:
    """Whether someone asked this process to stop.

    The signal raises where the program stands. A callback from other languages may swallow that, so
    the driver also looks here between shards.
    """

    def __init__(self) -> None:
        self._asked_by = ""
        self._ending = False

    def check(self) -> None:
        """Raise :class:`Interrupted` when a signal has come."""
        if self._asked_by:
            raise Interrupted(self._asked_by)

    def begin_end(self) -> None:
        """From now on no signal breaks into the orderly end."""
        self._ending = True

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        """Handler of SIGINT and SIGTERM."""
        del frame
        self._asked_by = signal.Signals(number).name
        if not self._ending:
            raise Interrupted(self._asked_by)


@contextmanager
def stop_on_signals() -> Iterator[Stop]:
    """Turn SIGINT and SIGTERM into :class:`Interrupted` inside the block.

    Does nothing outside the main thread, where signals never arrive.
    """
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.signal(number, stop.on_signal) for number in _STOPPING}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def disk_is_full(error: OSError) -> bool:
    """Whether an error means that nothing more can be written.

    Writers in other languages keep the number in the text only.
    """
    text = str(error).lower()
    return error.errno in NO_ROOM or "no space left" in text or "file too large" in text
