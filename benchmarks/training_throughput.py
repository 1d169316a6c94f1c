"""Training samples/s of the whole loop beside the same network fed from a tensor in memory.

Both train net A on 64 x 64 tiles, a step of the one after a step of the other, so that whatever
else the machine does meets both. The loop reads a land raster and weather, puts each sample
together, draws the source, counts and reports; the other has its batch from the start. Inference
rates of the network and of LightGBM on the same features stand beside.
"""

from __future__ import annotations

import argparse
import copy
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import torch
from _figures import Figures, parser

if TYPE_CHECKING:
    from rootzone._shared.arrays import IntArray
    from rootzone.learning.samples.batches import SampleSet
    from rootzone.learning.samples.label_index import GridLabels
    from rootzone.learning.scene.scene import Scene
    from rootzone.networks.batch import Batch

DEPTH_MM = 200.0
CAMPAIGN = """\
name: throughput
region:
  bounds_lonlat_deg: [{west}, {south}, {east}, {north}]
years: [2023]
engine: {{spin_up_days: 0}}
"""
DAYS = np.arange("2023-02-01", "2023-12-31", dtype="datetime64[D]")
EPOCH_STEPS = 100  # a short epoch: the checkpoint after it is spread over so many steps
PER_TILE = 7  # half a million sites on Colorado's 73,200 tiles


def main() -> None:
    args = _arguments()
    torch.set_num_threads(args.threads)
    figures = Figures()
    with tempfile.TemporaryDirectory() as folder:
        scene = make_scene(Path(folder))
        sources, validation = make_samples(scene)
        batch = sources["simulated"].batch(np.arange(args.batch) * 7)
        batch = replace(batch, x=batch.x.contiguous(memory_format=torch.channels_last))
        pairs = paired_steps(sources, validation, batch, args, Path(folder))
        loop_s, memory_s = np.array(pairs).T
        figures.add("the whole loop", args.batch / np.median(loop_s), "samples/s")
        figures.add("the same network from memory", args.batch / np.median(memory_s), "samples/s")
        ratio = float(np.median(memory_s / loop_s))
        figures.add("loop over memory, median of pairs", 100 * ratio, "%", ">= 90")
        total = 100 * memory_s.sum() / loop_s.sum()
        figures.add("loop over memory, sums of all steps", total, "%", ">= 90")
        figures.add("pairs of steps", len(pairs), "-")
        assembly_ms = 1e3 * assembly_seconds(sources, args.batch) / args.batch
        figures.add("putting a sample together", assembly_ms, "ms")
        kept_s = checkpoint_seconds(Path(folder))
        figures.add("checkpoint of an epoch", 100 * kept_s / EPOCH_STEPS / np.median(loop_s), "%")
        network_inference(figures, batch)
        lightgbm_inference(figures, scene, args.threads)
    figures.show(as_json=args.json)


def _arguments() -> argparse.Namespace:
    parsed = parser(__doc__)
    parsed.add_argument("--threads", type=int, default=2, help="threads of torch and LightGBM")
    parsed.add_argument("--batch", type=int, default=16, help="tiles in a batch")
    parsed.add_argument("--pairs", type=int, default=12, help="pairs of steps, the first left out")
    return parsed.parse_args()


def make_scene(folder: Path) -> Scene:
    """The made-up county as a land raster on disk, with seeded weather of its cells."""
    from rootzone.covariates.layers.catalog import load_catalog
    from rootzone.covariates.open_campaign import CampaignFiles
    from rootzone.covariates.weather.antecedent import antecedent_columns
    from rootzone.learning.scene.features import faithful_features
    from rootzone.learning.scene.land import Land
    from rootzone.learning.scene.scene import Scene
    from rootzone.learning.scene.weather_days import WeatherDays
    from rootzone.learning.scene.write_land import write_land
    from rootzone.made_up import county_fields
    from rootzone.made_up.write_county import write_county

    write_county(folder / "data", [2023], 7)
    sides = {s: getattr(county_fields, s.upper()) for s in ("west", "south", "east", "north")}
    path = folder / "campaign.yaml"
    path.write_text(CAMPAIGN.format(**sides))
    land = Land(write_land(CampaignFiles.beside(path), folder / "land.tif"))
    spec = faithful_features()
    weather_grid = load_catalog([], Path()).weather_grid("gridmet")
    ids = np.unique(weather_grid.ids(land.grid, land.grid.full_window))
    rng = np.random.default_rng(1)
    days = np.arange("2023-01-01", "2024-01-01", dtype="datetime64[D]")
    shape = (days.size, ids.size)
    columns = {
        "rain_mm": rng.gamma(0.3, 10.0, shape),
        "tmean_degc": rng.uniform(-10.0, 25.0, shape),
        "vpd_kpa": rng.uniform(0.0, 3.0, shape),
        "pet_mm": rng.uniform(0.0, 8.0, shape),
    }
    columns |= antecedent_columns(columns["rain_mm"], columns["pet_mm"])
    data = {k: pl.Series(v.ravel()).fill_nan(None) for k, v in columns.items()}
    frame = pl.DataFrame(
        {"cell_id": np.tile(ids, days.size), "date": np.repeat(days, ids.size), **data}
    )
    return Scene(land, WeatherDays.from_frame(frame, spec), spec, weather_grid)


