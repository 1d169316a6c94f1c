"""How well the sites represent the land, feature by feature and stratum by stratum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray, IntArray
from rootzone.design.features import STORED, Moments


@dataclass(frozen=True)
class Balance:
    """One covariate, sites against land.

    Parameters
    ----------
    name, unit : str
        The covariate.
    land_mean, land_sd : float
        Over all candidates.
    site_mean : float
        Over the sites, each as often as its weight.
    smd, smd_unweighted : float
        Standardized mean difference [land standard deviations], with and without weights; NaN
        where the land does not vary.
    ks, ks_unweighted : float
        Largest difference of the two cumulative distributions [0..1], with and without weights.
    """

    name: str
    unit: str
    land_mean: float
    land_sd: float
    site_mean: float
    smd: float
    smd_unweighted: float
    ks: float
    ks_unweighted: float


def balance_of(
    q: AnyArray, weight: FloatArray, land: Moments, histograms: IntArray
) -> tuple[Balance, ...]:
    """Balance of every stored feature.

    Parameters
    ----------
    q : array of uint16, shape (site, stored feature)
        The sites.
    weight : array, shape (site,)
        Pixels each stands for.
    land : Moments
        Of all candidates.
    histograms : array of int, shape (stored feature, 65536)
        Candidates per whole number.
    """
    means, sds = land.mean(), land.sd()
    out = []
    for i, feature in enumerate(STORED):
        values = q[:, i]
        weighted = float(np.average(values, weights=weight))
        spread = float(sds[i]) if sds[i] > 0 else float("nan")
        out.append(
            Balance(
                name=feature.name,
                unit=feature.unit,
                land_mean=feature.offset + feature.step * float(means[i]),
                land_sd=feature.step * float(sds[i]),
                site_mean=feature.offset + feature.step * weighted,
                smd=(weighted - float(means[i])) / spread,
                smd_unweighted=(float(values.mean()) - float(means[i])) / spread,
                ks=ks_distance(values, weight, histograms[i]),
                ks_unweighted=ks_distance(values, np.ones(len(values)), histograms[i]),
            )
        )
    return tuple(out)


def ks_distance(values: AnyArray, weight: FloatArray, land_counts: IntArray) -> float:
    """Kolmogorov-Smirnov distance between weighted whole numbers and a histogram of the land.

    Parameters
    ----------
    values : array of int, shape (site,)
        Whole numbers, indices into the histogram.
    weight : array, shape (site,)
        Weights, not all 0.
    land_counts : array of int, shape (value,)
        Pixels of each whole number.

    Examples
    --------
    Half the land is 0 and half is 1, all sites are 0: the distributions differ by one half.

    >>> ks_distance(np.array([0, 0]), np.ones(2), np.array([5, 5]))
    0.5
    """
    sites = np.bincount(values, weights=weight, minlength=len(land_counts))
    gap = np.cumsum(sites) / weight.sum() - np.cumsum(land_counts) / land_counts.sum()
    return float(np.abs(gap).max())
