"""The counter that threads draw their columns from."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from rootzone._shared.arrays import IntArray
from rootzone._shared.jit import kernel, parallel_kernel, prange
from rootzone.engines.swim.lanes import take_next

pytestmark = pytest.mark.kernels


@kernel
def take_three(counter: IntArray) -> tuple[int, int, int]:
    return take_next(counter), take_next(counter), take_next(counter)


@parallel_kernel
def visit_all(counter: IntArray, visits: IntArray, n_lane: int) -> None:
    for _lane in prange(n_lane):
        c = take_next(counter)
        while c < visits.shape[0]:
            visits[c] += 1
            c = take_next(counter)


def test_the_counter_gives_one_number_after_the_other() -> None:
    counter = np.array([5])
    assert take_three(counter) == (5, 6, 7)
    assert counter.tolist() == [8]


def test_every_column_is_taken_exactly_once_whatever_the_threads() -> None:
    for n_lane in range(1, int(numba.config.NUMBA_NUM_THREADS) + 1):
        visits = np.zeros(5_000, dtype=np.int64)
        visit_all(np.zeros(1, dtype=np.int64), visits, n_lane)
        assert visits.min() == visits.max() == 1
