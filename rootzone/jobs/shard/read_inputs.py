"""The inputs of one shard: its sites with soils and weather, and what is wrong with the others."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rootzone._shared.content_digest import digest_rows
from rootzone._shared.days import calendar_day
from rootzone._shared.errors import RequestError
from rootzone._shared.seal import check
from rootzone.engines.failures import Failure, FailureClass, SiteId
from rootzone.engines.protocol import SiteBatch
from rootzone.engines.tables.read_soils import soils_from_frame
from rootzone.engines.tables.read_weather import (
    WeatherNeeds,
    join_weather,
    weather_from_frame,
)
from rootzone.jobs.shard.counted_days import Span, cells_out_of_span
from rootzone.jobs.shard.cut import SOIL_COLUMNS, Shard
from rootzone.jobs.shard.read_cut import read_rows

if TYPE_CHECKING:
    import polars as pl

    from rootzone.campaign.workspace import Workspace


@dataclass(frozen=True)
class ShardInputs:
    """What a shard runs on.

    Parameters
    ----------
    site_ids : list
        All its sites, in order.
    id_dtype : polars type
        Type of ``site_id``.
    batch : SiteBatch
        Sites that can be run.
    refused : dict
        Failure of each other site.
    soils, weather : polars.DataFrame
        Rows they came from.
    """

    site_ids: list[SiteId]
    id_dtype: pl.DataType
    batch: SiteBatch
    refused: dict[SiteId, Failure]
    soils: pl.DataFrame
    weather: pl.DataFrame

    def store_size(self, span: Span) -> tuple[int, int]:
        """Rows and numbers of theta that the counted days of all sites come to."""
        return (
            self.batch.n_site * span.n_counted,
            int(self.batch.layer_start[-1]) * span.n_counted,
        )

    def as_json(self, sites: Sequence[SiteId]) -> dict[SiteId, str]:
        """Inputs of some sites as JSON texts: soil rows, and rows of their weather cell."""
        import polars as pl

        texts = {}
        for site in sites:
            soils = self.soils.filter(pl.col("site_id") == site)
            cells = soils["cell_id"].cast(pl.String).unique().to_list()
            weather = self.weather.filter(pl.col("cell_id").cast(pl.String).is_in(cells))
            parts = {
                "soils": soils.to_dict(as_series=False),
                "weather": weather.to_dict(as_series=False),
            }
            texts[site] = json.dumps(parts, default=str)
        return texts


def read_inputs(
    workspace: Workspace,
    shard: Shard,
    span: Span,
    weather_paths: Sequence[Path],
    physics: str,
    weather_needs: WeatherNeeds,
) -> ShardInputs:
    """Read and check what a shard runs on.

    Parameters
    ----------
    workspace : Workspace
        Where the kept cut and the weather lie.
    shard : Shard
        Which rows.
    span : Span
        Days needed.
    weather_paths : sequence of Path
        Weather tables that hold them.
    physics : str
        Which soil columns the engine needs.
    weather_needs : WeatherNeeds
        What the engine asks of the weather.

    Raises
    ------
    RequestError
        A file as a whole cannot be used, or the kept cut was made again under a running shard.
    """
    sites = read_rows(workspace.shard_sites, shard.first_site, shard.n_site)
    soils = read_rows(workspace.shard_soils, shard.first_soil, shard.n_soil)
    if digest_rows(soils, SOIL_COLUMNS) != shard.soils_digest or len(sites) != shard.n_site:
        raise RequestError(
            f"{workspace.shard_soils} holds other rows for shard {shard.number} than this run "
            "started with: the tables were changed meanwhile. Start the same command again."
        )
    return inputs_of_rows(
        sites, soils, span, weather_paths, physics, weather_needs, workspace.shard_soils
    )


def inputs_of_rows(
    sites: pl.DataFrame,
    soils: pl.DataFrame,
    span: Span,
    weather_paths: Sequence[Path],
    physics: str,
    weather_needs: WeatherNeeds,
    soils_path: Path,
) -> ShardInputs:
    """Check rows that are in memory, and read their weather.

    Parameters
    ----------
    sites : polars.DataFrame
        ``site_id`` and ``cell_id``, all of one year.
    soils : polars.DataFrame
        Their soil layers, in the order of the sites.
    span, weather_paths, physics, weather_needs
        As :func:`read_inputs`.
    soils_path : Path
        Named in messages.

    Raises
    ------
    RequestError
        A table as a whole cannot be used.
    """
    site_ids: list[SiteId] = sites["site_id"].to_list()
    weather = read_weather_rows(weather_paths, span, sites["cell_id"])
    refused = _without_soil(site_ids, soils)
    if soils.height == 0 or weather.height == 0:
        return _nothing_to_run(sites, soils, weather, refused)
    table = soils_from_frame(soils_path, soils, physics)
    refused |= {f.site_id: f for f in table.failures if f.site_id is not None}
    forcing = weather_from_frame(weather_paths[-1], weather, weather_needs)
    batch, lost = join_weather(table, forcing)
    refused |= {f.site_id: f for f in lost if f.site_id is not None}
    batch, short = _whole_span(batch, span)
    return ShardInputs(site_ids, sites.schema["site_id"], batch, refused | short, soils, weather)


def read_weather_rows(paths: Sequence[Path], span: Span, cells: pl.Series) -> pl.DataFrame:
    """Weather of some cells on the days of a span, sorted by cell and day.

    Row groups of other cells are skipped where the table is sorted by cell.
    """
    import polars as pl

    first, last = calendar_day(span.start), calendar_day(span.last)
    parts = []
    for path in paths:
        scan = pl.scan_parquet(check(path))
        cell = pl.col("cell_id")
        wanted = cells.unique()
        dtype = scan.collect_schema()["cell_id"]
        if dtype != wanted.dtype:
            cell, wanted = cell.cast(pl.String), wanted.cast(pl.String)
        elif dtype.is_integer() and len(wanted):
            scan = scan.filter(cell.is_between(wanted.min(), wanted.max()))
        rows = scan.filter(cell.is_in(wanted.implode()))
        parts.append(rows.filter(pl.col("date").cast(pl.Date).is_between(first, last)).collect())
    return pl.concat(parts, how="diagonal_relaxed").sort("cell_id", "date", maintain_order=True)


def _without_soil(site_ids: Sequence[SiteId], soils: pl.DataFrame) -> dict[SiteId, Failure]:
    have = set(soils["site_id"].to_list())
    return {
        site: Failure(
            site,
            FailureClass.INPUT_MISSING,
            f"INPUT_MISSING at site {site}: the soils table has no row for it; its texture was "
            "missing or its soil was refused. `rootzone soils` names the reason. The site is "
            "quarantined.",
        )
        for site in site_ids
        if site not in have
    }


def _nothing_to_run(
    sites: pl.DataFrame,
    soils: pl.DataFrame,
    weather: pl.DataFrame,
    refused: dict[SiteId, Failure],
) -> ShardInputs:
    """No soils or no weather at all: every site is refused."""
    from rootzone.jobs.shard.run_batch import empty_batch

    for site, cell in sites.select("site_id", "cell_id").iter_rows():
        refused.setdefault(
            site,
            Failure(
                site,
                FailureClass.FORCING_MISSING,
                f"FORCING_MISSING at site {site}: no weather for its cell {cell}. Fetch it. The "
                "site is quarantined.",
                column="cell_id",
                value=str(cell),
            ),
        )
    site_ids = sites["site_id"].to_list()
    return ShardInputs(site_ids, sites.schema["site_id"], empty_batch(), refused, soils, weather)


def _whole_span(batch: SiteBatch, span: Span) -> tuple[SiteBatch, dict[SiteId, Failure]]:
    """Set aside sites whose cell lacks days at either end of the span."""
    short = cells_out_of_span(batch.weather, span)
    if not short:
        return batch, {}
    lost = np.isin(batch.cell, list(short))
    names = batch.site_ids.tolist()
    failures = {
        names[i]: Failure(
            names[i],
            FailureClass.FORCING_GAP,
            f"FORCING_GAP at site {names[i]}: cell {batch.weather.cell_ids[batch.cell[i]]} has "
            f"{short[int(batch.cell[i])]}. Fetch the missing days. The site is quarantined.",
            column="date",
        )
        for i in np.flatnonzero(lost)
    }
    return batch.take(np.flatnonzero(~lost)), failures
