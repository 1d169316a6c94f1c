"""The order in which the samples of one source are seen."""

from __future__ import annotations

import numpy as np

from rootzone._shared.arrays import IntArray
from rootzone._shared.errors import RequestError
from rootzone._shared.seeds import stream


class SampleOrder:
    """Shuffled passes over the samples, cut into batches of one size.

    Each pass is a permutation of its own, decided by the seed and the number of the pass alone; a
    batch that reaches the end of a pass goes on with the next one. So every sample is seen once
    before any is seen again, and two numbers say where the order stands.

    Parameters
    ----------
    n : int
        Samples.
    batch_size : int
        Samples of a batch; all of them where there are fewer.
    seed : int
        Seed of the permutations.
    source : int
        Number of the source, so that two sources of one seed are shuffled differently.

    Raises
    ------
    RequestError
        There are no samples, or the batch is smaller than one.
    """

    def __init__(self, n: int, batch_size: int, seed: int, source: int = 0) -> None:
        if n < 1 or batch_size < 1:
            raise RequestError(f"{n} samples in batches of {batch_size}: both must be 1 or more.")
        self._n = n
        self._size = min(batch_size, n)
        self._key = (seed, source)
        self._position = 0  # samples handed out since the start
        self._pass = -1
        self._order = np.empty(0, dtype=np.int64)

    def next(self) -> IntArray:
        """Indices of the next batch, shape (batch_size,)."""
        out = np.empty(self._size, dtype=np.int64)
        filled = 0
        while filled < self._size:
            number, start = divmod(self._position, self._n)
            piece = self._permutation(number)[start : start + self._size - filled]
            out[filled : filled + piece.size] = piece
            filled += piece.size
            self._position += piece.size
        return out

    def _permutation(self, number: int) -> IntArray:
        if number != self._pass:
            self._order = stream(*self._key, number).permutation(self._n)
            self._pass = number
        return self._order

    def state(self) -> int:
        """Samples handed out so far; with the seed it decides what comes."""
        return self._position

    def restore(self, state: int) -> None:
        """Go on where `state` was taken."""
        self._position = state
