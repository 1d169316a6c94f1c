"""Which pixels are candidates."""

from __future__ import annotations

import numpy as np
import pytest

from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import Window
from rootzone.design.candidates import LAYERS, REASONS, Found, Rules, find_candidates
from rootzone.design.classes import class_table
from rootzone.design.features import values_of
from tests.covariates.weather_files import GRIDMET
from tests.design.land import MadeUpLand, small_grid

RULES = Rules(class_table("nlcd"), class_table("koppen_beck"), GRIDMET, (11, 12, 21, 22, 23, 24))
WINDOW = Window(0, 0, 2, 3)


def _layers(**replace: object) -> dict[str, np.ndarray]:
    layers: dict[str, np.ndarray] = {
        "land_cover": np.full((2, 3), 71, np.uint8),
        "climate_class": np.full((2, 3), 7, np.uint8),
        "sand_pct": np.full((2, 3), 40.0, np.float32),
        "silt_pct": np.full((2, 3), 40.0, np.float32),
        "clay_pct": np.full((2, 3), 20.0, np.float32),
        "elevation_m": np.full((2, 3), 1600.0, np.float32),
    }
    for name, value in replace.items():
        layers[name] = layers[name].copy()
        layers[name][0, 1] = value
    return layers


def _find(**replace: object) -> Found:
    return find_candidates(_layers(**replace), small_grid(3, 2), WINDOW, RULES)


def test_sound_land_is_all_candidates() -> None:
    found = _find()
    assert found.records["pixel"].tolist() == [0, 1, 2, 3, 4, 5]
    assert set(found.stratum.tolist()) == {71 * 256 + 7}
    assert sum(found.left_out.values()) == 0


@pytest.mark.parametrize(
    ("layer", "value", "reason"),
    [
        ("land_cover", 0, "no_land_cover"),
        ("land_cover", 250, "no_land_cover"),
        ("land_cover", 11, "excluded_land_cover"),
        ("land_cover", 24, "excluded_land_cover"),
        ("climate_class", 0, "no_climate_class"),
        ("sand_pct", np.nan, "no_texture"),
        ("clay_pct", np.inf, "no_texture"),
        ("silt_pct", -1.0, "bad_texture"),
        ("sand_pct", 95.0, "bad_texture"),
        ("elevation_m", np.nan, "no_elevation"),
        ("elevation_m", -999_999.0, "no_elevation"),
    ],
)
def test_an_unsound_pixel_is_left_out_and_counted_under_its_reason(
    layer: str, value: float, reason: str
) -> None:
    found = _find(**{layer: value})
    assert found.records["pixel"].tolist() == [0, 2, 3, 4, 5]
    assert {key for key, count in found.left_out.items() if count} == {reason}


def test_a_pixel_with_several_faults_counts_once() -> None:
    found = _find(land_cover=11, sand_pct=np.nan, elevation_m=np.nan)
    assert sum(found.left_out.values()) == 1


def test_pixels_outside_the_region_are_left_out_first() -> None:
    layers = _layers(land_cover=11)
    layers["inside"] = np.zeros((2, 3), dtype=bool)
    found = find_candidates(layers, small_grid(3, 2), WINDOW, RULES)
    assert found.records.size == 0
    assert found.left_out["outside_region"] == 6
    assert sum(found.left_out.values()) == 6


def test_every_reason_has_words() -> None:
    layers = {**_layers(), "inside": np.ones((2, 3), dtype=bool)}
    assert set(find_candidates(layers, small_grid(3, 2), WINDOW, RULES).left_out) == set(REASONS)


def test_textures_are_scaled_to_add_up_to_100() -> None:
    # Paper Eq. 6 by hand: 44, 40, 26 of 110 are 40, 36.36 and 23.64 %.
    layers = _layers(sand_pct=44.0, clay_pct=26.0)
    values = values_of(find_candidates(layers, small_grid(3, 2), WINDOW, RULES).records["q"])
    texture = [float(values[name][1]) for name in ("sand_pct", "silt_pct", "clay_pct")]
    assert texture == pytest.approx([40.0, 36.36, 23.64], abs=0.006)


def test_unknown_land_cover_codes_are_refused_with_code_and_count() -> None:
    with pytest.raises(RequestError, match=r"land_cover holds codes that nlcd does not know: 77 "):
        _find(land_cover=77)


def test_koppen_codes_of_another_numbering_are_refused() -> None:
    # 31 is ET in the alphabetical numbering of Kottek and Rubel; Beck et al. stop at 30.
    with pytest.raises(RequestError, match=r"koppen_beck does not know: 31 \(1 pixels\)"):
        _find(climate_class=31)


def test_excluding_a_class_of_another_legend_is_refused() -> None:
    # NLCD's water is 11; LCMAP's is 5, so 11 would leave the lakes in.
    with pytest.raises(RequestError, match=r"names 11, but the classes of lcmap are 1, 2, 3"):
        Rules(class_table("lcmap"), class_table("koppen_beck"), GRIDMET, (5, 11))


def test_a_class_layer_of_fractions_is_refused() -> None:
    layers = _layers()
    layers["land_cover"] = layers["land_cover"].astype(float)
    with pytest.raises(RequestError, match="class codes are whole numbers"):
        find_candidates(layers, small_grid(3, 2), WINDOW, RULES)


def test_pixel_numbers_count_along_the_rows_of_the_whole_grid() -> None:
    grid = small_grid(90, 60)
    window = Window(20, 30, 5, 7)
    land = MadeUpLand(grid)
    found = find_candidates(land.read_window(LAYERS, window), grid, window, RULES)
    rows, cols = np.divmod(found.records["pixel"], 90)
    assert rows.min() >= 20
    assert rows.max() < 25
    assert cols.min() >= 30
    assert cols.max() < 37
    heights = land.read_window(["elevation_m"], grid.full_window)["elevation_m"]
    ours = values_of(found.records["q"])["elevation_m"]
    assert ours == pytest.approx(heights[rows, cols], abs=0.11)
