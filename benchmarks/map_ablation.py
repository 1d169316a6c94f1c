"""What a campaign gains by each channel, each way to train, and more sites: three tables.

    python benchmarks/map_ablation.py CAMPAIGN [--model M] [--only ROW ...] [--sites | --training]

Judged at places left out in the campaign's own folds (`learning.auto_folds`), each place counting
once, as learning.model: auto judges; the test part is not looked at. The first row has the channels
of the paper; each other row adds one option to it: mean absolute error, by how much it is better
than the first, and the standard error of that over places.
Physics is made where the campaign has none yet; surface moisture and leaf area are rows where the
campaign names them. `--model` takes trees, unet_smooth, unet_a or any other network that needs no
physics; `unet_residual` starts from physics in every row. With `--sites` the rows are numbers of
simulated sites instead, with physics: a table to plan the size of a campaign from. With
`--training` they are ways to train a network on sparse labels, against the campaign's own. The
tables are made for the land and labels of the campaign and say little of another.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from rootzone.campaign.learning_section import Features
from rootzone.campaign.workspace import Workspace
from rootzone.covariates.open_campaign import CampaignFiles
from rootzone.learning.choose_model import PlaceFolds
from rootzone.learning.race import by_place, lead_of
from rootzone.learning.samples.open_samples import CampaignSamples, open_samples
from rootzone.learning.samples.soil_spread import read_soil_spread
from rootzone.networks.run_training import RunOptions

PLAIN = "the paper's channels"
WITH_PHYSICS = "physics at the depth"
LEAST_SITES = 10
TRAINED = "as the campaign trains"
TRAINING: dict[str, dict[str, object]] = {
    TRAINED: {},
    "tiles at random offsets": {"tile_shift_px": 8},
    "sites by the land they stand for": {"label_weights": "design"},
    "sites as any other": {"label_weights": "equal"},
    "labels by their spread among soils": {"label_noise": "soil_spread"},
}


def options(features: Features) -> dict[str, dict[str, object]]:
    """Rows by name: what each sets."""
    rows: dict[str, dict[str, object]] = {
        PLAIN: {},
        WITH_PHYSICS: {"physics": ("theta",)},
        "physics and its 7-day change": {"physics": ("theta", "change_7d")},
        "physics and its 30-day change": {"physics": ("theta", "change_30d")},
        "position": {"topography": ("position",)},
        "wetness index": {"topography": ("wetness",)},
        "sine and cosine of aspect": {"aspect": "sincos"},
        "cover and climate one by one": {"classes": "onehot"},
        "weather between cells": {"forcing": "bilinear"},
    }
    if features.surface_moisture is not None:
        rows["surface moisture"] = {"surface_moisture": features.surface_moisture}
    if features.leaf_area is not None:
        rows["leaf area"] = {"leaf_area": features.leaf_area}
    return rows


def with_learning(files: CampaignFiles, **changes: object) -> CampaignFiles:
    """The campaign with another section for learning."""
    learning = files.campaign.learning.model_copy(update=changes)
    campaign = files.campaign.model_copy(update={"learning": learning})
    return CampaignFiles(replace(files.loaded, campaign=campaign), files.data)


def model_of(model: str, features: Features) -> str:
    """Trees see physics as trees_physics only."""
    return "trees_physics" if model == "trees" and "theta" in features.physics else model


def rows_of(
    files: CampaignFiles, model: str, only: list[str], table: str
) -> Iterator[tuple[str, CampaignSamples, int | None]]:
    """Name, samples and number of sites of each row, the one to compare with first."""
    if table == "training":
        yield from training_rows(files, model, only)
        return
    if table == "sites":
        features = Features(physics=("theta",))
        base = open_samples(
            with_learning(files, model=model_of(model, features), features=features)
        )
        there = len(base.labels["simulated"].part(base.parts["simulated"], "train").used_places)
        count, counts = there, []
        while count >= LEAST_SITES:
            counts.append(count)
            count //= 2
        for count in reversed(counts):
            yield f"{count} sites", base, count
        return
    for name, changes in options(files.campaign.learning.features).items():
        if only and name not in (PLAIN, *only):
            continue
        features = Features().model_copy(update=changes)
        own = model_of(model, features)
        opened = open_samples(with_learning(files, model=own, features=features))
        yield name, opened, None


def training_rows(
    files: CampaignFiles, model: str, only: list[str]
) -> Iterator[tuple[str, CampaignSamples, int | None]]:
    """Ways to train, less those that are the campaign's own already or have nothing to go by."""
    learning = files.campaign.learning
    spread = Workspace(files.folder).label_spread
    for name, changes in TRAINING.items():
        same = all(getattr(learning, key) == value for key, value in changes.items())
        unknown = "label_noise" in changes and read_soil_spread(spread) is None
        if name != TRAINED and (same or unknown or (only and name not in only)):
            continue
        yield name, open_samples(with_learning(files, model=model, **changes)), None


def main() -> None:
    """Print a table, row by row."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("campaign", type=Path)
    asked.add_argument("--model", default="trees")
    asked.add_argument("--only", nargs="+", default=[], help="names of rows")
    tables = asked.add_mutually_exclusive_group()
    for name, told in (("sites", "a learning curve by sites"), ("training", "ways to train")):
        tables.add_argument(
            f"--{name}", action="store_const", dest="table", const=name, default="channels",
            help=told,
        )  # fmt: skip
    asked.add_argument("--epochs", type=int, help="in place of learning.epochs")
    asked.add_argument("--folds", type=int, help="in place of learning.auto_folds")
    chosen = asked.parse_args()
    files = CampaignFiles.beside(chosen.campaign)
    if chosen.folds:
        files = with_learning(files, auto_folds=chosen.folds)
    # Labels where physics is known, for every row alike.
    shown = Features(physics=("theta",))
    folds = PlaceFolds.of(open_samples(with_learning(files, model="trees_physics", features=shown)))
    held = folds.held()
    place = np.concatenate([one.place for one in held])
    observed = np.concatenate([one.observed for one in held])
    print(
        f"{chosen.model} at {np.unique(place).size} "
        f"{folds.inputs.judge} places left out in {len(held)} folds, {place.size} values",
        file=sys.stderr,
    )
    print("| row | channels | MAE [m3 m-3] | better than the first by | standard error |")
    print("|---|---|---|---|---|")
    each: dict[str, np.ndarray] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, samples, sites in rows_of(files, chosen.model, chosen.only, chosen.table):
            own = folds
            if chosen.table == "training":  # whose labels may count otherwise
                own = replace(folds, training=PlaceFolds.of(samples).training)
            said = [
                own.said(
                    samples, k, Path(folder) / f"{len(each)}-{k}", RunOptions(fresh=True),
                    epochs=chosen.epochs, sites=sites,
                )
                for k in range(len(held))
            ]  # fmt: skip
            each[name] = by_place(np.abs(np.concatenate(said) - observed), place)
            first = next(iter(each))
            gain, error = lead_of(each, name, first)
            told = "" if name == first else f"{gain:+.4f}"
            unsure = "" if name == first else f"{error:.4f}"
            mae = float(np.nanmean(each[name]))
            channels = len(samples.scene.spec)
            print(f"| {name} | {channels} | {mae:.4f} | {told} | {unsure} |", flush=True)


if __name__ == "__main__":
    main()
