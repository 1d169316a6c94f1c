"""Physics between simulated soils: a million pixels for a year, and the error at held-out pixels.

The land is made up: the made-up county's textures, with an error of their own in every pixel and
mapped layer (`--layer-noise`, standard deviation of the logarithm of a share), cut into weather
cells of 133 x 133 pixels. Every cell's anchors are simulated with the embedded engine for two years
of which the second counts; then every pixel's daily water content is made and packed as a map is.
Fresh pixels of some cells are simulated by themselves and held against it.
"""

from __future__ import annotations

import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np
from _figures import Figures, parser

from rootzone._shared.arrays import FloatArray, IntArray
from rootzone._shared.profile_depths import mid_depths_mm, point_weights
from rootzone.engines.protocol import SiteBatch, WeatherBatch
from rootzone.engines.swim.engine import SwimEngine
from rootzone.engines.swim.settings import default_settings
from rootzone.hydraulics.soils import soils_from_textures
from rootzone.labels.field.anchors import Asked, anchored
from rootzone.made_up.county_fields import SOUTH, WEST, County, daily_weather
from rootzone.maps.encoding import pack_theta

CELL_PX = 133  # 4 km
COLORADO_PX = 300_000_000
FRESH = 60
DEPTHS_CM = (2.5, 10.0, 22.5, 45.0, 80.0, 150.0)  # middles of POLARIS's layers
THICKNESS_MM = np.array([50, 100, 150, 300, 400, 1000], dtype=float)
_SOIL = ("theta_r", "theta_s", "alpha_per_cm", "n", "ks_mm_d", "theta_initial")


@dataclass(frozen=True)
class World:
    """What a cell is drawn from."""

    seed: int
    noise: float
    error: float

    def cell(self, number: int) -> tuple[FloatArray, dict[str, FloatArray]]:
        """Textures (pixel, layer, 3) and daily weather of a cell."""
        rng = np.random.default_rng([self.seed, number])
        row, col = np.mgrid[0:CELL_PX, 0:CELL_PX]
        down, right = divmod(number, 8)
        lon = WEST + (col.ravel() + CELL_PX * right) * 30.0 / 85_100.0
        lat = SOUTH + (row.ravel() + CELL_PX * down) * 30.0 / 111_200.0
        layers = County.from_seed(self.seed).texture_pct(lon, lat, DEPTHS_CM)
        shares = np.moveaxis(np.array(layers), 2, 0)
        shares = shares * np.exp(self.noise * rng.standard_normal(shares.shape))
        day = np.arange(730) % 365 + 1.0
        made = daily_weather(rng, day, np.array([1650.0]))
        weather = {"rain_mm": made["pr"][:, 0], "eo_mm": made["pet"][:, 0]}
        return 100.0 * shares / shares.sum(axis=2, keepdims=True), weather


def simulated(shares: FloatArray, weather: dict[str, FloatArray]) -> FloatArray:
    """Water content at 200 mm of some columns in the second year, shape (column, day)."""
    n, n_layer = shares.shape[:2]
    start = n_layer * np.arange(n + 1)
    sand, silt, clay = (np.ascontiguousarray(shares[:, :, k]).ravel() for k in range(3))
    soils = soils_from_textures(sand, silt, clay, start)
    soil = {name: np.ascontiguousarray(soils[name]) for name in _SOIL}
    soil["thickness_mm"] = np.tile(THICKNESS_MM, n)
    one = WeatherBatch(np.zeros(1, int), np.array([0, 730]), np.array([18_993]), weather)
    batch = SiteBatch(np.arange(n), start, soil, np.zeros(n, int), one)
    engine = SwimEngine(default_settings("van_genuchten", "converged"), threads=1)
    run = engine.run(batch)
    weights = point_weights(mid_depths_mm(THICKNESS_MM), 200.0)
    out = np.full((n, 365), np.nan)
    for k, site in enumerate(run.profiles.site_ids.tolist()):
        out[site] = (run.profiles.theta_of(k) @ weights)[-365:]
    return out


def one_cell(world: World, number: int) -> dict[str, float]:
    """Make a cell's year; time is CPU time of this process."""
    shares, weather = world.cell(number)
    features = shares[:, :, [0, 2]].reshape(len(shares), -1)
    features = features / features.std(axis=0)
    started = time.process_time()

    def run(which: IntArray) -> FloatArray:
        return simulated(shares[which], weather)

    made = anchored(features, run, Asked(world.error), np.random.default_rng(number))
    between = time.process_time()
    at = made.interpolant.coordinates(features)
    coefficients = made.interpolant.coefficients(made.values).astype(np.float32)
    theta = made.interpolant.at(at, coefficients)
    packed = pack_theta(theta.astype(np.float64))
    ended = time.process_time()
    left = np.setdiff1d(np.arange(len(shares)), made.anchors)
    fresh = np.random.default_rng([1, number]).choice(left, FRESH, replace=False)
    off = np.abs(theta[fresh] - run(fresh))
    return {
        "pixels": float(len(packed)), "simulated": float(len(made.anchors)),
        "anchors_s": between - started, "painting_s": ended - between,
        "error_95": float(np.quantile(off, 0.95)), "error_rms": float(np.sqrt((off**2).mean())),
        "spread": float(theta.std(axis=0).mean()),
    }  # fmt: skip


def main() -> None:
    parsed = parser(__doc__)
    parsed.add_argument("--cells", type=int, default=57, help="57 cells are a million pixels")
    parsed.add_argument("--layer-noise", type=float, default=0.05)
    parsed.add_argument("--error", type=float, default=0.002)
    parsed.add_argument("--processes", type=int, default=2)
    parsed.add_argument("--seed", type=int, default=7)
    arguments = parsed.parse_args()
    world = World(arguments.seed, arguments.layer_noise, arguments.error)
    started = time.perf_counter()
    spawn = get_context("spawn")  # the engine's threads do not survive a fork
    with ProcessPoolExecutor(arguments.processes, spawn) as pool:
        numbers = range(arguments.cells)
        told = list(pool.map(one_cell, [world] * arguments.cells, numbers))
    wall = time.perf_counter() - started
    total = {name: sum(one[name] for one in told) for name in told[0]}
    cpu = total["anchors_s"] + total["painting_s"]
    figures = Figures()
    figures.add("pixels, a year and a depth each", total["pixels"], "px")
    figures.add("simulated columns", total["simulated"], "columns")
    figures.add("CPU, choosing and simulating anchors", total["anchors_s"], "s")
    figures.add("CPU, painting 365 days", total["painting_s"], "s")
    per_million = 1e6 * cpu / total["pixels"]
    figures.add("a million pixels, CPU of one core", per_million, "s", "<= 1200 on 2 cores")
    figures.add(f"wall, {arguments.processes} processes, held-out runs included", wall, "s")
    figures.add(
        "Colorado, 300 million pixels", per_million * COLORADO_PX / 1e6 / 3600, "core hours"
    )
    errors = np.array([one["error_95"] for one in told])
    figures.add(
        "95 % of errors at fresh pixels, mean of cells", errors.mean(), "m3 m-3", "<= 0.003"
    )
    figures.add("95 % of errors at fresh pixels, worst cell", errors.max(), "m3 m-3")
    rms = float(np.sqrt(np.mean([one["error_rms"] ** 2 for one in told])))
    figures.add("error, root mean square", rms, "m3 m-3")
    figures.add("spread of water content over a cell", total["spread"] / len(told), "m3 m-3")
    figures.show(as_json=arguments.json)


if __name__ == "__main__":
    main()
