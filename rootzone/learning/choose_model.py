"""Which model a campaign takes when it says ``auto``: the one that is best at places left out.

A quarter of the training places is put aside, every candidate is trained on most of the others
(some choose the best epoch), and the mean absolute error at the places put aside decides. The test
part of the campaign's split is not looked at. The winner is then trained on all training places,
and its errors at the places put aside, which it had not seen, give the width of its interval.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray, IntArray
from rootzone._shared.errors import RequestError
from rootzone.labels.splits import TEST, TRAIN, VALIDATION, Fractions, left_out
from rootzone.learning.evaluation.predict_labels import predict_labels
from rootzone.learning.grow import grown, takes_steps
from rootzone.learning.samples.batches import SampleSet
from rootzone.networks.bundle import bundle_in_memory
from rootzone.networks.families import Shape, config_of
from rootzone.networks.run_training import RunOptions, TrainResult, new_network, train
from rootzone.networks.settings import TrainSettings

if TYPE_CHECKING:
    from rootzone.learning.samples.label_index import GridLabels
    from rootzone.learning.samples.open_samples import CampaignSamples

_FRACTIONS: Final = Fractions(0.6, 0.15, 0.25)
_FEWEST: Final = 6  # places
_MOST_JUDGED: Final = 4000  # labels each candidate is held against


@dataclass(frozen=True)
class HeldOut:
    """What a candidate said at the places put aside.

    Parameters
    ----------
    observed, predicted : array, shape (value,)
        Water content [m3 m-3].
    place : array of int, shape (value,)
        Place of each value.
    date : array of datetime64[D], shape (value,)
        Its day.
    """

    observed: FloatArray
    predicted: FloatArray
    place: IntArray
    date: AnyArray


@dataclass(frozen=True)
class Choice:
    """What was tried.

    Parameters
    ----------
    chosen : str
        The model that is taken.
    mae : dict of str to float
        Mean absolute error of each candidate at the places put aside, each place counting once
        [m3 m-3].
    lead, lead_se : float
        Mean over places of the next candidate's error less the winner's, and its standard error
        [m3 m-3]; 0 and NaN where there is no other.
    places, values : int
        Places put aside, and values there.
    source : str
        Whose labels judged.
    held_out : HeldOut
        The winner's errors.
    """

    chosen: str
    mae: dict[str, float]
    lead: float
    lead_se: float
    places: int
    values: int
    source: str
    held_out: HeldOut

    def words(self) -> str:
        """The choice in a sentence."""
        order = sorted(self.mae, key=lambda name: self.mae[name])
        told = ", ".join(f"{name} {self.mae[name]:.4f}" for name in order)
        by = ""
        if len(order) > 1:
            by = (
                f", {self.lead:.4f} m3 m-3 (standard error over places {self.lead_se:.4f}) better "
                f"than {order[1]},"
            )
        return (
            f"learning.model: auto takes {self.chosen}{by} at {self.places} {self.source} places "
            f"left out ({self.values} values; mean absolute errors: {told})"
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON values, for the bundle."""
        return {
            "chosen": self.chosen, "mae": self.mae, "lead": self.lead,
            "lead_se": self.lead_se if np.isfinite(self.lead_se) else None,
            "places": self.places, "values": self.values, "source": self.source,
        }  # fmt: skip


def places_apart(places: Sequence[Hashable], seed: int, source: str) -> dict[Any, str]:
    """Part of each training place in the choice: 60 % to fit, 15 % for the epoch, 25 % to judge.

    Raises
    ------
    RequestError
        There are too few places to put some aside.
    """
    if len(places) < _FEWEST:
        raise RequestError(
            f"learning.model: auto puts a quarter of the places aside and needs {_FEWEST}; there "
            f"are {len(places)} {source} places to train on. Name a model."
        )
    return left_out(places, seed, _FRACTIONS)


