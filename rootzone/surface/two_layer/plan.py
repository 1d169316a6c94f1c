"""What a run of two layers will read and cost, told before anything runs."""

from __future__ import annotations

from typing import Any, Final

from rootzone.surface.chain.open_surface import OpenSurface
from rootzone.surface.two_layer.open_layers import LAYERS_MM, OpenLayers
from rootzone.surface.two_layer.run_training import WITH_NETWORK
from rootzone.surface.two_layer.trained import Trained

_STEP_S: Final = 4e-4  # a patch and a pass of training on one core, measured
_MAP_S: Final = 3e-5  # a pixel, day and layer, with its network and files
_BYTES: Final = 4 * 2 + 1


def plan(opened: OpenSurface) -> dict[str, Any]:
    """Files, bytes, days, samples at most, and seconds of one core."""
    section, two = opened.section, opened.section.two_layer
    patterns = {
        "product": two.product, "model": two.model, "land": section.land, "ndvi": section.ndvi,
        "lst": two.lst, "air": two.air, "rain": two.rain, "pet": two.pet,
        "simulated": two.simulated,
    }  # fmt: skip
    found = {name: opened.found(pattern) for name, pattern in patterns.items() if pattern}
    found["stations"] = [f for s in section.stations for f in opened.found(s)]
    trained = Trained(OpenLayers(opened))
    days, grid, seats = trained.layers.days, trained.layers.grid, trained.stations
    samples = {n: int((v == v).sum()) for n, v in seats.theta.items()}
    n_fit = len(section.splits) * len(section.seeds) * two.members * (two.corrector in WITH_NETWORK)
    n_map = len(section.dates) or int(days.size)
    pixels = grid.height * grid.width
    return {
        "files": {name: len(paths) for name, paths in found.items()},
        "bytes_read": sum(p.stat().st_size for paths in found.values() for p in paths),
        "pixels": pixels, "days": int(days.size), "stations_inside": len(seats.name),
        "samples_at_most": samples, "networks": n_fit * len(LAYERS_MM),
        "training_s": round(sum(samples.values()) * section.epochs * n_fit * _STEP_S, 1),
        "maps": n_map, "bytes_written_at_most": n_map * pixels * _BYTES,
        "mapping_s": round(n_map * pixels * len(LAYERS_MM) * _MAP_S * len(section.seeds), 1),
    }  # fmt: skip
