"""Bands of an expression over a grid, a window a request."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone.covariates.grid import MasterGrid, Window
from rootzone.surface.cloud.client import EarthEngine
from rootzone.surface.cloud.limits import checked_payload, windows
from rootzone.surface.select.graph import Node

AT_ONCE: Final = 8  # requests; a project may send 100 a second, and each takes some seconds


def compute(
    service: EarthEngine, graph: Node, grid: MasterGrid, n_band: int
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

    Raises
    ------
    RequestError
        The expression is too large for a request, or the service refused.
    """
    checked_payload(graph)
    out: dict[str, FloatArray] = {}
    pieces = windows(grid.height, grid.width, n_band)

    def one(window: Window) -> tuple[Window, dict[str, FloatArray]]:
        return window, service.pixels(graph, grid, window)

    with ThreadPoolExecutor(min(AT_ONCE, len(pieces))) as pool:
        for window, found in pool.map(one, pieces):
            for name, values in found.items():
                whole = out.setdefault(name, np.full(grid.shape, np.nan))
                whole[window.row :, window.col :][: window.height, : window.width] = values
    return out
