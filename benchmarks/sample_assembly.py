"""What it costs to put samples together: batches of tile-days, single pixels, the label index.

Batches come from a land raster on disk, made by the package from a made-up county, with every tile
read once before the clock starts; single pixels are spread over all of it. ``--width`` times the
writing of a land raster as wide as a state, from layers that are formulas, and its memory.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl
import torch
from _figures import Figures, parser

from rootzone._shared.arrays import AnyArray
from rootzone.campaign.learning_section import Features
from rootzone.campaign.model import Soil
from rootzone.covariates.grid import ALBERS, MasterGrid, Window
from rootzone.covariates.layers.catalog import load_catalog
from rootzone.covariates.open_campaign import CampaignFiles
from rootzone.covariates.weather.antecedent import antecedent_columns
from rootzone.learning.samples.batches import SampleSet
from rootzone.learning.samples.label_index import GridLabels
from rootzone.learning.scene import write_land as land_writer
from rootzone.learning.scene.features import features_of
from rootzone.learning.scene.land import Land
from rootzone.learning.scene.scene import Scene
from rootzone.learning.scene.weather_days import WeatherDays
from rootzone.made_up.county_fields import EAST, NORTH, SOUTH, WEST
from rootzone.made_up.write_county import write_county

DEPTHS_MM = (200.0,)
CAMPAIGN = f"""\
name: assembly
region:
  bounds_lonlat_deg: [{WEST}, {SOUTH}, {EAST}, {NORTH}]