def best_of(
    said: Mapping[str, FloatArray],
    observed: FloatArray,
    place: IntArray,
    date: AnyArray,
    source: str,
) -> Choice:
    """The candidate with the smallest mean absolute error at the places put aside.

    Parameters
    ----------
    said : mapping of str to array, shape (value,)
        What each candidate says [m3 m-3].
    observed, place, date : array, shape (value,)
        Labels, their places and days.
    source : str
        Whose labels they are.

    Raises
    ------
    RequestError
        No candidate has a value at any of them.

    Examples
    --------
    Two places; one candidate is off by .01 and .03, the other by .02 and .06, so the lead is .01
    and .03, .02 on average, with a standard error of .01:

    >>> observed, place = np.array([0.2, 0.2]), np.array([0, 1])
    >>> said = {"a": np.array([0.21, 0.23]), "b": np.array([0.22, 0.26])}
    >>> found = best_of(said, observed, place, np.zeros(2, "datetime64[D]"), "station")
    >>> found.chosen, round(found.lead, 6), round(found.lead_se, 6)
    ('a', 0.02, 0.01)
    """
    each = {name: _by_place(np.abs(theta - observed), place) for name, theta in said.items()}
    mae = {name: float(np.nanmean(off)) for name, off in each.items() if np.isfinite(off).any()}
    if not mae:
        raise RequestError(
            f"learning.model: auto found no candidate with a value at the {source} places it put "
            "aside. Name a model."
        )
    order = sorted(mae, key=lambda name: mae[name])
    lead, error = 0.0, float("nan")
    if len(order) > 1:
        apart = each[order[1]] - each[order[0]]
        apart = apart[np.isfinite(apart)]
        lead = float(apart.mean()) if apart.size else 0.0
        error = float(apart.std(ddof=1) / np.sqrt(apart.size)) if apart.size > 1 else error
    held = HeldOut(observed, said[order[0]], place, date)
    places = int(np.unique(place).size)
    return Choice(order[0], mae, lead, error, places, int(observed.size), source, held)


def _by_place(values: FloatArray, place: IntArray) -> FloatArray:
    """Mean of each place's values; NaN where it has none."""
    _, code = np.unique(place, return_inverse=True)
    known = np.isfinite(values)
    count = np.bincount(code, known)
    sums = np.bincount(code, np.where(known, values, 0.0))
    return np.asarray(np.where(count > 0, sums / np.maximum(count, 1), np.nan))


def choose_model(
    inputs: CampaignSamples,
    folder: Path,
    how: RunOptions,
    say: Callable[[str], None],
    *,
    epochs: int | None = None,
    seed: int | None = None,
) -> Choice:
    """Train every candidate on a part of the training places and hold it against the others.

    Parameters
    ----------
    inputs : CampaignSamples
        The campaign's samples; their test part is not looked at.
    folder : Path
        Gets the candidates' logs and checkpoints, so that a killed choice goes on.
    how : RunOptions
        Device, progress.
    say : callable
        Told what is being done.
    epochs, seed : int, optional
        In place of the campaign's.

    Raises
    ------
    RequestError
        There are too few places to put some aside.
    """
    training = {name: inputs.labels[name].part(inputs.parts[name], TRAIN) for name in inputs.labels}
    told = training[inputs.judge]
    split = inputs.campaign.seeds.split
    parts = places_apart(told.used_places, split, inputs.judge)
    fit = {**training, inputs.judge: told.part(parts, TRAIN)}
    best_by, judge = told.part(parts, VALIDATION), told.part(parts, TEST)
    if len(judge) > _MOST_JUDGED:
        keep = np.zeros(len(judge), dtype=bool)
        keep[np.linspace(0, len(judge) - 1, _MOST_JUDGED).round().astype(int)] = True
        judge = judge.chosen(keep)
    said = {}
    for name in inputs.campaign.learning.candidates:
        say(f"auto: trying {name}")
        learning = inputs.campaign.learning.model_copy(update={"model": name})
        own = replace(inputs, campaign=inputs.campaign.model_copy(update={"learning": learning}))
        result, config = _fitted(own, fit, best_by, folder / name, how, epochs, seed)
        bundle = bundle_in_memory(
            [result.weights], config, inputs.scene.spec, inputs.depths_mm, how.device
        )
        said[name] = predict_labels(bundle, inputs.scene, judge).theta
    observed = judge.theta.astype(np.float64)
    return best_of(said, observed, judge.place.astype(np.int64), judge.date, inputs.judge)


def _fitted(
    inputs: CampaignSamples,
    fit: Mapping[str, GridLabels],
    best_by: GridLabels,
    folder: Path,
    how: RunOptions,
    epochs: int | None,
    seed: int | None,
) -> tuple[TrainResult, Shape]:
    """A candidate trained on some places."""
    learning = inputs.campaign.learning
    settings = TrainSettings.of(learning, inputs.campaign.seeds.learning if seed is None else seed)
    settings = settings if epochs is None else settings.model_copy(update={"epochs": epochs})
    config = config_of(learning, len(inputs.scene.spec), len(inputs.depths_mm))
    if not takes_steps(config):
        share = learning.simulated_batch_probability
        return grown(config, inputs.scene, fit, simulated_share=share, seed=settings.seed), config

    def samples(labels: GridLabels) -> SampleSet:
        return SampleSet(inputs.scene, labels.patches(1), inputs.depths_mm, learning.crop_halo_px)

    sources = {name: samples(labels) for name, labels in fit.items()}
    identity = {"digests": inputs.digests, "choice": True}
    network = new_network(config, settings.seed)
    validation = samples(best_by)
    fitted = train(network, sources, validation, settings, folder, identity=identity, options=how)
    return fitted, config
