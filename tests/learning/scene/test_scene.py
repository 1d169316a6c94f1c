from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from rootzone._shared.errors import RequestError
from rootzone.campaign.learning_section import Features
from rootzone.covariates.grid import Window
from rootzone.learning.scene.expand import expand
from rootzone.learning.scene.features import features_of
from rootzone.learning.scene.scene import Scene
from rootzone.networks.channels import SURFACE
from tests.covariates.weather_files import GRIDMET
from tests.learning import scenes

WINDOW = Window(4, 10, 12, 30)


def full_field(scene: Scene, window: Window, number: int = 45) -> np.ndarray:
    """All channels of a window and day, by way of the device's expansion."""
    where, surface = scene.cells(window), None
    if scene.spec.of_origin(SURFACE):
        surface = torch.from_numpy(scene.surface(scenes.day(number), window))
    x = expand(
        torch.from_numpy(scene.static(window))[None],
        torch.from_numpy(where.index)[None],
        torch.from_numpy(where.weight)[None],
        torch.from_numpy(scene.day(scenes.day(number))),
        surface,
        scene.spec,
    )
    return x[0].numpy()


def test_static_channels_are_the_scaled_bands_of_the_window() -> None:
    static = scenes.scene().static(WINDOW)
    row, col = np.mgrid[4:16, 10:40]
    # The made-up land: sand = row, silt = col [%], elevation = 1000 + 10 row + col from -100..4500.
    assert static[0] == pytest.approx(row / 100)
    assert static[1] == pytest.approx(col / 100)
    assert static[3] == pytest.approx((1100 + 10 * row + col) / 4600, rel=1e-6)
    assert set(np.unique(static[6]).tolist()) == {np.float32(42 / 95), np.float32(71 / 95)}


def test_nearest_weather_is_that_of_the_cell_each_pixel_lies_in() -> None:
    scene = scenes.scene()
    field = full_field(scene, WINDOW)
    cell = GRIDMET.ids(scene.grid, WINDOW)
    table = scene.weather.table(scenes.day(45))
    assert len(np.unique(cell)) > 1, "the window must lie across cells"
    for number in np.unique(cell):
        here = cell == number
        expected = table[int(np.flatnonzero(scene.weather.cell_id == number)[0])]
        for column, position in enumerate(scene.spec.dynamic):
            assert (field[position][here] == expected[column]).all()


def test_bilinear_weather_gives_a_cell_its_own_value_at_its_centre_and_has_no_steps() -> None:
    nearest, bilinear = scenes.scene(), scenes.scene(Features(forcing="bilinear"))
    window = nearest.grid.full_window
    rough, smooth = full_field(nearest, window), full_field(bilinear, window)
    at = nearest.spec.names.index("tmean_degc")

    def step(field: np.ndarray) -> float:
        return float(np.abs(np.diff(field[at], axis=1)).max())

    assert step(smooth) < 0.1 * step(rough)
    row, col = np.mgrid[: window.height, : window.width]
    lon, lat = nearest.grid.lon_lat(row, col)
    cell_row, cell_col = GRIDMET.cell_at(lon, lat)
    off = np.hypot(
        lat - (GRIDMET.origin[1] - cell_row * GRIDMET.step[0]),
        lon - (GRIDMET.origin[0] + cell_col * GRIDMET.step[0]),
    )
    centre = np.unravel_index(int(off.argmin()), off.shape)
    # Off by at most half a pixel, 50 m of a cell of 4 km.
    assert smooth[at][centre] == pytest.approx(rough[at][centre], abs=0.03)


def test_bilinear_weights_are_those_of_the_four_cells_around() -> None:
    scene = scenes.scene(Features(forcing="bilinear"))
    where = scene.cells(WINDOW)
    assert where.weight.sum(axis=0) == pytest.approx(np.ones(WINDOW.shape), abs=1e-6)
    # The weighted mean of the cells' own longitudes is the pixel's longitude: linear in between.
    row, col = np.mgrid[4:16, 10:40]
    lon, lat = scene.grid.lon_lat(row, col)
    cell_row, cell_col = GRIDMET.row_col(scene.weather.cell_id[where.index])
    mean_lon = (where.weight * (GRIDMET.origin[0] + cell_col * GRIDMET.step[0])).sum(axis=0)
    mean_lat = (where.weight * (GRIDMET.origin[1] - cell_row * GRIDMET.step[0])).sum(axis=0)
    # Single-precision weights times 105 degrees: about 1e-5.
    assert mean_lon == pytest.approx(lon, abs=2e-5)
    assert mean_lat == pytest.approx(lat, abs=2e-5)


def test_a_cell_without_weather_is_missing_by_either_form_and_stops_no_neighbour() -> None:
    whole = scenes.scene()
    window = whole.grid.full_window
    first = int(np.unique(whole.cells(window).index)[0])
    lacking = scenes.scene(leave_out=first + 1)  # all cells up to the first one of the window
    gap = np.isnan(full_field(lacking, window)[8])
    assert np.array_equal(gap, whole.cells(window).index[0] == first)
    between = scenes.scene(Features(forcing="bilinear"), leave_out=first + 1)
    # Where physics has no weather, networks have none: maps from both end at the same pixels.
    assert np.array_equal(np.isnan(full_field(between, window)[8]), gap)
    weights = between.cells(window).weight.sum(axis=0)
    assert weights == pytest.approx(np.ones(window.shape), abs=1e-6)


