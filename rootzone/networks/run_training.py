"""The training loop: epochs of steps, a validation after each, checkpoints on the way.

Killed at any moment, the same call goes on from its last checkpoint and ends, on a CPU with the
same number of threads, with the same weights to the bit as a run that was never disturbed.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from rootzone._shared.errors import RequestError, RootzoneError, StoppedEarly
from rootzone._shared.seal import damage
from rootzone._shared.skill import METRICS
from rootzone.jobs.driver.run_signals import Interrupted, Stop, stop_on_signals
from rootzone.networks.checkpoints import load_checkpoint, save_checkpoint
from rootzone.networks.families import Shape, to_dict
from rootzone.networks.losses import CompositeLoss
from rootzone.networks.mixing import SIMULATED, SOURCES, may_draw
from rootzone.networks.ranks import ALONE, Ranks, with_shared_norms
from rootzone.networks.run_log import LOG, Events, write_log
from rootzone.networks.schedules import lr_factor
from rootzone.networks.settings import TrainSettings
from rootzone.networks.stages import take_weights, weights_digest
from rootzone.networks.train_progress import TrainProgress
from rootzone.networks.train_state import TrainState
from rootzone.networks.train_step import train_step
from rootzone.networks.validate import validation_skill

if TYPE_CHECKING:
    from rootzone.networks.batch import Samples

_CPU = torch.device("cpu")


@dataclass(frozen=True)
class TrainResult:
    """A trained network.

    Parameters
    ----------
    weights : dict
        State of the network at its best validation, on the CPU.
    history : list of dict
        A row an epoch.
    best_epoch : int
        Epoch of the weights, from 0.
    best_rmse : float
        Its validation RMSE [m3 m-3].
    stopped_early : bool
        Whether patience ended the training.
    """

    weights: dict[str, Tensor]
    history: list[dict[str, Any]]
    best_epoch: int
    best_rmse: float
    stopped_early: bool


@dataclass(frozen=True)
class RunOptions:
    """How a run is carried out; nothing here changes its result.

    Parameters
    ----------
    device : torch.device
        Where the network is.
    ranks : Ranks
        Processes that train together.
    fresh : bool
        Whether an earlier checkpoint is put aside.
    checkpoint_minutes : float
        Longest time between two checkpoints [min]; there is one after every epoch besides.
    progress : TrainProgress, optional
        Where to tell how it goes.
    after_step : callable, optional
        Called with the number of steps done.
    """

    device: torch.device = _CPU
    ranks: Ranks = ALONE
    fresh: bool = False
    checkpoint_minutes: float = 10.0
    progress: TrainProgress | None = None
    after_step: Callable[[int], None] | None = None


def new_network(config: Shape, seed: int) -> nn.Module:
    """A network with the weights of a seed, whatever was drawn before."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return config.build()


def checkpoint_of(folder: Path, member: int = 0) -> Path:
    """Last checkpoint of one network of a run."""
    return folder / f"checkpoint.member{member}.pt"


