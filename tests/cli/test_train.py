from __future__ import annotations

import datetime as dt
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
import torch
from click.testing import CliRunner, Result

from rootzone._cli.train import command
from rootzone._shared.errors import RequestError
from rootzone._shared.table_files import write_table
from rootzone._shared.tables import WEATHER
from rootzone.campaign.workspace import Workspace
from rootzone.covariates.open_campaign import CampaignFiles
from rootzone.learning import campaign_training
from rootzone.learning.samples.label_index import SIMULATED, STATION
from rootzone.learning.samples.open_samples import open_samples, with_known_soil
from rootzone.networks.bundle import load_bundle
from rootzone.networks.run_log import read_log
from tests.learning.small_campaign import FIRST, N_SITE, N_STATION, RECORD, write_small_campaign

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    campaign = write_small_campaign(tmp_path_factory.mktemp("corner"))
    ran = CliRunner().invoke(command, [str(campaign), "--json"], catch_exceptions=False)
    assert ran.exit_code == 0
    return campaign, ran


@pytest.fixture
def copy(trained: tuple[Path, Result], tmp_path: Path) -> Path:
    """The campaign with its land raster and nothing trained."""
    whole = trained[0].parent
    shutil.copytree(whole, tmp_path / "c", ignore=shutil.ignore_patterns("learning", "data"))
    (tmp_path / "c" / "data").symlink_to(whole / "data")
    return tmp_path / "c" / "campaign.yaml"


def _train(campaign: Path, *options: str) -> Result:
    return CliRunner().invoke(command, [str(campaign), *options])


def _change(campaign: Path, old: str, new: str) -> None:
    text = campaign.read_text()
    assert old in text
    campaign.write_text(text.replace(old, new))


def test_the_report_says_what_it_trained_on_and_what_judged_it(
    trained: tuple[Path, Result],
) -> None:
    facts = json.loads(trained[1].stdout)
    assert facts["validation_source"] == "station"
    # 30 sites and 12 stations on 40 days; 7 of 10 days of the one season after leaving out others.
    assert 0.6 < facts["labels"]["simulated"] / (30 * 40) < 0.8
    assert 0.6 < facts["labels"]["station"] / (N_STATION * 40) < 0.8
    assert facts["calibration"]["n_place"] == N_STATION
    assert facts["next"] == f"rootzone evaluate {trained[0]}"
    assert "next: rootzone evaluate" in trained[1].stderr


def test_a_bundle_that_can_be_used_is_left_behind(trained: tuple[Path, Result]) -> None:
    campaign = trained[0]
    place = Workspace.beside(campaign)
    bundle = load_bundle(place.bundle())
    assert bundle.depths_mm == (200.0,)
    assert bundle.config.widths == (4, 8)
    assert bundle.calibration is not None
    assert set(bundle.info["digests"]) == {
        "simulated_labels", "station_labels", "land", "weather_2023",
    }  # fmt: skip
    assert 0 <= bundle.info["bf16_error"]["max"] < 0.05
    assert (place.bundle() / "card.md").exists()
    log = read_log(place.learning() / "log.csv")
    assert [row["epoch"] for row in log] == ["0", "1"]
    assert {row["validation_source"] for row in log} == {"station"}


def test_the_same_command_again_trains_nothing_and_leaves_the_same_bundle(
    trained: tuple[Path, Result],
) -> None:
    best = Workspace.beside(trained[0]).bundle()
    before = {path.name: path.read_bytes() for path in best.iterdir()}
    again = _train(trained[0])
    assert again.exit_code == 0
    assert "was finished before" in again.stderr
    assert {path.name: path.read_bytes() for path in best.iterdir()} == before


def test_other_settings_are_refused_until_fresh_is_said(copy: Path) -> None:
    assert _train(copy).exit_code == 0
    _change(copy, "batch_size: 4", "batch_size: 6")
    refused = _train(copy)
    assert isinstance(refused.exception, RequestError)
    assert "settings.batch_size was 4, now 6" in str(refused.exception)
    assert _train(copy, "--fresh").exit_code == 0


