from __future__ import annotations

import multiprocessing
import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio

from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import read_provenance
from rootzone.campaign.model import Soil
from rootzone.covariates.grid import Window
from rootzone.covariates.open_campaign import CampaignFiles
from rootzone.hydraulics.soil_columns import uniform_first_rows
from rootzone.hydraulics.soils import soils_from_textures
from rootzone.learning.scene.features import features_of
from rootzone.learning.scene.land import Land, hydraulic_bands
from rootzone.learning.scene.write_land import LandPlan, hydraulic_values, land_windows, write_land
from rootzone.made_up.write_county import write_county

# A corner of the made-up county: 3 x 3 tiles or so.
CAMPAIGN = """\
name: corner
region:
  bounds_lonlat_deg: [-105.25, 40.05, -105.21, 40.08]
years: [2023]
engine:
  spin_up_days: 0
labels:
  depths_mm: [50, 200, 500]
"""


def _campaign(folder: Path, data: Path, text: str = CAMPAIGN) -> CampaignFiles:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "campaign.yaml"
    path.write_text(text)
    return CampaignFiles.beside(path, data)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("county") / "data"
    write_county(folder, [2023], seed=3)
    return folder


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, data: Path) -> CampaignFiles:
    return _campaign(tmp_path_factory.mktemp("campaign"), data)


@pytest.fixture(scope="module")
def path(files: CampaignFiles) -> Path:
    return write_land(files, files.workspace.land)


def test_bands_are_what_the_catalog_says_for_the_same_pixels(
    path: Path, files: CampaignFiles, data: Path
) -> None:
    land = Land(path)
    window = Window(30, 50, 40, 70)
    read = land.read(["sand_pct", "slope_deg", "aspect_deg", "land_cover"], window)
    with files.stack(2023) as stack:
        assert land.grid == stack.grid
        assert np.array_equal(read[0], stack.read("polaris/sand/15_30", window))
        assert np.array_equal(read[1], stack.read("dem_3dep/slope_deg", window))
        assert np.array_equal(read[2], stack.read("dem_3dep/aspect_deg", window))
        assert np.array_equal(read[3], stack.read("nlcd/2023", window))


def test_hydraulic_bands_come_from_the_layer_that_holds_the_depth(
    path: Path, files: CampaignFiles, data: Path
) -> None:
    # POLARIS's layers end at 5, 15, 30, 60 cm: 50 mm lies in 0-5, 200 mm in 15-30, 500 mm in 30-60.
    land = Land(path)
    assert land.depths_mm == (50.0, 200.0, 500.0)
    window = Window(64, 64, 8, 9)
    with files.stack(2023) as stack:
        for depth_mm, layer in ((50.0, "0_5"), (200.0, "15_30"), (500.0, "30_60")):
            texture = [
                stack.read(f"polaris/{name}/{layer}", window).ravel().astype(float)
                for name in ("sand", "silt", "clay")
            ]
            sand, silt, clay = texture
            soils = soils_from_textures(sand, silt, clay, uniform_first_rows(72, 1))
            read = land.read(hydraulic_bands(depth_mm), window)
            for band, name in zip(read, ("theta_r", "theta_s", "alpha_per_cm", "n"), strict=True):
                assert band.ravel() == pytest.approx(soils[name], rel=1e-6)


def test_the_campaigns_guardrails_bound_the_hydraulic_bands(data: Path, tmp_path: Path) -> None:
    tight = CAMPAIGN + "soil:\n  bounds:\n    n_max: 1.3\n"
    files = _campaign(tmp_path, data, tight)
    land = Land(write_land(files, tmp_path / "land.tif"))
    n = land.read(["n@200"], land.grid.full_window)
    assert np.nanmax(n) == np.float32(1.3)


def test_polaris_parameters_take_the_place_of_rosetta_where_the_campaign_says_so(
    data: Path, tmp_path: Path
) -> None:
    # The made-up county has no such layers: the first that is missing is named.
    files = _campaign(tmp_path, data, CAMPAIGN + "soil:\n  ptf: polaris_van_genuchten\n")
    with pytest.raises(RequestError, match="polaris/theta_r/0_5"):
        write_land(files, tmp_path / "land.tif")
    assert not list(tmp_path.glob("*.tif")), "a file was left behind"


