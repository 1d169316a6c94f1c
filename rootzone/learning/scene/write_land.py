"""Write the land raster of a campaign: every static layer of the network in one aligned file.

Made once, window by window, from whatever catalog the campaign names. Values are physical; the
network's scaling is applied on reading, so another feature specification needs no other file.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.atomic import atomic_path, is_damaged
from rootzone._shared.digests import digest_json
from rootzone._shared.open_files import open_raster
from rootzone._shared.provenance import Provenance, write_sidecar
from rootzone._shared.units import mm_from_cm
from rootzone.campaign.model import Campaign, Soil
from rootzone.covariates.grid import MasterGrid, Window
from rootzone.covariates.layers import topography
from rootzone.covariates.layers.legends import CLASS_NODATA
from rootzone.covariates.layers.stack import CovariateStack
from rootzone.covariates.layers.terrain import TERRAIN, terrain
from rootzone.design.read_land import CatalogLand
from rootzone.hydraulics.pedotransfer import PEDOTRANSFERS
from rootzone.hydraulics.polaris import parameters_from_polaris
from rootzone.hydraulics.site_layers import SAMPLED
from rootzone.hydraulics.soil_columns import SoilColumns, uniform_first_rows
from rootzone.hydraulics.soils import soils_from_parameters, soils_from_textures
from rootzone.hydraulics.texture import close_textures
from rootzone.learning.scene.features import TOPOGRAPHY
from rootzone.learning.scene.land import (
    FEATURE_BANDS,
    HYDRAULIC,
    TAG_LAND,
    TAG_MADE_FROM,
    hydraulic_bands,
)

if TYPE_CHECKING:
    from rootzone.covariates.layers.source import Source
    from rootzone.covariates.open_campaign import CampaignFiles

_LOG = logging.getLogger(__name__)
_CLASS_LAYERS = ("land_cover", "climate_class")
_FORMAT = 2  # of the file; a change makes every land raster anew
_BLOCK_PX = 128  # a tile of 64 and a map window of 512 both read few blocks
_WINDOW_PX = (512, 2048)  # a million pixels: some 300 MB while their soils are derived
_CACHE_MB = 256


@dataclass(frozen=True)
class LandPlan:
    """Which layers make the bands.

    Parameters
    ----------
    features : mapping of str to str
        Catalog address of each feature band; slope and aspect are derived from elevation.
    soils : mapping of float to mapping of str to str
        For each label depth [mm], the addresses of what its hydraulic parameters come from.
    soil : Soil
        The campaign's section: pedotransfer function, guardrails, tolerance of textures.
    topography : tuple of str
        Bands of `rootzone.covariates.layers.topography` besides.
    """

    features: Mapping[str, str]
    soils: Mapping[float, Mapping[str, str]]
    soil: Soil
    topography: tuple[str, ...] = ()

    @property
    def bands(self) -> dict[str, str]:
        """Names and units of all bands, in order."""
        out = {**FEATURE_BANDS, **{name: topography.UNITS[name] for name in self.topography}}
        for depth_mm in self.soils:
            out.update(zip(hydraulic_bands(depth_mm), HYDRAULIC.values(), strict=True))
        return out

    @property
    def addresses(self) -> dict[str, str]:
        """Every address that is read, by a name of its own."""
        out = dict(self.features)
        for depth_mm, layers in self.soils.items():
            out.update({f"{name}@{depth_mm:g}": layer for name, layer in layers.items()})
        return out


def plan_land(campaign: Campaign, stack: CovariateStack) -> LandPlan:
    """The layers of a campaign's land raster.

    The hydraulic parameters of a label depth come from the source layer that holds that depth, by
    the campaign's pedotransfer function and guardrails; below the source's end from its deepest
    layer, as the soils stage does. Sand, silt and clay come from the interval its features name.

    Raises
    ------
    RequestError
        The texture source has no such interval or variables.
    """
    names = campaign.catalog
    source = stack.catalog.source(names.texture)
    top_cm, bottom_cm = campaign.learning.features.texture_depth_cm
    interval = f"/{top_cm:g}_{bottom_cm:g}" if source.depths_cm else ""
    features = {
        **{f"{name}_pct": f"{names.texture}/{name}{interval}" for name in ("sand", "silt", "clay")},
        "elevation_m": names.elevation,
        "land_cover": names.land_cover,
        "climate_class": names.climate_class,
    }
    for address in features.values():
        stack.layer(address)  # a depth or a variable that is not there is refused here
    columns, _ = SAMPLED[campaign.soil.ptf]
    soils = {
        depth_mm: {
            column: f"{names.texture}/{variable}{_depth_part(source, depth_mm)}"
            for column, variable in columns.items()
        }
        for depth_mm in campaign.labels.depths_mm
    }
    wanted = campaign.learning.features.topography
    bands = tuple(channel.column for name, channel in TOPOGRAPHY.items() if name in wanted)
    return LandPlan(features, soils, campaign.soil, bands)


def _depth_part(source: Source, depth_mm: float) -> str:
    if not source.depths_cm:
        return ""
    deepest_mm = mm_from_cm(float(source.depths_cm[-1][1]))
    return f"/{source.depth_at(min(depth_mm, deepest_mm))}"


def write_land(files: CampaignFiles, out: Path) -> Path:
    """Write the land raster, or leave it alone where it was made from the same inputs.

    Parameters
    ----------
    files : CampaignFiles
        The campaign. Layers by year are taken for its last year.
    out : Path
        ``covariates/land.tif`` of the workspace.

    Returns
    -------
    Path
        ``out``: float32, tiled, compressed, NaN where nothing is known, one band a name with its
        unit; beside it the provenance.

    Raises
    ------
    RequestError
        Layers are missing or cannot be read; no file is left behind then.
    """
    campaign = files.campaign
    year = max(campaign.years)
    with files.stack(year) as stack:
        plan = plan_land(campaign, stack)
        land = CatalogLand(stack, plan.addresses, files.region)
        settings = {
            "format": _FORMAT,
            "bands": list(plan.bands),
            "grid": stack.grid.to_dict(),
            "year": year,
            "texture_depth_cm": list(campaign.learning.features.texture_depth_cm),
            "soil": campaign.soil.model_dump(mode="json"),
        }
        made_from = digest_json([settings, land.digest()])
        if _made_from(out) == made_from:
            return out
        record = Provenance("rootzone train", land.input_digests(), settings)
        facts = {
            "grid": stack.grid.to_dict(),
            "depths_mm": list(plan.soils),
            "texture_depth_cm": settings["texture_depth_cm"],
            "legends": {
                name: land.legend_of(name) for name in _CLASS_LAYERS
            },
            "class_names": {
                name: dict(stack.legend(plan.addresses[name]).names) for name in _CLASS_LAYERS
            },
            "digest": record.digest,
        }  # fmt: skip
        tags = {TAG_LAND: json.dumps(facts, sort_keys=True), TAG_MADE_FROM: made_from}
        _write(stack, plan, out, tags)
        write_sidecar(out, record)
    return out


def _made_from(path: Path) -> str | None:
    """Digest of the inputs of a land raster; None where there is no readable one."""
    from rasterio.errors import RasterioIOError

    if not path.is_file() or is_damaged(path):
        return None
    try:
        with open_raster(path) as dataset:
            told = dataset.tags().get(TAG_MADE_FROM)
            return None if told is None else str(told)
    except RasterioIOError:
        return None


def _write(stack: CovariateStack, plan: LandPlan, out: Path, tags: Mapping[str, str]) -> None:
    import rasterio
    from rasterio.windows import Window as Part

    grid = stack.grid
    bands = plan.bands
    with (
        rasterio.Env(GDAL_CACHEMAX=_CACHE_MB),
        atomic_path(out) as temporary,
        rasterio.open(temporary, "w", **_profile(grid, len(bands))) as file,
    ):
        for number, (name, unit) in enumerate(bands.items(), start=1):
            file.set_band_description(number, name)
            file.set_band_unit(number, unit)
        file.update_tags(**tags)
        for window in land_windows(grid):
            _LOG.debug("land raster: rows from %d, columns from %d", window.row, window.col)
            box = Part(window.col, window.row, window.width, window.height)
            file.write(land_values(stack, plan, window), window=box)


def _profile(grid: MasterGrid, count: int) -> dict[str, Any]:
    return {
        "driver": "GTiff", "width": grid.width, "height": grid.height, "count": count,
        "dtype": "float32", "crs": grid.crs, "transform": grid.affine(), "nodata": np.nan,
        "tiled": True, "blockxsize": _BLOCK_PX, "blockysize": _BLOCK_PX, "interleave": "band",
        "compress": "deflate", "predictor": 3, "zlevel": 6, "bigtiff": "if_safer",
    }  # fmt: skip


def land_windows(grid: MasterGrid) -> Iterator[Window]:
    """Windows that cover the grid once, whole blocks each but at its edges."""
    height, width = _WINDOW_PX
    for row in range(0, grid.height, height):
        for col in range(0, grid.width, width):
            yield Window(row, col, min(height, grid.height - row), min(width, grid.width - col))


def land_values(stack: CovariateStack, plan: LandPlan, window: Window) -> AnyArray:
    """All bands of one window, shape (band, row, col), float32."""
    out = np.empty((len(plan.bands), *window.shape), dtype=np.float32)
    at = len(FEATURE_BANDS) + len(plan.topography)
    out[:at] = _feature_values(stack, plan, window)
    for depth_mm, layers in plan.soils.items():
        given = [stack.read(address, window) for address in layers.values()]
        out[at : at + len(HYDRAULIC)] = hydraulic_values(given, plan, depth_mm)
        at += len(HYDRAULIC)
    return out


def _feature_values(stack: CovariateStack, plan: LandPlan, window: Window) -> list[AnyArray]:
    values = {
        name: number_values(stack.read(address, window))
        for name, address in plan.features.items()
        if name != "elevation_m"
    }
    halo = topography.HALO_PX if plan.topography else 1
    wider = np.asarray(stack.read(plan.features["elevation_m"], window.padded(halo)))
    if plan.topography:
        values |= topography.topography(wider, stack.grid.resolution_m)
        wider = wider[halo - 1 : 1 - halo, halo - 1 : 1 - halo]
    values["elevation_m"] = wider[1:-1, 1:-1]
    for name in TERRAIN:
        values[name] = terrain(name, wider, stack.grid, window)
    return [values[name] for name in (*FEATURE_BANDS, *plan.topography)]


def number_values(values: AnyArray) -> AnyArray:
    """Values as float32; the nodata of classes becomes NaN."""
    if np.issubdtype(values.dtype, np.integer):
        return np.where(values == CLASS_NODATA, np.nan, values).astype(np.float32)
    return values


def hydraulic_values(given: Sequence[AnyArray], plan: LandPlan, depth_mm: float = 0.0) -> AnyArray:
    """Guarded theta_r, theta_s, alpha and n of mapped soil, as the soils stage derives them.

    Parameters
    ----------
    given : sequence of array, shape (row, col)
        What the pedotransfer function takes, in the order of ``SAMPLED``: sand, silt, clay [%] and
        so on, or the product's van Genuchten parameters in its own units.
    plan : LandPlan
        Pedotransfer function and guardrails.
    depth_mm : float
        Label depth [mm]; some functions tell topsoil from subsoil.

    Returns
    -------
    array, shape (4, row, col)
        NaN where the soils stage would refuse the layer.
    """
    flat: list[FloatArray] = [np.asarray(v, dtype=np.float64).ravel() for v in given]
    soils = mapped_soils(flat, plan, depth_mm)
    values = np.stack([soils[name] for name in HYDRAULIC])
    return values.reshape(len(HYDRAULIC), *given[0].shape)


def mapped_soils(flat: Sequence[FloatArray], plan: LandPlan, depth_mm: float) -> SoilColumns:
    """Soils of one layer each, from what `hydraulic_values` takes, pixel by pixel."""
    first_row = uniform_first_rows(flat[0].size, 1)
    if plan.soil.ptf == "rosetta3":
        sand, silt, clay = flat
        most = plan.soil.texture_tolerance_pct
        return soils_from_textures(
            sand, silt, clay, first_row, limits=plan.soil, tolerance_pct=most
        )
    if plan.soil.ptf == "polaris_van_genuchten":
        return soils_from_parameters(parameters_from_polaris(*flat), first_row, limits=plan.soil)
    known = dict(zip(SAMPLED[plan.soil.ptf][0], flat, strict=True))
    if "log10_om_pct" in known:
        known["om_pct"] = 10.0 ** known["log10_om_pct"]
    texture = close_textures(*flat[:3], tolerance_pct=plan.soil.texture_tolerance_pct)
    known |= {"sand_pct": texture.sand_pct, "silt_pct": texture.silt_pct}
    known |= {"clay_pct": texture.clay_pct}
    known |= {name: np.full(flat[0].size, depth_mm) for name in ("top_mm", "bottom_mm")}
    return soils_from_parameters(
        PEDOTRANSFERS[plan.soil.ptf].predict(known),
        first_row,
        bd_g_cm3=known["bd_g_cm3"],
        limits=plan.soil,
        refusal=texture.refusal,
    )
