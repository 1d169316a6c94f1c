"""``rootzone forcing``: daily weather of every cell of the region."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rootzone._shared.json_text import json_text

if TYPE_CHECKING:
    from rootzone._shared.provenance import Provenance
    from rootzone.campaign.read_campaign import LoadedCampaign
    from rootzone.covariates.weather.forcing import ForcingRequest, ForcingYear

_LISTED_GAPS = 10_000


@click.command()
@click.argument("campaign", type=click.Path(path_type=Path))
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="ROOTZONE_DATA",
    help="Folder the catalog's paths start from.  [default: data beside CAMPAIGN; ROOTZONE_DATA]",
)
@click.option("--force", is_flag=True, help="Write again although the files are there.")
@click.option("--json", "as_json", is_flag=True, help="The reports as JSON.")
def command(
    campaign: Path,
    data: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Write weather/weather_YEAR.parquet beside CAMPAIGN: all cells of the region, every day.

    The years are those of the campaign and those its spin-up reaches back into.

    Rain, temperatures, radiation, vapour pressure deficit, potential evapotranspiration and the
    sums of 7 and 30 days; the campaign's weather section says how. Beside each file gaps_YEAR.json
    names every cell-day that was missing or could not be true.
    """
    from rootzone._shared.atomic import refuse_overwrite
    from rootzone.campaign.read_campaign import load_campaign
    from rootzone.campaign.workspace import Workspace
    from rootzone.covariates.open_campaign import data_folder, open_catalog, open_region
    from rootzone.covariates.weather.cells import cells_in
    from rootzone.covariates.weather.forcing import ForcingRequest, prepare_year

    loaded = load_campaign(campaign)
    place = Workspace.beside(campaign)
    years = loaded.campaign.weather_years
    for year in years:
        refuse_overwrite(place.weather(year), force=force)
    catalog = open_catalog(loaded, data_folder(campaign, data))
    region = open_region(loaded)
    cells = cells_in(region.bounds)
    request = ForcingRequest.of(loaded.campaign)
    heights = None
    if request.pet_form == "fao56":
        from rootzone.covariates.weather.cell_elevation import cell_elevation_m

        heights = cell_elevation_m(catalog, loaded.campaign.catalog.elevation, cells, region.bounds)
    facts = []
    for year in years:
        click.echo(f"{year}: reading {len(cells)} cells", err=True)
        weather = prepare_year(catalog, request, year, cells, heights)
        facts.append(_write(place.weather(year), weather, _record(loaded, request, weather)))
    _show(facts, as_json=as_json)
    click.echo("next: rootzone sites, then rootzone simulate", err=True)


def _record(loaded: LoadedCampaign, request: ForcingRequest, weather: ForcingYear) -> Provenance:
    from dataclasses import asdict

    from rootzone._shared.provenance import Provenance, inputs_of

    return Provenance(
        verb="rootzone forcing",
        inputs=inputs_of({path.name: path for path in weather.files}),
        settings={
            "year": weather.year,
            "region": loaded.campaign.region.model_dump(mode="json"),
            **asdict(request),
        },
    )


def _write(path: Path, weather: ForcingYear, record: Provenance) -> dict[str, Any]:
    """Table and gap report; returns the report without its list."""
    from dataclasses import asdict

    from rootzone._shared.atomic import write_text
    from rootzone._shared.provenance import write_sidecar
    from rootzone._shared.tables import WEATHER, write_table
    from rootzone.covariates.weather.gaps import FLAG_BITS, summary

    write_table(path, weather.to_frame(), WEATHER, record)
    facts: dict[str, Any] = {
        "year": weather.year,
        "file": str(path),
        "cells": len(weather.cells),
        "cells_without_weather": weather.empty_cells,
        "days": len(weather.dates),
        "sums_reach_into_year_before": weather.padded,
        "cell_days_filled": int((weather.flags > 0).sum()),
        **summary(weather.gaps, weather.left_empty),
    }
    report = path.with_name(f"gaps_{weather.year}.json")
    listed = [asdict(gap) for gap in weather.gaps[:_LISTED_GAPS]]
    whole = {**facts, "filled_bits": FLAG_BITS, "gaps_listed": len(listed), "gaps": listed}
    write_text(report, json_text(whole) + "\n")
    write_sidecar(report, record)
    return facts


def _show(facts: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        click.echo(json_text(facts))
        return
    for year in facts:
        click.echo(year["file"])
        for key, value in year.items():
            if key != "file":
                click.echo(f"  {key.replace('_', ' '):<28} {value}")