def make_samples(scene: Scene) -> tuple[dict[str, SampleSet], SampleSet]:
    """Simulated labels on seven pixels a tile, stations on one of every fifth tile."""
    from rootzone.learning.samples.batches import SampleSet
    from rootzone.learning.samples.label_index import GridLabels

    grid = scene.grid
    rng = np.random.default_rng(2)
    tiles = np.arange(grid.tiles_across * grid.tiles_down)

    def labels(per_tile: int, which: IntArray, source: str) -> GridLabels:
        tile = np.repeat(which, per_tile)
        row = (tile // grid.tiles_across) * 64 + rng.integers(0, 64, tile.size)
        col = (tile % grid.tiles_across) * 64 + rng.integers(0, 64, tile.size)
        names = np.array([f"{source}{k}" for k in range(tile.size)])
        days = DAYS[::3]
        frame = pl.DataFrame(
            {
                "site_id": np.repeat(names, days.size), "date": np.tile(days, names.size),
                "depth_mm": DEPTH_MM, "theta": rng.uniform(0.1, 0.35, names.size * days.size),
                "weight": 1.0,
            }
        )  # fmt: skip
        sites = pl.DataFrame({"site_id": names, "row": row, "col": col})
        return GridLabels.from_labels(frame, sites, grid, [DEPTH_MM])

    simulated, station = labels(PER_TILE, tiles, "s"), labels(1, tiles[::5], "t")
    return {
        "simulated": SampleSet(scene, simulated.patches(1), (DEPTH_MM,)),
        "station": SampleSet(scene, station.patches(1), (DEPTH_MM,)),
    }, SampleSet(scene, station.patches(1).chosen(np.arange(4)), (DEPTH_MM,))


def paired_steps(
    sources: dict[str, SampleSet],
    validation: SampleSet,
    batch: Batch,
    args: argparse.Namespace,
    folder: Path,
) -> list[tuple[float, float]]:
    """Seconds of a step of the loop and of a step from memory, in turn."""
    from rootzone.networks.families.unet import ModelConfig
    from rootzone.networks.losses import CompositeLoss
    from rootzone.networks.run_training import RunOptions, new_network, train
    from rootzone.networks.settings import TrainSettings
    from rootzone.networks.train_progress import TrainProgress
    from rootzone.networks.train_step import optimiser_of, train_step

    settings = TrainSettings(
        epochs=1, steps_per_epoch=args.pairs + 1, batch_size=args.batch,
        simulated_batch_probability=0.8,
    )  # fmt: skip
    network = new_network(ModelConfig(len(sources["simulated"].spec)), seed=1)
    other = copy.deepcopy(network).to(memory_format=torch.channels_last)
    optimiser, loss = optimiser_of(other, settings), CompositeLoss(settings)
    pairs: list[tuple[float, float]] = []
    left = [time.perf_counter()]

    def step_from_memory(step: int) -> None:
        loop_s = time.perf_counter() - left[0]
        start = time.perf_counter()
        train_step(other, optimiser, loss, batch, step / args.pairs, settings=settings)
        pairs.append((loop_s, time.perf_counter() - start))
        left[0] = time.perf_counter()

    with TrainProgress() as progress:
        options = RunOptions(fresh=True, progress=progress, after_step=step_from_memory)
        train(network, sources, validation, settings, folder / "run", options=options)
    return pairs[1:]  # the first step also makes the optimiser's memory


def assembly_seconds(sources: dict[str, SampleSet], size: int) -> float:
    """Time to put a batch together once its tiles are known, best of several [s]."""
    samples = sources["simulated"]
    rng = np.random.default_rng(3)
    best = np.inf
    for _ in range(8):
        indices = rng.integers(0, len(samples), size)
        samples.batch(indices)
        start = time.perf_counter()
        samples.batch(indices)
        best = min(best, time.perf_counter() - start)
    return float(best)


def checkpoint_seconds(folder: Path) -> float:
    """Time to write the checkpoint of the run, best of three [s]."""
    from rootzone.networks.checkpoints import save_checkpoint
    from rootzone.networks.run_training import checkpoint_of

    content = torch.load(checkpoint_of(folder / "run"), weights_only=True)
    return _best(lambda: save_checkpoint(folder / "again.pt", {}, content["state"]), 3)


def network_inference(figures: Figures, batch: Batch) -> None:
    """Pixels a second of net A on 64 x 64 tiles."""
    from rootzone.networks.families.unet import ModelConfig
    from rootzone.networks.run_training import new_network

    network = new_network(ModelConfig(batch.x.shape[1]), seed=1).eval()
    network.to(memory_format=torch.channels_last)
    pixels = batch.x.shape[0] * batch.x.shape[2] * batch.x.shape[3]
    with torch.inference_mode():
        seconds = _best(lambda: network(batch.x), 4)
    figures.add("U-Net inference, float32", pixels / seconds / 1e6, "Mpx/s")


def lightgbm_inference(figures: Figures, scene: Scene, threads: int) -> None:
    """Pixels a second of 300 trees of 63 leaves on the same 20 features."""
    import lightgbm

    rng = np.random.default_rng(4)
    n = 200_000
    row, col = rng.integers(0, scene.grid.height, n), rng.integers(0, scene.grid.width, n)
    days = scene.weather.day_index(rng.choice(DAYS, n))
    start = time.perf_counter()
    x = scene.points(row, col, days)
    figures.add("features of single pixels", n / (time.perf_counter() - start) / 1e6, "Mpx/s")
    y = 0.2 + 0.1 * np.nan_to_num(x[:, 12]) + 0.05 * np.nan_to_num(x[:, 0]) * x[:, 18]
    settings = {
        "num_leaves": 63, "learning_rate": 0.05, "verbosity": -1, "num_threads": threads,
        "force_row_wise": True,
    }  # fmt: skip
    model = lightgbm.train(settings, lightgbm.Dataset(x[:20_000], y[:20_000]), 300)
    seconds = _best(lambda: model.predict(x), 3)
    figures.add("LightGBM inference, 300 trees", n / seconds / 1e6, "Mpx/s")


def _best(work: Callable[[], object], times: int) -> float:
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


if __name__ == "__main__":
    main()
