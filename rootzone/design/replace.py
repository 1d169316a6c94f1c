"""Stand-ins for failed sites, from their own stratum, and the weights that follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from rootzone._shared.errors import RequestError


@dataclass(frozen=True)
class Replacement:
    """What became of the failed sites.

    Parameters
    ----------
    sites : DataFrame
        The sites that count now: survivors, and stand-ins in the place of failed ones. Column
        ``replaces`` names the drawn site a stand-in stands in for, null for a drawn one.
    stand_ins : DataFrame
        The stand-ins among them, which have to be run.
    lost : DataFrame
        Failed sites without a stand-in: ``site_id``, ``year``, ``stratum``, ``weight``; their
        weight has gone to the other sites of their stratum.
    """

    sites: pl.DataFrame
    stand_ins: pl.DataFrame
    lost: pl.DataFrame


def replace_failed(
    sites: pl.DataFrame, reserves: pl.DataFrame, failed: Sequence[int | str]
) -> Replacement:
    """Put stand-ins in the place of failed sites; weights of every stratum still add up.

    The first unused reserve of the failed site's block takes its place, for it lies in land that
    is most like it; without one, the first unused reserve of the stratum by rank. The stand-in
    takes over the weight. A stand-in may be among the failed: then the next one takes over. When a
    stratum has no reserve left, the weight is shared among its other sites in proportion to theirs.

    Parameters
    ----------
    sites, reserves : DataFrame
        Tables as ``rootzone sites`` writes them, never changed in between.
    failed : sequence of site identifiers
        Sites and stand-ins that failed, in the order in which they failed. Who stands in for
        whom stays the same when more are added at the end.

    Raises
    ------
    RequestError
        An identifier is in neither table, or every site and reserve of a stratum failed.
    """
    failed = list(dict.fromkeys(failed))
    _check_known(sites, reserves, failed)
    has_failed = pl.col("site_id").is_in(failed)
    drawn = {row["site_id"]: row for row in sites.filter(has_failed).iter_rows(named=True)}
    queue = _Queue(reserves)
    standing: dict[object, dict[str, object]] = {}
    lost: list[dict[str, object]] = []
    for site_id in failed:
        row = standing.pop(site_id, None) or drawn.get(site_id)
        if row is None:  # a reserve that failed before anyone needed it
            queue.drop(site_id)
            continue
        first = row.get("replaces", row["site_id"])
        stand_in = queue.next_for(row)
        if stand_in is None:
            lost.append({**row, "site_id": first})
        else:
            standing[stand_in["site_id"]] = {**stand_in, "weight": row["weight"], "replaces": first}
    schema = {**sites.schema, "replaces": sites.schema["site_id"]}
    stand_ins = _frame(list(standing.values()), schema)
    survivors = sites.filter(~has_failed).with_columns(
        replaces=pl.lit(None, dtype=schema["replaces"])
    )
    names = ("site_id", "year", "stratum", "weight")
    lost_frame = _frame(lost, {name: schema[name] for name in names})
    kept = _spread_lost(pl.concat([survivors, stand_ins]), lost_frame)
    return Replacement(kept, kept.filter(pl.col("replaces").is_not_null()), lost_frame)


def _frame(rows: list[dict[str, object]], schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    return pl.DataFrame([{name: row[name] for name in schema} for row in rows], schema=schema)


class _Queue:
    """Unused reserves by year and stratum, in the order of their rank."""

    def __init__(self, reserves: pl.DataFrame) -> None:
        self._waiting: dict[tuple[int, str], list[dict[str, object]]] = {}
        for row in reserves.sort("year", "stratum", "rank").iter_rows(named=True):
            self._waiting.setdefault((row["year"], row["stratum"]), []).append(row)

    def drop(self, site_id: object) -> None:
        """Take a reserve out that failed."""
        for waiting in self._waiting.values():
            waiting[:] = [row for row in waiting if row["site_id"] != site_id]

    def next_for(self, site: dict[str, object]) -> dict[str, object] | None:
        """The reserve that takes a site's place, or None; it is used up."""
        waiting = self._waiting.get((site["year"], site["stratum"]), [])  # type: ignore[arg-type]
        if not waiting:
            return None
        same_block = (i for i, row in enumerate(waiting) if row["block"] == site["block"])
        return waiting.pop(next(same_block, 0))


def _check_known(sites: pl.DataFrame, reserves: pl.DataFrame, failed: Sequence[int | str]) -> None:
    known = set(sites["site_id"]) | set(reserves["site_id"])
    strange = [str(site_id) for site_id in failed if site_id not in known]
    if strange:
        raise RequestError(
            f"{len(strange)} failed sites are neither drawn nor in reserve: "
            f"{', '.join(strange[:5])}. Are sites, reserves and failures of the same campaign?"
        )


def _spread_lost(sites: pl.DataFrame, lost: pl.DataFrame) -> pl.DataFrame:
    """Give the weight of lost sites to the others of their stratum in proportion to theirs."""
    if lost.is_empty():
        return sites
    by = ["year", "stratum"]
    gone = lost.group_by(by).agg(pl.col("weight").sum().alias("_gone"))
    empty = gone.join(sites.select(by).unique(), on=by, how="anti")
    if not empty.is_empty():
        named = ", ".join(
            f"{row['stratum']} ({row['year']})" for row in empty.iter_rows(named=True)
        )
        raise RequestError(
            f"Every site and reserve of a stratum failed: {named}. Its land has no site left; draw "
            "again with a higher sites.reserves_pct, or find out why these soils fail."
        )
    joined = sites.join(gone, on=by, how="left", maintain_order="left")
    share = 1.0 + pl.col("_gone").fill_null(0.0) / pl.col("weight").sum().over(by)
    return joined.with_columns(weight=pl.col("weight") * share).drop("_gone")
