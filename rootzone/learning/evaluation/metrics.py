"""From predictions to skill: pooled, by group and per station, with intervals over stations.

Pooled figures count every pair alike, so stations with long records and the spread between
stations rule them; medians of stations' own figures do not. Both are given, since the two may
differ much. Intervals are 95 % of a bootstrap that draws whole places with replacement: days of a
station are not independent samples, stations more nearly are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.seeds import stream
from rootzone._shared.skill import LEAST_PAIRS, METRICS, PairSums, median_interval
from rootzone.learning.evaluation.tables import (
    ALL,
    GROUPINGS,
    ONE_STATION,
    PER_STATION,
    SKILL,
    STATION,
)

REPEATS = 1000
LEAST_PLACES = 3  # with fewer places an interval over places says nothing
KEYS = ("model", "split", "source", "seed", "depth_mm")
_BLOCK = 50  # repeats drawn at a time; bounds memory for many places


def skill_table(predictions: pl.DataFrame, seed: int = 0, repeats: int = REPEATS) -> pl.DataFrame:
    """Skill of every model, split, source, seed and depth.

    Parameters
    ----------
    predictions : polars.DataFrame
        In the schema ``PREDICTIONS``; rows without prediction or observation are passed over.
        Choose the part beforehand: all rows given are scored together.
    seed : int
        Of the bootstrap.
    repeats : int
        Of the bootstrap.

    Returns
    -------
    polars.DataFrame
        In the schema ``SKILL``: a row for all pairs, for each class of each grouping, for each
        station, and one of medians over places. Figures of fewer than 30 pairs, of constant series,
        and intervals of fewer than 3 places are null.
    """
    rows: list[dict[str, object]] = []
    known = predictions.filter(pl.col("predicted").is_finite() & pl.col("observed").is_finite())
    for key, part in known.group_by(KEYS, maintain_order=True):
        named = dict(zip(KEYS, key, strict=True))
        rows += [named | row for row in _rows_of(part, seed, repeats)]
    schema = {column.name: _DTYPES[column.kind] for column in SKILL.columns}
    frame = pl.DataFrame(rows, schema=schema)
    return frame.with_columns(pl.col(pl.Float64).fill_nan(None)).sort(
        "source", "split", "depth_mm", "seed", "model", maintain_order=True
    )


_DTYPES: dict[str, type[pl.DataType]] = {"text": pl.String, "int": pl.Int64, "float": pl.Float64}


def _rows_of(part: pl.DataFrame, seed: int, repeats: int) -> Iterator[dict[str, object]]:
    places, place = np.unique(part["place"].to_numpy(), return_inverse=True)
    p, o = (part[name].cast(pl.Float64).to_numpy() for name in ("predicted", "observed"))
    rng = stream(seed, len(places))
    yield _pooled_row(part, p, o, place, ALL, ALL, rng, repeats)
    sums = PairSums.of(p, o, place)
    own = sums.figures()
    yield _median_row(part, own, sums.n, rng, repeats)
    for kind in GROUPINGS:
        for group in sorted(part[kind].drop_nulls().unique().to_list()):
            chosen = (part[kind] == group).fill_null(value=False).to_numpy()
            some = part.filter(pl.Series(chosen))
            yield _pooled_row(some, p[chosen], o[chosen], place[chosen], kind, group, rng, repeats)
    if part["source"][0] != STATION:  # sites are many and hold a handful of days each
        return
    covered = _coverage_by_place(part, places)
    for i, name in enumerate(places.tolist()):
        row = {metric: float(own[metric][i]) for metric in METRICS}
        yield {"group_kind": ONE_STATION, "group": name, "n": int(sums.n[i]), "n_place": 1} | (
            row | covered[name]
        )


def _pooled_row(
    part: pl.DataFrame,
    p: FloatArray,
    o: FloatArray,
    place: AnyArray,
    kind: str,
    group: str,
    rng: np.random.Generator,
    repeats: int,
) -> dict[str, object]:
    _, place = np.unique(place, return_inverse=True)
    sums = PairSums.of(p, o, place)
    n_place = len(sums.n)
    row: dict[str, object] = {"group_kind": kind, "group": group, "n": len(p), "n_place": n_place}
    whole = sums.pooled(np.ones((1, n_place))).figures()
    row |= {metric: float(whole[metric][0]) for metric in METRICS}
    if n_place >= LEAST_PLACES and len(p) >= LEAST_PAIRS:
        low, high = pooled_intervals(sums, rng, repeats)
        row |= {f"{metric}_low": low[metric] for metric in METRICS}
        row |= {f"{metric}_high": high[metric] for metric in METRICS}
    return row | coverage(part)


def _median_row(
    part: pl.DataFrame,
    own: dict[str, FloatArray],
    n: FloatArray,
    rng: np.random.Generator,
    repeats: int,
) -> dict[str, object]:
    row: dict[str, object] = {
        "group_kind": PER_STATION,
        "group": "median",
        "n": part.height,
        "n_place": int(np.count_nonzero(n >= LEAST_PAIRS)),
    }
    for metric in METRICS:
        found = median_interval(own[metric], rng, repeats=repeats)
        row |= dict(zip((metric, f"{metric}_low", f"{metric}_high"), found, strict=True))
    return row | coverage(part)


def pooled_intervals(
    sums: PairSums, rng: np.random.Generator, repeats: int = REPEATS, confidence: float = 0.95
) -> tuple[dict[str, float], dict[str, float]]:
    """Bootstrap interval of the pooled figures, whole places drawn with replacement.

    Parameters
    ----------
    sums : PairSums
        One group a place.
    rng : numpy.random.Generator
        Draws the places.
    repeats : int
        Samples drawn.
    confidence : float
        Share of the samples between the ends.

    Returns
    -------
    low, high : dict
        Ends of each figure; NaN where no sample has it.
    """
    n_place = len(sums.n)
    drawn: dict[str, list[FloatArray]] = {metric: [] for metric in METRICS}
    for first in range(0, repeats, _BLOCK):
        size = min(_BLOCK, repeats - first)
        times = rng.multinomial(n_place, np.full(n_place, 1.0 / n_place), size=size)
        found = sums.pooled(times.astype(np.float64)).figures()
        for metric in METRICS:
            drawn[metric].append(found[metric])
    tail = 0.5 * (1.0 - confidence)
    low, high = {}, {}
    for metric, parts in drawn.items():
        values = np.concatenate(parts)
        values = values[np.isfinite(values)]
        ends = np.quantile(values, [tail, 1.0 - tail]) if values.size else (np.nan, np.nan)
        low[metric], high[metric] = float(ends[0]), float(ends[1])
    return low, high


def coverage(part: pl.DataFrame) -> dict[str, object]:
    """Share of observations inside their interval, its level, and how many have one."""
    have = part.filter(pl.col("low").is_finite() & pl.col("high").is_finite())
    inside = have.select(
        ((pl.col("observed") >= pl.col("low")) & (pl.col("observed") <= pl.col("high"))).mean()
    ).item()
    level = have["interval_pct"].max()
    return {"coverage": inside, "interval_pct": level, "n_interval": have.height}


def _coverage_by_place(part: pl.DataFrame, places: AnyArray) -> dict[str, dict[str, object]]:
    if not part["low"].is_finite().any():
        none = coverage(part.clear())
        return dict.fromkeys(places.tolist(), none)
    groups = {str(name): one for (name,), one in part.group_by(["place"])}
    return {name: coverage(groups[name]) for name in places.tolist()}


def spread_over_seeds(skill: pl.DataFrame, metrics: Sequence[str] = METRICS) -> pl.DataFrame:
    """Mean and standard deviation over seeds of every row's figures.

    Parameters
    ----------
    skill : polars.DataFrame
        In the schema ``SKILL``, of several seeds.
    metrics : sequence of str
        Figures wanted.

    Returns
    -------
    polars.DataFrame
        model, split, source, depth_mm, group_kind, group, seeds, and of each figure its mean and
        ``_sd`` (n - 1 in the denominator; null with one seed).
    """
    keys = ["model", "split", "source", "depth_mm", "group_kind", "group"]
    return skill.group_by(keys, maintain_order=True).agg(
        pl.col("seed").n_unique().alias("seeds"),
        *(pl.col(name).mean() for name in metrics),
        *(pl.col(name).std().alias(f"{name}_sd") for name in metrics),
    )
