"""Choose a model for each environment, and keep the models as graphs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from rootzone._shared.atomic import write_text
from rootzone._shared.provenance import Provenance, write_sidecar
from rootzone._shared.seal import sealed_json
from rootzone._shared.table_files import write_table
from rootzone._shared.tables import Column, Schema
from rootzone.labels.splits import TEST
from rootzone.surface.chain.hold_out import Seats, parts_of
from rootzone.surface.chain.open_surface import OpenSurface
from rootzone.surface.chosen.open_choice import OpenChoice, scene_bands
from rootzone.surface.chosen.read_classes import write_clusters
from rootzone.surface.chosen.unet import FittedUNet
from rootzone.surface.select.choose import (
    Selected,
    blended,
    chosen_elsewhere,
    fit_all,
    select,
)
from rootzone.surface.select.chosen_graph import SCENE
from rootzone.surface.select.environments import ALL, told_environments
from rootzone.surface.select.keep_models import models_of
from rootzone.surface.select.run_select import SELECTION

PREDICTED: Final = Schema(
    "surface_selected",
    (
        Column("split", "text", "-", "how the samples were held out"),
        Column("station", "text", "-", "network and station"),
        Column("date", "date", "-", "day of the look"),
        Column("environment", "text", "-", "classes of the place"),
        Column("observed", "float", "m3 m-3", "water content the station reported"),
        Column("model", "text", "-", "candidate, or chosen: the choice by environment"),
        Column("theta", "float", "m3 m-3", "what it says, its samples held out"),
    ),
)


def train_all(opened: OpenSurface, say: Callable[[str], None]) -> Path:
    """Choose, and write choices, models and predictions; the path of the models.

    Raises
    ------
    RequestError
        There are too few stations, or a chosen model has no graph.
    """
    choice = OpenChoice(opened)
    record = Provenance(
        "rootzone surface train", {"files": choice.digest}, opened.section.model_dump(mode="json")
    )
    if "cluster" in choice.section.by:
        write_clusters(choice.cluster_file, opened.scene, opened.places, choice.section.seed)
    samples, classes = choice.samples(say), choice.classes_of_stations()
    places = classes.filter(pl.col("station").is_in(samples["station"].unique().to_list()))
    environments = told_environments(places, choice.section.by)
    candidates, chosen = choice.candidates(), choice.section
    found = select(
        samples, environments, candidates, outer=chosen.outer, inner=chosen.inner,
        soft=chosen.soft, seed=chosen.seed, say=say,
    )  # fmt: skip
    frames = [_long(found.predicted, "stations")]
    for split in opened.section.splits:
        if split in ("stations", "region"):
            continue
        say(f"{split}: chosen again without the samples held out")
        test = parts_of(_rows(samples), split, chosen.seed) == TEST
        told = chosen_elsewhere(
            samples.filter(~test), samples.filter(test), environments, candidates,
            inner=chosen.inner, soft=chosen.soft, seed=chosen.seed,
        )  # fmt: skip
        frames.append(_long(told, split))
    fitted = fit_all(samples, candidates, chosen.seed)
    if "region" in opened.section.splits:
        say("the other region")
        frames.append(_long(_abroad(choice, found, fitted, say), "region"))
    made = [model for model in fitted.values() if isinstance(model, FittedUNet)]
    bands = scene_bands(SCENE, [unet.band for unet in made])
    models = models_of(found, fitted, bands, opened.section.interval_pct)
    rows = [asdict(one) for one in found.choices]
    write_table(choice.choices, pl.DataFrame(rows), SELECTION, record)
    write_text(choice.model_file, sealed_json(models.to_dict()))
    write_sidecar(choice.model_file, record)
    for unet in made:
        unet.write(choice.unet_file)
        write_sidecar(choice.unet_file, record)
    write_table(choice.predictions, pl.concat(frames), PREDICTED, record)
    for one in found.choices:
        say(f"{one.environment}: {one.model}; {one.reason}")
    if not found.beats_climatology:
        say("Not better than climatology: none is good.")
    return choice.model_file


def _rows(samples: pl.DataFrame) -> Seats:
    place = samples["station"].rank("dense").cast(pl.Int64).to_numpy()
    return Seats(place, samples["date"].cast(pl.Int32).to_numpy().astype(np.int64))


def _abroad(
    choice: OpenChoice, found: Selected, fitted: Mapping[str, Any], say: Callable[[str], None]
) -> pl.DataFrame:
    """What models of this region say in the other one."""
    there = OpenChoice(choice.opened.other)
    samples, classes = there.samples(say), there.classes_of_stations()
    by = choice.section.by
    told = {name: model.predict(samples) for name, model in fitted.items()}
    known = set(found.weights)
    joined = samples.join(classes, on="station", how="left", maintain_order="left")
    environment = []
    for row in joined.select(by).iter_rows():
        names = [" / ".join(row[:level]) for level in range(len(by), 0, -1)]
        environment.append(next((name for name in names if name in known), ALL))
    theta, _ = blended(told, found.weights, environment)
    return samples.select("station", "date", pl.col("theta").alias("observed")).with_columns(
        environment=pl.Series(environment), chosen=pl.Series(theta),
        **{name: pl.Series(values) for name, values in told.items()},
    )  # fmt: skip


def _long(frame: pl.DataFrame, split: str) -> pl.DataFrame:
    """A row a prediction."""
    index = ["station", "date", "environment", "observed"]
    models = [n for n in frame.columns if n not in (*index, "model")]
    return (
        frame.select(*index, *models)
        .unpivot(on=models, index=index, variable_name="model", value_name="theta")
        .with_columns(split=pl.lit(split))
        .select("split", *index, "model", "theta")
    )
