"""Downscale both layers and correct them by stations, for each split and seed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl

from rootzone._shared.arrays import IntArray
from rootzone._shared.atomic import atomic_path, write_text
from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import Provenance, write_sidecar
from rootzone._shared.seeds import stream
from rootzone._shared.table_files import write_table
from rootzone._shared.tables import Column, Schema
from rootzone.labels.splits import TEST, TRAIN, VALIDATION
from rootzone.surface.chain.hold_out import Seats, parts_of
from rootzone.surface.chain.open_surface import OpenSurface
from rootzone.surface.fusion.downscale import Downscaler
from rootzone.surface.fusion.point_to_area import REACH_PX, PatchSamples, corrected
from rootzone.surface.grids.aggregate import spread
from rootzone.surface.two_layer.correct import ResidualTrees, learn_model, learn_stations
from rootzone.surface.two_layer.open_layers import LAYERS_MM, OpenLayers
from rootzone.surface.two_layer.trained import Trained

if TYPE_CHECKING:
    import torch

_MODEL_SAMPLES, _MODEL_VALIDATION, _MODEL_EVERY_DAYS = 6000, 600, 10
MODELS: Final = ("product", "downscaled", "trees", "network", "both")
WITH_NETWORK: Final = ("network", "both")
_STOP_SHARE = 5  # a fifth of the stations stops a member
PREDICTED: Final = Schema(
    "two_layer_predictions",
    (
        Column("layer", "text", "-", "surface (0-10 cm) or root_zone (0-100 cm)"),
        Column("split", "text", "-", "how the samples were held out"),
        Column("seed", "int", "-", "seed of split and weights"),
        Column("station", "text", "-", "network and station"),
        Column("date", "date", "-", "day"),
        Column("observed", "float", "m3 m-3", "water content of the layer at the station"),
        Column("product", "float", "m3 m-3", "the coarse product's cell"),
        Column("downscaled", "float", "m3 m-3", "the product brought to 1 km by trees"),
        Column("trees", "float", "m3 m-3", "corrected by trees on the stations' residual"),
        Column("network", "float", "m3 m-3", "corrected by the patch network", required=False),
        Column("both", "float", "m3 m-3", "mean of trees and network", required=False),
    ),
)


def train_all(opened: OpenSurface, say: Callable[[str], None]) -> Path:
    """Fit both layers for every split and seed; killed, the same call goes on.

    Parameters
    ----------
    opened : OpenSurface
        A campaign of the system ``two_layer``.
    say : callable
        Told how it goes.

    Returns
    -------
    Path
        The table of predictions at held-out samples.
    """
    trained = Trained(OpenLayers(opened))
    section, seats = opened.section, trained.stations
    say(f"{len(seats.name)} stations, {trained.layers.days.size} days; {'; '.join(seats.said)}")
    frames, above = [], None
    for layer in LAYERS_MM:
        trees = trained.downscaler(layer)
        say(
            f"{layer}: {trees.rounds} trees, RMSE at cells held out {trees.held_out_rmse:.4f} "
            "m3 m-3 against the product"
        )
        samples = trained.samples(layer, trees)
        if not len(samples):
            say(f"{layer}: no station has it; the downscaled field stays as it is")
            continue
        start = above = _from_model(trained, layer, trees, above)
        for split in section.splits:
            there = _other(trained) if split == "region" else trained
            elsewhere = there.samples(layer, there.downscaler(layer)) if there != trained else None
            for seed in section.seeds:
                held = held_out(samples, trained.layers.days, elsewhere, split, seed)
                frames.append(_fitted(trained, layer, held, there, start, split, seed))
                say(f"{layer}, {split}, seed {seed}: {len(held.test)} test")
    record = Provenance(
        "rootzone surface train", {"files": trained.layers.digest}, section.model_dump(mode="json")
    )
    write_table(trained.predictions, pl.concat(frames), PREDICTED, record)
    return trained.predictions


class Held(NamedTuple):
    """Samples to train on, to stop by, and to be scored on."""

    train: PatchSamples
    validate: PatchSamples
    test: PatchSamples


def held_out(
    samples: PatchSamples,
    days: IntArray,
    elsewhere: PatchSamples | None,
    split: str,
    seed: int,
) -> Held:
    """Samples of a split; ``region`` trains on all stations here and tests on all elsewhere."""
    parts = parts_of(
        Seats(samples.place, days[samples.day]),
        "stations" if elsewhere is not None else split,
        seed,
    )
    if elsewhere is not None:
        stop = parts == VALIDATION
        return Held(samples.of(~stop), samples.of(stop), elsewhere)
    return Held(*(samples.of(parts == part) for part in (TRAIN, VALIDATION, TEST)))


def _other(trained: Trained) -> Trained:
    """The other region, with a product and trees of its own."""
    opened = trained.layers.opened
    name = opened.section.two_layer.other_campaign
    if name is None:
        raise RequestError("surface.two_layer.other_campaign names no region to test in.")
    other = Trained(OpenLayers(OpenSurface.of(opened.campaign_file.parent / name)))
    if other.layers.names != trained.layers.names:
        raise RequestError(
            f"{name} has the fields {', '.join(other.layers.names)}, this campaign "
            f"{', '.join(trained.layers.names)}: its networks cannot read them."
        )
    return other


def _from_model(
    trained: Trained,
    layer: str,
    trees: Downscaler,
    above: dict[str, torch.Tensor] | None,
) -> dict[str, torch.Tensor] | None:
    """Weights of a network that learned the campaign's model everywhere, if it names one."""
    two = trained.layers.opened.section.two_layer
    if not trained.layers.model or two.corrector not in WITH_NETWORK:
        return None
    cells, grid, days = trained.layers.model[layer], trained.layers.grid, trained.layers.days
    there = [k for k in range(0, days.size, _MODEL_EVERY_DAYS) if int(days[k]) in cells.by_day]
    fields = {k: spread(cells.by_day[int(days[k])], cells.grid, grid, "bilinear") for k in there}

    def drawn(number: int, n: int) -> PatchSamples:
        rng = stream(trained.layers.opened.section.seeds[0], number)
        day = rng.choice(there, n)
        row = rng.integers(REACH_PX, grid.height - REACH_PX, n)
        col = rng.integers(REACH_PX, grid.width - REACH_PX, n)
        theta = np.array([fields[k][r, c] for k, r, c in zip(day, row, col, strict=True)])
        some = PatchSamples.cut(
            lambda k: trained.stack(layer, trees, k), day, row, col, theta, row * grid.width + col
        )
        known = np.isfinite(theta) & np.isfinite(some.x[:, 0, REACH_PX, REACH_PX])
        return some.of(known)

    network = learn_model(
        drawn(11, _MODEL_SAMPLES), drawn(12, _MODEL_VALIDATION), above,
        trained.folder / "networks" / f"{layer}_model",
        epochs=max(2, trained.layers.opened.section.epochs // 4),
        identity={"files": trained.layers.digest, "layer": layer},
    )  # fmt: skip
    return {name: value.clone() for name, value in network.state_dict().items()}


def _fitted(
    trained: Trained,
    layer: str,
    held: Held,
    there: Trained,
    start: dict[str, torch.Tensor] | None,
    split: str,
    seed: int,
) -> pl.DataFrame:
    from safetensors.torch import save_file

    test, two = held.test, trained.layers.opened.section.two_layer
    identity = {"files": trained.layers.digest, "layer": layer, "split": [split, seed]}
    record = Provenance("rootzone surface train", {"files": trained.layers.digest}, identity)
    trees = ResidualTrees.fitted(held.train, seed)
    path = trained.trees_file(layer, split, seed)
    write_text(path, trees.booster.model_to_string())
    write_sidecar(path, record)
    told = np.full(len(test), np.nan)
    if two.corrector in WITH_NETWORK:
        each = []
        for member in range(two.members):
            path = trained.network_file(layer, split, seed, member)
            train, stop = of_member(held, split, member, two.members)
            network = learn_stations(
                train, stop, start, path.parent, epochs=trained.layers.opened.section.epochs,
                seed=1000 * seed + member, identity={**identity, "member": member},
            )  # fmt: skip
            with atomic_path(path) as temporary:
                tensors = {k: v.contiguous() for k, v in network.state_dict().items()}
                save_file(tensors, temporary)
            write_sidecar(path, record)
            each.append(corrected(network, test))
        told = np.mean(each, axis=0)
    by_trees = trees.at(test)
    cells, grid = there.layers.product[layer], there.layers.grid
    days = there.layers.days
    coarse = {
        int(k): spread(cells.by_day[int(days[k])], cells.grid, grid) for k in np.unique(test.day)
    }
    seats = zip(test.day, test.row, test.col, strict=True)
    return pl.DataFrame(
        {
            "layer": [layer] * len(test), "split": [split] * len(test), "seed": [seed] * len(test),
            "station": [there.stations.name[int(p)] for p in test.place],
            "date": days[test.day].astype("datetime64[D]"), "observed": test.theta,
            "product": [float(coarse[int(d)][r, c]) for d, r, c in seats],
            "downscaled": test.x[:, 0, REACH_PX, REACH_PX].astype(np.float64),
            "trees": by_trees, "network": told, "both": 0.5 * (by_trees + told),
        }
    )  # fmt: skip


def of_member(
    held: Held, split: str, member: int, members: int
) -> tuple[PatchSamples, PatchSamples]:
    """Samples a member learns from, and those it stops by.

    Where places are left out, each member stops by a fifth of the others that is its own, so that
    together they learn from all; where days are, all stop by the same.
    """
    if split not in ("stations", "region") or members == 1:
        return held.train, held.validate
    pool = held.train.joined(held.validate)
    stop = np.isin(pool.place, np.unique(pool.place)[member :: max(members, _STOP_SHARE)])
    if stop.all() or not stop.any():
        return held.train, held.validate
    return pool.of(~stop), pool.of(stop)
