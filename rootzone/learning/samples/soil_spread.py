"""What is not known of the soils of simulated labels: as their noise, and as width of an interval.

``rootzone labels`` writes, where ``soil.members`` or ``soil.texture_spread`` name other soils of
each site, by how much the label differs among them.
"""

from __future__ import annotations

from pathlib import Path
from statistics import NormalDist
from typing import TYPE_CHECKING

from rootzone._shared.errors import RequestError
from rootzone.labels.splits import SEASONS

if TYPE_CHECKING:
    import polars as pl

_KEYS = ("site_id", "date", "depth_mm")


def read_soil_spread(folder: Path) -> pl.DataFrame | None:
    """Standard deviation over soils of each label; None where the labels have none.

    Returns
    -------
    polars.DataFrame
        site_id (text), date, depth_mm, theta_sd [m3 m-3].
    """
    import polars as pl

    files = sorted(folder.glob("year=*/part-*.parquet"))
    if not files:
        return None
    rows = pl.scan_parquet(files, hive_partitioning=False).select(*_KEYS, "theta_sd")
    return rows.with_columns(
        pl.col("site_id").cast(pl.String),
        pl.col("date").cast(pl.Date),
        pl.col("depth_mm").cast(pl.Float32),
    ).collect()


def counted_by_spread(labels: pl.DataFrame, spread: pl.DataFrame | None) -> pl.DataFrame:
    r"""Labels whose weight falls with what is not known of their soil.

    Each weight is multiplied by :math:`2 / (1 + (s / m)^2)`, where s is the label's standard
    deviation over soils and m the median of all: a label of ordinary noise counts as before, a sure
    one up to twice, one of three times the noise a fifth. A label without s has the median.

    Parameters
    ----------
    labels : polars.DataFrame
        site_id (text), date, depth_mm, weight and more.
    spread : polars.DataFrame or None
        As `read_soil_spread` gives it.

    Raises
    ------
    RequestError
        The labels have no spread.
    """
    import polars as pl

    if spread is None or spread["theta_sd"].drop_nulls().drop_nans().is_empty():
        raise RequestError(
            "learning.label_noise: soil_spread asks by how much labels differ among soils, and no "
            "spread was written. Name soil.members or set soil.texture_spread, and run rootzone "
            "soils --force and rootzone labels; or set it to none."
        )
    noise = spread.with_columns(pl.col("theta_sd").fill_nan(None))
    median = noise["theta_sd"].median()
    keyed = labels.with_columns(
        pl.col("date").cast(pl.Date).alias("_day"), pl.col("depth_mm").cast(pl.Float32).alias("_mm")
    )
    joined = keyed.join(
        noise.unique(list(_KEYS), keep="first").rename({"date": "_day", "depth_mm": "_mm"}),
        on=["site_id", "_day", "_mm"], how="left", maintain_order="left",
    )  # fmt: skip
    ratio = pl.col("theta_sd").fill_null(median) / median
    return joined.with_columns(
        (pl.col("weight") * 2.0 / (1.0 + ratio**2)).cast(pl.Float32).alias("weight")
    ).drop("_day", "_mm", "theta_sd")


def soil_widths(spread: pl.DataFrame | None, coverage: float) -> dict[str, float]:
    """Half-width of an interval for soils alone, by season [m3 m-3]; empty where none is known.

    The root mean square of the standard deviations of a season times the normal quantile of the
    interval: 1.28 for 80 %.
    """
    import polars as pl

    if spread is None:
        return {}
    season = (pl.col("date").dt.month() % 12) // 3
    rows = (
        spread.with_columns(pl.col("theta_sd").fill_nan(None))
        .drop_nulls("theta_sd")
        .group_by(season.alias("season"))
        .agg((pl.col("theta_sd") ** 2).mean().sqrt().alias("rms"))
    )
    z = NormalDist().inv_cdf(0.5 * (1.0 + coverage))
    return {SEASONS[int(k)]: z * float(rms) for k, rms in sorted(rows.iter_rows())}
