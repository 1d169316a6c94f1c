"""How fast layers reach the master grid, and how much memory that takes.

Synthetic rasters: land cover on the NLCD lattice, and one degree at 1 arc-second to be warped.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
import rasterio
from _figures import Figures, parser
from rasterio.transform import from_origin

from rootzone.covariates.grid import MasterGrid
from rootzone.covariates.layers.catalog import Catalog
from rootzone.covariates.layers.source import Source
from rootzone.covariates.layers.stack import CovariateStack

BOUNDS = (-105.95, 40.05, -105.05, 40.95)
WINDOW_PX = 1024


def write(path: Path, values: np.ndarray, left: float, top: float, pixel: float, crs: str) -> None:
    profile = {
        "driver": "GTiff", "height": values.shape[0], "width": values.shape[1], "count": 1,
        "dtype": values.dtype, "crs": crs, "transform": from_origin(left, top, pixel, pixel),
        "tiled": True, "blockxsize": 256, "blockysize": 256, "compress": "deflate", "nodata": 0,
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as out:
        out.write(values, 1)


def make_rasters(folder: Path, grid: MasterGrid) -> Catalog:
    rng = np.random.default_rng(0)
    codes = rng.choice(np.array([41, 42, 52, 71, 82], np.uint8), grid.shape)
    write(folder / "cover.tif", codes, grid.left, grid.top, 30.0, grid.crs)
    y, x = np.mgrid[0:3600, 0:3600] / 500.0
    height = (2000 + 300 * np.sin(x) * np.cos(y)).astype(np.float32)
    write(folder / "height.tif", height, -106.0, 41.0, 1 / 3600, "EPSG:4269")
    terrain = {
        name: {"unit": unit, "range": span}
        for name, unit, span in (
            ("elevation_m", "m", (0, 4500)),
            ("slope_deg", "degree", (0, 90)),
            ("aspect_deg", "degree", (0, 360)),
        )
    }
    entries = {
        "cover": {"reader": "nlcd", "kind": "class", "legend": "nlcd", "path": "cover.tif"},
        "dem": {"reader": "dem", "kind": "continuous", "path": "height.tif", "variables": terrain},
    }
    return Catalog({k: Source(title=k, **v) for k, v in entries.items()}, folder)


def seconds_and_bytes_to_read(stack: CovariateStack, address: str) -> tuple[float, int]:
    process = psutil.Process()
    before = most = process.memory_info().rss
    start = time.perf_counter()
    for window in stack.grid.windows(WINDOW_PX):
        stack.read(address, window)
        most = max(most, process.memory_info().rss)
    return time.perf_counter() - start, most - before


def main() -> None:
    arguments = parser(__doc__).parse_args()
    figures = Figures()
    grid = MasterGrid.for_bounds(BOUNDS)
    with tempfile.TemporaryDirectory() as folder:
        catalog = make_rasters(Path(folder), grid)
        memory = 0
        for address, words in (
            ("cover", "on the lattice, pixel for pixel"),
            ("dem", "1 arc-second, bilinear"),
            ("dem/slope_deg", "slope, with halo"),
            ("dem/aspect_deg", "aspect from true north, with halo"),
        ):
            with CovariateStack(catalog, grid) as stack:
                seconds, taken = seconds_and_bytes_to_read(stack, address)
            memory = max(memory, taken)
            rate = grid.width * grid.height / seconds / 1e6
            figures.add(f"read {words}", rate, "Mpx/s per process")
    figures.add("grid", grid.width * grid.height / 1e6, "Mpx")
    figures.add("memory taken by reading a layer", memory / 2**20, "MiB", "<= 1024")
    figures.show(as_json=arguments.json)


if __name__ == "__main__":
    main()
