"""Failure must not bend the sample: what each stratum lost, and the weights that make up for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rootzone.jobs.shard.ledger import DONE, FAILED

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from rootzone.engines.failures import SiteId


def loss_table(sites: pl.DataFrame, outcomes: pl.DataFrame) -> pl.DataFrame:
    """What each stratum of each year lost, the worst share of its weight first.

    Parameters
    ----------
    sites : polars.DataFrame
        Drawn sites: ``site_id``, ``year``, ``stratum``, ``weight``.
    outcomes : polars.DataFrame
        Last word on each site: ``site_id``, ``outcome``, ``failure_class``.

    Returns
    -------
    losses : polars.DataFrame
        ``year``, ``stratum``, ``sites``, ``done``, ``failed``, ``open`` (no outcome yet),
        ``failed_pct`` and ``weight_lost_pct`` [%] of those with an outcome, ``most_often`` (the
        most frequent failure class).
    """
    import polars as pl

    joined = sites.select("site_id", "year", "stratum", "weight").join(
        outcomes.select(
            pl.col("site_id").cast(sites.schema["site_id"]), "outcome", "failure_class"
        ),
        on="site_id",
        how="left",
    )
    done, failed = pl.col("outcome") == DONE, pl.col("outcome") == FAILED
    tried = pl.col("weight").filter(done | failed).sum()
    table = joined.group_by("year", "stratum").agg(
        pl.len().alias("sites"),
        done.sum().alias("done"),
        failed.sum().alias("failed"),
        pl.col("outcome").is_null().sum().alias("open"),
        (100.0 * failed.sum() / (done | failed).sum()).fill_nan(0.0).alias("failed_pct"),
        (100.0 * pl.col("weight").filter(failed).sum() / tried)
        .fill_nan(0.0)
        .alias("weight_lost_pct"),
        pl.col("failure_class").drop_nulls().mode().sort().first().alias("most_often"),
    )
    return table.sort(["weight_lost_pct", "year", "stratum"], descending=[True, False, False])


def final_sites(
    sites: pl.DataFrame,
    reserves: pl.DataFrame | None,
    outcomes: pl.DataFrame,
    failed: Sequence[SiteId],
) -> pl.DataFrame:
    """Sites that carry the sample now, with weights that still add up in every stratum.

    Failed sites are gone; stand-ins that finished took their place and weight; what had no stand-in
    gave its weight to the others of its stratum. Sites without an outcome yet are kept.

    Parameters
    ----------
    sites : polars.DataFrame
        Drawn sites.
    reserves : polars.DataFrame or None
        Stand-ins in order of their rank.
    outcomes : polars.DataFrame
        Outcomes of every site that was run.
    failed : sequence
        Failed sites, as :func:`rootzone.jobs.record.rounds.failed_in_order` gives them.

    Returns
    -------
    final : polars.DataFrame
        Columns of ``sites`` with ``replaces``, the drawn site a stand-in stands in for.

    Raises
    ------
    RequestError
        A stratum lost all its sites.
    """
    import polars as pl

    from rootzone.design.replace import replace_failed

    ran = outcomes["site_id"].cast(sites.schema["site_id"]).implode()
    if reserves is None:
        reserves = sites.head(0).with_columns(pl.lit(1).alias("rank"), pl.lit(0).alias("block"))
    return replace_failed(sites, reserves.filter(pl.col("site_id").is_in(ran)), failed).sites
