"""A campaign's surface section from files to maps."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path

import netCDF4
import numpy as np
import polars as pl
import pytest
import rasterio
from click.testing import CliRunner

from rootzone._cli import cli
from rootzone._shared.errors import RequestError
from rootzone.learning.scene.surface_files import SurfaceFiles
from rootzone.surface.chain.hold_out import parts_of
from rootzone.surface.chain.open_surface import OpenSurface
from rootzone.surface.chain.run_maps import at_point, looks_to_map
from rootzone.surface.chain.run_training import held_out
from rootzone.surface.physics.retrieve import retrieve_scav
from rootzone.surface.samples.places import samples_at
from rootzone.surface.samples.scene import read_scene
from rootzone.surface.worlds.samples import at_stations, look_at
from rootzone.surface.worlds.write_province import write_composites, write_province
from tests.surface.chain.quick_province import quick_province

CAMPAIGN = """\
name: surface-test
region: {bounds_lonlat_deg: [-100.1, 39.7, -99.6, 40.15]}
years: [2022]
surface:
  seeds: [0]
  epochs: 12
  dates: [2022-05-04, 2022-05-07]
  splits: [random, blocked_dates, stations, region]
  other_region:
    smap: data/other/smap/*.h5
    land: data/other/land.tif
    ndvi: data/other/ndvi/*.tif
    stations: [data/other/stations.csv]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("surface")
    write_province(root / "data" / "surface", look_at(quick_province(), 0, 12))
    write_province(root / "data" / "other", look_at(quick_province(60, seed=23), 1, 5))
    (root / "campaign.yaml").write_text(CAMPAIGN)
    return root


@pytest.fixture(scope="module")
def trained(folder: Path) -> Path:
    for verb in ("plan", "train", "evaluate", "map"):
        found = CliRunner().invoke(cli, ["surface", verb, str(folder / "campaign.yaml")])
        assert found.exit_code == 0, (verb, found.output, found.exception)
    return folder


def opened(folder: Path) -> OpenSurface:
    return OpenSurface.of(folder / "campaign.yaml")


def test_files_give_the_samples_that_were_written_into_them(folder: Path) -> None:
    direct = at_stations(look_at(quick_province(), 0, 12))
    surface = opened(folder)
    samples, left = samples_at(surface.scene, surface.places)
    assert len(samples) == direct.theta.size
    assert sum(left.values()) == 12 * surface.scene.days.size - len(samples)
    # Stations are written to four decimals and float32 holds brightness to 2e-5 K.
    np.testing.assert_allclose(np.sort(samples.theta), np.sort(direct.theta), atol=1e-4)
    np.testing.assert_allclose(np.sort(samples.channels[0]), np.sort(direct.channels[0]), atol=1e-3)


def test_daily_composites_retrieve_what_the_half_orbits_of_their_pass_do(
    folder: Path, tmp_path: Path
) -> None:
    write_composites(tmp_path / "smap_l3", look_at(quick_province(), 0, 12), [0, 3])
    data = folder / "data" / "surface"
    ndvi = sorted((data / "ndvi").glob("*.tif"))
    half = read_scene(data / "land.tif", ndvi, sorted((data / "smap").glob("*.h5")))
    days = sorted((tmp_path / "smap_l3").glob("*.h5"))
    daily = read_scene(data / "land.tif", ndvi, days)
    assert daily.days.tolist() == half.days[[0, 3]].tolist()
    for number, at in ((0, 0), (1, 3)):
        a, b = daily.columns(number), half.columns(at)
        for name in ("tb_v", "tb_h", "teff_k", "incidence_deg", "vwc_kg_m2"):
            np.testing.assert_array_equal(a[name], b[name])
    # Two looks say nothing of a place, thirty do.
    assert np.isnan(daily.columns(0)["miss_k"]).all()
    assert np.isfinite(half.columns(0)["miss_k"]).all()
    evening = read_scene(data / "land.tif", ndvi, days, "pm")
    assert np.isnan(evening.columns(0)["tb_v"]).all()  # nothing was seen at 18 h
    seen = CliRunner().invoke(cli, ["surface", "observe", str(days[0])])
    assert seen.exit_code == 0, seen.output
    assert "EASE-Grid 2.0 of 9 km, passes AM and PM" in seen.output


def test_every_split_keeps_its_promise(folder: Path) -> None:
    surface = opened(folder)
    samples, _ = samples_at(surface.scene, surface.places)
    stations = parts_of(samples, "stations", 0)
    assert all(np.unique(stations[samples.place == p]).size == 1 for p in range(12))
    blocks = parts_of(samples, "blocked_dates", 0)
    assert all(np.unique(blocks[samples.date // 15 == b]).size == 1 for b in samples.date // 15)
    shuffled = parts_of(samples, "random", 0)
    assert (shuffled == "train").mean() == pytest.approx(0.7, abs=0.01)


def test_skill_tells_all_splits_and_models_side_by_side(trained: Path) -> None:
    skill = json.loads((trained / "surface" / "skill.json").read_text())["skill"]
    assert list(skill) == ["random", "blocked_dates", "stations", "region"]
    assert list(skill["stations"]) == ["sca_v", "differentiable", "lightgbm"]
    frame = pl.read_parquet(trained / "surface" / "predictions.parquet")
    one = frame.filter(pl.col("split") == "stations")
    rmse = float(np.sqrt(np.mean((one["sca_v"] - one["observed"]).to_numpy() ** 2)))
    assert skill["stations"]["sca_v"]["rmse"] == pytest.approx(rmse)
    # The other region is scored on all of its stations, and on nothing of this one.
    abroad = frame.filter(pl.col("split") == "region")
    there = opened(trained).other
    samples, _ = samples_at(there.scene, there.places)
    assert abroad["station"].n_unique() == 5
    np.testing.assert_array_equal(np.sort(abroad["observed"]), np.sort(samples.theta))
    assert "only `stations` tells" in (trained / "surface" / "card.md").read_text()


def test_a_region_network_is_trained_on_every_station_here(folder: Path) -> None:
    here = opened(folder)
    samples, _ = samples_at(here.scene, here.places)
    abroad, _ = samples_at(here.other.scene, here.other.places)
    held = held_out(samples, abroad, "region", 0)
    assert len(held.train) + len(held.validate) == len(samples)
    assert not set(held.train.place.tolist()) & set(held.validate.place.tolist())
    assert held.test is abroad


def test_a_region_split_and_its_region_belong_together(folder: Path, tmp_path: Path) -> None:
    text = (folder / "campaign.yaml").read_text()
    for wrong, told in (
        (text.replace(", region]", "]"), "no split looks at it"),
        (text[: text.index("  other_region")], "other_region names none"),
    ):
        (tmp_path / "campaign.yaml").write_text(wrong)
        with pytest.raises(RequestError, match=told):
            OpenSurface.of(tmp_path / "campaign.yaml")


def test_a_map_holds_what_a_point_is_told(trained: Path) -> None:
    surface = opened(trained)
    day = dt.date(2022, 5, 4)
    path = trained / "surface" / "maps" / "surface_theta_20220504.tif"
    with rasterio.open(path) as file:
        theta = file.read(1) * file.scales[0]
    lon, lat = surface.scene.grid.lon_lat(20, 7)
    point = at_point(surface, float(lat), float(lon), day)
    assert (point["row"], point["col"]) == (20, 7)
    assert theta[20, 7] == pytest.approx(point["theta"], abs=5.1e-5)  # steps of .0001


def test_the_network_of_the_root_zone_can_read_the_maps(trained: Path) -> None:
    grid = opened(trained).scene.grid
    pattern = str(trained / "surface" / "maps" / "surface_theta_{date:%Y%m%d}.tif")
    field = SurfaceFiles(pattern, grid).read(dt.date(2022, 5, 7), grid.full_window)
    assert np.isfinite(field).all()
    assert 0.02 <= field.min() < field.max() < 0.6


def test_the_series_is_a_layer_and_not_a_point(trained: Path) -> None:
    with netCDF4.Dataset(trained / "surface" / "maps" / "surface_theta.nc") as file:
        assert file["theta"].shape[0] == 2
        assert file["depth"].bounds == "depth_bounds"
        assert list(file["depth_bounds"][:]) == [0.0, 0.05]
        assert "frozen" in file["flags"].flag_meanings


def test_mapped_again_nothing_is_written_anew(trained: Path) -> None:
    path = trained / "surface" / "maps" / "surface_theta_20220504.tif"
    before = path.stat().st_mtime_ns
    found = CliRunner().invoke(cli, ["surface", "map", str(trained / "campaign.yaml")])
    assert found.exit_code == 0
    assert path.stat().st_mtime_ns == before


def test_without_a_network_the_map_is_scav(folder: Path, tmp_path: Path) -> None:
    text = CAMPAIGN.replace("surface:", "surface:\n  system: sca_v")
    data = folder / "data" / "surface"
    for key, value in (("smap", "smap/*.h5"), ("land", "land.tif"), ("ndvi", "ndvi/*.tif")):
        text = text.replace("  seeds", f"  {key}: {data}/{value}\n  seeds")
    (tmp_path / "campaign.yaml").write_text(text)
    surface = OpenSurface.of(tmp_path / "campaign.yaml")
    look = looks_to_map(surface)[dt.date(2022, 5, 4)]
    found = CliRunner().invoke(cli, ["surface", "map", str(tmp_path / "campaign.yaml")])
    assert found.exit_code == 0, found.output
    columns = surface.scene.columns(look)
    from rootzone.surface.physics.retrieve import Scene, porosity_from_bulk_density

    scav = retrieve_scav(
        columns["tb_v"],
        Scene(columns["teff_k"], columns["clay_pct"], columns["h0"], columns["omega0"],
              columns["b0"] * columns["vwc_kg_m2"], columns["incidence_deg"],
              porosity_from_bulk_density(columns["bulk_density_g_cm3"])),
    )  # fmt: skip
    with rasterio.open(tmp_path / "surface" / "maps" / "surface_theta_20220504.tif") as file:
        np.testing.assert_allclose(file.read(1) * file.scales[0], scav.theta, atol=5.1e-5)


def test_what_cannot_be_had_is_named(folder: Path, tmp_path: Path) -> None:
    surface = opened(folder)
    with pytest.raises(RequestError, match="outside the region"):
        at_point(surface, -99.9, 40.0, dt.date(2022, 5, 4))
    with pytest.raises(RequestError, match="nearest look is 2022-05-04"):
        at_point(surface, 40.0, -99.9, dt.date(2022, 5, 5))
    land = folder / "data" / "surface" / "land.tif"
    half = tmp_path / "MOD13A2_20220509.tif"
    ndvi = sorted((folder / "data" / "surface" / "ndvi").glob("*.tif"))
    with rasterio.open(ndvi[0]) as file:
        profile = file.profile | {"height": 18, "driver": "GTiff"}
        with rasterio.open(half, "w", **profile) as cut:
            cut.write(file.read(1)[:18], 1)
    with pytest.raises(RequestError, match="half a grid"):
        read_scene(land, [half], surface.scene.smap_files)


def test_observe_and_retrieve_tell_what_they_found(folder: Path, tmp_path: Path) -> None:
    files = [str(p) for p in sorted((folder / "data" / "surface" / "smap").glob("*.h5"))[:2]]
    out = tmp_path / "seen.parquet"
    found = CliRunner().invoke(cli, ["surface", "observe", *files, "--out", str(out)])
    assert found.exit_code == 0, found.output
    assert "EASE-Grid 2.0 of 9 km" in found.output
    assert pl.read_parquet(out)["quantity"].n_unique() >= 4
    told = CliRunner().invoke(cli, ["surface", "retrieve", *files, "--json"])
    rows = json.loads(told.output)
    assert all(row["largest_difference"] < 1e-5 for row in rows)


def test_plan_tells_the_cells_of_each_look(folder: Path) -> None:
    # The region is cell (72, 214) of the 36 km grid, so cells 288-291, 856-859 of 9 km; one around.
    told = CliRunner().invoke(cli, ["surface", "plan", str(folder / "campaign.yaml"), "--json"])
    facts = json.loads(told.stdout)
    assert facts["windows"] == {
        "ease2_9km": "rows 287-292, columns 855-860", "ease2_36km": "rows 71-73, columns 213-215",
    }  # fmt: skip
    smap = sum(path.stat().st_size for path in (folder / "data/surface/smap").glob("*.h5"))
    assert facts["bytes_read"] > smap


def test_plan_and_evaluate_load_no_torch() -> None:
    # Of SMAP and of what select chose; loading it takes longer than either verb.
    code = "import sys\n" + "\n".join(
        f"import rootzone.surface.{package}.{part}"
        for package in ("chain", "chosen") for part in ("plan", "evaluate")
    ) + "\nprint('torch' in sys.modules)"  # fmt: skip
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert told.stdout == "False\n"
