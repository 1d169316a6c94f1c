"""What made a file: the verb, the code, the settings and the digest of every input."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rootzone._shared.atomic import write_text
from rootzone._shared.digests import code_version, digest_file, digest_json
from rootzone._shared.errors import RequestError
from rootzone._shared.seal import check, fingerprint

METADATA_KEY = b"rootzone"


@dataclass(frozen=True)
class Provenance:
    """The record that travels with an output.

    Parameters
    ----------
    verb : str
        Command that made the file, such as ``rootzone soils``.
    inputs : mapping of str to str
        Name of each input and the digest of its content.
    settings : mapping
        Settings that had a say in the result, JSON values only; no clocks, host names or paths, so
        that the same work gives the same digest anywhere.
    code : str
        Version of the package and the digest of its sources.
    """

    verb: str
    inputs: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    code: str = field(default_factory=code_version)

    @property
    def digest(self) -> str:
        """Digest of the whole record: two files with the same digest were made the same way."""
        return digest_json(asdict(self))

    def to_json(self) -> str:
        """Text form, stable to the byte for equal records."""
        return json.dumps({"digest": self.digest, **asdict(self)}, sort_keys=True, default=str)

    @classmethod
    def from_json(cls, text: str) -> Provenance:
        """Record from its text form.

        Raises
        ------
        ValueError
            The text is not such a record, or its digest does not fit its content.
        """
        data = json.loads(text)
        if not isinstance(data, dict):
            raise ValueError("not a provenance record: no mapping")
        recorded = data.pop("digest", None)
        data.pop("file", None)  # the seal of the file beside it, no part of how it was made
        try:
            record = cls(**data)
        except TypeError as error:
            raise ValueError(f"not a provenance record: {error}") from error
        if record.digest != recorded:
            raise ValueError(
                f"digest {recorded} does not fit the record, which gives {record.digest}"
            )
        return record


def inputs_of(paths: Mapping[str, Path]) -> dict[str, str]:
    """Digest of each named input file."""
    return {name: digest_file(path) for name, path in paths.items()}


def sidecar_of(path: Path) -> Path:
    """Where the record of a file lies that cannot hold one itself (CSV, PNG, SVG, HTML)."""
    return path.with_name(path.name + ".provenance.json")


def write_sidecar(path: Path, record: Provenance) -> None:
    """Write the record beside a file that cannot hold one itself, with the file's own seal."""
    told = {**json.loads(record.to_json()), "file": fingerprint(path)} if path.exists() else None
    text = record.to_json() if told is None else json.dumps(told, sort_keys=True)
    write_text(sidecar_of(path), text + "\n")


def read_provenance(path: Path) -> Provenance:
    """The record of any file of ours.

    Raises
    ------
    RequestError
        The file is missing, holds no record, or its record does not fit its own digest.
    """
    if not path.exists():
        raise RequestError(f"{path} does not exist.")
    try:
        text = _stored_text(path)
    except UnicodeDecodeError as error:
        raise RequestError(f"The provenance of {path} is damaged: {error}.") from error
    if text is None:
        raise RequestError(
            f"{path} carries no provenance: it was not written by rootzone, or its sidecar "
            f"{sidecar_of(path).name} is gone."
        )
    try:
        return Provenance.from_json(text)
    except ValueError as error:
        raise RequestError(f"The provenance of {path} is damaged: {error}.") from error


def _stored_text(path: Path) -> str | None:
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        try:
            # The file's own metadata: that of the Arrow schema is empty where polars wrote it.
            metadata = pq.read_metadata(check(path)).metadata or {}
        except (OSError, ValueError) as error:
            raise RequestError(f"{path} is not a readable Parquet file: {error}") from error
        stored = metadata.get(METADATA_KEY)
        return None if stored is None else stored.decode()
    sidecar = sidecar_of(path)
    return sidecar.read_text(encoding="utf-8") if sidecar.exists() else None


def in_words(record: Provenance) -> str:
    """The record as text for a person: one fact a line."""
    lines = [f"made by    {record.verb}", f"code       rootzone {record.code}"]
    lines += [f"input      {name}  {digest}" for name, digest in sorted(record.inputs.items())]
    lines += [f"setting    {key} = {value}" for key, value in _flat(record.settings)]
    lines.append(f"digest     {record.digest}")
    return "\n".join(lines)


def _flat(settings: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for key, value in settings.items():
        if isinstance(value, Mapping):
            pairs += _flat(value, f"{prefix}{key}.")
        else:
            pairs.append((f"{prefix}{key}", value))
    return pairs
