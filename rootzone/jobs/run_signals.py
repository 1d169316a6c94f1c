"""Ctrl-C and SIGTERM as an orderly stop, and what a full disk says."""

from __future__ import annotations

import errno
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# What a disk says when no more fits on it: full, over quota, or a file too large.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_STOPPING = (signal.SIGINT, signal.SIGTERM)


class Interrupted(KeyboardInterrupt):
    """The user or the system asked this process to stop; no handler of errors swallows it."""


@contextmanager
def stop_on_signals() -> Iterator[None]:
    """Turn SIGINT and SIGTERM into :class:`Interrupted` inside the block.

    Does nothing outside the main thread, where signals never arrive.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        del frame
        # A second signal must not break into the orderly end.
        for other in _STOPPING:
            signal.signal(other, signal.SIG_IGN)
        raise Interrupted(signal.Signals(number).name)

    before = {number: signal.signal(number, stop) for number in _STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def disk_is_full(error: OSError) -> bool:
    """Whether an error means that nothing more can be written.

    Writers in other languages keep the number in the text only.
    """
    text = str(error).lower()
    return error.errno in _FULL or "no space left" in text or "file too large" in text
