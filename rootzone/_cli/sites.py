"""``rootzone sites``: where to simulate, with weights, reserves and a balance report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rootzone._shared.json_text import json_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rootzone._shared.provenance import Provenance
    from rootzone.campaign.read_campaign import LoadedCampaign
    from rootzone.campaign.workspace import Workspace
    from rootzone.design.candidates import Rules
    from rootzone.design.read_land import CatalogLand
    from rootzone.design.run_design import YearDesign
    from rootzone.design.settings import Design


@click.command()
@click.argument("campaign", type=click.Path(path_type=Path))
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="ROOTZONE_DATA",
    help="Folder the catalog's paths start from.  [default: data beside CAMPAIGN; ROOTZONE_DATA]",
)
@click.option("--workers", type=click.IntRange(min=1), help="Processes.  [default: all cores]")
@click.option("--keep-work", is_flag=True, help="Keep the folder of intermediate files.")
@click.option("--force", is_flag=True, help="Draw again although sites.parquet is there.")
@click.option("--json", "as_json", is_flag=True, help="The balance report's facts as JSON.")
def command(
    campaign: Path,
    data: Path | None,
    workers: int | None,
    keep_work: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Draw the sites of CAMPAIGN into sites/sites.parquet beside it.

    Also written there: reserves.parquet, the ordered stand-ins of each stratum; strata.parquet;
    and the balance report, balance.html and balance.json. The same campaign, seed and data give
    the same sites on any number of workers. An interrupted draw goes on where it stopped when the
    same command is given again.
    """
    import logging
    import shutil

    from rootzone._shared.atomic import refuse_overwrite
    from rootzone._shared.cores import cores_given
    from rootzone.campaign.read_campaign import load_campaign
    from rootzone.campaign.workspace import Workspace
    from rootzone.covariates.open_campaign import data_folder
    from rootzone.design.run_design import run_year
    from rootzone.design.settings import load_design
    from rootzone.design.write_report import facts_of

    logging.getLogger("rootzone.design").setLevel(logging.INFO)
    loaded = load_campaign(campaign)
    place = Workspace.beside(campaign)
    refuse_overwrite(place.sites, force=force)
    settings = load_design(loaded.campaign.sites.design, campaign.parent)
    work = place.sites.parent / ".work"
    designs: list[YearDesign] = []
    inputs: dict[str, str] = {}
    for year in loaded.campaign.years:
        land = _land(loaded, data_folder(campaign, data), year)
        click.echo(f"{year}: surveying the land and drawing sites", err=True)
        order = _order(loaded, settings, year)
        rules = _rules(loaded, settings, land)
        designs.append(run_year(land, rules, order, work, workers=workers or cores_given()))
        inputs |= {f"{name} {year}": digest for name, digest in land.input_digests().items()}
    _write(place, designs, _record(loaded, settings, inputs))
    if not keep_work:
        shutil.rmtree(work)
    facts = [facts_of(design) for design in designs]
    click.echo(json_text(facts) if as_json else _in_words(place, facts))
    click.echo(f"next: open {place.balance_report}, then fetch weather and soils", err=True)


def _land(loaded: LoadedCampaign, data: Path, year: int) -> CatalogLand:
    """The campaign's layers on its master grid."""
    from rootzone.covariates.open_campaign import open_region, open_stack
    from rootzone.design.read_land import CatalogLand, land_addresses

    wanted = loaded.campaign.catalog
    stack = open_stack(loaded, data, year)
    texture = stack.catalog.source(wanted.texture)
    depth = texture.depth_at(loaded.campaign.labels.depths_mm[0]) if texture.depths_cm else ""
    addresses = land_addresses(
        wanted.land_cover, wanted.climate_class, wanted.texture, wanted.elevation, depth
    )
    return CatalogLand(stack, addresses, open_region(loaded))


def _rules(loaded: LoadedCampaign, settings: Design, land: CatalogLand) -> Rules:
    from rootzone.design.candidates import Rules
    from rootzone.design.classes import load_classes

    return Rules(
        land_cover=load_classes(land.legend_of("land_cover")),
        climate=load_classes(land.legend_of("climate_class")),
        exclude_land_cover=tuple(sorted(loaded.campaign.sites.exclude_land_cover)),
        texture_sum_tolerance_pct=settings.texture_sum_tolerance_pct,
    )


def _order(loaded: LoadedCampaign, settings: Design, year: int) -> Any:  # noqa: ANN401 - Order
    from rootzone.design.plan import Order

    asked = loaded.campaign.sites
    return Order(
        year=year,
        sites=asked.per_year,
        seed=loaded.campaign.seeds.sites,
        allocation=asked.allocation,
        min_per_stratum=asked.min_per_stratum,
        reserves_pct=asked.reserves_pct,
        design=settings,
    )


def _record(loaded: LoadedCampaign, settings: Design, inputs: dict[str, str]) -> Provenance:
    from rootzone._shared.provenance import Provenance

    resolved = loaded.resolved
    return Provenance(
        verb="rootzone sites",
        inputs=inputs,
        settings={
            **{key: resolved[key] for key in ("region", "grid", "years", "catalog", "sites")},
            "seed": resolved["seeds"]["sites"],
            "design": settings.model_dump(mode="json"),
        },
    )


def _write(place: Workspace, designs: Sequence[YearDesign], record: Provenance) -> None:
    """All files; the sites come last and say that the draw is complete."""
    from rootzone._shared.tables import write_table
    from rootzone.design.run_design import joined
    from rootzone.design.tables import DRAWN, RESERVES, STRATA
    from rootzone.design.write_report import write_balance_html, write_balance_json

    folder = place.sites.parent
    write_table(folder / "strata.parquet", joined(designs, "strata"), STRATA, record)
    write_table(place.reserves, joined(designs, "reserves"), RESERVES, record)
    write_balance_json(place.balance_report.with_suffix(".json"), designs, record)
    write_balance_html(place.balance_report, designs, record)
    write_table(place.sites, joined(designs, "sites"), DRAWN, record)


def _in_words(place: Workspace, facts: list[dict[str, Any]]) -> str:
    lines = []
    for year in facts:
        left_out = {key: count for key, count in year["left_out"].items() if count}
        lines += [
            f"{year['year']}: {year['sites']:,} sites and {year['reserves']:,} reserves out of "
            f"{year['candidates']:,} candidate pixels in {year['strata']} strata",
            "  left out    "
            + (", ".join(f"{n:,} {key}" for key, n in left_out.items()) or "no pixel"),
            "  worst SMD   "
            + f"{max(abs(item['smd'] or 0.0) for item in year['balance']):.4f} land sd, weighted",
        ]
    files = (place.sites, place.reserves, place.balance_report)
    return "\n".join([*lines, *map(str, files)])
