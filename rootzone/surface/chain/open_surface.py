"""A campaign's surface section, opened: its files found, its scene and stations read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from rootzone._shared.errors import RequestError
from rootzone._shared.patterns import files_named
from rootzone.campaign.read_campaign import load_campaign
from rootzone.campaign.surface_section import Surface
from rootzone.campaign.workspace import Workspace
from rootzone.surface.emission_model.config import RetrievalConfig
from rootzone.surface.samples.places import Places, read_places
from rootzone.surface.samples.scene import Scene, read_scene


@dataclass(frozen=True)
class OpenSurface:
    """What the verbs of ``rootzone surface`` start from.

    Parameters
    ----------
    campaign_file : Path
        The campaign.
    section : Surface
        Its section ``surface``.
    folder : Path
        Where results go.
    name : str
        Name of the campaign.
    """

    campaign_file: Path
    section: Surface
    folder: Path
    name: str

    @classmethod
    def of(cls, campaign_file: Path) -> OpenSurface:
        """Open a campaign.

        Raises
        ------
        RequestError
            The campaign file is wrong.
        """
        campaign = load_campaign(campaign_file).campaign
        return cls(
            campaign_file, campaign.surface, Workspace.beside(campaign_file).surface, campaign.name
        )

    def found(self, pattern: str) -> list[Path]:
        """Files that a pattern names; a relative one starts at the campaign file."""
        return files_named(pattern, self.campaign_file.parent)

    @cached_property
    def scene(self) -> Scene:
        """The region's files."""
        chosen = self.section
        land = self.campaign_file.parent / chosen.land
        smap = self.found(chosen.smap)
        return read_scene(land, self.found(chosen.ndvi), smap, chosen.smap_overpass)

    @cached_property
    def places(self) -> Places:
        """Stations inside the region."""
        sources = [self.campaign_file.parent / source for source in self.section.stations]
        return read_places(sources, self.scene.grid)

    @cached_property
    def other(self) -> OpenSurface:
        """The other region, opened as if it were this one; its results have no place of their own.

        Raises
        ------
        RequestError
            The campaign names none.
        """
        region = self.section.other_region
        if region is None:
            raise RequestError("surface.other_region names no region to test in.")
        return replace(self, section=self.section.model_copy(update=dict(region)))

    @property
    def config(self) -> RetrievalConfig:
        """The network that the section asks for."""
        chosen = self.section
        return RetrievalConfig(
            prior_weight=chosen.prior_weight, consistency_weight=chosen.consistency_weight
        )

    def network_file(self, split: str, seed: int) -> Path:
        """Weights of one network."""
        return self.folder / "networks" / f"{split}_{seed}" / "network.safetensors"

    @property
    def predictions(self) -> Path:
        """Retrievals at held-out samples."""
        return self.folder / "predictions.parquet"

    @property
    def skill(self) -> Path:
        """Figures of all splits and models."""
        return self.folder / "skill.json"
