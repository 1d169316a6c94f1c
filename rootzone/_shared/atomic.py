"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rootzone._shared.errors import RequestError


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
        with temporary.open("rb") as handle:
            os.fsync(handle.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file (UTF-8) whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def refuse_overwrite(path: Path, *, force: bool) -> None:
    """Stop before anything is lost.

    Raises
    ------
    RequestError
        ``path`` exists and ``force`` is not set.
    """
    if path.exists() and not force:
        raise RequestError(
            f"{path} exists already and is left alone. Name another place, or add --force."
        )
