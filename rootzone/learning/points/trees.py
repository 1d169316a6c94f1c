"""Ups and downs of a place about its level by trees.

They have hundreds of thousands of days to learn from, where the level has some seventy places
(``levels.py``). One model for both would use the climate of a place to recognise the place, and do
worse at a new one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray, FloatArray
from rootzone._shared.seeds import stream
from rootzone.learning.points.samples import PointTable


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
