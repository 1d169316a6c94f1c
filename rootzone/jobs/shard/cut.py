"""How a campaign falls into shards: sites of one year that lie near each other.

Sites are put in order of round, year and weather cell, so that a shard needs few cells and twins
meet in it. A shard's number depends on the drawn sites and on ``jobs.sites_per_shard`` only; rounds
of retries and stand-ins come after the drawn sites and never renumber them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rootzone._shared.content_digest import digest_rows
from rootzone._shared.errors import RequestError
from rootzone._shared.tables import SOILS

if TYPE_CHECKING:
    import polars as pl

# What a shard keeps of the sites table; the other columns have no say in a run.
SITE_COLUMNS = ("site_id", "year", "cell_id", "stratum", "weight")
# Columns of the soils table that a run may read; ``l`` is Mualem's pore connectivity.
SOIL_COLUMNS = (*SOILS.by_name, "l")
SITES_AT_ONCE = 50_000  # whose soils are in memory together: 12 layers of 16 columns are 80 MB


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

    ordered, sizes = ordered_sites(sites, sites_per_shard)
    chunks = list(cut_chunks(ordered, sizes, soils.lazy()))
    layers = pl.concat([layers for layers, _ in chunks])
    return Cut(ordered, layers, tuple(shard for _, shards in chunks for shard in shards))


def ordered_sites(sites: pl.DataFrame, sites_per_shard: int) -> tuple[pl.DataFrame, list[int]]:
    """Sites in the order of the shards with the column ``shard``, and the size of each shard.

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
    numbers = np.repeat(np.arange(1, len(sizes) + 1, dtype=np.int32), sizes)
    return ordered.with_columns(pl.Series("shard", numbers)), sizes


def cut_chunks(
    ordered: pl.DataFrame,
    sizes: Sequence[int],
    soils: pl.LazyFrame,
    at_once: int = SITES_AT_ONCE,
) -> Iterator[tuple[pl.DataFrame, list[Shard]]]:
    """Soil layers and shards of some sites after the other, so that memory holds only those.

    Parameters
    ----------
    ordered, sizes
        From `ordered_sites`.
    soils : polars.LazyFrame
        Soils table.
    at_once : int
        Sites of a chunk, about; a shard is never divided.

    Yields
    ------
    layers : polars.DataFrame
        Soil layers in the order of the shards.
    shards : list of Shard
        Shards of the chunk.
    """
    number = first_site = first_soil = 0
    while number < len(sizes):
        count = 1
        while number + count < len(sizes) and sum(sizes[number : number + count + 1]) <= at_once:
            count += 1
        own = sizes[number : number + count]
        rows = ordered.slice(first_site, sum(own))
        layers = _soils_in_order(rows, soils)
        shards = _shards(rows, layers, own, number, first_site, first_soil)
        yield layers.drop("_position"), shards
        number, first_site, first_soil = (
            number + count, first_site + rows.height, first_soil + layers.height
        )  # fmt: skip


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


def _soils_in_order(rows: pl.DataFrame, soils: pl.LazyFrame) -> pl.DataFrame:
    import polars as pl

    keys = rows.select("site_id").with_columns(pl.int_range(pl.len()).alias("_position"))
    schema = soils.collect_schema()
    kept = soils.select(name for name in SOIL_COLUMNS if name in schema)
    if keys["site_id"].dtype != schema["site_id"]:
        keys = keys.with_columns(pl.col("site_id").cast(pl.String))
        kept = kept.with_columns(pl.col("site_id").cast(pl.String))
    found = kept.filter(pl.col("site_id").is_in(keys["site_id"].implode())).collect()
    return found.join(keys, on="site_id", how="inner", maintain_order="left").sort(
        "_position", "layer", maintain_order=True
    )


def _shards(
    rows: pl.DataFrame,
    layers: pl.DataFrame,
    sizes: Sequence[int],
    before: int,
    first_site: int,
    first_soil: int,
) -> list[Shard]:
    """Shards of a chunk; what came before it: shards, sites, soil rows."""
    positions = layers["_position"]
    shards, first = [], 0
    for number, size in enumerate(sizes, before + 1):
        low = int(positions.search_sorted(first))
        high = int(positions.search_sorted(first + size))
        own = rows.slice(first, size)
        shards.append(
            Shard(
                number=number,
                year=int(own["year"][0]),
                round=int(own["round"][0]),
                first_site=first_site + first,
                n_site=size,
                first_soil=first_soil + low,
                n_soil=high - low,
                # Stratum and weight have no say in a run, so that new weights stale nothing.
                sites_digest=digest_rows(own, ("site_id", "year", "cell_id")),
                soils_digest=digest_rows(layers.slice(low, high - low), SOIL_COLUMNS),
            )
        )
        first += size
    return shards
