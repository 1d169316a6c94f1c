"""Text of the files people save: any line end, with or without a byte-order mark, any code page."""

from __future__ import annotations

import codecs
from pathlib import Path

from rootzone._shared.errors import RequestError
from rootzone._shared.unpack import unpacked


def text_of(path: Path) -> str:
    """Text of a file, gzipped or not.

    UTF-8 with or without the mark that Excel writes, UTF-16 with its mark, and else Windows-1252,
    so that no two names become one by losing their letters.

    Raises
    ------
    RequestError
        The file cannot be read or unpacked.
    """
    try:
        raw = unpacked(path) if path.suffix == ".gz" else path.read_bytes()
    except OSError as error:
        raise RequestError(f"{path} cannot be read: {error}") from error
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return raw.decode("utf-16", errors="replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def csv_text(path: Path) -> str:
    """Text of a CSV file, its comment lines left out and any line end taken."""
    lines = text_of(path).splitlines()
    return "\n".join(line for line in lines if line.strip() and not line.startswith("#"))


def comment_lines(path: Path) -> list[str]:
    """The lines of a file that begin with ``#``, without it."""
    return [line[1:].strip() for line in text_of(path).splitlines() if line.startswith("#")]
