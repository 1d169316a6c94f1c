"""A whole design: survey and draw of every year, and the tables and balance that come of it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import polars as pl

from rootzone._shared.arrays import IntArray
from rootzone.covariates.weather.cells import WeatherGrid
from rootzone.design.balance import Balance, balance_of
from rootzone.design.candidates import Rules
from rootzone.design.plan import Order, plan_strata
from rootzone.design.run_draw import Draw, draw_year
from rootzone.design.run_survey import BAND_PX, LandReader, Survey, run_survey
from rootzone.design.tables import site_table, strata_table

log = logging.getLogger(__name__)


class DatedLand(LandReader, Protocol):
    """A reader that can say what decides its values."""

    def digest(self) -> str:
        """Digest of everything that decides what is read."""


@dataclass(frozen=True)
class YearDesign:
    """The design of one year.

    Parameters
    ----------
    order : Order
        What was asked for.
    sites, reserves, strata : DataFrame
        The tables.
    balance : tuple of Balance
        Sites against land, one per covariate.
    left_out : mapping of str to int
        Pixels that are no candidates, by reason.
    candidates : int
        Candidate pixels.
    weather : WeatherGrid
        Cells of the forcing.
    cell_pixels : array of int, shape (weather row, weather col)
        Candidates of each weather cell.
    histograms : array of int, shape (stored feature, 65536)
        Candidates per whole number of each feature.
    mean_distance, mean_square : float
        Mean distance of the land of clustered strata to the nearest site of its block, and mean
        square of it, in standardised feature space.
    """

    order: Order
    sites: pl.DataFrame
    reserves: pl.DataFrame
    strata: pl.DataFrame
    balance: tuple[Balance, ...]
    left_out: dict[str, int]
    candidates: int
    weather: WeatherGrid
    cell_pixels: IntArray
    histograms: IntArray
    mean_distance: float
    mean_square: float


def run_year(
    land: DatedLand,
    rules: Rules,
    order: Order,
    work: Path,
    *,
    workers: int = 1,
    band_px: int = BAND_PX,
) -> YearDesign:
    """Survey the land and draw the sites of one year; unfinished work in ``work`` goes on.

    Years whose layers are the same share one survey.

    Raises
    ------
    RequestError
        No candidates, a budget that cannot be met, or layers that cannot be read.
    """
    survey = run_survey(
        land, rules, work, source_digest=land.digest(), workers=workers, band_px=band_px
    )
    log.info("%d: %d candidates in %d strata", order.year, survey.land.count, len(survey.strata))
    draw = draw_year(survey, order, work, workers=workers)
    return design_of(survey, order, draw)


def design_of(survey: Survey, order: Order, draw: Draw) -> YearDesign:
    """Tables and balance of a finished draw."""
    sites, reserves = site_table(survey, draw, order.year)
    drawn = draw.rank == 0
    histograms = survey.histograms()
    return YearDesign(
        order=order,
        sites=sites,
        reserves=reserves,
        strata=strata_table(survey, plan_strata(survey, order), draw, order.year),
        balance=balance_of(draw.records["q"][drawn], draw.weight[drawn], survey.land, histograms),
        left_out=survey.left_out,
        candidates=survey.land.count,
        weather=survey.rules.weather,
        cell_pixels=survey.pixels_per_cell(),
        histograms=histograms,
        mean_distance=draw.mean_distance,
        mean_square=draw.mean_square,
    )


def joined(years: Sequence[YearDesign], table: str) -> pl.DataFrame:
    """One table of all years, in their order."""
    frames: list[pl.DataFrame] = [getattr(year, table) for year in years]
    return pl.concat(frames)
