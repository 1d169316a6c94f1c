"""Train a network for each cluster, months first and days then, and score it at left-out stations.

A task is a seed and a cluster; tasks know nothing of each other, so they run in processes of one
machine or, told their numbers, as the tasks of an array on many.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from rootzone._shared.arrays import AnyArray, IntArray
from rootzone._shared.atomic import atomic_path
from rootzone._shared.days import day_number
from rootzone._shared.digests import digest_json
from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import Provenance, write_sidecar
from rootzone._shared.seal import check
from rootzone._shared.seeds import stream
from rootzone.labels.splits import TRAIN, VALIDATION, left_out
from rootzone.maps.map_run import made_alike
from rootzone.maps.run_workers import Workers
from rootzone.surface.chain.open_surface import OpenSurface
from rootzone.surface.extents.clusters import Clusters, find_clusters
from rootzone.surface.extents.open_extents import OpenExtents
from rootzone.surface.extents.vectors import LEGEND_OF, NAMES, Vectors

if TYPE_CHECKING:
    import torch

    from rootzone.networks.stages import Stage
    from rootzone.surface.extents.network import SurfaceUNet
    from rootzone.surface.extents.samples import ExtentSamples

_AGAIN: Final = "rootzone surface train makes it again."


@dataclass(frozen=True)
class Grouping:
    """Stations of a seed: their part, their cluster, and the clusters.

    Attributes
    ----------
    parts : array of str, shape (station,)
        ``train``, ``validation``, ``test``; empty where a station has no extent.
    cluster : array of int, shape (station,)
        Cluster of its extent.
    clusters : Clusters or None
        None where one network serves all.
    """

    parts: AnyArray
    cluster: IntArray
    clusters: Clusters | None

    @property
    def n(self) -> int:
        """Number of networks."""
        return 1 if self.clusters is None else len(self.clusters.centroids)


def grouping(land: OpenExtents, seed: int, vectors: Vectors | None = None) -> Grouping:
    """Divide a campaign's stations for a seed; only those to train on have a say in clusters.

    Raises
    ------
    RequestError
        There are too few stations, or too few extents for clusters.
    """
    found = land.extents
    usable = np.flatnonzero(found.of_station >= 0)
    if usable.size < 3:
        raise RequestError(
            f"{usable.size} stations have an extent; a split by stations needs three. "
            + "; ".join(found.said[:3])
        )
    of_station = left_out([land.places.name[k] for k in usable.tolist()], seed)
    parts = np.array([""] * len(land.places.name), dtype="<U10")
    for k in usable.tolist():
        parts[k] = of_station[land.places.name[k]]
    if land.section.clusters == "one":
        return Grouping(parts, np.zeros(parts.size, np.int64), None)
    vectors = vectors or Vectors(land)
    known = vectors.clusters
    if seed not in known:
        described = vectors.of(found.tile)
        train = np.unique(found.of_station[parts == TRAIN])
        clusters, _ = find_clusters(
            described[train], NAMES, legend_of=LEGEND_OF, most=land.section.most_clusters,
            least_members=land.section.min_sites, seed=seed,
        )  # fmt: skip
        known[seed] = clusters, clusters.assign(described)[0]
    clusters, label = known[seed]
    cluster = np.where(found.of_station >= 0, label[found.of_station], -1)
    return Grouping(parts, cluster.astype(np.int64), clusters)


@dataclass(frozen=True)
class Task:
    """The network of one cluster and seed."""

    seed: int
    cluster: int


@dataclass(frozen=True)
class TrainJob:
    """What a worker needs to train any task of a campaign, and where."""

    campaign_file: Path
    device: str | None = None

    def open(self) -> Callable[[Any], None]:
        """Open the campaign; what is returned trains one task."""
        import torch

        torch.set_num_threads(1)
        land = OpenExtents(OpenSurface.of(self.campaign_file))
        vectors = Vectors(land)

        def do(task: Task) -> None:
            train_task(land, task, grouping(land, task.seed, vectors), self.device)

        return do


def tasks_of(land: OpenExtents, vectors: Vectors) -> list[Task]:
    """Every seed and cluster of a campaign, in order."""
    return [
        Task(seed, cluster)
        for seed in land.opened.section.seeds
        for cluster in range(grouping(land, seed, vectors).n)
    ]


def train_all(
    opened: OpenSurface,
    say: Callable[[str], None],
    part: str | None = None,
    device: str | None = None,
) -> Path:
    """Train every seed and cluster; killed, the same call goes on.

    Parameters
    ----------
    opened : OpenSurface
        A campaign of the system ``deepsoil``.
    say : callable
        Told how it goes.
    part : str, optional
        Such as ``2/19``: only every 19th task from the second on, for the tasks of an array. The
        call without it collects what they trained.
    device : str, optional
        ``cpu``, as if not given, or ``cuda``.

    Returns
    -------
    Path
        The table of predictions at left-out stations, or the folder of networks for a part.

    Raises
    ------
    RequestError
        There is too little to train on, or ``part`` is none.
    """
    land = OpenExtents(opened)
    for line in (*land.places.said, *land.extents.said):
        say(line)
    vectors = Vectors(land)
    tasks = tasks_of(land, vectors)
    chosen = _part(tasks, part)
    missing = [task for task in chosen if not _is_trained(land, task, vectors)]
    cores = land.section.cores if part is None else 1
    with Workers(TrainJob(opened.campaign_file, device), cores) as workers:
        for number, task in enumerate(workers.run(missing), 1):
            say(f"seed {task.seed}, cluster {task.cluster}: trained, {number} of {len(missing)}")
    if part is not None:
        return land.folder / "networks"
    record = Provenance(
        "rootzone surface train", {"files": land.digest},
        {"section": land.section.model_dump(mode="json", exclude={"cores", "fill_water"}),
         "seeds": list(opened.section.seeds)},
    )  # fmt: skip
    if missing or not made_alike(opened.predictions, record):
        from rootzone.surface.extents.write_scores import write_scores

        write_scores(land, vectors, record, say)
    return opened.predictions


def untrained(land: OpenExtents, vectors: Vectors) -> list[Task]:
    """Networks that are not trained yet, or of other files and settings."""
    return [task for task in tasks_of(land, vectors) if not _is_trained(land, task, vectors)]


def _part(tasks: list[Task], part: str | None) -> list[Task]:
    if part is None:
        return tasks
    number, _, of = part.partition("/")
    if not (number.isdigit() and of.isdigit() and 1 <= int(number) <= int(of)):
        raise RequestError(f"--part {part} is none; write 2/19 for the second of 19.")
    return tasks[int(number) - 1 :: int(of)]


def network_file(land: OpenExtents, task: Task) -> Path:
    """Weights of one network."""
    folder = land.folder / "networks" / f"stations_{task.seed}"
    return folder / f"cluster{task.cluster}" / "network.safetensors"


def identity_of(land: OpenExtents, task: Task, groups: Grouping) -> dict[str, Any]:
    """Everything a task's network depends on besides its training settings."""
    section = land.section.model_dump(mode="json", exclude={"cores", "fill_water"})
    return {
        "files": land.digest, "section": section, "cluster": [task.seed, task.cluster],
        "stations": digest_json(
            [land.places.name, groups.parts.tolist(), groups.cluster.tolist()]
        ),
    }  # fmt: skip


