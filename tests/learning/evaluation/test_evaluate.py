"""Evaluation of a small trained campaign, from its folder to the tables and the card."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

from rootzone._shared.errors import RequestError
from rootzone._shared.table_files import read_table, write_table
from rootzone._shared.tables import WEATHER
from rootzone.campaign.workspace import Workspace
from rootzone.covariates.grid import Window
from rootzone.covariates.open_campaign import CampaignFiles
from rootzone.learning.campaign_training import train_campaign
from rootzone.learning.evaluation.evaluate import EvaluationSettings, evaluate, thinned
from rootzone.learning.evaluation.predict_labels import predict_labels
from rootzone.learning.evaluation.run_evaluation import run_evaluation
from rootzone.learning.evaluation.run_raw_simulation import (
    measured_soil_simulation_at,
    raw_simulation_at,
)
from rootzone.learning.evaluation.tables import COMPARISON, PREDICTIONS, SKILL
from rootzone.learning.samples.label_index import GridLabels
from rootzone.learning.samples.open_samples import open_samples, open_scene
from rootzone.networks.bundle import load_bundle
from rootzone.stations.station_soils import soil_frame, soils_path, write_station_soils
from rootzone.stations.station_table import read_stations
from tests.cli.campaign_runs import invoke
from tests.learning.scene.test_surface_files import write
from tests.learning.small_campaign import RECORD, write_small_campaign


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A campaign trained for two epochs of three batches, with weather that drives the engine."""
    torch.set_num_threads(1)
    file = write_small_campaign(tmp_path_factory.mktemp("evaluate"))
    _drive_the_engine(Workspace.beside(file).weather(2023))
    train_campaign(CampaignFiles.beside(file))
    return file


def _drive_the_engine(path: Path) -> None:
    """A whole year for every cell, with what the engine needs: dry but for 20 mm each tenth day."""
    short = read_table(path, WEATHER)
    ids = short["cell_id"].unique().sort()
    days = np.arange(np.datetime64("2023-01-01"), np.datetime64("2024-01-01"))
    every = pl.DataFrame({"date": days}).with_columns(pl.col("date").cast(pl.Date))
    rain = pl.when(pl.col("date").dt.ordinal_day() % 10 == 0).then(20.0).otherwise(0.0)
    whole = ids.to_frame().join(every, how="cross")
    whole = whole.join(short.drop("rain_mm"), on=["cell_id", "date"], how="left")
    whole = whole.with_columns(
        rain.alias("rain_mm"), radn_mj_m2=15.0, tmax_degc=20.0, tmin_degc=5.0, eo_mm=4.0
    )
    write_table(path, whole, WEATHER, RECORD)


@pytest.fixture(scope="module")
def evaluated(campaign: Path) -> pl.DataFrame:
    run_evaluation(CampaignFiles.beside(campaign), ["main"])
    return read_table(Workspace.beside(campaign).evaluation() / "predictions.parquet", PREDICTIONS)


def test_every_model_answers_the_very_same_samples(evaluated: pl.DataFrame) -> None:
    stations = evaluated.filter(pl.col("source") == "station")
    keys = stations.group_by("model").agg(
        pl.concat_str("place", "date", "depth_mm").sort().alias("samples")
    )
    assert set(keys["model"]) == {
        "unet", "lightgbm", "climatology", "persistence", "raw_simulation"
    }  # fmt: skip
    assert len({tuple(samples) for samples in keys["samples"].to_list()}) == 1


def test_simulated_labels_have_no_raw_simulation_beside_them(evaluated: pl.DataFrame) -> None:
    # It made them: its error would be nought.
    simulated = evaluated.filter(pl.col("source") == "simulated")
    assert "raw_simulation" not in set(simulated["model"])


def test_leaf_area_that_a_campaign_names_is_a_channel_of_its_scene(campaign: Path) -> None:
    files = CampaignFiles.beside(campaign)
    grid, part = files.grid, Window(0, 0, 8, 8)
    write(campaign.parent / "lai_20230401.tif", np.full((8, 8), 2.0, np.float32), grid, part)
    learning = files.campaign.learning
    features = learning.features.model_copy(update={"leaf_area": "lai_{date:%Y%m%d}.tif"})
    changed = {"learning": learning.model_copy(update={"features": features})}
    loaded = replace(files.loaded, campaign=files.campaign.model_copy(update=changed))
    scene = open_scene(CampaignFiles(loaded, files.data))
    # On the 9th, 8 days later, 2 of a range of 7 and nothing beyond the file; on the 10th nothing.
    told = [
        scene.surface(np.datetime64(f"2023-04-{day:02d}"), Window(7, 7, 1, 2)) for day in (9, 10)
    ]
    assert told[0][0, 0] == pytest.approx([2 / 7, np.nan], nan_ok=True)
    assert np.isnan(told[1]).all()


