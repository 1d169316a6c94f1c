"""Maps against the bare network, and the memory of a strip as wide as a state.

Speed: two processes of one thread predict net A on bare 64 px tiles from memory, then the same
processes make maps: read the land, build channels, predict with the exact halo, write the rasters.
Both are timed in one run, the bare network before and after, by wall and by processor time, which
other work on the machine disturbs less. Memory: all processes together while
a strip of 21,568 x 4,096 px is mapped with net A, which takes some six minutes on two cores.
"""

from __future__ import annotations

import datetime as dt
import json
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import psutil
import rasterio
from _figures import Figures, parser

from rootzone._shared.parts import Parts
from rootzone._shared.provenance import Provenance
from rootzone.covariates.grid import MasterGrid, Window
from rootzone.covariates.layers.catalog import load_catalog
from rootzone.learning.scene.features import faithful_features
from rootzone.learning.scene.land import TAG_LAND, Land
from rootzone.learning.scene.scene import Scene
from rootzone.learning.scene.weather_days import WeatherDays
from rootzone.maps.assemble import MapPlan
from rootzone.maps.encoding import CoverCodes
from rootzone.maps.network_job import NetworkJob, Task
from rootzone.maps.run_workers import Workers
from rootzone.networks.bundle import save_bundle
from rootzone.networks.channels import LAND
from rootzone.networks.families.unet import ModelConfig
from rootzone.networks.run_training import new_network

SPEC = faithful_features()
FIRST_DAY = dt.date(2023, 7, 15)
BARE_BATCH = 16

GRIDMET = load_catalog([], Path()).weather_grid("gridmet")


@dataclass(frozen=True)
class BenchJob:
    """A map job whose workers can run the bare network too."""

    job: NetworkJob
    repeats: int

    def open(self) -> Callable[[Any], None]:
        """Load the model once for both kinds of task."""
        import torch

        from rootzone.networks.bundle import load_bundle

        do = self.job.open()
        bundle = load_bundle(self.job.bundle, SPEC)
        tiles = torch.rand(BARE_BATCH, len(SPEC), 64, 64)
        tiles = tiles.contiguous(memory_format=torch.channels_last)

        def either(task: Any) -> None:  # noqa: ANN401 - a Task or a word
            if task != "bare":
                do(task)
                return
            for _ in range(self.repeats):
                bundle.predict(tiles)

        return either


def scene_on(grid: MasterGrid, folder: Path, n_day: int, *, empty: bool) -> Scene:
    """Land in a file and weather in memory; ``empty`` land costs no time to make."""
    path = folder / "land.tif"
    names = SPEC.columns(LAND)
    facts = {
        "grid": grid.to_dict(), "depths_mm": [], "texture_depth_cm": [15, 30],
        "legends": {"land_cover": "nlcd", "climate_class": "koppen_beck"}, "digest": "made up",
    }  # fmt: skip
    profile = {
        "driver": "GTiff", "width": grid.width, "height": grid.height, "count": len(names),
        "dtype": "float32", "crs": grid.crs, "transform": grid.affine(), "nodata": np.nan,
        "tiled": True, "blockxsize": 128, "blockysize": 128, "interleave": "band",
        "compress": "deflate", "predictor": 3, "sparse_ok": True, "bigtiff": "if_safer",
    }  # fmt: skip
    rng = np.random.default_rng(1)
    with rasterio.open(path, "w", **profile) as file:
        file.descriptions = names
        file.update_tags(**{TAG_LAND: json.dumps(facts)})
        if not empty:
            for band in range(1, len(names) + 1):
                smooth = np.cumsum(rng.normal(size=grid.shape), axis=1).astype(np.float32)
                file.write(np.abs(smooth) % 90.0 + 1.0, band)
    return Scene(Land(path), _weather(grid, n_day, rng), SPEC, GRIDMET)


def _weather(grid: MasterGrid, n_day: int, rng: np.random.Generator) -> WeatherDays:
    ids = set()
    for row in range(0, grid.height, 64):
        strip = Window(row, 0, min(64, grid.height - row), grid.width)
        ids |= set(np.unique(GRIDMET.ids(grid, strip)).tolist())
    cell = np.array(sorted(ids))
    days = [FIRST_DAY + dt.timedelta(days=i) for i in range(n_day)]
    names = SPEC.columns("weather")
    frame = pl.DataFrame(
        {
            "cell_id": np.tile(cell, n_day),
            "date": np.repeat(np.array(days, dtype="datetime64[D]"), cell.size),
            **{name: rng.uniform(0.0, 10.0, cell.size * n_day) for name in names},
        }
    )
    return WeatherDays.from_frame(frame, SPEC)