years: [2023]
engine: {{spin_up_days: 0}}
"""
DAYS = np.arange("2023-01-01", "2023-05-01", dtype="datetime64[D]")
USABLE = DAYS[29:]
N_SITE = 300
REPEATS = 60
COLORADO_ROWS = 14_000

GRIDMET = load_catalog([], Path()).weather_grid("gridmet")


def main() -> None:
    """Measure and print."""
    args = _arguments()
    torch.set_num_threads(args.threads)
    figures = Figures()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        land = _land(folder, figures)
        for forcing in ("nearest", "bilinear"):
            spec = features_of(Features.model_validate({"forcing": forcing}))
            scene = Scene(land, WeatherDays.from_frame(_weather(land.grid), spec), spec, GRIDMET)
            _batches(figures, scene, forcing)
            _points(figures, scene, forcing)
        if args.width:
            _wide(figures, folder, args.width)
    figures.show(as_json=args.json)


def _land(folder: Path, figures: Figures) -> Land:
    write_county(folder / "data", [2023], seed=1)
    (folder / "campaign.yaml").write_text(CAMPAIGN)
    files = CampaignFiles.beside(folder / "campaign.yaml")
    start = time.perf_counter()
    path = land_writer.write_land(files, folder / "land.tif")
    figures.add("land raster of the county, made", time.perf_counter() - start, "s")
    start = time.perf_counter()
    land_writer.write_land(files, path)
    figures.add("land raster of the county, left alone", time.perf_counter() - start, "s")
    land = Land(path)
    figures.add("pixels of the county", land.grid.width * land.grid.height / 1e6, "Mpx")
    return land


def _weather(grid: MasterGrid) -> pl.DataFrame:
    whole = Window(-150, -150, grid.height + 300, grid.width + 300)
    ids = np.unique(GRIDMET.ids(grid, whole))
    rng = np.random.default_rng(1)
    columns = {
        name: rng.gamma(1.0, 2.0, (DAYS.size, ids.size))
        for name in ("rain_mm", "tmean_degc", "vpd_kpa", "pet_mm")
    }
    columns |= antecedent_columns(columns["rain_mm"], columns["pet_mm"])
    data = {name: values.ravel() for name, values in columns.items()}
    return pl.DataFrame(
        {"cell_id": np.tile(ids, DAYS.size), "date": np.repeat(DAYS, ids.size), **data}
    )


def _labels(grid: MasterGrid) -> GridLabels:
    rng = np.random.default_rng(2)
    number = np.arange(N_SITE)
    sites = pl.DataFrame(
        {
            "site_id": number,
            "row": rng.integers(0, grid.height, N_SITE),
            "col": rng.integers(0, grid.width, N_SITE),
        }
    )
    n = N_SITE * USABLE.size
    labels = pl.DataFrame(
        {
            "site_id": np.repeat(number, USABLE.size),
            "date": np.tile(USABLE, N_SITE),
            "depth_mm": np.full(n, DEPTHS_MM[0], dtype=np.float32),
            "theta": rng.random(n).astype(np.float32),
            "weight": np.ones(n, dtype=np.float32),
        }
    )
    return GridLabels.from_labels(labels, sites, grid, DEPTHS_MM)


def _batches(figures: Figures, scene: Scene, forcing: str) -> None:
    samples = SampleSet(scene, _labels(scene.grid).patches(), DEPTHS_MM)
    start = time.perf_counter()
    tiles = np.unique(samples.patches.tile, return_index=True)[1]
    for first in tiles:
        samples.batch(np.array([first]))
    figures.add(
        f"{forcing}: a tile from disk", (time.perf_counter() - start) / tiles.size * 1e3, "ms"
    )
    rng = np.random.default_rng(3)
    for size in (16, 32):
        seconds = []
        for _ in range(REPEATS):
            chosen = rng.integers(0, len(samples), size)
            start = time.perf_counter()
            samples.batch(chosen)
            seconds.append(time.perf_counter() - start)
        goal = "< 15" if size == 16 else ""
        figures.add(f"{forcing}: a batch of {size}, median", np.median(seconds) * 1e3, "ms", goal)
        figures.add(f"{forcing}: a batch of {size}, best", min(seconds) * 1e3, "ms")


def _points(figures: Figures, scene: Scene, forcing: str) -> None:
    rng = np.random.default_rng(4)
    n = 500_000
    row = rng.integers(0, scene.grid.height, n)
    col = rng.integers(0, scene.grid.width, n)
    day = rng.integers(29, DAYS.size, n)
    start = time.perf_counter()
    scene.points(row, col, day)
    rate = n / (time.perf_counter() - start)
    figures.add(f"{forcing}: features of single pixels", rate, "rows/s", ">= 100000")


class _Formulas:
    """Layers of a wide grid as formulas, in place of a stack of files."""

    def __init__(self, grid: MasterGrid) -> None:
        self.grid = grid
        self.spent_s = 0.0

    def read(self, address: str, window: Window) -> AnyArray:
        start = time.perf_counter()
        row, col = np.ogrid[
            window.row : window.row + window.height, window.col : window.col + window.width
        ]
        if address in ("land_cover", "climate_class"):
            values = np.full(window.shape, 71 if address == "land_cover" else 7, dtype=np.int16)
        else:
            wave = np.sin(row / 37.0) * np.cos(col / 53.0) + ((row * 7919 + col * 104729) % 97) / 99
            middle, swing = {
                "sand": (45.0, 18.0), "silt": (35.0, -12.0), "clay": (20.0, -6.0),
                "elevation": (2000.0, 300.0),
            }[address]  # fmt: skip
            values = (middle + swing * wave).astype(np.float32)
        self.spent_s += time.perf_counter() - start
        return values


def _wide(figures: Figures, folder: Path, width: int) -> None:
    grid = MasterGrid(ALBERS, 30.0, -1_146_465.0, 2_073_495.0, width, 1024, 64)
    texture = {f"{name}_pct": name for name in ("sand", "silt", "clay")}
    features = {
        **texture,
        "elevation_m": "elevation",
        "land_cover": "land_cover",
        "climate_class": "climate_class",
    }
    plan = land_writer.LandPlan(features, {DEPTHS_MM[0]: texture}, Soil())
    layers = _Formulas(grid)
    start = time.perf_counter()
    land_writer._write(layers, plan, folder / "wide.tif", {})  # type: ignore[arg-type]
    seconds = time.perf_counter() - start - layers.spent_s
    pixels = grid.width * grid.height
    figures.add(
        f"land raster, {width} pixels wide, without its layers", pixels / seconds / 1e6, "Mpx/s"
    )
    minutes = seconds * COLORADO_ROWS / grid.height / 60
    figures.add(f"the same for {COLORADO_ROWS} rows", minutes, "min")
    size = (folder / "wide.tif").stat().st_size
    figures.add(
        f"its size for {COLORADO_ROWS} rows", size * COLORADO_ROWS / grid.height / 1e9, "GB"
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    figures.add("peak memory of this process", peak, "MB")


def _arguments() -> argparse.Namespace:
    asked = parser(__doc__)
    asked.add_argument("--threads", type=int, default=1, help="threads of torch")
    asked.add_argument("--width", type=int, default=0, help="pixels across the wide land raster")
    return asked.parse_args()


if __name__ == "__main__":
    main()
