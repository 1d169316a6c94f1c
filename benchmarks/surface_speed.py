"""Speed of retrievals: SCA-V in bulk, a training step, a map of a million cells; CPU seconds.

    python benchmarks/surface_speed.py

One thread of torch and of the compiled search; least of some repeats, in CPU time of the process,
since the machine may be shared.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numba
import numpy as np
import torch

from rootzone.networks.losses import CompositeLoss
from rootzone.networks.train_step import optimiser_of, train_step
from rootzone.surface.emission_model.channels import channels_of
from rootzone.surface.emission_model.config import RetrievalConfig
from rootzone.surface.emission_model.predict import retrieve_pixels
from rootzone.surface.emission_model.train import PointSamples, new_network, settings
from rootzone.surface.physics.retrieve import Scene, retrieve_scav


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=1_000_000)
    parser.add_argument("--samples", type=int, default=7_800)
    parser.add_argument("--repeats", type=int, default=5)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    numba.set_num_threads(1)
    rng = np.random.default_rng(0)
    x = columns(rng, chosen.cells)
    scene = Scene(x["teff_k"], x["clay_pct"], x["h0"], x["omega0"], x["b0"] * x["vwc_kg_m2"])
    told("SCA-V", chosen.cells, chosen.repeats, lambda: retrieve_scav(x["tb_v"], scene))
    samples = PointSamples(
        channels_of(columns(rng, chosen.samples)), rng.uniform(0.1, 0.3, chosen.samples),
        np.zeros(chosen.samples), np.zeros(chosen.samples),
    )  # fmt: skip
    network = new_network(RetrievalConfig(), 0)
    own = settings(1, chosen.samples, 0)
    optimiser, loss = optimiser_of(network, own), CompositeLoss(own)
    batch = samples.batch(np.arange(chosen.samples))
    told(
        "training step", chosen.samples, 4 * chosen.repeats,
        lambda: train_step(network, optimiser, loss, batch, 0.5, settings=own),
    )  # fmt: skip
    network.eval()
    told(
        "map, channels included", chosen.cells, chosen.repeats,
        lambda: retrieve_pixels(network, channels_of(x)),
    )  # fmt: skip


def columns(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    tb_v = rng.uniform(235, 275, n)
    return {
        "tb_v": tb_v, "tb_h": tb_v - 25.0, "teff_k": rng.uniform(283, 303, n),
        "incidence_deg": np.full(n, 40.0), "vwc_kg_m2": rng.uniform(0.2, 3.0, n),
        "h0": rng.uniform(0.1, 0.16, n), "omega0": np.full(n, 0.05), "b0": np.full(n, 0.11),
        "clay_pct": rng.uniform(5, 45, n), "sand_pct": rng.uniform(10, 80, n),
        "bulk_density_g_cm3": rng.uniform(1.2, 1.6, n), "ndvi": rng.uniform(0.1, 0.8, n),
        "sin_doy": np.zeros(n), "cos_doy": np.ones(n),
    }  # fmt: skip


def told(name: str, n: int, repeats: int, work: Callable[[], object]) -> None:
    work()
    seconds = []
    for _ in range(repeats):
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)
    middle = np.median(seconds)
    print(f"{name:24} {n:>9,} in {min(seconds):.3f} s (median {middle:.3f})", flush=True)


if __name__ == "__main__":
    main()
