"""Rules that tie several keys of a campaign together."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rootzone._shared.engine_names import engine_names, not_an_engine
from rootzone._shared.errors import RequestError
from rootzone._shared.profile_depths import MID_LAYER, node_depths_mm, nodes_of_engine
from rootzone._shared.safe_yaml import KeyPath
from rootzone.campaign.model import BARE_SOIL_ALBEDO, DATE_IN_NAME, Campaign, Soil

# PSIDul that SWIM3's curves can be drawn through.
_SWIM3_DUL_CM = (10.0, 10_000.0)


@dataclass(frozen=True)
class Broken:
    """A rule that does not hold: the key to look at, what is wrong, and how to mend it."""

    key: KeyPath
    problem: str
    mend: str

    @classmethod
    def told(cls, key: KeyPath, error: RequestError) -> Broken:
        """The refusal of a later stage: its first sentence, and the rest as what mends it."""
        problem, _, mend = str(error).partition(". ")
        return cls(key, problem.removesuffix("."), mend)


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


def _cover_can_grow(campaign: Campaign) -> Iterator[Broken]:
    if campaign.cover != "bare" and campaign.engine.stepping != "converged":
        yield Broken(
            ("cover",),
            f"{campaign.cover} grows in the embedded engine with stepping: converged alone; APSIM "
            "grows plants with crop models of its own",
            "set engine.name: swim and engine.stepping: converged, or cover: bare",
        )


def _leaves_of_a_cover(campaign: Campaign) -> Iterator[Broken]:
    if campaign.weather.leaf_area is not None and campaign.cover == "bare":
        yield Broken(
            ("weather", "leaf_area"),
            f"leaf area of {campaign.weather.leaf_area} is asked for, and nothing grows",
            "set cover, such as by_land_cover or grass, or leave the key null",
        )


def _engine_is_there(campaign: Campaign) -> Iterator[Broken]:
    if wrong := not_an_engine(campaign.engine.name):
        yield Broken(("engine", "name"), wrong, f"choose one of {', '.join(engine_names())}")


def _years_once(campaign: Campaign) -> Iterator[Broken]:
    if len(set(campaign.years)) != len(campaign.years):
        yield Broken(("years",), "a year is listed twice", "list each year once")


def broken_soil_rules(soil: Soil) -> Iterator[Broken]:
    """Rules between the keys of a soil section, for a campaign or for a table of soils."""
    for rule in (_suctions_in_order, _bounds_in_order, _gaps_fit_below_saturation):
        yield from rule(soil)


def _suctions_in_order(soil: Soil) -> Iterator[Broken]:
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


def _bounds_in_order(soil: Soil) -> Iterator[Broken]:
    bounds = soil.bounds
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


def _gaps_fit_below_saturation(soil: Soil) -> Iterator[Broken]:
    bounds = soil.bounds
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


def _members_once(campaign: Campaign) -> Iterator[Broken]:
    members = campaign.soil.members
    for index, name in enumerate(members):
        if name == campaign.soil.ptf or name in members[:index]:
            yield Broken(
                ("soil", "members", index),
                f"{name} is soil.ptf or listed before",
                "list each function once, and none that is soil.ptf",
            )


def _spread_needs_textures(campaign: Campaign) -> Iterator[Broken]:
    if campaign.soil.texture_spread and campaign.soil.ptf == "polaris_van_genuchten":
        yield Broken(
            ("soil", "texture_spread"),
            f"{campaign.soil.ptf} takes the product's own parameters, which no texture moves",
            "choose a pedotransfer function as soil.ptf, or set texture_spread: false",
        )


def _enough_for_every_stratum(campaign: Campaign) -> Iterator[Broken]:
    sites = campaign.sites
    if sites.min_per_stratum > sites.per_year:
        yield Broken(
            ("sites", "min_per_stratum"),
            f"one stratum alone takes more than sites.per_year, which is {sites.per_year}",
            "lower it, or raise sites.per_year",
        )


def _one_demand(campaign: Campaign) -> Iterator[Broken]:
    """The network's feature and the simulation follow the same demand, from the same ground."""
    pet, albedo = campaign.weather.pet, campaign.weather.albedo
    salb = campaign.engine.settings.get("salb", BARE_SOIL_ALBEDO)
    if not isinstance(salb, int | float) or not 0 <= salb <= 1:
        return  # the engine refuses it
    if pet == "apsim":
        if albedo != salb:
            yield Broken(
                ("weather", "albedo"),
                f"pet: apsim would use {albedo:g}, the engine {salb} (its salb)",
                "give weather.albedo and salb of engine.settings the same value",
            )
        return
    for key, value in ((("weather", "albedo"), albedo), (("engine", "settings"), salb)):
        if value != BARE_SOIL_ALBEDO:
            yield Broken(
                key,
                f"an albedo of {value} has no say with pet: {pet}, which drives the simulation",
                "leave it out, or set weather.pet: apsim",
            )


def _dul_that_swim3_knows(campaign: Campaign) -> Iterator[Broken]:
    low, high = _SWIM3_DUL_CM
    if campaign.engine.physics == "swim3" and not low <= campaign.soil.dul_suction_cm <= high:
        yield Broken(
            ("soil", "dul_suction_cm"),
            f"physics swim3 draws its curves through a DUL at {low:g} to {high:g} cm",
            "choose a suction between them; 100 and 330 are usual",
        )