def test_only_held_out_dates_are_asked(campaign: Path, evaluated: pl.DataFrame) -> None:
    samples = open_samples(CampaignFiles.beside(campaign))
    held_out = {date for date, part in samples.parts["station"].items() if part == "test"}
    assert set(evaluated["date"].unique().to_list()) <= held_out
    assert evaluated["part"].unique().to_list() == ["test"]
    assert evaluated["split"].unique().to_list() == ["season_dates"]


def test_observations_and_pixels_are_those_of_the_places(evaluated: pl.DataFrame) -> None:
    # Even stations read 0.18 and odd ones 0.28 about a wave of 0.03 (small_campaign).
    own = evaluated.filter(pl.col("source") == "station", pl.col("model") == "unet")
    middle = pl.when(pl.col("place").str.extract(r"st(\d+)").cast(pl.Int64) % 2 == 0).then(0.18)
    off = (own["observed"] - own.select(middle.otherwise(0.28).alias("m"))["m"]).abs()
    assert off.max() <= 0.0301
    assert own.group_by("place").agg(pl.col("row").n_unique())["row"].to_list() == [1] * 12
    assert own["texture_class"].null_count() == 0
    assert set(own["season"]) == {"DJF", "MAM"}


def test_lightgbm_and_climatology_know_places_that_train(evaluated: pl.DataFrame) -> None:
    for model in ("lightgbm", "climatology"):
        own = evaluated.filter(pl.col("source") == "station", pl.col("model") == model)
        assert (own["predicted"] - own["observed"]).abs().mean() < 0.02


def test_tables_and_card_lie_in_the_runs_folder(campaign: Path, evaluated: pl.DataFrame) -> None:
    place = Workspace.beside(campaign)
    skill = read_table(place.evaluation() / "skill.parquet", SKILL)
    pooled = skill.filter(pl.col("group_kind") == "all", pl.col("source") == "station")
    unet = pooled.filter(pl.col("model") == "unet").row(0, named=True)
    own = evaluated.filter(pl.col("source") == "station", pl.col("model") == "unet")
    error = own["predicted"] - own["observed"]
    assert unet["mae"] == pytest.approx(error.abs().mean())
    assert unet["n_interval"] == own.height
    assert read_table(place.evaluation() / "comparison.parquet", COMPARISON).height > 0
    card = (place.bundle() / "card.md").read_text()
    assert "It loses to climatology" in card  # after six steps
    assert "surface_moisture is not set" in card


def test_the_raw_simulation_is_that_of_a_map(campaign: Path) -> None:
    # The maps stage simulates pixels on its own path, up to the map's day: same physics, same days.
    from rootzone.maps.run_simulation import SimulationJob, _simulate_cell
    from tests.covariates.weather_files import GRIDMET

    files = CampaignFiles.beside(campaign)
    labels = open_samples(files).labels["station"]
    few = labels.chosen((labels.place < 3) & (labels.date == labels.dates[0]))
    job = SimulationJob(files, labels.dates[:1])
    wanted = []
    with files.stack() as stack:
        for row, col in zip(few.pixel_row, few.pixel_col, strict=True):
            pixel = Window(int(row), int(col), 1, 1)
            cell = int(GRIDMET.ids(job.files.grid, pixel)[0, 0])
            wanted.append(float(_simulate_cell(job, stack, cell, pixel)["theta"][0, 0, 0]))
    assert len(set(wanted)) > 1
    # The map's run ends with its day; where a run goes on, a step may pass a dry midnight, which
    # moves the day's end by the steps' error (docs/engine.md: 1e-4).
    np.testing.assert_allclose(raw_simulation_at(files, few), wanted, atol=1e-4)
    assert abs(wanted[0] - wanted[1]) > 1e-3  # so that it tells pixels apart


def test_a_measured_soil_takes_the_place_of_the_map_at_its_station(campaign: Path) -> None:
    files = CampaignFiles.beside(campaign)
    labels = open_samples(files).labels["station"]
    few = labels.chosen((labels.place < 3) & (labels.date == labels.dates[0]))
    assert measured_soil_simulation_at(files, few) is None  # no soils beside the station table
    network, station = few.places[1].split(":")
    clay = {"sand_pct": [12.0, 11.0, 10.0], "silt_pct": 30.0, "clay_pct": [58.0, 59.0, 60.0]}
    frame = soil_frame(
        pl.DataFrame({"network": network, "station": station, "depth_mm": [50.0, 200.0, 900.0]})
        .with_columns(**{k: pl.Series(v) if isinstance(v, list) else pl.lit(v)
                         for k, v in clay.items()})
    )  # fmt: skip
    path = soils_path(files.workspace.stations)
    write_station_soils(path, frame, RECORD)
    try:
        found = measured_soil_simulation_at(files, few)
    finally:
        path.unlink()
    assert found is not None
    assert np.isfinite(found).tolist() == (few.place == 1).tolist()
    mapped = raw_simulation_at(files, few)
    assert found[few.place == 1].min() > mapped.max()  # a clay holds more than the map's soils


