"""Covers as data, and what plants ask of a column: each function by hand."""

import numpy as np
import pytest

from rootzone._shared.errors import RequestError
from rootzone.covariates.layers.covers import cover, cover_names, cover_of_class, cover_sources
from rootzone.covariates.layers.legends import packed_legends
from rootzone.engines.plants.canopy import canopy_forcing, filled_lai, season_ramp
from rootzone.engines.plants.roots import root_layers, root_share, share_by_layer
from rootzone.engines.plants.stress import (
    available_water_stress,
    feddes_stress,
    feddes_third_head,
    s_shape_stress,
)
from rootzone.engines.swim.read_settings import settings_from_mapping


def test_every_number_of_every_cover_has_a_source() -> None:
    for name in cover_names():
        if name != "bare":
            assert len(cover_sources(name)) == 12
    assert "Jackson" in cover_sources("grass")["root_beta"]


def test_covers_carry_published_roots() -> None:
    # Jackson et al. (1996), Table 1: temperate grassland, crops, deciduous and coniferous forest.
    betas = [cover(n).root_beta for n in ("grass", "crop", "deciduous_forest", "evergreen_forest")]
    assert betas == [0.943, 0.961, 0.966, 0.976]


def test_every_class_of_every_land_cover_legend_has_a_cover() -> None:
    for legend in packed_legends().values():
        if any(one.group for one in legend.classes.values()):
            for one in legend.classes.values():
                assert cover_of_class(one.name, one.group) in cover_names()
    assert cover_of_class("Grassland/Herbaceous", "grass") == "grass"


def test_an_unknown_cover_names_the_nearest() -> None:
    with pytest.raises(RequestError, match="grass"):
        cover("gras")
    with pytest.raises(RequestError, match="no group"):
        cover_of_class("Something", "")


def test_roots_of_jackson() -> None:
    # 1 - 0.943**30 = 0.828 of grass roots lie above 30 cm: the paper's own 83 %.
    deep = root_share(0.0, 30.0, 0.943, 1e9)
    assert deep == pytest.approx(0.83, abs=0.005)
    parts = [root_share(float(z), float(z + 10), 0.943, 100.0) for z in range(0, 160, 10)]
    assert sum(parts) == pytest.approx(1.0, abs=1e-12)
    assert parts[10:] == [0.0] * 6
    assert root_share(0.0, 25.0, 1.0, 100.0) == 0.25


def test_stress_functions_at_their_corners() -> None:
    for theta, given in ((0.05, 0.0), (0.10, 0.0), (0.15, 0.5), (0.20, 1.0), (0.40, 1.0)):
        assert available_water_stress(theta, 0.10, 0.20)[0] == pytest.approx(given)
    for suction, given in ((0.0, 0.0), (10.0, 0.0), (17.5, 0.5), (25.0, 1.0), (200.0, 1.0),
                           (4100.0, 0.5), (8000.0, 0.0), (1e6, 0.0)):  # fmt: skip
        assert feddes_stress(suction, 10.0, 25.0, 200.0, 8000.0)[0] == pytest.approx(given)
    assert s_shape_stress(0.0, 800.0, 3.0)[0] == 1.0
    assert s_shape_stress(1600.0, 800.0, 3.0)[0] == pytest.approx(1.0 / 9.0)
    # 1 and 5 mm d-1 and half-way, the heads of pasture.
    heads = [feddes_third_head(t, 200.0, 800.0) for t in (0.05, 0.1, 0.3, 0.5, 1.0)]
    assert heads == pytest.approx([800.0, 800.0, 500.0, 200.0, 200.0])


@pytest.mark.parametrize(
    "stress",
    [
        lambda h: available_water_stress(0.2 - 1e-5 * h, 0.10, 0.20),
        lambda h: feddes_stress(h, 10.0, 25.0, 200.0, 8000.0),
        lambda h: s_shape_stress(h, 800.0, 3.0),
    ],
)
def test_slopes_are_those_of_the_values(stress) -> None:
    for at in (15.0, 500.0, 3000.0):
        step = 1e-3
        slope = (stress(at + step)[0] - stress(at - step)[0]) / (2 * step)
        own = stress(at)[1]
        scale = -1e-5 if stress(0.0)[1] > 0.0 or own > 1.0 else 1.0  # the first is by theta
        assert own * scale == pytest.approx(slope, rel=1e-4, abs=1e-12)


def test_leaves_come_with_the_mean_of_thirty_days() -> None:
    # 30 days of 3 degC, then 15 of 21: the mean of the last 30 is 12 on day 45.
    mean = np.concatenate([np.full(30, 3.0), np.full(15, 21.0)])
    ramp = season_ramp(mean, 3.0, 12.0)
    assert ramp[29] == 0.0
    assert ramp[44] == pytest.approx(1.0)
    assert ramp[36] == pytest.approx((3.0 + 7 * 18.0 / 30.0 - 3.0) / 9.0)


