"""The soils stage of a campaign: sites and mapped soil in, guarded soils of every site out."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from rootzone._shared.atomic import refuse_overwrite
from rootzone._shared.errors import RequestError, ToleranceError
from rootzone._shared.provenance import Provenance, inputs_of
from rootzone._shared.table_files import read_table, write_table
from rootzone._shared.tables import SITES, SOIL_LAYERS
from rootzone.hydraulics.pedotransfer import PEDOTRANSFERS
from rootzone.hydraulics.run_soils import SoilsRun, run_soils
from rootzone.hydraulics.site_layers import (
    SAMPLED,
    by_difference,
    cover_map_of,
    site_layers,
    site_quantiles,
)
from rootzone.hydraulics.texture_spread import (
    FRACTIONS,
    SPREAD,
    has_quantiles,
    moved_layers,
    spread_table,
)
from rootzone.hydraulics.write_soils import SoilFiles

if TYPE_CHECKING:
    import polars as pl

    from rootzone.campaign.model import Soil
    from rootzone.covariates.layers.source import Source
    from rootzone.covariates.layers.stack import CovariateStack
    from rootzone.covariates.open_campaign import CampaignFiles

_LOG = logging.getLogger(__name__)


def pedotransfer_of(soil: Soil) -> str:
    """Pedotransfer function of textures; a product's own parameters need none."""
    return soil.ptf if soil.ptf in PEDOTRANSFERS else "rosetta3"


def run_campaign_soils(files: CampaignFiles, *, force: bool = False) -> SoilsRun:
    """Sample the mapped soil at every site and derive its guarded parameters.

    Writes the sampled layers and the soils table with its notes into the workspace, and, where the
    product has quantiles of sand and clay, what they leave open in DUL, LL15 and conductivity; with
    ``soil.texture_spread`` also the layers of each site's moved textures.

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
    import polars as pl

    campaign, place = files.campaign, files.workspace
    out = SoilFiles.beside(place.soils)
    beside = [out.adjustments, out.refused, place.site_textures]
    if place.soils_spread.exists():  # not every product has one
        beside.append(place.soils_spread)
    beside += [place.member_layers(member) for member in campaign.soil.ensemble]
    refuse_overwrite(out.soils, force=force, beside=beside)
    sites = read_table(place.sites, SITES)
    name = campaign.catalog.texture
    with files.stack() as stack:
        source = stack.catalog.source(name)
        covers = cover_map_of(stack, campaign)
        layers = site_layers(stack, name, source, sites, campaign.soil.ptf, covers)
        of_members: dict[str, pl.DataFrame] = {
            member: site_layers(stack, name, source, sites, member, covers)
            for member in campaign.soil.members
        }
        quantiles = None
        if SAMPLED[campaign.soil.ptf][1] == "texture" and has_quantiles(source):
            wanted = [f"{one}_{end}" for one in FRACTIONS for end in ("q05", "q95")]
            needed = campaign.soil.texture_spread
            quantiles = _sampled(stack, name, source, sites, wanted, needed=needed)
        closed = by_difference(source)
        if closed:
            layers = layers.with_columns(by_difference=pl.lit(" ".join(closed)))
        product = stack.catalog.digest
    record = Provenance(
        "rootzone soils",
        {"campaign": files.digest, "catalog": product, **inputs_of({"sites": place.sites})},
        {"soil product": name, "ptf": campaign.soil.ptf},
    )
    write_table(place.site_textures, layers, SOIL_LAYERS, record)
    if quantiles is not None and campaign.soil.texture_spread:
        tolerance = campaign.soil.texture_tolerance_pct
        of_members |= moved_layers(layers, quantiles, tolerance)
    for member, own in of_members.items():
        write_table(place.member_layers(member), own, SOIL_LAYERS, record)
    if quantiles is not None:
        write_table(
            place.soils_spread, spread_table(layers, quantiles, campaign.soil), SPREAD, record
        )
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


def _sampled(
    stack: CovariateStack,
    name: str,
    source: Source,
    sites: pl.DataFrame,
    wanted: list[str],
    *,
    needed: bool,
) -> pl.DataFrame | None:
    """Quantiles at the sites; None, and said, where their files were not fetched nor needed."""
    try:
        return site_quantiles(stack, name, source, sites, wanted)
    except RequestError as error:
        if needed:
            raise
        _LOG.warning("no spread of textures: %s", error)
        return None
