"""A county read from a server: what is fetched is a small part of what lies there."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from rootzone.covariates.grid import MasterGrid
from rootzone.covariates.layers.catalog import Catalog
from rootzone.covariates.layers.source import Source
from rootzone.covariates.layers.stack import CovariateStack
from rootzone.covariates.readers.daily_netcdf import READER

# The libraries keep Python's lock while they wait, so the server is a process of its own. It counts
# the bytes that were asked for, one request a line.
SERVER = """
import re, sys
from pathlib import Path
from tests.covariates.http_server import Served, serve
folder = Path(sys.argv[1])
files = [p for p in folder.rglob("*") if p.is_file()]
pages = {"/" + str(p.relative_to(folder)): Served(p.read_bytes()) for p in files}
with serve(pages) as root:
    print(root, flush=True)
    sys.stdin.readline()
total = 0
for page in pages.values():
    size = len(page.content)
    for verb, wanted in page.requests:
        if verb == "GET":
            wanted = wanted or f"bytes=0-{size}"
            first, last = map(int, re.match(r"bytes=(\\d+)-(\\d+)", wanted).groups())
            total += min(last, size - 1) - first + 1
print(total)
"""


@contextmanager
def served(folder: Path):
    """The address of the files of a folder, and a list that ends as the bytes that were sent."""
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        cwd=Path(__file__).resolve().parents[2],
    )  # fmt: skip
    sent: list[int] = []
    try:
        yield server.stdout.readline().strip(), sent
    finally:
        sent.append(int(server.communicate("\n", timeout=60)[0]))


def told(what: str, sent: int, blocks: int, pixels: int) -> None:
    """Shown by ``pytest -s``: a server gives whole blocks, so these are what a county needs."""
    print(  # noqa: T201 - a measured figure, for whoever asks with pytest -s
        f"\n{what}: {sent:,} bytes fetched, {blocks:,} in the blocks that the county touches "
        f"({sent / blocks:.2f} times), {pixels:,} in its own pixels"
    )


GRID = MasterGrid.for_bounds((149.0, -35.5, 149.2, -35.3), 250.0, 16, "EPSG:32755")
DEPTHS = [(0, 5), (5, 15), (15, 30), (30, 60), (60, 100), (100, 200)]


def test_six_depths_of_a_county_cost_no_continent(tmp_path):
    # 1024 x 1024 pixels of 250 m in blocks of 128 that do not compress: 2 MB a layer.
    side, block = 1024, 128
    rng = np.random.default_rng(0)
    left, top = GRID.left - 300 * 250.0, GRID.top + 300 * 250.0
    for top_cm, bottom_cm in DEPTHS:
        with rasterio.open(
            tmp_path / f"sand_{top_cm}_{bottom_cm}.tif", "w", driver="GTiff", count=1,
            dtype="int16", width=side, height=side, crs=GRID.crs, tiled=True, blockxsize=block,
            blockysize=block, transform=from_origin(left, top, 250, 250),
        ) as file:  # fmt: skip
            file.write(rng.integers(0, 1000, (side, side)).astype("int16"), 1)
    with served(tmp_path) as (root, sent):
        source = Source(
            title="t", reader="raster", kind="continuous", path=root + "/sand_{depth}.tif",
            depths_cm=tuple(DEPTHS), scale=0.1, unit="%", range=(0, 100),
        )  # fmt: skip
        with CovariateStack(Catalog({"a": source}, tmp_path), GRID) as stack:
            read = {d: stack.read(f"a/{d}", GRID.full_window) for d in source.depth_names()}
    with rasterio.open(tmp_path / "sand_15_30.tif") as file:
        rows, cols = GRID.shape
        expected = file.read(1)[300 : 300 + rows, 300 : 300 + cols] * np.float32(0.1)
    assert read["15_30"] == pytest.approx(expected)
    across = (300 + GRID.width - 1) // block - 300 // block + 1
    down = (300 + GRID.height - 1) // block - 300 // block + 1
    needed = len(DEPTHS) * across * down * block * block * 2
    told("six depths", sent[0], needed, len(DEPTHS) * GRID.width * GRID.height * 2)
    assert sent[0] <= 3 * needed
    assert sent[0] < 0.25 * len(DEPTHS) * side * side * 2


def test_a_year_of_weather_of_a_county_costs_no_continent(tmp_path):
    # 365 days of 200 x 300 cells in chunks of 73 x 20 x 20, shuffled numbers: 88 MB raw.
    shape, chunk = (365, 200, 300), (73, 20, 20)
    lat, lon = -30.0 - 0.05 * np.arange(shape[1]), 140.0 + 0.05 * np.arange(shape[2])
    values = np.random.default_rng(1).random(shape, dtype=np.float32) * 20
    with netCDF4.Dataset(tmp_path / "rain_2023.nc", "w") as file:
        for name, size in zip(("time", "lat", "lon"), shape, strict=True):
            file.createDimension(name, size)
        when = file.createVariable("time", "f8", ("time",))
        when.units = "days since 2023-01-01"
        when[:] = np.arange(365)
        file.createVariable("lat", "f8", ("lat",))[:] = lat
        file.createVariable("lon", "f8", ("lon",))[:] = lon
        rain = file.createVariable("daily_rain", "f4", ("time", "lat", "lon"), chunksizes=chunk)
        rain.units = "mm"
        rain[:] = values
    with served(tmp_path) as (root, sent):
        source = Source.model_validate({
            "title": "t", "reader": "daily_netcdf", "kind": "daily",
            "path": root + "/{variable}_{year}.nc",
            "weather_grid": {"origin": [140.0, -30.0], "step": [0.05, 0.05], "size": [300, 200]},
            "variables": {"rain": {"unit": "mm d-1", "range": [0, 2000], "names": ["daily_rain"]}},
        })  # fmt: skip
        layer = Catalog({"a": source}, tmp_path).layer("a/rain/2023")
        cells = source.weather_grid.cells_in((149.0, -35.5, 149.2, -35.3))
        read = READER.read(layer, tmp_path, cells, date(2023, 1, 1), date(2023, 12, 31))
    assert read.values == pytest.approx(values[:, cells.row, cells.col])
    along = [len(set((axis // 20).tolist())) for axis in (cells.row, cells.col)]
    needed = 5 * along[0] * along[1] * int(np.prod(chunk)) * 4
    told("a year of weather", sent[0], needed, 365 * len(cells) * 4)
    assert sent[0] <= 3 * needed
    assert sent[0] < 0.1 * values.nbytes
