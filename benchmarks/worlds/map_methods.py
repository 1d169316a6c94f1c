"""What can be learnt on a world of `map_world`: every candidate of ``auto``, fitted and mapped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from rootzone._shared.arrays import FloatArray, IntArray
from rootzone.campaign.learning_section import Learning
from rootzone.labels.splits import PARTS, TEST, TRAIN, VALIDATION
from rootzone.learning.evaluation.baselines import PARAMETERS, ROUNDS
from rootzone.learning.race import Choice, HeldOut, folds_of, race
from rootzone.learning.trust import TrainingSites
from rootzone.networks.families import config_of
from rootzone.networks.mixing import SIMULATED, STATION
from rootzone.networks.run_training import RunOptions, new_network, train
from rootzone.networks.settings import TrainSettings

from .landscape import TILE_PX, Landscape
from .map_world import MapWorld
from .recovery import evenly
from .samples import Labels, WorldSamples

WITH_PHYSICS: Final = ("physics", "trees_physics", "unet_residual")
_TREES: Final = ("trees", "trees_physics")
_JUDGED_DATES: Final = 40
_VALIDATION_DATES: Final = 8
_BLOCK: Final = 65_536  # pixels that trees take at a time


@dataclass(frozen=True)
class MethodSettings:
    """How the networks are trained; trees are those of the product.

    Parameters
    ----------
    widths, steps, epochs, batch_size, learning_rate
        As in `recovery.RecoverySettings`.
    simulated_share : float
        Weight of simulated labels where there are stations.
    folds : int
        In which candidates are held against each other.
    """

    widths: tuple[int, ...] = (8, 16, 32)
    steps: int = 400
    epochs: int = 8
    batch_size: int = 8
    learning_rate: float = 3e-3
    simulated_share: float = 0.2
    folds: int = Learning().auto_folds
    learning: Learning = field(default_factory=lambda: Learning(physics="none"))


@dataclass(frozen=True)
class Told:
    """What a fitted candidate says.

    Parameters
    ----------
    maps : callable
        Dates in, (date, row, column) out.
    at : callable, optional
        Places and dates in, (place, date) out, where that is cheaper than from maps.
    """

    maps: Callable[[IntArray], FloatArray]
    at: Callable[[Labels, IntArray], FloatArray] | None = None

    def at_places(self, labels: Labels, dates: IntArray) -> FloatArray:
        """Values at places, shape (place, date)."""
        if self.at is not None:
            return self.at(labels, dates)
        return self.maps(dates)[:, labels.row, labels.col].T


def fitted(
    name: str,
    world: MapWorld,
    labels: Mapping[str, Labels],
    best_by: Labels,
    best_dates: IntArray,
    settings: MethodSettings,
    seed: int,
    folder: Path,
) -> Told:
    """Fit a candidate to some labels of the training dates; what comes back makes its maps.

    Parameters
    ----------
    name : str
        What ``learning.model`` would say.
    world : MapWorld
        The world.
    labels : mapping of str to Labels
        Labels by source.
    best_by, best_dates
        Labels and dates that choose the best epoch of a network.
    settings, seed, folder
        Of the training.
    """
    land = world.land if name in WITH_PHYSICS else replace(world.land, physics=None)
    if name == "physics":
        return Told(lambda dates: world.physics[dates].astype(np.float64))
    if name in _TREES:
        return _trees(land, labels, world.dates[TRAIN], settings.simulated_share, seed)
    return _network(name, land, world, labels, (best_by, best_dates), settings, seed, folder)


def _trees(
    land: Landscape, labels: Mapping[str, Labels], dates: IntArray, share: float, seed: int
) -> Told:
    """LightGBM as the product grows it, weighted as batches are mixed."""
    import lightgbm

    shares = {SIMULATED: share, STATION: 1.0 - share} if len(labels) > 1 else {SIMULATED: 1.0}
    x, y, weight = [], [], []
    for name, own in labels.items():
        place, when = np.meshgrid(np.arange(own.row.size), dates, indexing="ij")
        at = place.ravel()
        x.append(land.features(own.row[at], own.col[at], when.ravel()))
        y.append(own.theta[:, dates].ravel())
        weight.append(np.full(at.size, shares[name] / at.size))
    weights = np.concatenate(weight) / np.concatenate(weight).mean()
    data = lightgbm.Dataset(np.concatenate(x), np.concatenate(y), weight=weights)
    parameters: dict[str, Any] = {**PARAMETERS, "seed": seed, "num_threads": 1}
    booster = lightgbm.train(parameters, data, ROUNDS)
    side = land.settings.side_px
    row, col = (axis.ravel() for axis in np.mgrid[0:side, 0:side])

    def told(wanted: IntArray) -> FloatArray:
        out = np.empty((wanted.size, row.size))
        for k, date in enumerate(wanted.tolist()):
            shown = land.features(row, col, np.full(row.size, date))
            out[k] = booster.predict(shown, num_threads=1)
        return out.reshape(wanted.size, side, side)

    def at(labels: Labels, wanted: IntArray) -> FloatArray:
        place, when = np.meshgrid(np.arange(labels.row.size), wanted, indexing="ij")
        rows = land.features(labels.row[place.ravel()], labels.col[place.ravel()], when.ravel())
        return np.asarray(booster.predict(rows, num_threads=1)).reshape(place.shape)

    return Told(told, at)


def _network(
    name: str,
    land: Landscape,
    world: MapWorld,
    labels: Mapping[str, Labels],
    best: tuple[Labels, IntArray],
    settings: MethodSettings,
    seed: int,
    folder: Path,
) -> Told:
    sources: Any = {k: WorldSamples(land, v, world.dates[TRAIN]) for k, v in labels.items()}
    validation: Any = WorldSamples(land, best[0], evenly(best[1], _VALIDATION_DATES))
    learning = settings.learning.model_copy(
        update={
            "model": name, "widths": settings.widths, "epochs": settings.epochs,
            "steps_per_epoch": settings.steps // settings.epochs,
            "batch_size": settings.batch_size, "learning_rate": settings.learning_rate,
            "simulated_batch_probability": settings.simulated_share,
        }
    )  # fmt: skip
    network = new_network(config_of(learning, land.n_channels, 1), seed)
    training = TrainSettings.of(learning, seed)
    result = train(network, sources, validation, training, folder, options=RunOptions(fresh=True))
    network.load_state_dict(result.weights)
    network.eval()
    soil = torch.from_numpy(land.soil)[None, None]
    whole = slice(None)

    def told(wanted: IntArray) -> FloatArray:
        out = []
        with torch.no_grad():
            for date in wanted.tolist():
                x = torch.from_numpy(land.window(whole, whole, date))[None]
                x = x.to(memory_format=torch.channels_last)
                out.append(network(x, soil).theta[0, 0].double().numpy())
        return np.stack(out)

    return Told(told)


def choose(
    world: MapWorld, settings: MethodSettings, names: tuple[str, ...], seed: int, folder: Path
) -> tuple[Choice, dict[str, HeldOut]]:
    """The choice of ``learning.model: auto`` on a world.

    Returns
    -------
    choice : Choice
        As the product makes it.
    said : dict of str to HeldOut
        What every candidate said at the places put aside while it was in the race.
    """
    told = world.labels[world.judge]
    tile = told.row // TILE_PX * world.land.settings.tiles + told.col // TILE_PX
    places = range(told.row.size)
    split_seed = world.land.settings.seed
    folds = folds_of(places, tile.tolist(), settings.folds, split_seed, world.judge)
    days = evenly(world.dates[TRAIN], _JUDGED_DATES)
    parts = [
        {name: np.flatnonzero([fold[k] == name for k in places]) for name in PARTS}
        for fold in folds
    ]
    judged = [_held(world, part, days) for part in parts]
    said: dict[str, list[FloatArray]] = {name: [] for name in names}

    def say(name: str, fold: int) -> FloatArray:
        own = {name: told.at(which) for name, which in parts[fold].items()}
        labels = {**world.labels, world.judge: own[TRAIN]}
        made = fitted(
            name, world, labels, own[VALIDATION], world.dates[TRAIN], settings, seed,
            folder / f"{name}-fold{fold}",
        )  # fmt: skip
        said[name].append(made.at_places(own[TEST], days).ravel())
        return said[name][-1]

    choice = race(names, judged, say, world.judge)
    each = {}
    for name, parts_said in said.items():
        where = judged[: len(parts_said)]
        columns = [
            np.concatenate([getattr(one, what) for one in where])
            for what in ("observed", "place", "date")
        ]
        each[name] = HeldOut(columns[0], np.concatenate(parts_said), columns[1], columns[2])
    return choice, each


def _held(world: MapWorld, part: Mapping[str, IntArray], days: IntArray) -> HeldOut:
    """Labels of the places put aside in a fold on some days, physics there, and how far away."""
    told, which = world.labels[world.judge], part[TEST]
    observed = told.theta[which][:, days].astype(np.float64).ravel()
    place = np.repeat(which, days.size)
    date = np.tile(world.land.dates[days], which.size)
    physics = world.physics[days][:, told.row[which], told.col[which]].T.astype(np.float64)
    near, own = (sites_at(world, told.at(part[name])) for name in (TRAIN, TEST))
    away = near.distance(own.numbers)
    return HeldOut(observed, observed, place, date, physics.ravel(), np.repeat(away, days.size))


def sites_at(world: MapWorld, labels: Labels) -> TrainingSites:
    """Land features of some places, as the trust layer has them."""
    numbers = world.land.static[:, labels.row, labels.col].T.astype(np.float64)
    return TrainingSites(numbers, np.zeros((len(numbers), 0)), np.zeros(len(numbers), dtype=bool))


def mapped(
    name: str, world: MapWorld, settings: MethodSettings, seed: int, folder: Path
) -> FloatArray:
    """Maps of a candidate fitted to all places, on the scored dates (date, row, column)."""
    own = world.labels[world.judge]
    made = fitted(
        name, world, world.labels, own, world.dates[VALIDATION], settings, seed, folder / name
    )
    return made.maps(world.scored)
