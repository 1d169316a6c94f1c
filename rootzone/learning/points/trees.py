"""Point models in two parts: the level of a place, and the ups and downs about it.

With some seventy places the level of a new one (its mean water content) can only be guessed from
climate, by a few numbers and a ridge. The ups and downs have hundreds of thousands of days to learn
from, by trees or by a network over days. One model for both would use the climate of a place to
recognise the place, and do worse at a new one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray, FloatArray
from rootzone._shared.seeds import stream
from rootzone.learning.points.samples import LEVEL_ONLY, MEASURED_SOIL, PointStation, PointTable

RIDGES = (1.0, 3.0, 10.0, 30.0, 100.0)
LEVEL_COLUMNS = (
    "rain_per_year_mm",
    "pet_per_year_mm",
    "tmean_year_degc",
    "tmean_seasonality_degc",
    "warm_rain_share",
)


@dataclass(frozen=True)
class TreeSettings:
    """LightGBM's settings; chosen once, not on the stations that are scored.

    Parameters
    ----------
    rounds : int
        Trees.
    thin_days : int
        Every how manieth day trains; neighbouring days say nearly the same.
    parameters : dict
        As LightGBM names them.
    """

    rounds: int = 200
    thin_days: int = 3
    parameters: dict[str, Any] = field(
        default_factory=lambda: {
            "objective": "regression",
            "num_leaves": 15,
            "learning_rate": 0.05,
            "min_data_in_leaf": 200,
            "feature_fraction": 0.5,
            "bagging_fraction": 0.5,
            "bagging_freq": 1,
            "lambda_l2": 10.0,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": 1,
            "verbose": -1,
        }
    )


def place_means(theta: Sequence[FloatArray]) -> FloatArray:
    """Mean of each place's known values [m3 m-3]; NaN where there are none."""
    return np.array([np.nanmean(one) if np.isfinite(one).any() else np.nan for one in theta])


def place_traits(stations: Sequence[PointStation]) -> FloatArray:
    """What the level of a place is guessed from, shape (place, trait).

    Its climate, the logarithm of rain over pet, and the mean of the assumed loam under its own
    weather over the whole record. Where soils were measured also these, as departures from what the
    others have on average: sand, clay and bulk density by depth and the mean under its own weather,
    0 where not known, and whether any is.
    """
    rows = []
    for one in stations:
        climate = [float(one.columns[name][0]) for name in LEVEL_COLUMNS]
        wetness = np.log(max(climate[0], 1.0) / max(climate[1], 1.0))
        rows.append([*climate, wetness, float(np.nanmean(one.simulated["loam"]))])
    traits = np.array(rows)
    named = {name for one in stations for name in one.soil}
    names = sorted(name for name in named if name.startswith(LEVEL_ONLY))
    soil = np.array([[one.soil.get(name, np.nan) for name in names] for one in stations])
    simulated = np.array(
        [
            np.nanmean(one.simulated[MEASURED_SOIL]) if MEASURED_SOIL in one.simulated else np.nan
            for one in stations
        ]
    )
    columns = np.column_stack([soil, simulated, simulated - traits[:, -1]])
    columns = columns[:, np.isfinite(columns).any(axis=0)]
    if not columns.shape[1]:
        return traits
    known = np.isfinite(columns).any(axis=1)
    departures = columns - np.nanmean(columns, axis=0)
    return np.column_stack([traits, np.nan_to_num(departures), known])


def ridge_level(
    traits: FloatArray, mean: FloatArray, train: BoolArray, ridges: Sequence[float] = RIDGES
) -> FloatArray:
    r"""Level of every place from its traits, by a ridge fitted to training places.

    The penalty is the one with the least leave-one-out error among the training places, by the
    closed form :math:`e_i = (y_i - \hat y_i) / (1 - h_{ii})`.

    Parameters
    ----------
    traits : array, shape (place, trait)
        As `place_traits` gives.
    mean : array, shape (place,)
        Mean water content; only training places are looked at [m3 m-3].
    train : array of bool, shape (place,)
        Training places; those without a mean do not count.
    ridges : sequence of float
        Penalties tried, on standardised traits.

    Returns
    -------
    array, shape (place,)
        Level [m3 m-3]; the mean of the training places where there are fewer than three.
    """
    used = train & np.isfinite(mean)
    centre = float(mean[used].mean())
    if used.sum() < 3:
        return np.full(len(mean), centre)
    spread = traits[used].std(axis=0)
    x = (traits - traits[used].mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    a, y = x[used], mean[used] - centre
    best, least = np.zeros(a.shape[1]), np.inf
    for ridge in ridges:
        solve = np.linalg.solve(a.T @ a + ridge * np.eye(a.shape[1]), a.T)
        weights = solve @ y
        leverage = np.einsum("ij,ji->i", a, solve) + 1.0 / len(y)  # the mean takes 1/n as well
        error = float(np.mean(((y - a @ weights) / (1.0 - leverage)) ** 2))
        if error < least:
            best, least = weights, error
    return np.asarray(centre + x @ best)


def tree_anomalies(
    table: PointTable,
    anomaly: FloatArray,
    train: BoolArray,
    wanted: BoolArray,
    settings: TreeSettings,
    seed: int,
) -> FloatArray:
    """Departures from the level by LightGBM.

    Parameters
    ----------
    table : PointTable
        All samples.
    anomaly : array, shape (sample,)
        Observed minus the level; only training samples are looked at [m3 m-3].
    train, wanted : array of bool, shape (sample,)
        Samples to fit, and to predict.
    settings : TreeSettings
        Size.
    seed : int
        Of LightGBM's own draws.

    Returns
    -------
    array, shape (sample,)
        Prediction [m3 m-3]; NaN where not wanted.
    """
    import lightgbm

    rows = np.flatnonzero(train & np.isfinite(anomaly))[:: settings.thin_days]
    data = lightgbm.Dataset(table.x[rows], anomaly[rows])
    parameters = {**settings.parameters, "seed": seed}
    booster = lightgbm.train(parameters, data, settings.rounds)
    out = np.full(len(anomaly), np.nan)
    out[wanted] = np.asarray(booster.predict(table.x[wanted]))
    return out


def folds_of(n_place: int, n_fold: int, seed: int) -> AnyArray:
    """Fold of each place, sizes as equal as can be, by a shuffle of the places.

    Examples
    --------
    >>> sorted(folds_of(5, 2, seed=1).tolist())
    [0, 0, 0, 1, 1]
    """
    fold = np.empty(n_place, dtype=np.int64)
    fold[stream(seed).permutation(n_place)] = np.arange(n_place) % n_fold
    return fold
