"""The section of a campaign that surface moisture reads."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from rootzone.campaign.deepsoil_section import DeepSoil
from rootzone.campaign.multimodal_section import Multimodal
from rootzone.campaign.section import Section, Seed
from rootzone.campaign.select_section import Select
from rootzone.campaign.two_layer_section import TwoLayer


class OtherRegion(Section):
    """A region that nothing is trained in, with its own files; patterns relative to this file."""

    smap: str
    """its SMAP L2 half orbits"""
    land: str
    """its land on EASE-Grid 2.0 of 1 km"""
    ndvi: str
    """its vegetation index composites"""
    stations: Annotated[tuple[str, ...], Field(min_length=1)]
    """its stations with a sensor at 5 cm"""


class Surface(Section):
    """Surface (0-5 cm) moisture from satellites; needed by rootzone surface only."""

    system: Literal["sca_v", "differentiable", "two_layer", "select", "multimodal", "deepsoil"] = (
        "differentiable"
    )
    """NASA's single-channel retrieval, the same with parameters that a network gives, a coarse
    product of two layers brought to 1 km, a model chosen for each environment, a network on
    radar, optics, terrain and weather at 10 m, or DeepSoil's networks of 30 m"""
    smap: str = "data/surface/smap/*.h5"
    """SMAP L2 half orbits, 36 km or enhanced; a pattern, relative to this file"""
    land: str = "data/surface/land.tif"
    """sand, clay, bulk density, IGBP class and yearly NDVI range on EASE-Grid 2.0 of 1 km"""
    ndvi: str = "data/surface/ndvi/*.tif"
    """vegetation index composites on the same grid, their middle day in the name; a pattern"""
    stations: tuple[str, ...] = ("data/surface/stations.csv",)
    """files and folders of stations with a sensor at 5 cm"""
    other_region: OtherRegion | None = None
    """files of another region, which the split region tests in: smap, land, ndvi, stations"""
    splits: Annotated[
        tuple[Literal["random", "blocked_dates", "stations", "region"], ...], Field(min_length=1)
    ] = ("random", "blocked_dates", "stations")
    """what is held out to be scored on, side by side; region: all of other_region"""
    seeds: Annotated[tuple[Seed, ...], Field(min_length=1)] = (0, 1, 2)
    """one network and one draw of each split a seed"""
    epochs: Annotated[int, Field(ge=1)] = 150
    """steps of training, each over all samples"""
    prior_weight: Annotated[float, Field(ge=0)] = 1e-3
    """how dear it is to leave the class table; 0 lets stations alone decide"""
    consistency_weight: Annotated[float, Field(ge=0)] = 0.0
    """weight of brightness over cells without stations"""
    dates: tuple[date, ...] = ()
    """days to map; all that the satellite saw where none is named"""
    interval_pct: Annotated[float, Field(gt=0, lt=100)] = 90.0
    """central interval of the uncertainty band [%]"""
    two_layer: TwoLayer = TwoLayer()
    """of the system two_layer only, which reads land, ndvi, stations, splits, seeds, epochs too"""
    select: Select = Select()
    """of the system select only, which reads all keys above but prior and consistency weights"""
    deepsoil: DeepSoil = DeepSoil()
    """of the system deepsoil only, which reads stations, seeds, dates and interval_pct too and
    always leaves out stations"""
    multimodal: Multimodal = Multimodal()
    """of the system multimodal only, which reads land, stations, splits, seeds, epochs too"""
