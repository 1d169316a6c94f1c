"""The part of a campaign's section ``surface`` that the system ``select`` reads."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from rootzone.campaign.section import Section, Seed


class Cloud(Section):
    """Earth Engine, for --engine ee; needed by nothing else."""

    project: str | None = None
    """cloud project that is registered for Earth Engine"""
    url: str | None = None
    """another address than the service's own, such as that of the local server"""
    asset: str = "projects/{project}/assets/{name}"
    """the image of a day's bands; {name} is that of the file rootzone surface bands writes"""
    export: Literal["none", "drive", "cloud_storage"] = "none"
    """maps come in pieces over the network, or are exported whole"""
    folder: str = "rootzone"
    """folder in Drive, or prefix in the bucket"""
    bucket: str | None = None
    """bucket of Cloud Storage"""
    exports: str | None = None
    """where exported files appear on this machine: the folder in Drive as mounted, or its copy"""


class Select(Section):
    """A model chosen for each environment, from candidates judged at stations left out."""

    candidates: Annotated[
        tuple[
            Literal[
                "climatology", "sca_v", "differentiable", "ridge", "ridge_physics", "trees",
                "trees_physics", "trees_shy", "unet",
            ],
            ...,
        ],
        Field(min_length=1),
    ] = (
        "climatology", "sca_v", "ridge", "ridge_physics", "trees_shy", "trees_physics",
    )  # fmt: skip
    """whom to choose from; climatology tells whether any is worth having, unet takes 5 s a fit"""
    by: tuple[Literal["koppen", "cover", "texture", "cluster"], ...] = ("cover", "texture")
    """classes that make environments, the most important first; koppen needs its map, cluster
    groups the places of stations by soil and greenness"""
    koppen: str | None = None
    """GeoTIFF of Koppen-Geiger codes, on any grid"""
    koppen_legend: Literal["koppen_beck", "koppen_kottek"] = "koppen_beck"
    """what its codes mean: numbered by kind (Beck et al.) or by the alphabet (Kottek et al.)"""
    outer: Annotated[int, Field(ge=2)] = 5
    """folds of stations that report"""
    inner: Annotated[int, Field(ge=2)] = 4
    """folds of stations that choose, inside those"""
    soft: Annotated[float, Field(ge=0)] = 0.0
    """weigh models by ubRMSE, this wide [m3 m-3], in place of one an environment; 0 does not"""
    rounds: Annotated[int, Field(ge=1)] = 200
    """trees of the boosted candidates"""
    seed: Seed = 0
    """of folds and fits"""
    scales_km: Annotated[tuple[Annotated[int, Field(ge=1, le=36)], ...], Field(min_length=1)] = (1,)
    """sides of the pixels that samples are averaged to; with several, scale is a feature"""
    map_scale_km: Annotated[int, Field(ge=1, le=36)] = 1
    """side of the maps' pixels"""
    cloud: Cloud = Cloud()
    """Earth Engine, for --engine ee"""
