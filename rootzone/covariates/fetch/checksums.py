"""What was fetched: the SHA-256, size and origin of every file, kept beside the data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from rootzone._shared.addresses import without_secrets
from rootzone._shared.atomic import write_text
from rootzone._shared.errors import RequestError
from rootzone._shared.held import held
from rootzone._shared.seal import Damaged, differs, told_beside

NAME = "checksums.json"
_CHUNK_BYTES = 1 << 20
_SEAL = "seal"


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

    Each has a seal of its own, so that one can be taken out by hand; one without a seal, or put
    there by other means, is taken as it is.

    Raises
    ------
    RequestError
        A record is damaged.
    """
    path = data_folder / NAME
    if not path.exists():
        return {}
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        records = {}
        for name, entry in data.items():
            seal = entry.pop(_SEAL, None)
            records[name] = Fetched(**entry)
            if seal is not None and seal != _sealed(name, records[name])[_SEAL]:
                raise ValueError(f"the record of {name} is not what was written")
        return records
    except (ValueError, TypeError, AttributeError) as error:
        raise RequestError(
            f"{path} is damaged: {error}. Delete it; files are then fetched or measured again."
        ) from error


def add_checksum(data_folder: Path, name: str, url: str) -> Fetched:
    """Measure a file that has just been fetched and keep its record."""
    path = data_folder / name
    record = Fetched(sha256_of(path), path.stat().st_size, without_secrets(url))
    _add(data_folder, {name: record})
    return record


def record_files(data_folder: Path, names: Iterable[str], url: str) -> int:
    """Measure files that lie there already and are not on record; returns how many."""
    records = read_checksums(data_folder)
    new = {
        name: Fetched(sha256_of(data_folder / name), (data_folder / name).stat().st_size, url)
        for name in names
        if name not in records and (data_folder / name).is_file()
    }
    if new:
        _add(data_folder, new)
    return len(new)


def _add(data_folder: Path, new: dict[str, Fetched]) -> None:
    """Keep records beside those that are there; two commands at once lose none."""
    with held(data_folder / NAME):
        records = read_checksums(data_folder) | new
        whole = {name: _sealed(name, record) for name, record in sorted(records.items())}
        write_text(data_folder / NAME, json.dumps(whole, indent=1) + "\n")


def _sealed(name: str, record: Fetched) -> dict[str, Any]:
    """A record as it is kept: its members, and a digest of them and of its name."""
    told = [name, record.sha256, record.size, record.url]
    return {**vars(record), _SEAL: hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]}


def check_inputs(paths: Iterable[Path], data_folder: Path) -> None:
    """Hold input files against what was fetched, before their numbers are used.

    Size always, content once in a run. Files that ``checksums.json`` does not know were placed by
    hand and are taken as they are.

    Raises
    ------
    Damaged
        A file is not what was fetched.
    """
    known = _known(data_folder / NAME, _stamp(data_folder / NAME))
    for path in paths:
        if not known or not path.is_relative_to(data_folder) or not path.is_file():
            continue
        record = known.get(path.relative_to(data_folder).as_posix())
        if record is None:
            continue
        problem = differs(path, record.size, record.sha256)
        if problem is not None:
            raise Damaged(
                path,
                problem.replace("written", "fetched"),
                "Delete it and run rootzone fetch again; or, if you replaced it on purpose, "
                f"take its entry out of {data_folder / NAME}.",
            )


def check_beside(paths: Iterable[Path]) -> None:
    """Hold files against the ``checksums.json`` of a folder above them, where there is one.

    Raises
    ------
    Damaged
        A file is not what is on record there.
    """
    for path in paths:
        for folder in path.parents[:3]:
            if (folder / NAME).is_file():
                check_inputs([path], folder)
                break


def identity(path: Path, data_folder: Path | None = None) -> list[str | int]:
    """What tells a file from another one put in its place, without reading it.

    Name, size, and the SHA-256 that is on record for it, in ``checksums.json`` of the data folder
    or in the provenance beside the file; for a file placed by hand, which no record knows, the time
    of its last change. So a folder that was copied without its times is still the same input.

    Raises
    ------
    OSError
        It is not there.
    """
    seen = path.stat()
    known = None
    if data_folder is not None and path.is_relative_to(data_folder):
        record = _known(data_folder / NAME, _stamp(data_folder / NAME)).get(
            path.relative_to(data_folder).as_posix()
        )
        known = None if record is None else (record.size, record.sha256)
    known = known or told_beside(path)
    same = known is not None and known[0] == seen.st_size
    return [path.name, seen.st_size, known[1] if known and same else seen.st_mtime_ns]


def _stamp(path: Path) -> int:
    return path.stat().st_mtime_ns if path.is_file() else 0


@lru_cache(maxsize=8)
def _known(path: Path, stamp: int) -> dict[str, Fetched]:
    """Records of a folder, read anew when the file changes."""
    return read_checksums(path.parent) if stamp else {}


def changed_files(data_folder: Path) -> list[str]:
    """Files that are not what was fetched: gone, cut short or altered."""
    changed = []
    for name, record in read_checksums(data_folder).items():
        path = data_folder / name
        same_size = path.is_file() and path.stat().st_size == record.size
        if not same_size or sha256_of(path) != record.sha256:
            changed.append(name)
    return changed
