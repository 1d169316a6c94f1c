from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rootzone._shared.errors import RequestError, RootzoneError, StoppedEarly
from rootzone.networks.mixing import SIMULATED, STATION
from rootzone.networks.run_log import read_log
from rootzone.networks.run_training import (
    RunOptions,
    TrainResult,
    checkpoint_of,
    new_network,
    train,
)
from rootzone.networks.settings import TrainSettings
from rootzone.networks.train_progress import TrainProgress
from tests.learning.made_up_samples import TINY, MadeUpSamples

# The dropout of this network makes torch's own random state count as well.
DROPPING = replace(TINY, dropout=0.3)
SETTINGS = TrainSettings(
    epochs=3, batch_size=4, learning_rate=5e-3, simulated_batch_probability=0.5, seed=5,
    lambda_bound="balanced",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def _sources() -> dict[str, Any]:
    return {SIMULATED: MadeUpSamples(22, seed=1), STATION: MadeUpSamples(10, seed=2, offset=0.02)}


def _train(folder: Path, settings: TrainSettings = SETTINGS, **changes: Any) -> TrainResult:
    given: dict[str, Any] = {"sources": _sources(), "validation": MadeUpSamples(6, seed=3)}
    given |= changes
    network = new_network(given.pop("config", DROPPING), settings.seed)
    return train(network, settings=settings, folder=folder, **given)


def _digest(result: TrainResult) -> list[bytes]:
    return [value.contiguous().numpy().tobytes() for value in result.weights.values()]


def test_training_learns_what_the_labels_say(tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={
        "epochs": 40, "learning_rate": 2e-2, "physics": "none",
        "simulated_batch_probability": 0.0,
    })  # fmt: skip
    result = _train(tmp_path, settings, config=TINY, sources={STATION: MadeUpSamples(24, seed=1)})
    # The labels' own spread is that of 0.2 times a uniform number: 0.2 / sqrt(12) = 0.058.
    assert result.best_rmse < 0.75 * 0.2 / np.sqrt(12)
    assert result.history[0]["validation_rmse"] > result.best_rmse


def test_an_epoch_is_a_row_of_the_log_with_loss_weights_and_validation(tmp_path: Path) -> None:
    _train(tmp_path)
    rows = read_log(tmp_path / "log.csv")
    assert [row["epoch"] for row in rows] == ["0", "1", "2"]
    # 22 tiles in batches of 4 are 6 steps an epoch.
    assert [row["step"] for row in rows] == ["6", "12", "18"]
    for row in rows:
        assert int(row["simulated_batches"]) + int(row["station_batches"]) == 6
        assert float(row["loss"]) > 0
        assert float(row["validation_rmse"]) > 0
    # Alpha falls linearly from 1: its mean over the steps t = 0..5 of 18 is 1 - 2.5 / 18.
    assert float(rows[0]["data_weight"]) == pytest.approx(1 - 2.5 / 18, abs=1e-5)


def test_the_best_epoch_is_that_of_the_lowest_validation(tmp_path: Path) -> None:
    result = _train(tmp_path)
    rmse = [row["validation_rmse"] for row in result.history]
    assert result.best_epoch == int(np.argmin(rmse))
    assert result.best_rmse == min(rmse)


def test_the_same_call_gives_the_same_weights(tmp_path: Path) -> None:
    assert _digest(_train(tmp_path / "a")) == _digest(_train(tmp_path / "b"))


def test_another_seed_gives_other_weights(tmp_path: Path) -> None:
    one = _train(tmp_path / "a")
    assert _digest(one) != _digest(_train(tmp_path / "b", SETTINGS.model_copy(update={"seed": 6})))


def test_a_finished_run_is_not_trained_again(tmp_path: Path) -> None:
    first = _train(tmp_path)
    again = MadeUpSamples(22, seed=1)
    second = _train(tmp_path, sources={**_sources(), SIMULATED: again})
    assert again.asked == []
    assert _digest(first) == _digest(second)


class _KilledError(Exception):
    pass


@pytest.mark.parametrize("at", [1, 6, 8, 17])
def test_a_run_that_dies_goes_on_to_the_same_weights(tmp_path: Path, at: int) -> None:
    undisturbed = _train(tmp_path / "a")

    def die(step: int) -> None:
        if step == at:
            raise _KilledError

    # A checkpoint after every step, so that the resumed run starts inside an epoch.
    every_step = RunOptions(checkpoint_minutes=0.0, after_step=die)
    with pytest.raises(_KilledError):
        _train(tmp_path / "b", options=every_step)
    assert _digest(_train(tmp_path / "b")) == _digest(undisturbed)


_SCRIPT = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {root!r})
import torch
torch.set_num_threads(1)
from tests.networks.test_run_training import _train
from rootzone.networks.run_training import RunOptions
def die(step):
    if step == 9:
        os.kill(os.getpid(), signal.SIGKILL)
