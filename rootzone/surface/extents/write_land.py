"""The land file of the surface network from a campaign's own catalog, band by band.

Soil of 0 to 5 cm and its retention curve are what the campaign's soils stage makes of the same
pixels; gNATSGO's layers are stood in for by it. What the catalog has no file of is missing: -1
inside the network.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from rootzone._shared.arrays import AnyArray, Float32Array, FloatArray
from rootzone._shared.digests import digest_json
from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import Provenance
from rootzone._shared.units import cm_from_mm
from rootzone.covariates.grid import Window
from rootzone.covariates.layers.stack import CovariateStack
from rootzone.design.read_land import CatalogLand
from rootzone.hydraulics.van_genuchten import theta_from_psi
from rootzone.learning.scene.land import FEATURE_BANDS
from rootzone.learning.scene.write_land import (
    LandPlan,
    land_windows,
    mapped_soils,
    number_values,
    plan_land,
)
from rootzone.maps.map_run import made_alike
from rootzone.maps.write_cog import Band, CogSpec, cog_writer
from rootzone.surface.extents.channels import RETENTION, SURFACE_SPEC, stand_ins
from rootzone.surface.extents.vectors import NLCD as COVER_CODES

if TYPE_CHECKING:
    from rootzone.covariates.open_campaign import CampaignFiles

VERB: Final = "rootzone surface inputs"
_TOP_MM: Final = 25.0  # the middle of 0 to 5 cm
_MM_D_OF_CM_H: Final = 240.0
_SUCTIONS_CM: Final = (336.5, 15_296.0)  # 33 and 1500 kPa as heads of water
_MORE: Final = {"bd_g_cm3": "bd", "log10_om_pct": "om", "log10_ksat_cm_h": "ksat"}
_DERIVED: Final = ("log10_ksat_cm_h",)
_COLOURS: Final = {"red": "red", "green": "green", "blue": "blue", "nir": "near infrared"}
_UNITS: Final = {c.column: c.unit for c in SURFACE_SPEC.channels} | dict(
    zip(RETENTION, ("m3 m-3", "m3 m-3", "cm-1", "-"), strict=True)
)


def write_land(
    files: CampaignFiles, composite: str | None, out: Path, say: Callable[[str], None]
) -> Path:
    """Write the land file, or leave it alone where it was made from the same inputs.

    Parameters
    ----------
    files : CampaignFiles
        The campaign. Layers by year are taken for its last year.
    composite : str, optional
        Address of a cloud-free composite in the catalog up to its variable, such as
        ``landsat/LC08_L2SP_034032_20190711_20200827_02_T1``; None leaves its five bands missing.
    out : Path
        The file.
    say : callable
        Told which bands are missing, and why.

    Raises
    ------
    RequestError
        Texture, classes or elevation are missing, land cover is not NLCD's, or another file, which
        was not made here, is in the way.
    """
    with files.stack(max(files.campaign.years)) as stack:
        plan = _plan(files, stack)
        more = _more(files, stack, composite, say)
        land = CatalogLand(stack, {**plan.addresses, **more}, files.region)
        settings = {
            "bands": sorted([*FEATURE_BANDS, *more]), "grid": stack.grid.to_dict(),
            "soil": files.campaign.soil.model_dump(mode="json"), "files": land.digest(),
            "depth_cm": _depth_cm(files),
        }  # fmt: skip
        record = Provenance(VERB, land.input_digests(), settings)
        if made_alike(out, record):
            return out
        refuse_foreign(out)
        names = [name for name in _UNITS if name not in _NOT_LAND]
        bands = [Band(name, _UNITS[name], f"{name}, by rootzone surface inputs") for name in names]
        spec = CogSpec(stack.grid, bands, "float32", float("nan"), "average")
        seen = dict.fromkeys(more, 0)
        with cog_writer(out, spec, record) as put:
            for window in land_windows(stack.grid):
                values = land_bands(stack, plan, more, window, _depth_cm(files))
                seen = {name: n + int(np.isfinite(values[name]).sum()) for name, n in seen.items()}
                empty = np.full(window.shape, np.nan, dtype=np.float32)
                put(window, np.stack([values.get(name, empty) for name in names]))
    for name, address in more.items():
        if not seen[name]:
            say(f"{name} is missing: {address} has no value on the campaign's grid")
    say(f"{out.name}: {stack.grid.height} x {stack.grid.width} px, digest {digest_json(settings)}")
    return out


_NOT_LAND: Final = ("pr", "rmax", "rmin", "tmmx", "tmmn", "lai", "smap")


def refuse_foreign(out: Path) -> None:
    """Refuse to write over a file that no run of this verb made.

    Raises
    ------
    RequestError
        There is one.
    """
    from rootzone._shared.provenance import read_provenance, sidecar_of

    if not out.is_file():
        return
    if not sidecar_of(out).is_file() or read_provenance(out).verb != VERB:
        raise RequestError(
            f"{out} is there already and was not made by {VERB}. Name another file in "
            "surface.deepsoil, or move it away."
        )


def _depth_cm(files: CampaignFiles) -> float:
    return float(cm_from_mm(float(sum(files.campaign.profile.thickness_mm))))


def _plan(files: CampaignFiles, stack: CovariateStack) -> LandPlan:
    """The layers that the land raster of the 20 cm network reads, at the top of the soil."""
    campaign = files.campaign
    cover = campaign.catalog.land_cover
    strange = sorted(set(stack.legend(cover).names) - set(COVER_CODES))
    if strange:
        raise RequestError(
            f"catalog.land_cover: the legend of {cover} has codes such as {strange[0]}, which the "
            "channels of the surface network do not know. Name an entry with NLCD's legend."
        )
    source = stack.catalog.source(campaign.catalog.texture)
    first = source.depths_cm[0] if source.depths_cm else (0, 5)
    features = campaign.learning.features.model_copy(update={"texture_depth_cm": first})
    labels = campaign.labels.model_copy(update={"depths_mm": (_TOP_MM,)})
    learning = campaign.learning.model_copy(update={"features": features})
    return plan_land(campaign.model_copy(update={"labels": labels, "learning": learning}), stack)


def _more(
    files: CampaignFiles, stack: CovariateStack, composite: str | None, say: Callable[[str], None]
) -> dict[str, str]:
    """Addresses of bands that a product may or may not have."""
    name = files.campaign.catalog.texture
    source = stack.catalog.source(name)
    depth = f"/{source.depth_at(_TOP_MM)}" if source.depths_cm else ""
    found = {band: f"{name}/{part}{depth}" for band, part in _MORE.items()
             if part in source.variables}  # fmt: skip
    if composite is not None:
        told = stack.catalog.source(composite.partition("/")[0]).variables
        of_meaning = {part.meaning: key for key, part in told.items()}
        lacking = [one for one in _COLOURS.values() if one not in of_meaning]
        if lacking:
            raise RequestError(
                f"surface.deepsoil.composite: {composite} has no variable that means "
                f"{', '.join(lacking)}; it has {', '.join(of_meaning)}."
            )
        found |= {band: f"{composite}/{of_meaning[word]}" for band, word in _COLOURS.items()}
    there = {}
    for band, address in found.items():
        try:
            stack.files(address)
        except RequestError as error:
            kept = "of the pedotransfer function" if band in _DERIVED else "missing"
            say(f"{band} is {kept}: {error}")
        else:
            there[band] = address
    return there


def land_bands(
    stack: CovariateStack, plan: LandPlan, more: Mapping[str, str], window: Window, depth_cm: float
) -> dict[str, AnyArray]:
    """Every band of a window that is known, by its name; shape (row, col), NaN where missing."""
    values: dict[str, AnyArray] = {
        name: number_values(stack.read(address, window)) for name, address in plan.features.items()
    }
    values["nlcd"], values["koppen"] = values.pop("land_cover"), values.pop("climate_class")
    (layers,) = plan.soils.values()
    given = [np.asarray(stack.read(one, window), np.float64).ravel() for one in layers.values()]
    soils = mapped_soils(given, plan, _TOP_MM)
    of: dict[str, FloatArray] = {
        name: soils[name].reshape(window.shape) for name in (*RETENTION, "ks_mm_d")
    }
    held = [theta_from_psi(-suction, *(of[name] for name in RETENTION)) for suction in _SUCTIONS_CM]
    depth = np.where(np.isfinite(of["theta_s"]), depth_cm, np.nan)
    values |= {name: of[name] for name in RETENTION}
    values |= stand_ins(held[0], held[1], of["theta_s"], depth)
    with np.errstate(divide="ignore", invalid="ignore"):
        values["log10_ksat_cm_h"] = np.log10(of["ks_mm_d"] / _MM_D_OF_CM_H)
    values |= {band: number_values(stack.read(address, window)) for band, address in more.items()}
    if "nir" in more and "red" in more:
        values["ndvi"] = _ndvi(values["red"], values["nir"])
    return values


def _ndvi(red: AnyArray, nir: AnyArray) -> Float32Array:
    """(nir - red) / (nir + red), held to -1 to 1: reflectances of shade may be below 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        told = np.where(nir + red > 0.0, (nir - red) / (nir + red), np.nan)
    return np.asarray(np.clip(told, -1.0, 1.0), dtype=np.float32)
