"""Seals: every file that one verb hands to the next carries a digest of its own content.

Shared disks flip bits and files are cut short in copying, and neither shows in a file's name, date
or table header. So

* a Parquet file holds, in its own footer, the SHA-256 of all its bytes, of its footer, and its size
  (the place of the seal itself counts as zeros), beside the checksum of every page;
* a file that cannot hold one (GeoTIFF, NetCDF, CSV, weights), or a folder of numbers (Zarr), has
  its SHA-256 and size in the provenance record beside it;
* a JSON file has a member ``seal``.

Seals travel with the files and need no register. `check` looks at size and footer always and at the
content once in a run. A file without a seal comes from elsewhere and is taken as it is.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from rootzone._shared.errors import RequestError

KEY = b"rootzone_seal"
PLACE = "rzseal1:" + "0" * 64 + ":" + "0" * 16 + ":" + "0" * 15
_SEAL = re.compile(rb"rzseal1:([0-9a-f]{64}):([0-9a-f]{16}):([0-9]{15})")
_MAGIC = b"PAR1"
_TAIL = 8  # length of the footer and the magic number
_CHUNK_BYTES = 1 << 20
_JSON_KEY = "seal"
# Content found whole in this process, by path: size, time of change and file number then.
_WHOLE: dict[str, tuple[int, int, int]] = {}


class Damaged(RequestError):  # noqa: N818 - a state of a file
    """A file is not what was written."""

    def __init__(self, path: Path, problem: str, mend: str = "") -> None:
        self.path, self.problem, self._mend = path, problem, mend
        super().__init__(
            f"{path} is damaged: {problem}. "
            + (mend or "The command that made it makes it again when it is given again.")
        )

    def __reduce__(self) -> tuple[type[Damaged], tuple[Path, str, str]]:
        return type(self), (self.path, self.problem, self._mend)  # as it travels from a worker


def seal(path: Path) -> None:
    """Put the seal into a Parquet file whose metadata has `PLACE`; others are left as they are.

    The file must not be in its final place yet.
    """
    size = path.stat().st_size
    with path.open("r+b") as handle:
        footer, start = _footer(handle, size)
        at = footer.find(PLACE.encode())
        if at < 0:
            return
        spot = start + at
        whole = _sha256(handle, spot)
        text = f"rzseal1:{whole}:{_short(footer)}:{size:015d}"
        handle.seek(spot)
        handle.write(text.encode())


def damage(path: Path, *, content: bool = True) -> str | None:
    """What is wrong with a file by its own seal; None where nothing is, or where it has none.

    Parameters
    ----------
    path : Path
        A file; one that does not exist is not damaged.
    content : bool
        Whether all of it is looked at, once in this process while it does not change.

    Raises
    ------
    OSError
        It cannot be read.
    """
    if not path.is_file() and not _is_store(path):
        return None
    if path.suffix == ".parquet":
        return _parquet_damage(path, content=content)
    beside = _beside(path)
    return _damage_beside(path, beside, content=content) if beside.is_file() else None


def check(path: Path, mend: str = "", *, content: bool = True) -> Path:
    """The path, once its file was found to be what was written.

    Raises
    ------
    Damaged
        It is not.
    """
    try:
        problem = damage(path, content=content)
    except OSError as error:
        raise RequestError(f"{path} cannot be read: {error.strerror or error}.") from error
    if problem is not None:
        raise Damaged(path, problem, mend)
    return path


def _parquet_damage(path: Path, *, content: bool) -> str | None:
    size = path.stat().st_size
    with path.open("rb") as handle:
        footer, start = _footer(handle, size)
        if not footer:
            return f"it cannot be read as a Parquet file: its {size} bytes do not end as one does"
        found = _SEAL.search(footer)
        if found is None:
            return "its seal is damaged" if KEY in footer else None
        if found[0] == PLACE.encode():  # not sealed: written by other means than ours
            return None
        if size != int(found[3]):
            return f"it has {size} bytes, not the {int(found[3])} that were written"
        empty = footer[: found.start()] + PLACE.encode() + footer[found.end() :]
        if _short(empty) != found[2].decode():
            return "its footer is not what was written"
        if not content or _known_whole(path):
            return None
        if _sha256(handle, start + found.start()) != found[1].decode():
            return "its content is not what was written (SHA-256 differs)"
    _remember(path)
    return None


def _footer(handle: Any, size: int) -> tuple[bytes, int]:  # noqa: ANN401 - a binary file
    """Footer of a Parquet file and where it begins; empty where the file has none."""
    if size < _TAIL + len(_MAGIC):
        return b"", 0
    handle.seek(size - _TAIL)
    tail = handle.read(_TAIL)
    length = int.from_bytes(tail[:4], "little")
    start = size - _TAIL - length
    if tail[4:] != _MAGIC or start < len(_MAGIC):
        return b"", 0
    handle.seek(start)
    return handle.read(length), start


def _short(footer: bytes) -> str:
    return hashlib.sha256(footer).hexdigest()[:16]


def _sha256(handle: Any, spot: int = -1) -> str:  # noqa: ANN401 - a binary file
    """Digest of a file, the seal at ``spot`` counted as the empty one."""
    state = hashlib.sha256()
    place = PLACE.encode()
    handle.seek(0)
    left = spot if spot >= 0 else -1
    while chunk := handle.read(_CHUNK_BYTES if left < 0 else min(_CHUNK_BYTES, left)):
        state.update(chunk)
        if left >= 0:
            left -= len(chunk)
            if left == 0:
                state.update(place)
                handle.seek(spot + len(place))
                left = -1
    return state.hexdigest()


def fingerprint(path: Path) -> dict[str, Any]:
    """Size and SHA-256 of a file, or of the names and contents of a folder, for the record beside.

    The digest of a folder is that of the lines ``SHA-256  NAME``, in the order of the names.
    """
    return {"size": _size_of(path), "sha256": _digest_of(path)}


def _is_store(path: Path) -> bool:
    return path.suffix == ".zarr" and path.is_dir()


def _members(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _size_of(path: Path) -> int:
    if path.is_dir():
        return sum(member.stat().st_size for member in _members(path))
    return path.stat().st_size


def _digest_of(path: Path) -> str:
    if not path.is_dir():
        with path.open("rb") as handle:
            return _sha256(handle)
    state = hashlib.sha256()
    for member in _members(path):
        name = member.relative_to(path).as_posix()
        state.update(f"{_digest_of(member)}  {name}\n".encode())
    return state.hexdigest()


def told_beside(path: Path) -> tuple[int, str] | None:
    """Size and SHA-256 that the record beside a file tells of it; None where nothing does."""
    try:
        told = json.loads(_beside(path).read_text(encoding="utf-8"))["file"]
        return int(told["size"]), str(told["sha256"])
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".provenance.json")


def _damage_beside(path: Path, beside: Path, *, content: bool) -> str | None:
    try:
        told = json.loads(beside.read_text(encoding="utf-8")).get("file")
        if told is None:
            return None
        size, digest = int(told["size"]), str(told["sha256"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return f"{beside.name} beside it is no record"
    return differs(path, size, digest, content=content)


def differs(path: Path, size: int, sha256: str, *, content: bool = True) -> str | None:
    """What is wrong with a file whose size and SHA-256 are known; None where nothing is."""
    there = _size_of(path)
    if there != size:
        return f"it has {there} bytes, not the {size} that were written"
    if not content or _known_whole(path):
        return None
    if _digest_of(path) != sha256:
        return "its content is not what was written (SHA-256 differs)"
    _remember(path)
    return None


def _known_whole(path: Path) -> bool:
    # The date of a folder does not change with what its files hold.
    return path.is_file() and _WHOLE.get(str(path)) == _state(path)


def _remember(path: Path) -> None:
    if path.is_file():
        _WHOLE[str(path)] = _state(path)


def _state(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ino


def sealed_json(value: dict[str, Any], indent: int | None = 1) -> str:
    """JSON text of a mapping with its seal as a further member."""
    plain = json.loads(json.dumps(value, default=str))
    plain.pop(_JSON_KEY, None)
    return json.dumps({**plain, _JSON_KEY: _json_seal(plain)}, indent=indent) + "\n"


def read_sealed_json(path: Path, mend: str = "") -> dict[str, Any]:
    """A mapping from a JSON file of ours, without its seal; one without a seal is taken as it is.

    Raises
    ------
    Damaged
        It is no JSON mapping, or its seal does not fit.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(value, dict):
            raise TypeError("it holds no mapping")
    except (ValueError, TypeError, RecursionError) as error:
        raise Damaged(path, f"it cannot be read as JSON ({error})", mend) from error
    except OSError as error:
        raise RequestError(f"{path} cannot be read: {error.strerror or error}.") from error
    told = value.pop(_JSON_KEY, None)
    if told is not None and told != _json_seal(value):
        raise Damaged(path, "its content is not what was written (its seal does not fit)", mend)
    return value


def _json_seal(value: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:32]
