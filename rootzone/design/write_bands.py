"""Candidates on disk: one file per band of rows, sorted by group, each group in row-major order.

A group is a stratum after the survey, and a block of a stratum once a year's blocks are cut. Bands
span the whole width of the grid, so a group read band after band comes in the order of its pixels,
whatever the height of the bands. That order is what random draws refer to.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rootzone._shared.arrays import AnyArray
from rootzone._shared.atomic import atomic_path


def write_sorted(path: Path, records: AnyArray, group: AnyArray, groups: int) -> None:
    """Write candidates sorted by group, and beside them where each group starts.

    The starts are written last: a band is done when they are there.

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
