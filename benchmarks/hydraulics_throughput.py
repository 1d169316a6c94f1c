"""Closure, lookup, limits and guards of 3,000,000 texture layers on one core, after warm-up.

Peak memory is that of this process, made-up textures included, before rosetta-soil is loaded.
rosetta-soil is timed on 10,000 rows in chunks of 2,000, its best chunk size here, and scaled up.
"""

from __future__ import annotations

import os

os.environ.setdefault("NUMBA_NUM_THREADS", "1")

import resource
import time
from collections.abc import Callable

import numpy as np
from _figures import Figures, parser

from rootzone.hydraulics.soil_columns import uniform_first_rows
from rootzone.hydraulics.soils import soils_from_textures

N_SITE, N_LAYER = 500_000, 6
N_ROSETTA, CHUNK = 10_000, 2_000
REPEATS = 3


def made_up_textures(n_row: int) -> np.ndarray:
    """Textures spread evenly over the triangle, shape (3, row)."""
    rng = np.random.default_rng(20240)
    low, high = np.sort(rng.random((2, n_row)), axis=0)
    return 100.0 * np.stack([low, high - low, 1.0 - high])


def best_seconds(work: Callable[[], object]) -> float:
    """Shortest of a few runs."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def rosetta_seconds(textures: np.ndarray) -> float:
    """Time of rosetta-soil for these textures."""
    from rosetta import rosetta

    rows = textures.T.tolist()
    start = time.perf_counter()
    for at in range(0, len(rows), CHUNK):
        rosetta(3, rows[at : at + CHUNK], estimate_type="geo")
    return time.perf_counter() - start


def main() -> None:
    arguments = parser(__doc__.splitlines()[0]).parse_args()
    textures = made_up_textures(N_SITE * N_LAYER)
    first_row = uniform_first_rows(N_SITE, N_LAYER)
    soils_from_textures(*textures[:, :60], uniform_first_rows(10, N_LAYER))
    seconds = best_seconds(lambda: soils_from_textures(*textures, first_row))
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    direct = rosetta_seconds(textures[:, :N_ROSETTA]) * textures.shape[1] / N_ROSETTA
    figures = Figures()
    figures.add("3,000,000 layers: closure, lookup, limits, guards", seconds, "s", "< 6")
    figures.add("peak memory", peak_gb, "GB", "< 1.5")
    figures.add("rosetta-soil alone, scaled from 10,000 rows", direct, "s")
    figures.add("ratio", direct / seconds, "times")
    figures.show(as_json=arguments.json)


if __name__ == "__main__":
    main()
