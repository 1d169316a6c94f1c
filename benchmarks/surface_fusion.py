"""The two-layer chain in the made-up province: downscaling, then stations, left out by turns.

    python benchmarks/surface_fusion.py [--seeds 3] [--epochs 12] [--members 3] [--quick] [--curve]

A GLEAM-like product of 24 km (gain .85, bias +.03, lasting noise) of the top 10 cm and of the root
zone (0-1 m) is brought to 1 km by trees, and corrected by stations: by trees on the residual, and
by the patch network (the mean of some members) with and without transfer from an ERA5-Land-like
model (columns of 9 km with other soils and less rain); the root zone's network starts from that of
the surface. Scored at stations left out in five folds; intervals are bootstraps. ``--curve`` adds
the skill by number of stations; the last lines hold the root zone against simulated water: the
product's, before and after stations, against the columns that made the province.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from _figures import Figures, parser

from rootzone._shared.arrays import FloatArray, IntArray
from rootzone._shared.skill import skill_of
from rootzone.covariates.grid import MasterGrid
from rootzone.surface.fusion.downscale import DownscaleSettings, fit_downscaler
from rootzone.surface.fusion.point_to_area import PatchSamples, corrected
from rootzone.surface.grids.aggregate import weights
from rootzone.surface.two_layer.against import compared
from rootzone.surface.two_layer.correct import ResidualTrees, learn_model, learn_stations
from rootzone.surface.worlds import look
from rootzone.surface.worlds.look_coarse import ERA5_LAYERS, second_model
from rootzone.surface.worlds.province import Province, ProvinceSettings, make_province

NAMES = (
    "ndvi", "lst_over_air_k", "height_m", "slope_deg", "sand_pct", "clay_pct", "rain_1d_mm",
    "rain_7d_mm", "rain_30d_mm", "pet_7d_mm", "sin_day", "cos_day",
)  # fmt: skip
CELLS_PX, FOLDS, N_STATIONS = 24, 5, 48
TREES, NETWORK, TRANSFER = "+ trees on residual", "+ patch network", "+ patch network, transfer"
WAYS = (TREES, NETWORK, TRANSFER)
Weights = Mapping[str, Any]


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
    asked.add_argument("--members", type=int, default=3, help="networks in a mean")
    asked.add_argument("--curve", action="store_true", help="skill by number of stations")
    asked.add_argument("--quick", action="store_true", help="half a year")
    asked.add_argument("--cover", default="bare", help="bare, or grass: roots move the root zone")
    given = asked.parse_args()
    figures = Figures()
    settings = ProvinceSettings(last="2022-12-31", cover=given.cover)
    if given.quick:
        settings = ProvinceSettings(first="2022-04-01", last="2022-09-30", cover=given.cover)
    province = make_province(settings, threads=None)
    start: dict[int, Weights] = {}
    for name, layer in (("SSM 0-10 cm", "0_10cm"), ("RZSM 0-100 cm", "0_100cm")):
        for seed in range(given.seeds):
            world = seen(province, layer, seed)
            start[seed] = score(
                figures, f"{name}, seed {seed}", world, seed, given, start.get(seed)
            )
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
    told = second_model(province.settings)
    share = {"swvl1": 1.0}
    if layer == "0_100cm":
        share = {name: (b - a) / 1000.0 for name, (a, b) in ERA5_LAYERS.items()}
    model = province.in_pixels(np.asarray(sum(share[n] * told[n] for n in share), np.float64))
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


def score(
    figures: Figures, name: str, world: World, seed: int, given: argparse.Namespace,
    above: Weights | None,
) -> Weights:  # fmt: skip
    """Every step's PCC and RMSE at stations left out; the weights that transfer started from."""
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
    start = from_model(world, theta, seed, given.epochs, above)
    answers, samples = left_out(
        world, theta, places, seed, given.epochs, given.members, start, WAYS
    )
    answers = {"trees alone": theta[:, places.row, places.col], **answers}
    answers["mean of residual trees and network"] = 0.5 * (answers[TREES] + answers[NETWORK])
    for way, told in answers.items():
        observed = places.observed
        add(figures, f"{name}: {way}, stations left out", told.ravel(), observed.ravel())
        low, high = interval(told, observed)
        figures.add(f"{name}: {way}, RMSE interval", high - low, f"({low:.4f} to {high:.4f})")
    if given.curve:
        curve(figures, name, world, theta, places, seed, given.epochs, given.members, start)
    if name.startswith("RZSM"):
        after = ResidualTrees.fitted(samples, seed)
        days = range(0, len(theta), 5)
        made = np.stack([after.map(stack(world, theta, day)) for day in days])
        for what, field in (("downscaled", theta[::5]), ("after stations", made)):
            facts = compared(field, world.truth[::5])
            for key, unit in (("store_bias_mm", "mm"), ("rmse", "m3 m-3"), ("r", "-"),
                              ("pixel_r_median", "-")):  # fmt: skip
                figures.add(f"{name}: {what} against the simulated metre: {key}", facts[key], unit)
    return start


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
    world: World, theta: FloatArray, places: Places, seed: int, epochs: int, members: int,
    start: Weights | None, ways: Sequence[str],
) -> tuple[dict[str, FloatArray], PatchSamples]:  # fmt: skip
    """Predictions at stations by models that have not seen them, and all samples there."""
    samples = at_stations(world, theta, places)
    answers = {way: np.full(places.observed.shape, np.nan) for way in ways}
    for fold in range(FOLDS):
        held = places.fold == fold
        train, test = samples.of(~held[samples.place]), samples.of(held[samples.place])
        for way in ways:
            answers[way][test.day, test.place] = fitted(
                way, train, test, seed, epochs, members, start
            )
    return answers, samples


