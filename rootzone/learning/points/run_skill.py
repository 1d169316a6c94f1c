"""Point models on station networks: trained, asked at what was held out, beside what needs none.

Splits
------
stations
    Whole stations held out, fold by fold: what a model is worth at a new place.
years
    The later half of each station's years held out: the place is known, the weather new.
season_dates, blocked_dates
    Random dates, or blocks of 15 days, held out: place known, and days before and after too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from rootzone._shared.arrays import AnyArray, BoolArray, FloatArray
from rootzone._shared.days import day_of_year
from rootzone._shared.errors import RequestError
from rootzone.inversion.observations import LEAST_DAYS, divide_years
from rootzone.labels.splits import TEST, TRAIN, blocked_dates, season_dates
from rootzone.learning.evaluation.tables import STATION
from rootzone.learning.points.levels import place_means, place_traits, ridge_level
from rootzone.learning.points.samples import (
    MEASURED_SOIL,
    PointStation,
    PointTable,
    point_table,
    seasons_of,
)
from rootzone.learning.points.tcn import TcnSettings, predict_tcn, train_tcn
from rootzone.learning.points.trees import (
    TreeSettings,
    folds_of,
    tree_anomalies,
)
from rootzone.stations.station_forcing import climatology

SPLITS = ("stations", "years", "blocked_dates", "season_dates")
TREES, NETWORK, BOTH = "lightgbm", "tcn", "lightgbm_and_tcn"
TOLD = "lightgbm_level_told"
LOAM, INVERTED = "loam_simulation", "inverted_simulation"
MEASURED = "measured_soil_simulation"
OWN, OTHERS = "climatology_own", "climatology_others"

Progress = Callable[[str], None]


@dataclass(frozen=True)
class SkillSettings:
    """How the point models are trained and judged.

    Parameters
    ----------
    splits : tuple of str
        Of ``SPLITS``.
    folds : int
        Parts the stations are held out in.
    seed : int
        Of folds, dates, trees and network.
    trees, tcn : TreeSettings, TcnSettings
        Sizes.
    depth_mm : float
        Depth the samples are of; written beside them [mm].
    """

    splits: tuple[str, ...] = SPLITS
    folds: int = 8
    seed: int = 1
    trees: TreeSettings = field(default_factory=TreeSettings)
    tcn: TcnSettings = field(default_factory=TcnSettings)
    depth_mm: float = 200.0


def point_predictions(
    stations: Sequence[PointStation],
    settings: SkillSettings,
    progress: Progress | None = None,
) -> pl.DataFrame:
    """Predictions of every model for the held-out samples of every split.

    Parameters
    ----------
    stations : sequence of PointStation
        Those without a value at the depth are passed over.
    settings : SkillSettings
        Splits, folds, sizes.
    progress : callable, optional
        Told in words what was done.

    Returns
    -------
    polars.DataFrame
        In the schema ``PREDICTIONS`` with the models of this module; ``row`` and ``col`` are null.

    Raises
    ------
    RequestError
        Fewer stations than folds, or a split of another name.
    """
    used = [one for one in stations if one.known.any()]
    if "stations" in settings.splits and len(used) < settings.folds:
        raise RequestError(
            f"{len(used)} stations have values at the depth, fewer than the {settings.folds} parts "
            "they are to be held out in: ask for fewer with --folds."
        )
    frames = []
    for split in settings.splits:
        if split not in SPLITS:
            raise RequestError(f"Split {split!r} is none of {', '.join(SPLITS)}.")
        table = point_table(used, with_inverted=split == "years")
        for train, test in _parts(split, used, table, settings):
            if train.any() and test.any():
                models = _models(split, used, table, train, test, settings)
                frames.append(_frame(split, used, table, test, models, settings))
            if progress is not None:
                progress(f"{split}: {int(train.sum())} days trained, {int(test.sum())} asked")
    return pl.concat(frames)


def _parts(
    split: str, stations: Sequence[PointStation], table: PointTable, settings: SkillSettings
) -> Iterator[tuple[BoolArray, BoolArray]]:
    """Training and test samples of each part of a split."""
    if split == "stations":
        fold = folds_of(len(stations), settings.folds, settings.seed)[table.station]
        for k in range(settings.folds):
            yield fold != k, fold == k
    elif split == "years":
        train = np.concatenate([_in_training_years(one)[one.known] for one in stations])
        yield train, ~train
    else:
        days = np.unique(table.day)
        dates = days.astype("datetime64[D]").tolist()
        make = season_dates if split == "season_dates" else blocked_dates
        part = make(dates, settings.seed)
        parts = np.array([part[date] for date in dates])[np.searchsorted(days, table.day)]
        yield parts == TRAIN, parts == TEST


def _in_training_years(station: PointStation) -> BoolArray:
    """The years the soil was inverted on, else the first half of those with enough values.

    A year after them with too few values to count as a station-year is held out as well; one
    before or between them trains.
    """
    year = station.year
    counts = {int(y): int(station.known[year == y].sum()) for y in np.unique(year)}
    enough = [y for y, n in counts.items() if n >= LEAST_DAYS] or [
        y for y, n in counts.items() if n
    ]
    training = station.training_years or divide_years(enough)[0]
    return np.asarray(year <= max(training, default=int(year[0]) - 1))


def _models(
    split: str,
    stations: Sequence[PointStation],
    table: PointTable,
    train: BoolArray,
    test: BoolArray,
    settings: SkillSettings,
) -> dict[str, FloatArray]:
    """Water content by each model at every sample; NaN where a model has none."""
    train_theta = _spread(stations, table, np.where(train, table.y, np.nan))
    mean = place_means(train_theta)
    known = np.isfinite(mean)
    level = np.where(known, mean, ridge_level(place_traits(stations), mean, known))
    anomaly = table.y - mean[table.station]
    trees = tree_anomalies(table, anomaly, train, test, settings.trees, settings.seed)
    network = _network(stations, table, train_theta, mean, test, settings)
    at = level[table.station]
    out = {TREES: at + trees, NETWORK: at + network, BOTH: at + 0.5 * (trees + network)}
    out[LOAM] = _gathered(stations, [one.simulated["loam"] for one in stations])
    if any(MEASURED_SOIL in one.simulated for one in stations):
        out[MEASURED] = _gathered(
            stations,
            [one.simulated.get(MEASURED_SOIL, np.full(len(one.day), np.nan)) for one in stations],
        )
    if split == "stations":
        truth = place_means([one.theta for one in stations])
        out[TOLD] = truth[table.station] + trees
        out[OWN] = _gathered(stations, [_other_years(one) for one in stations])
        out[OTHERS] = _of_others(stations, train_theta)
    else:
        out[OWN] = _gathered(
            stations,
            [_by_season(one, theta) for one, theta in zip(stations, train_theta, strict=True)],
        )
    if split == "years" and any("inverted" in one.simulated for one in stations):
        none = [np.full(len(one.day), np.nan) for one in stations]
        found = [one.simulated.get("inverted", n) for one, n in zip(stations, none, strict=True)]
        out[INVERTED] = _gathered(stations, found)
    return out


def _network(
    stations: Sequence[PointStation],
    table: PointTable,
    train_theta: Sequence[FloatArray],
    mean: FloatArray,
    test: BoolArray,
    settings: SkillSettings,
) -> FloatArray:
    chosen = np.flatnonzero(np.isfinite(mean)).tolist()
    model = train_tcn(
        [stations[i] for i in chosen],
        [train_theta[i] - mean[i] for i in chosen],
        settings.tcn,
        settings.seed,
    )
    asked = set(np.unique(table.station[test]).tolist())
    found = [
        predict_tcn(model, one, settings.tcn) if i in asked else np.full(len(one.day), np.nan)
        for i, one in enumerate(stations)
    ]
    return _gathered(stations, found)


def _spread(
    stations: Sequence[PointStation], table: PointTable, values: FloatArray
) -> list[FloatArray]:
    """Values of samples on the days of each station; NaN on other days."""
    out = []
    for i, one in enumerate(stations):
        theta = np.full(len(one.day), np.nan)
        theta[one.known] = values[table.station == i]
        out.append(theta)
    return out


def _gathered(stations: Sequence[PointStation], series: Sequence[FloatArray]) -> FloatArray:
    """Series of each station at the samples of the table."""
    return np.concatenate([s[one.known] for one, s in zip(stations, series, strict=True)])


def _by_season(station: PointStation, theta: FloatArray) -> FloatArray:
    """The smoothed mean of each day of the year; NaN without any value."""
    doy = day_of_year(station.day)
    if not np.isfinite(theta).any():
        return np.full(len(doy), np.nan)
    return climatology(theta, doy)[doy]


def _other_years(station: PointStation) -> FloatArray:
    """The station's climatology of all years but the day's own."""
    out = np.full(len(station.day), np.nan)
    for year in np.unique(station.year):
        inside = station.year == year
        out[inside] = _by_season(station, np.where(inside, np.nan, station.theta))[inside]
    return out


def _of_others(stations: Sequence[PointStation], train_theta: Sequence[FloatArray]) -> FloatArray:
    """Mean climatology of the training stations, each counting once."""
    each = [
        climatology(theta, day_of_year(one.day))
        for one, theta in zip(stations, train_theta, strict=True)
        if np.isfinite(theta).any()
    ]
    mean = np.mean(each, axis=0)
    return _gathered(stations, [mean[day_of_year(one.day)] for one in stations])


def _frame(
    split: str,
    stations: Sequence[PointStation],
    table: PointTable,
    test: BoolArray,
    models: dict[str, FloatArray],
    settings: SkillSettings,
) -> pl.DataFrame:
    places = np.array([one.place for one in stations])
    climates = np.array([one.climate for one in stations])
    common: dict[str, AnyArray | list[str]] = {
        "place": places[table.station[test]],
        "date": table.day[test].astype("datetime64[D]"),
        "observed": table.y[test],
        "season": seasons_of(table.day[test]),
        "climate_class": climates[table.station[test]],
    }
    shared = pl.DataFrame(common)
    none = [pl.lit(None, dtype=pl.Float64).alias(name) for name in ("low", "high", "interval_pct")]
    frames = [
        shared.with_columns(
            pl.Series("predicted", theta[test]),
            *none,
            pl.lit(model).alias("model"),
            pl.lit(split).alias("split"),
            pl.lit(STATION).alias("source"),
            pl.lit(TEST).alias("part"),
            pl.lit(settings.depth_mm).alias("depth_mm"),
            pl.lit(settings.seed).cast(pl.Int64).alias("seed"),
            pl.lit(None, dtype=pl.Int64).alias("row"),
            pl.lit(None, dtype=pl.Int64).alias("col"),
            pl.lit(None, dtype=pl.String).alias("land_cover"),
            pl.lit(None, dtype=pl.String).alias("texture_class"),
            pl.when(pl.col("climate_class") != "")
            .then(pl.col("climate_class"))
            .alias("climate_class"),
        )
        for model, theta in models.items()
    ]
    return pl.concat(frames)
