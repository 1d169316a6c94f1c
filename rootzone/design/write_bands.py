"""Candidates on disk: one file per band of rows, sorted by group, each group in row-major order.

A group is a stratum after the survey, and a block of a stratum once a year's blocks are cut. Bands
span the whole width of the grid, so a group read band after band comes in the order of its pixels,
whatever the height of the bands. That order is what random draws refer to.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rootzone._shared.arrays import AnyArray
from rootzone._shared.atomic import atomic_path, write_text
from rootzone._shared.errors import StoppedEarly
from rootzone._shared.seal import Damaged, differs, fingerprint, read_sealed_json, sealed_json


def write_sorted(path: Path, records: AnyArray, group: AnyArray, groups: int) -> None:
    """Write candidates sorted by group, and beside them where each group starts.

    A band is done when its note is there too: `write_note`.

    Parameters
    ----------
    path : Path
        ``.npy`` file of the records.
    records : array of records, shape (candidate,)
        In row-major order.
    group : array of int, shape (candidate,)
        Group of each, 0 to ``groups`` - 1.
    groups : int
        Number of groups.
    """
    order = np.argsort(group, kind="stable")
    starts = np.zeros(groups + 1, dtype=np.int64)
    np.cumsum(np.bincount(group, minlength=groups), out=starts[1:])
    with atomic_path(path) as temporary:
        np.save(temporary, records[order])
    with atomic_path(starts_path(path)) as temporary:
        np.save(temporary, starts)


def starts_path(path: Path) -> Path:
    """File that says where each group of a band starts."""
    return path.with_name(path.stem + "-starts.npy")


def write_note(note: Path, facts: Mapping[str, Any], path: Path) -> None:
    """Say that a band is done: what is known of it, and the digests of its files."""
    files = {file.name: fingerprint(file) for file in (path, starts_path(path))}
    write_text(note, sealed_json({**facts, "files": files}))


def is_done(note: Path) -> bool:
    """Whether a band of an earlier run was finished and is still what was written.

    Raises
    ------
    StoppedEarly
        It is damaged; its note was taken away, so that the same command makes the band again.
    """
    if not note.exists():
        return False
    try:
        for name, told in read_sealed_json(note)["files"].items():
            problem = differs(note.with_name(name), told["size"], told["sha256"])
            if problem is not None:
                raise Damaged(note.with_name(name), problem)
    except (Damaged, FileNotFoundError, KeyError) as error:
        note.unlink()
        raise StoppedEarly(
            f"Unfinished work of an earlier run is damaged ({error}). Its band is taken away; the "
            "same command makes it again."
        ) from error
    return True
