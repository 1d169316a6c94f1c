"""Physics at every pixel: the same numbers as the pixel simulated by itself."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import rasterio

from rootzone._shared.digests import digest_file
from rootzone._shared.errors import RequestError
from rootzone._shared.parts import Parts
from rootzone.covariates.grid import Window
from rootzone.covariates.layers.covers import cover_of_class
from rootzone.covariates.open_campaign import CampaignFiles
from rootzone.labels.field.build import build_field
from rootzone.labels.field.columns import (
    rounded_texture,
    unique_columns,
    weather_cell_windows,
)
from rootzone.labels.field.read import PhysicsField, open_field
from rootzone.labels.field.region_soils import soil_addresses
from rootzone.maps.encoding import MISSING_WEATHER, OUTSIDE, WATER, pack_theta
from rootzone.maps.map_run import MapRequest
from rootzone.maps.run_maps import make_maps
from rootzone.maps.run_simulation import (
    SimulationJob,
    SimulationPainter,
    simulate_region,
)
from tests.covariates.weather_files import GRIDMET
from tests.maps.county_campaign import DAYS, N_SITE, invoke


def _layers(sand: list[float], clay: list[float], n_depth: int = 1) -> pl.DataFrame:
    sand_pct, clay_pct = np.repeat(sand, n_depth), np.repeat(clay, n_depth)
    return pl.DataFrame(
        {
            "site_id": np.repeat(np.arange(len(sand)), n_depth),
            "cell_id": np.zeros(len(sand_pct)),
            "top_mm": np.tile(np.arange(n_depth) * 100.0, len(sand)),
            "bottom_mm": np.tile(np.arange(n_depth) * 100.0 + 100.0, len(sand)),
            "sand_pct": sand_pct,
            "silt_pct": 100.0 - sand_pct - clay_pct,
            "clay_pct": clay_pct,
        }
    )


def test_pixels_share_a_column_only_where_every_bit_of_the_soil_is_the_same() -> None:
    inside = np.array([[True, True, False], [True, True, True]])
    layers = _layers([40.0, 40.0 + 1e-13, 40.0, 10.0, 40.0], [20.0] * 5, n_depth=2)
    found = unique_columns(Window(0, 0, 2, 3), inside, layers)
    # Numbered in the order of the pixels: 0, its neighbour with another last bit, 10 % sand.
    assert found.column.tolist() == [[0, 1, -1], [0, 2, 0]]
    assert found.representative.tolist() == [0, 1, 3]


def test_pixels_without_soil_are_one_column() -> None:
    inside = np.ones((1, 3), dtype=bool)
    found = unique_columns(Window(0, 0, 1, 3), inside, _layers([np.nan, 30.0, np.nan], [20.0] * 3))
    assert found.column.tolist() == [[0, 1, 0]]


def test_rounded_textures_still_add_up() -> None:
    # By hand: 43 and 22 % to steps of 5 give 45 and 20, silt is the 35 that are left.
    rounded = rounded_texture(_layers([43.0, 98.0], [22.0, 2.0]), 5.0)
    assert rounded["sand_pct"].to_list() == [45.0, 100.0]
    assert rounded["clay_pct"].to_list() == [20.0, 0.0]
    assert rounded["silt_pct"].to_list() == [35.0, 0.0]


@pytest.mark.parametrize("step", [3.0, 150.0])
def test_a_step_that_does_not_divide_100_is_refused(step: float) -> None:
    with pytest.raises(RequestError, match="no divisor of 100"):
        rounded_texture(_layers([43.0], [22.0]), step)


def test_the_windows_of_the_weather_cells_hold_every_pixel_once(corner: Path) -> None:
    grid = CampaignFiles.beside(corner).grid
    cell = GRIDMET.ids(grid, grid.full_window)
    counted = np.zeros(grid.shape, dtype=int)
    for number, window in weather_cell_windows(grid, GRIDMET).items():
        rows = slice(window.row, window.row + window.height)
        cols = slice(window.col, window.col + window.width)
        counted[rows, cols] += cell[rows, cols] == number
    assert (counted == 1).all()


@pytest.fixture(scope="module")
def simulated(
    corner: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[SimulationJob, Parts]:
    files = CampaignFiles.beside(corner)
    job = SimulationJob(files, files.campaign.maps.dates[1:])
    parts = Parts.of(tmp_path_factory.mktemp("maps"), "cells")
    counts = simulate_region(job, parts)
    # 96 x 96 pixels; the textures are smooth fields, so no two soils are alike.
    assert (counts.pixels, counts.columns) == (9216, 9216)
    return job, parts


def test_every_site_has_exactly_the_labels_of_the_campaign(
    corner: Path, simulated: tuple[SimulationJob, Parts]
) -> None:
    # The other program: soils, simulate and labels, run on pixels as sites.
    job, parts = simulated
    folder = corner.parent
    sites = pl.read_parquet(folder / "sites" / "sites.parquet")
    labels = pl.concat(pl.read_parquet(p) for p in (folder / "labels").rglob("*.parquet"))
    day = job.days[0]
    found = labels.filter(pl.col("date").cast(pl.Date) == day).join(sites, on="site_id")
    assert found.height == 2 * N_SITE
    theta = SimulationPainter(job, parts).theta(0, job.files.grid.full_window)
    depth = np.where(found["depth_mm"].to_numpy() == 200, 0, 1)
    painted = theta[depth, found["row"].to_numpy(), found["col"].to_numpy()]
    assert np.array_equal(painted, found["theta"].to_numpy())


@pytest.fixture(scope="module")
def between(corner: Path, tmp_path_factory: pytest.TempPathFactory) -> PhysicsField:
    folder = tmp_path_factory.mktemp("field") / "c"
    shutil.copytree(corner.parent, folder)
    files = CampaignFiles.beside(folder / corner.name)
    counts = build_field(files, [2023])
    assert (counts.pixels, counts.columns) == (9216, 9216)
    assert counts.simulated < 1200  # an eighth
    again = build_field(files, [2023])
    assert again.simulated_now == 0
    return open_field(files, [2023])


def test_physics_between_simulated_soils_is_that_of_the_pixel(
    simulated: tuple[SimulationJob, Parts], between: PhysicsField
) -> None:
    # Every pixel simulated by itself, with its layers. The campaign asks for 0.002.
    job, parts = simulated
    painter, whole = SimulationPainter(job, parts), job.files.grid.full_window
    for number, day in enumerate(job.days):
        off = np.abs(between.theta(day, whole) - painter.theta(number, whole))
        assert np.nanquantile(off, 0.95, axis=(1, 2)).max() <= 0.002
        told = between.error(day, whole, 0.95)
        assert np.nanmean(off <= told) > 0.85


def test_a_window_of_the_field_is_a_part_of_the_whole(between: PhysicsField) -> None:
    day = date(2023, 2, 10)
    whole = between.theta(day, between.grid.full_window.padded(40))
    part = between.theta(day, Window(20, 30, 40, 50))
    assert np.array_equal(part, whole[:, 60:100, 70:120], equal_nan=True)
    many = between.days([date(2023, 2, 9), day], Window(20, 30, 40, 50))
    assert np.array_equal(part, many[1], equal_nan=True)
    kept = between.theta(day, Window(20, 30, 40, 50), keep=True)
    assert kept == pytest.approx(part, abs=2e-5, nan_ok=True)
    assert np.isnan(whole[:, :40]).all()  # off the grid
    row, col, days = np.array([20, 59, 33]), np.array([30, 79, 41]), [day, date(2023, 5, 1), day]
    told = between.error_at(row, col, days, 0.8)
    for k, on in enumerate(days):
        there = between.error(on, Window(20, 30, 40, 50), 0.8)[:, row[k] - 20, col[k] - 30]
        assert np.array_equal(told[k], there)


def test_a_painted_window_is_a_part_of_the_whole(simulated: tuple[SimulationJob, Parts]) -> None:
    painter = SimulationPainter(*simulated)
    whole = painter.theta(0, simulated[0].files.grid.full_window)
    part = painter.theta(0, Window(20, 30, 40, 50))
    assert np.array_equal(part, whole[:, 20:60, 30:80], equal_nan=True)


def test_finished_cells_are_not_simulated_again(simulated: tuple[SimulationJob, Parts]) -> None:
    job, parts = simulated
    assert simulate_region(job, parts).simulated_now == 0


def test_the_verb_paints_rounded_soils_and_goes_on_after_a_stop(
    corner: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(corner.parent, tmp_path / "c")
    file = tmp_path / "c" / corner.name
    files = CampaignFiles.beside(file)
    told: list[tuple[str, int, int]] = []

    def stop_after_two(what: str, done: int, of: int) -> None:
        told.append((what, done, of))
        if done == 2:
            raise KeyboardInterrupt

    day = files.campaign.maps.dates[:1]
    request = MapRequest(source="simulation", texture_step_pct=10.0, dates=day)
    with pytest.raises(KeyboardInterrupt):
        make_maps(files, MapRequest(**{**vars(request), "tell": stop_after_two}))
    assert not list((file.parent / "maps").rglob("*.tif"))
    report = make_maps(files, request)
    assert report.counts is not None
    assert 10 < report.counts.columns < 300
    assert report.counts.simulated_now < report.counts.columns
    assert report.folder == file.parent / "maps" / "simulation"
    with rasterio.open(report.maps[0]) as tif:
        assert tif.tags()["source"] == "simulation"
        theta, half = tif.read()
        assert (half == 65535).all()
    with rasterio.open(report.maps[0].with_suffix(".flags.tif")) as tif:
        flags = tif.read(1)
    assert not (flags & MISSING_WEATHER.bit).any()  # the rim of the grid has weather too
    assert "FORCING_MISSING" not in report.counts.failed
    there = (flags & (WATER.bit | OUTSIDE.bit)) == 0
    assert there.mean() > 0.3  # the lake, and two thirds of the padded grid outside the region
    assert (theta[there] != 65535).all()
    first = digest_file(report.maps[0])
    shutil.rmtree(file.parent / "maps")
    assert digest_file(make_maps(files, request).maps[0]) == first


def test_maps_by_physics_are_the_painted_columns(
    corner: Path, simulated: tuple[SimulationJob, Parts], tmp_path: Path
) -> None:
    job, parts = simulated
    theta = SimulationPainter(job, parts).theta(0, Window(0, 0, 8, 8))
    assert pack_theta(theta).dtype == np.uint16
    assert np.nanmin(theta) > 0.02
    assert np.nanmax(theta) < 0.6
    assert DAYS[1] == f"{job.days[0]:%Y%m%d}"


def test_columns_are_made_of_every_layer_of_the_soil_not_of_the_label_depths_alone(
    simulated: tuple[SimulationJob, Parts],
) -> None:
    job = simulated[0]
    with job.files.stack() as stack:
        addresses = soil_addresses(stack, job.files.campaign)
        depths = stack.catalog.source(job.files.campaign.catalog.texture).depth_names()
    # Rosetta takes sand, silt and clay; 6 depths of POLARIS, 0 to 200 cm.
    assert len(addresses) == 3 * len(depths) == 18


def test_soils_of_a_campaign_by_land_cover_take_the_cover_of_the_map(
    corner: Path, tmp_path: Path
) -> None:
    shutil.copytree(corner.parent, tmp_path / "c")
    file = tmp_path / "c" / corner.name
    file.write_text(file.read_text() + "cover: by_land_cover\n")
    shown = invoke("soils", file, "--force")
    assert shown.exit_code == 0, (shown.output, shown.exception)
    files = CampaignFiles.beside(file)
    place = files.workspace
    sites = pl.read_parquet(place.sites)
    with files.stack() as stack:
        codes = stack.sample("nlcd/2023", sites["row"].to_numpy(), sites["col"].to_numpy())
        classes = stack.catalog.legend_of_layer("nlcd").classes
    there = [classes[code] for code in np.asarray(codes).astype(int).tolist()]
    wanted = {
        site: cover_of_class(one.name, one.group)
        for site, one in zip(sites["site_id"].to_list(), there, strict=True)
    }
    soils = pl.read_parquet(place.soils)
    found = dict(soils.select("site_id", "cover").unique().iter_rows())
    assert found == {site: wanted[site] for site in found}
    assert len(set(found.values())) > 1
