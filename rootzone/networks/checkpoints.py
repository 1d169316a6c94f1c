"""Checkpoints: everything a run needs to go on as if it had never stopped, in one file."""

from __future__ import annotations

import json
import pickle
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from rootzone._shared.atomic import atomic_path
from rootzone._shared.errors import RequestError, StoppedEarly

_FORMAT = 1
_SHOWN = 5
_UNREADABLE = (
    OSError, RuntimeError, EOFError, pickle.UnpicklingError, KeyError, TypeError, ValueError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip


def save_checkpoint(path: Path, identity: Mapping[str, Any], state: Mapping[str, Any]) -> None:
    """Write a checkpoint whole or not at all.

    Parameters
    ----------
    path : Path
        File; its folder is made.
    identity : mapping
        What the state belongs to: settings, network, feature specification, digests of inputs.
        JSON values, nested as they come.
    state : mapping
        Tensors, numbers, texts, and dicts and lists of them.

    Raises
    ------
    StoppedEarly
        It cannot be written, the disk being full, say; the one before stays.
    """
    content = {"format": _FORMAT, "identity": json.dumps(identity), "state": dict(state)}
    try:
        with atomic_path(path) as temporary:
            torch.save(content, temporary)
    except (OSError, RuntimeError) as error:  # torch's writer raises the latter
        raise StoppedEarly(
            f"{path} cannot be written: {error}. The checkpoint before it is kept; make room, and "
            "the same command goes on from there."
        ) from error


def load_checkpoint(path: Path, identity: Mapping[str, Any]) -> dict[str, Any]:
    """State of a checkpoint that belongs to this run; tensors on the CPU.

    Nothing in the file is executed: only tensors and plain values are read.

    Raises
    ------
    RequestError
        The file cannot be read, or was written with other settings, another feature
        specification or other inputs; the keys that differ are named with both values.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            broken = archive.testzip()  # torch writes checksums and does not look at them
        if broken is not None:
            raise OSError(f"the checksum of {broken} does not fit")
        content = torch.load(path, map_location="cpu", weights_only=True)
        kept = json.loads(content["identity"])
        version = content["format"]
        state: dict[str, Any] = content["state"]
    except _UNREADABLE as error:
        raise RequestError(
            f"{path} is not a readable checkpoint ({error}). Use --fresh to train from the start."
        ) from error
    if version != _FORMAT:
        raise RequestError(
            f"{path} is a checkpoint of format {version}, this version reads {_FORMAT}. Use "
            "--fresh to train from the start."
        )
    differences = differing_keys(kept, identity)
    if differences:
        raise RequestError(
            f"{path} belongs to another run: {'; '.join(differences[:_SHOWN])}"
            f"{_and_more(len(differences))}. Set the values back to go on with it, use --fresh to "
            "train from the start, or --run NAME to keep both."
        )
    return state


def _and_more(n: int) -> str:
    return f"; and {n - _SHOWN} more keys" if n > _SHOWN else ""


def differing_keys(kept: Mapping[str, Any], asked: Mapping[str, Any]) -> list[str]:
    """Keys of two nested mappings whose values differ, each as a phrase with both values.

    Examples
    --------
    >>> differing_keys({"settings": {"epochs": 5}}, {"settings": {"epochs": 9}})
    ['settings.epochs was 5, now 9']
    """
    before, now = flattened(kept), flattened(json.loads(json.dumps(asked)))
    return [
        f"{key} was {before.get(key, 'not there')}, now {now.get(key, 'not there')}"
        for key in dict.fromkeys([*now, *before])
        if before.get(key, _ABSENT) != now.get(key, _ABSENT)
    ]


_ABSENT = object()


def flattened(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, keys joined by dots; lists stay values."""
    out: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            out |= flattened(value, f"{prefix}{key}.")
        else:
            out[f"{prefix}{key}"] = value
    return out
