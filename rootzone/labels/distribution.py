"""How a table of water contents is distributed, from one pass in bounded memory.

Counts and weights are kept in bins of 5e-5 m3 m-3 from 0 to 1, so every percentile is right to
that much; rows, mean, standard deviation, minimum and maximum are exact. Two sources compare by
the L1 distance of their histograms in coarser, stated bins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray, IntArray
from rootzone._shared.errors import RequestError
from rootzone._shared.jit import kernel

N_BINS = 20_000
RESOLUTION = 1.0 / N_BINS  # [m3 m-3]
PERCENTILES = (1.0, 5.0, 25.0, 50.0, 75.0, 95.0, 99.0)
_NUDGE = 1e-3  # of a bin: more than single precision loses, less than any reading resolves
L1_BIN_WIDTH = 0.01  # [m3 m-3], the default of histogram_l1

# Positions in the running sums.
_N, _BELOW, _ABOVE, _NOT_FINITE = range(4)
_MIN, _MAX, _MEAN, _M2, _W, _WMEAN, _WM2 = range(7)


@kernel
def _add_values(
    theta: AnyArray,
    weight: AnyArray,
    counts: IntArray,
    weights: FloatArray,
    tallies: IntArray,
    moments: FloatArray,
) -> None:
    """Add a batch; means and squares are taken about the first value, so no digits are lost."""
    n = 0
    shift = 0.0
    total = 0.0
    squares = 0.0
    w_sum = 0.0
    w_total = 0.0
    w_squares = 0.0
    uniform = weight.size == 1
    for i in range(theta.size):
        value = float(theta[i])
        if not np.isfinite(value):
            tallies[3] += 1
            continue
        w = float(weight[0]) if uniform else float(weight[i])
        if n == 0:
            shift = value
        n += 1
        delta = value - shift
        total += delta
        squares += delta * delta
        w_sum += w
        w_total += w * delta
        w_squares += w * delta * delta
        moments[0] = min(moments[0], value)
        moments[1] = max(moments[1], value)
        if value < 0.0:
            tallies[1] += 1
            b = 0
        elif value > 1.0:
            tallies[2] += 1
            b = counts.size - 1
        else:
            # 0.35 in single precision lies a hair below 0.35: both belong to one bin.
            b = min(int(value * counts.size + _NUDGE), counts.size - 1)
        counts[b] += 1
        weights[b] += w
    if n > 0:
        _merge_moments(moments, 2, 3, float(tallies[0]), float(n), shift, total, squares)
        if w_sum > 0.0:
            _merge_moments(moments, 5, 6, moments[4], w_sum, shift, w_total, w_squares)
            moments[4] += w_sum
        tallies[0] += n


@kernel
def _merge_moments(
    moments: FloatArray,
    mean_at: int,
    m2_at: int,
    have: float,
    more: float,
    shift: float,
    total: float,
    squares: float,
) -> None:
    """Join a batch's mean and sum of squares to the running ones (Chan, Golub, LeVeque 1979)."""
    mean = shift + total / more
    m2 = max(0.0, squares - total * total / more)
    gap = mean - moments[mean_at]
    both = have + more
    moments[mean_at] += gap * more / both
    moments[m2_at] += m2 + gap * gap * have * more / both


def _no_moments() -> FloatArray:
    moments = np.zeros(7)
    moments[_MIN], moments[_MAX] = np.inf, -np.inf
    return moments


