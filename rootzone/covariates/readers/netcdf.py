"""A variable of a NetCDF file as a raster, whatever the file's name ends in."""

from __future__ import annotations

from pathlib import Path

from rootzone.covariates.layers.source import Layer
from rootzone.covariates.readers.raster import Raster, variable_of


class NetCdf(Raster):
    """NetCDF with coordinates that GDAL understands."""

    def uri(self, layer: Layer, path: Path) -> str:
        """The variable of the entry."""
        return f'NETCDF:"{path}":{variable_of(layer)}'


READER = NetCdf()
