"""Speed of the multimodal network: the training loop against the bare network, and a 10 m map.

    python benchmarks/multimodal_speed.py [--variant atto] [--side 2000] [--device cpu] [--bf16]

The same steps are done by the one training loop on chips in memory, and by forward, backward and
step of the same network on one batch, by turns; the ratio is what the loop costs. The map is that
of ``rootzone surface map``: ``--side`` pixels a side (2000 of 10 m are 20 km), one network, windows
of 96 px half a window apart, from files of Sentinel-1 (10 m), Sentinel-2 (20 m), Landsat (30 m),
leaves, weather and heights to the files it writes. ``--only loop`` or ``--only map`` does one half.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import rasterio
import torch
from _figures import Figures, parser

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rootzone._shared.provenance import Provenance, sidecar_of
from rootzone.covariates.fetch.checksums import NAME as CHECKSUMS
from rootzone.networks.mixing import STATION
from rootzone.networks.run_training import RunOptions, new_network, train
from rootzone.networks.settings import TrainSettings
from rootzone.networks.train_step import optimiser_of, train_step
from rootzone.surface.chain.open_surface import OpenSurface
from rootzone.surface.multimodal.chips import Chips
from rootzone.surface.multimodal.modalities import Inputs
from rootzone.surface.multimodal.network import MultimodalConfig
from rootzone.surface.multimodal.open_chips import OpenChips
from rootzone.surface.multimodal.run_maps import make_maps
from rootzone.surface.multimodal.trained import Trained, save_network
from rootzone.surface.multimodal.windows import starts
from rootzone.surface.worlds.write_fine import Cut, write_fine
from tests.surface.multimodal.quick_land import quick_land

SENSORS = ("s1", "s2", "landsat", "leaves", "terrain")
CAMPAIGN = """\
name: speed
region: {{bounds_lonlat_deg: [-100.1, 39.7, -99.6, 40.15]}}
years: [2022]
surface:
  system: multimodal
  seeds: [0]
  splits: [stations]
  dates: [2022-05-08]
  multimodal:
    variant: {variant}
    window_px: {window}
    device: {device}
    lai: data/surface/lai/*.tif
    fpar: data/surface/fpar/*.tif
"""


def main() -> None:
    asked = parser(__doc__)
    asked.add_argument("--variant", default="atto")
    asked.add_argument("--window", type=int, default=96)
    asked.add_argument("--side", type=int, default=2000, help="pixels of the map")
    asked.add_argument("--batch", type=int, default=8)
    asked.add_argument("--steps", type=int, default=12)
    asked.add_argument("--device", default="cpu")
    asked.add_argument("--bf16", action="store_true")
    asked.add_argument("--only", choices=("loop", "map"))
    given = asked.parse_args()
    figures = Figures()
    if given.only != "map":
        add_loop(figures, given)
    if given.only != "loop":
        add_map(figures, given.variant, given.window, given.side, given.device)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    figures.add("largest memory", peak, "GB", "< 4")
    figures.show(as_json=given.json)


def add_loop(figures: Figures, given: argparse.Namespace) -> None:
    device, inputs = torch.device(given.device), Inputs.of("all", SENSORS)
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
    beside = Beside(config, chips, settings, device)
    with tempfile.TemporaryDirectory() as folder:
        train(
            new_network(config, 0), {STATION: chips}, chips.of(number[:1]), settings, Path(folder),
            options=RunOptions(device=device, after_step=beside),
        )  # fmt: skip
    for unit, took in (("by the clock", beside.by_clock), ("of CPU", beside.by_cpu)):
        loop, bare = np.array(took[2:]).T  # the first two warm up
        figures.add(
            f"network fed from memory, {unit}", given.batch / np.median(bare), "windows s-1"
        )
        figures.add(f"training loop, {unit}", given.batch / np.median(loop), "windows s-1")
        ratio = float(np.median(bare / loop))
        figures.add(f"loop over network, {unit}, paired steps", ratio, "-", ">= 0.9")


class Beside:
    """After each step of the loop, the same step of another network on a batch that is there."""

    def __init__(
        self, config: MultimodalConfig, chips: Chips, settings: TrainSettings, device: torch.device
    ) -> None:
        from rootzone.networks.losses import CompositeLoss

        network = new_network(config, 0).to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        optimiser, loss = optimiser_of(network, settings), CompositeLoss(settings)
        batch = chips.batch(np.arange(settings.batch_size), device)
        network.train()
        self.step = lambda: train_step(network, optimiser, loss, batch, 0.5, settings=settings)
        self.device = device
        self.by_clock: list[tuple[float, float]] = []
        self.by_cpu: list[tuple[float, float]] = []
        self.ended = self._now()

    def _now(self) -> tuple[float, float]:
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter(), time.process_time()

    def __call__(self, _: int) -> None:
        """Keep what the loop's step took, and take as long for one without the loop."""
        begun = self._now()
        self.step()
        done = self._now()
        for kept, k in ((self.by_clock, 0), (self.by_cpu, 1)):
            kept.append((begun[k] - self.ended[k], done[k] - begun[k]))
        self.ended = done


def add_map(figures: Figures, variant: str, window: int, side: int, device: str) -> None:
    """A day of a campaign from files to files, by a network that was never trained."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        started = time.perf_counter()
        write_fine(folder / "data" / "surface", quick_land(8), Cut(side_km=1.2, n_stations=5))
        enlarge(folder / "data" / "surface", side)
        print(f"files written in {time.perf_counter() - started:.0f} s", flush=True)
        (folder / "campaign.yaml").write_text(
            CAMPAIGN.format(variant=variant, window=window, device=device)
        )
        opened = OpenSurface.of(folder / "campaign.yaml")
        trained = Trained(OpenChips(opened))
        weights = new_network(trained.chips.config, 0).state_dict()
        save_network(trained.network_file("stations", 0), weights, Provenance("not trained"))
        started, used = time.perf_counter(), time.process_time()
        (made,) = make_maps(opened, print)
        took, cpu = time.perf_counter() - started, time.process_time() - used
        with rasterio.open(made.theta) as file:
            theta = file.read(1, masked=True)
    figures.add("pixels with a value", 100 * np.ma.count(theta) / theta.size, "%")
    figures.add("windows of the map", len(starts(side, window)) ** 2, "-")
    figures.add(f"map of {side} x {side} px from files", took, "s by the clock", "< 180 on 2 cores")
    figures.add(f"map of {side} x {side} px from files", cpu, "s of CPU")


def enlarge(folder: Path, side: int) -> None:
    """Lay the rasters of a small cut side by side until they cover ``side`` pixels of 10 m."""
    (folder / CHECKSUMS).unlink()
    with rasterio.open(folder / "land.tif") as file:
        fine = file.res[0]
    for path in sorted(folder.rglob("*.tif")) + sorted(folder.rglob("*.TIF")):
        with rasterio.open(path) as file:
            told, profile, names = file.read(), file.profile, file.descriptions
            tags = {k: v for k, v in file.tags().items() if k == "incidence_deg"}  # not the seal
        n = -(-side // round(profile["transform"].a / fine))
        times = [-(-n // size) for size in told.shape[1:]]
        profile.update(width=n, height=n, driver="GTiff", tiled=True, blockxsize=256,
                       blockysize=256)  # fmt: skip
        path.unlink()
        sidecar_of(path).unlink(missing_ok=True)
        with rasterio.open(path, "w", **profile) as file:
            file.write(np.tile(told, (1, *times))[:, :n, :n])
            file.update_tags(**tags)
            for number, name in enumerate(names, 1):
                file.set_band_description(number, name)


if __name__ == "__main__":
    main()
