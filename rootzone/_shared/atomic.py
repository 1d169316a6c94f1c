"""Files that are written whole or not at all."""

from __future__ import annotations

import errno
import logging
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rootzone._shared.errors import RequestError, RootzoneError
from rootzone._shared.seal import damage, seal

_LOG = logging.getLogger(__name__)
_LEAST_FREE_BYTES = 1 << 17


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; rename it into place once the block has succeeded.

    A block that raises, or a process that dies, leaves ``path`` as it was. The temporary name ends
    like the final one, so that writers which look at the ending still work.

    Parameters
    ----------
    path : Path
        Final place of the file. Missing parent folders are made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Two machines that share a disk may give out the same process number.
    writer = f"{socket.gethostname()}-{os.getpid()}"
    temporary = path.with_name(f".{path.stem}.{writer}.tmp{path.suffix}")
    try:
        yield temporary
        if path.suffix == ".parquet":
            seal(temporary)
        with temporary.open("rb") as handle:
            os.fsync(handle.fileno())
        temporary.replace(path)
    except OSError as error:
        if error.errno is None and is_full(path.parent):  # NumPy tells no number
            raise OSError(errno.ENOSPC, str(error)[:200], str(path)) from error
        if error.filename is None and error.errno is not None:
            error.filename = str(path)
        raise
    except RootzoneError:
        raise
    except Exception as error:
        # Libraries of their own format tell a full disk in words of their own.
        if is_full(path.parent):
            raise OSError(errno.ENOSPC, str(error)[:200], str(path)) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def is_full(folder: Path) -> bool:
    """Whether the disk of a folder has no room for another block or another file."""
    found = os.statvfs(folder)
    few = found.f_bavail * found.f_frsize < _LEAST_FREE_BYTES
    return few or (found.f_files > 0 and found.f_favail == 0)


def write_text(path: Path, text: str) -> None:
    """Write a text file (UTF-8) whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def is_damaged(path: Path, *, content: bool = True) -> bool:
    """Whether a file is not what was written, which is told: its maker makes it again.

    One that is not there, or cannot be read, is not damaged; ``content`` as in `seal.damage`.
    """
    try:
        problem = damage(path, content=content)
    except OSError:
        return False
    if problem is not None:
        _LOG.warning("%s is damaged and is made again: %s", path, problem)
    return problem is not None


def is_whole(path: Path, beside: Sequence[Path] = ()) -> bool:
    """Whether a file is there and as it was written, with all that was written beside it.

    What is not, is told.
    """
    if not path.exists() or is_damaged(path):
        return False
    gone = [other for other in beside if not other.exists()]
    for other in gone:
        _LOG.warning("%s is gone and is made again", other)
    damaged = [other for other in beside if is_damaged(other)]  # all of them are told
    return not gone and not damaged


def refuse_overwrite(path: Path, *, force: bool, beside: Sequence[Path] = ()) -> None:
    """Stop before anything is lost; a file that is damaged is nothing to lose.

    Parameters
    ----------
    path : Path
        The file that a verb writes last: without it the run before was cut short, and the same
        command goes on.
    force : bool
        Nothing is stopped.
    beside : sequence of Path
        What the verb writes before it. Where one is gone or damaged, all are made again.

    Raises
    ------
    RequestError
        All are there and whole, and ``force`` is not set.
    """
    if not force and is_whole(path, beside):
        raise RequestError(
            f"{path} exists already and is left alone. Name another place, or add --force."
        )
