"""Sentinel-1 backscatter in dB, terrain corrected: power that was not turned into dB is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rootzone._shared.errors import RequestError
from rootzone._shared.open_files import open_raster
from rootzone.covariates.layers.mosaic import quiet
from rootzone.covariates.layers.opened import Opened
from rootzone.covariates.layers.source import Layer
from rootzone.covariates.readers.raster import Raster

_LOOKED_AT_PX = 256


class Sentinel1(Raster):
    """GRD as gamma0 or sigma0 [dB] by pyroSAR, SNAP or Earth Engine."""

    def opened_files(self, layer: Layer, paths: list[Path], gaps: tuple[str, ...] = ()) -> Opened:
        """One polarisation of a scene; a few of its pixels are looked at for their unit."""
        opened = super().opened_files(layer, paths, gaps)
        for path in paths:
            _require_db(path, layer.source.nodata)
        return opened


READER = Sentinel1()


def _require_db(path: Path, nodata: tuple[float, ...]) -> None:
    """Land scatters 0.0001 to 1 of what falls on it: -40 to 0 dB, hardly ever above 0."""
    with quiet(), open_raster(path) as data:
        shape = tuple(min(size, _LOOKED_AT_PX) for size in data.shape)
        values = np.ma.filled(data.read(1, out_shape=shape, masked=True).astype(float), np.nan)
    known = values[np.isfinite(values) & ~np.isin(values, nodata)]
    if known.size and float(known.min()) >= 0.0:
        raise RequestError(
            f"NOT_DB {path}: no value is below 0 (they run from {known.min():.4f} to "
            f"{known.max():.4f}), so this is power, not dB. Take ten times the logarithm to base "
            "10: gdal_calc.py -A IN --calc='10*log10(A)' --outfile=OUT."
        )
