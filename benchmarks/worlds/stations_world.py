"""Mixing simulated labels with a few stations, on a land where the simulator's error is known.

Truth is the engine with the soil's own textures and the true weather. The simulator is the same
engine with sandier soils and too little rain, so its labels are too dry, everywhere and by an
amount that depends on soil and weather. Stations read the truth with noise and an offset of their
own. Networks learn from both in all proportions and are scored at stations left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from rootzone._shared.arrays import Float32Array, FloatArray, IntArray
from rootzone.campaign.learning_section import Learning
from rootzone.labels.splits import TEST, TRAIN, VALIDATION
from rootzone.networks.families.unet import ModelConfig
from rootzone.networks.mixing import SIMULATED, STATION
from rootzone.networks.run_training import RunOptions, new_network, train
from rootzone.networks.settings import TrainSettings

from .landscape import Landscape, WorldSettings, make_landscape
from .recovery import LABEL_SHARE, Scores, evenly, split_dates
from .samples import Labels, WorldSamples, predict_places
from .truth import Bias, theta_at

PROBABILITIES: Final = (0.0, 0.2, 0.5, 0.8, 1.0)
SEEDS: Final = (1, 2, 3)
_VALIDATION_DATES: Final = 10


@dataclass(frozen=True)
class MixingSettings:
    """One table.

    Attributes
    ----------
    world : WorldSettings
        The landscape.
    bias : Bias
        How the simulator's inputs differ from the truth.
    stations : tuple of int
        Stations to train on, to choose the best epoch with, and left out.
    noise, offset : float
        Standard deviation of a station's daily noise and of its lasting offset [m3 m-3].
    widths, steps, epochs, batch_size, learning_rate, loss
        As in `recovery.RecoverySettings`.
    test_dates : int
        Dates scored at the stations left out; none of them was trained on.
    """

    world: WorldSettings = field(default_factory=lambda: WorldSettings(tiles=12, contrast=1.4))
    bias: Bias = field(default_factory=lambda: Bias(ln_sand=0.8, rain_factor=0.65))
    stations: tuple[int, int, int] = (30, 10, 40)
    noise: float = 0.01
    offset: float = 0.01
    widths: tuple[int, ...] = (8, 16, 32)
    steps: int = 800
    epochs: int = 8
    batch_size: int = 4
    learning_rate: float = 3e-3
    loss: Learning = field(default_factory=lambda: Learning(physics="none"))
    test_dates: int = 15


@dataclass(frozen=True)
class StationsWorld:
    """A landscape with simulated labels and stations."""

    land: Landscape
    simulated: Labels
    stations: dict[str, Labels]
    truth: Float32Array
    """true water content at the stations left out (station, date)"""
    simulated_there: Float32Array
    """what the simulator says at the stations left out"""
    dates: dict[str, IntArray]


def prepare_stations(settings: MixingSettings) -> StationsWorld:
    """Draw the landscape, run engine and simulator, and read the stations."""
    land = make_landscape(settings.world)
    side = settings.world.side_px
    rng = np.random.default_rng([settings.world.seed, 4])
    n_label, n_station = round(LABEL_SHARE * side * side), sum(settings.stations)
    drawn = rng.choice(side * side, n_label + n_station, replace=False)
    row, col = np.divmod(drawn, side)
    at = slice(n_label, None)
    truth = theta_at(land, row[at], col[at])
    simulated = theta_at(land, row, col, settings.bias)
    offset = settings.offset * rng.standard_normal((n_station, 1))
    read = truth + offset + settings.noise * rng.standard_normal(truth.shape)
    observed = Labels(row[at], col[at], np.clip(read, 0.0, 1.0).astype(np.float32))
    ends = np.cumsum(settings.stations)
    parts = dict(
        zip((TRAIN, VALIDATION, TEST), np.split(np.arange(n_station), ends[:-1]), strict=True)
    )
    return StationsWorld(
        land,
        Labels(row[:n_label], col[:n_label], simulated[:n_label]),
        {name: observed.at(part) for name, part in parts.items()},
        truth[parts[TEST]],
        simulated[at][parts[TEST]],
        split_dates(land, "season_dates", settings.world.seed),
    )


@dataclass(frozen=True)
class MixedRun:
    """Figures of one network at the stations left out."""

    probability: float
    seed: int
    observed: Scores
    truth: Scores


def run_mix(
    world: StationsWorld, settings: MixingSettings, probability: float, seed: int, folder: Path
) -> MixedRun:
    """Train one network and score it at the stations left out, on dates not trained on.

    All networks have the same steps, the same validation stations and, for one seed, the same
    first weights; the share of simulated batches alone differs.
    """
    land, dates = world.land, world.dates
    sources: Any = {
        SIMULATED: WorldSamples(land, world.simulated, dates[TRAIN]),
        STATION: WorldSamples(land, world.stations[TRAIN], dates[TRAIN]),
    }
    chosen = evenly(dates[VALIDATION], _VALIDATION_DATES)
    validation: Any = WorldSamples(land, world.stations[VALIDATION], chosen)
    network = new_network(
        ModelConfig.reading("unet_a", len(land.spec), widths=settings.widths), seed
    )
    changes = {
        "epochs": settings.epochs, "steps_per_epoch": settings.steps // settings.epochs,
        "batch_size": settings.batch_size, "learning_rate": settings.learning_rate,
        "simulated_batch_probability": probability,
    }  # fmt: skip
    training = TrainSettings.of(settings.loss.model_copy(update=changes), seed)
    result = train(network, sources, validation, training, folder, options=RunOptions(fresh=True))
    network.load_state_dict(result.weights)
    test, scored = world.stations[TEST], evenly(dates[TEST], settings.test_dates)
    predicted = predict_places(network, land, test.row, test.col, scored)
    return MixedRun(
        probability,
        seed,
        Scores.of(predicted, test.theta[:, scored]),
        Scores.of(predicted, world.truth[:, scored]),
    )


def simulator_scores(world: StationsWorld, settings: MixingSettings) -> tuple[Scores, Scores]:
    """The simulator's own figures at the stations left out, against stations and truth."""
    scored = evenly(world.dates[TEST], settings.test_dates)
    said = world.simulated_there[:, scored]
    observed = world.stations[TEST].theta[:, scored]
    return Scores.of(said, observed), Scores.of(said, world.truth[:, scored])


def table_of(runs: Sequence[MixedRun]) -> dict[float, dict[str, tuple[float, float]]]:
    """Mean and standard deviation over seeds of each figure, by share of simulated batches."""
    out: dict[float, dict[str, tuple[float, float]]] = {}
    for probability in sorted({run.probability for run in runs}):
        rows = [run for run in runs if run.probability == probability]
        figures: dict[str, FloatArray] = {
            name: np.array([getattr(run.observed, name) for run in rows])
            for name in ("mae", "rmse", "bias", "r2")
        }
        figures["rmse_truth"] = np.array([run.truth.rmse for run in rows])
        out[probability] = {
            name: (float(values.mean()), float(values.std(ddof=1)) if values.size > 1 else 0.0)
            for name, values in figures.items()
        }
    return out
