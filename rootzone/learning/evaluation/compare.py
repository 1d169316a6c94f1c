"""Where the network beats a baseline and where it loses, on the samples that both have."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from rootzone._shared.arrays import FloatArray
from rootzone._shared.seeds import stream
from rootzone._shared.skill import LEAST_PAIRS
from rootzone.learning.evaluation.metrics import LEAST_PLACES, REPEATS
from rootzone.learning.evaluation.tables import ALL, COMPARISON, GROUPINGS, UNET

WINS, LOSES, EVEN, UNCERTAIN = "wins", "loses", "even", "too few places"
_SAMPLE = ("split", "source", "seed", "depth_mm", "part", "place", "row", "col", "date")
_KEYS = ("split", "source", "seed", "depth_mm")


def compare(
    predictions: pl.DataFrame, seed: int = 0, repeats: int = REPEATS, model: str = UNET
) -> pl.DataFrame:
    """Differences of the mean absolute error, paired by sample.

    Parameters
    ----------
    predictions : polars.DataFrame
        In the schema ``PREDICTIONS``, with the network among the models.
    seed, repeats : int
        Of the bootstrap over places.
    model : str
        Which of the models is compared with all others; its error stands in ``mae_unet``.

    Returns
    -------
    polars.DataFrame
        In the schema ``COMPARISON``; groups of fewer than 30 samples are left out. A verdict needs
        three places: with fewer it is ``too few places``.
    """
    known = predictions.filter(pl.col("predicted").is_finite() & pl.col("observed").is_finite())
    error = known.with_columns((pl.col("predicted") - pl.col("observed")).abs().alias("error"))
    own = error.filter(pl.col("model") == model)
    rows: list[dict[str, object]] = []
    for name in sorted(set(known["model"].unique().to_list()) - {model}):
        other = error.filter(pl.col("model") == name).select(*_SAMPLE, "error")
        both = own.join(other, on=_SAMPLE, how="inner", suffix="_baseline", nulls_equal=True)
        for key, part in both.group_by(_KEYS, maintain_order=True):
            named = {"baseline": name, **dict(zip(_KEYS, key, strict=True))}
            rows += [named | row for row in _rows_of(part, seed, repeats)]
    kinds: dict[str, type[pl.DataType]] = {
        "text": pl.String, "int": pl.Int64, "float": pl.Float64
    }  # fmt: skip
    return pl.DataFrame(rows, schema={c.name: kinds[c.kind] for c in COMPARISON.columns})


def _rows_of(part: pl.DataFrame, seed: int, repeats: int) -> Iterator[dict[str, object]]:
    for kind in (ALL, *GROUPINGS):
        groups = [ALL] if kind == ALL else sorted(part[kind].drop_nulls().unique().to_list())
        for group in groups:
            own = part if kind == ALL else part.filter(pl.col(kind) == group)
            if own.height >= LEAST_PAIRS:
                yield {"group_kind": kind, "group": group} | _row(own, seed, repeats)


def _row(part: pl.DataFrame, seed: int, repeats: int) -> dict[str, object]:
    by_place = part.group_by("place", maintain_order=True).agg(
        pl.len(), (pl.col("error") - pl.col("error_baseline")).sum().alias("more")
    )
    n = by_place["len"].to_numpy().astype(np.float64)
    more = by_place["more"].to_numpy()
    difference = float(more.sum() / n.sum())
    low, high = difference_interval(n, more, stream(seed, len(n)), repeats)
    return {
        "n": part.height,
        "n_place": by_place.height,
        "mae_unet": part["error"].mean(),
        "mae_baseline": part["error_baseline"].mean(),
        "difference": difference,
        "difference_low": low,
        "difference_high": high,
        "verdict": _verdict(low, high),
    }


def difference_interval(
    n: FloatArray, more: FloatArray, rng: np.random.Generator, repeats: int = REPEATS
) -> tuple[float | None, float | None]:
    """95 % bootstrap interval of a mean difference, whole places drawn with replacement.

    Parameters
    ----------
    n, more : array, shape (place,)
        Samples of each place, and the sum of their differences.
    rng : numpy.random.Generator
        Draws the places.
    repeats : int
        Samples drawn.

    Returns
    -------
    low, high : float or None
        None with fewer than three places.
    """
    if len(n) < LEAST_PLACES:
        return None, None
    times = rng.multinomial(len(n), np.full(len(n), 1.0 / len(n)), size=repeats)
    low, high = np.quantile((times @ more) / (times @ n), [0.025, 0.975])
    return float(low), float(high)


def _verdict(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return UNCERTAIN
    if low > 0:
        return LOSES
    return WINS if high < 0 else EVEN
