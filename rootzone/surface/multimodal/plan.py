"""What a run of the multimodal system will read and cost, told before anything runs."""

from __future__ import annotations

from typing import Any, Final

from rootzone.surface.chain.open_surface import OpenSurface
from rootzone.surface.multimodal.chips import SHIFT_PX
from rootzone.surface.multimodal.open_chips import OpenChips
from rootzone.surface.multimodal.windows import starts

# Seconds of one core that a window of 96 px takes through a network once: processor time, measured
# on a loaded machine with 28 channels.
_WINDOW_S: Final = {
    "mini": 0.01, "atto": 0.02, "femto": 0.024, "pico": 0.033, "nano": 0.045, "tiny": 0.065
}  # fmt: skip
_TRAINED: Final = 3.0  # a step forward and back against one forward, measured 2.9 to 3.2


def plan(opened: OpenSurface) -> dict[str, Any]:
    """Files, bytes, days, samples at most, and seconds of one core, by headers and names."""
    chips, section = OpenChips(opened), opened.section
    chosen, grid = chips.chosen, chips.grid
    named = {**chips.daily_files, "product": chosen.product, "land": section.land}
    found = {name: opened.found(one) for name, one in named.items() if one is not None}
    found |= {} if chips.weather is None else {"weather": chips.weather.files}
    found |= {name: one.files for name, one in chips.scenes.items()}
    found["stations"] = [f for s in section.stations for f in opened.found(s)]
    side, n_channel = chosen.window_px, len(chips.inputs.names)
    samples = len(chips.places.name) * len(chips.days)
    n_fit = len(section.splits) * len(section.seeds)
    drawn = chosen.product_chips * (
        chosen.product_epochs * (chosen.product is not None) + chosen.pretrain_epochs
    )
    passes = len(section.seeds) * drawn + samples * section.epochs * n_fit * (1 + chosen.scratch)
    each_s = _WINDOW_S[chosen.variant] * (side / 96) ** 2
    n_map = len(section.dates) or len(chips.days)
    windows = len(starts(grid.height, side)) * len(starts(grid.width, side))
    chip_bytes = samples * n_channel * (side + 2 * SHIFT_PX) ** 2 * 2
    return {
        "files": {name: len(paths) for name, paths in found.items()},
        "bytes_read": sum(p.stat().st_size for paths in found.values() for p in paths),
        "pixels": grid.height * grid.width, "days": len(chips.days),
        "stations_inside": len(chips.places.name), "inputs": ", ".join(chips.inputs.names),
        "samples_at_most": samples, "chip_bytes_at_most": chip_bytes, "networks": n_fit,
        "training_s": round(passes * _TRAINED * each_s, 1), "maps": n_map,
        "windows_a_map": windows,
        "mapping_s": round(n_map * windows * each_s * len(section.seeds), 1),
    }  # fmt: skip
