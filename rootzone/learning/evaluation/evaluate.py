"""A trained model and its baselines on the samples it never saw, as one table of predictions."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.errors import RequestError
from rootzone.hydraulics.usda import USDA_CLASSES, usda_class
from rootzone.labels.splits import TEST, TRAIN, season_of
from rootzone.learning.evaluation.baselines import (
    climatology_at,
    lightgbm_at,
    persistence_at,
    surface_at,
)
from rootzone.learning.evaluation.predict_labels import LabelPrediction, predict_labels
from rootzone.learning.evaluation.run_raw_simulation import (
    measured_soil_simulation_at,
    raw_simulation_at,
)
from rootzone.learning.evaluation.tables import (
    CLIMATOLOGY,
    LIGHTGBM,
    MEASURED_SOIL_SIMULATION,
    PERSISTENCE,
    PREDICTIONS,
    RAW_SIMULATION,
    SIMULATED,
    STATION,
    SURFACE,
    UNET,
)

if TYPE_CHECKING:
    from rootzone.covariates.open_campaign import CampaignFiles
    from rootzone.learning.samples.label_index import GridLabels
    from rootzone.learning.samples.open_samples import CampaignSamples
    from rootzone.learning.scene.scene import Scene
    from rootzone.networks.bundle import Bundle

Say = Callable[[str], None]


@dataclass(frozen=True)
class EvaluationSettings:
    """What is asked.

    Parameters
    ----------
    part : str
        Part of the split.
    most_tile_days : int
        Tile-days of simulated labels; of more, evenly spaced ones are taken. Stations are never
        thinned.
    threads : int
        Threads of the trees.
    """

    part: str = TEST
    most_tile_days: int = 500
    threads: int = 1


@dataclass(frozen=True)
class Evaluated:
    """Predictions, and what a reader of them has to know.

    Parameters
    ----------
    predictions : polars.DataFrame
        In the schema ``PREDICTIONS``.
    notes : list of str
        A sentence each.
    """

    predictions: pl.DataFrame
    notes: list[str]


def evaluate(
    bundle: Bundle,
    samples: CampaignSamples,
    files: CampaignFiles,
    settings: EvaluationSettings = EvaluationSettings(),
    say: Say = lambda text: None,
) -> Evaluated:
    """Predict the held-out samples of every source with the model and every baseline.

    Parameters
    ----------
    bundle : Bundle
        The model, trained with the same split.
    samples : CampaignSamples
        Scene, labels and split of the campaign.
    files : CampaignFiles
        The campaign, for the raw simulation.
    settings : EvaluationSettings
        Part and sizes.
    say : callable
        Told what is being done.

    Raises
    ------
    RequestError
        No source has labels in the part.
    """
    frames, notes = [], []
    training, held_out = _divided(samples, settings.part)
    if not held_out:
        raise RequestError(
            f"No source has labels in the part {settings.part!r} of the split. Give "
            f"learning.split.{settings.part} a share."
        )
    for source, whole in held_out.items():
        wanted = whole
        if source == SIMULATED:
            wanted = thinned(whole, settings.most_tile_days)
            if len(wanted) < len(whole):
                notes.append(
                    f"Of {len(whole):,} held-out simulated labels {len(wanted):,} are scored, "
                    f"those of {settings.most_tile_days} tile-days evenly spaced."
                )
        say(f"{source}: {len(wanted):,} values at {len(wanted.used_places)} places")
        models, said = _models(bundle, samples, files, training, wanted, settings, say)
        notes += said
        frames.append(_frame(samples, bundle, wanted, models, settings.part))
    return Evaluated(pl.concat(frames), notes)


def _divided(
    samples: CampaignSamples, part: str
) -> tuple[dict[str, GridLabels], dict[str, GridLabels]]:
    """Training labels and those of the part asked for, of the sources that have some."""
    training: dict[str, GridLabels] = {}
    held_out: dict[str, GridLabels] = {}
    for source, labels in samples.labels.items():
        for name, kept in ((TRAIN, training), (part, held_out)):
            try:
                kept[source] = labels.part(samples.parts[source], name)
            except RequestError:  # none of this source: stations on few dates, say
                continue
    return training, held_out


def thinned(labels: GridLabels, most_tile_days: int) -> GridLabels:
    """The labels of evenly spaced tile-days, always the same ones."""
    patches = labels.patches(1)
    if len(patches) <= most_tile_days:
        return labels
    chosen = np.unique(np.linspace(0, len(patches) - 1, most_tile_days).round().astype(np.int64))
    keep = np.zeros(len(labels), dtype=bool)
    for first, last in zip(patches.first[chosen], patches.last[chosen], strict=True):
        keep[first:last] = True
    return labels.chosen(keep)


def _models(
    bundle: Bundle,
    samples: CampaignSamples,
    files: CampaignFiles,
    training: Mapping[str, GridLabels],
    wanted: GridLabels,
    settings: EvaluationSettings,
    say: Say,
) -> tuple[dict[str, LabelPrediction], list[str]]:
    """Predictions of every model that has some, and notes on those that have not."""
    scene, source = samples.scene, wanted.source
    share, seed = _training_of(bundle)
    notes = []
    say(f"{source}: the network")
    models = {UNET: predict_labels(bundle, scene, wanted)}
    say(f"{source}: LightGBM on the same features")
    used = _trained_on(training, share)
    trees = lightgbm_at(
        scene, used, wanted, simulated_share=share, seed=seed, threads=settings.threads
    )
    own = training.get(source)
    last, lag = persistence_at(own, wanted)
    plain = {LIGHTGBM: trees, CLIMATOLOGY: climatology_at(own, wanted), PERSISTENCE: last}
    if (lag >= 0).any():
        notes.append(
            f"Persistence at {source} places takes a training value {np.median(lag[lag >= 0]):.0f} "
            f"days old at the median; {int((lag < 0).sum()):,} values have none."
        )
    else:
        notes.append(
            f"Persistence: not available at {source} places, since none has a training value "
            "before the days asked."
        )
    if scene.surface_source is not None:
        plain[SURFACE] = surface_at(scene, wanted)
    elif source == STATION:
        notes.append(
            "The surface product itself: not available, since learning.features."
            "surface_moisture is not set."
        )
    if source == STATION:
        say("station: raw simulation at the stations' pixels")
        try:
            plain[RAW_SIMULATION] = raw_simulation_at(files, wanted)
            own_soil = measured_soil_simulation_at(files, wanted)
            if own_soil is not None:
                plain[MEASURED_SOIL_SIMULATION] = own_soil
                n = np.unique(wanted.place[np.isfinite(own_soil)]).size
                notes.append(
                    f"Simulation with measured soil: at {n} of {len(wanted.used_places)} stations, "
                    "those with a soil that counts as measured beside the station table."
                )
        except RequestError as error:  # a campaign may be trained without inputs of the engine
            said = str(error).replace(f"{files.folder}{os.sep}", "")
            notes.append(f"Raw simulation: not available. {said}")
    none = np.full(len(wanted), np.nan)
    models |= {
        name: LabelPrediction(theta, none, none)
        for name, theta in plain.items()
        if np.isfinite(theta).any()
    }
    if RAW_SIMULATION in plain and RAW_SIMULATION not in models:
        notes.append("Raw simulation: not available, no station's pixel could be simulated.")
    return models, notes


def _training_of(bundle: Bundle) -> tuple[float, int]:
    told = bundle.info.get("settings", {})
    return float(told.get("simulated_batch_probability", 0.2)), int(told.get("seed", 0))


def _trained_on(training: Mapping[str, GridLabels], share: float) -> dict[str, GridLabels]:
    """The sources the network was trained on: one with no share of the batches is left out."""
    wanted = {SIMULATED: share > 0, STATION: share < 1}
    chosen = {name: labels for name, labels in training.items() if wanted[name]}
    return chosen or dict(training)


def _frame(
    samples: CampaignSamples,
    bundle: Bundle,
    wanted: GridLabels,
    models: Mapping[str, LabelPrediction],
    part: str,
) -> pl.DataFrame:
    """One row a model and label; labels of a station's neighbourhood as one, their mean."""
    depths = np.asarray(wanted.depths_mm)
    common = pl.DataFrame(
        {
            "place": np.asarray(wanted.places, dtype=object)[wanted.place].tolist(),
            "row": wanted.pixel_row,
            "col": wanted.pixel_col,
            "date": wanted.date,
            "depth_mm": depths[wanted.depth],
            "observed": wanted.theta.astype(np.float64),
            **classes_at(samples.scene, wanted),
        },
        schema_overrides=dict.fromkeys(_CLASSES, pl.String),
    )
    months = wanted.date.astype("datetime64[M]").astype(np.int64) % 12 + 1
    seasons = np.array([season_of(month) for month in range(1, 13)])[months - 1]
    common = common.with_columns(pl.Series("season", seasons.tolist()))
    _, seed = _training_of(bundle)
    frames = [
        common.with_columns(
            pl.Series("predicted", told.theta),
            pl.Series("low", told.low),
            pl.Series("high", told.high),
            pl.Series("interval_pct", np.where(np.isfinite(told.low), told.interval_pct, np.nan)),
            pl.lit(model).alias("model"),
            pl.lit(wanted.source).alias("source"),
            pl.lit(samples.campaign.learning.split.kind).alias("split"),
            pl.lit(part).alias("part"),
            pl.lit(seed, dtype=pl.Int64).alias("seed"),
        )
        for model, told in models.items()
    ]
    whole = pl.concat(frames).with_columns(pl.col(pl.Float64).fill_nan(None))
    if samples.campaign.learning.station_neighbourhood_px and wanted.source == STATION:
        whole = _one_a_station(whole)
    return whole.select(list(PREDICTIONS.by_name))