def test_without_the_engines_weather_the_raw_simulation_is_told_as_missing(campaign: Path) -> None:
    files = CampaignFiles.beside(campaign)
    samples = open_samples(files)
    path = Workspace.beside(campaign).weather(2023)
    whole = read_table(path, WEATHER)
    try:
        write_table(path, whole.drop("eo_mm", "pet_mm", "radn_mj_m2"), WEATHER, RECORD)
        bundle = load_bundle(Workspace.beside(campaign).bundle())
        only = replace(samples, labels={"station": samples.labels["station"]})
        found = evaluate(bundle, only, files)
    finally:
        write_table(path, whole, WEATHER, RECORD)
    assert "raw_simulation" not in set(found.predictions["model"])
    assert any("Raw simulation: not available." in note for note in found.notes)
    assert not any(str(campaign.parent) in note for note in found.notes)


def test_pixels_round_a_station_count_as_one_sample(campaign: Path) -> None:
    files = CampaignFiles.beside(campaign)
    samples = open_samples(files)
    learning = files.campaign.learning.model_copy(update={"station_neighbourhood_px": 1})
    around = GridLabels.from_stations(
        read_stations(Workspace.beside(campaign).stations), samples.scene.grid, (200.0,), 1
    )
    few = around.on_dates(np.array(around.dates[-3:], dtype="datetime64[D]"))
    wider = replace(
        samples,
        campaign=files.campaign.model_copy(update={"learning": learning}),
        labels={"station": few},
        parts={"station": dict.fromkeys(few.dates, "test")},
    )
    bundle = load_bundle(Workspace.beside(campaign).bundle())
    found = evaluate(bundle, wider, files).predictions
    assert len(few) > 12 * 3  # nine pixels a station, fewer at the edge of the grid
    unet = found.filter(pl.col("model") == "unet")
    assert unet.height == 12 * 3
    assert unet.columns == list(PREDICTIONS.by_name)
    one = unet.row(0, named=True)
    told = predict_labels(bundle, samples.scene, few).theta
    name = np.array([few.places[k] for k in few.place])
    own = (name == one["place"]) & (few.date == np.datetime64(one["date"]))
    assert one["predicted"] == pytest.approx(told[own].mean())


def test_simulated_tile_days_are_thinned_evenly_and_always_alike(campaign: Path) -> None:
    labels = open_samples(CampaignFiles.beside(campaign)).labels["simulated"]
    few = thinned(labels, 10)
    assert len(few.patches(1)) == 10
    assert np.array_equal(few.theta, thinned(labels, 10).theta)
    assert len(thinned(labels, 10**6)) == len(labels)
    months = few.date.astype("datetime64[M]")
    assert len(np.unique(few.tile)) > 1 or len(np.unique(months)) > 1


def test_another_split_than_the_trained_one_is_refused(campaign: Path) -> None:
    text = campaign.read_text()
    try:
        campaign.write_text(text + "  split:\n    kind: stations\n")
        done = invoke("evaluate", campaign)
    finally:
        campaign.write_text(text)
    assert isinstance(done.exception, RequestError)
    assert "trained with another split" in str(done.exception)
    assert "kind" in str(done.exception)


def test_the_same_run_twice_is_no_repeat(campaign: Path) -> None:
    done = invoke("evaluate", campaign, "--run", "main", "--run", "main")
    assert "same seed 3" in str(done.exception)


def test_a_run_that_is_not_trained_is_named(campaign: Path) -> None:
    done = invoke("evaluate", campaign, "--run", "other")
    assert "rootzone train" in str(done.exception)


def test_two_seeds_give_a_spread_and_json_holds_what_the_text_does(campaign: Path) -> None:
    words = ("train", campaign, "--run", "seed4", "--seed", 4, "--epochs", 1)
    assert invoke(*words).exit_code == 0
    words = (
        "evaluate",
        campaign,
        "--run",
        "main",
        "--run",
        "seed4",
        "--part",
        "validation",
        "--most-tile-days",
        1,
    )
    done = invoke(*words, "--json")
    assert done.exit_code == 0, done.exception
    facts = json.loads(done.stdout)
    assert [one["run"] for one in facts["runs"]] == ["main", "seed4"]
    pooled = [row for row in facts["spread"] if row["group_kind"] == "all"]
    trees = next(r for r in pooled if r["model"] == "lightgbm" and r["source"] == "station")
    maes = [
        row["mae"]
        for one in facts["runs"]
        for row in one["skill"]
        if (row["model"], row["source"], row["group_kind"]) == ("lightgbm", "station", "all")
    ]
    assert trees["seeds"] == 2
    assert maes[0] != maes[1]
    assert trees["mae"] == pytest.approx(np.mean(maes))
    assert trees["mae_sd"] == pytest.approx(np.std(maes, ddof=1))
    assert (Workspace.beside(campaign).evaluation() / "spread.parquet").exists()


def test_a_part_without_labels_is_refused(campaign: Path) -> None:
    files = CampaignFiles.beside(campaign)
    samples = open_samples(files)
    bundle = load_bundle(Workspace.beside(campaign).bundle())
    with pytest.raises(RequestError, match="No source has labels in the part 'none'"):
        evaluate(bundle, samples, files, EvaluationSettings(part="none"))
