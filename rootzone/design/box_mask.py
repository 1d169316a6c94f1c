"""Which pixels lie in a box of degrees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rootzone._shared.arrays import BoolArray
from rootzone.covariates.grid import Bounds, MasterGrid, Window
from rootzone.covariates.weather.cells import degrees_of


@dataclass(frozen=True)
class BoxMask:
    """The inside of a box of longitude and latitude.

    Parameters
    ----------
    bounds : tuple of float
        West, south, east, north [degree], WGS 84.
    """

    bounds: Bounds

    def window(self, grid: MasterGrid, window: Window) -> BoolArray:
        """Whether the centre of each pixel of a window is in the box."""
        west, south, east, north = self.bounds
        lon, lat = degrees_of(grid, window)
        return np.asarray((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north))
