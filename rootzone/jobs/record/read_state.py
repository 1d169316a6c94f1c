"""A campaign as it stands: its shards, what became of its sites, and what the sample is now."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from rootzone._shared.errors import RequestError
from rootzone._shared.table_files import read_table
from rootzone._shared.tables import SITES
from rootzone.campaign.model import Campaign
from rootzone.campaign.workspace import Workspace
from rootzone.jobs.driver.run_campaign import prepare
from rootzone.jobs.record.losses import final_sites, loss_table
from rootzone.jobs.record.read_outcomes import last_word, read_outcomes
from rootzone.jobs.record.rounds import failed_in_order, read_reserves
from rootzone.jobs.record.status import Status, status_of
from rootzone.jobs.shard.engine_choice import MakeEngine, make_engine_of
from rootzone.jobs.shard.read_cut import ShardTable, read_rounds, read_shards
from rootzone.jobs.shard.run_shard import ShardTask
from rootzone.jobs.shard.told_version import told_version

if TYPE_CHECKING:
    import polars as pl

    from rootzone.engines.failures import SiteId


@dataclass(frozen=True)
class CampaignState:
    """What can be asked of a campaign's folder; everything is read when first asked for.

    Parameters
    ----------
    campaign : Campaign
        The campaign.
    workspace : Workspace
        Its folder.
    make_engine : callable
        Its engine.
    """

    campaign: Campaign
    workspace: Workspace
    make_engine: MakeEngine

    @classmethod
    def beside(cls, campaign_file: Path, *, start_named: bool = False) -> CampaignState:
        """State of the campaign in a file; only ``simulate`` may start a program it names.

        Raises
        ------
        RequestError
            The file is missing or wrong.
        """
        from rootzone.campaign.read_campaign import load_campaign

        campaign, workspace = load_campaign(campaign_file).campaign, Workspace.beside(campaign_file)
        make = make_engine_of(
            campaign, start_named=start_named, told_version=told_version(workspace)
        )
        return cls(campaign, workspace, make)

    @cached_property
    def table(self) -> ShardTable:
        """Shards as the campaign's tables are now."""
        return read_shards(self.campaign, self.workspace, freeze=False)

    @cached_property
    def tasks(self) -> list[ShardTask]:
        """A task for every shard, with the digests of its inputs."""
        return prepare(self.campaign, self.workspace, self.make_engine, self.table)

    @cached_property
    def status(self) -> Status:
        """Shards done, missing and stale."""
        return status_of(self.workspace, self.tasks)

    @cached_property
    def outcomes(self) -> pl.DataFrame:
        """Every outcome of every round."""
        return read_outcomes(self.workspace, self.table.shards)

    @cached_property
    def sites(self) -> pl.DataFrame:
        """Drawn sites of the campaign's years."""
        import polars as pl

        frame = read_table(self.workspace.sites, SITES)
        return frame.filter(pl.col("year").is_in(self.campaign.years))

    @cached_property
    def rounds(self) -> pl.DataFrame:
        """Sites of later rounds."""
        return read_rounds(self.workspace)

    @property
    def losses(self) -> pl.DataFrame:
        """What each stratum lost; see :func:`rootzone.jobs.record.losses.loss_table`."""
        return loss_table(self.sites, last_word(self.outcomes))

    @property
    def failed(self) -> list[SiteId]:
        """Failed sites in the order that keeps stand-ins in their places."""
        return failed_in_order(self.outcomes, self.rounds, self.sites.schema["site_id"])

    def final_sites(self) -> pl.DataFrame:
        """Sites that carry the sample now, weights recomputed.

        Raises
        ------
        RequestError
            A stratum lost all its sites.
        """
        reserves = read_reserves(self.workspace) if self.workspace.reserves.exists() else None
        return final_sites(self.sites, reserves, self.outcomes, self.failed)

    def site_named(self, text: str) -> SiteId:
        """The site a user means.

        Raises
        ------
        RequestError
            The campaign has no such site.
        """
        import polars as pl

        ids = [self.sites["site_id"]]
        if self.workspace.reserves.exists():
            ids.append(read_reserves(self.workspace)["site_id"].cast(self.sites.schema["site_id"]))
        both = pl.concat(ids)
        found = both.filter(both.cast(pl.String) == text)
        if not len(found):
            raise RequestError(
                f"The campaign has no site {text}; site_id of {self.workspace.sites} names them."
            )
        site: SiteId = found[0]
        return site
