"""From a campaign to a trained model: samples, training, calibration, bundle and card."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from rootzone._shared.atomic import write_text
from rootzone._shared.errors import RequestError
from rootzone._shared.seal import Damaged, read_sealed_json, sealed_json
from rootzone._shared.skill import Skill
from rootzone.labels.splits import TRAIN, VALIDATION, seasons_of
from rootzone.learning.choose_model import choose_model, with_model
from rootzone.learning.fallback import find_fallback
from rootzone.learning.fallback_inputs import land_features, physics_error_of
from rootzone.learning.grow import grown, takes_steps
from rootzone.learning.intervals import calibrated, calibrated_apart, places_of, with_soil
from rootzone.learning.race import HeldOut
from rootzone.learning.samples.batches import SampleSet
from rootzone.learning.samples.label_index import SIMULATED, STATION
from rootzone.learning.samples.land_gaps import without_empty_tiles
from rootzone.learning.samples.open_samples import CampaignSamples, open_samples
from rootzone.learning.samples.shifted import shifted
from rootzone.learning.samples.soil_spread import read_soil_spread, soil_widths
from rootzone.learning.scene.features import physics_column
from rootzone.networks.bundle import CARD, Bundle, bundle_in_memory, digest_of, save_bundle
from rootzone.networks.calibration import Calibration
from rootzone.networks.channels import SURFACE
from rootzone.networks.families import AUTO, Shape, config_of, to_dict
from rootzone.networks.families.residual import ResidualShape
from rootzone.networks.families.trees import TreesShape
from rootzone.networks.mixing import may_draw
from rootzone.networks.run_training import RunOptions, TrainResult, new_network, train
from rootzone.networks.settings import TrainSettings
from rootzone.networks.validate import values_at_labels

if TYPE_CHECKING:
    from rootzone.covariates.open_campaign import CampaignFiles

_BF16_TILES = 16
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainedCampaign:
    """What a training run left behind.

    Parameters
    ----------
    folder : Path
        The bundle.
    results : list of TrainResult
        One a network.
    info : dict
        What stands in ``bundle.json`` besides the network.
    calibration : Calibration or None
        Width of the interval.
    """

    folder: Path
    results: list[TrainResult]
    info: dict[str, Any]
    calibration: Calibration | None

    @property
    def calibration_on(self) -> str:
        """What the interval rests on, or why there is none, in words."""
        return str(self.info["calibration_on"])

    @property
    def skill(self) -> Skill:
        """On the validation samples."""
        return Skill(**self.info["validation"])

    @property
    def validation_source(self) -> str:
        """``station`` or ``simulated``: whose labels those samples have."""
        return str(self.info["validation_source"])

    def facts(self) -> dict[str, Any]:
        """The run as JSON values."""
        return {
            "bundle": str(self.folder),
            **{name: self.info[name] for name in _FACTS},
            "calibration": None if self.calibration is None else self.calibration.to_dict(),
        }


# What of a bundle's own words a run reports.
_FACTS = (
    "samples", "labels", "validation_source", "best", "epochs_run", "validation", "calibration_on",
    "bf16_error", "notes",
)  # fmt: skip


def train_campaign(
    files: CampaignFiles,
    *,
    run: str = "main",
    epochs: int | None = None,
    seed: int | None = None,
    options: RunOptions | None = None,
) -> TrainedCampaign:
    """Train the networks of a campaign, or go on with them, and write the bundle.

    Parameters
    ----------
    files : CampaignFiles
        The campaign.
    run : str
        Name of the run's folder.
    epochs, seed : int, optional
        In place of the campaign's ``learning.epochs`` and ``seeds.learning``; the split keeps its
        own seed, so runs of several seeds are repeats on the same samples.
    options : RunOptions, optional
        Device, processes, progress.

    Raises
    ------
    RequestError
        Inputs are missing, a part of the split is empty, or the run's folder holds a checkpoint of
        other settings or inputs.
    StoppedEarly
        A signal asked for the end; the same call goes on.
    """
    how = options or RunOptions()
    say = _teller(how)
    inputs = _opened(files, how, say)
    choice = None
    if inputs.campaign.learning.model == AUTO:
        tried = files.workspace.learning(run) / AUTO
        choice = choose_model(inputs, tried, how, say, epochs=epochs, seed=seed)
        say(choice.words())
        inputs = with_model(inputs, choice.chosen)
    sources, validation = _sources(inputs)
    learning = inputs.campaign.learning
    own_seed = inputs.campaign.seeds.learning if seed is None else seed
    settings = TrainSettings.of(learning, own_seed)
    settings = settings if epochs is None else settings.model_copy(update={"epochs": epochs})
    config = config_of(learning, len(inputs.scene.spec), len(inputs.depths_mm))
    counts = {name: len(samples) for name, samples in sources.items()}
    say(_in_words(counts, validation))
    for note in inputs.notes:
        say(f"note: {note}")
    folder = files.workspace.learning(run)
    identity = {
        "feature_spec": inputs.scene.spec.digest,
        "digests": inputs.digests,
        "split": {**learning.split.model_dump(), "seed": inputs.campaign.seeds.split},
        "tiles": {
            "crop_halo_px": learning.crop_halo_px,
            "min_labels": learning.min_labels,
            **({"shift_px": learning.tile_shift_px} if learning.tile_shift_px else {}),
        },
    }
    if how.ranks.leads:
        told = {"settings": settings.to_dict(), "network": to_dict(config), **identity}
        keep_settings(folder / "settings.json", told)
    results = _members(learning.members, config, sources, validation, settings, folder,
                       identity, how, say)  # fmt: skip
    best = files.workspace.bundle(run)
    if not how.ranks.leads:
        return TrainedCampaign(best, results, {}, None)
    info = {
        "campaign": inputs.campaign.name,
        "campaign_digest": files.digest,
        "run": run,
        "settings": settings.to_dict(),
        "split": identity["split"],
        "digests": inputs.digests,
        "samples": {**counts, "validation": len(validation)},
        "labels": {name: samples.patches.n_labels for name, samples in sources.items()},
        "validation_source": validation.source,
        "best": [{"epoch": r.best_epoch, "rmse": r.best_rmse} for r in results],
        "epochs_run": [len(r.history) for r in results],
        "notes": inputs.notes,
    }
    if choice is not None:
        info |= {"choice": choice.to_dict(), "notes": [*inputs.notes, choice.words() + "."]}
    held = None if choice is None else choice.held_out
    spread = files.workspace.label_spread
    return _finished(best, config, inputs, validation, results, info, how, held, spread)


def keep_settings(path: Path, told: Mapping[str, Any]) -> None:
    """Write down what a run is made of; a damaged record of before is told."""
    if path.exists():
        try:
            read_sealed_json(path, "It is written again.")
        except Damaged as error:
            _LOG.warning("%s", error)
    write_text(path, sealed_json(dict(told)))


def _teller(how: RunOptions) -> Callable[[str], None]:
    def say(text: str) -> None:
        if how.progress is not None and how.ranks.leads:
            how.progress.say(text)

    return say


def _opened(files: CampaignFiles, how: RunOptions, say: Callable[[str], None]) -> CampaignSamples:
    """Samples of the campaign; the first process makes the land raster for all."""
    say("opening land, weather and labels")
    inputs = open_samples(files) if how.ranks.leads else None
    how.ranks.from_leader(None)
    return inputs or open_samples(files)


def _sources(inputs: CampaignSamples) -> tuple[dict[str, SampleSet], SampleSet]:
    """Samples to train on and to choose the best epoch by."""
    chance = inputs.campaign.learning.simulated_batch_probability
    schedule = inputs.campaign.learning.mixing_schedule
    wanted = [name for name in (SIMULATED, STATION) if may_draw(name, chance, schedule)]
    there = [name for name in wanted if name in inputs.labels]
    if not there or (SIMULATED in wanted and SIMULATED not in inputs.labels):
        missing = wanted[0]
        verb = "rootzone labels" if missing == SIMULATED else "rootzone stations"
        raise RequestError(
            f"learning.simulated_batch_probability {chance:g} asks for {missing} labels, and there "
            f"are none. Run {verb}, or set it to {1.0 if missing == STATION else 0.0:g}."
        )
    sources = {name: on_land(inputs, name, TRAIN) for name in there}
    return sources, on_land(inputs, inputs.judge, VALIDATION)


def on_land(inputs: CampaignSamples, source: str, part: str) -> SampleSet:
    """Samples of tiles that have any covariate; what is missing goes into the notes."""
    samples = inputs.samples(source, part)
    patches, gaps = without_empty_tiles(inputs.scene, samples.patches)
    found = gaps.lines()
    if len(found) > 1:  # the first line only counts the tiles
        inputs.notes.append(f"Land under the {source} labels ({part}): {'; '.join(found)}.")
    return replace(samples, patches=patches)


def _in_words(counts: Mapping[str, int], validation: SampleSet) -> str:
    training = " and ".join(f"{n:,} tile-days with {name} labels" for name, n in counts.items())
    return (
        f"training on {training}; the best epoch is chosen by {len(validation):,} tile-days with "
        f"{validation.source} labels"
    )


def _members(
    count: int,
    config: Shape,
    sources: Mapping[str, SampleSet],
    validation: SampleSet,
    settings: TrainSettings,
    folder: Path,
    identity: Mapping[str, Any],
    how: RunOptions,
    say: Callable[[str], None],
) -> list[TrainResult]:
    """Train each network of the ensemble in turn; those that are finished are not touched."""
    results = []
    for member in range(count):
        if count > 1:
            say(f"network {member + 1} of {count}")
        own = settings.for_member(member)
        if not takes_steps(config):
            share = settings.simulated_batch_probability
            labels = {name: one.patches.labels for name, one in sources.items()}
            scene = validation.scene
            results.append(grown(config, scene, labels, simulated_share=share, seed=own.seed))
            continue
        network = new_network(config, own.seed)
        moved = {k: shifted(v, settings.tile_shift_px, own.seed) for k, v in sources.items()}
        results.append(
            train(
                network,
                moved,
                validation,
                own,
                folder,
                member=member,
                identity=identity,
                options=how,
            )
        )
    return results


def _finished(
    best: Path,
    config: Shape,
    inputs: CampaignSamples,
    validation: SampleSet,
    results: list[TrainResult],
    info: dict[str, Any],
    how: RunOptions,
    held: HeldOut | None,
    label_spread: Path,
) -> TrainedCampaign:
    """Calibrate the networks on the validation samples, and write the bundle with that.

    Places that a choice of models put aside are better, as no date of them was trained on.
    """
    weights = [result.weights for result in results]
    spec, depths_mm = inputs.scene.spec, inputs.depths_mm
    evaluated = digest_of(best)
    bundle = bundle_in_memory(weights, config, spec, depths_mm, how.device)
    size = int(info["settings"]["batch_size"])
    values = values_at_labels(bundle.predict, validation, batch_size=size, device=how.device)
    place = places_of(values, validation)
    coverage = inputs.campaign.maps.interval_pct / 100.0
    by_date = inputs.campaign.learning.split.kind not in ("stations", "regions")
    physics = any(map(physics_column, spec.columns(SURFACE)))
    if isinstance(config, TreesShape):  # trees without physics leave the last channels out
        physics &= config.n_channels == len(spec)
    calibration, said = calibrated(
        values, place, coverage, validation.source, places_train=by_date,
        season=seasons_of(validation.patches.date[values.sample]),
        error=physics_error_of(values, validation, coverage) if physics else None,
    )  # fmt: skip
    apart = None
    if held is not None:
        apart = calibrated_apart(held, coverage, validation.source, physics=physics)
    if held is not None and apart is not None:
        calibration, said = apart
        if isinstance(config, ResidualShape) and config.inner is None:
            rule = None  # it is physics already
        else:
            labels = inputs.labels[inputs.judge].part(inputs.parts[inputs.judge], TRAIN)
            sites = land_features(inputs.scene, labels)[0]
            rule = find_fallback(held, sites, calibration, coverage)
        if rule is not None:
            info = {
                **info,
                "fallback": rule.to_dict(),
                "notes": [*info["notes"], rule.words() + "."],
            }
    if calibration is not None and validation.source == SIMULATED:
        soil = soil_widths(read_soil_spread(label_spread), coverage)
        calibration, said = with_soil(calibration, said, soil)
    info = {
        **info,
        "validation": asdict(values.skill()),
        "calibration_on": said,
        "bf16_error": bf16_error(bundle, validation, how.device),
    }
    save_bundle(best, weights, config, spec, depths_mm, calibration, info)
    if digest_of(best) != evaluated or not (best / CARD).exists():
        _write_card(best, info)
    return TrainedCampaign(best, results, info, calibration)


def bf16_error(bundle: Bundle, samples: SampleSet, device: torch.device) -> dict[str, float]:
    """How far a bfloat16 body is from float32 [m3 m-3], over the pixels of some samples."""
    indices = np.linspace(0, len(samples) - 1, min(_BF16_TILES, len(samples))).astype(np.int64)
    batch = samples.batch(indices, device)
    one = bundle.predict(batch.x, batch.soil).theta
    other = bundle.predict(batch.x, batch.soil, bf16=True).theta
    error = (one - other)[torch.isfinite(one)].double()
    if error.numel() == 0:
        return {}
    return {"rms": float(error.square().mean().sqrt()), "max": float(error.abs().max())}


def _write_card(folder: Path, info: Mapping[str, Any]) -> None:
    """Card of a model nobody has evaluated yet; the evaluation writes it anew."""
    skill = info["validation"]
    lines = [
        f"# {info['campaign']}, run {info['run']}",
        "",
        "Not evaluated yet: `rootzone evaluate` holds it against what was held out and writes this "
        "card anew.",
        "",
        f"- Trained on tile-days: {_counted(info['samples'])}.",
        f"- Chosen by {info['validation_source']} labels: RMSE {skill['rmse']:.4f}, MAE "
        f"{skill['mae']:.4f}, bias {skill['bias']:+.4f} m3 m-3 over {skill['n']} values. The best "
        "epoch was chosen on them, so they flatter it.",
        f"- Interval: {info['calibration_on']}.",
        *(f"- {note}" for note in info["notes"]),
    ]
    write_text(folder / CARD, "\n".join(lines) + "\n")


def _counted(samples: Mapping[str, int]) -> str:
    return ", ".join(f"{n:,} {name}" for name, n in samples.items())
