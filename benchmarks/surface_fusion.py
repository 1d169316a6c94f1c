"""The two-layer chain in the made-up province: downscaling, then stations, left out by turns.

    python benchmarks/surface_fusion.py [--seeds 3] [--epochs 12] [--quick] [--json]

A GLEAM-like product of 24 km (gain .85, bias +.03, lasting noise) of the top 10 cm and of the root
zone (0-1 m) is brought to 1 km by trees, and corrected by stations: by trees on the residual, and
by the patch network with and without transfer from an ERA5-Land-like model (9 km means with a bias
and noise of their own). Scored at stations left out in five folds; intervals are bootstraps.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from _figures import Figures, parser

from rootzone._shared.arrays import FloatArray, IntArray
from rootzone._shared.skill import skill_of
from rootzone.covariates.grid import MasterGrid
from rootzone.surface.fusion.downscale import Downscaler, DownscaleSettings, fit_downscaler
from rootzone.surface.fusion.point_to_area import PatchSamples, new_network, train_patches
from rootzone.surface.grids.aggregate import weights
from rootzone.surface.worlds import look
from rootzone.surface.worlds.province import Province, ProvinceSettings, make_province

NAMES = (
    "ndvi", "lst_over_air_k", "height_m", "slope_deg", "sand_pct", "clay_pct", "rain_1d_mm",
    "rain_7d_mm", "rain_30d_mm", "pet_7d_mm", "sin_day", "cos_day",
)  # fmt: skip
CELLS_PX, FOLDS, N_STATIONS = 24, 5, 48


@dataclass
class World:
    """What the chain sees of a province, and its truth."""

    province: Province
    fields: FloatArray
    truth: FloatArray
    product: FloatArray
    model: FloatArray


def main() -> None:
    asked = parser(__doc__)
    asked.add_argument("--seeds", type=int, default=3)
    asked.add_argument("--epochs", type=int, default=12)
    asked.add_argument("--quick", action="store_true", help="half a year of a small province")
    given = asked.parse_args()
    figures = Figures()
    settings = ProvinceSettings(last="2022-12-31")
    if given.quick:
        settings = ProvinceSettings(first="2022-04-01", last="2022-09-30")
    province = make_province(settings, threads=2)
    for name, layer in (("SSM 0-10 cm", "0_10cm"), ("RZSM 0-100 cm", "0_100cm")):
        for seed in range(given.seeds):
            world = seen(province, layer, seed)
            score(figures, f"{name}, seed {seed}", world, seed, given.epochs)
        add_medians(figures, name)
    figures.show(as_json=given.json)


def add_medians(figures: Figures, name: str) -> None:
    """PCC and RMSE over the seeds."""
    of_what: dict[str, list[float]] = {}
    for row in figures.rows:
        layer, _, rest = str(row["name"]).partition(", seed ")
        what = rest.partition(": ")[2]
        if layer == name and what.endswith((": PCC", ": RMSE")):
            of_what.setdefault(what, []).append(float(row["value"]))
    for what, values in of_what.items():
        unit = "-" if what.endswith("PCC") else "m3 m-3"
        figures.add(f"{name}, median of {len(values)} seeds: {what}", np.median(values), unit)


def seen(province: Province, layer: str, seed: int) -> World:
    """Predictors and products with the noise of a seed."""
    rng = np.random.default_rng([seed, 1])
    ndvi = look.ndvi_product(province, look.true_ndvi(province), rng)
    lst = look.surface_temperature_k(province, ndvi, rng)
    air = province.in_pixels(province.tmean_k)
    warm = filled(lst - air)
    rain, pet = province.in_pixels(province.rain_mm), province.in_pixels(province.pet_mm)
    day = np.arange(len(rain)) * 2.0 * np.pi / 365.25
    flat = np.ones(province.grid.shape)

    def still(values: FloatArray) -> FloatArray:
        return np.broadcast_to(values, rain.shape)

    fields = np.stack(
        [
            ndvi, warm, still(province.height_m), still(province.slope_deg),
            still(province.sand_pct), still(province.clay_pct), rain, past(rain, 7),
            past(rain, 30), past(pet, 7), np.sin(day)[:, None, None] * flat,
            np.cos(day)[:, None, None] * flat,
        ],
        axis=1,
    ).astype(np.float32)  # fmt: skip
    product = look.coarse_model(province, layer, rng, cells_px=CELLS_PX)
    truth = province.theta[layer].astype(np.float64)
    fine = truth.reshape(len(truth), -1, 9, truth.shape[2] // 9, 9).mean(axis=(2, 4))
    noise = 0.015 * rng.standard_normal(fine.shape)
    model = province.in_pixels(fine + 0.02 + noise)
    return World(province, fields, truth, product, model)


def filled(values: FloatArray) -> FloatArray:
    """Gaps by the last value known at the pixel, and the day's mean before there is one."""
    out = values.astype(np.float64)
    for day in range(len(out)):
        mean = np.nanmean(out[day]) if np.isfinite(out[day]).any() else 0.0
        last = out[day - 1] if day else np.full(out.shape[1:], mean)
        out[day] = np.where(np.isfinite(out[day]), out[day], last)
    return out


