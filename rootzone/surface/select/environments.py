"""Environments: which places are alike enough to be served by one model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.errors import RequestError

ALL: Final = "all"
LEAST_STATIONS: Final = 5
JOIN: Final = " / "


def told_environments(
    places: pl.DataFrame, by: Sequence[str], least_stations: int = LEAST_STATIONS
) -> pl.DataFrame:
    """The environment of every station, coarser where stations are few.

    Classes of all columns together are an environment where ``least_stations`` stations share them;
    the others are grouped by all columns but the last, and so on, and the rest is ``all``.

    Parameters
    ----------
    places : DataFrame
        A row a station: ``station`` and the columns of ``by``.
    by : sequence of str
        Class columns, the most important first (such as Koppen major, cover group, texture class).
    least_stations : int
        Fewest stations of an environment.

    Returns
    -------
    DataFrame
        ``station``, ``environment`` (text) and ``level``: how many columns it is made of.

    Raises
    ------
    RequestError
        A column is missing or a station has two rows.

    Examples
    --------
    >>> places = pl.DataFrame({"station": ["a", "b", "c"], "koppen": ["B", "B", "D"]})
    >>> told_environments(places, ["koppen"], 2)["environment"].to_list()
    ['B', 'B', 'all']
    """
    missing = [name for name in ("station", *by) if name not in places.columns]
    if missing:
        raise RequestError(f"The places lack the column {missing[0]!r}; have {places.columns}.")
    if places["station"].n_unique() < places.height:
        raise RequestError("A station has more than one row; its classes must be one each.")
    # Under names of our own: a class column may be called environment or level.
    classes = [f"class {k}" for k in range(len(by))]
    told = (
        pl.col(name).cast(pl.String).fill_null("unknown").alias(own)
        for name, own in zip(by, classes, strict=True)
    )
    out = places.select("station", *told).with_columns(
        environment=pl.lit(ALL, dtype=pl.String), level=pl.lit(0, dtype=pl.Int64)
    )
    for level in range(len(by), 0, -1):
        open_yet = out.filter(pl.col("level") == 0)
        named = open_yet.with_columns(
            told=pl.concat_str([pl.col(name) for name in classes[:level]], separator=JOIN)
        ).with_columns(n=pl.len().over("told"))
        kept = named.filter(pl.col("n") >= least_stations).select("station", "told")
        out = out.join(kept, on="station", how="left", maintain_order="left").with_columns(
            environment=pl.coalesce("told", "environment"),
            level=pl.when(pl.col("told").is_not_null()).then(level).otherwise("level"),
        ).drop("told")  # fmt: skip
    return out.select("station", "environment", "level")


def texture_group(clay_pct: pl.Expr, sand_pct: pl.Expr) -> pl.Expr:
    """``coarse``, ``medium`` or ``fine``: FAO's three groups of texture [% by weight].

    Coarse has less than 18 % clay and more than 65 % sand, fine has more than 35 % clay.
    """
    return (
        pl.when(clay_pct.is_null() | sand_pct.is_null())
        .then(None)
        .when(clay_pct > 35.0)
        .then(pl.lit("fine"))
        .when((clay_pct < 18.0) & (sand_pct > 65.0))
        .then(pl.lit("coarse"))
        .otherwise(pl.lit("medium"))
    )


def texture_groups(clay_pct: FloatArray, sand_pct: FloatArray) -> AnyArray:
    """`texture_group` of arrays, as texts; empty where texture is not known.

    >>> import numpy as np
    >>> texture_groups(np.array([10.0, np.nan]), np.array([80.0, 1.0])).tolist()
    ['coarse', '']
    """
    frame = pl.DataFrame({"clay": clay_pct.ravel(), "sand": sand_pct.ravel()}).fill_nan(None)
    told = frame.select(texture_group(pl.col("clay"), pl.col("sand")).fill_null("")).to_series()
    return told.to_numpy().astype(object).reshape(clay_pct.shape)
