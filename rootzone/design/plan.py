"""What is asked for in a year, and what that means for each stratum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rootzone._shared.arrays import AnyArray, IntArray
from rootzone._shared.digests import digest_json
from rootzone._shared.seeds import stream
from rootzone.design.allocate import Allocation, allocate_sites
from rootzone.design.features import Space
from rootzone.design.run_survey import Survey
from rootzone.design.settings import Design


@dataclass(frozen=True)
class Order:
    """What is asked for in one year.

    Parameters
    ----------
    year : int
        Campaign year.
    sites : int
        Sites in all.
    seed : int
        The campaign's seed for sites.
    allocation : str
        ``proportional``, ``neyman`` or ``equal``.
    min_per_stratum : int
        Sites every stratum gets at least.
    reserves_pct : float
        Stand-ins of a stratum [% of its sites].
    design : Design
        How sites are picked.
    """

    year: int
    sites: int
    seed: int
    allocation: Allocation
    min_per_stratum: int
    reserves_pct: float
    design: Design

    def rng(self, purpose: int, *key: int) -> np.random.Generator:
        """The generator of one random choice."""
        return stream(self.seed, self.year, purpose, *key)

    def digest(self) -> str:
        """What decides the sites, beside the candidates."""
        return digest_json(
            [
                self.year,
                self.sites,
                self.seed,
                self.allocation,
                self.min_per_stratum,
                self.reserves_pct,
                self.design.model_dump(),
            ]
        )


@dataclass(frozen=True)
class Plan:
    """How many sites and reserves each stratum gives, and which are clustered.

    Parameters
    ----------
    codes : array of int, shape (stratum,)
        Stratum numbers.
    pixels, sites, reserves : array of int, shape (stratum,)
        Candidates, sites and stand-ins.
    clustered : array of bool, shape (stratum,)
        Whether its sites come from clusters.
    """

    codes: IntArray
    pixels: IntArray
    sites: IntArray
    reserves: IntArray
    clustered: AnyArray


def space_of(survey: Survey, design: Design) -> Space:
    """Feature space of a survey: standardised over all its candidates."""
    return Space.of_land(survey.land, design.features, survey.rules.weather.cols)


def plan_strata(survey: Survey, order: Order) -> Plan:
    """Sites and reserves of each stratum.

    Raises
    ------
    RequestError
        No candidates, or a budget that cannot be met.
    """
    codes = np.array(list(survey.strata), dtype=np.int64)
    pixels = np.array([m.count for m in survey.strata.values()], dtype=np.int64)
    spread = None
    if order.allocation == "neyman" and codes.size:
        space = space_of(survey, order.design)
        spread = np.sqrt([space.variance(m) for m in survey.strata.values()])
    sites = allocate_sites(
        pixels,
        order.sites,
        rule=order.allocation,
        spread=spread,
        min_per_stratum=order.min_per_stratum,
    )
    wanted = np.ceil(sites * order.reserves_pct / 100.0).astype(np.int64)
    clustered = (
        (sites >= order.design.cluster_from_sites)
        & (sites < pixels)
        & (order.design.method == "clusters")
    )
    return Plan(codes, pixels, sites, np.minimum(wanted, pixels - sites), clustered)
