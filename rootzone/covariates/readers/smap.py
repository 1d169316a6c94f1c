"""SMAP Level 3 soil moisture on EASE-Grid 2.0: one pass of a day, recommended retrievals only."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray
from rootzone._shared.errors import RequestError
from rootzone.covariates.layers.mosaic import read_piece, virtual_raster
from rootzone.covariates.layers.opened import Opened, Quality
from rootzone.covariates.layers.source import Layer
from rootzone.covariates.readers.raster import Raster

# EASE-Grid 2.0 global, outer edges [m] (NSIDC).
EASE2_BOUNDS = (-17367530.45, -7314540.83, 17367530.45, 7314540.83)
SMAP_GOOD_FLAGS = (0, 8)
_PIXEL_TOLERANCE = 1e-3


class Smap(Raster):
    """Coordinates come from the grid: those in the file have holes."""

    def opened_files(self, layer: Layer, paths: list[Path], gaps: tuple[str, ...] = ()) -> Opened:
        """One pass of a day, of the newest version."""
        path, name = paths[-1], layer.values["variable"]
        group = f"Soil_Moisture_Retrieval_Data_{name}"
        suffix = "_pm" if name == "PM" else ""
        pieces = [
            read_piece(f'HDF5:"{path}"://{group}/{dataset}{suffix}', layer.source.crs, EASE2_BOUNDS)
            for dataset in ("soil_moisture", "retrieval_qual_flag")
        ]
        wanted = layer.source.pixel
        if wanted is not None and abs(pieces[0].pixel_x / wanted - 1.0) > _PIXEL_TOLERANCE:
            raise RequestError(
                f"NOT_THE_WHOLE_GRID {path}: {pieces[0].height} x {pieces[0].width} cells would be "
                f"{pieces[0].pixel_x:.0f} m wide if they went round the globe, the catalog says "
                f"{wanted:.0f} m. It is a cut, or another product; take the whole granule."
            )
        flags = virtual_raster([pieces[1]], 1, 65534.0, "uint16")
        opened = self.opened(layer, (pieces[0],), (path,), gaps)
        return replace(opened, quality=Quality(flags, smap_is_recommended))


def smap_is_recommended(flags: AnyArray) -> BoolArray:
    """Whether the retrieval flag recommends the value."""
    return np.asarray(np.isin(flags, SMAP_GOOD_FLAGS))


READER = Smap()