_train(Path(sys.argv[1]), options=RunOptions(checkpoint_minutes=0.0, after_step=die))
"""


def test_a_run_killed_by_sigkill_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    undisturbed = _train(tmp_path / "a")
    root = str(Path(__file__).resolve().parents[2])
    killed = subprocess.run(
        [sys.executable, "-c", _SCRIPT.format(root=root), str(tmp_path / "b")], check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert checkpoint_of(tmp_path / "b").exists()
    assert _digest(_train(tmp_path / "b")) == _digest(undisturbed)


def test_a_signal_stops_between_steps_and_the_same_call_goes_on(tmp_path: Path) -> None:
    undisturbed = _train(tmp_path / "a")

    def ask(step: int) -> None:
        if step == 7:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(StoppedEarly, match=r"SIGTERM after step 7 of 18") as stopped:
        _train(tmp_path / "b", options=RunOptions(after_step=ask))
    assert stopped.value.exit_code == 4
    assert _digest(_train(tmp_path / "b")) == _digest(undisturbed)


def test_a_resumed_run_draws_the_batches_the_other_would_have(tmp_path: Path) -> None:
    whole = _sources()
    _train(tmp_path / "a", sources=whole)

    def die(step: int) -> None:
        if step == 8:
            raise _KilledError

    first, rest = _sources(), _sources()
    with pytest.raises(_KilledError):
        _train(
            tmp_path / "b",
            sources=first,
            options=RunOptions(after_step=die, checkpoint_minutes=0.0),
        )
    _train(tmp_path / "b", sources=rest)
    for name in (SIMULATED, STATION):
        n = len(first[name].asked)
        # The checkpoint after step 7 is the last one written, so step 8 is drawn twice.
        drawn = [*first[name].asked, *rest[name].asked]
        doubled = len(drawn) - len(whole[name].asked)
        assert [*first[name].asked[: n - doubled], *rest[name].asked] == whole[name].asked


def test_a_checkpoint_of_other_settings_is_refused(tmp_path: Path) -> None:
    _train(tmp_path)
    with pytest.raises(
        RequestError, match=r"settings\.learning_rate was 0\.005, now 0\.1.*--fresh"
    ):
        _train(tmp_path, SETTINGS.model_copy(update={"learning_rate": 0.1}))


def test_a_checkpoint_of_other_features_is_refused(tmp_path: Path) -> None:
    _train(tmp_path, identity={"feature_spec": "aa"})
    with pytest.raises(RequestError, match=r"feature_spec was aa, now bb"):
        _train(tmp_path, identity={"feature_spec": "bb"})


def test_a_fresh_run_puts_the_checkpoint_aside(tmp_path: Path) -> None:
    _train(tmp_path)
    other = SETTINGS.model_copy(update={"learning_rate": 0.1})
    fresh = _train(tmp_path, other, options=RunOptions(fresh=True))
    assert _digest(fresh) == _digest(_train(tmp_path / "b", other))


def test_each_network_of_a_progress_begins_anew(tmp_path: Path) -> None:
    class Counted(TrainProgress):
        begun = 0

        def begin(self) -> None:
            self.begun += 1
            super().begin()

    with Counted(io.StringIO()) as progress:
        for name in ("a", "b"):  # as the candidates and folds of learning.model: auto
            _train(tmp_path / name, options=RunOptions(progress=progress))
    assert progress.begun == 2


def test_patience_ends_a_run_that_gets_no_better(tmp_path: Path) -> None:
    # With a step size of next to nothing no epoch is much better than the first ones.
    settings = SETTINGS.model_copy(
        update={"epochs": 40, "patience_epochs": 2, "learning_rate": 1e-12, "weight_decay": 0}
    )
    far = MadeUpSamples(6, seed=3, offset=5.0)
    result = _train(tmp_path, settings, validation=far)
    assert result.stopped_early
    assert len(result.history) == result.best_epoch + 1 + 2


def test_with_one_source_every_batch_is_drawn_from_it(tmp_path: Path) -> None:
    result = _train(tmp_path, sources={SIMULATED: MadeUpSamples(8, seed=1)})
    assert all(row["station_batches"] == 0 for row in result.history)


@pytest.mark.parametrize("source", [SIMULATED, STATION])
def test_with_one_source_a_falling_chance_draws_from_it_to_the_end(
    tmp_path: Path, source: str
) -> None:
    settings = SETTINGS.model_copy(update={"mixing_schedule": "linear"})
    result = _train(tmp_path, settings, sources={source: MadeUpSamples(8, seed=1)})
    # 8 samples in batches of 4: two an epoch.
    assert [row[f"{source}_batches"] for row in result.history] == [2, 2, 2]


def test_a_chance_that_falls_from_one_comes_to_stations(tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(
        update={"simulated_batch_probability": 1.0, "mixing_schedule": "linear"}
    )
    last = _train(
        tmp_path, settings.model_copy(update={"steps_per_epoch": 10}), config=TINY
    ).history[-1]
    # Over the last third the chance of a simulated batch is 1/3 at most: few of 10.
    assert last["station_batches"] > last["simulated_batches"]


def test_bf16_trains_and_stays_near_fp32(tmp_path: Path) -> None:
    fp32 = _train(tmp_path / "a", config=TINY)
    bf16 = _train(tmp_path / "b", SETTINGS.model_copy(update={"precision": "bf16"}), config=TINY)
    # bfloat16 keeps 8 bits: 0.4 % of each value.
    assert bf16.best_rmse == pytest.approx(fp32.best_rmse, rel=0.1)
    assert _digest(fp32) != _digest(bf16)


def test_a_batch_without_labels_is_refused_with_its_tiles_and_dates(tmp_path: Path) -> None:
    empty = MadeUpSamples(4, seed=1)
    empty.mask[:] = False
    with pytest.raises(RequestError, match=r"no labels.*tiles \[.*\] on 2023-07-01"):
        _train(tmp_path, sources={STATION: empty})


def test_a_loss_that_is_no_number_stops_the_run(tmp_path: Path) -> None:
    wild = SETTINGS.model_copy(update={"learning_rate": 1.0, "clip_norm": 0.0})
    broken = MadeUpSamples(4, seed=1)
    broken.x[:] = np.inf
    with pytest.raises(RootzoneError, match=r"not finite at tiles"):
        _train(tmp_path, wild, sources={STATION: broken})


def test_no_samples_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="no samples to train on"):
        _train(tmp_path, sources={STATION: MadeUpSamples(0, seed=1)})
    with pytest.raises(RequestError, match="no samples to validate"):
        _train(tmp_path, validation=MadeUpSamples(0, seed=1))
