"""Speed of the multimodal network: the training loop against the bare network, and a 10 m map.

    python benchmarks/multimodal_speed.py [--variant atto] [--side 2000] [--device cpu] [--bf16]

The same steps are done by the one training loop on chips in memory, and by forward, backward and
step of the same network on one batch; the ratio is what the loop costs. The map is of ``--side``
pixels a side (2000 of 10 m are 20 km) from windows of 96 px, half a window apart, one network,
read band by band from memory without files. With ``--device cuda --bf16 --variant tiny`` it is the
run prepared for a GPU.
"""

from __future__ import annotations

import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from _figures import Figures, parser

from rootzone.networks.mixing import STATION
from rootzone.networks.run_training import RunOptions, new_network, train
from rootzone.networks.settings import TrainSettings
from rootzone.networks.train_step import optimiser_of, train_step
from rootzone.surface.multimodal.chips import Chips
from rootzone.surface.multimodal.modalities import Inputs
from rootzone.surface.multimodal.network import MultimodalConfig
from rootzone.surface.multimodal.windows import blended_bands, starts

SENSORS = ("s1", "s2", "landsat", "leaves", "terrain")


def main() -> None:
    asked = parser(__doc__)
    asked.add_argument("--variant", default="atto")
    asked.add_argument("--window", type=int, default=96)
    asked.add_argument("--side", type=int, default=2000, help="pixels of the map")
    asked.add_argument("--batch", type=int, default=8)
    asked.add_argument("--steps", type=int, default=12)
    asked.add_argument("--device", default="cpu")
    asked.add_argument("--bf16", action="store_true")
    given = asked.parse_args()
    figures, device = Figures(), torch.device(given.device)
    inputs = Inputs.of("all", SENSORS)
    config = MultimodalConfig(
        modalities=inputs.widths, n_scalars=len(inputs.scalars), variant=given.variant,
        window_px=given.window,
    )  # fmt: skip
    n, side, rng = given.batch * given.steps, given.window + 32, np.random.default_rng(0)
    middle, number = np.full(n, side // 2), np.arange(n)
    x = rng.random((n, len(inputs.names), side, side), np.float32).astype(np.float16)
    chips = Chips(x, rng.uniform(0.1, 0.4, n), middle, middle, number, number, given.window,
                  moved=True)  # fmt: skip
    settings = TrainSettings(
        epochs=1, batch_size=given.batch, physics="none", patience_epochs=0,
        precision="bf16" if given.bf16 else "fp32",
    )  # fmt: skip
    bare = bare_steps(config, chips, settings, device, given.steps)
    rows: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        train(
            new_network(config, 0), {STATION: chips}, chips.of(number[:1]), settings, Path(folder),
            options=RunOptions(
                device=device, after_step=lambda _: rows.append(time.perf_counter())
            ),
        )  # fmt: skip
    loop = float(np.median(np.diff(rows)))
    figures.add("network fed from memory", given.batch / bare, "windows s-1")
    figures.add("training loop", given.batch / loop, "windows s-1")
    figures.add("loop over network", bare / loop, "-", ">= 0.9")
    add_map(figures, config, given.side, device)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    figures.add("largest memory", peak, "GB", "< 4")
    figures.show(as_json=given.json)


def bare_steps(
    config: MultimodalConfig, chips: Chips, settings: TrainSettings, device: torch.device, n: int
) -> float:
    """Seconds of a step on a batch that is there already; the median."""
    from rootzone.networks.losses import CompositeLoss

    network = new_network(config, 0).to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser, loss = optimiser_of(network, settings), CompositeLoss(settings)
    batch = chips.batch(np.arange(settings.batch_size), device)
    network.train()
    took = []
    for _ in range(n):
        started = time.perf_counter()
        train_step(network, optimiser, loss, batch, 0.5, settings=settings)
        took.append(time.perf_counter() - started)
    return float(np.median(took[1:]))


def add_map(figures: Figures, config: MultimodalConfig, side: int, device: torch.device) -> None:
    network = new_network(config, 0).eval().to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    rng, window = np.random.default_rng(1), config.window_px

    def read(first: int, height: int) -> np.ndarray:
        del first
        return rng.random((config.n_channels, height, side), np.float32)

    def predict(windows: np.ndarray) -> np.ndarray:
        x = torch.from_numpy(windows).to(device).contiguous(memory_format=torch.channels_last)
        with torch.inference_mode():
            return np.asarray(network(x).theta[:, 0].cpu().numpy())

    started, used = time.perf_counter(), time.process_time()
    theta = blended_bands(predict, read, (side, side), window)
    took, cpu = time.perf_counter() - started, time.process_time() - used
    figures.add("pixels without a value", np.isnan(theta).sum(), "-", "0")
    figures.add("windows of the map", len(starts(side, window)) ** 2, "-")
    figures.add(f"map of {side} x {side} px", took, "s by the clock", "< 180 on 2 cores")
    figures.add(f"map of {side} x {side} px", cpu, "s of CPU")


if __name__ == "__main__":
    main()
