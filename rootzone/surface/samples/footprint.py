"""Fields of pixels as a radiometer sees them: averaged over the footprint around each pixel."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone.surface.physics.classes import Prior


def footprint_columns(
    seen: Callable[[FloatArray], FloatArray],
    prior: Prior,
    vwc_kg_m2: FloatArray,
    ndvi: FloatArray,
    soil: Mapping[str, FloatArray],
) -> dict[str, FloatArray]:
    """Inputs of the retrieval that describe land, for the footprint, and each pixel's own soil.

    Brightness of a cell is a mean over its pixels, so what explains it are means too. The canopy's
    opacity is averaged as a whole: b times water of the footprint is the mean of b times water.

    Parameters
    ----------
    seen : callable
        From a field of pixels (..., row, col) to the same averaged as brightness was.
    prior : Prior
        Parameters of the class table (row, col).
    vwc_kg_m2, ndvi : array, shape (..., row, col)
        Vegetation water [kg m-2] and index.
    soil : mapping
        Sand, clay and bulk density by their column's name (row, col).
    """
    water, opacity = seen(vwc_kg_m2), seen(prior.b * vwc_kg_m2)
    b = np.divide(opacity, water, out=np.array(seen(prior.b) + 0.0 * water), where=water > 0.0)
    return {
        "h0": seen(prior.h), "omega0": seen(prior.omega), "b0": b, "vwc_kg_m2": water,
        "ndvi": seen(ndvi), **{name: seen(field) for name, field in soil.items()},
        **{f"pixel_{name}": field for name, field in soil.items()},
    }  # fmt: skip
