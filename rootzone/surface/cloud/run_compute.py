"""Bands of an expression over a grid, a window a request."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone._shared.parts import Parts
from rootzone.covariates.grid import MasterGrid, Window
from rootzone.surface.cloud.client import EarthEngine
from rootzone.surface.cloud.limits import checked_payload, windows
from rootzone.surface.select.graph import Node

AT_ONCE: Final = 8  # requests; a project may send 100 a second, and each takes some seconds


def compute(
    service: EarthEngine, graph: Node, grid: MasterGrid, n_band: int, parts: Parts | None = None
) -> dict[str, FloatArray]:
    """Arrays (row, col) by band; NaN where masked.

    Parameters
    ----------
    service : EarthEngine
        Who computes.
    graph : Node
        What, with ``n_band`` bands.
    grid : MasterGrid
        Where.
    n_band : int
        How many bands there will be.
    parts : Parts, optional
        Where windows are kept until the whole is written: those that are there are not asked for.

    Raises
    ------
    RequestError
        The expression is too large for a request, or the service refused.
    """
    checked_payload(graph)
    out: dict[str, FloatArray] = {}
    pieces = windows(grid.height, grid.width, n_band)

    def one(window: Window) -> tuple[Window, dict[str, FloatArray]]:
        name = f"{window.row}_{window.col}_{window.height}_{window.width}"
        if parts is not None and parts.has(name):
            return window, parts.get(name)
        found = service.pixels(graph, grid, window)
        if parts is not None:
            parts.put(name, found)
        return window, found

    with ThreadPoolExecutor(min(AT_ONCE, len(pieces))) as pool:
        for window, found in pool.map(one, pieces):
            for name, values in found.items():
                whole = out.setdefault(name, np.full(grid.shape, np.nan))
                whole[window.row :, window.col :][: window.height, : window.width] = values
    return out
