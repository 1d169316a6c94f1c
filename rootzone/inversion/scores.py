"""Scores of a station: both soils and its climatology, by depth, years and season."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rootzone._shared.arrays import BoolArray
from rootzone._shared.days import years_of
from rootzone._shared.skill import Skill, skill_of
from rootzone.inversion.invert_station import Inversion
from rootzone.labels.splits import SEASONS, season_of


@dataclass(frozen=True)
class ScoreRow:
    """Skill of one soil at one depth of one station over some years and one season."""

    network: str
    station: str
    depth_m: float
    soil: str
    years: str
    season: str
    skill: Skill


def scores_of(found: Inversion) -> list[ScoreRow]:
    """Scores of a station: both soils, all and held-out years, the year and each season."""
    dates = found.day.astype("datetime64[D]")
    year = years_of(dates)
    month = dates.astype("datetime64[M]").astype(np.int64) % 12 + 1
    season = np.array([season_of(int(m)) for m in range(1, 13)])[month - 1]
    rows = []
    for years_name, years in (("all", found.years), ("held_out", found.held_out_years)):
        in_years = np.isin(year, years)
        for season_name in ("all", *SEASONS):
            chosen = in_years & ((season == season_name) | (season_name == "all"))
            rows += _score_rows(found, years_name, season_name, chosen)
    return rows


def _score_rows(found: Inversion, years: str, season: str, chosen: BoolArray) -> list[ScoreRow]:
    rows = []
    soils = {"loam": found.loam}
    if np.isfinite(found.measured).any():
        soils["measured"] = found.measured
    if years == "held_out":  # over all years the other two would be scored where they were made
        soils |= {"inverted": found.inverted, "climatology": found.climatology}
    for soil, simulated in soils.items():
        for i, depth_m in enumerate(found.depths_m):
            skill = skill_of(simulated[chosen, i], found.observed[chosen, i])
            rows.append(ScoreRow(found.network, found.station, depth_m, soil, years, season, skill))
    return rows