def test_a_window_without_any_weather_is_missing_in_every_dynamic_channel() -> None:
    far = Window(0, 0, 4, 4)
    for forcing in ("nearest", "bilinear"):
        scene = scenes.scene(Features(forcing=forcing))
        elsewhere = replace(
            scene, weather=replace(scene.weather, cell_id=np.arange(scene.weather.n_cell))
        )
        assert np.isnan(full_field(elsewhere, far)[8:]).all()
        assert np.isfinite(full_field(elsewhere, far)[:8]).all()


def test_a_pixel_does_not_depend_on_its_window() -> None:
    for forcing in ("nearest", "bilinear"):
        scene = scenes.scene(Features(forcing=forcing))
        whole = full_field(scene, scene.grid.full_window)
        part = full_field(scene, WINDOW)
        assert np.array_equal(part, whole[:, 4:16, 10:40])


def test_soils_come_by_depth_in_the_order_asked() -> None:
    scene = scenes.scene(depths_mm=(50.0, 200.0))
    soil = scene.soil(WINDOW, (200.0, 50.0))
    row, col = np.mgrid[4:16, 10:40]
    assert soil.shape == (2, 4, 12, 30)
    assert soil[0, 0] == pytest.approx(0.05 + 0.001 * row)
    assert soil[0, 1] == pytest.approx(0.4 + 0.001 * col)
    # n of the second depth of the land, 200 mm, is 1.4; that of the first 1.3.
    assert np.unique(soil[0, 3]) == pytest.approx([1.4])
    assert np.unique(soil[1, 3]) == pytest.approx([1.3])


def test_points_are_the_pixels_of_the_field() -> None:
    for features in (
        Features(),
        Features(forcing="bilinear", aspect="sincos", classes="onehot"),
    ):
        scene = scenes.scene(features)
        row, col = np.array([4, 31, 0, 4, 17]), np.array([9, 47, 0, 9, 23])
        days = np.array([45, 45, 45, 50, 33])
        index = scene.weather.day_index([scenes.day(int(d)) for d in days])
        points = scene.points(row, col, index)
        for i, number in enumerate(days):
            field = full_field(scene, scene.grid.full_window, int(number))
            assert points[i] == pytest.approx(field[:, row[i], col[i]], abs=1e-6)


class _Surface:
    def read(self, date, window):  # type: ignore[no-untyped-def]  # as SurfaceFiles is called
        row, col = np.mgrid[
            window.row : window.row + window.height, window.col : window.col + window.width
        ]
        return (0.001 * (row + col) + 0.01 * date.day).astype(np.float32)


def test_the_surface_product_reaches_windows_and_points() -> None:
    features = Features(surface_moisture="s_{date}.tif")
    plain = scenes.scene()
    with pytest.raises(RequestError, match="no product"):
        scenes.scene(features)
    spec = features_of(features)
    scene = Scene(plain.land, plain.weather, spec, GRIDMET, _Surface())
    # By hand: day 45 is 15 February; pixel 4, 10: 0.014 + 0.15 = 0.164, scaled by 0.6.
    assert scene.surface(scenes.day(45), WINDOW)[0, 0, 0] == pytest.approx(0.164 / 0.6)
    index = scene.weather.day_index([scenes.day(45), scenes.day(40)])
    points = scene.points(np.array([4, 5]), np.array([10, 10]), index)
    assert points[:, -1] == pytest.approx([0.164 / 0.6, 0.115 / 0.6])


class _Leaves:
    def read(self, date, window):  # type: ignore[no-untyped-def]  # likewise
        return _Surface().read(date, window) * 10.0


def test_leaf_area_reaches_windows_and_points_beside_the_surface_product() -> None:
    features = Features(surface_moisture="s_{date}.tif", leaf_area="l_{date}.tif")
    plain, spec = scenes.scene(), features_of(features)
    with pytest.raises(RequestError, match=r"Set learning\.features\.leaf_area"):
        Scene(plain.land, plain.weather, spec, GRIDMET, _Surface())
    scene = Scene(plain.land, plain.weather, spec, GRIDMET, _Surface(), leaf_area=_Leaves())
    assert spec.names[-2:] == ("surface_theta", "leaf_area")
    # By hand: 15 February, pixel 4, 10: 0.164 over 0.6, and leaves of 1.64 over 7.
    expected = [0.164 / 0.6, 1.64 / 7.0]
    assert scene.surface(scenes.day(45), WINDOW)[:, 0, 0] == pytest.approx(expected)
    index = scene.weather.day_index([scenes.day(45)])
    points = scene.points(np.array([4]), np.array([10]), index)
    assert points[0, -2:] == pytest.approx(expected)
    # Leaves alone need no product of moisture, and a window gives what the whole field does.
    alone = features_of(Features(leaf_area="l_{date}.tif"))
    scene = Scene(plain.land, plain.weather, alone, GRIDMET, leaf_area=_Leaves())
    whole = full_field(scene, scene.grid.full_window)
    assert np.array_equal(full_field(scene, WINDOW), whole[:, 4:16, 10:40])
    assert whole[-1, 4, 10] == pytest.approx(1.64 / 7.0)


def test_weather_read_for_other_channels_is_refused() -> None:
    scene = scenes.scene()
    narrow = replace(scene.spec, channels=scene.spec.channels[:-1])
    with pytest.raises(RequestError, match="weather holds 12 channels"):
        replace(scene, spec=narrow)
