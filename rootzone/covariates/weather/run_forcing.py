"""The forcing stage of a campaign: daily weather of every cell of its region, year by year."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypedDict, cast

import numpy as np

from rootzone._shared.arrays import BoolArray, FloatArray
from rootzone._shared.atomic import is_whole, refuse_overwrite, write_text
from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import Provenance, inputs_of, read_provenance, write_sidecar
from rootzone._shared.table_files import write_table
from rootzone._shared.tables import WEATHER
from rootzone.covariates.open_campaign import CampaignFiles
from rootzone.covariates.weather.cells import Cells
from rootzone.covariates.weather.forcing import ForcingRequest, ForcingYear, prepare_year
from rootzone.covariates.weather.gaps import FLAG_BITS, summary
from rootzone.covariates.weather.rim_cells import cells_of_grid, without_lost

_LISTED_GAPS = 10_000


class WeatherOfYear(TypedDict):
    """What is told of a year's weather, as JSON values; the file of gaps adds each gap."""

    year: int
    file: str
    cells: int
    cells_without_weather: int
    days: int
    sums_reach_into_year_before: bool
    cell_days_filled: int
    cell_days: dict[str, dict[str, int]]
    left_empty: dict[str, int]


_LIST = ("filled_bits", "gaps_listed", "gaps")  # of the file and not of the report


def run_forcing(
    files: CampaignFiles, *, force: bool = False, say: Callable[[str], None] = lambda text: None
) -> list[WeatherOfYear]:
    """Write the weather of every year the campaign needs, spin-up included.

    Years that a run before it finished are kept; damaged ones are made again.

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
    list of WeatherOfYear
        The report of each year as JSON values: its file, cells, days, gaps.

    Raises
    ------
    RequestError
        All years are there already, one was made otherwise, or the sources cannot be read.
    """
    place, years = files.workspace, files.campaign.weather_years
    grid = files.catalog.weather_grid(files.campaign.catalog.forcing)
    cells, rim = cells_of_grid(grid, files.region.bounds, files.grid)
    request = ForcingRequest.of(files.campaign, files.catalog, files.region.bounds)
    kept = {} if force else _kept(files, request, years)
    ground = _Ground(cells, rim)
    if request.needs_heights:
        ground = _with_heights(files, request, ground)
        if ground.warmer is not None:
            low, high = ground.warmer.min(), ground.warmer.max()
            say(f"temperatures moved by {low:.2f} to {high:.2f} degC for height")
    facts = []
    for year in years:
        if year in kept:
            say(f"{year}: kept as it is")
            facts.append(kept[year])
            continue
        beyond = f", {int(ground.rim.sum())} of them beyond the region" if ground.rim.any() else ""
        say(f"{year}: reading {len(ground.cells)} cells{beyond}")
        weather = _prepared(files, request, year, ground)
        if request.leaf_area is not None:
            from rootzone.covariates.weather.leaf_area import with_leaf_area

            bounds = files.region.bounds
            weather = with_leaf_area(weather, files.catalog, request.leaf_area, bounds)
        facts.append(_write(place.weather(year), weather, _record(files, request, weather)))
    return facts


@dataclass(frozen=True)
class _Ground:
    """Cells wanted, which of them lie beyond the region, and what heights do to each."""

    cells: Cells
    rim: BoolArray
    heights: FloatArray | None = None
    warmer: FloatArray | None = None

    def those(self, kept: BoolArray) -> _Ground:
        parts = [None if one is None else one[kept] for one in (self.heights, self.warmer)]
        return _Ground(self.cells.those(kept), self.rim[kept], *parts)


