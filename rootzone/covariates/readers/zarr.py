"""An array of a Zarr store as a raster."""

from __future__ import annotations

from pathlib import Path

from rootzone.covariates.layers.source import Layer
from rootzone.covariates.readers.raster import Raster, variable_of


class Zarr(Raster):
    """Zarr with a georeference that GDAL understands."""

    def uri(self, layer: Layer, path: Path) -> str:
        """The array of the entry."""
        return f'ZARR:"{path}":/{variable_of(layer)}'


READER = Zarr()
