"""Digests that say what made an output: of bytes, of files, of settings, of the code itself."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).resolve().parents[1]
_LENGTH = 16
_CHUNK_BYTES = 1 << 20


def digest_bytes(data: bytes) -> str:
    """First 16 hexadecimal digits of the SHA-256 of some bytes."""
    return hashlib.sha256(data).hexdigest()[:_LENGTH]


def digest_file(path: Path) -> str:
    """Digest of a file's content, read in chunks.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    state = hashlib.sha256()
    with path.open("rb") as handle:
        while chunk := handle.read(_CHUNK_BYTES):
            state.update(chunk)
    return state.hexdigest()[:_LENGTH]


def digest_json(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Digest of a JSON value, whatever the order of its keys.

    Examples
    --------
    >>> digest_json({"a": 1, "b": 2}) == digest_json({"b": 2, "a": 1})
    True
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return digest_bytes(text.encode())


def digest_sources(marker: bytes = b"") -> str:
    """Digest of the package's source files, of those that contain ``marker`` where one is given."""
    state = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        source = path.read_bytes()
        if marker in source:
            state.update(path.relative_to(_PACKAGE).as_posix().encode())
            state.update(source)
    return state.hexdigest()[:_LENGTH]


@cache
def code_version() -> str:
    """Version of the package and the digest of its sources, such as ``0.1.0+1a2b3c4d5e6f7a8b``."""
    from rootzone import __version__

    return f"{__version__}+{digest_sources()}"