def test_a_second_call_with_the_same_inputs_does_nothing(
    path: Path, files: CampaignFiles, data: Path
) -> None:
    before = path.stat().st_mtime_ns, path.stat().st_ino
    write_land(files, path)
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before


def test_a_changed_file_or_campaign_makes_the_raster_anew(
    files: CampaignFiles, data: Path, tmp_path: Path
) -> None:
    out = write_land(files, tmp_path / "land.tif")
    first = out.stat().st_ino
    texture = next((data / "polaris" / "sand" / "mean" / "15_30").glob("*.tif"))
    seen = texture.stat()
    os.utime(texture, ns=(seen.st_atime_ns, seen.st_mtime_ns + 10**9))
    try:
        write_land(files, out)
        second = out.stat().st_ino
        assert second != first
    finally:
        os.utime(texture, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    deeper = _campaign(
        tmp_path / "deeper",
        data,
        CAMPAIGN + "learning:\n  features:\n    texture_depth_cm: [30, 60]\n",
    )
    write_land(deeper, out)
    assert Land(out).texture_depth_cm == (30, 60)


def test_a_texture_interval_that_is_not_there_is_refused(data: Path, tmp_path: Path) -> None:
    files = _campaign(
        tmp_path, data, CAMPAIGN + "learning:\n  features:\n    texture_depth_cm: [10, 20]\n"
    )
    with pytest.raises(RequestError, match="10_20"):
        write_land(files, tmp_path / "land.tif")


def test_a_label_depth_below_the_texture_source_takes_its_deepest_layer(
    data: Path, tmp_path: Path
) -> None:
    # POLARIS ends at 200 cm, in its layer from 100 cm; the soils stage extends that one too.
    text = (
        CAMPAIGN.replace("500]", "1500, 2100]") + "profile:\n  thickness_mm: [90, 910, 1500, 500]\n"
    )
    land = Land(write_land(_campaign(tmp_path, data, text), tmp_path / "land.tif"))
    window = Window(0, 0, 32, 32)
    at_1500, at_2100 = (land.read(hydraulic_bands(depth), window) for depth in (1500.0, 2100.0))
    assert np.array_equal(at_1500, at_2100)


def test_windows_cover_the_grid_once_in_whole_blocks(files: CampaignFiles, data: Path) -> None:
    with files.stack(2023) as stack:
        grid = stack.grid
    seen = np.zeros(grid.shape, dtype=int)
    for window in land_windows(grid):
        assert (window.row % 128, window.col % 128) == (0, 0)
        rows = slice(window.row, window.row + window.height)
        seen[rows, window.col : window.col + window.width] += 1
    assert (seen == 1).all()


def test_a_window_beyond_the_grid_is_missing_there(path: Path) -> None:
    land = Land(path)
    read = land.read(["elevation_m"], Window(-3, -2, 5, 6))
    assert np.isnan(read[0, :3]).all()
    assert np.isnan(read[0, :, :2]).all()
    assert np.isfinite(read[0, 3:, 2:]).all()
    assert np.isnan(land.read(["n@200"], Window(-70, 0, 64, 64))).all()


def test_the_file_says_what_each_band_is_and_what_it_was_made_from(path: Path) -> None:
    with rasterio.open(path) as file:
        assert file.descriptions[0] == "sand_pct"
        assert file.units[3] == "m"
        assert file.profile["tiled"]
    record = read_provenance(path)
    assert record.digest == Land(path).digest
    assert "land_cover" in record.inputs


def test_a_land_raster_can_be_pickled_and_read_in_another_process(path: Path) -> None:
    land = Land(path)
    window = Window(0, 0, 16, 16)
    here = land.read(["sand_pct"], window)
    again = pickle.loads(pickle.dumps(land))  # noqa: S301 - our own bytes
    assert np.array_equal(again.read(["sand_pct"], window), here)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        there = pool.apply(land.read, (["sand_pct"], window))
    assert np.array_equal(there, here)


def test_a_band_that_is_not_there_is_refused_with_the_nearest_name(path: Path) -> None:
    with pytest.raises(RequestError, match=r"sand_pkt.*sand_pct"):
        Land(path).read(["sand_pkt"], Window(0, 0, 4, 4))


def test_a_missing_or_foreign_file_is_refused(tmp_path: Path, data: Path) -> None:
    with pytest.raises(RequestError, match="cannot be opened"):
        Land(tmp_path / "land.tif")
    foreign = next(data.glob("3dep/*.tif"))
    with pytest.raises(RequestError, match="not a land raster"):
        Land(foreign)


def test_soils_that_the_soils_stage_refuses_are_missing() -> None:
    plan = LandPlan({}, {}, Soil())
    sand, silt, clay = (np.array([[a, b, c]]) for a, b, c in (
        (40.0, 0.4, np.nan), (40.0, 0.4, 50.0), (20.0, 0.2, 50.0),
    ))  # fmt: skip
    values = hydraulic_values([sand, silt, clay], plan)
    assert values.shape == (4, 1, 3)
    # The second is in fractions of one, 99 % off its sum; the third lacks sand.
    assert np.isfinite(values[:, 0, 0]).all()
    assert np.isnan(values[:, 0, 1:]).all()


def test_mapped_parameters_are_turned_into_natural_values() -> None:
    plan = LandPlan({}, {}, Soil(ptf="polaris_van_genuchten"))
    # POLARIS stores log10 alpha [kPa-1]; 1 kPa is 10.197 cm of water: 10**0 kPa-1 is 0.0981 cm-1.
    given = [np.full((2, 2), value) for value in (0.05, 0.45, 0.0, 1.5, 0.0)]
    theta_r, theta_s, alpha, n = hydraulic_values(given, plan)
    assert (theta_r[0, 0], theta_s[0, 0], n[0, 0]) == (0.05, 0.45, 1.5)
    assert alpha[1, 1] == pytest.approx(0.0981, abs=1e-4)


def test_class_pixels_without_a_class_are_missing(data: Path, tmp_path: Path) -> None:
    cover = data / "nlcd" / "Annual_NLCD_LndCov_2023_CU_C1V1.tif"
    blank = tmp_path / "data"
    shutil.copytree(data, blank)
    with rasterio.open(blank / cover.relative_to(data), "r+") as file:
        values = file.read(1)
        values[:, : values.shape[1] // 2] = 250  # the file's own nodata
        file.write(values, 1)
    land = Land(write_land(_campaign(tmp_path / "c", blank), tmp_path / "land.tif"))
    read = land.read(["land_cover", "climate_class"], land.grid.full_window)
    assert 0.1 < np.isnan(read[0]).mean() < 0.9
    assert np.isfinite(read[1]).all()


def test_topography_is_there_where_asked_and_moves_no_other_band(
    tmp_path: Path, data: Path, path: Path
) -> None:
    asked = "learning:\n  features:\n    topography: [wetness, position]\n"
    files = _campaign(tmp_path / "t", data, CAMPAIGN + asked)
    land, plain = Land(write_land(files, files.workspace.land)), Land(path)
    assert land.bands == (*plain.bands[:8], "position_m", "wetness_index", *plain.bands[8:])
    whole = plain.grid.full_window
    np.testing.assert_array_equal(land.read(plain.bands, whole), plain.read(plain.bands, whole))
    position, wetness = land.read(["position_m", "wetness_index"], whole)
    # By hand in the middle, where all neighbours lie on the grid: height less their mean.
    row, col = whole.height // 2, whole.width // 2
    height = plain.read(["elevation_m"], Window(row - 10, col - 10, 21, 21))[0].astype(float)
    assert position[row, col] == pytest.approx(height[10, 10] - height.mean(), abs=1e-3)
    assert np.isfinite(wetness).all()
    spec = features_of(files.campaign.learning.features)
    assert [c.name for c in spec.channels][6:8] == ["wetness_index", "position_m"]
