"""The part of a campaign's section ``surface`` that the system ``deepsoil`` reads."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from rootzone.campaign.section import Section

Width = Annotated[int, Field(ge=1, le=1024)]
Rate = Annotated[float, Field(gt=0, le=1)]


class DeepSoil(Section):
    """DeepSoil's surface half: 27 channels of 30 m, places alike in clusters, a U-Net for each."""

    land: str = "data/surface/land30.tif"
    """soils, terrain, classes and a Landsat composite on the grid to map, bands by name"""
    weather: str = "data/surface/weather/*.tif"
    """pr, rmax, rmin, tmmx, tmmn of a day as bands, on any grid; a pattern"""
    lai: str | None = "data/surface/lai/*.tif"
    """leaf area index by day, nearest within 8 days; a pattern, null without"""
    smap: str | None = "data/surface/smap30/*.tif"
    """coarse surface moisture by day, nearest within 3 days; a pattern, null without"""
    target: str = "data/surface/target/*.tif"
    """dense moisture of a model to learn from, such as SMAP-HydroBlocks; a pattern"""
    composite: str | None = None
    """for `rootzone surface inputs`: address of a cloud-free composite in the catalog up to its
    variable, such as landsat/SCENE; null leaves its five bands missing"""
    observations: tuple[str, ...] = ()
    """for `rootzone surface inputs`: tables of `rootzone surface observe` with coarse moisture"""
    widths: tuple[Width, Width, Width, Width] = (64, 128, 256, 512)
    """channels of the encoder; these make 12,899,886 parameters, 8, 16, 32, 64 suit a laptop"""
    output: Literal["relu", "sigmoid", "bounds"] = "bounds"
    """from 0 as in the paper, 0 to 1, or between each pixel's theta_r and theta_s"""
    loss: Literal["psi_station", "psi_target", "mse", "mse_decay"] = "psi_station"
    """suction of stations or of the target beside squared errors, or squared errors alone, with a
    falling step size or without"""
    psi_space: Literal["linear", "log"] = "log"
    """suctions compared as in the paper, or as pF"""
    station_weight: Annotated[float, Field(ge=1)] = 10.0
    """weight of the 4 x 4 pixels round a station"""
    station_reach: Literal["extent", "block"] = "extent"
    """what stations put right of the suction's target: all of their extent, moved by their errors,
    or the 4 x 4 pixels round each alone"""
    clusters: Literal["silhouette", "one"] = "silhouette"
    """a network for each group of places alike, or one for all"""
    most_clusters: Annotated[int, Field(ge=2, le=40)] = 40
    """largest number of clusters tried"""
    min_sites: Annotated[int, Field(ge=1)] = 20
    """smaller clusters join their nearest"""
    days_per_extent: Annotated[int, Field(ge=1)] = 10
    """days drawn at random for each extent of 3 x 3 tiles"""
    monthly_epochs: Annotated[int, Field(ge=0)] = 300
    """passes of the first stage, on monthly means; 0 leaves it out"""
    daily_epochs: Annotated[int, Field(ge=1)] = 1000
    """passes of the second stage, on days"""
    monthly_rate: Rate = 1e-3
    """step size of the first stage"""
    daily_rate: Rate = 1e-4
    """step size of the second stage, which starts from the first's weights"""
    batch_size: Annotated[int, Field(ge=1)] = 8
    """extents in a batch; with 2 or 4, batch norm hides the level of weather and coarse moisture,
    which hardly vary inside an extent"""
    fill_water: bool = False
    """give open water a value, flagged; else it has none"""
    cores: Annotated[int, Field(ge=1)] = 1
    """clusters trained at once, each in a process of its own"""
