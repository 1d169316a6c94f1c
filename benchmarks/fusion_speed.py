"""How fast ESTARFM is: pixels per second, band and date, with a 51 x 51 window.

``--scene 1050`` fuses 1.1 million pixels, the size of the Korean Peninsula at 1 km; ``--memory``
holds the peak memory of files of 1,024 rows against that of 12 times as many. Times of a loaded
machine say little: the CPU time of all cores stands beside them.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from rootzone.surface.fusion.estarfm import estarfm


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scene", type=int, default=400, help="side of the scene [px]")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--memory", action="store_true", help="peak memory of files by height")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    figures: dict[str, tuple[float, str]] = {}
    small = scene(80)
    images = scene(asked.scene)
    for name, unbiased in (("estarfm", False), ("unbiased estarfm", True)):
        run(small, unbiased)
        times, cpu = [], []
        for _ in range(asked.repeat):
            start, used = time.perf_counter(), time.process_time()
            run(images, unbiased)
            times.append(time.perf_counter() - start)
            cpu.append(time.process_time() - used)
        seconds, of_cpu = float(np.median(times)), float(np.median(cpu))
        figures[f"{name}, {asked.scene}^2 px"] = (seconds, "s")
        figures[f"{name}, speed"] = (asked.scene**2 / seconds, "px s-1")
        figures[f"{name}, CPU"] = (of_cpu, "s of all cores")
        figures[f"{name}, speed of a core"] = (asked.scene**2 / of_cpu, "px s-1")
    if asked.memory:
        for height in (1024, 4096, 12288):
            figures[f"files of {height} x 256 px, peak memory"] = (peak_mb(height), "MB")
    if asked.json:
        print(json.dumps({name: {"value": v, "unit": u} for name, (v, u) in figures.items()}))
        return
    for name, (value, unit) in figures.items():
        print(f"{name}: {value:,.3g} {unit}" if value < 100 else f"{name}: {value:,.0f} {unit}")


def peak_mb(height: int) -> float:
    """Peak memory of a process that fuses five files of a height, with a small window [MB]."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[2]); import fusion_speed; "
        "print(fusion_speed.fuse_tall(int(sys.argv[1])))"
    )
    here = str(Path(__file__).parent)
    told = subprocess.run(
        [sys.executable, "-c", code, str(height), here], capture_output=True, text=True, check=True
    )
    return float(told.stdout.split()[-1])


def fuse_tall(height: int, width: int = 256) -> float:
    """Fuse files made here, written in strips; peak memory of this process [MB]."""
    import rasterio
    from rasterio.windows import Window

    from rootzone.surface.fusion.fuse_files import FusionSettings, fuse_files

    rng = np.random.default_rng(0)
    profile = {
        "driver": "GTiff", "height": height, "width": width, "count": 1, "dtype": "float32",
        "crs": "EPSG:6933", "transform": rasterio.transform.from_origin(0, 0, 1000, 1000),
        "nodata": -9999.0, "tiled": True, "blockxsize": 256, "blockysize": 256,
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{name}.tif" for name in ("f1", "c1", "f2", "c2", "c0")]
        for path in paths:
            with rasterio.open(path, "w", **profile) as file:
                for row in range(0, height, 256):
                    values = rng.uniform(280.0, 310.0, (256, width)).astype("float32")
                    file.write(values, 1, window=Window(0, row, width, 256))
        settings = FusionSettings((200.0, 350.0), unbiased=True, half_px=3)
        pairs = [(paths[0], paths[1]), (paths[2], paths[3])]
        fuse_files(pairs, paths[4], Path(folder) / "out.tif", settings)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


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
