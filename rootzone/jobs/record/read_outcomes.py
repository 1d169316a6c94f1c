"""What became of every site, over all rounds: the last word of the ledgers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rootzone.jobs.shard.read_shard import read_closed, read_ledger

if TYPE_CHECKING:
    import polars as pl

    from rootzone.campaign.workspace import Workspace
    from rootzone.jobs.shard.cut import Shard

_COLUMNS = ["site_id", "outcome", "rung", "attempts", "failure_class", "text", "repairs"]


def read_outcomes(workspace: Workspace, shards: Sequence[Shard]) -> pl.DataFrame:
    """One row for each site and round that has an outcome.

    Parameters
    ----------
    workspace : Workspace
        Where the ledgers lie.
    shards : sequence of Shard
        Shards to read; those that are not closed are left out.

    Returns
    -------
    outcomes : polars.DataFrame
        Ledger columns with ``shard``, ``year`` and ``round``, in the order of the shards.
    """
    import polars as pl

    frames = []
    for shard in shards:
        if read_closed(workspace, shard.number) is None:
            continue
        frames.append(
            read_ledger(workspace, shard.number, _COLUMNS).with_columns(
                pl.lit(shard.number, dtype=pl.Int32).alias("shard"),
                pl.lit(shard.year, dtype=pl.Int32).alias("year"),
                pl.lit(shard.round, dtype=pl.Int32).alias("round"),
            )
        )
    if not frames:
        names = [*_COLUMNS, "shard", "year", "round"]
        return pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    return pl.concat(frames)


def last_word(outcomes: pl.DataFrame) -> pl.DataFrame:
    """The latest round of each site, in the order in which the sites first came."""
    return outcomes.unique("site_id", keep="last", maintain_order=True)