def train(
    network: nn.Module,
    sources: Mapping[str, Samples],
    validation: Samples,
    settings: TrainSettings,
    folder: Path,
    *,
    start_from: Mapping[str, Tensor] | None = None,
    member: int = 0,
    identity: Mapping[str, Any] | None = None,
    options: RunOptions | None = None,
) -> TrainResult:
    """Train a network, or go on with one.

    Parameters
    ----------
    network : module
        New network; trained in place. Its best weights are in the result.
    sources : mapping
        ``simulated``, ``station`` or both, with the samples to train on. A source that the mixing
        never draws may be left out; with one source alone every batch is drawn from it.
    validation : Samples
        Samples that choose the best epoch. Stations, where there are any.
    settings : TrainSettings
        Everything that changes the result.
    folder : Path
        Gets ``log.csv`` and the checkpoint.
    start_from : mapping, optional
        Weights of an earlier training; those of equal name and shape are taken over, with a new
        optimiser and new statistics (see `rootzone.networks.stages`).
    member : int
        Number of the network in its ensemble; the settings carry its seed already.
    identity : mapping
        What else the run depends on, such as digests; a checkpoint with another is refused.
    options : RunOptions, optional
        Device, processes, progress.

    Raises
    ------
    RequestError
        There is nothing to train on or to validate with, or the checkpoint is another run's.
    RootzoneError
        The loss, the gradient or every validation is not a number.
    StoppedEarly
        A signal asked for the end; the same call goes on from there.
    """
    run = options or RunOptions()
    probability = _probability(sources, settings)
    if len(validation) == 0:
        raise RequestError("There are no samples to validate with; see learning.split.")
    drawn = {
        name: sources[name]
        for name in SOURCES
        if name in sources and may_draw(name, probability, settings.mixing_schedule)
    }
    network = with_shared_norms(network, run.ranks).to(run.device)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    torch.manual_seed(settings.seed + run.ranks.rank)
    sizes = {name: len(samples) for name, samples in drawn.items()}
    state = TrainState(network, settings, sizes, probability)
    more = dict(identity or {})
    if start_from is not None:
        take_weights(network, start_from)
        more["start_from"] = weights_digest(start_from)
    whole_identity = _identity(network, settings, sizes, validation, more)
    keeper = _Keeper(checkpoint_of(folder, member), whole_identity, run)
    keeper.resume(state)
    if run.progress is not None:
        run.progress.begin()
    with stop_on_signals() as stop:
        stop.begin_end()  # signals are looked at between steps only
        loop = _Loop(state, drawn, validation, settings, run, keeper, stop)
        loop.to_the_end(folder, member)
    if not state.best_weights:
        raise RootzoneError(
            "No epoch's validation is a number, so no epoch is the best. Look at the "
            f"validation columns of {folder / LOG}."
        )
    return TrainResult(
        state.best_weights, state.history, state.best_epoch, state.best_rmse,
        state.epoch < settings.epochs,
    )  # fmt: skip


def _probability(sources: Mapping[str, Samples], settings: TrainSettings) -> float:
    """Chance of a simulated batch, of the sources that are there."""
    there = [name for name in SOURCES if name in sources and len(sources[name])]
    if not there:
        raise RequestError("There are no samples to train on; see learning.split and min_labels.")
    if len(there) == 2:
        return settings.simulated_batch_probability
    return 1.0 if there == [SIMULATED] else 0.0


def _identity(
    network: nn.Module,
    settings: TrainSettings,
    sizes: Mapping[str, int],
    validation: Samples,
    more: Mapping[str, Any],
) -> dict[str, Any]:
    config = getattr(network, "config", None)
    return {
        **more,
        "settings": settings.to_dict(),
        "network": to_dict(config) if isinstance(config, Shape) else {},
        "samples": {**sizes, "validation": len(validation)},
    }


@dataclass
class _Keeper:
    """Writes and reads the checkpoint of one network."""

    path: Path
    identity: dict[str, Any]
    run: RunOptions
    last_s: float = field(default_factory=time.monotonic)

    def resume(self, state: TrainState) -> None:
        """Go on with the checkpoint, where there is one and it is wanted."""
        if self.run.fresh and self.run.ranks.leads:
            self.path.unlink(missing_ok=True)
        if self.run.ranks.from_leader(not self.run.fresh and self.path.exists()):
            state.restore(load_checkpoint(self.path, self.identity))
            self._say(state)

    def _say(self, state: TrainState) -> None:
        if self.run.progress is not None and self.run.ranks.leads:
            done = "was finished before" if state.finished else "goes on"
            self.run.progress.say(
                f"{self.path.name}: {done} after {state.epoch} epochs, {state.step} steps"
            )

    def save(self, state: TrainState) -> None:
        """Write the checkpoint."""
        self.last_s = time.monotonic()
        if self.run.ranks.leads:
            save_checkpoint(self.path, self.identity, state.to_dict())

    @property
    def is_due(self) -> bool:
        """Whether the last one is old."""
        return time.monotonic() - self.last_s >= 60.0 * self.run.checkpoint_minutes


