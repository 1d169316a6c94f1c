"""What a run will read and cost, told before anything runs."""

from __future__ import annotations

from typing import Any, Final

from rootzone.covariates.grid import MasterGrid
from rootzone.surface.chain.open_surface import OpenSurface
from rootzone.surface.samples.smap_scene import cells_piece

_STEP_S: Final = 1.2e-5  # a retrieval and a step of training on one core, measured
_MAP_S: Final = 4e-6  # a pixel and day and network, with its files
_BYTES: Final = 2 * 2 + 1 + 5 * 4  # two bands of water content, flags, five of parameters


def plan(opened: OpenSurface) -> dict[str, Any]:
    """Files, bytes, windows, samples at most, and seconds of one core; no look of SMAP is read."""
    section = opened.section
    found = {
        "smap": opened.found(section.smap), "ndvi": opened.found(section.ndvi),
        "land": opened.found(section.land),
        "stations": [f for s in section.stations for f in opened.found(s)],
    }  # fmt: skip
    if section.other_region is not None:
        other = opened.other
        found |= {
            "other region": [
                *other.found(other.section.smap), *other.found(other.section.ndvi),
                *other.found(other.section.land),
                *(f for s in other.section.stations for f in other.found(s)),
            ]
        }  # fmt: skip
    scene, n_fit = opened.scene, len(section.splits) * len(section.seeds)
    n_place = len(opened.places.name)
    samples = n_place * scene.days.size
    pixels = scene.grid.height * scene.grid.width
    n_map = len(section.dates) or int(scene.days.size)
    train_s = 0.0 if section.system == "sca_v" else samples * section.epochs * n_fit * _STEP_S
    return {
        "files": {name: len(paths) for name, paths in found.items()},
        "bytes_read": sum(path.stat().st_size for paths in found.values() for path in paths),
        "windows": _windows(scene.grid), "pixels": pixels,
        "looks": int(scene.days.size), "stations_inside": n_place,
        "samples_at_most": samples, "networks": n_fit, "training_s": round(train_s, 1),
        "maps": n_map, "bytes_written_at_most": n_map * pixels * _BYTES,
        "mapping_s": round(n_map * pixels * _MAP_S * len(section.seeds), 1),
    }  # fmt: skip


def _windows(grid: MasterGrid) -> dict[str, str]:
    """Cells of SMAP's grids that are read of each look: the region's and one around, from 0."""
    told = {}
    for nominal_km in (9, 36):
        piece, row, col = cells_piece(grid, nominal_km)
        rows, cols = f"{row}-{row + piece.height - 1}", f"{col}-{col + piece.width - 1}"
        told[f"ease2_{nominal_km}km"] = f"rows {rows}, columns {cols}"
    return told
