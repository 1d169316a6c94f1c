"""What a window says of a day besides water content: which pixels lacked a covariate."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from rootzone.learning.scene.scene import Scene
from rootzone.maps.encoding import MISSING_LAND, MISSING_WEATHER
from rootzone.maps.predict import WindowPredictor
from rootzone.networks.bundle import Bundle
from rootzone.networks.ensemble import Ensemble
from rootzone.networks.families.unet import ModelConfig
from tests.learning.scenes import day, grid, scene

TINY = ModelConfig(20, widths=(4, 8), encoder_convs=(1, 1), decoder_convs=(1, 1))


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    torch.manual_seed(1)
    info: dict[str, Any] = {}
    ensemble = Ensemble([TINY.build().eval()])
    return Bundle(ensemble, TINY, scene().spec, (200.0,), None, info, "")


def _flags(land: Scene, bundle: Bundle, *numbers: int) -> list[np.ndarray]:
    predictor = WindowPredictor(land, bundle)
    days = [day(number) for number in numbers]
    return [told.flags for told in predictor.days(grid().full_window, days)]


def test_weather_missing_in_a_cell_on_a_day_is_flagged_there_and_then(bundle: Bundle) -> None:
    land = scene()
    cell = land.cells(grid().full_window).index[0]
    gone = int(cell[0, 0])
    values = land.weather.values.copy()
    values[40, gone, 3] = np.nan  # one channel, one day; other cells have theirs
    gappy = replace(land, weather=replace(land.weather, values=values))
    with_gap, day_after = _flags(gappy, bundle, 40, 41)
    np.testing.assert_array_equal((with_gap & MISSING_WEATHER.bit) > 0, cell == gone)
    assert (cell == gone).any()
    assert (cell != gone).any()
    assert not day_after.any()


def test_land_without_a_covariate_is_flagged_but_level_ground_without_aspect_is_not(
    bundle: Bundle,
) -> None:
    land = scene()
    bands = {name: np.array(band) for name, band in land.land.values.items()}  # type: ignore[attr-defined]
    bands["sand_pct"][5, 7] = np.nan
    bands["aspect_deg"][9, 9] = np.nan
    bare = replace(land, land=replace(land.land, values=bands))  # type: ignore[type-var]
    (flags,) = _flags(bare, bundle, 40)
    assert np.argwhere(flags & MISSING_LAND.bit).tolist() == [[5, 7]]


def test_a_pixel_without_its_inputs_has_no_value(bundle: Bundle) -> None:
    land = scene()
    bands = {name: np.array(band) for name, band in land.land.values.items()}  # type: ignore[attr-defined]
    bands["sand_pct"][5, 7] = np.nan
    bare = replace(land, land=replace(land.land, values=bands))  # type: ignore[type-var]
    (told,) = WindowPredictor(bare, bundle).days(grid().full_window, [day(40)])
    assert np.argwhere(np.isnan(told.theta[0])).tolist() == [[5, 7]]
