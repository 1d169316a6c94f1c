"""DeepSoil's surface half from files to maps, on a county small enough for every test run."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import rasterio
import torch
from click.testing import CliRunner

from rootzone._cli import cli
from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import MasterGrid, Window
from rootzone.labels.splits import TEST, TRAIN
from rootzone.learning.scene.surface_files import SurfaceFiles
from rootzone.surface.chain.open_surface import OpenSurface
from rootzone.surface.extents.extents import window_of
from rootzone.surface.extents.open_extents import OpenExtents
from rootzone.surface.extents.read_fields import DayFiles, read_part
from rootzone.surface.extents.run_maps import at_point, map_of, predictors_of
from rootzone.surface.extents.run_training import Task, grouping, samples_of, settings_of
from rootzone.surface.product.for_campaign import PATTERN, maps_for_campaign
from rootzone.surface.product.write_day import files_of
from rootzone.surface.worlds.write_extents import CountySettings, write_county

CAMPAIGN = """\
name: deepsoil-test
region: {bounds_lonlat_deg: [-105.0, 39.5, -104.0, 40.5]}
years: [2019]
surface:
  system: deepsoil
  seeds: [0]
  dates: [2019-04-03]
  deepsoil:
    widths: [2, 2, 3, 3]
    min_sites: 1
    most_clusters: 2
    monthly_epochs: 1
    daily_epochs: 1
    days_per_extent: 1
