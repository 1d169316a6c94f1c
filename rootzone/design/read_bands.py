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
    def _layout(self) -> tuple[np.dtype[np.void], int]:
        """Type of a record and where the first one stands in a file; the same in all bands."""
        first = np.lib.format.open_memmap(self.paths[0], mode="r")
        return first.dtype, int(first.offset)

    def _read(self, band: int, group: int) -> AnyArray:
        """Candidates of a group in one band; read, not mapped, so that memory stays bounded."""
        dtype, header = self._layout
        start = int(self.starts[band, group])
        return np.fromfile(
            self.paths[band],
            dtype=dtype,
            count=int(self.counts[band, group]),
            offset=header + start * dtype.itemsize,
        )

    def group(self, group: int) -> AnyArray:
        """All candidates of a group in row-major order."""
        bands = np.flatnonzero(self.counts[:, group])
        parts = [self._read(int(band), group) for band in bands]
        return np.concatenate(parts) if parts else np.empty(0, dtype=self._layout[0])

    def pick(self, group: int, positions: IntArray) -> AnyArray:
        """The candidates at some positions of a group, in the order of the positions."""
        ends = np.cumsum(self.counts[:, group])
        band_of = np.searchsorted(ends, positions, side="right")
        out = np.empty(len(positions), dtype=self._layout[0])
        for band in np.unique(band_of):
            here = band_of == band
            first = ends[band] - self.counts[band, group]
            out[here] = self._read(int(band), group)[positions[here] - first]
        return out
