"""Catalog, grid and layers of a campaign, opened the same way by every stage."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from rootzone.campaign.workspace import Workspace
from rootzone.covariates.grid import MasterGrid, crs_for
from rootzone.covariates.layers.catalog import Catalog, load_catalog
from rootzone.covariates.layers.legends import NO_SOIL
from rootzone.covariates.layers.stack import CovariateStack
from rootzone.covariates.region import Region, region_of
from rootzone.covariates.weather.cells import WeatherGrid

if TYPE_CHECKING:
    from rootzone.campaign.model import Campaign
    from rootzone.campaign.read_campaign import LoadedCampaign


@dataclass(frozen=True)
class CampaignFiles:
    """A campaign file, the folder of everything it makes, and the data it starts from.

    What a stage of a campaign is handed: one value in the place of three. Nothing is opened until
    it is asked for, and then once.

    Parameters
    ----------
    loaded : LoadedCampaign
        All settings, and their places in the file.
    data : Path
        Folder the catalog's paths start from.
    """

    loaded: LoadedCampaign
    data: Path

    @classmethod
    def beside(cls, campaign_file: Path, data: Path | None = None) -> Self:
        """The campaign in a file; its data lie in ``data`` beside it where no folder is named.

        Raises
        ------
        RequestError
            The file is missing or wrong.
        """
        from rootzone.campaign.read_campaign import load_campaign

        return cls(load_campaign(campaign_file), data or campaign_file.parent / "data")

    @property
    def campaign(self) -> Campaign:
        """All settings, defaults filled in."""
        return self.loaded.campaign

    @property
    def path(self) -> Path:
        """The campaign file."""
        return self.loaded.document.path

    @property
    def digest(self) -> str:
        """Digest of the resolved campaign."""
        return self.loaded.digest

    @property
    def folder(self) -> Path:
        """Where the campaign file lies; paths in it start here."""
        return self.path.parent

    @cached_property
    def workspace(self) -> Workspace:
        """Where everything the campaign makes lies."""
        return Workspace.beside(self.path)

    @cached_property
    def catalog(self) -> Catalog:
        """The packed catalog and the campaign's own."""
        files = self.campaign.catalog.files
        return load_catalog([self.folder / name for name in files], self.data)

    @cached_property
    def region(self) -> Region:
        """Where the campaign is."""
        return region_of(self.campaign.region, self.folder)

    @cached_property
    def grid(self) -> MasterGrid:
        """The master grid over its region."""
        return grid_over(self.campaign, self.region)

    @cached_property
    def weather_grid(self) -> WeatherGrid:
        """Where the cells of its forcing lie, as the catalog entry says."""
        return self.catalog.weather_grid(self.campaign.catalog.forcing)

    @property
    def excluded_cover(self) -> tuple[int, ...]:
        """Land-cover codes that are no candidates: its own, or water, ice and built land."""
        asked = self.campaign.sites.exclude_land_cover
        if asked is not None:
            return tuple(sorted(asked))
        return self.catalog.legend_of_layer(self.campaign.catalog.land_cover).codes_of(NO_SOIL)

    def stack(self, year: int | None = None) -> CovariateStack:
        """Its layers on the master grid; close it, or use it in a ``with`` block."""
        return CovariateStack(self.catalog, self.grid, self.region.bounds, year)

    def __getstate__(self) -> dict[str, object]:
        """What travels to another process; what was opened is opened again there."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def grid_over(campaign: Campaign, region: Region) -> MasterGrid:
    """A campaign's master grid over a region."""
    asked = campaign.grid
    crs = crs_for(asked.crs, region.bounds)
    return MasterGrid.for_bounds(region.bounds, asked.resolution_m, asked.tile_px, crs)
