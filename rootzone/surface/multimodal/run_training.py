"""Train in up to three stages: painting, a coarse product, stations; each by the one loop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import numpy as np
import polars as pl

from rootzone._shared.arrays import AnyArray
from rootzone._shared.table_files import write_table
from rootzone._shared.tables import Column, Schema
from rootzone.labels.splits import TEST, TRAIN, VALIDATION
from rootzone.surface.chain.hold_out import parts_of
from rootzone.surface.chain.open_surface import OpenSurface
from rootzone.surface.multimodal.chips import Chips
from rootzone.surface.multimodal.cut import bare_chips, product_chips, station_chips
from rootzone.surface.multimodal.open_chips import OpenChips
from rootzone.surface.multimodal.trained import (
    Trained,
    by_network,
    by_trees,
    grown_trees,
    save_network,
)

if TYPE_CHECKING:
    import torch

Say = Callable[[str], None]
Weights = dict[str, "torch.Tensor"]
_VALIDATION_SHARE: Final = 8  # every eighth block of places validates the stages without stations
_PATIENCE: Final = 12
_PAINTING_BETA2: Final = 0.95  # as published
PAINTING_RATE: Final = 1.5e-4  # of the published pre-training, for 256 images there
_DECAY: Final = 0.05  # of the weights, as published for the pre-training
MODELS: Final = ("convnext", "stations_alone", "lightgbm")
PREDICTED: Final = Schema(
    "multimodal_predictions",
    (
        Column("split", "text", "-", "how the samples were held out"),
        Column("seed", "int", "-", "seed of split and weights"),
        Column("without", "text", "-", "sensor that was taken away, empty for none"),
        Column("station", "text", "-", "network and station"),
        Column("date", "date", "-", "day of the radar scene"),
        Column("observed", "float", "m3 m-3", "water content the station reported"),
        Column("convnext", "float", "m3 m-3", "the network after all of its stages"),
        Column(
            "stations_alone",
            "float",
            "m3 m-3",
            "one that learned from stations alone",
            required=False,
        ),
        Column("lightgbm", "float", "m3 m-3", "trees on the same inputs"),
        Column("convnext_spread", "float", "m3 m-3", "how far off the network takes itself to be"),
    ),
)


def train_all(opened: OpenSurface, say: Say) -> Path:
    """Train every split and seed of a campaign; killed, the same call goes on.

    Parameters
    ----------
    opened : OpenSurface
        A campaign of the system ``multimodal``.
    say : callable
        Told how it goes.

    Returns
    -------
    Path
        The table of predictions at held-out samples.
    """
    trained = Trained(OpenChips(opened))
    chips, section = trained.chips, opened.section
    say(f"{len(chips.days)} days with a radar scene; inputs {', '.join(chips.inputs.names)}")
    samples = station_chips(chips, say)
    frames = []
    for seed in section.seeds:
        start = stages_before(trained, seed, say)
        for split in section.splits:
            parts = parts_of(samples, split, seed)
            held = Held.of(samples, parts)
            frames += _fitted(trained, held, start, split, seed)
            say(f"{split}, seed {seed}: {len(held.train)} train, {len(held.test)} test")
    record = trained.record(section.model_dump(mode="json"))
    write_table(trained.predictions, pl.concat(frames), PREDICTED, record)
    return trained.predictions


class Held(NamedTuple):
    """Chips to train on, to stop by, and to be scored on."""

    train: Chips
    validate: Chips
    test: Chips

    @classmethod
    def of(cls, samples: Chips, parts: AnyArray) -> Held:
        """Chips by their part."""
        return cls(
            samples.of(parts == TRAIN, moved=True), samples.of(parts == VALIDATION),
            samples.of(parts == TEST),
        )  # fmt: skip


def stages_before(trained: Trained, seed: int, say: Say) -> Weights | None:
    """Weights after the stages that need no station; None where the campaign asks for none."""
    from rootzone.networks.run_training import new_network
    from rootzone.surface.multimodal.checkpoint import published_weights
    from rootzone.surface.multimodal.fcmae import Painting

    chosen, config = trained.chips.chosen, trained.chips.config
    network, did = new_network(config, seed), False
    if chosen.weights is not None:
        path = trained.chips.opened.campaign_file.parent / chosen.weights
        taken = published_weights(path, network.encoder)  # type: ignore[arg-type]
        say(f"{path.name}: {len(taken)} tensors of the encoder; first layers are new")
        did = True
    if chosen.pretrain_epochs:
        folder = trained.stage_folder("painted", seed)
        task = Painting(network, chosen.hidden_share)  # type: ignore[arg-type]
        train, stop = _drawn(bare_chips(trained.chips, say))
        _stage(
            trained, task, train, stop, folder, epochs=chosen.pretrain_epochs, seed=seed,
            learning_rate=PAINTING_RATE * max(chosen.batch_size, 16) / 16, before=None,
            beta2=_PAINTING_BETA2,
        )  # fmt: skip
        did = True
    if chosen.product is not None:
        folder = trained.stage_folder("product", seed)
        train, stop = _drawn(product_chips(trained.chips, say))
        rmse = _stage(
            trained, network, train, stop, folder, epochs=chosen.product_epochs, seed=seed,
            learning_rate=chosen.learning_rate,
            before=_before(trained, "painted") if did else None,
        )  # fmt: skip
        say(f"product, seed {seed}: RMSE {rmse:.4f} m3 m-3 at windows held out")
        did = True
    return {k: v.clone() for k, v in network.state_dict().items()} if did else None


def _before(trained: Trained, stage: str) -> list[Any]:
    chosen = trained.chips.chosen
    return [stage, chosen.pretrain_epochs, chosen.hidden_share, chosen.weights]


def _drawn(chips: Chips) -> tuple[Chips, Chips]:
    """Windows to train on and to stop by, blocks of places apart."""
    blocks = np.unique(chips.place)
    stop = np.isin(chips.place, blocks[:: min(_VALIDATION_SHARE, max(blocks.size - 1, 1))])
    if stop.all():  # one block: days apart
        stop = np.isin(chips.date, np.unique(chips.date)[::_VALIDATION_SHARE])
    return chips.of(~stop, moved=True), chips.of(stop)


def learn_stage(
    network: torch.nn.Module,
    train_on: Chips,
    validate_on: Chips,
    folder: Path,
    *,
    epochs: int,
    seed: int,
    learning_rate: float,
    batch_size: int,
    identity: dict[str, Any],
    start: Weights | None = None,
    layer_decay: float = 1.0,
    patience: int = 0,
    beta2: float = 0.999,
    device: torch.device | None = None,
    precision: Literal["fp32", "bf16"] = "fp32",
) -> float:
    """Train a network in place with the one loop; its validation RMSE [m3 m-3].

    Parameters
    ----------
    network : module
        The network, or what paints with it.
    train_on, validate_on : Chips
        Samples.
    folder : Path
        Gets the log and the checkpoint of the stage.
    epochs, patience : int
        Most epochs, and how many without gain end it; 0 for none.
    seed : int
        Of the order of samples.
    learning_rate : float
        Of AdamW, rising over a twentieth of the steps, then falling as a cosine.
    batch_size : int
        Windows of a step.
    identity : dict
        What else the stage depends on.
    start : dict, optional
        Weights of the stage before.
    layer_decay : float
        Ratio of the steps of neighbouring layers.
    beta2 : float
        Of AdamW.
    device : torch.device, optional
        Where it is trained; the network comes back to the CPU.
    precision : str
        ``bf16`` or ``fp32``.
    """
    import torch

    from rootzone.networks.run_training import RunOptions, train
    from rootzone.networks.settings import TrainSettings
    from rootzone.surface.multimodal.standardise import Standardise

    for part in network.modules():
        if start is None and isinstance(part, Standardise) and not part.is_fitted:
            part.fit(train_on.x)
    settings = TrainSettings(
        epochs=epochs, batch_size=batch_size, optimiser="adamw", learning_rate=learning_rate,
        weight_decay=_DECAY, lr_schedule="warm_cosine", seed=seed, patience_epochs=patience,
        physics="none", layer_decay=layer_decay, decay_of="matrices", beta2=beta2,
        precision=precision,
    )  # fmt: skip
    result = train(
        network, {train_on.source: train_on}, validate_on, settings, folder, start_from=start,
        identity=identity, options=RunOptions(device=device or torch.device("cpu")),
    )  # fmt: skip
    network.to("cpu").load_state_dict(result.weights)
    return result.best_rmse


def _stage(
    trained: Trained,
    network: torch.nn.Module,
    train_on: Chips,
    validate_on: Chips,
    folder: Path,
    *,
    before: Any,  # noqa: ANN401 - plain values
    **more: Any,  # noqa: ANN401 - of `learn_stage`
) -> float:
    """A stage of a campaign; ``before`` says what its network learned before."""
    identity = {"files": trained.chips.digest, "before": before}
    return learn_stage(
        network, train_on, validate_on, folder, identity=identity,
        batch_size=trained.chips.chosen.batch_size, device=trained.chips.device,
        precision=trained.chips.chosen.precision, **more,
    )  # fmt: skip


def _fitted(
    trained: Trained, held: Held, start: Weights | None, split: str, seed: int
) -> list[pl.DataFrame]:
    """Networks and trees of a split and seed, and what they say at its test samples."""
    from rootzone.networks.run_training import new_network

    chips, section = trained.chips, trained.chips.opened.section
    chosen = chips.chosen
    told = {}
    ways = (
        {"convnext": False, "stations_alone": True} if start is not None and chosen.scratch else {}
    )
    for name, scratch in (ways or {"convnext": False}).items():
        path = trained.network_file(split, seed, scratch=scratch)
        network = new_network(chips.config, seed)
        is_tuned = start is not None and not scratch
        before = [*_before(trained, "product"), chosen.product] if is_tuned else None
        _stage(
            trained, network, held.train, held.validate, path.parent, epochs=section.epochs,
            seed=seed, before=[before, split, seed], patience=_PATIENCE,
            learning_rate=chosen.station_learning_rate if is_tuned else chosen.learning_rate,
            layer_decay=chosen.layer_decay if is_tuned else 1.0,
            start=start if is_tuned else None,
        )  # fmt: skip
        save_network(path, network.state_dict(), trained.record({"split": split, "seed": seed}))
        told[name] = network.to(chips.device).eval()
    path = trained.trees_file(split, seed)
    trees = grown_trees(held.train, path, trained.record({"split": split, "seed": seed}))
    frames = []
    left_out = ["", *chips.inputs.sensors, *(["scalars"] if chips.inputs.scalars else [])]
    for without in left_out:
        test = held.test.without(chips.inputs.of_sensor(without)) if without else held.test
        theta, spread = by_network(told["convnext"], test)  # type: ignore[arg-type]
        frames.append(
            pl.DataFrame(
                {
                    "split": [split] * len(test), "seed": [seed] * len(test),
                    "without": [without] * len(test),
                    "station": [chips.places.name[int(p)] for p in test.place],
                    "date": test.date.astype("datetime64[D]"), "observed": test.y,
                    "convnext": theta,
                    "stations_alone": by_network(told["stations_alone"], test)[0]  # type: ignore[arg-type]
                    if "stations_alone" in told else np.full(len(test), np.nan),
                    "lightgbm": by_trees(trees, test), "convnext_spread": spread,
                }
            )
        )  # fmt: skip
    return frames
