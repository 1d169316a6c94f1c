"""One site by itself, up the same ladder, without touching any shard: to see what happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rootzone._shared.table_files import scan_table
from rootzone._shared.tables import SOILS
from rootzone.engines.failures import Failure, SiteId
from rootzone.engines.kinds import kind_of
from rootzone.jobs.pilot.run_pilot import rows_of_sites
from rootzone.jobs.record.read_state import CampaignState
from rootzone.jobs.record.rounds import read_reserves
from rootzone.jobs.shard.counted_days import Span
from rootzone.jobs.shard.run_batch import Attempt, BatchPlan, run_batch
from rootzone.jobs.shard.write_shard import ProfileStore

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class SiteRun:
    """What became of the site.

    Parameters
    ----------
    site_id : int or str
        The site.
    rung : str
        Name of the rung that finished it; empty if none did.
    attempts : list of Attempt
        Tries that failed.
    failure : Failure or None
        The last one, when it has no profile.
    profiles : polars.DataFrame
        Its days that count; no rows when it failed.
    """

    site_id: SiteId
    rung: str
    attempts: list[Attempt]
    failure: Failure | None
    profiles: pl.DataFrame


def run_site(state: CampaignState, site: SiteId) -> SiteRun:
    """Run one site of a campaign as its shard would.

    Raises
    ------
    RequestError
        A table as a whole cannot be used.
    """
    campaign = state.campaign
    rows = site_rows(state, site)
    soils = scan_table(state.workspace.soils, SOILS)
    inputs = rows_of_sites(campaign, state.workspace, soils, rows)
    ladder = kind_of(campaign.engine.name).ladder(campaign.engine.stepping)
    span = Span.of_year(int(rows["year"][0]), campaign.engine.spin_up_days)
    store = ProfileStore(inputs.id_dtype, *inputs.store_size(span))
    outcome = run_batch(inputs.batch, BatchPlan(ladder, state.make_engine, span), store.add)
    failure = inputs.refused.get(site) or outcome.failures.get(site)
    rung = ladder[outcome.rungs[site]].name if site in outcome.rungs else ""
    return SiteRun(site, rung, outcome.attempts.get(site, []), failure, store.frame([site]))


def site_rows(state: CampaignState, site: SiteId) -> pl.DataFrame:
    """The site's row among drawn sites or reserves."""
    import polars as pl

    drawn = state.sites.filter(pl.col("site_id") == site)
    if drawn.height:
        return drawn
    return read_reserves(state.workspace).filter(pl.col("site_id") == site)
