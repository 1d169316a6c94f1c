"""Catalog, grid and layers of a campaign, opened the same way by every stage."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rootzone.covariates.grid import MasterGrid
from rootzone.covariates.layers.catalog import Catalog, load_catalog
from rootzone.covariates.layers.legends import NO_SOIL
from rootzone.covariates.layers.stack import CovariateStack
from rootzone.covariates.region import Region, region_of
from rootzone.covariates.weather.cells import WeatherGrid

if TYPE_CHECKING:
    from rootzone.campaign.read_campaign import LoadedCampaign


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
    return MasterGrid.for_bounds(bounds, asked.resolution_m, asked.tile_px, asked.crs)


def open_weather_grid(loaded: LoadedCampaign, data: Path) -> WeatherGrid:
    """Where the cells of the campaign's forcing lie, as its catalog entry says."""
    return open_catalog(loaded, data).weather_grid(loaded.campaign.catalog.forcing)


def open_stack(loaded: LoadedCampaign, data: Path, year: int | None = None) -> CovariateStack:
    """Layers of the campaign on its master grid; close it, or use it in a ``with`` block."""
    region = open_region(loaded)
    return CovariateStack(
        open_catalog(loaded, data), open_grid(loaded, region), region.bounds, year
    )