def job_on(
    grid: MasterGrid, folder: Path, widths: tuple[int, ...], n_day: int, window: int, *, empty: bool
) -> NetworkJob:
    """A job for net A, or one of other widths, on made-up land."""
    config = ModelConfig(len(SPEC), widths=widths)
    weights = [new_network(config, 1).state_dict()]
    bundle = save_bundle(folder / "best", weights, config, SPEC, (200.0,), None, {})
    scene = scene_on(grid, folder, n_day, empty=empty)
    days = tuple(FIRST_DAY + dt.timedelta(days=i) for i in range(n_day))
    record = Provenance("benchmark", code="-")
    plan = MapPlan(grid, days, (200.0,), folder / "maps", "uint16", 80.0, window, {}, record, None)
    return NetworkJob(
        scene, bundle, plan, Parts(folder / "parts"), None, CoverCodes((11, 12), (11, 12))
    )


def make_maps(workers: Workers, job: NetworkJob) -> None:
    """Every window, then every map."""
    windows = [Task("predict", w) for w in job.plan.grid.windows(job.plan.window_px)]
    for tasks in (windows, [Task("assemble", None, *one) for one in job.plan.maps()]):
        for _ in workers.run(tasks):
            pass


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Wall time of some work, and processor time of all processes [s]."""
    started, used = time.perf_counter(), _processor_s()
    work()
    return time.perf_counter() - started, _processor_s() - used


def _processor_s() -> float:
    me = psutil.Process()
    times = [process.cpu_times() for process in (me, *me.children(recursive=True))]
    return sum(t.user + t.system for t in times)


def measure_speed(figures: Figures, side: int, n_day: int, window: int, cores: int) -> None:
    grid = MasterGrid("EPSG:5070", 30.0, -765045.0, 1970025.0, 2 * side, side)
    with tempfile.TemporaryDirectory() as name:
        job = job_on(grid, Path(name), (64, 128, 256), n_day, window, empty=False)
        repeats = 12
        with Workers(BenchJob(job, repeats), cores) as workers:
            bare = ["bare"] * cores
            list(workers.run(bare))  # starts the processes, warms up
            before = timed(lambda: list(workers.run(bare)))
            with Watch() as watch:
                seconds = timed(lambda: make_maps(workers, job))
            after = timed(lambda: list(workers.run(bare)))
        pixels = cores * repeats * BARE_BATCH * 64 * 64
        figures.add("net A: peak memory of all processes", watch.peak_gb, "GB", "< 4")
        mapped = grid.width * grid.height * n_day
        for i, clock in enumerate(("wall", "processor")):
            bare_speed = 2 * pixels / (before[i] + after[i]) / 1e6
            speed = mapped / seconds[i] / 1e6
            figures.add(f"bare network, 64 px tiles, by {clock} time", bare_speed, "Mpx/s")
            figures.add(f"maps with reading and writing, by {clock} time", speed, "Mpx/s")
            share = 100.0 * speed / bare_speed
            figures.add(f"maps against the bare network, {clock} time", share, "%", ">= 85")


def measure_memory(figures: Figures, width: int, height: int, window: int, cores: int) -> None:
    grid = MasterGrid("EPSG:5070", 30.0, -1065045.0, 2070045.0, width, height)
    with tempfile.TemporaryDirectory() as name:
        job = job_on(grid, Path(name), (64, 128, 256), 1, window, empty=True)
        with Workers(job, cores) as workers, Watch() as watch:
            seconds, _ = timed(lambda: make_maps(workers, job))
    figures.add(f"strip of {width} x {height} px: time, net A", seconds, "s")
    figures.add("the same: peak memory of all processes", watch.peak_gb, "GB", "< 4")


class Watch:
    """Largest memory of this process and its children while the block runs."""

    def __init__(self) -> None:
        self.peak_gb = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        me = psutil.Process()
        while not self._over.wait(1.0):
            total = 0
            for process in (me, *me.children(recursive=True)):
                try:
                    total += process.memory_full_info().pss  # shared pages count once
                except (psutil.NoSuchProcess, psutil.AccessDenied):
                    continue
            self.peak_gb = max(self.peak_gb, total / 1e9)


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--side", type=int, default=2560, help="half of the map's width [px]")
    arguments.add_argument("--days", type=int, default=4, help="days mapped")
    arguments.add_argument("--window", type=int, default=640, help="window [px]")
    arguments.add_argument("--cores", type=int, default=2, help="processes")
    arguments.add_argument("--only", choices=["speed", "memory"], help="one of the two parts")
    arguments.add_argument("--strip", default="21568x4096", help="size of the strip [px]")
    args = arguments.parse_args()
    figures = Figures()
    if args.only != "memory":
        measure_speed(figures, args.side, args.days, args.window, args.cores)
    if args.only != "speed":
        width, height = (int(part) for part in args.strip.split("x"))
        measure_memory(figures, width, height, args.window, args.cores)
    figures.show(as_json=args.json)


if __name__ == "__main__":
    main()
