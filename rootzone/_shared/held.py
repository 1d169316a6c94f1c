"""One process at a time at a file's name: who comes second waits."""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_LOG = logging.getLogger(__name__)


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold a file's name while the block lasts; another process or thread waits for its end.

    The system takes the hold back when its process dies, so nothing is ever stuck. On a disk that
    knows no locks the block runs all the same.

    Parameters
    ----------
    path : Path
        The file that is to be written. While it is held, ``.NAME.lock`` lies beside it.
    """
    lock = path.with_name(f".{path.name}.lock")
    lock.parent.mkdir(parents=True, exist_ok=True)
    handle = _taken(lock, path)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        handle.close()


def _taken(lock: Path, path: Path) -> IO[str]:
    while True:
        handle = lock.open("w")
        try:
            _wait_for(handle, path)
            # Whoever held it before took the file away: then it is another file that was locked.
            if _is_the_one(handle, lock):
                return handle
        except OSError as error:
            _LOG.debug("%s cannot be locked: %s", lock, error)
            return handle
        except BaseException:
            handle.close()
            raise
        handle.close()


def _wait_for(handle: IO[str], path: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        _LOG.warning("another process is at %s; waiting for it", path)
        fcntl.flock(handle, fcntl.LOCK_EX)


def _is_the_one(handle: IO[str], lock: Path) -> bool:
    try:
        return os.fstat(handle.fileno()).st_ino == lock.stat().st_ino
    except FileNotFoundError:
        return False