def test_demand_is_split_by_cover_and_rain_is_caught() -> None:
    # Grass all year: cover 0.5, LAI = -2 ln 0.5 = 1.386, storage 0.277 mm. 10 mm of rain on day 2:
    # 0.277 caught, dried the same day out of 4 mm, so 0.9307 of each demand is left.
    rain, eo = np.array([0.0, 10.0, 0.0]), np.array([4.0, 4.0, 4.0])
    below = canopy_forcing(rain, eo, cover("grass"))
    storage = 0.2 * 2.0 * np.log(2.0)
    assert below.rain_mm == pytest.approx([0.0, 10.0 - storage, 0.0])
    assert below.interception_mm == pytest.approx([0.0, storage, 0.0])
    left = np.array([1.0, 1.0 - storage / 4.0, 1.0])
    assert below.transpiration_demand_mm == pytest.approx(0.9 * 4.0 * 0.5 * left)
    assert below.es_demand_mm == pytest.approx(4.0 * 0.5 * left)


def test_rain_is_through_or_intercepted_whatever_the_weather() -> None:
    rng = np.random.default_rng(4)
    rain = np.where(rng.random(2000) < 0.3, rng.exponential(8.0, 2000), 0.0)
    eo = rng.uniform(0.0, 6.0, 2000)
    for name in cover_names():
        if name != "bare":
            below = canopy_forcing(rain, eo, cover(name), mean_degc=rng.normal(8.0, 8.0, 2000))
            held = np.diff(below.held_mm, prepend=0.0)
            assert np.abs(rain - below.rain_mm - below.interception_mm - held).max() < 1e-9
            assert min(part.min() for part in below) >= 0.0


def test_a_leaf_area_series_takes_the_place_of_the_season() -> None:
    lai = np.array([0.0, 2.0])
    below = canopy_forcing(np.zeros(2), np.full(2, 4.0), cover("grass"), lai=lai)
    assert below.transpiration_demand_mm == pytest.approx(0.9 * 4.0 * (1.0 - np.exp(-0.5 * lai)))


def test_gaps_in_leaf_area_are_filled_up_to_32_days_and_longer_ones_named() -> None:
    lai = np.full(100, np.nan)
    lai[[0, 20, 50]] = [1.0, 3.0, 0.0]
    with pytest.raises(RequestError, match="49 days from day 52"):
        filled_lai(lai, "cell 7")
    lai[[75, 99]] = 0.0
    assert filled_lai(lai, "cell 7")[10] == 2.0
    lai[60] = -1.0
    with pytest.raises(RequestError, match="lai is -1 on day 61"):
        filled_lai(lai, "cell 7")


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"cover": "gras"}, "grass"),
        ({"cover": "grass", "root_depth_mm": 0.0}, "no roots"),
        ({"cover": "grass", "grow_full_degc": 2.0}, "not above"),
        ({"cover": "grass", "feddes_cm": "10,25"}, "five suctions"),
        ({"cover": "grass", "feddes_cm": "10,25,900,800,700"}, "rise"),
    ],
)
def test_covers_that_cannot_grow_are_named(changed: dict, what: str) -> None:
    with pytest.raises(RequestError, match=what):
        settings_from_mapping("van_genuchten", "converged", changed)


def test_roots_need_the_converged_stepping() -> None:
    with pytest.raises(RequestError, match="stepping converged"):
        settings_from_mapping("van_genuchten", "apsim", {"cover": "grass"})


def test_roots_by_layer_are_spread_evenly_over_each() -> None:
    bottom, part = (np.array(values) for values in root_layers("100:40, 300:40, 1000:20", 8))
    # 40 % in 10 cm; half of the next 20 cm's 40 %; a tenth of the last 70 cm's 20 %; nothing below.
    slices = [(0.0, 10.0), (0.0, 20.0), (30.0, 37.0), (95.0, 130.0), (110.0, 120.0)]
    shares = [share_by_layer(top, end, bottom, part) for top, end in slices]
    assert shares == pytest.approx([0.4, 0.6, 0.02, 0.2 * 5 / 70, 0.0], abs=1e-12)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("100-40", "not of the form"),
        ("300:50, 100:50", "go down"),
        ("100:50, 300:60", "make 110 %"),
        ("100:-10, 300:110", "make 100 %"),
        (", ".join(f"{100 * k}:10" for k in range(1, 11)), "10 layers"),
    ],
)
def test_roots_that_cannot_be_are_named(text: str, named: str) -> None:
    with pytest.raises(RequestError, match=named):
        settings_from_mapping("swim3", "converged", {"cover": "grass", "root_layers": text})


def test_roots_are_told_one_way_only() -> None:
    told = {"cover": "grass", "root_layers": "100:100", "root_depth_mm": 500}
    with pytest.raises(RequestError, match="root_depth_mm: root_layers says"):
        settings_from_mapping("swim3", "converged", told)