def fitted(
    way: str, train: PatchSamples, test: PatchSamples, seed: int, epochs: int, members: int,
    start: Weights | None,
) -> FloatArray:  # fmt: skip
    """What one way says at samples it has not seen."""
    if way == TREES:
        return ResidualTrees.fitted(train, seed).at(test)
    told = []
    with tempfile.TemporaryDirectory() as folder:
        for member in range(members):
            places = np.unique(train.place)
            # Each member stops by stations of its own, so that together they have seen them all.
            stop = np.isin(train.place, places[member :: max(members, 5)])
            net = learn_stations(
                train.of(~stop & (train.day % 3 == 0)), train.of(stop & (train.day % 7 == 0)),
                start if way == TRANSFER else None, Path(folder) / f"{member}", epochs=epochs,
                seed=1000 * seed + member, identity={},
            )  # fmt: skip
            told.append(corrected(net, test))
    return np.mean(told, axis=0)


def at_stations(world: World, theta: FloatArray, places: Places) -> PatchSamples:
    """Every station and day."""
    day, place = (v.ravel() for v in np.indices(places.observed.shape))
    return PatchSamples.cut(
        lambda d: stack(world, theta, d), day, places.row[place], places.col[place],
        places.observed[day, place], place,
    )  # fmt: skip


def stack(world: World, theta: FloatArray, day: int) -> FloatArray:
    """Channels of a day: the downscaled field first."""
    return np.concatenate([theta[day][None], world.fields[day]]).astype(np.float32)


def from_model(
    world: World, theta: FloatArray, seed: int, epochs: int, above: Weights | None
) -> Weights:
    """Weights of a network that has learned the coarse model everywhere; once for all folds."""

    def drawn(number: int, n: int) -> PatchSamples:
        rng = np.random.default_rng([seed, number])
        side = world.province.grid.height
        day = rng.choice(np.arange(0, len(world.model), 10), n)
        row, col = rng.integers(5, side - 5, (2, n))
        return PatchSamples.cut(
            lambda d: stack(world, theta, d), day, row, col, world.model[day, row, col],
            row * side + col,
        )  # fmt: skip

    with tempfile.TemporaryDirectory() as folder:
        net = learn_model(
            drawn(3, 6000), drawn(4, 600), above, Path(folder), epochs=max(epochs // 2, 2),
            identity={},
        )  # fmt: skip
    return {name: value.clone() for name, value in net.state_dict().items()}


def curve(
    figures: Figures, name: str, world: World, theta: FloatArray, places: Places, seed: int,
    epochs: int, members: int, start: Weights | None,
) -> None:  # fmt: skip
    """RMSE at one fold's stations by how many of the others are learned from."""
    samples = at_stations(world, theta, places)
    held = places.fold == 0
    test = samples.of(held[samples.place])
    others = np.random.default_rng([seed, 5]).permutation(np.flatnonzero(~held))
    for n in (5, 10, 15, 25, others.size):
        train = samples.of(np.isin(samples.place, others[:n]))
        for way in WAYS:
            told = fitted(way, train, test, seed, epochs, members, start)
            skill = skill_of(told, test.theta)
            figures.add(f"{name}: {n} stations, {way}: PCC", skill.r, "-")
            figures.add(f"{name}: {n} stations, {way}: RMSE", skill.rmse, "m3 m-3")


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
