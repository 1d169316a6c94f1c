"""Later rounds: failed sites tried again, or stand-ins of the same stratum run in their place.

A round adds sites to the campaign; their shards come after all others. Nothing that was run before
is touched, so what failed stays on record.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rootzone._shared.atomic import atomic_path
from rootzone._shared.errors import RequestError
from rootzone._shared.seal import KEY, PLACE
from rootzone._shared.table_files import read_table
from rootzone._shared.tables import SITES
from rootzone.engines.failures import SiteId
from rootzone.jobs.record.read_outcomes import last_word
from rootzone.jobs.shard.cut import SITE_COLUMNS
from rootzone.jobs.shard.ledger import FAILED
from rootzone.jobs.shard.read_cut import ROUND_COLUMNS, read_rounds

if TYPE_CHECKING:
    import polars as pl

    from rootzone.campaign.workspace import Workspace

RETRY = "retry"
REPLACE = "replace"


@dataclass(frozen=True)
class Round:
    """What a new round holds.

    Parameters
    ----------
    number : int
        From 1.
    kind : str
        ``retry`` or ``replace``.
    sites : int
        Sites to run.
    without_stand_in : int
        Failed sites whose stratum has no reserve left; their weight goes to the others.
    """

    number: int
    kind: str
    sites: int
    without_stand_in: int = 0


def failed_sites(outcomes: pl.DataFrame, rounds: pl.DataFrame) -> pl.DataFrame:
    """Sites whose last word is failure and that have no stand-in."""
    import polars as pl

    failed = last_word(outcomes).filter(pl.col("outcome") == FAILED)
    replaced = set(rounds.filter(pl.col("kind") == REPLACE)["replaces"].to_list())
    return failed.filter(~pl.col("site_id").cast(pl.String).is_in(replaced))


def failed_in_order(
    outcomes: pl.DataFrame, rounds: pl.DataFrame, id_dtype: pl.DataType
) -> list[SiteId]:
    """Failed sites, those that have a stand-in first and in the order in which they got it.

    In that order a new failure never changes who stands in for whom.
    """
    import polars as pl

    last = last_word(outcomes).filter(pl.col("outcome") == FAILED)
    failed = last.select(pl.col("site_id").cast(id_dtype))["site_id"].to_list()
    stand_ins = rounds.filter(pl.col("kind") == REPLACE).select(
        pl.col("site_id").cast(id_dtype), pl.col("replaces").cast(id_dtype)
    )
    standing: dict[SiteId, SiteId] = {}
    order: list[SiteId] = []
    for stand_in, drawn in stand_ins.iter_rows():
        order.append(standing.get(drawn, drawn))
        standing[drawn] = stand_in
    return list(dict.fromkeys([*(site for site in order if site in set(failed)), *failed]))


def retry_round(
    sites: pl.DataFrame,
    rounds: pl.DataFrame,
    chosen: pl.DataFrame,
    settings: Mapping[str, Any],
) -> tuple[Round, pl.DataFrame]:
    """A round that tries sites again.

    Parameters
    ----------
    sites : polars.DataFrame
        Drawn sites and reserves.
    rounds : polars.DataFrame
        Rounds so far.
    chosen : polars.DataFrame
        Failed sites to try again, by ``site_id``.
    settings : mapping
        Engine settings to change in this round.

    Raises
    ------
    RequestError
        There is nothing to try again.
    """
    import polars as pl

    if chosen.height == 0:
        raise RequestError(
            "No failed site fits; nothing to try again. See: rootzone quarantine list."
        )
    number = _next(rounds)
    wanted = chosen["site_id"].cast(pl.String).implode()
    rows = sites.filter(pl.col("site_id").cast(pl.String).is_in(wanted)).select(SITE_COLUMNS)
    rows = rows.with_columns(
        pl.lit(number, dtype=pl.Int32).alias("round"),
        pl.lit(RETRY).alias("kind"),
        pl.lit(None, dtype=pl.String).alias("replaces"),
        pl.lit(json.dumps(dict(settings), sort_keys=True)).alias("settings"),
    )
    return Round(number, RETRY, rows.height), rows


def replace_round(
    sites: pl.DataFrame, reserves: pl.DataFrame, outcomes: pl.DataFrame, rounds: pl.DataFrame
) -> tuple[Round, pl.DataFrame]:
    """A round that runs stand-ins for failed sites, of the same stratum and in order of rank.

    Raises
    ------
    RequestError
        There is nothing to replace, or a stratum has no site left.
    """
    import polars as pl

    from rootzone.design.replace import replace_failed

    failed = failed_in_order(outcomes, rounds, sites.schema["site_id"])
    if not failed:
        raise RequestError("No site failed; nothing to replace.")
    result = replace_failed(sites, reserves, failed)
    already = rounds.filter(pl.col("kind") == REPLACE)["site_id"].cast(pl.String).implode()
    new = result.stand_ins.filter(~pl.col("site_id").cast(pl.String).is_in(already))
    if new.height == 0:
        raise RequestError(
            f"No reserve is left for the {result.lost.height} failed sites without a stand-in; "
            "their weight goes to the other sites of their stratum."
        )
    number = _next(rounds)
    rows = new.select(
        *SITE_COLUMNS,
        pl.lit(number, dtype=pl.Int32).alias("round"),
        pl.lit(REPLACE).alias("kind"),
        pl.col("replaces").cast(pl.String),
        pl.lit("{}").alias("settings"),
    )
    return Round(number, REPLACE, rows.height, result.lost.height), rows


def _next(rounds: pl.DataFrame) -> int:
    return int(rounds["round"].cast(int).max() or 0) + 1 if rounds.height else 1  # type: ignore[arg-type]


def add_round(workspace: Workspace, rows: pl.DataFrame) -> None:
    """Put a round on record.

    Raises
    ------
    OSError
        It cannot be written; the record stays as it was.
    """
    import polars as pl

    before = read_rounds(workspace)
    columns = [*SITE_COLUMNS, *ROUND_COLUMNS]
    if before.height:
        rows = pl.concat([before.select(columns), rows.select(columns).cast(dict(before.schema))])  # type: ignore[arg-type]
    with atomic_path(workspace.rounds) as temporary:
        rows.select(columns).write_parquet(temporary, metadata={KEY.decode(): PLACE})


def read_reserves(workspace: Workspace) -> pl.DataFrame:
    """Stand-ins in order of rank.

    Raises
    ------
    RequestError
        There are none: the design drew no reserves.
    """
    if not workspace.reserves.exists():
        raise RequestError(
            f"{workspace.reserves} does not exist: the design drew no reserves. Set "
            "sites.reserves_pct above 0 and draw again, or go on with fewer sites."
        )
    return read_table(workspace.reserves, SITES)