def _one_a_station(frame: pl.DataFrame) -> pl.DataFrame:
    keys = ["model", "source", "split", "part", "seed", "place", "date", "depth_mm", "season"]
    return frame.group_by(keys, maintain_order=True).agg(
        pl.col("observed", "predicted", "low", "high", "interval_pct").mean(),
        pl.col("row", "col").median().cast(pl.Int64),
        pl.col(*_CLASSES).first(),
    )


_CLASSES = ("land_cover", "climate_class", "texture_class")


def classes_at(scene: Scene, labels: GridLabels) -> dict[str, list[str | None]]:
    """Land cover, climate and texture class of every label's pixel, in words; None if not known."""
    names = ["land_cover", "climate_class", "sand_pct", "silt_pct", "clay_pct"]
    values = np.full((len(names), len(labels)), np.nan)
    for tile in np.unique(labels.tile):
        here = np.flatnonzero(labels.tile == tile)
        bands = scene.land.read(names, labels.grid.tile_window(int(tile)))
        values[:, here] = bands[:, labels.row[here], labels.col[here]]
    known: Mapping[str, Mapping[int, str]] = getattr(scene.land, "class_names", {})
    out: dict[str, list[str | None]] = {
        name: _words(values[i], known.get(name, {})) for i, name in enumerate(names[:2])
    }
    code = usda_class(*_closed(values[2:]))
    out["texture_class"] = [USDA_CLASSES[int(k)] if k >= 0 else None for k in code]
    return out


def _closed(texture: FloatArray) -> FloatArray:
    """Fractions that add up to 100 %."""
    total = texture.sum(axis=0)
    return np.asarray(100.0 * texture / np.where(total > 0, total, np.nan))


def _words(codes: AnyArray, names: Mapping[int, str]) -> list[str | None]:
    return [None if not np.isfinite(code) else names.get(int(code), f"{code:g}") for code in codes]