def test_tiles_read_otherwise_are_another_run(copy: Path) -> None:
    assert _train(copy, "--epochs", "1").exit_code == 0
    with copy.open("a") as file:
        file.write("  crop_halo_px: 8\n")
    refused = _train(copy, "--epochs", "1")
    assert isinstance(refused.exception, RequestError)
    assert "tiles.crop_halo_px was 0, now 8" in str(refused.exception)


def test_a_model_that_was_not_calibrated_yet_is_not_taken_for_one(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(campaign_training, "calibrated", killed)
    _train(copy, "--epochs", "1")
    with pytest.raises(RequestError, match="holds no trained model"):
        load_bundle(Workspace.beside(copy).bundle())


def test_another_feature_specification_is_refused(copy: Path) -> None:
    assert _train(copy).exit_code == 0
    with copy.open("a") as file:
        file.write("  features: {aspect: sincos}\n")
    refused = _train(copy)
    assert isinstance(refused.exception, RequestError)
    assert "feature_spec was" in str(refused.exception)


def test_another_run_lies_beside_the_first(copy: Path) -> None:
    ran = _train(copy, "--run", "short", "--epochs", "1")
    assert ran.exit_code == 0
    assert len(read_log(copy.parent / "learning" / "short" / "log.csv")) == 1
    assert not (copy.parent / "learning" / "main").exists()
    assert "--run short" in ran.stderr


def test_without_stations_the_run_says_that_simulation_judged_it(copy: Path) -> None:
    Workspace.beside(copy).stations.unlink()
    ran = _train(copy, "--epochs", "1")
    assert ran.exit_code == 0
    assert "note: There are no stations" in ran.stderr
    best = Workspace.beside(copy).bundle()
    assert load_bundle(best).info["validation_source"] == "simulated"
    assert "There are no stations" in (best / "card.md").read_text()


def test_members_are_trained_in_turn_and_give_a_spread(copy: Path) -> None:
    _change(copy, "  epochs: 2\n", "  epochs: 1\n  members: 2\n")
    ran = _train(copy)
    assert ran.exit_code == 0
    bundle = load_bundle(Workspace.beside(copy).bundle())
    assert len(bundle.models) == 2
    assert bundle.calibration is not None
    assert bundle.calibration.scaled
    log = read_log(Workspace.beside(copy).learning() / "log.csv")
    assert [row["member"] for row in log] == ["0", "1"]


@pytest.mark.parametrize("kind", ["blocked_dates", "stations", "regions"])
def test_every_kind_of_split_can_be_trained_with(copy: Path, kind: str) -> None:
    with copy.open("a") as file:
        file.write(f"  split: {{kind: {kind}, train: 0.5, validation: 0.25, test: 0.25}}\n")
    assert _train(copy, "--epochs", "1").exit_code == 0


def test_a_part_without_labels_is_told_by_source_and_part(copy: Path) -> None:
    with copy.open("a") as file:
        file.write("  split: {train: 0.9998, validation: 0.0001, test: 0.0001}\n")
    refused = _train(copy)
    assert isinstance(refused.exception, RequestError)
    assert "no station labels in the part 'validation'" in str(refused.exception)


def test_labels_that_are_asked_for_and_missing_name_the_verb_to_run(copy: Path) -> None:
    shutil.rmtree(Workspace.beside(copy).labels)
    refused = _train(copy)
    assert isinstance(refused.exception, RequestError)
    assert "Run rootzone labels" in str(refused.exception)
    Workspace.beside(copy).stations.unlink()
    nothing = _train(copy)
    assert isinstance(nothing.exception, RequestError)
    assert "holds no labels" in str(nothing.exception)


def test_missing_weather_names_the_verb_to_run(copy: Path) -> None:
    Workspace.beside(copy).weather(2023).unlink()
    refused = _train(copy)
    assert isinstance(refused.exception, RequestError)
    assert "no prepared weather of 2023" in str(refused.exception)
    assert "rootzone forcing" in str(refused.exception)


def test_labels_on_unknown_soil_are_left_out_of_a_bounded_network(copy: Path) -> None:
    inputs = open_samples(CampaignFiles.beside(copy))

    class _HalfKnown:
        def soil(self, window, depths):  # type: ignore[no-untyped-def]
            soil = inputs.scene.soil(window, depths)
            soil[..., ::2] = float("nan")
            return soil

    labels = inputs.labels[STATION]
    kept = with_known_soil(labels, _HalfKnown())  # type: ignore[arg-type]
    assert 0 < len(kept) < len(labels)
    assert (kept.col % 2 == 1).all()
    assert kept.dropped["soil not known"] == len(labels) - len(kept)
    assert set(inputs.labels) == {SIMULATED, STATION}


def test_two_processes_train_one_network(copy: Path) -> None:
    words = ["--standalone", "--nproc-per-node", "2", "--no-python", "rootzone", "train"]
    environment = {
        **os.environ, "OMP_NUM_THREADS": "1",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }  # fmt: skip
    ran = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", *words, str(copy), "--epochs", "1"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == [str(Workspace.beside(copy).bundle())]


def test_the_card_of_an_evaluation_stays_while_the_weights_do(copy: Path) -> None:
    assert _train(copy).exit_code == 0
    card = Workspace.beside(copy).bundle() / "card.md"
    assert "Not evaluated yet" in card.read_text()
    card.write_text("what the evaluation found")
    assert _train(copy).exit_code == 0
    assert card.read_text() == "what the evaluation found"
    assert _train(copy, "--fresh", "--epochs", "1").exit_code == 0
    assert "Not evaluated yet" in card.read_text()


def test_labels_of_days_without_weather_are_left_out_and_counted(copy: Path) -> None:
    path = Workspace.beside(copy).weather(2023)
    until = FIRST + dt.timedelta(days=100)
    write_table(path, pl.read_parquet(path).filter(pl.col("date") < until), WEATHER, RECORD)
    inputs = open_samples(CampaignFiles.beside(copy))
    # Labels on every second day from the 40th to the 118th: those of days 100 to 118 are 10 days.
    assert inputs.notes == [
        f"Left out of the simulated labels: {10 * N_SITE} for no weather.",
        f"Left out of the station labels: {10 * N_STATION} for no weather.",
    ]


@pytest.mark.parametrize(
    "keys",
    [
        {"crop_halo_px": 8, "output": "bounds"},
        {"head": "normal", "precision": "bf16", "psi_space": "log"},
        {"optimiser": "adam", "lambda_bound": "balanced", "mixing_schedule": "linear"},
        {"station_neighbourhood_px": 1, "min_labels": 2, "simulated_batch_probability": 1.0},
        {"features": "{aspect: sincos, classes: onehot, forcing: bilinear}", "physics": "bound"},
    ],
    ids=lambda keys: next(iter(keys)),
)
def test_every_choice_of_the_campaign_file_trains(copy: Path, keys: dict[str, object]) -> None:
    with copy.open("a") as file:
        file.writelines(f"  {key}: {value}\n" for key, value in keys.items())
    ran = _train(copy, "--epochs", "1")
    assert ran.exit_code == 0, ran.output
    bundle = load_bundle(Workspace.beside(copy).bundle())
    assert bundle.config.output == keys.get("output", "sigmoid")
    assert bundle.config.n_channels == len(bundle.spec)
    if keys.get("head") == "normal":
        assert bundle.calibration is not None
        assert bundle.calibration.scaled


def test_without_the_learning_libraries_the_extra_is_named(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    refused = _train(copy)
    assert isinstance(refused.exception, RequestError)
    assert "pip install 'rootzone[learn]'" in str(refused.exception)


def test_another_seed_repeats_the_run_on_the_same_samples(copy: Path) -> None:
    ran = [_train(copy, "--epochs", "1", "--seed", seed, "--run", f"s{seed}") for seed in "89"]
    assert [one.exit_code for one in ran] == [0, 0]
    one, other = (load_bundle(Workspace.beside(copy).bundle(f"s{seed}")) for seed in "89")
    assert one.digest != other.digest
    assert one.info["samples"] == other.info["samples"]
    assert one.info["split"] == other.info["split"]
