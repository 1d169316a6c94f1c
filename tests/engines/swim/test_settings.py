"""Settings: APSIM's defaults, refused mistakes, and what the kernels are told."""

from __future__ import annotations

import math

import pytest

from rootzone._shared.errors import RequestError
from rootzone.engines.swim import layout
from rootzone.engines.swim.cells import grid
from rootzone.engines.swim.read_settings import (
    settings_from_mapping,
    settings_from_pairs,
    settings_help,
)
from rootzone.engines.swim.settings import default_settings, setting_keys

PAIRS = [(p, s) for p in ("swim3", "van_genuchten") for s in ("apsim", "converged")]

# The keys other programs set, and the values of the reference runs (issue 8; the set-up of
# reference/swim3/README.md: current APSIM's rain over 720 min from 00:00, Eo over 720 from 06:00).
APSIM_DEFAULTS = {
    "cn2_bare": 73.0,
    "cn_red": 20.0,
    "cn_cov": 0.8,
    "salb": 0.13,
    "vapour": True,
    "dt_min_min": 0.0,
    "dt_max_min": 1440.0,
    "max_water_increment_mm": 10.0,
    "rain_start_h": 0.0,
    "rain_hours": 12.0,
    "eo_start_h": 6.0,
    "eo_hours": 12.0,
    "bottom": "free_drainage",
}


def test_swim3_defaults_are_those_of_the_reference_runs() -> None:
    settings = default_settings("swim3", "apsim").model_dump()
    assert {key: settings[key] for key in APSIM_DEFAULTS} == APSIM_DEFAULTS


def test_vapour_is_off_for_van_genuchten_alone() -> None:
    for physics, stepping in PAIRS:
        assert default_settings(physics, stepping).vapour is (physics == "swim3")


def test_defaults_of_the_grid_are_the_solvers_own() -> None:
    settings = default_settings("van_genuchten", "converged")
    assert settings.first_cell_cm == grid.FIRST_CELL_CM
    assert settings.cell_growth == grid.CELL_GROWTH


def test_an_unknown_key_is_refused_with_the_nearest_known_one() -> None:
    with pytest.raises(RequestError, match=r"rain_hour is not a setting.*rain_hours"):
        settings_from_pairs("swim3", "apsim", ["rain_hour=6"])


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(RequestError) as caught:
        settings_from_mapping("swim3", "apsim", {"salb": 1.5, "cn2_bear": 70, "rain_hours": "long"})
    for word in ("salb = 1.5 [fraction]", "cn2_bear", "did you mean cn2_bare", "rain_hours"):
        assert word in str(caught.value)


def test_a_window_past_midnight_is_refused() -> None:
    with pytest.raises(RequestError, match="passes midnight"):
        settings_from_pairs("swim3", "apsim", ["eo_start_h=18", "eo_hours=12"])


def test_a_shortest_step_above_the_longest_is_refused() -> None:
    with pytest.raises(RequestError, match="dt_min_min 60 is above dt_max_min"):
        settings_from_pairs("swim3", "apsim", ["dt_min_min=60", "dt_max_min=30"])


def test_a_pair_without_equals_sign_is_refused() -> None:
    with pytest.raises(RequestError, match="not of the form key=value"):
        settings_from_pairs("swim3", "apsim", ["vapour"])


@pytest.mark.parametrize(("text", "value"), [("true", True), ("0", False), ("no", False)])
def test_switches_take_words_and_digits(text: str, value: bool) -> None:
    assert settings_from_pairs("swim3", "apsim", [f"vapour={text}"]).vapour is value


@pytest.mark.parametrize("value", [0.3, 1.2])
def test_space_weighting_outside_swims_range_is_refused(value: float) -> None:
    # SWIM3: SpaceWeightingFactor in 0.5 to 1 (1 = full upstream), otherwise its own choice.
    with pytest.raises(RequestError, match="space_weighting"):
        settings_from_mapping("swim3", "apsim", {"space_weighting": value})


def test_kernels_get_hours_and_centimetres() -> None:
    # By hand: 90 min = 1.5 h, 10 mm = 1 cm.
    settings = settings_from_pairs(
        "swim3", "apsim", ["dt_max_min=90", "max_water_increment_mm=10", "bottom=zero_flux"]
    )
    vector = settings.to_vector()
    assert vector[layout.SET_DT_MAX_H] == 1.5
    assert vector[layout.SET_MAX_WATER_INCREMENT_CM] == 1.0
    assert vector[layout.SET_BOTTOM_KIND] == layout.BOTTOM_ZERO_FLUX
    assert math.isinf(vector[layout.SET_POND_MAX_MM])


def test_help_lists_every_key_with_its_unit() -> None:
    lines = settings_help().splitlines()
    assert [line.split(" ")[0] for line in lines] == list(setting_keys())
    assert all("] = " in line for line in lines)
    assert "vapour [-] = true for swim3, false for van_genuchten" in settings_help()
