"""What a sampling design is: its file in sampling/designs, or one of your own, as a typed model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from rootzone._shared.errors import RequestError
from rootzone._shared.names import did_you_mean
from rootzone._shared.resources import resource_path
from rootzone._shared.safe_yaml import read_yaml
from rootzone.campaign.section import Section

FeatureWeight = Annotated[float, Field(ge=0, le=1000)]


class FeatureWeights(Section):
    """How much each standardised feature counts in the distance; 0 leaves it out."""

    sand_pct: FeatureWeight = 1.0
    """sand [%]"""
    silt_pct: FeatureWeight = 1.0
    """silt [%]"""
    clay_pct: FeatureWeight = 1.0
    """clay [%]"""
    elevation_m: FeatureWeight = 1.0
    """elevation [m]"""
    weather_row: FeatureWeight = 1.0
    """row of the weather cell"""
    weather_col: FeatureWeight = 1.0
    """column of the weather cell"""
    cell_id: FeatureWeight = 1.0
    """number of the weather cell, row by row"""


class Design(Section):
    """One sampling design."""

    name: str
    """short name"""
    title: str = ""
    """one line for the report"""
    method: Literal["clusters", "random"] = "clusters"
    """clusters in large strata, or random choice in all"""
    features: FeatureWeights = FeatureWeights()
    """weights of the features in the distance"""
    cluster_from_sites: Annotated[int, Field(ge=2)] = 20
    """a stratum with fewer sites is drawn at random"""
    sites_per_block: Annotated[int, Field(ge=8, le=4096)] = 128
    """sites clustered at a time"""
    batch_px: Annotated[int, Field(ge=64)] = 2048
    """pixels in a batch of MiniBatchKMeans"""
    passes: Annotated[int, Field(ge=1, le=100)] = 1
    """passes of MiniBatchKMeans over its sample of a block"""
    polish_passes: Annotated[int, Field(ge=0, le=100)] = 4
    """full k-means steps over every pixel of a block"""
    fit_px: Annotated[int, Field(ge=1000)] = 20_000
    """pixels of a block that MiniBatchKMeans sees, at most"""
    texture_sum_tolerance_pct: Annotated[float, Field(ge=0, le=100)] = 20.0
    """how far sand + silt + clay may be from 100 % before a pixel is left out"""


def load_design(name: str, base: Path | None = None) -> Design:
    """The design of that name in sampling/designs, or in a YAML file.

    Parameters
    ----------
    name : str
        A packed design's name, or the path of a ``.yaml`` file.
    base : Path, optional
        Folder that a relative path starts from.

    Raises
    ------
    RequestError
        There is no such design, or its file has wrong or unknown keys; all are named.
    """
    path = _design_path(name, base)
    data = read_yaml(path).data
    try:
        return Design.model_validate(data)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, item['loc'])) or '(file)'}: {item['msg']}"
            + _hint(item["loc"], item["type"])
            for item in error.errors()
        )
        raise RequestError(f"{path} is not a sampling design: {wrong}.") from error


def _hint(loc: tuple[int | str, ...], kind: str) -> str:
    if kind != "extra_forbidden":
        return ""
    model = FeatureWeights if loc[0] == "features" and len(loc) > 1 else Design
    return did_you_mean(str(loc[-1]), model.model_fields)


def _design_path(name: str, base: Path | None) -> Path:
    if name.endswith((".yaml", ".yml")):
        return (base or Path()) / name
    folder = resource_path("sampling/designs")
    path = folder / f"{name}.yaml"
    if not path.exists():
        known = sorted(file.stem for file in folder.glob("*.yaml"))
        raise RequestError(
            f"There is no sampling design {name!r}; known are {', '.join(known)}"
            f"{did_you_mean(name, known)}. Set sites.design in the campaign file."
        )
    return path
