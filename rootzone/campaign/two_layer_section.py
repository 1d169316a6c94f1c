"""The part of a campaign's section ``surface`` that the system ``two_layer`` reads."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from rootzone.campaign.section import Section

Quantities = Annotated[tuple[str, ...], Field(min_length=1)]


class TwoLayer(Section):
    """A coarse product of two layers, brought to 1 km and corrected by stations."""

    product: str = "data/surface/product/*.nc"
    """files that rootzone surface observe reads, on cells of degrees: GLEAM, GLDAS, C3S"""
    product_as: str | None = None
    """catalog entry the files are of; told by their names if not"""
    surface: Quantities = ("surface",)
    """the product's variables of 0-10 cm, averaged by thickness where there are several"""
    root_zone: Quantities = ("root_zone",)
    """the product's variables of 0-100 cm"""
    model: str | None = None
    """files of another model to learn from everywhere first, as product"""
    model_as: str | None = None
    """catalog entry these are of"""
    model_surface: Quantities = ("theta_0_7cm",)
    """its variables of 0-10 cm"""
    model_root_zone: Quantities = ("theta_0_7cm", "theta_7_28cm", "theta_28_100cm")
    """its variables of 0-100 cm"""
    lst: str = "data/surface/lst/*.tif"
    """daily surface temperature [K], as rootzone surface daily writes it; a pattern"""
    air: str | None = None
    """daily air temperature [K], taken from lst; null leaves lst as it is"""
    rain: str = "data/surface/rain/*.tif"
    """daily rain [mm] on any grid, from 30 days before the first day on"""
    pet: str = "data/surface/pet/*.tif"
    """daily demand of the air [mm], likewise"""
    corrector: Literal["both", "network", "trees", "none"] = "both"
    """what learns from stations: patches of 11 px, trees on pixels, the mean of both, or nothing"""
    members: Annotated[int, Field(ge=1, le=20)] = 3
    """networks of a seed, whose mean counts; each stops by stations of its own"""
    block_cells: Annotated[int, Field(ge=1)] = 2
    """cells of the product are held out in blocks of this side"""
    conserve: bool = False
    """add the coarse residual back, so that cell means match the product; lowers skill at 1 km"""
    simulated: str | None = None
    """GeoTIFFs by day of the water content of 0-100 cm by physics, to hold the product against"""
    other_campaign: str | None = None
    """campaign file of another region of this system, which the split region tests in"""
