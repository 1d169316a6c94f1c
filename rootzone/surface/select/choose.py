"""Which candidate serves which environment, told by stations that no candidate has seen.

Outer folds of stations are for reporting, inner folds for choosing: nothing is chosen on what is
reported. In an environment the global winner is left only for a candidate whose ubRMSE is lower by
more than one standard error over that environment's stations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from rootzone._shared.arrays import FloatArray, IntArray
from rootzone._shared.cores import cores_given
from rootzone._shared.errors import RequestError
from rootzone._shared.seeds import stream
from rootzone._shared.skill import Skill, median_interval, skill_of
from rootzone.surface.select.candidates import Candidate, Fitted
from rootzone.surface.select.environments import ALL, LEAST_STATIONS

CLIMATOLOGY: Final = "climatology"
_LEAST_DAYS = 10  # of a station for its own figures


@dataclass(frozen=True)
class Choice:
    """What was chosen for one environment, and why.

    Parameters
    ----------
    environment : str
        Its name.
    model : str
        The candidate chosen.
    n_station : int
        Stations it was chosen on.
    ubrmse, global_ubrmse : float
        Mean ubRMSE over these stations of the chosen candidate and of the global winner [m3 m-3].
    se : float
        Standard error of the mean difference of the best candidate from the global winner.
    reason : str
        In words.
    """

    environment: str
    model: str
    n_station: int
    ubrmse: float
    global_ubrmse: float
    se: float
    reason: str


@dataclass(frozen=True)
class Selected:
    """Choices of all samples, and what such choices gave at stations left out of everything.

    Parameters
    ----------
    choices : list of Choice
        By environment, made with all stations.
    winner : str
        The global winner.
    predicted : DataFrame
        ``station``, ``date``, ``environment``, ``observed``, ``chosen`` (prediction of the choice),
        ``model`` and a column a candidate, every row predicted with its station left out.
    beats_climatology : bool
        Whether the choice's ubRMSE lies below climatology's by more than one standard error.
    weights : mapping
        Share of each model by environment: 1 for the one chosen, or soft weights.
    """

    choices: list[Choice]
    winner: str
    predicted: pl.DataFrame
    beats_climatology: bool
    weights: Mapping[str, Mapping[str, float]]


def select(
    samples: pl.DataFrame,
    environments: pl.DataFrame,
    candidates: Sequence[Candidate],
    *,
    outer: int = 5,
    inner: int = 4,
    soft: float = 0.0,
    seed: int = 0,
    say: Callable[[str], None] = lambda line: None,
) -> Selected:
    """Choose by environment, and report what choosing so gives at left-out stations.

    Parameters
    ----------
    samples : DataFrame
        ``station``, ``date``, ``theta`` and the candidates' features.
    environments : DataFrame
        ``station`` and ``environment`` (`environments.told_environments`).
    candidates : sequence of Candidate
        With different names; climatology among them tells whether any is worth having.
    outer, inner : int
        Folds of stations for reporting and for choosing.
    soft : float
        Width of `soft_weights` [m3 m-3]; 0 takes one model an environment.
    seed : int
        Settles folds and fits.
    say : callable
        Is told each fold.

    Raises
    ------
    RequestError
        Fewer stations than folds, two candidates of one name, or a station without environment.
    """
    names = [candidate.name for candidate in candidates]
    if len(set(names)) < len(names) or not names:
        raise RequestError(f"Candidates need names of their own; got {names}.")
    # A table may have a column of that name of its own.
    own = samples.drop("environment", strict=False)
    joined = own.join(
        environments.select("station", "environment"), on="station", how="left",
        maintain_order="left",
    )  # fmt: skip
    lost = joined.filter(pl.col("environment").is_null())["station"].unique().sort().to_list()
    if lost:
        raise RequestError(f"{len(lost)} stations have no environment, such as {lost[0]!r}.")
    stations = joined["station"].unique().sort().to_list()
    if len(stations) < max(outer, 2):
        raise RequestError(
            f"{len(stations)} stations cannot be left out in {outer} folds; give more stations."
        )
    fold_of = _folds(stations, outer, seed)
    parts = []
    for fold in range(outer):
        say(f"fold {fold + 1} of {outer}")
        is_held = pl.col("station").is_in([s for s in stations if fold_of[s] == fold])
        parts.append(
            _told(joined.filter(~is_held), joined.filter(is_held), candidates, inner, soft, seed)
        )
    found = _choose(joined, candidates, inner, seed)
    predicted = pl.concat(parts).sort("station", "date", maintain_order=True)
    return Selected(
        found.choices, found.winner, predicted, _beats(predicted, "chosen", CLIMATOLOGY),
        found.weights(soft),
    )  # fmt: skip


def chosen_elsewhere(
    train: pl.DataFrame,
    test: pl.DataFrame,
    environments: pl.DataFrame,
    candidates: Sequence[Candidate],
    *,
    inner: int = 4,
    soft: float = 0.0,
    seed: int = 0,
) -> pl.DataFrame:
    """What choosing on some samples gives at others, as ``predicted`` of `Selected`.

    Parameters
    ----------
    train, test : DataFrame
        Samples, such as random shares of the days of the same stations.
    environments, candidates, inner, soft, seed
        As in `select`.
    """
    named = environments.select("station", "environment")
    both = [frame.drop("environment", strict=False) for frame in (train, test)]
    parts = [f.join(named, on="station", how="inner", maintain_order="left") for f in both]
    return _told(parts[0], parts[1], candidates, inner, soft, seed)


def _told(
    train: pl.DataFrame,
    test: pl.DataFrame,
    candidates: Sequence[Candidate],
    inner: int,
    soft: float,
    seed: int,
) -> pl.DataFrame:
    """Every candidate and their choice, of ``train``, at ``test``."""
    weights = _choose(train, candidates, inner, seed).weights(soft)
    fitted = fit_all(train, candidates, seed)
    told = {name: model.predict(test) for name, model in fitted.items()}
    chosen, model = blended(told, weights, test["environment"].to_list())
    return (
        test.select("station", "date", "environment", pl.col("theta").alias("observed"))
        .with_columns(chosen=pl.Series(chosen), model=pl.Series(model, dtype=pl.String))
        .with_columns(**{name: pl.Series(values) for name, values in told.items()})
    )


def fit_all(samples: pl.DataFrame, candidates: Sequence[Candidate], seed: int) -> dict[str, Fitted]:
    """Every candidate fitted on the same samples, several at once where there are cores.

    Fits share nothing and each takes one thread, so what they give does not depend on the cores.
    """
    with ThreadPoolExecutor(min(cores_given(), len(candidates))) as pool:
        fitted = pool.map(lambda candidate: candidate.fit(samples, seed), candidates)
        return {one.name: found for one, found in zip(candidates, fitted, strict=True)}


def skill_table(selected: Selected, names: Sequence[str]) -> pl.DataFrame:
    """Pooled figures and medians over stations with their 95 % intervals, a row a model."""
    rows = []
    observed = selected.predicted["observed"].to_numpy()
    station = selected.predicted["station"].to_numpy()
    for name in ("chosen", *names):
        told = selected.predicted[name].to_numpy()
        pooled = skill_of(told, observed)
        each = list(_by_station(told, observed, station).values())
        rng = stream(0)
        middle, low, high = median_interval([one.ubrmse for one in each], rng)
        rows.append(
            {"model": name, "n": pooled.n, "r": pooled.r, "rmse": pooled.rmse, "r2": pooled.r2,
             "ubrmse": pooled.ubrmse, "bias": pooled.bias, "station_ubrmse": middle,
             "station_ubrmse_low": low, "station_ubrmse_high": high}
        )  # fmt: skip
    return pl.DataFrame(rows)


def soft_weights(ubrmse: FloatArray, spread: float) -> FloatArray:
    r"""Weights :math:`\propto e^{-u^2 / (2 s^2)}` of models with ubRMSE u, instead of one choice.

    With them a map has no seam where two environments meet.

    Examples
    --------
    >>> soft_weights(np.array([0.03, 0.03]), 0.01).tolist()
    [0.5, 0.5]
    """
    power = -(ubrmse**2) / (2.0 * spread**2)
    weights: FloatArray = np.exp(power - power.max())
    weights /= weights.sum()
    return weights


def blended(
    told: Mapping[str, FloatArray],
    weights: Mapping[str, Mapping[str, float]],
    environments: Sequence[str],
) -> tuple[FloatArray, list[str]]:
    """Weighted mean of models by environment, and the model of the largest weight.

    A model without a value takes no part; an environment without weights has those of `ALL`.

    Examples
    --------
    >>> told = {"a": np.array([0.1, 0.1]), "b": np.array([0.3, np.nan])}
    >>> theta, model = blended(told, {"all": {"a": 0.5, "b": 0.5}}, ["dry", "dry"])
    >>> [round(float(v), 3) for v in theta], model
    ([0.2, 0.1], ['a', 'a'])
    """
    rows = np.asarray(environments, dtype=object)
    theta, model = np.full(rows.size, np.nan), np.full(rows.size, "", dtype=object)
    for environment in sorted(set(environments)):
        share = weights.get(environment, weights[ALL])
        here = rows == environment
        model[here] = max(share, key=lambda name: share[name])
        values = np.stack([told[name][here] for name in share])
        part = np.where(np.isfinite(values), np.array(list(share.values()))[:, None], 0.0)
        whole = part.sum(axis=0)
        total = (part * np.nan_to_num(values)).sum(axis=0)
        theta[here] = np.divide(total, whole, out=np.full(whole.size, np.nan), where=whole > 0.0)
    return theta, [str(name) for name in model]


@dataclass(frozen=True)
class _Chosen:
    """Choices, the global winner, and mean ubRMSE by environment and candidate."""

    choices: list[Choice]
    winner: str
    names: Sequence[str]
    means: Mapping[str, FloatArray]

    def weights(self, soft: float) -> dict[str, dict[str, float]]:
        """Share of each model by environment, and of `ALL` where a place is of none of them."""
        if soft <= 0.0:
            hard = {choice.environment: {choice.model: 1.0} for choice in self.choices}
            return {ALL: {self.winner: 1.0}} | hard
        return {
            name: dict(zip(self.names, soft_weights(means, soft).tolist(), strict=True))
            for name, means in self.means.items()
        }


def _folds(stations: Sequence[str], n: int, seed: int) -> Mapping[str, int]:
    order = stream(seed).permutation(len(stations))
    place: IntArray = np.empty(len(stations), dtype=np.int64)
    place[order] = np.arange(len(stations)) % n
    return dict(zip(stations, place.tolist(), strict=True))


def _choose(
    samples: pl.DataFrame, candidates: Sequence[Candidate], inner: int, seed: int
) -> _Chosen:
    """Choices by environment, from figures at stations left out of the fits."""
    stations = samples["station"].unique().sort().to_list()
    fold_of = _folds(stations, min(inner, len(stations)), seed + 1)
    figures: dict[str, dict[str, float]] = {candidate.name: {} for candidate in candidates}
    for fold in range(min(inner, len(stations))):
        held = [s for s in stations if fold_of[s] == fold]
        is_held = pl.col("station").is_in(held)
        test = samples.filter(is_held)
        observed, station = test["theta"].to_numpy(), test["station"].to_numpy()
        fitted = fit_all(samples.filter(~is_held), candidates, seed)
        told = {name: model.predict(test) for name, model in fitted.items()}
        # Models are compared on the same days: those that every one of them can predict.
        shared = np.isfinite(np.stack(list(told.values()))).all(axis=0)
        for name, values in told.items():
            each = _by_station(values[shared], observed[shared], station[shared])
            figures[name] |= {s: skill.ubrmse for s, skill in each.items()}
    environment_of = dict(samples.select("station", "environment").unique().iter_rows())
    names = [candidate.name for candidate in candidates]
    table = np.array([[figures[n].get(s, np.nan) for s in stations] for n in names])
    usable = np.isfinite(table).all(axis=0)
    if not usable.any():
        raise RequestError(
            f"No station has {_LEAST_DAYS} days that every candidate can predict; leave out the "
            "candidate whose features are missing."
        )
    winner = int(table[:, usable].mean(axis=1).argmin())
    environment = np.array([environment_of[s] for s in stations])
    of_each = {str(e): usable & (environment == e) for e in np.unique(environment)}
    choices = [_choice(e, names, table[:, here], winner) for e, here in of_each.items()]
    means = {ALL: table[:, usable].mean(axis=1)} | {
        e: table[:, here].mean(axis=1)
        for e, here in of_each.items()
        if here.sum() >= LEAST_STATIONS
    }
    return _Chosen(choices, names[winner], names, means)


def _choice(environment: str, names: Sequence[str], table: FloatArray, winner: int) -> Choice:
    n = table.shape[1]
    if n < LEAST_STATIONS:
        ours = float(table[winner].mean()) if n else float("nan")
        return Choice(
            environment, names[winner], n, ours, ours, float("nan"),
            f"{n} stations are too few to leave the global winner",
        )  # fmt: skip
    means = table.mean(axis=1)
    best = int(means.argmin())
    gain = table[winner] - table[best]
    se = float(gain.std(ddof=1) / np.sqrt(n))
    if best != winner and float(gain.mean()) > se:
        reason = f"lower by {gain.mean():.4f}, more than its standard error {se:.4f}"
        return Choice(
            environment, names[best], n, float(means[best]), float(means[winner]), se, reason
        )
    reason = "the global winner is best here"
    if best != winner:
        reason = f"{names[best]} is lower by {gain.mean():.4f}, within its standard error {se:.4f}"
    ours = float(means[winner])
    return Choice(environment, names[winner], n, ours, ours, se, reason)


def _by_station(told: FloatArray, observed: FloatArray, station: object) -> dict[str, Skill]:
    names = np.asarray(station)
    each = {
        str(s): skill_of(told[names == s], observed[names == s], _LEAST_DAYS)
        for s in np.unique(names)
    }
    return {s: skill for s, skill in each.items() if np.isfinite(skill.ubrmse)}


def _beats(predicted: pl.DataFrame, one: str, other: str) -> bool:
    if other not in predicted.columns:
        return True
    observed, station = predicted["observed"].to_numpy(), predicted["station"].to_numpy()
    shared = np.isfinite(predicted.select(one, other).to_numpy()).all(axis=1)
    ours, theirs = (
        _by_station(predicted[name].to_numpy()[shared], observed[shared], station[shared])
        for name in (one, other)
    )
    gain = np.array([theirs[s].ubrmse - ours[s].ubrmse for s in ours if s in theirs])
    if gain.size < 2:
        return False
    return bool(gain.mean() > gain.std(ddof=1) / np.sqrt(gain.size))
