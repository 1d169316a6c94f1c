"""Which model a campaign takes when it says ``auto``: the one that is best at places left out.

A quarter of the training places is put aside, every candidate is trained on most of the others
(some choose the best epoch), and the mean absolute error at the places put aside decides. The test
part of the campaign's split is not looked at. The winner is then trained on all training places.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

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

CANDIDATES: Final = ("physics", "trees", "trees_physics", "unet_a", "unet_residual")
_FRACTIONS: Final = Fractions(0.6, 0.15, 0.25)
_FEWEST: Final = 6  # places
_MOST_JUDGED: Final = 4000  # labels each candidate is held against


@dataclass(frozen=True)
class Choice:
    """What was tried.

    Parameters
    ----------
    chosen : str
        The model that is taken.
    mae : dict of str to float
        Mean absolute error of each candidate at the places put aside [m3 m-3].
    places, values : int
        Places put aside, and values there.
    source : str
        Whose labels judged.
    """

    chosen: str
    mae: dict[str, float]
    places: int
    values: int
    source: str

    def words(self) -> str:
        """The choice in a sentence."""
        order = sorted(self.mae, key=lambda name: self.mae[name])
        told = ", ".join(f"{name} {self.mae[name]:.4f}" for name in order)
        lead = self.mae[order[1]] - self.mae[order[0]] if len(order) > 1 else 0.0
        return (
            f"learning.model: auto takes {self.chosen}, {lead:.4f} m3 m-3 better than the next at "
            f"{self.places} {self.source} places left out ({self.values} values; mean absolute "
            f"errors: {told})"
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON values, for the bundle."""
        return {
            "chosen": self.chosen, "mae": self.mae, "places": self.places,
            "values": self.values, "source": self.source,
        }  # fmt: skip


def choose_model(
    inputs: CampaignSamples,
    folder: Path,
    how: RunOptions,
    say: Callable[[str], None],
    *,
    epochs: int | None = None,
    seed: int | None = None,
    candidates: tuple[str, ...] = CANDIDATES,
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
    candidates : tuple of str
        Names of models.

    Raises
    ------
    RequestError
        There are too few places to put some aside.
    """
    training = {name: inputs.labels[name].part(inputs.parts[name], TRAIN) for name in inputs.labels}
    told = training[inputs.judge]
    if len(told.used_places) < _FEWEST:
        raise RequestError(
            f"learning.model: auto puts a quarter of the places aside and needs {_FEWEST}; there "
            f"are {len(told.used_places)} {inputs.judge} places to train on. Name a model."
        )
    split = inputs.campaign.seeds.split
    parts = {
        name: left_out(labels.used_places, split, _FRACTIONS) for name, labels in training.items()
    }
    fit = {name: labels.part(parts[name], TRAIN) for name, labels in training.items()}
    best_by = told.part(parts[inputs.judge], VALIDATION)
    judge = told.part(parts[inputs.judge], TEST)
    places = len(judge.used_places)
    if len(judge) > _MOST_JUDGED:
        keep = np.zeros(len(judge), dtype=bool)
        keep[np.linspace(0, len(judge) - 1, _MOST_JUDGED).round().astype(int)] = True
        judge = judge.chosen(keep)
    mae = {}
    for name in candidates:
        say(f"auto: trying {name}")
        learning = inputs.campaign.learning.model_copy(update={"model": name})
        own = replace(inputs, campaign=inputs.campaign.model_copy(update={"learning": learning}))
        result, config = _fitted(own, fit, best_by, folder / name, how, epochs, seed)
        bundle = bundle_in_memory(
            [result.weights], config, inputs.scene.spec, inputs.depths_mm, how.device
        )
        off = np.abs(predict_labels(bundle, inputs.scene, judge).theta - judge.theta)
        mae[name] = float(np.nanmean(off))
    chosen = min(mae, key=lambda name: mae[name])
    return Choice(chosen, mae, places, len(judge), inputs.judge)


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
