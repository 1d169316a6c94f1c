"""How fast ESTARFM is: pixels per second, band and date, with a 51 x 51 window.

``--scene 1050`` fuses 1.1 million pixels, the size of the Korean Peninsula at 1 km.
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np

from rootzone.surface.fusion.estarfm import estarfm


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scene", type=int, default=400, help="side of the scene [px]")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    images = scene(asked.scene)
    figures: dict[str, tuple[float, str]] = {}
    for name, unbiased in (("estarfm", False), ("unbiased estarfm", True)):
        run(images, unbiased)
        times = []
        for _ in range(asked.repeat):
            start = time.perf_counter()
            run(images, unbiased)
            times.append(time.perf_counter() - start)
        seconds = float(np.median(times))
        figures[f"{name}, {asked.scene}^2 px"] = (seconds, "s")
        figures[f"{name}, speed"] = (asked.scene**2 / seconds, "px s-1")
    if asked.json:
        print(json.dumps({name: {"value": v, "unit": u} for name, (v, u) in figures.items()}))
        return
    for name, (value, unit) in figures.items():
        print(f"{name}: {value:,.3g} {unit}" if value < 100 else f"{name}: {value:,.0f} {unit}")


def scene(side: int) -> list[np.ndarray]:
    """Patches of four classes with a gradient and noise, and their 25 px means as coarse images."""
    rng = np.random.default_rng(0)
    patch = np.kron(rng.integers(0, 4, (side // 10 + 1, side // 10 + 1)), np.ones((10, 10)))
    patch = patch[:side, :side]
    out = []
    for shift in (0.0, 4.0, 2.0):
        fine = 20.0 + 3.0 * patch * (1.0 + 0.1 * shift) + shift + rng.normal(0.0, 0.5, patch.shape)
        block = 25
        rows = -(-side // block)
        padded = np.pad(fine, (0, rows * block - side), mode="edge")
        means = padded.reshape(rows, block, rows, block).mean(axis=(1, 3))
        out += [fine, np.kron(means, np.ones((block, block)))[:side, :side]]
    f1, c1, f2, c2, _, c0 = out
    return [f1, c1, f2, c2, c0]


def run(images: list[np.ndarray], unbiased: bool) -> None:
    f1, c1, f2, c2, c0 = images
    estarfm([(f1, c1), (f2, c2)], c0, bounds=(0.0, 60.0), unbiased=unbiased)


if __name__ == "__main__":
    main()
