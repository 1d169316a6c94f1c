"""What a run of the system ``deepsoil`` will read and cost, told before anything runs."""

from __future__ import annotations

from typing import Any, Final

from rootzone.surface.chain.open_surface import OpenSurface
from rootzone.surface.extents.open_extents import OpenExtents
from rootzone.surface.extents.run_training import samples_of, tasks_of
from rootzone.surface.extents.vectors import Vectors

_TILE_GFLOP: Final = 1.51  # a forward pass of the paper's widths over a tile (science note)
_GFLOP_S: Final = 25.0  # of one core, measured on the narrow network
_TRAINING: Final = 3.0  # forward, and backward by inputs and by weights
_BYTES: Final = 2 * 2 + 1


def plan(opened: OpenSurface) -> dict[str, Any]:
    """Files, bytes, stations, networks, and seconds of one core; trains nothing."""
    from rootzone.surface.extents.run_training import grouping

    land = OpenExtents(opened)
    section, vectors = land.section, Vectors(land)
    tasks = tasks_of(land, vectors)
    samples = 0
    for task in tasks:
        train, _ = samples_of(land, task, grouping(land, task.seed, vectors), monthly=False)
        samples += len(train)
    paths = [land.land_file, *land.target.by_day.values()]
    paths += [path for files in land.daily.values() for path in files.by_day.values()]
    # Work goes by the square of the widths.
    gflop = _TILE_GFLOP * (section.widths[-1] / 512.0) ** 2
    epochs = section.monthly_epochs + section.daily_epochs
    pixels = land.grid.height * land.grid.width
    n_map = len(opened.section.dates) or len(land.daily["weather"].by_day)
    tiles = pixels / land.grid.tile_px**2
    return {
        "files": len(paths), "bytes_read": sum(path.stat().st_size for path in paths),
        "pixels": pixels, "days_to_learn_from": len(land.days),
        "stations_inside": len(land.places.name), "extents": len(land.extents),
        "networks": len(tasks), "samples": samples,
        "training_s": round(samples * epochs * 9 * gflop * _TRAINING / _GFLOP_S, 1),
        "maps": n_map, "bytes_written_at_most": n_map * pixels * _BYTES,
        "mapping_s": round(
            n_map * tiles * 3.1 * gflop * len(tasks) / _GFLOP_S, 1
        ),  # a window of 256 px is read as 448: 3.1 times its pixels
    }  # fmt: skip
