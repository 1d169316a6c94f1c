"""Which model a campaign takes when it says ``auto``: the one that is best at places left out.

The training places are put aside fold by fold, whole tiles where there are many. Each candidate is
trained on most of the others (some choose the best epoch), and its mean absolute error at the
places put aside counts. A candidate that is behind by more than two standard errors leaves the
race, so that only close ones are trained again. The test part of the campaign's split is not looked
at. The winner is then trained on all training places, and its errors at the places put aside, which
it had not seen, give the width of its interval.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone.labels.splits import TEST, TRAIN, VALIDATION
from rootzone.learning.evaluation.predict_labels import predict_labels
from rootzone.learning.fallback_inputs import land_features, physics_at, physics_error_at
from rootzone.learning.grow import grown, takes_steps
from rootzone.learning.race import Choice, HeldOut, folds_of, race
from rootzone.learning.samples.batches import SampleSet
from rootzone.learning.samples.label_index import SIMULATED, GridLabels
from rootzone.learning.samples.open_samples import with_physics
from rootzone.learning.samples.shifted import shifted
from rootzone.networks.bundle import bundle_in_memory
from rootzone.networks.families import Shape, config_of
from rootzone.networks.run_training import RunOptions, TrainResult, new_network, train
from rootzone.networks.settings import TrainSettings

if TYPE_CHECKING:
    from rootzone.learning.samples.open_samples import CampaignSamples

_MOST_JUDGED: Final = 4000  # labels each candidate is held against in a fold


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
    folds = PlaceFolds.of(inputs)
    learning = inputs.campaign.learning
    own = {name: with_model(inputs, name) for name in learning.candidates}

    def trained(name: str, fold: int) -> FloatArray:
        say(f"auto: trying {name}, fold {fold + 1} of {len(folds.parts)}")
        there = folder / f"fold{fold + 1}" / name
        return folds.said(own[name], fold, there, how, epochs=epochs, seed=seed)

    return race(learning.candidates, folds.held(), trained, inputs.judge)


@dataclass(frozen=True)
class PlaceFolds:
    """The training places of a campaign, put aside fold by fold.

    Parameters
    ----------
    inputs : CampaignSamples
        The campaign's samples.
    training : mapping of str to GridLabels
        Training labels of each source.
    parts : list of dict
        Part of each place of the source that judges, in each fold.
    judges : list of GridLabels
        Labels put aside in each fold.
    """

    inputs: CampaignSamples
    training: Mapping[str, GridLabels]
    parts: list[dict[Any, str]]
    judges: list[GridLabels]

    @classmethod
    def of(cls, inputs: CampaignSamples) -> PlaceFolds:
        """Folds as the campaign asks for them.

        Raises
        ------
        RequestError
            There are too few places to put some aside.
        """
        training = {
            name: inputs.labels[name].part(inputs.parts[name], TRAIN) for name in inputs.labels
        }
        told = training[inputs.judge]
        used, first = np.unique(told.place, return_index=True)
        parts = folds_of(
            [told.places[code] for code in used.tolist()], told.tile[first].tolist(),
            inputs.campaign.learning.auto_folds, inputs.campaign.seeds.split, inputs.judge,
        )  # fmt: skip
        return cls(inputs, training, parts, [_fewer(told.part(one, TEST)) for one in parts])

    def held(self) -> list[HeldOut]:
        """What is known at the places put aside in each fold, but for a prediction."""
        scene, told = self.inputs.scene, self.training[self.inputs.judge]
        out = []
        for fold, one in zip(self.parts, self.judges, strict=True):
            observed = one.theta.astype(np.float64)
            near = land_features(scene, told.part(fold, TRAIN))[0]
            features, place = land_features(scene, one)
            away = near.distance(features.numbers)[place]
            known = physics_at(scene, one)
            where = one.place.astype(np.int64)
            level = self.inputs.campaign.maps.interval_pct / 100.0
            error = physics_error_at(scene, one, level)
            out.append(HeldOut(observed, observed, where, one.date, known, away, error))
        return out

    def said(
        self,
        variant: CampaignSamples,
        fold: int,
        folder: Path,
        how: RunOptions,
        *,
        epochs: int | None = None,
        seed: int | None = None,
        sites: int | None = None,
    ) -> FloatArray:
        """What a model says at the places put aside, trained on the others.

        Parameters
        ----------
        variant : CampaignSamples
            Model and channels; labels and folds are this object's.
        fold : int
            Number of the fold.
        folder : Path
            Of logs and checkpoints.
        how, epochs, seed
            As in `choose_model`.
        sites : int, optional
            So many of the simulated sites train, evenly chosen by name; all by default.
        """
        told = self.training[self.inputs.judge]
        fit = {**self.training, self.inputs.judge: told.part(self.parts[fold], TRAIN)}
        if sites is not None:
            fit[SIMULATED] = _of_sites(fit[SIMULATED], sites)
        best_by = told.part(self.parts[fold], VALIDATION)
        result, config = _fitted(variant, fit, best_by, folder, how, epochs, seed)
        scene = variant.scene
        bundle = bundle_in_memory(
            [result.weights], config, scene.spec, variant.depths_mm, how.device
        )
        return predict_labels(bundle, scene, self.judges[fold]).theta


def _of_sites(labels: GridLabels, most: int) -> GridLabels:
    """Labels of so many places, evenly chosen among them."""
    used = np.unique(labels.place)
    kept = used[np.linspace(0, used.size - 1, min(most, used.size)).round().astype(np.int64)]
    return labels.chosen(np.isin(labels.place, kept))


def with_model(inputs: CampaignSamples, model: str) -> CampaignSamples:
    """The same samples for another ``learning.model``, whose channels have to tell of physics."""
    learning = inputs.campaign.learning
    learning = learning.model_copy(update={"model": model, "features": with_physics(learning)})
    return replace(inputs, campaign=inputs.campaign.model_copy(update={"learning": learning}))


def _fewer(labels: GridLabels) -> GridLabels:
    """Labels of a fold, evenly chosen ones where there are many."""
    if len(labels) <= _MOST_JUDGED:
        return labels
    keep = np.zeros(len(labels), dtype=bool)
    keep[np.linspace(0, len(labels) - 1, _MOST_JUDGED).round().astype(int)] = True
    return labels.chosen(keep)


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

    sources = {
        name: shifted(samples(labels), settings.tile_shift_px, settings.seed)
        for name, labels in fit.items()
    }
    identity = {"digests": inputs.digests, "choice": True}
    network = new_network(config, settings.seed)
    validation = samples(best_by)
    fitted = train(network, sources, validation, settings, folder, identity=identity, options=how)
    return fitted, config
