"""Whole maps of a campaign: the same however they are cut, resumed after a kill, and kept."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from rio_cogeo import cog_validate

from rootzone._shared.digests import digest_file
from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import sidecar_of
from rootzone.campaign.workspace import Workspace
from rootzone.covariates.grid import Window
from rootzone.covariates.open_campaign import CampaignFiles
from rootzone.learning.samples.open_samples import open_scene
from rootzone.maps import network_maps
from rootzone.maps.encoding import FLAGS, NO_VALUE, OUTSIDE, WATER, unpack_theta
from rootzone.maps.map_run import MapRequest
from rootzone.maps.predict import WindowPredictor
from rootzone.maps.run_maps import make_maps
from rootzone.networks.bundle import load_bundle
from tests.maps.county_campaign import DAYS, invoke, put_bundle

NAMES = [f"theta_{depth}mm_{day}" for day in DAYS for depth in ("0200", "0400")]


@pytest.fixture
def campaign(corner: Path, tmp_path: Path) -> Path:
    """A copy of the campaign, to make maps in."""
    shutil.copytree(corner.parent, tmp_path / "c")
    return tmp_path / "c" / corner.name


def _make(campaign: Path, **changes: object) -> Path:
    request = MapRequest(**changes)  # type: ignore[arg-type]
    return make_maps(CampaignFiles.beside(campaign), request).folder


def _digests(folder: Path) -> dict[str, str]:
    files = sorted(folder.glob("theta_*mm_*.tif"))
    assert len(files) == 8
    return {path.name: digest_file(path) for path in files}


@pytest.mark.parametrize("window", [64, 32])
def test_any_window_size_gives_the_same_files(campaign: Path, window: int) -> None:
    whole = _digests(_make(campaign, window_px=96))
    shutil.rmtree(campaign.parent / "maps")
    assert _digests(_make(campaign, window_px=window)) == whole


def test_the_map_is_what_the_network_says_of_the_whole_scene(campaign: Path) -> None:
    folder = _make(campaign)
    files = CampaignFiles.beside(campaign)
    scene = open_scene(files)
    bundle = load_bundle(Workspace.beside(campaign).bundle())
    day = files.campaign.maps.dates[0]
    predictor = WindowPredictor(scene, bundle)
    told = next(predictor.days(scene.grid.full_window, [day]))
    with rasterio.open(folder / f"{NAMES[0]}.tif") as file:
        theta, half = unpack_theta(file.read(1)), unpack_theta(file.read(2))
    seen = np.isfinite(theta)
    inside = files.region.mask(scene.grid, scene.grid.full_window)
    assert seen[inside].mean() > 0.7  # the rest is the lake
    assert not seen[~inside].any()  # a map is cut to its region
    with rasterio.open(folder / f"{NAMES[0]}.flags.tif") as file:
        assert np.array_equal((file.read(1) & OUTSIDE.bit) > 0, ~inside)
    # Half a step of packing, 0.00005, is all that may lie between.
    assert np.abs(theta - told.theta[0])[seen].max() <= 0.51e-4
    # The fixture's calibration: 1.5 spreads.
    assert np.abs(half - told.half_width[0])[seen].max() <= 0.51e-4
    assert (told.half_width[0][seen] > 1.5e-3).all()


def test_processes_give_the_same_files_as_one(
    campaign: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = _digests(_make(campaign, window_px=64))
    shutil.rmtree(campaign.parent / "maps")
    monkeypatch.setattr(network_maps, "WORTH_PROCESSES", 0)
    assert _digests(_make(campaign, window_px=64, cores=2)) == alone


def test_a_map_that_was_killed_goes_on_and_ends_the_same(campaign: Path) -> None:
    whole = _digests(_make(campaign, window_px=32))
    maps = campaign.parent / "maps"
    shutil.rmtree(maps)
    words = [sys.executable, "-c", "from rootzone._cli import main; main()", "map", campaign]
    # A worker that waits a little before each window, so that there is a half-way.
    slow = (
        "import time; from rootzone._shared.parts import Parts; put = Parts.put; "
        "Parts.put = lambda *a: (time.sleep(0.1), put(*a)); "
    )
    words[2] = slow + words[2]
    words += ["--window", "64", "--cores", "1"]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    found: list[Path] = []
    deadline = time.monotonic() + 60
    while len(found) < 6 and process.poll() is None and time.monotonic() < deadline:
        found = list(maps.glob(".parts/*/*.npz"))
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert found, "the run was over before it could be killed"
    assert not list(maps.glob("theta_*mm_*.stac.json"))
    assert _digests(_make(campaign, window_px=64)) == whole
    assert not (maps / ".parts").exists()


def test_finished_windows_are_not_predicted_again(
    campaign: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Window] = []
    real = WindowPredictor.days

    def days(self, window, wanted):  # type: ignore[no-untyped-def]
        asked.append(window)
        if len(asked) == 3:
            raise KeyboardInterrupt
        return real(self, window, wanted)

    monkeypatch.setattr(WindowPredictor, "days", days)
    with pytest.raises(KeyboardInterrupt):
        _make(campaign, window_px=32)
    asked.clear()
    asked += [Window(0, 0, 0, 0)] * 3
    _make(campaign, window_px=32)
    # Nine windows, two of them finished before.
    assert len(asked) - 3 == 7


def test_a_finished_map_is_kept_and_another_model_is_refused(campaign: Path) -> None:
    _make(campaign)
    report = make_maps(CampaignFiles.beside(campaign), MapRequest())
    assert report.made_now == 0
    put_bundle(campaign, seed=2)
    with pytest.raises(RequestError, match=r"was made otherwise.*--force"):
        _make(campaign)
    before = _digests(campaign.parent / "maps")
    assert _digests(_make(campaign, force=True)) != before


def test_every_file_of_a_map_is_there_and_valid(campaign: Path) -> None:
    folder = _make(campaign)
    for name in NAMES:
        assert cog_validate(folder / f"{name}.tif", strict=True)[0]
        assert cog_validate(folder / f"{name}.flags.tif", strict=True)[0]
        assert json.loads((folder / f"{name}.stac.json").read_text())["id"] == name
        assert (folder / f"{name}.qml").exists()
    assert (folder / "theta_0200mm.nc").exists()
    with rasterio.open(folder / f"{NAMES[0]}.tif") as file:
        bundle = load_bundle(Workspace.beside(campaign).bundle())
        assert file.tags()["model_digest"] == bundle.digest


def test_damaged_files_of_maps_are_told_and_made_again(
    campaign: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = _make(campaign)
    theta, flags, style = (
        folder / f"{name}.{ending}"
        for name, ending in zip(NAMES, ("tif", "flags.tif", "qml"), strict=False)
    )
    whole = {path: path.read_bytes() for path in (theta, flags, style)}
    coloured = style.with_suffix(".tif").stat().st_mtime_ns
    theta.write_text("<!doctype html>")
    flags.write_bytes(b"")
    style.write_bytes(whole[style][:-40])
    _make(campaign)
    assert {path: path.read_bytes() for path in whole} == whole
    for path, words in ((theta, "is damaged"), (flags, "is damaged"), (style, "other colours")):
        assert any(path.name in said and words in said for said in caplog.messages)
    # Colours come from nothing of the map, which is left as it is.
    assert style.with_suffix(".tif").stat().st_mtime_ns == coloured


def test_water_has_a_flag_and_no_value(campaign: Path) -> None:
    folder = _make(campaign)
    with rasterio.open(campaign.parent / "covariates" / "land.tif") as file:
        cover = file.read(list(file.descriptions).index("land_cover") + 1)
    with rasterio.open(folder / f"{NAMES[0]}.tif") as file:
        theta = file.read(1, masked=True)
    with rasterio.open(folder / f"{NAMES[0]}.flags.tif") as file:
        flags = file.read(1)
    # The county's lake is NLCD class 11.
    assert (cover == 11).any()
    assert np.array_equal((flags & WATER.bit) != 0, cover == 11)
    assert theta.mask[cover == 11].all()
    assert np.array_equal((flags & NO_VALUE.bit) != 0, theta.mask & (cover != 11))
    assert flags.max() < 2 * FLAGS[-1].bit


def test_faithful_maps_are_bare_tiles_in_a_folder_of_their_own(campaign: Path) -> None:
    folder = _make(campaign, faithful=True)
    assert folder == campaign.parent / "maps" / "faithful"
    files = CampaignFiles.beside(campaign)
    scene = open_scene(files)
    bundle = load_bundle(Workspace.beside(campaign).bundle())
    tile = Window(32, 64, 32, 32)
    day = files.campaign.maps.dates[0]
    bare = WindowPredictor(scene, bundle, faithful=True)
    inputs = bare._inputs(tile)
    with torch.inference_mode():
        table = torch.from_numpy(scene.day(day))
        from rootzone.learning.scene.expand import expand

        x = expand(inputs.static, inputs.cell, inputs.weight, table, None, bundle.spec)
        alone = bundle.predict(x, inputs.soil).theta[0, 0].numpy()
    with rasterio.open(folder / f"{NAMES[0]}.tif") as file:
        theta = unpack_theta(file.read(1))[32:64, 64:96]
    seen = np.isfinite(theta)
    assert np.abs(theta - alone)[seen].max() <= 0.51e-4
    exact = next(WindowPredictor(scene, bundle).days(tile, [day])).theta[0]
    assert np.abs(exact - alone).max() > 1e-4  # what the edges of a bare tile cost


def test_named_days_make_maps_and_leave_the_series_alone(campaign: Path) -> None:
    result = invoke("map", campaign, "--date", "2023-02-07", "--json", "--cores", "1")
    assert result.exit_code == 0, result.exception
    assert "theta_0200mm_20230207.tif" in result.output
    assert "next: rootzone report" in result.output
    assert not (campaign.parent / "maps" / "theta_0200mm.nc").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--window", "100"], "no multiple of 8"),
        (["--texture-step", "5"], "for --from simulation"),
        (["--from", "simulation", "--faithful"], "no tiles"),
        (["--date", "2023-13-01"], "not a day"),
        (["--date", "2031-01-01"], "no weather for 2031-01-01"),
        (["--run", "other"], "rootzone train"),
    ],
)
def test_a_wrong_request_says_what_is_wrong(campaign: Path, words: list[str], said: str) -> None:
    result = invoke("map", campaign, *words)
    assert result.exit_code != 0
    assert said in f"{result.output} {result.exception}"


def test_a_zarr_series_comes_where_the_campaign_asks_for_it(campaign: Path) -> None:
    campaign.write_text(campaign.read_text() + "  time_series: zarr\n")
    folder = _make(campaign)
    assert (folder / "theta_0400mm.zarr" / "zarr.json").exists()
    assert not (folder / "theta_0400mm.nc").exists()


def test_a_file_whose_record_was_not_written_before_a_kill_is_made_again(campaign: Path) -> None:
    maps = _make(campaign)
    records = [sidecar_of(maps / name) for name in ("trust.tif", "theta_0200mm.nc")]
    for record in records:
        record.unlink()
    _make(campaign)
    assert all(record.exists() for record in records)


def test_other_excluded_cover_is_other_flags_and_not_kept(campaign: Path) -> None:
    _make(campaign)
    files = CampaignFiles.beside(campaign)
    sites = files.campaign.sites.model_copy(update={"exclude_land_cover": (11, 12, 42)})
    one = replace(files.loaded, campaign=files.campaign.model_copy(update={"sites": sites}))
    changed = CampaignFiles(one, files.data)
    with pytest.raises(RequestError, match="was made otherwise"):
        make_maps(changed, MapRequest())
