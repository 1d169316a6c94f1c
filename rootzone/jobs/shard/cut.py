"""How a campaign falls into shards: sites of one year that lie near each other.

Sites are put in order of round, year and weather cell, so that a shard needs few cells and twins
meet in it. A shard's number depends on the drawn sites and on ``jobs.sites_per_shard`` only; rounds
of retries and stand-ins come after the drawn sites and never renumber them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rootzone._shared.content_digest import digest_rows
from rootzone._shared.errors import RequestError
from rootzone._shared.tables import SOILS

if TYPE_CHECKING:
    import polars as pl

# What a shard keeps of the sites table; the other columns have no say in a run.
SITE_COLUMNS = ("site_id", "year", "cell_id", "stratum", "weight")
# Columns of the soils table that a run may read; ``l`` is Mualem's pore connectivity.
SOIL_COLUMNS = (*SOILS.by_name, "l")


@dataclass(frozen=True)
class Shard:
    """One unit of work and one output.

    Parameters
    ----------
    number : int
        From 1, as users name it.
    year : int
        Campaign year of all its sites.
    round : int
        0 for the drawn sites, then one for each round of retries or stand-ins.
    first_site, n_site : int
        Its rows in the ordered sites.
    first_soil, n_soil : int
        Its rows in the ordered soils.
    sites_digest, soils_digest : str
        Digests of these rows.
    """

    number: int
    year: int
    round: int
    first_site: int
    n_site: int
    first_soil: int
    n_soil: int
    sites_digest: str
    soils_digest: str


@dataclass(frozen=True)
class Cut:
    """A campaign in shards.

    Parameters
    ----------
    sites : polars.DataFrame
        Sites in the order of the shards, with the columns ``round`` and ``shard``.
    soils : polars.DataFrame
        Their soil layers in the same order; a site without rows has none.
    shards : tuple of Shard
        In order of number.
    """

    sites: pl.DataFrame
    soils: pl.DataFrame
    shards: tuple[Shard, ...]


def cut_campaign(sites: pl.DataFrame, soils: pl.DataFrame, sites_per_shard: int) -> Cut:
    """Cut sites and their soils into shards.

    Parameters
    ----------
    sites : polars.DataFrame
        Columns ``SITE_COLUMNS`` and ``round`` (0 for drawn sites).
    soils : polars.DataFrame
        Soils table; rows of other sites are left out.
    sites_per_shard : int
        Largest number of sites in a shard; shards of a year differ by one site at most.

    Raises
    ------
    RequestError
        No site at all, or a site twice in a round.
    """
    import polars as pl

    if sites.height == 0:
        raise RequestError("There are no sites to run; draw some with: rootzone sites.")
    _refuse_doubles(sites)
    ordered = sites.sort("round", "year", "cell_id", maintain_order=True)
    groups = ordered.group_by("round", "year", maintain_order=True).len()
    sizes = [size for n in groups["len"] for size in even_sizes(n, sites_per_shard)]
    numbers = [number for number, size in enumerate(sizes, 1) for _ in range(size)]
    ordered = ordered.with_columns(
        pl.Series("shard", numbers, dtype=pl.Int32), pl.int_range(pl.len()).alias("_position")
    )
    layers = _soils_in_order(ordered, soils)
    shards = _shards(ordered, layers, sizes)
    return Cut(ordered.drop("_position"), layers.drop("_position"), shards)


def even_sizes(n: int, largest: int) -> list[int]:
    """Sizes of the fewest parts of ``n`` that are no larger than ``largest`` and differ by one.

    Examples
    --------
    >>> even_sizes(5001, 2500)
    [1667, 1667, 1667]
    """
    parts = math.ceil(n / largest)
    return [n // parts + (i < n % parts) for i in range(parts)]


def _refuse_doubles(sites: pl.DataFrame) -> None:
    doubles = sites.filter(sites.select("round", "site_id").is_duplicated())
    if doubles.height:
        names = ", ".join(str(name) for name in doubles["site_id"].unique().sort().head(5))
        raise RequestError(
            f"{doubles.height} rows of the sites table share a site_id, among them {names}; a site "
            "belongs to one year. Make the ids unique and draw the soils again."
        )


def _soils_in_order(ordered: pl.DataFrame, soils: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    keys = ordered.select("site_id", "_position")
    kept = soils.select(name for name in SOIL_COLUMNS if name in soils.columns)
    if keys["site_id"].dtype != kept["site_id"].dtype:
        keys = keys.with_columns(pl.col("site_id").cast(pl.String))
        kept = kept.with_columns(pl.col("site_id").cast(pl.String))
    return kept.join(keys, on="site_id", how="inner", maintain_order="left").sort(
        "_position", "layer", maintain_order=True
    )


def _shards(ordered: pl.DataFrame, layers: pl.DataFrame, sizes: Sequence[int]) -> tuple[Shard, ...]:
    positions = layers["_position"]
    shards, first = [], 0
    for number, size in enumerate(sizes, 1):
        low = int(positions.search_sorted(first))
        high = int(positions.search_sorted(first + size))
        rows = ordered.slice(first, size)
        shards.append(
            Shard(
                number=number,
                year=int(rows["year"][0]),
                round=int(rows["round"][0]),
                first_site=first,
                n_site=size,
                first_soil=low,
                n_soil=high - low,
                # Stratum and weight have no say in a run, so that new weights stale nothing.
                sites_digest=digest_rows(rows, ("site_id", "year", "cell_id")),
                soils_digest=digest_rows(layers.slice(low, high - low), SOIL_COLUMNS),
            )
        )
        first += size
    return tuple(shards)
