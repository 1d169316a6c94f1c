"""Train a network for each split and seed, and keep what it says of samples held out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl

from rootzone._shared.arrays import FloatArray
from rootzone._shared.atomic import atomic_path
from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import Provenance, write_sidecar
from rootzone._shared.seal import check
from rootzone._shared.table_files import write_table
from rootzone.labels.splits import TEST, TRAIN, VALIDATION
from rootzone.surface.chain.hold_out import PREDICTED, map_split, parts_of
from rootzone.surface.chain.open_surface import OpenSurface
from rootzone.surface.emission_model.channels import PHYSICAL
from rootzone.surface.emission_model.parameters import RetrievalNetwork
from rootzone.surface.emission_model.predict import retrieve_pixels
from rootzone.surface.emission_model.train import PointSamples, new_network, train_retrieval
from rootzone.surface.samples.places import samples_at

if TYPE_CHECKING:
    import torch

_TREES: Final = {
    "objective": "l2", "num_leaves": 31, "learning_rate": 0.03, "min_data_in_leaf": 20,
    "feature_fraction": 0.8, "bagging_fraction": 0.8, "bagging_freq": 1, "num_threads": 1,
    "force_row_wise": True, "verbose": -1, "seed": 1, "deterministic": True,
}  # fmt: skip
_ROUNDS = 400
_MOST_UNLABELLED = 400
_AGAIN = "rootzone surface train makes it again."


def train_all(opened: OpenSurface, say: Callable[[str], None]) -> Path:
    """Train every split and seed of a campaign; killed, the same call goes on.

    Parameters
    ----------
    opened : OpenSurface
        The campaign.
    say : callable
        Told how it goes.

    Returns
    -------
    Path
        The table of predictions at held-out samples.
    """
    samples = _samples(opened, say)
    inputs = {"scene": opened.scene.digest}
    elsewhere = None
    if "region" in opened.section.splits:
        say("the other region")
        elsewhere, inputs["other_region"] = _samples(opened.other, say), opened.other.scene.digest
    frames = []
    for split in opened.section.splits:
        there = opened.other if split == "region" else opened
        cells = _unlabelled(there) if opened.section.consistency_weight > 0.0 else None
        for seed in opened.section.seeds:
            held = held_out(samples, elsewhere, split, seed)
            network = _trained(opened, held, split, seed, cells, inputs)
            frames.append(_predicted(network, held, there.places.name, split, seed))
            say(f"{split}, seed {seed}: {len(held.train)} train, {len(held.test)} test")
    record = Provenance(
        "rootzone surface train", inputs, opened.section.model_dump(mode="json")
    )  # fmt: skip
    write_table(opened.predictions, pl.concat(frames), PREDICTED, record)
    return opened.predictions


class Held(NamedTuple):
    """Samples to train on, to stop by, and to be scored on."""

    train: PointSamples
    validate: PointSamples
    test: PointSamples


def held_out(samples: PointSamples, elsewhere: PointSamples | None, split: str, seed: int) -> Held:
    """Samples of a split; ``region`` trains on all stations here and tests on all elsewhere."""
    if split == "region":
        assert elsewhere is not None  # noqa: S101 - rules of the campaign
        parts = parts_of(samples, "stations", seed)
        stop = parts == VALIDATION
        return Held(samples.of(~stop), samples.of(stop), elsewhere)
    parts = parts_of(samples, split, seed)
    return Held(*(samples.of(parts == part) for part in (TRAIN, VALIDATION, TEST)))


def _samples(opened: OpenSurface, say: Callable[[str], None]) -> PointSamples:
    samples, left = samples_at(opened.scene, opened.places)
    dropped = ", ".join(f"{n} {why}" for why, n in left.items() if n)
    say(f"{len(samples)} samples at {len(opened.places.name)} stations; left out: {dropped or 0}")
    return samples


def _trained(
    opened: OpenSurface,
    held: Held,
    split: str,
    seed: int,
    unlabelled: torch.Tensor | None,
    inputs: dict[str, str],
) -> RetrievalNetwork:
    from safetensors.torch import save_file

    path = opened.network_file(split, seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    if opened.section.system == "sca_v":
        network = new_network(opened.config, seed).eval()
    else:
        network, _ = train_retrieval(
            held.train, held.validate, path.parent, config=opened.config,
            epochs=opened.section.epochs, seed=seed, unlabelled=unlabelled,
            identity={**inputs, "split": [split, seed]},
        )  # fmt: skip
    with atomic_path(path) as temporary:
        save_file(network.state_dict(), temporary)
    record = Provenance("rootzone surface train", inputs, {"split": split, "seed": seed})
    write_sidecar(path, record)
    return network


def load_networks(opened: OpenSurface) -> list[RetrievalNetwork]:
    """Networks of the ``stations`` split, or of the last split named, a seed each.

    Raises
    ------
    RequestError
        They are not trained yet.
    """
    from safetensors.torch import load_file

    networks = []
    for seed in opened.section.seeds:
        path = opened.network_file(map_split(opened), seed)
        if not path.is_file():
            raise RequestError(f"{path} is missing; run rootzone surface train first.")
        network = new_network(opened.config, seed)
        network.load_state_dict(load_file(check(path, _AGAIN)))
        networks.append(network.eval())
    return networks


def tree_inputs(channels: FloatArray) -> FloatArray:
    """What trees read, shape (sample, column): brightness, temperature, canopy, covariates."""
    rows = [PHYSICAL.index(name) for name in ("tb_v", "tb_h", "teff_k", "vwc_kg_m2")]
    return np.vstack([channels[rows], channels[len(PHYSICAL) :]]).T


def _predicted(
    network: RetrievalNetwork, held: Held, names: tuple[str, ...], split: str, seed: int
) -> pl.DataFrame:
    import lightgbm

    test = held.test
    data = lightgbm.Dataset(tree_inputs(held.train.channels), held.train.theta)
    trees = lightgbm.train(_TREES, data, _ROUNDS)
    untrained = new_network(network.config, seed).eval()
    return pl.DataFrame(
        {
            "split": [split] * len(test), "seed": [seed] * len(test),
            "station": [names[int(p)] for p in test.place],
            "date": test.date.astype("datetime64[D]"), "observed": test.theta,
            "sca_v": retrieve_pixels(untrained, test.channels).theta,
            "differentiable": retrieve_pixels(network, test.channels).theta,
            "lightgbm": np.asarray(trees.predict(tree_inputs(test.channels)), np.float64),
        }
    )  # fmt: skip


def _unlabelled(opened: OpenSurface) -> torch.Tensor:
    """Pixels of 9 x 9 km without a station, shape (cell, channel, pixel); every few looks."""
    import torch

    scene, places, side = opened.scene, opened.places, 9
    taken = {(int(r) // side, int(c) // side) for r, c in zip(places.row, places.col, strict=True)}
    rows, cols = scene.grid.height // side, scene.grid.width // side
    cells = [(r, c) for r in range(rows) for c in range(cols) if (r, c) not in taken]
    step = max(1, len(cells) * scene.days.size // _MOST_UNLABELLED)
    found = []
    for look in range(scene.days.size):
        if look % max(1, step // max(len(cells), 1)):
            continue
        channels = scene.channels(look)
        for r, c in cells[look % max(1, min(step, len(cells))) :: max(1, min(step, len(cells)))]:
            piece = channels[:, side * r : side * (r + 1), side * c : side * (c + 1)]
            if np.isfinite(piece).all():
                found.append(piece.reshape(piece.shape[0], -1))
    if not found:
        raise RequestError(
            "surface.consistency_weight is above 0, but every cell of 9 km has a station or gaps."
        )
    return torch.from_numpy(np.stack(found))
