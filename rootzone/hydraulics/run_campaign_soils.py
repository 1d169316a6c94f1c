"""The soils stage of a campaign: sites and mapped soil in, guarded soils of every site out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rootzone._shared.atomic import refuse_overwrite
from rootzone._shared.errors import ToleranceError
from rootzone._shared.provenance import Provenance, inputs_of
from rootzone._shared.table_files import read_table, write_table
from rootzone._shared.tables import SITES, SOIL_LAYERS
from rootzone.hydraulics.pedotransfer import PEDOTRANSFERS
from rootzone.hydraulics.run_soils import SoilsRun, run_soils
from rootzone.hydraulics.site_layers import SAMPLED, cover_map_of, site_layers
from rootzone.hydraulics.write_soils import SoilFiles

if TYPE_CHECKING:
    from rootzone.campaign.model import Soil
    from rootzone.covariates.open_campaign import CampaignFiles


def pedotransfer_of(soil: Soil) -> str:
    """Pedotransfer function of textures; a product's own parameters need none."""
    return soil.ptf if soil.ptf in PEDOTRANSFERS else "rosetta3"


def run_campaign_soils(files: CampaignFiles, *, force: bool = False) -> SoilsRun:
    """Sample the mapped soil at every site and derive its guarded parameters.

    Writes the sampled layers and the soils table with its notes into the workspace.

    Parameters
    ----------
    files : CampaignFiles
        The campaign; its sites must be drawn.
    force : bool
        Replace tables that exist.

    Raises
    ------
    RequestError
        Sites or soil rasters are not there, or a table exists already.
    ToleranceError
        A soil is refused and the campaign says to stop then.
    """
    campaign, place = files.campaign, files.workspace
    out = SoilFiles.beside(place.soils)
    refuse_overwrite(
        out.soils, force=force, beside=(out.adjustments, out.refused, place.site_textures)
    )
    sites = read_table(place.sites, SITES)
    name = campaign.catalog.texture
    with files.stack() as stack:
        layers = site_layers(
            stack,
            name,
            stack.catalog.source(name),
            sites,
            campaign.soil.ptf,
            cover_map_of(stack, campaign),
        )
        product = stack.catalog.digest
    record = Provenance(
        "rootzone soils",
        {"campaign": files.digest, "catalog": product, **inputs_of({"sites": place.sites})},
        {"soil product": name, "ptf": campaign.soil.ptf},
    )
    write_table(place.site_textures, layers, SOIL_LAYERS, record)
    run = run_soils(
        place.site_textures,
        place.soils,
        source=SAMPLED[campaign.soil.ptf][1],  # type: ignore[arg-type]
        limits=campaign.soil,
        thickness_mm=campaign.profile.thickness_mm,
        extend=True,
        tolerance_pct=campaign.soil.texture_tolerance_pct,
        ptf=pedotransfer_of(campaign.soil),
        fill_inputs=campaign.soil.fill_inputs,
        force=True,  # looked at above
    )
    if campaign.soil.on_refused == "stop" and run.result.n_refused_sites:
        raise ToleranceError(
            f"{run.result.n_refused_sites} sites have a soil that cannot be mended and soil."
            f"on_refused is stop. {run.files.refused} names each; mend the product, or set "
            "on_refused: quarantine."
        )
    return run