@dataclass
class Distribution:
    """Running distribution of water contents [m3 m-3], unweighted and weighted."""

    counts: IntArray = field(default_factory=lambda: np.zeros(N_BINS, dtype=np.int64))
    weights: FloatArray = field(default_factory=lambda: np.zeros(N_BINS))
    tallies: IntArray = field(default_factory=lambda: np.zeros(4, dtype=np.int64))
    moments: FloatArray = field(default_factory=_no_moments)

    def add(self, theta: AnyArray, weight: AnyArray | None = None) -> None:
        """Add values.

        Parameters
        ----------
        theta : array, shape (row,)
            Water content [m3 m-3]. NaN and infinities are counted and left out; values below 0 or
            above 1 count in the outermost bins.
        weight : array, shape (row,), optional
            Weight of each value, such as the pixels its site stands for; 1 by default.
        """
        one = np.ones(1, dtype=np.float32)
        given = one if weight is None else np.ascontiguousarray(weight)
        values = np.ascontiguousarray(theta)
        _add_values(values, given, self.counts, self.weights, self.tallies, self.moments)

    def merge(self, other: Distribution) -> None:
        """Add another distribution, such as that of another thread."""
        if other.n:
            mine, theirs = self.moments, other.moments
            _merge_moments(
                mine, _MEAN, _M2, float(self.n), float(other.n), theirs[_MEAN], 0.0, theirs[_M2]
            )
            if theirs[_W] > 0:
                _merge_moments(
                    mine, _WMEAN, _WM2, mine[_W], theirs[_W], theirs[_WMEAN], 0.0, theirs[_WM2]
                )
                mine[_W] += theirs[_W]
            mine[_MIN] = min(mine[_MIN], theirs[_MIN])
            mine[_MAX] = max(mine[_MAX], theirs[_MAX])
        self.counts += other.counts
        self.weights += other.weights
        self.tallies += other.tallies

    @property
    def n(self) -> int:
        """Finite values seen."""
        return int(self.tallies[_N])

    def summary(self, *, weighted: bool = False) -> dict[str, float]:
        """The paper's Table 4 for this source, with names as its columns.

        Parameters
        ----------
        weighted : bool
            Mean, standard deviation and percentiles of the land rather than of the sample. Rows,
            minimum and maximum are the sample's in both.

        Returns
        -------
        dict
            rows, mean, sd (population), min, max [m3 m-3], p1 ... p99, and how many values were
            not finite, below 0 and above 1. NaN in place of figures where there are no values.
        """
        size = float(self.moments[_W]) if weighted else float(self.n)
        mean_at, m2_at = (_WMEAN, _WM2) if weighted else (_MEAN, _M2)
        empty = self.n == 0 or size <= 0
        nan = float("nan")
        out = {
            "rows": float(self.n),
            "mean": nan if empty else float(self.moments[mean_at]),
            "sd": nan if empty else float(np.sqrt(self.moments[m2_at] / size)),
            "min": nan if empty else float(self.moments[_MIN]),
            "max": nan if empty else float(self.moments[_MAX]),
        }
        for percent, value in zip(
            PERCENTILES, self.percentiles(PERCENTILES, weighted=weighted), strict=True
        ):
            out[f"p{percent:g}"] = float(value)
        out["not_finite"] = float(self.tallies[_NOT_FINITE])
        out["below_0"] = float(self.tallies[_BELOW])
        out["above_1"] = float(self.tallies[_ABOVE])
        return out

    def percentiles(self, percents: Sequence[float], *, weighted: bool = False) -> FloatArray:
        """Percentiles [m3 m-3], right to the bin width; NaN where there are no values."""
        mass = self.weights if weighted else self.counts.astype(np.float64)
        cumulative = np.concatenate(([0.0], np.cumsum(mass)))
        if cumulative[-1] <= 0:
            return np.full(len(percents), np.nan)
        wanted = np.asarray(percents) / 100.0 * cumulative[-1]
        bins = np.clip(np.searchsorted(cumulative, wanted, side="left") - 1, 0, N_BINS - 1)
        inside = (wanted - cumulative[bins]) / np.where(mass[bins] > 0, mass[bins], 1.0)
        values = (bins + np.clip(inside, 0.0, 1.0)) * RESOLUTION
        return np.asarray(np.clip(values, self.moments[_MIN], self.moments[_MAX]))

    def histogram(self, bin_width: float = L1_BIN_WIDTH, *, weighted: bool = False) -> FloatArray:
        """Share of the values in bins from 0 to 1; the last bin holds what is above 1 as well.

        Parameters
        ----------
        bin_width : float
            Width [m3 m-3]; a whole multiple of 5e-5.

        Raises
        ------
        RequestError
            The width is no such multiple.
        """
        per_bin = round(bin_width * N_BINS)
        if per_bin < 1 or abs(per_bin - bin_width * N_BINS) > 1e-6:
            raise RequestError(
                f"bin width {bin_width:g} is not a whole multiple of {RESOLUTION:g} [m3 m-3]."
            )
        mass = self.weights if weighted else self.counts.astype(np.float64)
        padded = np.zeros(-(-N_BINS // per_bin) * per_bin)
        padded[:N_BINS] = mass
        coarse = padded.reshape(-1, per_bin).sum(axis=1)
        total = coarse.sum()
        return np.asarray(coarse / total if total > 0 else coarse)


def histogram_l1(
    one: Distribution,
    other: Distribution,
    bin_width: float = L1_BIN_WIDTH,
    *,
    weighted: bool = False,
) -> float:
    """L1 distance of two normalised histograms: 0 for the same, 2 for no overlap at all.

    Parameters
    ----------
    one, other : Distribution
        The two sources.
    bin_width : float
        Width of the bins from 0 to 1 [m3 m-3]. The distance grows as bins narrow, and the paper
        does not state its own.
    weighted : bool
        Weighted histograms.

    Returns
    -------
    float
        Sum of absolute differences, 0 to 2 [-]; NaN where a source is empty.
    """
    if one.n == 0 or other.n == 0:
        return float("nan")
    difference = one.histogram(bin_width, weighted=weighted) - other.histogram(
        bin_width, weighted=weighted
    )
    return float(np.abs(difference).sum())
