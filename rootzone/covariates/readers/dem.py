"""Elevation: a raster of heights, from which slope and aspect are worked out on the master grid."""

from __future__ import annotations

from rootzone.covariates.readers.raster import Raster


class Dem(Raster):
    """Heights [m]; the variables slope_deg and aspect_deg of the entry come from them."""

    terrain = True


READER = Dem()
