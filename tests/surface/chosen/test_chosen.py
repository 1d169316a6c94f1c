"""A campaign of the system select, from files to maps, on both engines."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import rasterio

from rootzone._shared.errors import RequestError, StoppedEarly
from rootzone.covariates.fetch.run_transfer import Patience
from rootzone.report.read_inputs import ReportInputs
from rootzone.report.surface_section import legend_of, surface_section
from rootzone.surface.chain.open_surface import OpenSurface
from rootzone.surface.chosen.bands import blocks, most_frequent
from rootzone.surface.chosen.classes import environment_codes
from rootzone.surface.chosen.engines import local, scene_image
from rootzone.surface.chosen.open_choice import OpenChoice
from rootzone.surface.chosen.read_classes import read_climate
from rootzone.surface.cloud.client import EarthEngine
from rootzone.surface.grids.cell_grid import ease_grid, piece_of
from rootzone.surface.select.choose import soft_weights
from rootzone.surface.select.chosen_graph import SCENE, ChosenModels
from rootzone.surface.select.environments import ALL
from rootzone.surface.select.graph import image, to_json
from rootzone.surface.select.interpret import interpret
from rootzone.surface.worlds.samples import look_at
from rootzone.surface.worlds.write_province import write_province
from tests.cli.campaign_runs import invoke
from tests.surface.chain.quick_province import quick_province

CAMPAIGN = """\
name: chosen-test
region: {bounds_lonlat_deg: [-100.1, 39.7, -99.6, 40.15]}
years: [2022]
surface:
  system: select
  dates: [2022-05-04, 2022-05-07]
  epochs: 10
  splits: [random, stations, region]
  other_region:
    smap: data/other/smap/*.h5
    land: data/other/land.tif
    ndvi: data/other/ndvi/*.tif
    stations: [data/other/stations.csv]
  select:
    candidates: [climatology, sca_v, ridge_physics, trees_shy, unet]
    by: [koppen, cluster]
    koppen: koppen.tif
    rounds: 15
    outer: 3
    inner: 2
    soft: 0.01
    cloud: {project: p}
"""

# Beck et al. (2023), 1991-2020 at 0.1 degrees, koppen_geiger_0p1: 7 BSk, 25 Dfa, 26 Dfb, 27 Dfc,
# 29 ET. The Front Range west of Boulder, and Nebraska, where the province lies.
FRONT_RANGE = np.array([
    [26, 27, 27, 27, 26, 26, 7, 7, 7, 7], [27, 27, 27, 27, 26, 26, 7, 7, 7, 7],
    [27, 27, 27, 27, 26, 26, 26, 7, 7, 7], [27, 27, 27, 27, 27, 26, 26, 7, 7, 7],
    [29, 27, 27, 26, 26, 26, 26, 7, 7, 7], [29, 29, 27, 27, 26, 26, 26, 7, 7, 7],
    [29, 27, 27, 27, 27, 26, 26, 26, 7, 7], [27, 27, 27, 27, 26, 26, 26, 26, 7, 7],
])  # fmt: skip
NEBRASKA = np.full((7, 6), 25)


def climate_map(path: Path, codes: np.ndarray, west: float, north: float) -> Path:
    """A map of climate codes, 0.1 degrees."""
    transform = rasterio.Affine(0.1, 0.0, west, 0.0, -0.1, north)
    with rasterio.open(
        path, "w", driver="GTiff", dtype="uint8", count=1, height=codes.shape[0], nodata=0,
        width=codes.shape[1], crs="EPSG:4326", transform=transform,
    ) as file:  # fmt: skip
        file.write(codes.astype(np.uint8), 1)
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("chosen")
    write_province(root / "data" / "surface", look_at(quick_province(45), 0, 12))
    write_province(root / "data" / "other", look_at(quick_province(36, seed=23), 1, 5))
    climate_map(root / "koppen.tif", NEBRASKA, -100.2, 40.3)
    (root / "campaign.yaml").write_text(CAMPAIGN)
    for verb in ("plan", "train", "evaluate", "map", "bands"):
        found = invoke("surface", verb, root / "campaign.yaml")
        assert found.exit_code == 0, (verb, found.output, found.exception)
    return root


def choice_of(folder: Path) -> OpenChoice:
    return OpenChoice(OpenSurface.of(folder / "campaign.yaml"))


def test_every_candidate_is_scored_beside_the_choice_under_each_split(trained: Path) -> None:
    skill = json.loads((trained / "surface" / "skill.json").read_text())["skill"]
    names = {"chosen", "climatology", "sca_v", "ridge_physics", "trees_shy", "unet"}
    assert set(skill) == {"stations", "random", "region"}
    assert set(skill["stations"]) == names
    frame = pl.read_parquet(trained / "surface" / "select" / "predictions.parquet")
    own = frame.filter((pl.col("split") == "stations") & (pl.col("model") == "chosen"))
    rmse = float(np.sqrt(np.mean((own["theta"] - own["observed"]).to_numpy() ** 2)))
    assert skill["stations"]["chosen"]["rmse"] == pytest.approx(rmse)
    assert "only `stations` tells" in (trained / "surface" / "card.md").read_text()


def test_the_other_region_is_told_by_the_models_and_weights_of_this_one(trained: Path) -> None:
    frame = pl.read_parquet(trained / "surface" / "select" / "predictions.parquet")
    here, there = (frame.filter(pl.col("split") == split) for split in ("stations", "region"))
    assert there["station"].n_unique() == 5
    wide = there.pivot("model", index=["station", "date", "environment"], values="theta")
    weights = choice_of(trained).models.weights
    assert set(wide["environment"]) <= set(weights)
    mean = np.zeros(wide.height)
    for model in weights[ALL]:
        share = np.array([weights[e][model] for e in wide["environment"]])
        mean += share * wide[model].to_numpy()
    np.testing.assert_allclose(wide["chosen"].to_numpy(), mean, atol=1e-12)
    # Nothing of that region has been seen: SCA-V needs nothing and says what it says anywhere.
    choice = OpenChoice(choice_of(trained).opened.other)
    samples = choice.samples(lambda line: None).sort("station", "date")
    np.testing.assert_allclose(
        wide.sort("station", "date")["sca_v"].to_numpy(), samples["theta_sca"].to_numpy(), atol=1e-6
    )
    assert here["date"].n_unique() >= there["date"].n_unique()


def test_clusters_and_climate_make_environments(trained: Path) -> None:
    choice = choice_of(trained)
    classes = choice.classes()
    assert set(classes["koppen"].ravel()) == {"D"}
    clusters = set(classes["cluster"].ravel())
    known = set(choice.models.environments)
    assert known <= {ALL, "D", *(f"D / {name}" for name in clusters)}
    assert len(known) > 1
    # A station lies in the cluster of its own pixel, and every block in that of most of its pixels.
    told = choice.classes_of_stations()
    places = choice.opened.places
    assert told["cluster"].to_list() == classes["cluster"][places.row, places.col].tolist()
    assert set(choice.classes(9)["cluster"].ravel()) <= clusters


def test_climate_is_that_of_the_nearest_pixel_of_a_real_map(tmp_path: Path) -> None:
    path = climate_map(tmp_path / "koppen.tif", FRONT_RANGE, -105.9, 40.2)
    whole = ease_grid(1)
    row, col = (int(v) for v in whole.row_col_of_lon_lat(-105.85, 40.15))
    grid = piece_of(whole, row, col, 60, 80)
    told = read_climate(path, "koppen_beck", grid)
    letters = np.array(told.names)[told.code]
    rows, cols = np.mgrid[0:60, 0:80]
    lon, lat = grid.lon_lat(rows, cols)
    major = {7: "B", 25: "D", 26: "D", 27: "D", 29: "E"}
    r, c = np.floor((40.2 - lat) / 0.1).astype(int), np.floor((lon + 105.9) / 0.1).astype(int)
    own = np.array([major[code] for code in FRONT_RANGE[r, c].ravel().tolist()]).reshape(60, 80)
    # A border may fall between a pixel's middle and the grid that GDAL warps through.
    assert (letters == own).mean() > 0.98
    assert set(letters.ravel()) == {"B", "D", "E"}
    with pytest.raises(RequestError, match="no climate inside the region"):
        read_climate(climate_map(tmp_path / "far.tif", NEBRASKA, 10.0, 50.0), "koppen_beck", grid)
    # By the alphabet of Kottek et al. 7 is a hot desert and 29 the coldest winters of D.
    other = read_climate(path, "koppen_kottek", grid)
    assert set(np.array(other.names)[other.code].ravel()) == {"B", "D"}
    alphabet = climate_map(
        tmp_path / "kottek.tif", np.where(FRONT_RANGE == 29, 31, 5), -105.9, 40.2
    )
    with pytest.raises(RequestError, match=r"code 31 is no climate.*koppen_beck.*koppen_kottek"):
        read_climate(alphabet, "koppen_beck", grid)


def test_the_report_shows_the_choice(trained: Path) -> None:
    section = surface_section(ReportInputs.beside(trained / "campaign.yaml"))
    told = " ".join(str(getattr(block, "text", "")) for block in section.blocks)
    assert "a model chosen for each environment" in told
    assert "2 days mapped" in told
    chosen = trained / "surface" / "maps" / "surface_chosen_20220507.tif"
    assert legend_of(chosen).startswith("0: climatology; 1: sca_v")


def test_the_map_is_the_mixture_of_the_models(trained: Path) -> None:
    choice = choice_of(trained)
    models, look = choice.models, 1
    fields = scene_image(choice, look, 1)
    told = {m: next(iter(interpret(g, {SCENE: fields}).values())) for m, g in models.graphs.items()}
    environment = fields["environment"]
    out = local(choice, look, 1)
    row, col = np.argwhere(np.isfinite(environment) & np.isfinite(out["theta"]))[7]
    name = models.environments[int(environment[row, col])]
    share = models.weights[name]
    # By the definition of a mixture: mean, and variance within plus between.
    mean = sum(w * told[m][row, col] for m, w in share.items())
    variance = sum(
        w * (models.spread[name][m] ** 2 + (told[m][row, col] - mean) ** 2)
        for m, w in share.items()
    )
    assert out["theta"][row, col] == pytest.approx(mean, abs=1e-12)
    assert out["spread"][row, col] == pytest.approx(np.sqrt(variance), abs=1e-12)
    best = max(share, key=lambda m: share[m])
    assert models.models[int(out["model"][row, col])] == best


def test_a_model_without_a_value_takes_no_part(trained: Path) -> None:
    a, b = image(SCENE).select("a").rename("theta"), image(SCENE).select("b").rename("theta")
    models = ChosenModels(
        {"a": to_json(a), "b": to_json(b)},
        {ALL: {"a": 0.25, "b": 0.75}, "dry": {"a": 1.0}},
        {ALL: {"a": 0.02, "b": 0.04}, "dry": {"a": 0.02}}, 1.0,
    )  # fmt: skip
    bands = {
        "a": np.array([0.1, 0.1, np.nan, np.nan]), "b": np.array([0.3, np.nan, 0.3, 0.3]),
        "environment": np.array([0.0, 0.0, 0.0, 1.0]),
    }  # fmt: skip
    out = interpret(models.graph(SCENE, "environment"), {SCENE: bands})
    # By hand: .25 x .1 + .75 x .3; then a alone, b alone, and nobody where only b has a value.
    np.testing.assert_allclose(out["theta"], [0.25, 0.1, 0.3, np.nan])
    inside = 0.25 * 0.02**2 + 0.75 * 0.04**2 + 0.25 * 0.15**2 + 0.75 * 0.05**2
    np.testing.assert_allclose(out["spread"], [np.sqrt(inside), 0.02, 0.04, np.nan])
    np.testing.assert_array_equal(out["model"], [1.0, 1.0, 1.0, np.nan])


def test_soft_weights_make_a_seam_smaller() -> None:
    a, b = image(SCENE).select("a").rename("theta"), image(SCENE).select("b").rename("theta")
    bands = {"a": np.full(2, 0.10), "b": np.full(2, 0.20), "environment": np.array([0.0, 1.0])}
    seams = []
    for near, far in ((1.0, 0.0), soft_weights(np.array([0.030, 0.031]), 0.01).tolist()):
        weights = {ALL: {"a": near, "b": far}, "dry": {"a": far, "b": near}}
        errors = {name: {"a": 0.03, "b": 0.03} for name in weights}
        models = ChosenModels({"a": to_json(a), "b": to_json(b)}, weights, errors, 1.0)
        theta = interpret(models.graph(SCENE, "environment"), {SCENE: bands})["theta"]
        seams.append(float(theta[1] - theta[0]))
    # By hand: weights in the ratio exp((.031^2 - .030^2) / (2 x .01^2)) = exp(.305), so .576 and
    # .424, and the seam of .1 becomes .1 x (.576 - .424).
    assert seams[0] == pytest.approx(0.1)
    assert seams[1] == pytest.approx(0.1 * np.tanh(0.305 / 2), abs=1e-9)


def test_point_and_why_tell_what_the_map_holds(trained: Path) -> None:
    choice, campaign = choice_of(trained), trained / "campaign.yaml"
    with rasterio.open(trained / "surface/maps/surface_theta_20220507.tif") as file:
        theta = np.ma.filled(file.read(1, masked=True) * file.scales[0], np.nan)
    row, col = np.argwhere(np.isfinite(theta))[40]
    lon, lat = (float(v) for v in choice.grid(1).lon_lat(row, col))
    told = json.loads(invoke("surface", "point", campaign, lat, lon, "2022-05-07", "--json").stdout)
    assert (told["row"], told["col"]) == (row, col)
    assert told["theta"] == pytest.approx(theta[row, col], abs=1e-4)  # maps are stored in 1e-4
    why = json.loads(
        invoke("why", campaign, "--surface", row, col, "--date", "2022-05-07", "--json").stdout
    )
    assert why["theta"] == told["theta"]
    assert why["model"] == told["model"]
    assert sum(w * why["models"][m] for m, w in why["weights"].items()) == pytest.approx(
        told["theta"]
    )
    text = invoke("why", campaign, "--surface", row, col).output
    assert f"model         {why['model']}" in text
    with pytest.raises(RequestError, match="lies outside the 36 x 36 pixels"):
        raise invoke("why", campaign, "--surface", 99, 0).exception  # type: ignore[misc]  # a refusal; else this raises too


def test_another_scale_averages_bands_first_and_agrees(trained: Path) -> None:
    choice = choice_of(trained)
    fine, coarse = local(choice, 1, 1), local(choice, 1, 9)
    assert coarse["theta"].shape == (4, 4)
    apart = blocks(fine["theta"], 9) - coarse["theta"]
    # The tolerance stated in docs/surface.md: mean absolute difference .02, bias .005.
    assert np.nanmean(np.abs(apart)) < 0.02
    assert abs(np.nanmean(apart)) < 0.005


def test_blocks_and_environments_by_hand() -> None:
    assert most_frequent(np.array([[1, 2, 5], [2, 2, 5]]), 2).tolist() == [[2]]
    classes = {
        "cover": np.array(["grass", "grass", "crop", None], dtype=object),
        "texture": np.array(["fine", "coarse", "fine", "fine"], dtype=object),
    }
    known = [ALL, "grass", "grass / fine"]
    told = environment_codes(classes, ("cover", "texture"), known)
    np.testing.assert_array_equal(told, [2.0, 1.0, 0.0, np.nan])


@pytest.mark.parametrize(("key", "told"), [
    ("by: [koppen]", "no map of its codes is named"),
    ("by: [texture]\n    koppen: none.tif\n    candidates: [ridge, ridge]", "named twice"),
    ("by: []\n    cloud: {export: cloud_storage}", "no bucket is named"),
])  # fmt: skip
def test_what_is_missing_is_told_when_the_campaign_is_read(
    tmp_path: Path, key: str, told: str
) -> None:
    head = CAMPAIGN[: CAMPAIGN.index("    candidates")]
    (tmp_path / "campaign.yaml").write_text(f"{head}    {key}\n")
    with pytest.raises(RequestError, match=told):
        OpenSurface.of(tmp_path / "campaign.yaml")


def test_another_system_has_one_engine(trained: Path, tmp_path: Path) -> None:
    plain = tmp_path / "campaign.yaml"
    text = CAMPAIGN.replace("system: select", "system: sca_v")
    plain.write_text(text)
    told = invoke("surface", "map", plain, "--engine", "ee")
    assert "it is sca_v" in str(told.exception)
    assert "only select has bands" in str(invoke("surface", "bands", plain).exception)
    assert "what select chose" in str(invoke("why", plain, "--surface", 1, 1).exception)


pytest.importorskip("ee")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from rootzone.surface.cloud.local_server import Service, serving


@pytest.fixture(scope="module")
def cloud(trained: Path) -> Iterator[tuple[Path, Service]]:
    root = trained.parent / "in_the_cloud"
    shutil.copytree(trained, root)
    shutil.rmtree(root / "surface" / "maps")
    service = Service(root / "surface" / "select" / "bands", root / "drive")
    with serving(service) as url:
        text = CAMPAIGN.replace("{project: p}", f'{{project: p, url: "{url}"}}')
        (root / "campaign.yaml").write_text(text)
        yield root, service


@pytest.fixture(autouse=True)
def quick_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Patience, "pause_s", lambda self, failures: 0.01)


def test_both_engines_give_the_same_map_and_point(
    trained: Path, cloud: tuple[Path, Service]
) -> None:
    root, service = cloud
    service.busy = 2
    told = invoke("surface", "map", root / "campaign.yaml", "--engine", "ee")
    assert told.exit_code == 0, (told.output, told.exception)
    assert "Earth Engine is busy (429)" in told.output
    for name in ("surface_theta_20220507.tif", "surface_chosen_20220507.tif"):
        arrays = []
        for folder in (trained, root):
            with rasterio.open(folder / "surface/maps" / name) as file:
                arrays.append(file.read())
        np.testing.assert_array_equal(*arrays)
    before = len(service.seen)
    invoke("surface", "map", root / "campaign.yaml", "--engine", "ee")
    assert len(service.seen) == before  # what is made is not asked for again
    lon, lat = (float(v) for v in choice_of(root).grid(1).lon_lat(10, 20))
    words = ("surface", "point", root / "campaign.yaml", lat, lon, "2022-05-04", "--json")
    here, there = (json.loads(invoke(*words, *more).stdout) for more in ((), ("--engine", "ee")))
    assert there.pop("engine") == "ee"
    here.pop("engine")
    assert there == here


def test_exports_go_on_after_a_kill_and_end_in_the_same_maps(
    trained: Path, cloud: tuple[Path, Service]
) -> None:
    root, service = cloud
    shutil.rmtree(root / "surface" / "maps", ignore_errors=True)
    text = (root / "campaign.yaml").read_text()
    more = "project: p, export: drive, folder: maps, exports: drive/maps"
    campaign = root / "campaign.yaml"
    campaign.write_text(text.replace("project: p", more))
    facts = json.loads(invoke("surface", "plan", campaign, "--engine", "ee", "--json").stdout)
    assert facts["cloud"] == "exports to drive"
    assert facts["cloud_bytes_received"] == 2 * 36 * 36 * 4 * 8
    assert facts["cloud_payload_bytes"] > 10_000
    # By hand: 3 outer folds, the final choice and the random split, each with 2 inner folds and a
    # fit on all; five candidates, one of them a network.
    assert (facts["fits"], facts["networks"]) == (5 * 3 * 5, 5 * 3)
    service.lists_until_done = 2
    whole, calls = EarthEngine.export, iter((False, True))

    def stop(self: EarthEngine, *args: object) -> str:
        if next(calls):
            raise KeyboardInterrupt
        return whole(self, *args)  # type: ignore[arg-type]  # args as they came

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EarthEngine, "export", stop)
        assert invoke("surface", "map", campaign, "--engine", "ee").exit_code != 0
    assert len(service.operations) == 1
    told = invoke("surface", "map", campaign, "--engine", "ee")
    assert isinstance(told.exception, StoppedEarly)
    assert "goes on when they are done" in str(told.exception)
    for _ in range(3):
        told = invoke("surface", "map", campaign, "--engine", "ee")
        if told.exit_code == 0:
            break
    assert told.exit_code == 0, (told.output, told.exception)
    names = [one["metadata"]["description"] for one in service.operations]
    assert len(names) == len(set(names)) == 2
    arrays = []
    for folder in (trained, root):
        with rasterio.open(folder / "surface/maps/surface_theta_20220504.tif") as file:
            arrays.append(file.read())
    np.testing.assert_array_equal(*arrays)
