"""What unpacks: gzip, zip and SQLite files from others, held to believable sizes."""

from __future__ import annotations

import gzip
import sqlite3
import time
import zipfile
import zlib
from pathlib import Path

from rootzone._shared.errors import RequestError

# Text of stations packs 5 to 60 times; a bomb packs up to 1032 times, which is deflate's own limit.
MAX_TEXT_RATIO = 100
MAX_TEXT_BYTES = 512 << 20
_FREE_BYTES = 16 << 20  # what may come out before the ratio is looked at
_CHUNK_BYTES = 1 << 20
_SQLITE_STEPS = 100_000  # virtual machine steps between two looks at the clock
_SQLITE_SECONDS = 60.0


def is_bomb(packed_bytes: int, unpacked_bytes: int, most_ratio: float = MAX_TEXT_RATIO) -> bool:
    """Whether so many bytes come out of so few that no data of ours can be inside.

    Examples
    --------
    >>> is_bomb(2_000_000, 2_000_000_000)
    True
    """
    return unpacked_bytes > max(_FREE_BYTES, most_ratio * packed_bytes)


def unpacked(path: Path, most_bytes: int = MAX_TEXT_BYTES) -> bytes:
    """Content of a ``.gz`` file, read bit by bit so that one that grows too large is left early.

    Raises
    ------
    RequestError
        It is damaged, unpacks to more than ``most_bytes``, or more than a hundredfold.
    """
    packed = path.stat().st_size
    parts: list[bytes] = []
    size = 0
    try:
        with gzip.open(path) as handle:
            while chunk := handle.read(_CHUNK_BYTES):
                size += len(chunk)
                if size > most_bytes or is_bomb(packed, size):
                    raise RequestError(
                        f"{path} has {packed} bytes and unpacks to more than {size - len(chunk)}, "
                        "which no table of stations does. It is left alone."
                    )
                parts.append(chunk)
    except (OSError, EOFError, zlib.error) as error:
        raise RequestError(f"{path} cannot be unpacked: {error}. Fetch it again.") from error
    return b"".join(parts)


def refuse_zip_bomb(
    info: zipfile.ZipInfo, archive: Path, most_bytes: int, most_ratio: float = MAX_TEXT_RATIO
) -> None:
    """Refuse a member that says of itself that it unpacks beyond belief.

    Raises
    ------
    RequestError
        It does.
    """
    if info.file_size > most_bytes or is_bomb(info.compress_size, info.file_size, most_ratio):
        raise RequestError(
            f"{info.filename} in {archive.name} would unpack from {info.compress_size} to "
            f"{info.file_size} bytes, which no file of this kind does. It is left alone."
        )


def only_tables(database: sqlite3.Connection, path: Path, seconds: float = _SQLITE_SECONDS) -> None:
    """Hold a database from others to plain tables and a time: a view can be a program without end.

    Raises
    ------
    RequestError
        It has views or triggers.
    """
    database.execute("PRAGMA trusted_schema = OFF")
    kinds = "type IN ('view', 'trigger')"
    strange = database.execute(f"SELECT name FROM sqlite_master WHERE {kinds}").fetchall()  # noqa: S608
    if strange:
        raise RequestError(
            f"{path} holds views or triggers ({str(strange[0][0])[:60]!r}), which the published "
            "file has not. It is not read."
        )
    end = time.monotonic() + seconds
    database.set_progress_handler(lambda: time.monotonic() > end, _SQLITE_STEPS)
