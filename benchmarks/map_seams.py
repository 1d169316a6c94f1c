"""Seams at tile edges: bare tiles as the manuscript predicts them, and windows with a halo.

A small network learns from 64 px tiles of a made-up land, where water content depends on the pixel
and on what lies within some 12 px of it, and is then asked for a scene it has not seen. The jump
is the mean step of the error across tile edges, over the mean step elsewhere; 1 is no seam.
"""

from __future__ import annotations

import numpy as np
import torch
from _figures import Figures, parser
from scipy.ndimage import gaussian_filter
from torch import Tensor

from rootzone.maps.trimmed import Rim, predict_middle
from rootzone.networks.families.unet import ModelConfig
from rootzone.networks.models import UNet

CHANNELS, TILE, SCENE = 8, 64, 576
CONTEXT_PX = 6.0  # width of the Gaussian that brings the surroundings in


def made_up_land(side: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Channels (channel, row, column) and water content (row, column) of a square of land."""
    grain = np.geomspace(1.5, 24.0, CHANNELS)
    fields = [gaussian_filter(rng.normal(size=(side, side)), g, mode="wrap") for g in grain]
    x = np.stack([field / field.std() for field in fields])
    around = gaussian_filter(x[0] * x[3] + x[1], CONTEXT_PX, mode="wrap")
    own = 0.6 * x[2] + 0.4 * x[4] * x[5] + 0.3 * np.tanh(2.0 * x[6])
    theta = 0.05 + 0.4 / (1.0 + np.exp(-(own + 4.0 * around)))
    return torch.tensor(x, dtype=torch.float32), torch.tensor(theta, dtype=torch.float32)


def trained(widths: tuple[int, ...], steps: int, seed: int) -> UNet:
    """A network after some steps on bare tiles."""
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    x, theta = made_up_land(1536, rng)
    network = ModelConfig(CHANNELS, widths=widths).build().to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(network.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in range(steps):
        at = rng.integers(0, 1536 - TILE, size=(16, 2))
        batch = torch.stack([x[:, r : r + TILE, c : c + TILE] for r, c in at])
        wanted = torch.stack([theta[r : r + TILE, c : c + TILE] for r, c in at])
        optimiser.zero_grad()
        loss = (network(batch).theta[:, 0] - wanted).square().mean()
        loss.backward()
        optimiser.step()
        schedule.step()
    return network.eval()


def by_windows(network: UNet, x: Tensor, core: int, halo: int) -> Tensor:
    """The scene put together from windows with a halo, which ends where the scene does."""
    side = x.shape[1]
    out = torch.empty(side, side)
    for r in range(0, side, core):
        for c in range(0, side, core):
            bottom, right = min(r + core, side), min(c + core, side)
            rim = Rim(min(halo, r), min(halo, c), min(halo, side - bottom), min(halo, side - right))
            part = x[None, :, r - rim.top : bottom + rim.bottom, c - rim.left : right + rim.right]
            out[r:bottom, c:right] = predict_middle(network, part, rim).theta[0, 0]
    return out


def jump(error: Tensor) -> float:
    """Mean step of the error across tile edges, over the mean step elsewhere."""
    step = (error[:, 1:] - error[:, :-1]).abs()
    edge = torch.arange(1, error.shape[1]) % TILE == 0
    return float(step[:, edge].mean() / step[:, ~edge].mean())


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--steps", type=int, default=400, help="training steps")
    arguments.add_argument("--widths", default="16,32,64", help="channels of the encoder blocks")
    args = arguments.parse_args()
    widths = tuple(int(part) for part in args.widths.split(","))
    torch.set_num_threads(1)
    network = trained(widths, args.steps, seed=1)
    x, theta = made_up_land(SCENE, np.random.default_rng(2))
    halo = network.config.halo_px
    figures = Figures()
    with torch.inference_mode():
        whole = predict_middle(network, x[None], Rim(0, 0, 0, 0)).theta[0, 0]
        bare = by_windows(network, x, TILE, 0)
        figures.add(
            "bare 64 px tiles: RMSE", float((bare - theta).square().mean().sqrt()), "m3 m-3"
        )
        figures.add("bare 64 px tiles: error jump at edges", jump(bare - theta), "x interior")
        for core in (64, 128, 256, 512):
            told = by_windows(network, x, core, halo)
            name = f"windows {core} px + halo {halo}"
            rmse = float((told - theta).square().mean().sqrt())
            figures.add(f"{name}: RMSE", rmse, "m3 m-3")
            figures.add(f"{name}: error jump at edges", jump(told - theta), "x interior", "< 1.0")
            different = float((told != whole).double().mean()) * 100.0
            figures.add(f"{name}: pixels unlike the whole scene", different, "%", "0")
    figures.show(as_json=args.json)


if __name__ == "__main__":
    main()
