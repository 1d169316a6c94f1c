"""The cut of a campaign from its tables, kept so that a worker reads only its own rows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rootzone._shared.atomic import atomic_path, is_damaged
from rootzone._shared.digests import digest_file, digest_json
from rootzone._shared.errors import RequestError
from rootzone._shared.seal import KEY, PLACE, check
from rootzone._shared.table_files import read_table, scan_table
from rootzone._shared.tables import SITES, SOILS
from rootzone.campaign.model import BY_LAND_COVER
from rootzone.jobs.shard.counted_days import Span
from rootzone.jobs.shard.cut import SITE_COLUMNS, Shard, cut_chunks, ordered_sites

if TYPE_CHECKING:
    import polars as pl

    from rootzone.campaign.model import Campaign
    from rootzone.campaign.workspace import Workspace

_KEY = b"rootzone.cut"
# Columns of the rounds table besides those of a site.
ROUND_COLUMNS = ("round", "kind", "replaces", "settings")


@dataclass(frozen=True)
class ShardTable:
    """The shards of a campaign as its tables are now.

    Parameters
    ----------
    shards : tuple of Shard
        In order of number.
    weather : mapping of int to str
        Digest of the weather each campaign year takes, spin-up included.
    round_settings : mapping of int to dict
        Engine settings a round of retries changes.
    """

    shards: tuple[Shard, ...]
    weather: Mapping[int, str]
    round_settings: Mapping[int, Mapping[str, Any]]

    @property
    def n_site(self) -> int:
        """Sites of all shards."""
        return sum(shard.n_site for shard in self.shards)


def read_shards(campaign: Campaign, workspace: Workspace, *, freeze: bool) -> ShardTable:
    """The shards as the campaign's tables are now.

    The cut is taken from the runs folder where the tables have not been touched since it was made;
    otherwise it is made again, and with ``freeze`` put there for the workers.

    Raises
    ------
    RequestError
        A table is missing or wrong, or the runs folder cannot be written.
    """
    check_tables(workspace)
    _check_cover(campaign, workspace)
    prints = _fingerprints(campaign, workspace)
    kept = _kept_table(workspace, prints, whole=freeze)
    if kept is not None:
        return kept
    ordered, sizes = _ordered(campaign, workspace)
    weather = {
        int(year): digest_json(
            [
                digest_file(check(path, "rootzone forcing makes it again."))
                for path in weather_files(campaign, workspace, int(year))
            ]
        )
        for year in ordered["year"].unique().sort()
    }
    chunks = cut_chunks(ordered, sizes, scan_table(workspace.soils, SOILS))
    rounds = _round_settings(workspace)
    if not freeze:
        shards = tuple(shard for _, own in chunks for shard in own)
        return ShardTable(shards, weather, rounds)
    return _freeze(ordered, chunks, weather, rounds, prints, workspace)


def check_tables(workspace: Workspace) -> None:
    """Refuse a campaign without sites or soils.

    Raises
    ------
    RequestError
        With the file that is missing and the verb that makes it.
    """
    for what, path in (("sites", workspace.sites), ("soils", workspace.soils)):
        check(path, f"rootzone {what} makes it again.")
        if not path.exists():
            raise RequestError(
                f"{path} does not exist; the campaign has no {what} yet. Make them with: "
                f"rootzone {what}."
            )


def _check_cover(campaign: Campaign, workspace: Workspace) -> None:
    """Refuse soils that do not say what the campaign's ``cover`` says.

    Raises
    ------
    RequestError
        Sites should have covers of their own and have none, or the other way round.
    """
    has = "cover" in scan_table(workspace.soils, SOILS).collect_schema().names()
    if campaign.cover == BY_LAND_COVER and not has:
        raise RequestError(
            f"{workspace.soils} has no column cover, from which cover: {BY_LAND_COVER} takes each "
            "site's plants. It was made before; make it again: rootzone soils --force."
        )
    if campaign.cover == "bare" and has:
        raise RequestError(
            f"{workspace.soils} has a column cover, and the campaign says cover: bare. Set cover: "
            f"{BY_LAND_COVER} to grow what the column says, or make the soils again: rootzone "
            "soils --force."
        )


def _ordered(campaign: Campaign, workspace: Workspace) -> tuple[pl.DataFrame, list[int]]:
    """The campaign's drawn sites and later rounds in the order of the shards, and their sizes.

    Raises
    ------
    RequestError
        A table is missing or wrong.
    """
    import polars as pl

    sites = read_table(workspace.sites, SITES).filter(pl.col("year").is_in(campaign.years))
    if sites.height == 0:
        raise RequestError(
            f"{workspace.sites} has no site for the years {', '.join(map(str, campaign.years))} of "
            "the campaign file; draw sites for them with: rootzone sites."
        )
    columns = [*SITE_COLUMNS, "round"]
    drawn = sites.with_columns(pl.lit(0, dtype=pl.Int32).alias("round")).select(columns)
    later = read_rounds(workspace)
    if later.height:
        same = [pl.col(name).cast(drawn.schema[name]) for name in columns]
        drawn = pl.concat([drawn, later.select(same)])
    return ordered_sites(drawn, campaign.jobs.sites_per_shard)


def read_rounds(workspace: Workspace) -> pl.DataFrame:
    """Sites of later rounds; no rows where there was none.

    Raises
    ------
    RequestError
        The table lacks a column.
    """
    import polars as pl

    if not workspace.rounds.exists():
        return pl.DataFrame(schema=dict.fromkeys((*SITE_COLUMNS, *ROUND_COLUMNS), pl.String))
    frame = pl.read_parquet(check(workspace.rounds))
    lacking = {*SITE_COLUMNS, *ROUND_COLUMNS} - set(frame.columns)
    if lacking:
        raise RequestError(f"{workspace.rounds} lacks {', '.join(sorted(lacking))}.")
    return frame


def _round_settings(workspace: Workspace) -> dict[int, dict[str, Any]]:
    rounds = read_rounds(workspace)
    if rounds.height == 0:
        return {}
    pairs = rounds.group_by("round").first().select("round", "settings").iter_rows()
    return {int(number): json.loads(settings or "{}") for number, settings in pairs}


def weather_files(campaign: Campaign, workspace: Workspace, year: int) -> list[Path]:
    """Weather tables a campaign year is run on: its own, and earlier ones for the spin-up.

    Earlier files may be missing where the year's own file starts early enough; whether the days
    are all there is judged cell by cell.

    Raises
    ------
    RequestError
        The year's own file is missing, or the spin-up has no weather.
    """
    span = Span.of_year(year, campaign.engine.spin_up_days)
    wanted = [workspace.weather(y) for y in span.weather_years]
    own = workspace.weather(year)
    if not own.exists():
        raise RequestError(
            f"{own} does not exist; prepare the weather of {year}: rootzone forcing."
        )
    found = [path for path in wanted if path.exists()]
    if len(found) < len(wanted) and _first_day(found[0]) > span.start:
        lacking = next(path for path in wanted if not path.exists())
        raise RequestError(
            f"{lacking} does not exist, and engine.spin_up_days: {campaign.engine.spin_up_days} "
            f"needs weather before {year}. Make it with: rootzone forcing, or lower spin_up_days."
        )
    return found


def _first_day(path: Path) -> int:
    import polars as pl

    first = pl.scan_parquet(path).select(pl.col("date").cast(pl.Date).min()).collect().item()
    return int(pl.Series([first]).cast(pl.Int32).item()) if first is not None else 2**31


def _fingerprints(campaign: Campaign, workspace: Workspace) -> dict[str, Any]:
    """What must be unchanged for a kept cut to hold: sizes and times of tables, and the cutting."""
    spin_up = campaign.engine.spin_up_days
    years = {y for year in campaign.years for y in Span.of_year(year, spin_up).weather_years}
    paths = [workspace.sites, workspace.soils, workspace.rounds]
    paths += [workspace.weather(year) for year in sorted(years)]
    stats = {
        path.relative_to(workspace.root).as_posix(): [path.stat().st_size, path.stat().st_mtime_ns]
        for path in paths
        if path.exists()
    }
    return {
        "files": stats,
        "years": list(campaign.years),
        "sites_per_shard": campaign.jobs.sites_per_shard,
        "spin_up_days": spin_up,
    }


def _kept_table(
    workspace: Workspace, prints: Mapping[str, Any], *, whole: bool
) -> ShardTable | None:
    """The cut beside the runs; None where there is none that holds, or a damaged one: told.

    ``whole`` looks at all of it, for those who go on to read its rows.
    """
    import pyarrow.parquet as pq

    both = (workspace.shard_sites, workspace.shard_soils)
    damaged = [path for path in both if is_damaged(path, content=whole)]  # each is told
    if damaged:
        return None
    try:
        texts = [(pq.read_metadata(path).metadata or {}).get(_KEY) for path in both]
    except (OSError, ValueError):
        return None
    if texts[0] is None or texts[0] != texts[1]:
        return None
    kept = json.loads(texts[0])
    if kept["fingerprints"] != json.loads(json.dumps(prints)):
        return None
    return ShardTable(
        tuple(Shard(**shard) for shard in kept["shards"]),
        {int(year): digest for year, digest in kept["weather"].items()},
        {int(number): settings for number, settings in kept["round_settings"].items()},
    )


def _freeze(
    ordered: pl.DataFrame,
    chunks: Iterator[tuple[pl.DataFrame, list[Shard]]],
    weather: Mapping[int, str],
    rounds: Mapping[int, Mapping[str, Any]],
    prints: Mapping[str, Any],
    workspace: Workspace,
) -> ShardTable:
    """Keep the cut beside the runs while it is made.

    One row group for each shard, so that reading its rows touches nothing else.
    """
    shards: list[Shard] = []
    with _grouped(workspace.shard_soils) as soils:
        for layers, own in chunks:
            shards += own
            soils.write(layers, [(s.first_soil - own[0].first_soil, s.n_soil) for s in own])
        table = ShardTable(tuple(shards), weather, rounds)
        facts = {
            "fingerprints": prints,
            "shards": [asdict(shard) for shard in shards],
            "weather": weather,
            "round_settings": rounds,
        }
        soils.tell(json.dumps(facts))
    with _grouped(workspace.shard_sites) as sites:
        sites.write(ordered, [(shard.first_site, shard.n_site) for shard in shards])
        sites.tell(json.dumps(facts))
    return table


class _Groups:
    """A table written in row groups of our choice, with a text in its metadata at the end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: Any = None

    def write(self, frame: pl.DataFrame, groups: list[tuple[int, int]]) -> None:
        """Append some rows as row groups, each given by its first row and its length."""
        import polars as pl
        import pyarrow.parquet as pq

        rows = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
        if self._writer is None:
            schema = rows.schema.with_metadata({KEY: PLACE})
            self._writer = pq.ParquetWriter(self._path, schema, write_page_checksum=True)
        for first, n in groups:
            if n:
                rows_of_group = rows.slice(first, n).cast(self._writer.schema)
                self._writer.write_table(rows_of_group, row_group_size=n)

    def tell(self, text: str) -> None:
        """Put the text into the metadata."""
        self._writer.add_key_value_metadata({_KEY: text})

    def close(self) -> None:
        """Finish the file."""
        if self._writer is not None:
            self._writer.close()


@contextmanager
def _grouped(path: Path) -> Iterator[_Groups]:
    with atomic_path(path) as temporary:
        groups = _Groups(temporary)
        try:
            yield groups
        finally:
            groups.close()


def read_rows(path: Path, first: int, n: int) -> pl.DataFrame:
    """Some rows of a kept table.

    Raises
    ------
    RequestError
        The table is gone, or was made for another cut.
    """
    import polars as pl

    if not path.exists():
        raise RequestError(f"{path} is gone; start the run again, which writes it.")
    check(path, "Delete it; the next run of rootzone simulate writes it again.")
    return pl.scan_parquet(path).slice(first, n).collect()
