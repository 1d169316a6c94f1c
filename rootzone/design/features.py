"""The features sites are spread over: how they are stored small, and how distance is measured.

A candidate is 16 bytes: its pixel number and six whole numbers. Sums of whole numbers do not
depend on their order, so means, spreads and centroids are the same however the land was cut into
windows or shared among workers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rootzone._shared.arrays import AnyArray, Float32Array, FloatArray
from rootzone.design.kernels import fill_space
from rootzone.design.settings import FeatureWeights

MISSING_CELL = 65535


@dataclass(frozen=True)
class Stored:
    """A feature as it is kept: ``value = offset + step * whole number``.

    Parameters
    ----------
    name : str
        Name, with its unit.
    unit : str
        Unit.
    step, offset : float
        Resolution and lowest value, in that unit.
    """

    name: str
    unit: str
    step: float
    offset: float

    @property
    def highest(self) -> float:
        """Largest value that can be kept."""
        return self.offset + self.step * 65535

    def pack(self, values: AnyArray) -> AnyArray:
        """Whole numbers nearest the values, which must lie in range."""
        return np.asarray(np.rint((values - self.offset) / self.step), dtype=np.uint16)

    def unpack(self, whole: AnyArray) -> FloatArray:
        """Values from their whole numbers."""
        return np.round(self.offset + self.step * whole.astype(np.float64), 6)


# Steps are far below what the sources resolve: POLARIS textures and a 30 m elevation model.
STORED = (
    Stored("sand_pct", "%", 0.01, 0.0),
    Stored("silt_pct", "%", 0.01, 0.0),
    Stored("clay_pct", "%", 0.01, 0.0),
    Stored("elevation_m", "m", 0.2, -500.0),
    Stored("weather_row", "-", 1.0, 0.0),
    Stored("weather_col", "-", 1.0, 0.0),
)
STORED_NAMES = tuple(feature.name for feature in STORED)
SPACE_NAMES = (*STORED_NAMES, "cell_id")
_ROW, _COL = STORED_NAMES.index("weather_row"), STORED_NAMES.index("weather_col")


def record_dtype(pixels: int) -> np.dtype[np.void]:
    """Type of one stored candidate on a grid of so many pixels; ``q`` holds the whole numbers."""
    number = np.uint32 if pixels <= 2**32 else np.uint64
    return np.dtype([("pixel", number), ("q", np.uint16, (len(STORED),))])


@dataclass(frozen=True)
class Moments:
    """Count, sums and sums of squares of the whole numbers of many candidates, exact.

    Parameters
    ----------
    count : int
        Candidates.
    sums, squares : tuple of int, one per stored feature
        Sums of values and of their squares.
    row_times_col : int
        Sum of weather row times weather column.
    """

    count: int = 0
    sums: tuple[int, ...] = (0,) * len(STORED)
    squares: tuple[int, ...] = (0,) * len(STORED)
    row_times_col: int = 0

    @classmethod
    def of(cls, q: AnyArray) -> Moments:
        """Moments of stored candidates, shape (candidate, stored feature)."""
        wide = q.astype(np.int64)
        return cls(
            count=len(wide),
            sums=tuple(int(s) for s in wide.sum(axis=0)),
            squares=tuple(int(s) for s in np.einsum("ij,ij->j", wide, wide)),
            row_times_col=int(np.dot(wide[:, _ROW], wide[:, _COL])),
        )

    def __add__(self, other: Moments) -> Moments:
        return Moments(
            self.count + other.count,
            tuple(a + b for a, b in zip(self.sums, other.sums, strict=True)),
            tuple(a + b for a, b in zip(self.squares, other.squares, strict=True)),
            self.row_times_col + other.row_times_col,
        )

    def mean(self) -> FloatArray:
        """Means of the whole numbers, shape (stored feature,)."""
        return np.array([total / self.count for total in self.sums])

    def sd(self) -> FloatArray:
        """Standard deviations of the whole numbers, shape (stored feature,); divisor n."""
        n = self.count
        return np.array(
            [(n * sq - s * s) ** 0.5 / n for s, sq in zip(self.sums, self.squares, strict=True)]
        )

    def cell_id(self, cells_across: int) -> tuple[float, float]:
        """Mean and standard deviation of the weather cell's number, row * cells_across + col."""
        n, a = self.count, cells_across
        total = a * self.sums[_ROW] + self.sums[_COL]
        square = a * a * self.squares[_ROW] + 2 * a * self.row_times_col + self.squares[_COL]
        return total / n, float((n * square - total * total) ** 0.5 / n)


@dataclass(frozen=True)
class Space:
    """Feature space: every feature minus its mean over the land, over its spread, times a weight.

    Parameters
    ----------
    centre, factor : tuple of float, shape (7,)
        Subtracted from, then multiplied with, the whole numbers and the cell's number.
    cells_across : int
        Columns of the weather grid.
    """

    centre: tuple[float, ...]
    factor: tuple[float, ...]
    cells_across: int

    @classmethod
    def of_land(cls, land: Moments, weights: FeatureWeights, cells_across: int) -> Space:
        """The space standardised over all candidates; a feature without spread counts nothing."""
        id_mean, id_sd = land.cell_id(cells_across)
        centre = (*land.mean().tolist(), id_mean)
        spread = (*land.sd().tolist(), id_sd)
        weight = [getattr(weights, name) for name in SPACE_NAMES]
        factor = [w / s if s > 0 else 0.0 for w, s in zip(weight, spread, strict=True)]
        return cls(tuple(centre), tuple(factor), cells_across)

    def place(self, q: AnyArray) -> Float32Array:
        """Positions of stored candidates, shape (candidate, 7), standardised, float32."""
        out = np.empty((len(q), len(SPACE_NAMES)), dtype=np.float32)
        fill_space(q, np.array(self.centre), np.array(self.factor), self.cells_across, out)
        return out

    def variance(self, moments: Moments) -> float:
        """Mean squared distance of candidates from their own centre, in this space."""
        spread = np.array([*moments.sd(), moments.cell_id(self.cells_across)[1]])
        return float(np.sum((spread * np.array(self.factor)) ** 2))


def values_of(q: AnyArray) -> Mapping[str, FloatArray]:
    """Values in their own units of stored candidates, by name."""
    return {feature.name: feature.unpack(q[:, i]) for i, feature in enumerate(STORED)}


def cell_ids(q: AnyArray, cells_across: int) -> AnyArray:
    """Number of the weather cell of stored candidates: row * cells_across + column."""
    return q[:, _ROW].astype(np.int64) * cells_across + q[:, _COL].astype(np.int64)
