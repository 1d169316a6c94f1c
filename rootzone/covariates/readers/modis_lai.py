"""MODIS leaf area: GeoTIFF or NetCDF from AppEEARS, or HDF4 where GDAL can read it."""

from __future__ import annotations

from rootzone.covariates.readers.raster import Raster

READER = Raster()