def past(values: FloatArray, days: int) -> FloatArray:
    """Sum of a day and the days before it."""
    total = np.cumsum(values, axis=0)
    before = np.concatenate([np.zeros((days, *values.shape[1:])), total])[: len(values)]
    return total - before


def score(figures: Figures, name: str, world: World, seed: int, epochs: int) -> None:
    """Every step's PCC and RMSE at stations left out."""
    grid = world.province.grid
    n = grid.height // CELLS_PX
    wide = MasterGrid(
        grid.crs, CELLS_PX * grid.resolution_m, grid.left, grid.top, n, n, grid.tile_px
    )
    trees = fit_downscaler(
        NAMES, lambda day: world.fields[day], world.product, weights(grid, wide),
        DownscaleSettings(block_cells=1, seed=seed),
    )  # fmt: skip
    theta = np.stack([trees.at(world.fields[day])[0] for day in range(len(world.fields))])
    raw = np.repeat(np.repeat(world.product, CELLS_PX, axis=1), CELLS_PX, axis=2)
    add(figures, f"{name}: product, every pixel", raw.ravel(), world.truth.ravel())
    add(figures, f"{name}: trees, every pixel", theta.ravel(), world.truth.ravel())
    places = Places.drawn(world, seed)
    answers = left_out(world, theta, places, trees, seed, epochs)
    for way, told in answers.items():
        observed = places.observed
        add(figures, f"{name}: {way}, stations left out", told.ravel(), observed.ravel())
        low, high = interval(told, observed)
        figures.add(f"{name}: {way}, RMSE interval", high - low, f"({low:.4f} to {high:.4f})")


@dataclass
class Places:
    """Stations, what they say by day, and their folds."""

    row: IntArray
    col: IntArray
    observed: FloatArray
    fold: IntArray

    @classmethod
    def drawn(cls, world: World, seed: int) -> Places:
        """Random pixels away from the rim; an offset of sd .015 each, .01 from day to day."""
        rng = np.random.default_rng([seed, 2])
        side = world.province.grid.height
        inner = rng.choice((side - 10) ** 2, N_STATIONS, replace=False)
        row, col = np.divmod(inner, side - 10)
        truth = world.truth[:, row + 5, col + 5]
        observed = truth + 0.015 * rng.standard_normal(N_STATIONS)
        observed += 0.01 * rng.standard_normal(truth.shape)
        return cls(row + 5, col + 5, observed, rng.permutation(N_STATIONS) % FOLDS)


def left_out(
    world: World, theta: FloatArray, places: Places, trees: Downscaler, seed: int, epochs: int
) -> dict[str, FloatArray]:
    """Predictions at stations by models that have not seen them."""
    at = theta[:, places.row, places.col]
    stack = np.concatenate([theta[:, None].astype(np.float32), world.fields], axis=1)
    here = stack[:, :, places.row, places.col]
    answers = {"trees alone": at}
    ways: dict[str, Callable[[IntArray, IntArray], FloatArray]] = {
        "+ trees on residual": lambda a, b: residual_trees(here, places, at, a, b, seed),
        "+ patch network": lambda a, b: network(world, stack, places, a, b, seed, epochs, False),
        "+ patch network, transfer": lambda a, b: network(
            world, stack, places, a, b, seed, epochs, True
        ),
    }
    for way, fit in ways.items():
        told = np.full(at.shape, np.nan)
        for fold in range(FOLDS):
            held = np.flatnonzero(places.fold == fold)
            told[:, held] = fit(np.flatnonzero(places.fold != fold), held)
        answers[way] = told
    return answers


