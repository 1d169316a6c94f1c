"""Catalog, grid and layers of a campaign, opened the same way by every stage."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

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
    def beside(cls, campaign_file: Path, data: Path | None = None) -> CampaignFiles:
        """The campaign in a file; its data lie in ``data`` beside it where no folder is named.

        Raises
        ------
        RequestError
            The file is missing or wrong.
        """
        from rootzone.campaign.read_campaign import load_campaign

        return cls(load_campaign(campaign_file), data_folder(campaign_file, data))

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
        return open_catalog(self.loaded, self.data)

    @cached_property
    def region(self) -> Region:
        """Where the campaign is."""
        return open_region(self.loaded)

    @cached_property
    def grid(self) -> MasterGrid:
        """The master grid over its region."""
        return open_grid(self.loaded, self.region)

    def stack(self, year: int | None = None) -> CovariateStack:
        """Its layers on the master grid; close it, or use it in a ``with`` block."""
        return CovariateStack(self.catalog, self.grid, self.region.bounds, year)


def data_folder(campaign_file: Path, data: Path | None) -> Path:
    """Folder the catalog's paths start from: the one named, or ``data`` beside the campaign."""
    return data or campaign_file.parent / "data"


def open_catalog(loaded: LoadedCampaign, data: Path) -> Catalog:
    """The packed catalog and the campaign's own."""
    folder = loaded.document.path.parent
    return load_catalog([folder / name for name in loaded.campaign.catalog.files], data)


def excluded_cover(loaded: LoadedCampaign, catalog: Catalog) -> tuple[int, ...]:
    """Land-cover codes that are no candidates: the campaign's, or water, ice and built land."""
    asked = loaded.campaign.sites.exclude_land_cover
    if asked is not None:
        return tuple(sorted(asked))
    return catalog.legend_of_layer(loaded.campaign.catalog.land_cover).codes_of(NO_SOIL)


def open_region(loaded: LoadedCampaign) -> Region:
    """Where the campaign is."""
    return region_of(loaded.campaign.region, loaded.document.path.parent)


def open_grid(loaded: LoadedCampaign, region: Region | None = None) -> MasterGrid:
    """The master grid over the campaign's region."""
    asked = loaded.campaign.grid
    bounds = (region or open_region(loaded)).bounds
    crs = crs_for(asked.crs, bounds)
    return MasterGrid.for_bounds(bounds, asked.resolution_m, asked.tile_px, crs)


def open_weather_grid(loaded: LoadedCampaign, data: Path) -> WeatherGrid:
    """Where the cells of the campaign's forcing lie, as its catalog entry says."""
    return open_catalog(loaded, data).weather_grid(loaded.campaign.catalog.forcing)


def open_stack(loaded: LoadedCampaign, data: Path, year: int | None = None) -> CovariateStack:
    """Layers of the campaign on its master grid; close it, or use it in a ``with`` block."""
    region = open_region(loaded)
    return CovariateStack(
        open_catalog(loaded, data), open_grid(loaded, region), region.bounds, year
    )