def _with_heights(files: CampaignFiles, request: ForcingRequest, ground: _Ground) -> _Ground:
    from rootzone.covariates.weather.cell_elevation import cell_elevation_m, warmer_degc

    source, bounds = files.campaign.catalog.elevation, files.region.bounds
    heights = cell_elevation_m(files.catalog, source, ground.cells, bounds, ground.rim)
    ground = replace(ground, heights=heights).those(np.isfinite(heights))
    lapse = request.lapse_degc_per_km
    if lapse is None:
        return ground

    def moved(cells: Cells, kept: BoolArray) -> FloatArray:
        return warmer_degc(files.catalog, request.source, cells, heights_of(kept), lapse)

    def heights_of(kept: BoolArray) -> FloatArray:
        assert ground.heights is not None  # noqa: S101 - made above
        return ground.heights[kept]

    warmer, kept = without_lost(ground.cells, ground.rim, moved)
    return replace(ground.those(kept), warmer=warmer)


def _prepared(
    files: CampaignFiles, request: ForcingRequest, year: int, ground: _Ground
) -> ForcingYear:
    """The weather of a year, without cells of the rim that its files do not hold."""

    def made(cells: Cells, kept: BoolArray) -> ForcingYear:
        one = ground.those(kept)
        return prepare_year(files.catalog, request, year, cells, one.heights, one.warmer, one.rim)

    return without_lost(ground.cells, ground.rim, made)[0]


def _kept(
    files: CampaignFiles, request: ForcingRequest, years: Sequence[int]
) -> dict[int, WeatherOfYear]:
    """Reports of the years that are there and whole, where others are not."""
    place = files.workspace
    whole = [year for year in years if is_whole(place.weather(year), _beside(place.weather(year)))]
    if len(whole) == len(years):
        refuse_overwrite(place.weather(years[0]), force=False)
    for year in whole:
        path, asked = place.weather(year), _settings(files, request, year)
        if read_provenance(path).settings != json.loads(json.dumps(asked, default=str)):
            raise RequestError(
                f"{path} was made with other settings and is left alone. Add --force to make all "
                "years again."
            )
    told = {year: _beside(place.weather(year))[0] for year in whole}
    return {year: _without_list(json.loads(path.read_text())) for year, path in told.items()}


def _beside(path: Path) -> tuple[Path]:
    return (path.with_name(path.name.replace("weather_", "gaps_")).with_suffix(".json"),)


def _without_list(told: dict[str, Any]) -> WeatherOfYear:
    return cast("WeatherOfYear", {k: v for k, v in told.items() if k not in _LIST})


def _settings(files: CampaignFiles, request: ForcingRequest, year: int) -> dict[str, Any]:
    region = files.campaign.region.model_dump(mode="json")
    asked = asdict(request)
    if request.leaf_area is None:  # tables of before this key existed are the same ones
        del asked["leaf_area"]
    return {"year": year, "region": region, "grid": files.grid.to_dict(), **asked}


def _record(files: CampaignFiles, request: ForcingRequest, weather: ForcingYear) -> Provenance:
    return Provenance(
        verb="rootzone forcing",
        inputs=inputs_of({path.name: path for path in weather.files}),
        settings=_settings(files, request, weather.year),
    )


def _write(path: Path, weather: ForcingYear, record: Provenance) -> WeatherOfYear:
    """Gap report and, last, the table; returns the report without its list."""
    counts, left = summary(weather.gaps, weather.left_empty)
    facts: WeatherOfYear = {
        "year": weather.year,
        "file": str(path),
        "cells": len(weather.cells),
        "cells_without_weather": weather.empty_cells,
        "days": len(weather.dates),
        "sums_reach_into_year_before": weather.padded,
        "cell_days_filled": int((weather.flags > 0).sum()),
        "cell_days": counts,
        "left_empty": left,
    }
    report = _beside(path)[0]
    listed = [asdict(gap) for gap in weather.gaps[:_LISTED_GAPS]]
    whole = {**facts, "filled_bits": FLAG_BITS, "gaps_listed": len(listed), "gaps": listed}
    write_text(report, json.dumps(whole, indent=1) + "\n")
    write_sidecar(report, record)
    write_table(path, weather.to_frame(), WEATHER, record)
    return facts
