"""Recovery of a whole field from 0.17 % of its pixels.

A made-up landscape gives the truth at any pixel. Labels lie at the paper's density; a network and
LightGBM learn from them on the training dates, and both are scored at pixels without a label, on
dates that neither has seen.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from rootzone._shared.arrays import AnyArray, Float32Array, FloatArray, IntArray
from rootzone.campaign.learning_section import Learning
from rootzone.labels.splits import TEST, TRAIN, VALIDATION, blocked_dates, season_dates
from rootzone.networks.families.unet import ModelConfig
from rootzone.networks.mixing import SIMULATED
from rootzone.networks.models import n_parameters
from rootzone.networks.run_training import RunOptions, new_network, train
from rootzone.networks.settings import TrainSettings

from .landscape import (
    Landscape,
    WorldSettings,
    make_landscape,
)
from .samples import Labels, WorldSamples, predict_places
from .truth import theta_at

LABEL_SHARE: Final = 0.0017  # 500,000 sites on the 73,200 tiles of Colorado
_VALIDATION_DATES: Final = 4
_CURVE_DATES: Final = 4


@dataclass(frozen=True)
class RecoverySettings:
    """One experiment.

    Attributes
    ----------
    world : WorldSettings
        The landscape.
    widths : tuple of int
        Channels of the network's encoder blocks.
    steps, batch_size, epochs : int
        Steps of training, tiles in each, and epochs they are divided into.
    learning_rate : float
        At the start; it falls as a cosine.
    loss : Learning
        Terms of the loss.
    split : str
        "season_dates", the paper's random dates, or "blocked_dates" of 15 days, which leak less.
    unlabelled : int
        Pixels without a label that are scored.
    test_dates : int
        Unseen dates that are scored, evenly spread over them.
    """

    world: WorldSettings = field(default_factory=lambda: WorldSettings(tiles=12))
    widths: tuple[int, ...] = (16, 32, 64)
    steps: int = 2000
    batch_size: int = 8
    learning_rate: float = 3e-3
    loss: Learning = field(default_factory=lambda: Learning(psi_space="log"))
    split: str = "season_dates"
    unlabelled: int = 3000
    test_dates: int = 30
    epochs: int = 10


@dataclass(frozen=True)
class Scores:
    """Figures over pixels and dates [m3 m-3], and the coefficient of determination."""

    r2: float
    mae: float
    rmse: float
    bias: float

    @classmethod
    def of(cls, predicted: AnyArray, truth: AnyArray) -> Scores:
        """Pooled figures; R2 is 1 - SSE / SST."""
        error = np.asarray(predicted, np.float64) - np.asarray(truth, np.float64)
        spread = np.sum((truth - np.mean(truth, dtype=np.float64)) ** 2, dtype=np.float64)
        return cls(
            float(1.0 - np.sum(error**2) / spread),
            float(np.abs(error).mean()),
            float(np.sqrt(np.mean(error**2))),
            float(error.mean()),
        )


@dataclass(frozen=True)
class Setup:
    """A landscape with labels, and pixels and dates to be scored on."""

    land: Landscape
    labels: Labels
    hidden: Labels
    dates: dict[str, IntArray]
    scored: IntArray


def prepare(settings: RecoverySettings) -> Setup:
    """Draw the landscape, choose the pixels and compute the truth at them."""
    land = make_landscape(settings.world)
    side = settings.world.side_px
    rng = np.random.default_rng([settings.world.seed, 3])
    n_label = round(LABEL_SHARE * side * side)
    drawn = rng.choice(side * side, n_label + settings.unlabelled, replace=False)
    row, col = np.divmod(drawn, side)
    theta = theta_at(land, row, col)
    everywhere = Labels(row, col, theta)
    dates = split_dates(land, settings.split, settings.world.seed)
    return Setup(
        land,
        everywhere.at(np.arange(n_label)),
        everywhere.at(np.arange(n_label, drawn.size)),
        dates,
        evenly(dates[TEST], settings.test_dates),
    )


def split_dates(land: Landscape, split: str, seed: int) -> dict[str, IntArray]:
    """Positions of the dates of each part."""
    days: list[dt.date] = land.dates.astype(dt.date).tolist()
    part = season_dates(days, seed) if split == "season_dates" else blocked_dates(days, seed)
    names = np.array([part.get(day, "") for day in days])
    return {name: np.flatnonzero(names == name) for name in (TRAIN, VALIDATION, TEST)}


def evenly(values: IntArray, most: int) -> IntArray:
    """At most so many of them, evenly spread."""
    if values.size <= most:
        return values
    return values[np.linspace(0, values.size - 1, most).round().astype(np.int64)]


@dataclass(frozen=True)
class NetworkRun:
    """A trained network, how it did, and how it got there."""

    network: torch.nn.Module
    scores: Scores
    curve: list[dict[str, float]]
    n_parameters: int
    seconds: float
    predicted: FloatArray


def train_network(
    setup: Setup, settings: RecoverySettings, folder: Path, seed: int = 3
) -> NetworkRun:
    """Train on the labels and score at the hidden pixels.

    The curve holds the error at hidden pixels on a few unseen dates after every epoch; the weights
    kept are those of the best validation, on labelled pixels of the validation dates.
    """
    land, dates = setup.land, setup.dates
    samples: Any = WorldSamples(land, setup.labels, dates[TRAIN])
    validation: Any = WorldSamples(land, setup.labels, evenly(dates[VALIDATION], _VALIDATION_DATES))
    config = ModelConfig.reading("unet_a", len(land.spec), widths=settings.widths)
    network = new_network(config, seed)
    changes = {
        "epochs": settings.epochs, "steps_per_epoch": settings.steps // settings.epochs,
        "batch_size": settings.batch_size, "learning_rate": settings.learning_rate,
        "simulated_batch_probability": 1.0,
    }  # fmt: skip
    training = TrainSettings.of(settings.loss.model_copy(update=changes), seed)
    curve: list[dict[str, float]] = []
    watch = _watcher(setup, network, settings.steps // settings.epochs, curve)
    started = time.perf_counter()
    result = train(
        network, {SIMULATED: samples}, validation, training, folder,
        options=RunOptions(after_step=watch, fresh=True),
    )  # fmt: skip
    seconds = time.perf_counter() - started
    network.load_state_dict(result.weights)
    predicted = predict_places(network, land, setup.hidden.row, setup.hidden.col, setup.scored)
    scores = Scores.of(predicted, setup.hidden.theta[:, setup.scored])
    return NetworkRun(network, scores, curve, n_parameters(network), seconds, predicted)


def _watcher(
    setup: Setup, network: torch.nn.Module, every: int, curve: list[dict[str, float]]
) -> Callable[[int], None]:
    """Scores the hidden pixels on a few unseen dates, at the end of every epoch."""
    hidden, dates = setup.hidden, evenly(setup.dates[TEST], _CURVE_DATES)

    def watch(step: int) -> None:
        if step % every:
            return
        predicted = predict_places(network, setup.land, hidden.row, hidden.col, dates)
        scores = Scores.of(predicted, hidden.theta[:, dates])
        curve.append({"step": step, "r2": scores.r2, "mae": scores.mae})
        network.train()

    return watch


@dataclass(frozen=True)
class BoostedRun:
    """LightGBM on the same 20 features at the labelled pixels."""

    scores: Scores
    trees: int
    seconds: float


def train_boosted(setup: Setup, seed: int = 3, threads: int = 1) -> BoostedRun:
    """Train LightGBM on every label of the training dates, stop it on the validation dates."""
    import lightgbm

    labels, dates = setup.labels, setup.dates
    started = time.perf_counter()
    fit = lightgbm.Dataset(*_table(setup.land, labels, dates[TRAIN]))
    held = lightgbm.Dataset(*_table(setup.land, labels, dates[VALIDATION]), reference=fit)
    options: dict[str, Any] = {
        "objective": "regression", "learning_rate": 0.05, "num_leaves": 127,
        "min_data_in_leaf": 40, "feature_fraction": 0.8, "bagging_fraction": 0.8,
        "bagging_freq": 1, "seed": seed, "num_threads": threads, "verbosity": -1,
        "deterministic": True,
    }  # fmt: skip
    stop = lightgbm.early_stopping(50, verbose=False)
    booster = lightgbm.train(options, fit, 1500, valid_sets=[held], callbacks=[stop])
    features, truth = _table(setup.land, setup.hidden, setup.scored)
    predicted = booster.predict(features, num_threads=threads)
    seconds = time.perf_counter() - started
    return BoostedRun(Scores.of(predicted, truth), int(booster.best_iteration), seconds)


def _table(land: Landscape, labels: Labels, dates: IntArray) -> tuple[Float32Array, Float32Array]:
    """Features and water content of every place on every date."""
    place, when = np.meshgrid(np.arange(labels.row.size), dates, indexing="ij")
    at = place.ravel()
    features = land.features(labels.row[at], labels.col[at], when.ravel())
    return features, labels.theta[:, dates].ravel()
