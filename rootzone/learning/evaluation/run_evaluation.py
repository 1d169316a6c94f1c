"""Evaluate the runs of a campaign: predictions, skill, comparison and card of each, on disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import torch

from rootzone._shared.atomic import write_text
from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import Provenance
from rootzone._shared.table_files import write_table
from rootzone._shared.write_frames import write_frame
from rootzone.learning.evaluation.card import card_of
from rootzone.learning.evaluation.compare import compare
from rootzone.learning.evaluation.evaluate import EvaluationSettings, evaluate
from rootzone.learning.evaluation.metrics import skill_table, spread_over_seeds
from rootzone.learning.evaluation.tables import COMPARISON, PREDICTIONS, SKILL
from rootzone.learning.samples.open_samples import CampaignSamples, open_samples
from rootzone.networks.bundle import CARD, Bundle, load_bundle

if TYPE_CHECKING:
    from rootzone.covariates.open_campaign import CampaignFiles

_CPU = torch.device("cpu")
_DEFAULT = EvaluationSettings()


@dataclass(frozen=True)
class RunSkill:
    """What the evaluation of a run came to.

    Parameters
    ----------
    run : str
        Its name.
    folder : Path
        Where its tables are.
    skill, comparison : polars.DataFrame
        Its tables.
    notes : list of str
        A sentence each.
    """

    run: str
    folder: Path
    skill: pl.DataFrame
    comparison: pl.DataFrame
    notes: list[str]


def run_evaluation(
    files: CampaignFiles,
    runs: Sequence[str],
    settings: EvaluationSettings = _DEFAULT,
    *,
    device: torch.device = _CPU,
    say: Callable[[str], None] = lambda text: None,
) -> tuple[list[RunSkill], pl.DataFrame | None]:
    """Evaluate some runs.

    Writes ``predictions.parquet``, ``skill.parquet`` and ``comparison.parquet`` of each run into
    its folder ``evaluation``, its card into the bundle, and with several runs ``spread.parquet``
    beside the first one's tables.

    Parameters
    ----------
    files : CampaignFiles
        The campaign.
    runs : sequence of str
        Names of trained runs.
    settings : EvaluationSettings
        Part and sizes.
    device : torch.device
        Where the networks go.
    say : callable
        Told what is being done.

    Returns
    -------
    evaluated : list of RunSkill
        One a run.
    spread : polars.DataFrame or None
        Mean and standard deviation over the runs' seeds; None for one run.

    Raises
    ------
    RequestError
        A run is not trained, was trained with another split or other features, or two runs have
        the same seed.
    """
    samples, place = open_samples(files), files.workspace
    bundles = [load_bundle(place.bundle(run), samples.scene.spec, device) for run in runs]
    for run, bundle in zip(runs, bundles, strict=True):
        _require_same_split(run, bundle, samples)
    _require_own_seeds(runs, bundles)
    evaluated = []
    for run, bundle in zip(runs, bundles, strict=True):
        say(f"run {run}")
        found = evaluate(bundle, samples, files, settings, say)
        skill = skill_table(found.predictions, files.campaign.seeds.learning)
        comparison = compare(found.predictions, files.campaign.seeds.learning)
        notes = [*_changed_inputs(bundle, samples), *found.notes]
        folder = place.evaluation(run)
        record = _record(files, bundle, samples, run, settings)
        write_table(folder / "predictions.parquet", found.predictions, PREDICTIONS, record)
        write_table(folder / "skill.parquet", skill, SKILL, record)
        write_table(folder / "comparison.parquet", comparison, COMPARISON, record)
        write_text(place.bundle(run) / CARD, card_of(bundle.info, skill, comparison, notes))
        evaluated.append(RunSkill(run, folder, skill, comparison, notes))
    if len(evaluated) < 2:
        return evaluated, None
    spread = spread_over_seeds(pl.concat([one.skill for one in evaluated]))
    record = _record(files, bundles[0], samples, ", ".join(runs), settings)
    write_frame(evaluated[0].folder / "spread.parquet", spread, record)
    return evaluated, spread


def _record(
    files: CampaignFiles,
    bundle: Bundle,
    samples: CampaignSamples,
    run: str,
    settings: EvaluationSettings,
) -> Provenance:
    return Provenance(
        "rootzone evaluate",
        {"campaign": files.digest, "weights": bundle.digest, **samples.digests},
        {"run": run, "part": settings.part, "most_tile_days": settings.most_tile_days},
    )


def _require_same_split(run: str, bundle: Bundle, samples: CampaignSamples) -> None:
    """The held-out samples must be those the model has not seen."""
    campaign = samples.campaign
    now: dict[str, Any] = {
        **campaign.learning.split.model_dump(), "seed": campaign.seeds.split
    }  # fmt: skip
    then = bundle.info.get("split")
    if then != now:
        changed = [key for key in now if not isinstance(then, dict) or then.get(key) != now[key]]
        raise RequestError(
            f"Run {run} was trained with another split than the campaign has now "
            f"({', '.join(changed)} differ), so its test samples may have trained. Set "
            "learning.split and seeds.split back, or train again."
        )


def _require_own_seeds(runs: Sequence[str], bundles: Sequence[Bundle]) -> None:
    seeds: dict[Any, str] = {}
    for run, bundle in zip(runs, bundles, strict=True):
        seed = bundle.info.get("settings", {}).get("seed")
        if seed in seeds:
            raise RequestError(
                f"Runs {seeds[seed]} and {run} have the same seed {seed}: they are no repeats. "
                "Train one with another seeds.learning."
            )
        seeds[seed] = run


def _changed_inputs(bundle: Bundle, samples: CampaignSamples) -> list[str]:
    then = bundle.info.get("digests", {})
    changed = sorted(name for name, now in samples.digests.items() if then.get(name) != now)
    if not changed:
        return []
    return [
        f"Inputs have changed since training: {', '.join(changed)}. With other labels the parts of "
        "the split may differ, and a held-out sample may have trained."
    ]
