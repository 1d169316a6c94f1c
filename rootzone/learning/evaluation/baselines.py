"""What a user would try before a network, on the very same samples.

lightgbm
    Trees on the network's own features at the pixel, fitted to the network's training labels of
    both sources, weighted as the batches are mixed.
climatology
    Mean of each day of the year over the place's own training values, smoothed over 15 days. At a
    place that never trains, the mean of the training places' climatologies, each counting once.
persistence
    The place's last training value before the day. How old it is, is told beside.
surface
    The surface product at the pixel, unchanged, where the features have one.
raw_simulation
    Is run with the engine; see `rootzone.learning.evaluation.run_raw_simulation`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray, FloatArray, IntArray
from rootzone._shared.days import day_of_year
from rootzone._shared.seeds import stream
from rootzone.covariates.grid import Window
from rootzone.stations.station_forcing import climatology

if TYPE_CHECKING:
    from rootzone.learning.samples.label_index import GridLabels
    from rootzone.learning.scene.scene import Scene

MOST_ROWS = 200_000  # training rows of trees from one source; more are drawn at random
ROUNDS = 400
MOST_PLACES = 1000  # training places that make the climatology of a place that never trains
PARAMETERS: Mapping[str, Any] = {
    "objective": "regression",
    "num_leaves": 63,
    "learning_rate": 0.05,
    "min_data_in_leaf": 20,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
}


def lightgbm_at(
    scene: Scene,
    training: Mapping[str, GridLabels],
    wanted: GridLabels,
    *,
    simulated_share: float,
    seed: int,
    threads: int = 1,
) -> FloatArray:
    """Trees on the same features.

    Parameters
    ----------
    scene : Scene
        Covariates.
    training : mapping of str to GridLabels
        Training labels by source.
    wanted : GridLabels
        Where and when to predict.
    simulated_share : float
        Share of the weight that simulated labels carry together, where both sources train: the
        chance of a simulated batch.
    seed : int
        Of the rows drawn and of the trees.
    threads : int
        Threads.

    Returns
    -------
    array, shape (label,)
        Water content [m3 m-3]; NaN at depths without training labels.
    """
    grown = grow_trees(scene, training, simulated_share=simulated_share, seed=seed, threads=threads)
    asked = features_at(scene, wanted)
    out = np.full(len(wanted), np.nan)
    for depth, trees in grown.items():
        here = wanted.depth == depth
        if here.any():
            out[here] = np.asarray(trees.predict(asked[here], num_threads=threads))
    return out


def grow_trees(
    scene: Scene,
    training: Mapping[str, GridLabels],
    *,
    simulated_share: float,
    seed: int,
    threads: int = 1,
    shown: int | None = None,
) -> dict[int, Any]:
    """Trees of each depth that has training labels.

    Parameters
    ----------
    scene, training, simulated_share, seed, threads
        As in `lightgbm_at`.
    shown : int, optional
        Channels the trees see, from the first; all by default.

    Returns
    -------
    dict
        A LightGBM booster by the number of the depth.
    """
    import lightgbm

    shares = {"simulated": simulated_share, "station": 1.0 - simulated_share}
    rng = stream(seed)
    drawn = {name: _drawn(labels, rng) for name, labels in training.items()}
    depths = sorted({int(d) for labels in drawn.values() for d in np.unique(labels.depth)})
    grown = {}
    for depth in depths:
        x, y, weight = [], [], []
        for name, labels in drawn.items():
            own = labels.chosen(labels.depth == depth)
            if len(own) and (shares[name] > 0 or len(training) == 1):
                x.append(features_at(scene, own)[:, :shown])
                y.append(own.theta.astype(np.float64))
                share = shares[name] if len(training) > 1 else 1.0
                weight.append(np.full(len(own), share / len(own)))
        if not y:
            continue
        weights: FloatArray = np.concatenate(weight)
        weights /= weights.mean()
        data = lightgbm.Dataset(np.concatenate(x), np.concatenate(y), weight=weights)
        parameters = {**PARAMETERS, "seed": seed, "num_threads": threads}
        grown[depth] = lightgbm.train(parameters, data, ROUNDS)
    return grown


def _drawn(labels: GridLabels, rng: np.random.Generator) -> GridLabels:
    if len(labels) <= MOST_ROWS:
        return labels
    keep = np.zeros(len(labels), dtype=bool)
    keep[rng.choice(len(labels), MOST_ROWS, replace=False)] = True
    return labels.chosen(keep)


def features_at(scene: Scene, labels: GridLabels) -> AnyArray:
    """Scaled channels of every label's pixel and day, float32, shape (label, channel)."""
    return scene.points(labels.pixel_row, labels.pixel_col, scene.weather.day_index(labels.date))


