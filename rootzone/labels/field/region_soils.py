"""Soils of all pixels of a region, weather cell by weather cell, as the soils stage reads sites."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rootzone._shared.digests import digest_json
from rootzone._shared.provenance import inputs_of
from rootzone.design.read_land import CatalogLand
from rootzone.engines.kinds import kind_of
from rootzone.engines.ladder import as_json
from rootzone.hydraulics.site_layers import SAMPLED, cover_map_of, site_layers
from rootzone.jobs.shard.engine_choice import engine_code, make_engine_of
from rootzone.jobs.shard.read_cut import weather_files

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl

    from rootzone._shared.arrays import AnyArray
    from rootzone.campaign.model import Campaign
    from rootzone.covariates.grid import Window
    from rootzone.covariates.layers.stack import CovariateStack
    from rootzone.covariates.open_campaign import CampaignFiles


@dataclass(frozen=True)
class RegionSoils:
    """Where the soils of a campaign's pixels come from, and what decides a simulation of them.

    Parameters
    ----------
    files : CampaignFiles
        The campaign.
    """

    files: CampaignFiles

    def inputs(self, years: Iterable[int]) -> dict[str, str]:
        """Digest of everything that has a say in simulations of some years."""
        campaign, workspace = self.files.campaign, self.files.workspace
        section = campaign.engine
        weather = {
            path.name: path
            for year in sorted(set(years))
            for path in weather_files(campaign, workspace, year)
        }
        with self.files.stack() as stack:
            catalog = stack.catalog.digest
            addresses = soil_addresses(stack, campaign)
            cover_map = cover_map_of(stack, campaign)
            if cover_map is not None:
                addresses["land cover"] = cover_map[0]
            soil_files = CatalogLand(stack, addresses, self.files.region).input_digests()
        soil = [
            campaign.soil.model_dump(mode="json"),
            campaign.catalog.texture,
            list(campaign.profile.thickness_mm),
        ]
        ladder = as_json(kind_of(section.name).ladder(section.stepping))
        return {
            **inputs_of(weather),
            "catalog": catalog,
            "soil files": digest_json(soil_files),
            "soil settings": digest_json(soil),
            "engine settings": digest_json(make_engine_of(campaign).identity({})),
            "engine code": engine_code(),
            "convergence ladder": digest_json(ladder),
            "spin-up": str(section.spin_up_days),
            **({} if campaign.labels.source == "layers" else {"labels from": "solver"}),
        }

    def layers(
        self, stack: CovariateStack, cell: int, window: Window, inside: AnyArray
    ) -> pl.DataFrame:
        """Soil layers of a cell's pixels, sampled the way those of sites are.

        Parameters
        ----------
        stack : CovariateStack
            The campaign's layers.
        cell, window : int, Window
            The weather cell, and the pixels that hold it.
        inside : array of bool, shape of the window
            Which of them belong to it.

        Returns
        -------
        DataFrame
            As ``site_layers`` gives it, ``site_id`` counting the pixels inside in row order.
        """
        import polars as pl

        campaign = self.files.campaign
        row, col = np.nonzero(inside)
        pixels = pl.DataFrame(
            {
                "site_id": np.arange(row.size),
                "cell_id": np.full(row.size, cell),
                "row": row + window.row,
                "col": col + window.col,
            }
        )
        name = campaign.catalog.texture
        source = stack.catalog.source(name)
        covers = cover_map_of(stack, campaign)
        return site_layers(stack, name, source, pixels, campaign.soil.ptf, covers)


def soil_addresses(stack: CovariateStack, campaign: Campaign) -> dict[str, str]:
    """Every layer that columns are made of, at all depths of the product, not of labels alone."""
    name = campaign.catalog.texture
    addresses = [
        f"{name}/{variable}/{depth}"
        for depth in stack.catalog.source(name).depth_names()
        for variable in SAMPLED[campaign.soil.ptf][0].values()
    ]
    return {address: address for address in addresses}
