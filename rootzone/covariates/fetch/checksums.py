"""What was fetched: the SHA-256, size and origin of every file, kept beside the data."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rootzone._shared.addresses import without_secrets
from rootzone._shared.atomic import write_text
from rootzone._shared.errors import RequestError

NAME = "checksums.json"
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Fetched:
    """The record of one file.

    Parameters
    ----------
    sha256 : str
        Digest of its content, hexadecimal.
    size : int
        Bytes.
    url : str
        Where it came from.
    """

    sha256: str
    size: int
    url: str


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    state = hashlib.sha256()
    with path.open("rb") as handle:
        while chunk := handle.read(_CHUNK_BYTES):
            state.update(chunk)
    return state.hexdigest()


def read_checksums(data_folder: Path) -> dict[str, Fetched]:
    """Records by relative path; empty where nothing was fetched yet.

    Raises
    ------
    RequestError
        The record is damaged.
    """
    path = data_folder / NAME
    if not path.exists():
        return {}
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return {name: Fetched(**entry) for name, entry in data.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise RequestError(
            f"{path} is damaged: {error}. Delete it; files are then fetched or measured again."
        ) from error


def add_checksum(data_folder: Path, name: str, url: str) -> Fetched:
    """Measure a file that has just been fetched and keep its record."""
    path = data_folder / name
    record = Fetched(sha256_of(path), path.stat().st_size, without_secrets(url))
    records = read_checksums(data_folder) | {name: record}
    whole = {key: vars(value) for key, value in sorted(records.items())}
    write_text(data_folder / NAME, json.dumps(whole, indent=1) + "\n")
    return record


def changed_files(data_folder: Path) -> list[str]:
    """Files that are not what was fetched: gone, cut short or altered."""
    changed = []
    for name, record in read_checksums(data_folder).items():
        path = data_folder / name
        same_size = path.is_file() and path.stat().st_size == record.size
        if not same_size or sha256_of(path) != record.sha256:
            changed.append(name)
    return changed
