"""Problems found in the rows of a table, gathered into one failure a site (or weather cell)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from rootzone._shared.arrays import BoolArray, IntArray
from rootzone.engines.failures import FailureClass


@dataclass(frozen=True)
class Rule:
    """One check over all rows.

    Parameters
    ----------
    failure_class : FailureClass
        What a row that breaks it is called.
    column : str
        Column it looks at.
    broken : array of bool, shape (row,)
        Rows that break it.
    say : callable
        From a row to a sentence: the value seen, why it is wrong, how to mend it.
    """

    failure_class: FailureClass
    column: str
    broken: BoolArray
    say: Callable[[int], str]


@dataclass(frozen=True)
class Finding:
    """The first problem of an owner (a site or a cell), and how many there are."""

    owner: int
    row: int
    rule: Rule
    count: int


def first_findings(rules: Sequence[Rule], owner_of_row: IntArray) -> list[Finding]:
    """One finding for each owner that broke any rule, owners ascending.

    The finding told is the one of the earliest rule; within it, of the earliest row.

    Parameters
    ----------
    rules : sequence of Rule
        In the order in which they should be told.
    owner_of_row : array of int, shape (row,)
        Site or cell of each row; rows with a negative owner are left out.
    """
    rows, numbers = [], []
    for i, rule in enumerate(rules):
        broken = np.flatnonzero(rule.broken & (owner_of_row >= 0))
        rows.append(broken)
        numbers.append(np.full(broken.size, i))
    if not rows:
        return []
    row = np.concatenate(rows)
    if row.size == 0:
        return []
    number = np.concatenate(numbers)
    owner = owner_of_row[row]
    order = np.lexsort((row, number, owner))
    owners, first, counts = np.unique(owner[order], return_index=True, return_counts=True)
    chosen = order[first]
    return [
        Finding(int(o), int(row[c]), rules[int(number[c])], int(n))
        for o, c, n in zip(owners, chosen, counts, strict=True)
    ]