"""


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("deepsoil")
    county = CountySettings(tiles=5, days=3, every=2, stations=14, regimes=2)
    write_county(root / "data" / "surface", county)
    (root / "campaign.yaml").write_text(CAMPAIGN)
    return root


@pytest.fixture(scope="module")
def land(folder: Path) -> OpenExtents:
    return OpenExtents(OpenSurface.of(folder / "campaign.yaml"))


@pytest.fixture(scope="module")
def trained(folder: Path) -> Path:
    for verb in ("plan", "train", "evaluate", "map"):
        found = CliRunner().invoke(cli, ["surface", verb, str(folder / "campaign.yaml")])
        assert found.exit_code == 0, (verb, found.output, found.exception)
    return folder


def test_a_field_is_the_nearest_in_time_within_reach_and_its_age_is_known(
    land: OpenExtents,
) -> None:
    window = Window(64, 64, 16, 16)
    # LAI of 1 April only, SMAP of 1 and 3 April, weather to 3 April, which is never carried on.
    _, ages = land.dynamic(window, dt.date(2019, 4, 4))
    assert ages == {"weather": None, "lai": 3, "smap": 1}
    late, ages = land.dynamic(window, dt.date(2019, 4, 30))
    assert ages == {"weather": None, "lai": None, "smap": None}
    assert np.isnan(late).all()  # -1 inside the network
    files = DayFiles({dt.date(2019, 4, 1): Path("a"), dt.date(2019, 4, 3): Path("b")})
    assert files.nearest(dt.date(2019, 4, 2), 3) == (Path("a"), 1)  # of two the earlier


def test_a_file_on_another_grid_is_interpolated_and_classes_are_not(land: OpenExtents) -> None:
    coarse = land.daily["weather"].by_day[dt.date(2019, 4, 2)]
    rain = read_part(coarse, land.grid, Window(0, 0, 8, 8), ("pr", "none"))
    assert np.isfinite(rain[0]).all()
    assert np.isnan(rain[1]).all()  # a band that the file lacks
    beyond = read_part(land.land_file, land.grid, Window(-8, 0, 16, 8), ("nlcd",))[0]
    assert np.isnan(beyond[:8]).all()
    assert np.isfinite(beyond[8:]).all()


def test_a_sample_holds_the_target_the_stations_and_their_block(land: OpenExtents) -> None:
    groups = grouping(land, 0)
    train, stop = samples_of(land, Task(0, 0), groups, monthly=False)
    one = train.batch(np.array([0]))
    assert one.x.shape == (1, 27, 192, 192)
    tile, day = int(one.tile[0]), dt.date(1970, 1, 1) + dt.timedelta(days=int(one.date[0]))
    window = window_of(land.grid, tile)
    target = land.y(window, day)
    known = np.isfinite(target)
    assert 0.0 < (~known).mean() < 0.2  # open water is masked
    np.testing.assert_array_equal(one.mask[0, 0].numpy(), known)
    np.testing.assert_array_equal(one.y[0, 0].numpy()[known], target[known])
    # Of the stations only those to train on are seen, each in the 16 pixels round its own.
    row, col = land.places.row - window.row, land.places.col - window.col
    inside = (row >= 0) & (row < 192) & (col >= 0) & (col < 192)
    mine = np.flatnonzero(inside & (groups.parts == TRAIN))
    said = land.station_values(day)
    assert one.y_psi is not None
    told = one.y_psi[0, 0].numpy()
    np.testing.assert_array_equal(told[row[mine], col[mine]], said[mine])
    heavy = one.weight[0, 0].numpy() == 10.0
    blocks = np.zeros_like(heavy)
    for r, c in zip(row[mine], col[mine], strict=True):
        blocks[max(0, r - 1) : r + 3, max(0, c - 1) : c + 3] = True
    np.testing.assert_array_equal(heavy, blocks)
    # Elsewhere the target is moved by the stations' errors, never beyond the largest of them.
    moved, off = (told - target)[known & ~blocks], (said[mine] - target[row[mine], col[mine]])
    assert np.nanmin(off) - 1e-6 <= moved.min() < moved.max() <= np.nanmax(off) + 1e-6
    alone = land.section.model_copy(update={"station_reach": "block"})
    section = land.opened.section.model_copy(update={"deepsoil": alone})
    other, _ = samples_of(
        OpenExtents(replace(land.opened, section=section)), Task(0, 0), groups, monthly=False
    )
    psi = other.batch(np.array([0])).y_psi
    assert psi is not None
    np.testing.assert_array_equal(np.isfinite(psi[0, 0].numpy()), blocks)
    assert stop.at_stations
    labelled = stop.batch(np.array([0]))
    assert 1 <= int(labelled.mask.sum()) <= 9
    # A loss that never sees a station has its epoch chosen by the target it learns.
    section = land.opened.section.model_copy(
        update={"deepsoil": land.section.model_copy(update={"loss": "mse"})}
    )
    blind = OpenExtents(replace(land.opened, section=section))
    _, by_target = samples_of(blind, Task(0, 0), groups, monthly=False)
    assert int(by_target.batch(np.array([0])).mask.sum()) > 9


def test_land_without_the_retention_that_is_read_is_refused(
    land: OpenExtents, tmp_path: Path
) -> None:
    path = tmp_path / "land.tif"
    shutil.copyfile(land.land_file, path)
    with rasterio.open(path, "r+", IGNORE_COG_LAYOUT_BREAK="YES") as file:
        file.set_band_description(list(file.descriptions).index("theta_s") + 1, "pores")
    for keys, needed in (
        ({"loss": "psi_station", "output": "relu"}, True),
        ({"loss": "mse", "output": "bounds"}, True),
        ({"loss": "mse", "output": "sigmoid"}, False),
    ):
        chosen = land.section.model_copy(update={**keys, "land": str(path)})
        section = land.opened.section.model_copy(update={"deepsoil": chosen})
        other = OpenExtents(replace(land.opened, section=section))
        if not needed:
            assert other.grid == land.grid
            continue
        with pytest.raises(RequestError, match="has no band theta_s, which"):
            _ = other.grid


def test_a_months_sample_is_the_mean_of_its_days(land: OpenExtents) -> None:
    monthly, _ = samples_of(land, Task(0, 0), grouping(land, 0), monthly=True)
    one = monthly.batch(np.array([0]))
    window = window_of(land.grid, int(one.tile[0]))
    both = [land.dynamic(window, day)[0] for day in land.days]
    assert len(both) == 2
    np.testing.assert_allclose(one.x[0, 20:].numpy(), np.mean(both, axis=0), rtol=1e-6)


def test_the_four_losses_are_options_of_the_one(land: OpenExtents) -> None:
    def told(loss: str) -> tuple[str, str, float]:
        chosen = land.section.model_copy(update={"loss": loss})
        section = land.opened.section.model_copy(update={"deepsoil": chosen})
        settings = settings_of(OpenExtents(replace(land.opened, section=section)), 5, 1e-3, 0)
        assert (settings.mse_over, settings.alpha_schedule) == ("all", "step_to_zero")
        return settings.physics, settings.lr_schedule, float(settings.lambda_bound)

    assert told("mse") == ("none", "constant", 0.0)
    assert told("mse_decay") == ("none", "step", 0.0)
    assert told("psi_target") == told("psi_station") == ("full", "constant", 0.0)


def test_skill_is_that_of_the_predictions_at_stations_left_out(
    trained: Path, land: OpenExtents
) -> None:
    told = json.loads((trained / "surface" / "skill.json").read_text())
    frame = pl.read_parquet(trained / "surface" / "predictions.parquet")
    off = (frame["deepsoil"] - frame["observed"]).abs().to_numpy()
    assert told["skill"]["stations"]["deepsoil"]["mae"] == pytest.approx(off.mean())
    groups = grouping(land, 0)
    test = {land.places.name[k] for k in np.flatnonzero(groups.parts == TEST)}
    assert set(frame["station"]) <= test
    assert told["target"]["mae"] > 0.0
    assert "no network was trained on" in (trained / "surface" / "card.md").read_text()


def test_a_map_is_the_same_whatever_windows_it_was_made_of(
    trained: Path, land: OpenExtents
) -> None:
    predictors = predictors_of(land)
    assert len(predictors[0].networks) == 2  # blended
    day = dt.date(2019, 4, 3)
    whole, _ = map_of(land, predictors, day)
    # A window of another place and size: the halo makes it the same to rounding.
    window = Window(48, 80, 112, 96)
    part = predictors[0].window(window, day)
    inside = whole[48:160, 80:176]
    known = np.isfinite(inside)
    np.testing.assert_allclose(part[known], inside[known], atol=2e-6)
    with rasterio.open(trained / "surface" / "maps" / "surface_theta_20190403.tif") as file:
        stored = file.read(1, masked=True) * file.scales[0]
    np.testing.assert_allclose(stored.filled(np.nan), whole, atol=5.1e-5)
    assert np.isnan(whole).mean() == pytest.approx(0.011, abs=2e-3)  # open water, 1.1 %


def test_a_point_says_the_maps_value_and_where_it_comes_from(
    trained: Path, land: OpenExtents
) -> None:
    lon, lat = land.grid.lon_lat(100, 90)
    told = at_point(land.opened, float(lat), float(lon), dt.date(2019, 4, 3))
    with rasterio.open(trained / "surface" / "maps" / "surface_theta_20190403.tif") as file:
        assert told["theta"] == pytest.approx(file.read(1)[100, 90] * file.scales[0], abs=6e-5)
    assert told["smap_age_days"] == 0
    with pytest.raises(RequestError, match="has no weather"):
        at_point(land.opened, float(lat), float(lon), dt.date(2019, 6, 3))


def test_the_network_of_the_root_zone_reads_the_maps_on_its_own_grid(
    trained: Path, land: OpenExtents
) -> None:
    # A campaign's grid with the same lattice that starts 64 px further right and down.
    grid = MasterGrid(
        land.grid.crs, 30.0, land.grid.left + 64 * 30.0, land.grid.top - 64 * 30.0, 128, 128
    )
    files = files_of(trained / "surface" / "maps", dt.date(2019, 4, 3))
    (path,) = maps_for_campaign([files], grid, trained, 90.0, lambda line: None)
    assert path == trained / PATTERN.format(date=files.day)
    pattern = str(trained / PATTERN)
    window = Window(0, 0, 128, 128)
    field = SurfaceFiles(pattern, grid).read(files.day, window)
    with rasterio.open(files.theta) as file:
        own = file.read(1, masked=True)[64:192, 64:192].filled(0) * file.scales[0]
    known = np.isfinite(field)
    assert known.mean() > 0.9
    np.testing.assert_allclose(field[known], own[known], atol=1e-6)


def test_trained_again_nothing_is_trained_anew_and_parts_are_numbered(trained: Path) -> None:
    path = trained / "surface" / "networks" / "stations_0" / "cluster0" / "network.safetensors"
    before = path.stat().st_mtime_ns
    found = CliRunner().invoke(cli, ["surface", "train", str(trained / "campaign.yaml")])
    assert found.exit_code == 0, found.output
    assert path.stat().st_mtime_ns == before
    # Slurm is handed the same networks: two tasks, each a part, on one core.
    words = ["submit", str(trained / "campaign.yaml"), "--slurm", "--surface", "--dry-run"]
    sent = CliRunner().invoke(cli, [*words, "--json"])
    told = json.loads(sent.stdout)
    assert (told["networks_left"], told["tasks"], told["job"]) == (0, 2, None)
    script = Path(told["script"]).read_text()
    assert "#SBATCH --array=1-2" in script
    assert script.rstrip().endswith(
        f'surface train {trained / "campaign.yaml"} --part "$SLURM_ARRAY_TASK_ID/2"'
    )
    part = ["surface", "train", str(trained / "campaign.yaml"), "--part", "3/2"]
    refused = CliRunner().invoke(cli, part)
    assert isinstance(refused.exception, RequestError)
    assert "--part 3/2 is none" in str(refused.exception)
