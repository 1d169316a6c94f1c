"""What a run of the system ``select`` will read and cost, told before anything runs."""

from __future__ import annotations

from typing import Any, Final

from rootzone._shared.errors import RequestError
from rootzone.surface.chain.open_surface import OpenSurface
from rootzone.surface.chain.plan import plan as plan_of_scene
from rootzone.surface.chosen.engines import cloud_graph, destination, project_of
from rootzone.surface.chosen.open_choice import OpenChoice
from rootzone.surface.cloud.limits import BYTES_A_VALUE, windows
from rootzone.surface.select.chosen_graph import OUTPUTS
from rootzone.surface.select.graph import payload_bytes

_FIT_S: Final = 3e-5  # a sample and a tree of a candidate, measured
_NETWORK_S: Final = {"differentiable": 3e-6, "unet": 2e-2}
"""A step of training, measured: of all samples, each; of 64 windows, together."""
_MAP_S: Final = 2e-4  # a pixel and day, with its trees and files
_WINDOW_S: Final = 20.0  # an answer of the service, on the safe side: it tells no price beforehand
_AT_ONCE: Final = 8


def plan(opened: OpenSurface, engine: str = "local") -> dict[str, Any]:
    """Files, bytes, samples at most, and seconds of one core; for ``ee`` requests and bytes too.

    Raises
    ------
    RequestError
        ``ee`` without a project.
    """
    choice, chosen = OpenChoice(opened), opened.section.select
    facts = plan_of_scene(opened)
    grid = choice.grid(chosen.map_scale_km)
    n_map, pixels = facts["maps"], grid.height * grid.width
    # Outer folds fit each candidate once, inner folds once each, and so do the final choice and
    # every further split of the same stations.
    further = sum(split not in ("stations", "region") for split in opened.section.splits)
    fits = (chosen.outer + 1 + further) * (chosen.inner + 1)
    samples = facts["samples_at_most"] * len(chosen.scales_km)
    trained = [name for name in chosen.candidates if name in _NETWORK_S]
    others = fits * (len(chosen.candidates) - len(trained))
    steps_s = {"differentiable": samples * _NETWORK_S["differentiable"], "unet": _NETWORK_S["unet"]}
    networks_s = fits * opened.section.epochs * sum(steps_s[name] for name in trained)
    facts |= {
        "pixels": pixels, "samples_at_most": samples, "networks": fits * len(trained),
        "fits": fits * len(chosen.candidates),
        "training_s": round(others * samples * chosen.rounds * _FIT_S / 2 + networks_s, 1),
        "mapping_s": round(n_map * pixels * _MAP_S, 1), "bytes_written_at_most": n_map * pixels * 8,
    }  # fmt: skip
    if engine == "local":
        return facts
    project_of(choice)
    pieces = windows(grid.height, grid.width, len(OUTPUTS))
    to = destination(choice)
    facts |= {
        "cloud": "windows over the network" if to is None else f"exports to {to.kind}",
        "cloud_requests": n_map * len(pieces) if to is None else n_map + 1,
        "cloud_bytes_received": n_map * pixels * len(OUTPUTS) * BYTES_A_VALUE,
        "cloud_s": round(n_map * -(-len(pieces) // _AT_ONCE) * _WINDOW_S, 1),
    }  # fmt: skip
    try:
        size = payload_bytes(cloud_graph(choice, 0, chosen.map_scale_km))
        facts |= {"cloud_payload_bytes": size, "cloud_bytes_sent": size * facts["cloud_requests"]}
    except RequestError:
        facts |= {"cloud_payload_bytes": "known after rootzone surface train"}
    return facts
