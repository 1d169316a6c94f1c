"""Rules that tie several keys of a campaign together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rootzone._shared.safe_yaml import KeyPath
    from rootzone.campaign.model import Campaign


@dataclass(frozen=True)
class Broken:
    """A rule that does not hold: the key to look at, what is wrong, and how to mend it."""

    key: KeyPath
    problem: str
    mend: str


def broken_rules(campaign: Campaign) -> list[Broken]:
    """Every rule between keys that this campaign breaks, in the order of the file."""
    return [broken for rule in _RULES for broken in rule(campaign)]


def _one_region(campaign: Campaign) -> Iterator[Broken]:
    region = campaign.region
    given = [name for name, value in region if value is not None]
    if len(given) != 1:
        yield Broken(
            ("region",),
            f"{len(given)} of bounds_lonlat_deg, polygon_file and place are given",
            "give exactly one of them",
        )
    if region.bounds_lonlat_deg is not None:
        west, south, east, north = region.bounds_lonlat_deg
        if west >= east or south >= north:
            yield Broken(
                ("region", "bounds_lonlat_deg"),
                "the box is empty or turned round",
                "write west, south, east, north with west < east and south < north",
            )


def _years_once(campaign: Campaign) -> Iterator[Broken]:
    if len(set(campaign.years)) != len(campaign.years):
        yield Broken(("years",), "a year is listed twice", "list each year once")


def _suctions_in_order(campaign: Campaign) -> Iterator[Broken]:
    soil = campaign.soil
    if not soil.dul_suction_cm < soil.ll15_suction_cm:
        yield Broken(
            ("soil", "dul_suction_cm"),
            f"DUL at {soil.dul_suction_cm:g} cm is not wetter than LL15 at "
            f"{soil.ll15_suction_cm:g} cm",
            "choose a suction below soil.ll15_suction_cm; 100 and 330 are usual",
        )
    if not soil.ll15_suction_cm < soil.airdry_suction_cm:
        yield Broken(
            ("soil", "airdry_suction_cm"),
            f"air-dry at {soil.airdry_suction_cm:g} cm is not drier than LL15 at "
            f"{soil.ll15_suction_cm:g} cm",
            "choose a suction above soil.ll15_suction_cm; 1000000 is usual",
        )


def _bounds_in_order(campaign: Campaign) -> Iterator[Broken]:
    bounds = campaign.soil.bounds
    for low, high in (
        ("sat_min", "sat_max"),
        ("alpha_min_per_cm", "alpha_max_per_cm"),
        ("n_min", "n_max"),
        ("ks_min_mm_d", "ks_max_mm_d"),
        ("bd_min_g_cm3", "bd_max_g_cm3"),
    ):
        if not getattr(bounds, low) < getattr(bounds, high):
            yield Broken(
                ("soil", "bounds", low),
                f"{low} {getattr(bounds, low):g} is not below {high} {getattr(bounds, high):g}",
                f"lower {low} or raise {high}",
            )


def _gaps_fit_below_saturation(campaign: Campaign) -> Iterator[Broken]:
    bounds = campaign.soil.bounds
    gaps = bounds.gap_airdry_ll15 + bounds.gap_ll15_dul + bounds.gap_dul_sat
    if gaps >= bounds.sat_min:
        yield Broken(
            ("soil", "bounds", "sat_min"),
            f"the gaps between the limits add up to {gaps:g}, which leaves no room below it",
            "raise sat_min or lower the gaps",
        )
    if bounds.kdul_min_mm_d > bounds.ks_min_mm_d:
        yield Broken(
            ("soil", "bounds", "kdul_min_mm_d"),
            f"{bounds.kdul_min_mm_d:g} is above ks_min_mm_d {bounds.ks_min_mm_d:g}",
            "lower kdul_min_mm_d",
        )


def _labels_inside_profile(campaign: Campaign) -> Iterator[Broken]:
    bottom = sum(campaign.profile.thickness_mm)
    for index, depth in enumerate(campaign.labels.depths_mm):
        if depth >= bottom:
            yield Broken(
                ("labels", "depths_mm", index),
                f"{depth:g} mm is not inside the profile, which ends at {bottom:g} mm",
                "choose a shallower depth or add layers to profile.thickness_mm",
            )


def _split_adds_up(campaign: Campaign) -> Iterator[Broken]:
    split = campaign.learning.split
    total = split.train + split.validation + split.test
    if abs(total - 1.0) > 1e-9:
        yield Broken(
            ("learning", "split"),
            f"train, validation and test add up to {total:g}",
            "make the three fractions add up to 1",
        )


def _apsim_runs_swim3(campaign: Campaign) -> Iterator[Broken]:
    engine = campaign.engine
    if engine.name == "apsim" and (engine.physics, engine.stepping) != ("swim3", "apsim"):
        yield Broken(
            ("engine", "physics"),
            f"APSIM cannot run physics {engine.physics} with stepping {engine.stepping}",
            "set physics: swim3 and stepping: apsim, or engine name: swim",
        )


_RULES: tuple[Callable[[Campaign], Iterator[Broken]], ...] = (
    _one_region,
    _years_once,
    _suctions_in_order,
    _bounds_in_order,
    _gaps_fit_below_saturation,
    _apsim_runs_swim3,
    _labels_inside_profile,
    _split_adds_up,
)