def residual_trees(
    here: FloatArray, places: Places, at: FloatArray, train: IntArray, held: IntArray, seed: int
) -> FloatArray:
    """Trees on the stations' residual, added."""
    import lightgbm

    def rows(which: IntArray) -> FloatArray:
        return here[:, :, which].transpose(0, 2, 1).reshape(-1, here.shape[1])

    target = (places.observed - at)[:, train].ravel()
    settings = DownscaleSettings(seed=seed, leaves=15).of_trees()
    booster = lightgbm.train(settings, lightgbm.Dataset(rows(train), target), 200)
    told = np.asarray(booster.predict(rows(held)), np.float64)
    return at[:, held] + told.reshape(len(at), len(held))


def network(
    world: World,
    stack: FloatArray,
    places: Places,
    train: IntArray,
    held: IntArray,
    seed: int,
    epochs: int,
    is_transfer: bool,
) -> FloatArray:
    """The patch network, new or first trained on the coarse model everywhere."""
    import torch

    def fields(day: int) -> FloatArray:
        return stack[day]

    def at_stations(which: IntArray, every: int) -> PatchSamples:
        day = np.arange(0, len(stack), every)
        d, s = (part.ravel() for part in np.meshgrid(day, which, indexing="ij"))
        return PatchSamples(fields, d, places.row[s], places.col[s], places.observed[d, s], s)

    net = new_network(fields, np.arange(0, len(stack), 30), seed)
    validation = train[::10]
    with tempfile.TemporaryDirectory() as folder:
        if is_transfer:
            everywhere = at_random(world, fields, seed, 6000)
            net, _ = train_patches(
                net, everywhere, at_random(world, fields, seed + 100, 600),
                Path(folder) / "model", epochs=max(epochs // 2, 2), seed=seed,
            )  # fmt: skip
        net, _ = train_patches(
            net,
            at_stations(np.setdiff1d(train, validation), 3),
            at_stations(validation, 7),
            Path(folder) / "stations",
            epochs=epochs,
            learning_rate=3e-4 if is_transfer else 1e-3,
            n_held=2 if is_transfer else 0,
            seed=seed,
        )
    asked = at_stations(held, 1)
    told = []
    with torch.no_grad():
        for first in range(0, len(asked), 512):
            some = np.arange(first, min(first + 512, len(asked)))
            told.append(net(torch.from_numpy(asked.patches(some))).theta[:, 0, 5, 5].numpy())
    return np.concatenate(told).reshape(len(stack), len(held)).astype(np.float64)


def at_random(world: World, fields: Callable[[int], FloatArray], seed: int, n: int) -> PatchSamples:
    """The coarse model's value at random pixels and days."""
    rng = np.random.default_rng([seed, 3])
    side = world.province.grid.height
    day = rng.choice(np.arange(0, len(world.model), 10), n)
    row, col = rng.integers(5, side - 5, (2, n))
    return PatchSamples(fields, day, row, col, world.model[day, row, col], row * side + col)


def add(figures: Figures, name: str, told: FloatArray, observed: FloatArray) -> None:
    """PCC and RMSE."""
    whole = skill_of(told, observed)
    figures.add(f"{name}: PCC", whole.r, "-")
    figures.add(f"{name}: RMSE", whole.rmse, "m3 m-3")


def interval(told: FloatArray, observed: FloatArray) -> tuple[float, float]:
    """95 % of the RMSE over stations drawn with replacement."""
    rng = np.random.default_rng(0)
    square = np.nanmean((told - observed) ** 2, axis=0)
    drawn = [np.sqrt(rng.choice(square, square.size).mean()) for _ in range(1000)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


if __name__ == "__main__":
    main()
