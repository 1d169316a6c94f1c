"""Identical columns: found by content, computed once, painted back wherever they occur."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rootzone._shared.arrays import FloatArray, IntArray
from rootzone.engines.swim.batch import ColumnResults, Columns

# Room for results that a later chunk will need again [bytes]. When it is full, a twin is computed
# once more, to the same bits.
STORE_BYTES = 512 * 1024 * 1024
_KEY_BYTES = 16


@dataclass(frozen=True)
class ColumnResult:
    """One column's results.

    Parameters
    ----------
    theta : array, shape (day * layer,)
        Water content [m3 m-3].
    daily : array, shape (day, N_DAILY)
        Daily sums and states.
    report : array of int, shape (N_REPORT,)
        Status, verdict, day, layer and repairs.
    value : float
        Worst daily balance error [mm], or the value that failed.
    """

    theta: FloatArray
    daily: FloatArray
    report: IntArray
    value: float

    def copy(self) -> ColumnResult:
        """The same numbers in memory of their own."""
        return ColumnResult(
            self.theta.copy(), self.daily.copy(), self.report.copy(), float(self.value)
        )


def column_keys(columns: Columns) -> list[bytes]:
    """For each column a key that is equal where soil, start and weather are equal to the bit.

    The key is a 128-bit digest: two different columns among 1e9 share one with a chance of 1e-21.
    """
    table = np.column_stack((columns.layers, columns.theta_initial))
    raw = memoryview(table.tobytes())
    starts = (columns.layer_start * table.shape[1] * table.itemsize).tolist()
    cells = np.ascontiguousarray(columns.cell, dtype=np.int64)
    keys = []
    for i in range(columns.n_column):
        state = hashlib.blake2b(raw[starts[i] : starts[i + 1]], digest_size=_KEY_BYTES)
        state.update(cells[i].tobytes())
        keys.append(state.digest())
    return keys


def twin_cells(weather: FloatArray, day_start: IntArray) -> IntArray:
    """For each cell the first one with the same weather, day by day and to the bit."""
    seen: dict[bytes, int] = {}
    twins = np.empty(len(day_start) - 1, dtype=np.int64)
    for i in range(len(twins)):
        days = np.ascontiguousarray(weather[day_start[i] : day_start[i + 1]])
        key = hashlib.blake2b(days.tobytes(), digest_size=_KEY_BYTES).digest()
        twins[i] = seen.setdefault(key, i)
    return twins


class TwinStore:
    """Results that a later site will need again.

    Parameters
    ----------
    keys : list of bytes
        Key of every site, in the order in which sites will be asked for.
    store_bytes : int
        Room for results kept.
    """

    def __init__(self, keys: list[bytes], store_bytes: int = STORE_BYTES) -> None:
        self._keys = keys
        self._to_come = Counter(keys)
        self._kept: dict[bytes, ColumnResult] = {}
        self._room = store_bytes

    def missing(self, sites: IntArray) -> IntArray:
        """First sites of those keys that nothing is kept for."""
        chosen: dict[bytes, int] = {}
        for site in sites.tolist():
            key = self._keys[site]
            if key not in self._kept:
                chosen.setdefault(key, site)
        return np.array(list(chosen.values()), dtype=np.int64)

    def collect(
        self, sites: IntArray, computed: IntArray, results: Sequence[ColumnResult]
    ) -> list[ColumnResult]:
        """Results of all the sites, from those just computed and those kept.

        Parameters
        ----------
        sites : array of int, shape (site,)
            Sites wanted.
        computed : array of int, shape (column,)
            What ``missing`` gave for them.
        results : sequence of ColumnResult
            Results of ``computed``, in that order.
        """
        keys = [self._keys[site] for site in computed.tolist()]
        fresh = dict(zip(keys, results, strict=True))
        found = []
        for site in sites.tolist():
            key = self._keys[site]
            found.append(fresh[key] if key in fresh else self._kept[key])
            self._to_come[key] -= 1
        for site in sites.tolist():
            self._settle(self._keys[site], fresh)
        return found

    def _settle(self, key: bytes, fresh: dict[bytes, ColumnResult]) -> None:
        """Keep what is still needed and fits; let go of what is not."""
        if self._to_come[key] == 0:
            gone = self._kept.pop(key, None)
            if gone is not None:
                self._room += gone.theta.nbytes + gone.daily.nbytes
        elif key in fresh and key not in self._kept:
            size = fresh[key].theta.nbytes + fresh[key].daily.nbytes
            if size <= self._room:
                self._kept[key] = fresh[key].copy()
                self._room -= size


def result_at(results: ColumnResults, i: int) -> ColumnResult:
    """One column's part of the results of many."""
    return ColumnResult(
        results.theta[results.theta_start[i] : results.theta_start[i + 1]],
        results.daily[results.row_start[i] : results.row_start[i + 1]],
        results.report[i],
        float(results.value[i]),
    )
