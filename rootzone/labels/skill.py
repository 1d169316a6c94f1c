"""How well a simulated or predicted series fits an observed one, and medians with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rootzone._shared.arrays import FloatArray

LEAST_PAIRS = 30  # fewer say nothing; every figure is NaN then
METRICS = ("r", "ubrmse", "bias", "mae", "rmse")


@dataclass(frozen=True)
class Skill:
    """Figures of one comparison.

    Parameters
    ----------
    n : int
        Pairs of finite values.
    r : float
        Pearson correlation [-]; NaN where one of the two is constant.
    ubrmse, bias, mae, rmse : float
        Unbiased RMSE, mean of simulated minus observed, mean absolute error and RMSE [m3 m-3].
    """

    n: int
    r: float
    ubrmse: float
    bias: float
    mae: float
    rmse: float


def skill_of(simulated: FloatArray, observed: FloatArray, least_pairs: int = LEAST_PAIRS) -> Skill:
    r"""Figures over the pairs of which both are known.

    .. math:: ubRMSE = \sqrt{RMSE^2 - bias^2}

    Parameters
    ----------
    simulated, observed : array, shape (day,)
        Water content [m3 m-3], NaN where unknown.
    least_pairs : int
        With fewer pairs every figure is NaN.
    """
    both = np.isfinite(simulated) & np.isfinite(observed)
    n = int(np.count_nonzero(both))
    nan = float("nan")
    if n < least_pairs:
        return Skill(n, nan, nan, nan, nan, nan)
    p, o = simulated[both], observed[both]
    error = p - o
    bias = float(error.mean())
    rmse = float(np.sqrt(np.mean(error**2)))
    spread = float(np.std(p) * np.std(o))
    flat = spread <= 1e-12
    r = nan if flat else float(np.mean((p - p.mean()) * (o - o.mean())) / spread)
    return Skill(n, r, float(np.std(error)), bias, float(np.mean(np.abs(error))), rmse)


def median_interval(
    values: Sequence[float] | FloatArray,
    rng: np.random.Generator,
    *,
    repeats: int = 2000,
    confidence: float = 0.95,
) -> tuple[float, float, float]:
    """Median and its bootstrap interval over stations (percentile method).

    Stations are drawn with replacement, since they, not their days, are the independent samples.

    Returns
    -------
    median, low, high : float
        NaN where there are no finite values; the interval is NaN with fewer than three.
    """
    finite = np.asarray(values, dtype=np.float64)
    finite = finite[np.isfinite(finite)]
    nan = float("nan")
    if not finite.size:
        return nan, nan, nan
    median = float(np.median(finite))
    if finite.size < 3:
        return median, nan, nan
    drawn = rng.choice(finite, size=(repeats, finite.size), replace=True)
    tail = 0.5 * (1.0 - confidence)
    low, high = np.quantile(np.median(drawn, axis=1), [tail, 1.0 - tail])
    return median, float(low), float(high)


def as_row(skill: Skill) -> Mapping[str, float]:
    """The figures by name."""
    return {"n": float(skill.n), **{name: getattr(skill, name) for name in METRICS}}