def _record(land: OpenExtents, task: Task, groups: Grouping) -> Provenance:
    return Provenance(
        "rootzone surface train", {"files": land.digest}, identity_of(land, task, groups)
    )


def _is_trained(land: OpenExtents, task: Task, vectors: Vectors) -> bool:
    return made_alike(
        network_file(land, task), _record(land, task, grouping(land, task.seed, vectors))
    )


def train_task(land: OpenExtents, task: Task, groups: Grouping, device: str | None = None) -> None:
    """Train one network through its stages, on the device that is named, and keep it.

    Raises
    ------
    RequestError
        The cluster has no station to train on or none to choose an epoch by.
    """
    from safetensors.torch import save_file

    from rootzone.networks.ranks import device_named
    from rootzone.networks.run_training import RunOptions, new_network
    from rootzone.networks.stages import train_stages

    path = network_file(land, task)
    stages = stages_of(land, task, groups)
    identity = identity_of(land, task, groups)
    results = train_stages(
        new_network(land.config, task.seed), stages, path.parent, identity=identity,
        options=RunOptions(device_named(device)),
    )  # fmt: skip
    with atomic_path(path) as temporary:
        weights = {name: value.contiguous() for name, value in results[-1].weights.items()}
        save_file(weights, temporary)
    write_sidecar(path, _record(land, task, groups))


