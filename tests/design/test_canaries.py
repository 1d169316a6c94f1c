"""The twelve canary soils."""

from __future__ import annotations

import pytest

from rootzone.design.canaries import Canary, load_canaries


def _usda_class(sand: float, silt: float, clay: float) -> str:
    """USDA texture class, from the boundaries in the Soil Survey Manual (2017), chapter 3."""
    if silt + 1.5 * clay < 15:
        return "sand"
    if silt + 2 * clay < 30:
        return "loamy sand"
    if clay >= 40:
        return "silty clay" if silt >= 40 else "sandy clay" if sand > 45 else "clay"
    if clay >= 35 and sand > 45:
        return "sandy clay"
    if clay >= 27:
        return "silty clay loam" if sand <= 20 else "clay loam" if sand <= 45 else "sandy clay loam"
    if silt >= 80 and clay < 12:
        return "silt"
    if silt >= 50:
        return "silt loam"
    if clay >= 20 and sand > 45 and silt < 28:
        return "sandy clay loam"
    return "loam" if clay >= 7 and silt >= 28 and sand <= 52 else "sandy loam"


@pytest.mark.parametrize("canary", load_canaries(), ids=lambda canary: canary.texture_class)
def test_each_canary_lies_in_the_class_it_names(canary: Canary) -> None:
    texture = canary.sand_pct, canary.silt_pct, canary.clay_pct
    assert _usda_class(*texture) == canary.texture_class


@pytest.mark.parametrize("canary", load_canaries(), ids=lambda canary: canary.texture_class)
def test_each_texture_adds_up(canary: Canary) -> None:
    assert canary.sand_pct + canary.silt_pct + canary.clay_pct == pytest.approx(100.0, abs=1e-9)


def test_there_is_one_canary_for_each_of_the_twelve_classes() -> None:
    assert len({canary.texture_class for canary in load_canaries()}) == 12
    assert len({canary.site_id for canary in load_canaries()}) == 12