@dataclass
class _Loop:
    """The loop, with what its steps need."""

    state: TrainState
    sources: Mapping[str, Samples]
    validation: Samples
    settings: TrainSettings
    run: RunOptions
    keeper: _Keeper
    stop: Stop

    def __post_init__(self) -> None:
        largest = max(len(samples) for samples in self.sources.values())
        self.steps_per_epoch = self.settings.steps_per_epoch or math.ceil(
            largest / self.settings.batch_size
        )
        self.n_steps = self.steps_per_epoch * self.settings.epochs
        self.loss = CompositeLoss(self.settings)
        self.wrapped: nn.Module = self.state.network
        if self.run.ranks.world > 1:
            self.wrapped = DistributedDataParallel(self.state.network, broadcast_buffers=False)

    def to_the_end(self, folder: Path, member: int) -> None:
        """All epochs that are left."""
        state = self.state
        events = Events(folder / "events" / f"member{member}") if self.run.ranks.leads else None
        if events is not None and state.finished and damage(folder / LOG) is not None:
            write_log(folder / LOG, member, state.history)
        while not state.finished:
            while state.sums.steps < self.steps_per_epoch:
                self._one_step()
                self._between_steps()
            row = self._end_epoch()
            state.finished = state.epoch >= self.settings.epochs or state.out_of_patience(
                self.settings.patience_epochs
            )
            # Killed between the two, the run makes this epoch again and writes its row again.
            if events is not None:
                write_log(folder / LOG, member, state.history)
                events.add(row)
            self.keeper.save(state)

    def _one_step(self) -> None:
        started = time.perf_counter()
        state = self.state
        self.state.network.train()
        progress = state.step / self.n_steps
        rate = self.settings.learning_rate * lr_factor(self.settings.lr_schedule, progress)
        for group in state.optimiser.param_groups:
            group["lr"] = rate * group.get("scale", 1.0)
        source = state.mixer.draw(state.step, self.n_steps)
        indices = state.orders[source].next()
        batch = self.sources[source].batch(self.run.ranks.share(indices), self.run.device)
        figures = train_step(
            self.wrapped,
            state.optimiser,
            self.loss,
            batch,
            progress,
            settings=self.settings,
            loss_state=state.loss_state,
            ranks=self.run.ranks,
        )
        state.step += 1
        state.sums.add({**figures, "learning_rate": rate}, source, int(indices.size))
        state.sums.seconds += time.perf_counter() - started
        if self.run.progress is not None and self.run.ranks.leads:
            self.run.progress.step(state.step, self.n_steps, figures["total"])

    def _between_steps(self) -> None:
        """Checkpoints that are due, and signals that have come."""
        if self.run.after_step is not None:
            self.run.after_step(self.state.step)
        try:
            self.stop.check()
        except Interrupted as signal:
            self.keeper.save(self.state)
            raise StoppedEarly(
                f"Stopped by {signal} after step {self.state.step} of {self.n_steps}; the same "
                "command goes on from there."
            ) from signal
        if self.keeper.is_due:
            self.keeper.save(self.state)

    def _end_epoch(self) -> dict[str, Any]:
        state, run = self.state, self.run
        skill = None
        if run.ranks.leads:
            skill = validation_skill(
                state.network,
                self.validation,
                batch_size=self.settings.batch_size,
                device=run.device,
                bf16=self.settings.precision == "bf16",
            )
        skill = run.ranks.from_leader(skill)
        row: dict[str, Any] = {"epoch": state.epoch, "step": state.step, **state.sums.row()}
        row |= {f"validation_{name}": getattr(skill, name) for name in (*METRICS, "n")}
        row["validation_source"] = getattr(self.validation, "source", "")
        state.end_epoch(row)
        if run.progress is not None and run.ranks.leads:
            run.progress.epoch(state.history[-1])
        return state.history[-1]