def stages_of(land: OpenExtents, task: Task, groups: Grouping) -> list[Stage]:
    """Months first, then days from their weights."""
    from rootzone.networks.mixing import STATION
    from rootzone.networks.stages import Stage

    chosen = land.section
    stages = []
    plans = [("monthly", chosen.monthly_epochs, chosen.monthly_rate)] * bool(chosen.monthly_epochs)
    plans += [("daily", chosen.daily_epochs, chosen.daily_rate)]
    for name, epochs, rate in plans:
        train, validation = samples_of(land, task, groups, monthly=name == "monthly")
        settings = settings_of(land, epochs, rate, task.seed)
        stages.append(Stage(name, {STATION: train}, validation, settings))
    return stages


def settings_of(land: OpenExtents, epochs: int, rate: float, seed: int) -> Any:  # noqa: ANN401
    """How a stage is trained: Adam, and the loss that the campaign names."""
    from rootzone.networks.settings import TrainSettings

    chosen = land.section
    physics = "full" if chosen.loss.startswith("psi") else "none"
    return TrainSettings(
        epochs=epochs, batch_size=chosen.batch_size, optimiser="adam", weight_decay=0.0,
        learning_rate=rate, lr_schedule="step" if chosen.loss == "mse_decay" else "constant",
        physics=physics, alpha_schedule="step_to_zero", lambda_bound=0.0, mse_over="all",
        psi_space=chosen.psi_space, seed=seed,
    )  # fmt: skip


def samples_of(
    land: OpenExtents, task: Task, groups: Grouping, *, monthly: bool
) -> tuple[ExtentSamples, ExtentSamples]:
    """Samples of a cluster to train on, and places left out of that to choose an epoch by.

    An epoch is chosen by what its loss learns: by stations where they are in the loss, else by the
    target. A loss that never saw a station would otherwise be given the epoch at which it happened
    to pass near them, on its way to a target that is biased there.
    """
    from rootzone.surface.extents.samples import ExtentSamples

    own = groups.cluster == task.cluster
    train, stop = groups.parts == TRAIN, groups.parts == VALIDATION
    if not (train & own).any():
        raise RequestError(f"Cluster {task.cluster} of seed {task.seed} has no station to train.")
    # A cluster without a station to stop by takes those of all clusters.
    stopping = stop & own if (stop & own).any() else stop
    days = _months(land) if monthly else [day_number(day) for day in land.days]
    made = []
    for stations, may_see in ((train & own, train), (stopping, stopping)):
        numbers = np.unique(land.extents.of_station[stations])
        extent, day = drawn(numbers, days, land.section.days_per_extent, task.seed)
        at_stations = may_see is stopping and land.section.loss == "psi_station"
        made.append(
            ExtentSamples(
                land, extent, day, np.asarray(may_see), monthly, at_stations,
                land.section.loss == "psi_station",
            )
        )  # fmt: skip
    return made[0], made[1]


def _months(land: OpenExtents) -> list[int]:
    return sorted({day_number(day.replace(day=1)) for day in land.days})


def drawn(numbers: IntArray, days: list[int], most: int, seed: int) -> tuple[IntArray, IntArray]:
    """Extents with days drawn for each, never the same day twice."""
    extent, day = [], []
    for number in numbers.tolist():
        taken = stream(seed, number).choice(len(days), min(most, len(days)), replace=False)
        extent += [number] * taken.size
        day += [days[k] for k in np.sort(taken)]
    return np.array(extent, dtype=np.int64), np.array(day, dtype=np.int64)


def load_network(land: OpenExtents, task: Task, device: torch.device | None = None) -> SurfaceUNet:
    """A trained network.

    Raises
    ------
    RequestError
        It is not trained yet.
    """
    from safetensors.torch import load_file

    from rootzone.surface.extents.network import SurfaceUNet

    path = network_file(land, task)
    if not path.is_file():
        raise RequestError(f"{path} is missing; run rootzone surface train first.")
    network = SurfaceUNet(land.config)
    network.load_state_dict(load_file(check(path, _AGAIN)))
    return network.eval() if device is None else network.eval().to(device)
