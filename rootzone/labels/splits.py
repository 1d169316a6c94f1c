"""Training, validation and test: the paper's split by dates, and others that leak less.

A split assigns every sample to ``train``, ``validation``, ``test`` or to nothing (a sample left
out on purpose). All are decided by the samples' dates, stations or regions and a seed alone, never
by the order of the rows, so the same samples in another order are split the same way.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from rootzone._shared.arrays import AnyArray
from rootzone._shared.days import calendar_day, day_number
from rootzone._shared.errors import RequestError
from rootzone._shared.seeds import stream

TRAIN, VALIDATION, TEST = "train", "validation", "test"
PARTS = (TRAIN, VALIDATION, TEST)
SEASONS = ("DJF", "MAM", "JJA", "SON")


@dataclass(frozen=True)
class Fractions:
    """Shares of the parts; they add up to 1.

    Raises
    ------
    RequestError
        They do not, or one is negative.
    """

    train: float = 0.70
    validation: float = 0.10
    test: float = 0.20

    def __post_init__(self) -> None:
        shares = (self.train, self.validation, self.test)
        if not (min(shares) >= 0 and abs(sum(shares) - 1.0) <= 1e-9):  # NaN is neither
            raise RequestError(
                f"Fractions {self.train:g}, {self.validation:g}, {self.test:g} must be 0 or more "
                f"and add up to 1, not {sum(shares):g}."
            )


def season_of(month: int) -> str:
    """Meteorological season of a month, 1 to 12."""
    return SEASONS[(month % 12) // 3]


def seasons_of(dates: AnyArray) -> AnyArray:
    """Season of each day of an array of datetime64."""
    month = np.asarray(dates).astype("datetime64[M]").astype(np.int64) % 12 + 1
    return np.asarray(SEASONS)[month % 12 // 3]


def season_dates(
    dates: Sequence[dt.date], seed: int, fractions: Fractions = Fractions()
) -> dict[dt.date, str]:
    """The paper's split: dates shuffled within each calendar year and season.

    Groups are made by calendar year first, so January, February and December of one calendar year
    form its DJF; December is not joined to the winter it begins. Within a group of n dates the
    first round(0.70 n) after the shuffle train, those up to round(0.80 n) validate, the rest test
    (halves round to even).

    Parameters
    ----------
    dates : sequence of date
        Dates of the samples; repeats count once.
    seed : int
        Each year and season draws from its own stream of this seed, so adding a year changes no
        other year.
    fractions : Fractions
        Shares of the parts.

    Returns
    -------
    dict
        Part of every date.

    References
    ----------
    DeepSoil manuscript, 3.6.3.
    """
    groups: dict[tuple[int, str], list[dt.date]] = {}
    for date in sorted(set(dates)):
        groups.setdefault((date.year, season_of(date.month)), []).append(date)
    out: dict[dt.date, str] = {}
    for (year, season), members in groups.items():
        rng = stream(seed, year, SEASONS.index(season))
        out.update(_shuffled(members, fractions, rng))
    return dict(sorted(out.items()))


def blocked_dates(
    dates: Sequence[dt.date],
    seed: int,
    fractions: Fractions = Fractions(),
    block_days: int = 15,
    gap_days: int = 0,
) -> dict[dt.date, str]:
    """Whole blocks of neighbouring dates go to one part, shuffled within each season and year.

    Blocks are counted from 1970-01-01, so they do not depend on the samples; a block belongs to
    the calendar year and season of its first day.

    Parameters
    ----------
    dates : sequence of date
        Dates of the samples.
    seed : int
        As in `season_dates`.
    fractions : Fractions
        Shares of the parts, in blocks.
    block_days : int
        Length of a block [d].
    gap_days : int
        Training dates this near to a date of another part are left out [d].
    """
    if block_days < 1:
        raise RequestError(f"block_days {block_days} must be 1 or more.")
    groups: dict[tuple[int, str], dict[int, None]] = {}
    block_of = {date: day_number(date) // block_days for date in set(dates)}
    for _, block in sorted(block_of.items()):
        first = calendar_day(block * block_days)
        groups.setdefault((first.year, season_of(first.month)), {})[block] = None
    part_of_block: dict[int, str] = {}
    for (year, season), blocks in groups.items():
        rng = stream(seed, year, SEASONS.index(season), block_days)
        part_of_block.update(_shuffled(list(blocks), fractions, rng))
    out = {date: part_of_block[block] for date, block in sorted(block_of.items())}
    return _without_gap(out, gap_days)


def _without_gap(parts: dict[dt.date, str], gap_days: int) -> dict[dt.date, str]:
    held = [date for date, part in parts.items() if part != TRAIN]
    if gap_days < 1 or not held:
        return parts
    other = np.array(held, dtype="datetime64[D]").astype(np.int64)
    kept = {}
    for date, part in parts.items():
        day = int(np.datetime64(date, "D").astype(np.int64))
        if part != TRAIN or int(np.abs(other - day).min()) > gap_days:
            kept[date] = part
    return kept


def left_out(
    groups: Sequence[Hashable], seed: int, fractions: Fractions = Fractions()
) -> dict[Any, str]:
    """Whole stations, strata or tiles go to one part.

    Parameters
    ----------
    groups : sequence
        Station, stratum or tile of each sample; repeats count once.
    seed : int
        Decides the order.
    fractions : Fractions
        Shares of the parts, in groups; every part with a share gets one group at least, where
        there are enough.

    Returns
    -------
    dict
        Part of every group.
    """
    distinct = sorted(set(groups), key=lambda value: (str(type(value)), value))
    parts = _shuffled(distinct, fractions, stream(seed, len(distinct)))
    for part, share in zip(PARTS, _shares(fractions), strict=True):
        if share > 0 and part not in parts.values() and len(distinct) >= len(PARTS):
            largest = max(PARTS, key=lambda p: list(parts.values()).count(p))
            parts[next(g for g, p in parts.items() if p == largest)] = part
    return parts


def leave_one_out(groups: Sequence[Hashable]) -> list[Any]:
    """Folds of a leave-one-out evaluation: each group in turn is the test, in a fixed order."""
    return sorted(set(groups), key=lambda value: (str(type(value)), value))


def date_cut(
    dates: Sequence[dt.date],
    train_until: dt.date = dt.date(2024, 9, 30),
    test_until: dt.date | None = dt.date(2024, 12, 31),
    validation_days: int = 0,
) -> dict[dt.date, str]:
    """Everything up to a day trains, everything after it tests (the paper's APSIM track).

    Parameters
    ----------
    dates : sequence of date
        Dates of the samples.
    train_until : date
        Last day of training; the paper's is 30 September 2024.
    test_until : date or None
        Last day of testing; later dates are left out. The paper says 91 days for October to
        December 2024, which has 92.
    validation_days : int
        The last days of training that validate instead [d].
    """
    first_validation = train_until - dt.timedelta(days=validation_days - 1)
    out = {}
    for date in sorted(set(dates)):
        if date <= train_until:
            validates = validation_days > 0 and date >= first_validation
            out[date] = VALIDATION if validates else TRAIN
        elif test_until is None or date <= test_until:
            out[date] = TEST
    return out


def _shares(fractions: Fractions) -> tuple[float, float, float]:
    return fractions.train, fractions.validation, fractions.test


def _shuffled(
    members: Sequence[Any], fractions: Fractions, rng: np.random.Generator
) -> dict[Any, str]:
    n = len(members)
    order = rng.permutation(n)
    first = round(fractions.train * n)
    second = round((fractions.train + fractions.validation) * n)
    parts = [TRAIN] * first + [VALIDATION] * (second - first) + [TEST] * (n - second)
    return {members[i]: part for i, part in zip(order.tolist(), parts, strict=True)}


CUT = Fractions(0.5, 0.0, 0.5)  # parts a date cut has; their sizes follow from the dates


def require_parts(parts: dict[Any, str], fractions: Fractions, column: str) -> None:
    """Refuse a split in which a part with a share got nothing.

    Raises
    ------
    RequestError
        With what each part got, and what would mend it.
    """
    got = {name: list(parts.values()).count(name) for name in PARTS}
    empty = [n for n, share in zip(PARTS, _shares(fractions), strict=True) if share and not got[n]]
    if empty:
        counts = ", ".join(f"{name} {count}" for name, count in got.items())
        raise RequestError(
            f"{len(parts)} values of {column} are too few for the parts asked for ({counts}): "
            f"{' and '.join(empty)} would be empty. Give it a share of 0, or split by another kind."
        )


def assign(samples: pl.DataFrame, column: str, parts: dict[Any, str]) -> pl.Series:
    """Part of every sample by one of its columns; null where it is left out."""
    keys = pl.DataFrame({column: list(parts), "part": list(parts.values())}).with_columns(
        pl.col(column).cast(samples.schema[column])
    )
    return samples.select(column).join(keys, on=column, how="left", maintain_order="left")["part"]


def part_mask(part: pl.Series, name: str) -> AnyArray:
    """Which samples belong to a part."""
    return np.asarray((part == name).fill_null(value=False).to_numpy())
