"""How well a simulated or predicted series fits an observed one, and medians with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray

LEAST_PAIRS = 30  # fewer say nothing; every figure is NaN then
METRICS = ("r", "ubrmse", "bias", "mae", "rmse", "r2", "kge")
_FLAT = 1e-12  # product of two standard deviations below which one series counts as constant


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
    r2 : float
        Coefficient of determination, 1 - SSE/SST [-], not the square of ``r``: 0 for a model no
        better than the observed mean, negative for a worse one; NaN where observed is constant.
    kge : float
        Kling-Gupta efficiency [-]; NaN where one of the two is constant or observed averages 0.
    """

    n: int
    r: float
    ubrmse: float
    bias: float
    mae: float
    rmse: float
    r2: float
    kge: float


@dataclass(frozen=True)
class PairSums:
    """What the figures of many groups of pairs need, and no more: means, scatter, their sizes.

    Groups can be pooled, any number of times each, without going back to the pairs; a bootstrap
    over stations is then a matrix product.

    Parameters
    ----------
    n : array, shape (group,)
        Pairs.
    mean_p, mean_o : array, shape (group,)
        Means of predicted and observed [m3 m-3].
    square_p, square_o, product : array, shape (group,)
        Sums of squared deviations from these means, and of their products [m6 m-6].
    absolute : array, shape (group,)
        Sum of absolute errors [m3 m-3].
    """

    n: FloatArray
    mean_p: FloatArray
    mean_o: FloatArray
    square_p: FloatArray
    square_o: FloatArray
    product: FloatArray
    absolute: FloatArray

    @classmethod
    def of(cls, predicted: FloatArray, observed: FloatArray, group: AnyArray) -> PairSums:
        """Sums of each group.

        Parameters
        ----------
        predicted, observed : array, shape (pair,)
            Finite values [m3 m-3].
        group : array of int, shape (pair,)
            Group of each pair, 0 to the number of groups minus 1.
        """
        n = np.bincount(group).astype(np.float64)
        size = np.maximum(n, 1.0)

        def total(values: FloatArray) -> FloatArray:
            return np.asarray(np.bincount(group, values, minlength=len(n)))

        mean_p, mean_o = total(predicted) / size, total(observed) / size
        p, o = predicted - mean_p[group], observed - mean_o[group]
        absolute = total(np.abs(predicted - observed))
        return cls(n, mean_p, mean_o, total(p * p), total(o * o), total(p * o), absolute)

    def pooled(self, times: FloatArray) -> PairSums:
        """Groups taken together.

        Parameters
        ----------
        times : array, shape (pool, group)
            How often each group is taken into each pool.

        Returns
        -------
        PairSums
            One group a pool.
        """
        n = times @ self.n
        size = np.maximum(n, 1.0)
        mean_p, mean_o = (times @ (self.n * mean) / size for mean in (self.mean_p, self.mean_o))
        # Scatter about the pool's mean is that inside the groups and that of their means.
        off_p = self.mean_p[None, :] - mean_p[:, None]
        off_o = self.mean_o[None, :] - mean_o[:, None]
        weight = times * self.n[None, :]
        return PairSums(
            n,
            mean_p,
            mean_o,
            times @ self.square_p + (weight * off_p * off_p).sum(axis=1),
            times @ self.square_o + (weight * off_o * off_o).sum(axis=1),
            times @ self.product + (weight * off_p * off_o).sum(axis=1),
            times @ self.absolute,
        )

    def figures(self, least_pairs: int = LEAST_PAIRS) -> dict[str, FloatArray]:
        r"""All figures of each group by name; NaN with fewer pairs than asked for.

        .. math::
            ubRMSE^2 = RMSE^2 - bias^2, \quad R^2 = 1 - \frac{\sum (p-o)^2}{\sum (o-\bar o)^2},
            \quad KGE = 1 - \sqrt{(r-1)^2 + (\sigma_p/\sigma_o-1)^2 + (\bar p/\bar o-1)^2}

        References
        ----------
        Gupta et al. (2009), doi:10.1016/j.jhydrol.2009.08.003, for the KGE
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            var_p, var_o, cov = (s / self.n for s in (self.square_p, self.square_o, self.product))
            bias = self.mean_p - self.mean_o
            error_var = np.maximum(var_p + var_o - 2.0 * cov, 0.0)
            spread = np.sqrt(var_p * var_o)
            r = np.where(spread > _FLAT, cov / spread, np.nan)
            r2 = np.where(var_o > _FLAT, 1.0 - (error_var + bias**2) / var_o, np.nan)
            wetter = np.where(self.mean_o != 0.0, self.mean_p / self.mean_o, np.nan)
            apart = (r - 1.0) ** 2 + (np.sqrt(var_p / var_o) - 1.0) ** 2 + (wetter - 1.0) ** 2
            found = {
                "r": np.clip(r, -1.0, 1.0),
                "ubrmse": np.sqrt(error_var),
                "bias": bias,
                "mae": self.absolute / self.n,
                "rmse": np.sqrt(error_var + bias**2),
                "r2": r2,
                "kge": 1.0 - np.sqrt(apart),
            }
        few = self.n < max(least_pairs, 1)
        return {name: np.where(few, np.nan, values) for name, values in found.items()}


def skill_of(simulated: FloatArray, observed: FloatArray, least_pairs: int = LEAST_PAIRS) -> Skill:
    """Figures over the pairs of which both are known; `PairSums.figures` has the formulas.

    Parameters
    ----------
    simulated, observed : array, shape (day,)
        Water content [m3 m-3], NaN where unknown.
    least_pairs : int
        With fewer pairs every figure is NaN.
    """
    both = np.isfinite(simulated) & np.isfinite(observed)
    n = int(np.count_nonzero(both))
    if n == 0:
        return Skill(0, *(float("nan") for _ in METRICS))
    p, o = (np.asarray(values[both], dtype=np.float64) for values in (simulated, observed))
    found = PairSums.of(p, o, np.zeros(n, dtype=np.int64)).figures(least_pairs)
    return Skill(n, **{name: float(values[0]) for name, values in found.items()})


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


@dataclass(frozen=True)
class TripleCollocation:
    """Error variances of three series that see one truth.

    Parameters
    ----------
    n : int
        Days on which all three are known.
    variance : tuple of float
        Error variance of each [m6 m-6]; negative where the series' errors are not independent, or
        too few days make it so. It is kept as it came: clipped to 0 it would look like perfection.
    """

    n: int
    variance: tuple[float, float, float]

    @property
    def error_sd(self) -> tuple[float, float, float]:
        """Standard deviation of each error [m3 m-3]; NaN where the variance is negative."""
        x, y, z = (v**0.5 if v >= 0.0 else float("nan") for v in self.variance)
        return x, y, z

    @property
    def n_negative(self) -> int:
        """How many of the three variances are negative: 0 where the estimate can be used."""
        return sum(v < 0.0 for v in self.variance)


def triple_collocation(
    x: FloatArray, y: FloatArray, z: FloatArray, least_days: int = LEAST_PAIRS
) -> TripleCollocation:
    r"""Error variances of three series without a reference.

    .. math:: \sigma_x^2 = V_x - C_{xy} C_{xz} / C_{yz}

    and so on in a circle, each in the scale of its own series.

    Parameters
    ----------
    x, y, z : array, shape (day,)
        Water content [m3 m-3], NaN where unknown.
    least_days : int
        With fewer common days all are NaN.

    References
    ----------
    Stoffelen (1998), doi:10.1029/97JC03180; Gruber et al. (2016), doi:10.1016/j.jag.2015.09.002
    """
    both = np.isfinite(x) & np.isfinite(y) & np.isfinite(z)
    n, nan = int(both.sum()), float("nan")
    if n < max(least_days, 2):
        return TripleCollocation(n, (nan, nan, nan))
    c = np.cov(np.stack([x[both], y[both], z[both]]).astype(np.float64))
    with np.errstate(divide="ignore", invalid="ignore"):
        first = c[0, 0] - c[0, 1] * c[0, 2] / c[1, 2]
        second = c[1, 1] - c[0, 1] * c[1, 2] / c[0, 2]
        third = c[2, 2] - c[0, 2] * c[1, 2] / c[0, 1]
    return TripleCollocation(n, (float(first), float(second), float(third)))
