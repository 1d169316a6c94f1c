"""Training and maps of the full-size networks on a device: samples/s, Mpx/s, and one epoch.

Net A and the correction of physics (unet_residual) take steps on 64 x 64 tiles held in memory, in
float32 and bfloat16, then whole windows are predicted as maps are. One epoch goes through the
training loop itself, with the samples put together on the CPU, validation and checkpoint included.
The device's answers are held against the CPU's. `--device cpu --quick` tries it without a GPU.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from _figures import Figures, parser
from worlds.landscape import Landscape, WorldSettings, make_landscape
from worlds.samples import Labels, WorldSamples

from rootzone.campaign.learning_section import Learning
from rootzone.networks.batch import Batch
from rootzone.networks.families import config_of
from rootzone.networks.losses import CompositeLoss
from rootzone.networks.mixing import SIMULATED
from rootzone.networks.run_training import RunOptions, new_network, train
from rootzone.networks.settings import TrainSettings
from rootzone.networks.train_step import optimiser_of, train_step

MODELS = ("unet_a", "unet_residual")
WINDOW_PX = 1024


def world(tiles: int, places: int) -> tuple[Landscape, Labels]:
    """A landscape with labels and physics of no meaning: only their shapes count here."""
    land = make_landscape(WorldSettings(tiles=tiles, last="2023-12-31"))
    rng = np.random.default_rng(1)
    side = land.settings.side_px
    row, col = np.divmod(rng.choice(side * side, places, replace=False), side)
    theta = rng.uniform(0.1, 0.4, (places, land.dates.size)).astype(np.float32)
    physics = np.full((land.dates.size, side, side), 0.25, dtype=np.float32)
    return replace(land, physics=physics), Labels(row, col, theta)


def seconds_of(work: Callable[[], object], device: torch.device, times: int) -> float:
    """Median time of some work, the device waited for, the first turn left out."""
    taken = []
    for _ in range(times + 1):
        started = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize()
        taken.append(time.perf_counter() - started)
    return float(np.median(taken[1:]))


def steps(
    model: str, batch: Batch, precision: str, figures: Figures, *, compiled: bool, times: int
) -> None:
    """Samples a second of steps from memory."""
    device = batch.x.device
    settings = TrainSettings.of(Learning(model=model, precision=precision), 1)
    network = new_network(config_of(settings, batch.x.shape[1], 1), 1).to(device)
    network.to(memory_format=torch.channels_last)
    module: torch.nn.Module = torch.compile(network) if compiled else network
    optimiser, loss = optimiser_of(network, settings), CompositeLoss(settings)

    def one() -> None:
        train_step(module, optimiser, loss, batch, 0.5, settings=settings)

    took = seconds_of(one, device, times)
    name = f"{model}, {precision}{', compiled' if compiled else ''}: steps of {len(batch)} tiles"
    figures.add(name, len(batch) / took, "samples/s")


def maps(model: str, land: Landscape, device: torch.device, figures: Figures, times: int) -> None:
    """Megapixels a second of windows, and how far the device is from the CPU."""
    network = new_network(config_of(Learning(model=model), land.n_channels, 1), 1).eval()
    if model == "unet_residual":  # a new one is physics, which no arithmetic can change
        torch.nn.init.normal_(network.inner.head.weight, std=0.1)
    side = min(WINDOW_PX, land.settings.side_px)
    whole = slice(0, side)
    x = torch.from_numpy(land.window(whole, whole, 0))[None]
    soil = torch.from_numpy(land.soil[:, whole, whole])[None, None]
    small = (slice(None), slice(None), slice(0, 128), slice(0, 128))
    with torch.inference_mode():
        here = network(x[small], soil[..., :128, :128]).theta
        network.to(device, memory_format=torch.channels_last)
        x, soil = x.to(device), soil.to(device)
        x = x.contiguous(memory_format=torch.channels_last)
        for precision in ("fp32", "bf16"):
            bf16 = precision == "bf16"

            def one(bf16: bool = bf16) -> torch.Tensor:
                with torch.autocast(device.type, dtype=torch.bfloat16, enabled=bf16):
                    told: torch.Tensor = network(x, soil).theta
                return told

            took = seconds_of(one, device, times)
            figures.add(f"{model}, {precision}: maps", side * side / took / 1e6, "Mpx/s")
            # The margin of the small window sees padding where the large one sees land.
            off = (one().cpu()[..., :64, :64] - here[..., :64, :64]).abs()
            figures.add(f"{model}, {precision}: farthest from the CPU", float(off.max()), "m3 m-3")


def epoch(
    model: str, land: Landscape, labels: Labels, device: torch.device, figures: Figures, size: int
) -> None:
    """One epoch through the training loop."""
    shown = land if model == "unet_residual" else replace(land, physics=None)
    samples = WorldSamples(shown, labels, np.arange(300))
    held = WorldSamples(shown, labels, np.arange(300, 302))
    settings = TrainSettings.of(
        Learning(model=model, precision="bf16", epochs=1, batch_size=size,
                 simulated_batch_probability=1.0), 1
    )  # fmt: skip
    network = new_network(config_of(settings, shown.n_channels, 1), 1)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        options = RunOptions(device=device, fresh=True)
        train(network, {SIMULATED: samples}, held, settings, Path(folder), options=options)
    took = time.perf_counter() - started
    figures.add(f"{model}, bf16: one epoch of {len(samples):,} tile-days", took, "s")
    figures.add(f"{model}, bf16: the loop", len(samples) / took, "samples/s")


def main() -> None:
    parsed = parser(__doc__)
    parsed.add_argument("--device", default="cuda")
    parsed.add_argument("--batch", type=int, default=128)
    parsed.add_argument("--tiles", type=int, default=16)
    parsed.add_argument("--quick", action="store_true", help="a try of a minute on a CPU")
    parsed.add_argument("--compile", action="store_true", help="torch.compile as well")
    arguments = parsed.parse_args()
    device = torch.device(arguments.device)
    tiles, batch_size, times = arguments.tiles, arguments.batch, 20
    if arguments.quick:
        tiles, batch_size, times = 2, 2, 1
    figures = Figures()
    land, labels = world(tiles, 7 * tiles * tiles)
    for model in MODELS:
        shown = land if model == "unet_residual" else replace(land, physics=None)
        whole = WorldSamples(shown, labels, np.arange(300))
        batch = whole.batch(np.arange(batch_size), device)
        batch = replace(batch, x=batch.x.contiguous(memory_format=torch.channels_last))
        for precision in ("fp32", "bf16"):
            for compiled in (False, True)[: 1 + arguments.compile]:
                steps(model, batch, precision, figures, compiled=compiled, times=times)
        maps(model, shown, device, figures, times)
        if not arguments.quick:
            epoch(model, land, labels, device, figures, batch_size)
    if device.type == "cuda":
        peak = torch.cuda.max_memory_allocated() / 2**30
        figures.add("most memory of the device", peak, "GiB")
    figures.show(as_json=arguments.json)


if __name__ == "__main__":
    main()