def _labels_between_nodes(campaign: Campaign) -> Iterator[Broken]:
    engine, thickness_mm = campaign.engine, campaign.profile.thickness_mm
    nodes = node_depths_mm(thickness_mm, nodes_of_engine(engine.physics, engine.stepping))
    depths = campaign.labels.depths_mm
    for index, depth in enumerate(depths):
        if not nodes[0] <= depth <= nodes[-1]:
            yield Broken(
                ("labels", "depths_mm", index),
                f"{depth:g} mm is not between the nodes of the profile, where water content is "
                f"known: {nodes[0]:g} to {nodes[-1]:g} mm (the profile ends at "
                f"{sum(thickness_mm):g} mm)",
                "choose a depth between them, or thinner first or deeper last layers in "
                "profile.thickness_mm",
            )
        elif depth in depths[:index]:
            yield Broken(
                ("labels", "depths_mm", index), "the depth is listed twice", "list it once"
            )


def _texture_interval(campaign: Campaign) -> Iterator[Broken]:
    top, bottom = campaign.learning.features.texture_depth_cm
    if top >= bottom:
        yield Broken(
            ("learning", "features", "texture_depth_cm"),
            f"{top:g} to {bottom:g} cm is no interval of depth",
            "write its top, then its bottom, as the texture source names it: [15, 30]",
        )


def _features_by_day(campaign: Campaign) -> Iterator[Broken]:
    for key in ("surface_moisture", "leaf_area"):
        pattern = getattr(campaign.learning.features, key)
        if pattern is not None and not re.search(DATE_IN_NAME, pattern):
            yield Broken(
                ("learning", "features", key),
                "the path names one file for all days",
                "write {date}, or {date:%Y%m%d}, where the day stands in the name",
            )


def _noise_of_soils_has_soils(campaign: Campaign) -> Iterator[Broken]:
    if campaign.learning.label_noise == "soil_spread" and not campaign.soil.ensemble:
        yield Broken(
            ("learning", "label_noise"),
            "labels differ among soils, and the campaign has one soil a site",
            "name soil.members or set soil.texture_spread, or set it to none",
        )


def _another_region_to_test_in(campaign: Campaign) -> Iterator[Broken]:
    surface = campaign.surface
    asked, there = "region" in surface.splits, surface.other_region is not None
    if surface.system == "two_layer":
        if asked != (surface.two_layer.other_campaign is not None):
            yield Broken(
                ("surface", "two_layer", "other_campaign"),
                "the split region and a campaign to test in come together, and one is missing",
                "name the campaign file of another region, or take region out of surface.splits",
            )
        return
    if surface.system == "multimodal" and asked:
        yield Broken(
            ("surface", "splits"),
            "the system multimodal has no split region",
            "take region out; stations leaves whole places out",
        )
        return
    if asked and not there:
        yield Broken(
            ("surface", "splits"),
            "the split region tests in another region, and other_region names none",
            "give surface.other_region its smap, land, ndvi and stations, or take region out",
        )
    if there and not asked:
        yield Broken(
            ("surface", "other_region"),
            "no split looks at it",
            "add region to surface.splits, or take other_region out",
        )


def _what_select_reads_is_named(campaign: Campaign) -> Iterator[Broken]:
    surface = campaign.surface
    if surface.system != "select":
        return
    chosen, cloud = surface.select, surface.select.cloud
    if "koppen" in chosen.by and chosen.koppen is None:
        yield Broken(
            ("surface", "select", "koppen"),
            "environments are made of climate, and no map of its codes is named",
            "name a GeoTIFF of Koppen-Geiger codes, or take koppen out of surface.select.by",
        )
    if cloud.export == "cloud_storage" and cloud.bucket is None:
        yield Broken(
            ("surface", "select", "cloud", "bucket"),
            "exports go to Cloud Storage, and no bucket is named",
            "name a bucket that the project may write to, or export to drive",
        )
    if len(set(chosen.candidates)) < len(chosen.candidates):
        yield Broken(
            ("surface", "select", "candidates"), "a candidate is named twice", "name each once"
        )


def _map_days_have_weather(campaign: Campaign) -> Iterator[Broken]:
    there = campaign.weather_years
    for index, day in enumerate(campaign.maps.dates):
        simulated = campaign.maps.source == "simulation"
        needed = campaign.weather_of(day.year) if simulated else range(day.year, day.year + 1)
        if not set(needed) <= set(there):
            yield Broken(
                ("maps", "dates", index),
                f"the campaign has weather of {', '.join(map(str, there))} only"
                + (f", and the spin-up of {day.year} begins in {needed[0]}" * simulated),
                "choose a day in years, or add its year there",
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


def _solver_has_the_depths(campaign: Campaign) -> Iterator[Broken]:
    """``labels.from: solver`` needs cells finer than layers, at the very depths of the labels."""
    engine = campaign.engine
    if campaign.labels.source != "solver":
        return
    if nodes_of_engine(engine.physics, engine.stepping) != MID_LAYER:
        yield Broken(
            ("labels", "from"),
            f"{engine.name} with physics {engine.physics} and stepping {engine.stepping} knows "
            "water content at the nodes of its layers only",
            "set labels.from: layers, or physics: van_genuchten and stepping: converged",
        )
    elif "label_depths_mm" in engine.settings:
        yield Broken(
            ("engine", "settings", "label_depths_mm"),
            "with labels.from: solver the depths are those of labels.depths_mm",
            "take it out",
        )


_RULES: tuple[Callable[[Campaign], Iterator[Broken]], ...] = (
    _one_region,
    _years_once,
    _engine_is_there,
    _cover_can_grow,
    _leaves_of_a_cover,
    lambda campaign: broken_soil_rules(campaign.soil),
    _members_once,
    _spread_needs_textures,
    _enough_for_every_stratum,
    _one_demand,
    _dul_that_swim3_knows,
    _labels_between_nodes,
    _solver_has_the_depths,
    _texture_interval,
    _features_by_day,
    _noise_of_soils_has_soils,
    _another_region_to_test_in,
    _what_select_reads_is_named,
    _split_adds_up,
    _map_days_have_weather,
)
