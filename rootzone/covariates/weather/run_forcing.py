"""The forcing stage of a campaign: daily weather of every cell of its region, year by year."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rootzone._shared.atomic import refuse_overwrite, write_text
from rootzone._shared.provenance import Provenance, inputs_of, write_sidecar
from rootzone._shared.table_files import write_table
from rootzone._shared.tables import WEATHER
from rootzone.covariates.open_campaign import CampaignFiles
from rootzone.covariates.weather.forcing import ForcingRequest, ForcingYear, prepare_year
from rootzone.covariates.weather.gaps import FLAG_BITS, summary

_LISTED_GAPS = 10_000


def run_forcing(
    files: CampaignFiles, *, force: bool = False, say: Callable[[str], None] = lambda text: None
) -> list[dict[str, Any]]:
    """Write the weather of every year the campaign needs, spin-up included.

    Parameters
    ----------
    files : CampaignFiles
        The campaign.
    force : bool
        Write again although files are there.
    say : callable
        Told what is being read.

    Returns
    -------
    list of dict
        The report of each year as JSON values: its file, cells, days, gaps.

    Raises
    ------
    RequestError
        A file is there already, or the sources cannot be read.
    """
    place, years = files.workspace, files.campaign.weather_years
    for year in years:
        refuse_overwrite(place.weather(year), force=force)
    grid = files.catalog.weather_grid(files.campaign.catalog.forcing)
    cells = grid.cells_in(files.region.bounds)
    request = ForcingRequest.of(files.campaign, files.catalog, files.region.bounds)
    heights = None
    if request.pet_form == "fao56":
        from rootzone.covariates.weather.cell_elevation import cell_elevation_m

        heights = cell_elevation_m(
            files.catalog, files.campaign.catalog.elevation, cells, files.region.bounds
        )
    facts = []
    for year in years:
        say(f"{year}: reading {len(cells)} cells")
        weather = prepare_year(files.catalog, request, year, cells, heights)
        facts.append(_write(place.weather(year), weather, _record(files, request, weather)))
    return facts


def _record(files: CampaignFiles, request: ForcingRequest, weather: ForcingYear) -> Provenance:
    return Provenance(
        verb="rootzone forcing",
        inputs=inputs_of({path.name: path for path in weather.files}),
        settings={
            "year": weather.year,
            "region": files.campaign.region.model_dump(mode="json"),
            **asdict(request),
        },
    )


def _write(path: Path, weather: ForcingYear, record: Provenance) -> dict[str, Any]:
    """Table and gap report; returns the report without its list."""
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
    write_text(report, json.dumps(whole, indent=1) + "\n")
    write_sidecar(report, record)
    return facts
