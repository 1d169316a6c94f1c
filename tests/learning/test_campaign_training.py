from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from rootzone.campaign.model import Campaign
from rootzone.learning.campaign_training import keep_settings, on_land
from rootzone.learning.intervals import calibrated, places_of, with_soil
from rootzone.learning.samples.batches import SampleSet
from rootzone.learning.samples.label_index import SIMULATED, STATION
from rootzone.learning.samples.open_samples import CampaignSamples
from rootzone.networks.models import Prediction
from rootzone.networks.validate import LabelValues, values_at_labels
from tests.learning.scenes import scene, some_labels


def _values(n_place: int, days: int, error: float) -> tuple[LabelValues, np.ndarray]:  # type: ignore[type-arg]
    n = n_place * days
    zeros = np.zeros(n, dtype=np.int64)
    rng = np.random.default_rng(2)
    observed = rng.uniform(0.1, 0.4, n)
    predicted = observed + rng.choice([-error, error], n)
    place = np.repeat(np.arange(n_place), days)
    return LabelValues(zeros, zeros, zeros, zeros, observed, predicted, None), place


def test_a_damaged_record_of_the_settings_is_told_and_written_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "settings.json"
    keep_settings(path, {"settings": {"epochs": 2}})
    whole = path.read_bytes()
    keep_settings(path, {"settings": {"epochs": 3}})  # other settings are no damage
    assert not caplog.text
    path.write_bytes(whole.replace(b"2", b"6", 1))
    keep_settings(path, {"settings": {"epochs": 2}})
    assert f"{path} is damaged" in caplog.text
    assert path.read_bytes() == whole


def test_an_interval_rests_on_places_where_there_are_enough() -> None:
    values, place = _values(n_place=10, days=20, error=0.04)
    fitted, said = calibrated(values, place, 0.8, STATION)
    assert fitted is not None
    # Every error is 0.04, so any quantile of them is.
    assert abs(fitted.factor - 0.04) < 1e-9
    assert fitted.n_place == 10
    assert said == "10 station places, 200 values held out"


def test_an_interval_from_places_that_train_says_that_new_ones_are_harder() -> None:
    values, place = _values(n_place=10, days=20, error=0.04)
    _, said = calibrated(values, place, 0.8, STATION, places_train=True)
    assert said.endswith("train on other dates, so it is too narrow at new places")


def test_with_too_few_places_the_words_say_that_it_is_too_narrow() -> None:
    values, place = _values(n_place=2, days=50, error=0.04)
    fitted, said = calibrated(values, place, 0.8, STATION)
    assert fitted is not None
    assert fitted.n_place == 100
    assert "too narrow at new places" in said


def test_an_interval_from_simulated_labels_says_so() -> None:
    values, place = _values(n_place=10, days=5, error=0.01)
    _, said = calibrated(values, place, 0.8, SIMULATED)
    assert "share the simulation's errors" in said


def test_the_spread_among_soils_widens_an_interval_from_simulated_labels() -> None:
    values, place = _values(n_place=10, days=5, error=0.03)
    fitted, said = calibrated(values, place, 0.8, SIMULATED)
    assert fitted is not None
    wider, told = with_soil(fitted, said, {"DJF": 0.04})
    assert wider.half_width([0.2], season="DJF")[0] == pytest.approx(0.05)  # sides .03 and .04
    assert (
        told == "10 simulated places, 50 values held out; the spread of labels among soils is added"
    )
    assert with_soil(fitted, said, {}) == (fitted, said)


def test_an_interval_of_a_model_that_reads_physics_holds_its_error_and_goes_by_season() -> None:
    values, place = _values(n_place=10, days=20, error=0.05)
    season = np.where(np.arange(200) % 20 < 10, "DJF", "JJA")
    error = np.where(season == "DJF", 0.03, 0.0)
    fitted, said = calibrated(values, place, 0.8, STATION, season=season, error=error)
    assert fitted is not None
    # What .05 has beyond .03 is .04; with the error of a pixel's own physics the sides meet again.
    assert fitted.by_season == pytest.approx({"DJF": 0.04, "JJA": 0.05})
    assert fitted.half_width([0.2], season="DJF", error=[0.03])[0] == pytest.approx(0.05)
    assert fitted.half_width([0.2], season="JJA", error=[0.12])[0] == pytest.approx(0.13)
    assert said.endswith("the error of physics between simulated soils is in it pixel by pixel")


def test_with_next_to_nothing_held_out_there_is_no_interval() -> None:
    values, place = _values(n_place=1, days=2, error=0.01)
    fitted, said = calibrated(values, place, 0.8, STATION)
    assert fitted is None
    assert said.startswith("not calibrated: ")


def test_values_at_labels_are_those_of_the_labels_and_know_their_place() -> None:
    labels = some_labels()
    for halo in (0, 8):
        samples = SampleSet(scene(), labels.patches(1), (200.0,), halo)

        def predict(x: torch.Tensor, soil: torch.Tensor) -> Prediction:
            return Prediction(x[:, 3:4] + 1.0, None)  # tells the pixel: elevation, scaled

        values = values_at_labels(predict, samples, batch_size=2, device=torch.device("cpu"))
        told = sorted(
            (labels.places[place], round(float(theta), 4))
            for place, theta in zip(places_of(values, samples), values.observed, strict=True)
        )
        # The labels that tests/learning/scenes.py lays down.
        assert told == [
            ("a", 0.10), ("a", 0.11), ("b", 0.20), ("c", 0.30), ("c", 0.31), ("d", 0.25),
        ]  # fmt: skip
        # Elevation is 1000 + 10 row + col there, scaled from -100 to 4500: site b is at (3, 6).
        at_b = np.flatnonzero(np.isclose(values.observed, 0.20))
        assert abs(values.predicted[at_b[0]] - 1.0 - (1036.0 + 100.0) / 4600.0) < 1e-6


def test_a_validation_looks_at_no_more_samples_than_asked() -> None:
    samples = SampleSet(scene(), some_labels().patches(1), (200.0,))

    def predict(x: torch.Tensor, soil: torch.Tensor) -> Prediction:
        return Prediction(x[:, :1], None)

    values = values_at_labels(predict, samples, batch_size=2, device=torch.device("cpu"), most=3)
    # Five tile-days: the first, the middle and the last.
    assert sorted(set(values.sample.tolist())) == [0, 2, 4]


def test_tiles_without_any_covariate_do_not_train_and_are_told() -> None:
    whole = scene()
    empty = {name: values.copy() for name, values in whole.land.values.items()}  # type: ignore[attr-defined]
    for values in empty.values():
        values[0:16, 0:16] = np.nan  # tile 0, where sites a and b have labels on two days
    bare = replace(whole, land=replace(whole.land, values=empty))  # type: ignore[type-var]
    labels = some_labels()
    inputs = CampaignSamples(
        Campaign(name="bare", region={"place": "Colorado"}, years=(2023,)),  # type: ignore[arg-type]
        bare, {SIMULATED: labels}, {SIMULATED: dict.fromkeys(labels.used_places, "train")}, {},
    )  # fmt: skip
    samples = on_land(inputs, SIMULATED, "train")
    assert 0 not in samples.patches.tile
    assert len(samples) == len(labels.patches(1)) - 2
    assert "1 tiles without any covariate left out, with their 2 samples" in inputs.notes[0]
