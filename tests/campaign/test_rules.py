from __future__ import annotations

from typing import Any

import pytest

from rootzone.campaign.model import Campaign
from rootzone.campaign.rules import broken_rules

SMALL: dict[str, Any] = {"name": "small", "region": {"place": "Colorado"}, "years": [2023]}


def broken(**changes: Any) -> list[tuple[str | int, ...]]:
    campaign = Campaign.model_validate({**SMALL, **changes})
    return [rule.key for rule in broken_rules(campaign)]


def test_the_defaults_break_no_rule() -> None:
    assert broken() == []


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"region": {}}, ("region",)),
        ({"region": {"place": "Utah", "polygon_file": "a.geojson"}}, ("region",)),
        ({"region": {"bounds_lonlat_deg": [1, 2, 1, 3]}}, ("region", "bounds_lonlat_deg")),
        ({"years": [2023, 2023]}, ("years",)),
        (
            {"soil": {"dul_suction_cm": 9_500, "ll15_suction_cm": 9_000}},
            ("soil", "dul_suction_cm"),
        ),
        ({"soil": {"airdry_suction_cm": 15_000}}, ("soil", "airdry_suction_cm")),
        ({"soil": {"bounds": {"sat_min": 0.9}}}, ("soil", "bounds", "sat_min")),
        ({"soil": {"bounds": {"n_min": 9.0}}}, ("soil", "bounds", "n_min")),
        ({"soil": {"bounds": {"alpha_min_per_cm": 1.0}}}, ("soil", "bounds", "alpha_min_per_cm")),
        ({"soil": {"bounds": {"gap_dul_sat": 0.1, "sat_min": 0.1}}}, ("soil", "bounds", "sat_min")),
        ({"soil": {"bounds": {"kdul_min_mm_d": 1.0}}}, ("soil", "bounds", "kdul_min_mm_d")),
        ({"soil": {"bounds": {"bd_min_g_cm3": 2.2}}}, ("soil", "bounds", "bd_min_g_cm3")),
        ({"soil": {"bounds": {"ks_min_mm_d": 20_000}}}, ("soil", "bounds", "ks_min_mm_d")),
        ({"labels": {"depths_mm": [200, 1500]}}, ("labels", "depths_mm", 1)),
        ({"soil": {"members": ["toth2015", "rosetta3"]}}, ("soil", "members", 1)),  # is soil.ptf
        (
            {"soil": {"ptf": "polaris_van_genuchten", "texture_spread": True}},
            ("soil", "texture_spread"),
        ),  # no texture to move
        ({"weather": {"leaf_area": "modis_lai"}}, ("weather", "leaf_area")),  # nothing grows
        ({"learning": {"split": {"train": 0.8}}}, ("learning", "split")),
    ],
)
def test_each_rule_names_the_key_to_look_at(changes: dict[str, Any], key: tuple[Any, ...]) -> None:
    assert broken(**changes) == [key]


def test_leaves_that_follow_maps_are_an_engine_setting_of_the_run() -> None:
    asked = {**SMALL, "cover": "grass", "weather": {"leaf_area": "modis_lai"}}
    assert Campaign.model_validate(asked).engine_as_run.settings == {
        "cover": "grass",
        "lai": True,
        "snow": True,
    }
    by_map = Campaign.model_validate({**asked, "cover": "by_land_cover"})
    assert by_map.engine_as_run.settings == {"lai": True, "snow": True}
