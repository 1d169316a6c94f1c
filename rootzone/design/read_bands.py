"""Candidates read back from the bands of a survey: whole groups, or single candidates of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from rootzone._shared.arrays import AnyArray, IntArray
from rootzone.design.write_bands import starts_path


@dataclass(frozen=True)
class Store:
    """The bands of a survey, in order from the top.

    Parameters
    ----------
    paths : sequence of Path
        Files of the bands.
    """

    paths: Sequence[Path]

    @cached_property
    def starts(self) -> IntArray:
        """Where each group starts in each band, shape (band, group + 1)."""
        return np.stack([np.load(starts_path(path)) for path in self.paths])

    @cached_property
    def counts(self) -> IntArray:
        """Candidates of each group in each band, shape (band, group)."""
        return np.diff(self.starts, axis=1)

    @cached_property
    def sizes(self) -> IntArray:
        """Candidates of each group, shape (group,)."""
        return np.asarray(self.counts.sum(axis=0))

    @cached_property
    def _bands(self) -> list[AnyArray]:
        return [np.load(path, mmap_mode="r") for path in self.paths]

    def group(self, group: int) -> AnyArray:
        """All candidates of a group in row-major order."""
        parts = [
            band[self.starts[i, group] : self.starts[i, group + 1]]
            for i, band in enumerate(self._bands)
            if self.counts[i, group]
        ]
        return np.concatenate(parts) if parts else np.empty(0, dtype=self._bands[0].dtype)

    def pick(self, group: int, positions: IntArray) -> AnyArray:
        """The candidates at some positions of a group, in the order of the positions."""
        ends = np.cumsum(self.counts[:, group])
        band_of = np.searchsorted(ends, positions, side="right")
        out = np.empty(len(positions), dtype=self._bands[0].dtype)
        for i in np.unique(band_of):
            here = band_of == i
            first = self.starts[i, group] - (ends[i] - self.counts[i, group])
            out[here] = self._bands[i][positions[here] + first]
        return out
