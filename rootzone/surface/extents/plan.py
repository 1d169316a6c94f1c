"""What a run of the system ``deepsoil`` will read and cost, told before anything runs."""

from __future__ import annotations

import math
from typing import Any, Final

from rootzone._shared.errors import RequestError
from rootzone.jobs.driver.slurm import ArrayRequest
from rootzone.jobs.pilot.run_plan import rootzone_command
from rootzone.surface.chain.open_surface import OpenSurface
from rootzone.surface.extents.open_extents import OpenExtents
from rootzone.surface.extents.run_maps import WINDOW_PX
from rootzone.surface.extents.run_training import grouping, samples_of, tasks_of, untrained
from rootzone.surface.extents.vectors import Vectors

_TILE_GFLOP: Final = 1.51  # a forward pass of the paper's widths over a tile (science note)
_GFLOP_S: Final = 25.0  # of one core, measured on the narrow network
_TRAINING: Final = 3.0  # forward, and backward by inputs and by weights
_PASS_S: Final = 0.03  # of an extent in training beside that: its batch, the loss, small layers
_PIXEL_S: Final = 2e-6  # of a pixel and day of a map beside that: reading, and writing its files
_BYTES: Final = 2 * 2 + 1
_MARGIN: Final = 2.0  # of the time limit over the estimate
_SAMPLE_MB: Final = 10 * 4 * 192**2 / 1e6  # what of an extent and day is kept: 10 planes
_BASE_MB: Final = 3000.0  # torch, the network, and land that is kept


def array_request(
    opened: OpenSurface,
    tasks: int | None = None,
    minutes: int | None = None,
    partition: str = "",
    account: str = "",
    gres: str = "",
) -> tuple[ArrayRequest, int]:
    """What to ask of Slurm for a campaign's networks, and how many are not trained yet.

    Each task trains its networks one after the other on one core, or on its GPU. The time asked
    for is that of the plan with room; a task that is ended goes on when it is requeued.

    Raises
    ------
    RequestError
        The campaign is of another system, or its files are wrong.
    """
    if opened.section.system != "deepsoil":
        raise RequestError(
            "--surface sends the networks of surface.system deepsoil to Slurm; it is "
            f"{opened.section.system}."
        )
    land = OpenExtents(opened)
    vectors = Vectors(land)
    every, left = tasks_of(land, vectors), len(untrained(land, vectors))
    facts = plan(opened)
    tasks = min(tasks or len(every), len(every))
    each = -(-len(every) // tasks) * facts["training_s"] / len(every)
    kept_mb = facts["samples"] / len(every) * _SAMPLE_MB
    log = opened.folder / "slurm"
    request = ArrayRequest(
        campaign_file=str(opened.campaign_file.resolve()), name=f"surface-{opened.name}",
        tasks=tasks, cores=1, minutes=minutes or max(10, 10 * math.ceil(each * _MARGIN / 600.0)),
        memory_mb=int(_BASE_MB + kept_mb), log_folder=str(log.resolve()),
        command=rootzone_command(), partition=partition, account=account, gres=gres,
        verb=("surface", "train"), share="--part", takes_cores=False,
    )  # fmt: skip
    return request, left


def plan(opened: OpenSurface) -> dict[str, Any]:
    """Files, bytes, stations, networks, and seconds of one core; trains nothing."""
    land = OpenExtents(opened)
    section, vectors = land.section, Vectors(land)
    tasks = tasks_of(land, vectors)
    samples = 0
    for task in tasks:
        train, _ = samples_of(land, task, grouping(land, task.seed, vectors), monthly=False)
        samples += len(train)
    # Work goes by the square of the widths.
    gflop = _TILE_GFLOP * (section.widths[-1] / 512.0) ** 2
    epochs = section.monthly_epochs + section.daily_epochs
    pixels = land.grid.height * land.grid.width
    n_map = len(opened.section.dates) or len(land.daily["weather"].by_day)
    tiles = pixels / land.grid.tile_px**2
    read = (1.0 + 2.0 * land.config.halo_px / WINDOW_PX) ** 2  # pixels read for each that is mapped
    return {
        "files": len(land.paths),
        "bytes_read": sum(path.stat().st_size for path in land.paths),
        "pixels": pixels, "days_to_learn_from": len(land.days),
        "stations_inside": len(land.places.name), "extents": len(land.extents),
        "networks": len(tasks), "samples": samples,
        "training_s": round(samples * epochs * (9 * gflop * _TRAINING / _GFLOP_S + _PASS_S), 1),
        "maps": n_map, "bytes_written_at_most": n_map * pixels * _BYTES,
        "mapping_s": round(
            n_map * (tiles * read * gflop * len(tasks) / _GFLOP_S + pixels * _PIXEL_S), 1
        ),
    }  # fmt: skip
