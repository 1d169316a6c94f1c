"""Rasters and catalogs that the tests of this folder write."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import Affine

from rootzone.covariates.grid import MasterGrid
from rootzone.covariates.layers.catalog import Catalog
from rootzone.covariates.layers.source import Source

ALBERS_WGS84 = "+proj=aea +lat_0=23 +lon_0=-96 +lat_1=29.5 +lat_2=45.5 +datum=WGS84 +units=m"
# Two by two tiles of Boulder County.
GRID = MasterGrid.for_bounds((-105.30, 40.00, -105.28, 40.015))


def write_tif(path: Path, values, left, top, pixel, crs, nodata=None, **options) -> Path:
    """A GeoTIFF, north up, square pixels."""
    values = np.asarray(values)
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=values.shape[0],
        width=values.shape[1],
        count=1,
        dtype=values.dtype,
        crs=crs,
        transform=Affine(pixel, 0, left, 0, -pixel, top),
        nodata=nodata,
        **options,
    ) as out:
        out.write(values, 1)
    return path


def catalog(folder: Path, **sources) -> Catalog:
    """A catalog of entries given as keyword arguments."""
    defaults = {"title": "test", "reader": "raster", "kind": "continuous"}
    return Catalog({k: Source(**{**defaults, **v}) for k, v in sources.items()}, folder)


def polaris_like(folder: Path, variable="sand", depth="15_30", value=None, skip=()) -> list[Path]:
    """POLARIS tiles to the documented layout, but 36 x 36 pixels of 100 arc-seconds.

    Documented: float32, EPSG:4326, nodata -9999, one degree a tile, named by both borders.
    """
    paths = []
    for lat in (39, 40):
        for lon in (-106, -105):
            name = f"lat{lat}{lat + 1}_lon{lon}{lon + 1}"
            if name in skip:
                continue
            centre = (np.arange(36) + 0.5) / 36
            x, y = np.meshgrid(lon + centre, lat + 1 - centre)
            values = (value or (lambda x, y: 40 + 10 * (x + 105) + 5 * (y - 40)))(x, y)
            path = folder / "polaris" / variable / "mean" / depth / f"{name}.tif"
            write_tif(
                path, values.astype(np.float32), lon, lat + 1, 1 / 36, "EPSG:4326", nodata=-9999
            )
            paths.append(path)
    return paths