def climatology_at(training: GridLabels | None, wanted: GridLabels) -> FloatArray:
    """Climatology of the place, or of all training places where it never trains [m3 m-3].

    Of more than a thousand training places an even choice makes the common one.
    """
    out = np.full(len(wanted), np.nan)
    if training is None:
        return out
    doy = day_of_year(wanted.date.astype(np.int64))
    asked = set(wanted.used_places)
    used = training.used_places
    step = -(-len(used) // MOST_PLACES)
    own = training.chosen(_at_places(training, asked))
    others = training.chosen(_at_places(training, set(used[::step])))
    for depth in np.unique(wanted.depth):
        each = _climatologies(own, int(depth))
        missing = asked - set(each)
        common = np.full(366, np.nan)
        if missing and (shared := _climatologies(others, int(depth))):
            common = np.mean(np.stack(list(shared.values())), axis=0)
        for code in np.unique(wanted.place[wanted.depth == depth]):
            here = (wanted.place == code) & (wanted.depth == depth)
            out[here] = each.get(wanted.places[int(code)], common)[doy[here]]
    return out


def _at_places(labels: GridLabels, names: set[str]) -> BoolArray:
    among = np.array([place in names for place in labels.places], dtype=bool)
    return np.asarray(among[labels.place])


def _climatologies(labels: GridLabels, depth: int) -> dict[str, FloatArray]:
    return {
        name: climatology(theta, day_of_year(day))
        for name, (day, theta) in _by_place(labels, depth).items()
    }


def persistence_at(training: GridLabels | None, wanted: GridLabels) -> tuple[FloatArray, IntArray]:
    """The place's last training value before each day.

    Returns
    -------
    theta : array, shape (label,)
        Water content [m3 m-3]; NaN where the place has no earlier training value.
    lag_days : array of int, shape (label,)
        Age of that value [d]; -1 where there is none.
    """
    theta, lag = np.full(len(wanted), np.nan), np.full(len(wanted), -1, dtype=np.int64)
    if training is None:
        return theta, lag
    day = wanted.date.astype(np.int64)
    training = training.chosen(_at_places(training, set(wanted.used_places)))
    for depth in np.unique(wanted.depth):
        known = _by_place(training, int(depth))
        for code in np.unique(wanted.place[wanted.depth == depth]):
            own = known.get(wanted.places[int(code)])
            if own is None:
                continue
            here = np.flatnonzero((wanted.place == code) & (wanted.depth == depth))
            before = np.searchsorted(own[0], day[here], side="left") - 1
            some = before >= 0
            theta[here[some]] = own[1][before[some]]
            lag[here[some]] = day[here[some]] - own[0][before[some]]
    return theta, lag


def _by_place(labels: GridLabels, depth: int) -> dict[str, tuple[IntArray, FloatArray]]:
    """Days and values of each place, ascending, one value a day (the mean of its pixels)."""
    own = labels.chosen(labels.depth == depth)
    day = own.date.astype(np.int64)
    order = np.lexsort((day, own.place))
    place, day, theta = own.place[order], day[order], own.theta[order].astype(np.float64)
    out = {}
    for code in np.unique(place):
        first, last = np.searchsorted(place, [code, code + 1])
        days, group = np.unique(day[first:last], return_inverse=True)
        mean = np.bincount(group, theta[first:last]) / np.bincount(group)
        out[own.places[int(code)]] = (days, mean)
    return out


def surface_at(scene: Scene, wanted: GridLabels) -> FloatArray:
    """The surface product at each label's pixel and day [m3 m-3]; NaN without a product."""
    out = np.full(len(wanted), np.nan)
    source = scene.surface_source
    if source is None:
        return out
    row, col = wanted.pixel_row, wanted.pixel_col
    for date in np.unique(wanted.date):
        here = np.flatnonzero(wanted.date == date)
        day: dt.date = date.astype("datetime64[D]").item()
        for tile in np.unique(wanted.tile[here]):
            some = here[wanted.tile[here] == tile]
            top, left = int(row[some].min()), int(col[some].min())
            window = Window(
                top, left, int(row[some].max()) - top + 1, int(col[some].max()) - left + 1
            )
            out[some] = source.read(day, window)[row[some] - top, col[some] - left]
    return out
