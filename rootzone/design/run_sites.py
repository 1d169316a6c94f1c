"""The sites stage of a campaign: the land surveyed, sites and stand-ins drawn, year by year."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Sequence
from typing import Any

from rootzone._shared.atomic import refuse_overwrite
from rootzone._shared.cores import cores_given
from rootzone._shared.provenance import Provenance
from rootzone._shared.table_files import write_table
from rootzone.campaign.workspace import Workspace
from rootzone.covariates.open_campaign import CampaignFiles
from rootzone.design.candidates import Rules
from rootzone.design.classes import class_table
from rootzone.design.plan import Order
from rootzone.design.read_land import CatalogLand, land_addresses
from rootzone.design.run_design import YearDesign, joined, run_year
from rootzone.design.settings import Design, load_design
from rootzone.design.tables import DRAWN, RESERVES, STRATA
from rootzone.design.write_report import (
    SitesOfYear,
    facts_of,
    write_balance_html,
    write_balance_json,
)


def run_sites(
    files: CampaignFiles,
    *,
    workers: int | None = None,
    keep_work: bool = False,
    force: bool = False,
    say: Callable[[str], None] = lambda text: None,
) -> list[SitesOfYear]:
    """Draw the sites of a campaign and write them with their stand-ins and the balance report.

    An interrupted draw goes on where it stopped.

    Parameters
    ----------
    files : CampaignFiles
        The campaign.
    workers : int, optional
        Processes; they never change a site. All cores by default.
    keep_work : bool
        Keep the folder of intermediate files.
    force : bool
        Draw again although the sites are there.
    say : callable
        Told what is being done.

    Returns
    -------
    list of SitesOfYear
        The balance report's facts, one entry a year.

    Raises
    ------
    RequestError
        The sites are there already, or the land cannot be read or sampled.
    """
    logging.getLogger("rootzone.design").setLevel(logging.INFO)
    place = files.workspace
    report = place.balance_report
    before = (place.sites.with_name("strata.parquet"), place.reserves, report,
              report.with_suffix(".json"))  # fmt: skip
    refuse_overwrite(place.sites, force=force, beside=before)
    settings = load_design(files.campaign.sites.design, files.folder)
    work = place.sites.parent / ".work"
    designs: list[YearDesign] = []
    inputs: dict[str, str] = {}
    for year in files.campaign.years:
        land = _land(files, year)
        say(f"{year}: surveying the land and drawing sites")
        order, rules = _order(files, settings, year), _rules(files, settings, land)
        designs.append(run_year(land, rules, order, work, workers=workers or cores_given()))
        inputs |= {f"{name} {year}": digest for name, digest in land.input_digests().items()}
    _write(place, designs, Provenance("rootzone sites", inputs, _settings(files, settings)))
    if not keep_work:
        shutil.rmtree(work)
    return [facts_of(design) for design in designs]


def _land(files: CampaignFiles, year: int) -> CatalogLand:
    """The campaign's layers on its master grid."""
    wanted = files.campaign.catalog
    stack = files.stack(year)
    texture = stack.catalog.source(wanted.texture)
    depth = texture.depth_at(files.campaign.labels.depths_mm[0]) if texture.depths_cm else ""
    addresses = land_addresses(
        wanted.land_cover, wanted.climate_class, wanted.texture, wanted.elevation, depth
    )
    return CatalogLand(stack, addresses, files.region)


def _rules(files: CampaignFiles, settings: Design, land: CatalogLand) -> Rules:
    return Rules(
        land_cover=class_table(land.legend_of("land_cover"), files.catalog.legends),
        climate=class_table(land.legend_of("climate_class"), files.catalog.legends),
        weather=files.weather_grid,
        exclude_land_cover=files.excluded_cover,
        texture_sum_tolerance_pct=settings.texture_sum_tolerance_pct,
    )


def _order(files: CampaignFiles, settings: Design, year: int) -> Order:
    asked = files.campaign.sites
    return Order(
        year=year,
        sites=asked.per_year,
        seed=files.campaign.seeds.sites,
        allocation=asked.allocation,
        min_per_stratum=asked.min_per_stratum,
        reserves_pct=asked.reserves_pct,
        design=settings,
    )


def _settings(files: CampaignFiles, settings: Design) -> dict[str, Any]:
    """What has a say in the sites."""
    resolved = files.loaded.resolved
    return {
        **{key: resolved[key] for key in ("region", "grid", "years", "catalog", "sites")},
        "seed": resolved["seeds"]["sites"],
        "design": settings.model_dump(mode="json"),
    }


def _write(place: Workspace, designs: Sequence[YearDesign], record: Provenance) -> None:
    """All files; the sites come last and say that the draw is complete."""
    folder = place.sites.parent
    write_table(folder / "strata.parquet", joined(designs, "strata"), STRATA, record)
    write_table(place.reserves, joined(designs, "reserves"), RESERVES, record)
    write_balance_json(place.balance_report.with_suffix(".json"), designs, record)
    write_balance_html(place.balance_report, designs, record)
    write_table(place.sites, joined(designs, "sites"), DRAWN, record)
