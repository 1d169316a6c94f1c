"""Which samples are held out by a split, and the table of what was said of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from rootzone._shared.arrays import AnyArray, IntArray
from rootzone._shared.errors import RequestError
from rootzone._shared.tables import Column, Schema
from rootzone.labels.splits import TEST, TRAIN, VALIDATION, blocked_dates, left_out
from rootzone.surface.chain.open_surface import OpenSurface

_EPOCH = dt.date(1970, 1, 1)
_BLOCK_DAYS = 15
PREDICTED: Final = Schema(
    "surface_predictions",
    (
        Column("split", "text", "-", "how the samples were held out"),
        Column("seed", "int", "-", "seed of split and weights"),
        Column("station", "text", "-", "network and station"),
        Column("date", "date", "-", "day of the look"),
        Column("observed", "float", "m3 m-3", "water content the station reported"),
        Column("sca_v", "float", "m3 m-3", "NASA's retrieval with the class table"),
        Column("differentiable", "float", "m3 m-3", "the retrieval with the network's parameters"),
        Column("lightgbm", "float", "m3 m-3", "trees on the same inputs"),
    ),
)


class Placed(Protocol):
    """Samples that know their places, by number, and their days since 1970-01-01."""

    @property
    def place(self) -> IntArray:
        """Number of the place of each."""
        ...

    @property
    def date(self) -> IntArray:
        """Day of each."""
        ...

    def __len__(self) -> int: ...


@dataclass(frozen=True)
class Seats:
    """Places and days of samples that are kept otherwise, for `parts_of`."""

    place: IntArray
    date: IntArray

    def __len__(self) -> int:
        return int(self.place.size)


def parts_of(samples: Placed, split: str, seed: int) -> AnyArray:
    """Part of every sample: ``train``, ``validation`` or ``test``.

    Parameters
    ----------
    samples : Placed
        The samples.
    split : str
        ``random`` shuffles samples, ``blocked_dates`` blocks of 15 days, ``stations`` places.
    seed : int
        Of the draw.

    Raises
    ------
    RequestError
        A part is empty: there are too few stations or days.
    """
    if split == "stations":
        parts = left_out(samples.place.tolist(), seed)
        found = np.array([parts[p] for p in samples.place.tolist()])
    elif split == "blocked_dates":
        days = [_EPOCH + dt.timedelta(days=int(d)) for d in samples.date]
        of_day = blocked_dates(days, seed, block_days=_BLOCK_DAYS)
        found = np.array([of_day[day] for day in days], dtype="<U10")  # holds "validation"
        if not (found == VALIDATION).any():
            # A short record has too few blocks a season for a tenth of them: one block of training.
            block = samples.date // _BLOCK_DAYS
            given = np.unique(block[found == TRAIN])
            if given.size > 1:
                found[(found == TRAIN) & (block == given[seed % given.size])] = VALIDATION
    else:
        of_sample = left_out(range(len(samples)), seed)
        found = np.array([of_sample[k] for k in range(len(samples))])
    for part in (TRAIN, VALIDATION, TEST):
        if not (found == part).any():
            raise RequestError(
                f"Split {split} leaves nothing to {part}: {len(samples)} samples at "
                f"{np.unique(samples.place).size} stations on {np.unique(samples.date).size} days. "
                "Name fewer splits in surface.splits, or give more stations."
            )
    return found


def map_split(opened: OpenSurface) -> str:
    """The split whose networks draw the maps: left-out stations tell the error of a new place."""
    return best_split(opened.section.splits)


def best_split(splits: Sequence[str]) -> str:
    """Of some splits the one that tells most of a new place here."""
    return "stations" if "stations" in splits else splits[-1]
