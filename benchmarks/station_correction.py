"""The correction of physics at real stations left out, and the fallback to physics.

    python benchmarks/station_correction.py --work FOLDER [--data ../shared/realdata] [--folds 8]

USCRN stations with a measured soil, 20 cm, all good days of usable years. Physics is the engine
with the station's own weather, its measured soil under grass. `unet_residual`,
each day a small tile that is the same everywhere, and LightGBM with physics among its columns
correct it; they see weather, season, climate, the measured soil and simulations of assumed soils.
All judge as learning.model: auto does, every station once, in folds; the interval is that of the
stations put aside. The fallback of each fold is found on the other folds, so no station has a say
in its own. Stations are made once in the work folder (some minutes), so is every fold of a model:
the same command goes on where it was stopped.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from _figures import Figures, parser
from point_ablation import read_stations_of

from rootzone._shared.arrays import AnyArray, BoolArray, FloatArray
from rootzone.campaign.learning_section import Learning
from rootzone.labels.splits import TEST, TRAIN, VALIDATION, seasons_of
from rootzone.learning.evaluation.baselines import PARAMETERS, ROUNDS
from rootzone.learning.fallback import farthest, find_fallback
from rootzone.learning.intervals import calibrated_apart
from rootzone.learning.points.samples import MEASURED_SOIL, PointStation, PointTable, point_table
from rootzone.learning.race import HeldOut, by_place, folds_of, race
from rootzone.learning.trust import TrainingSites
from rootzone.networks.batch import Batch
from rootzone.networks.families import config_of
from rootzone.networks.run_training import RunOptions, new_network, train
from rootzone.networks.settings import TrainSettings

NAMES = ("physics", "trees_physics", "unet_residual")
SIDE_PX = 8  # the network's stride
COVERAGE = 0.8
TRAITS = ("level_sand_pct_20cm", "level_clay_pct_20cm", "soil_sat_20cm", "soil_1500kpa_20cm")
CLIMATE = ("rain_per_year_mm", "pet_per_year_mm", "tmean_year_degc")
SEED = 1


@dataclass(frozen=True)
class Days:
    """Days of stations as the training loop takes them: tiles that are the same everywhere."""

    x: AnyArray
    physics: FloatArray
    y: FloatArray
    station: AnyArray
    day: AnyArray
    source: str = "station"

    def __len__(self) -> int:
        return int(self.y.size)

    def batch(self, indices: AnyArray, device: torch.device | str = "cpu") -> Batch:
        """Some days."""
        n, shape = len(indices), (len(indices), 1, SIDE_PX, SIDE_PX)
        told = np.column_stack([self.x[indices], self.physics[indices]]).astype(np.float32)
        x = torch.from_numpy(told)[:, :, None, None].expand(-1, -1, SIDE_PX, SIDE_PX).contiguous()
        y = torch.from_numpy(self.y[indices].astype(np.float32)).view(n, 1, 1, 1).expand(shape)
        mask = torch.ones(shape, dtype=torch.bool)
        soil = torch.full((n, 1, 4, SIDE_PX, SIDE_PX), torch.nan)
        at, day = (torch.from_numpy(v[indices].astype(np.int64)) for v in (self.station, self.day))
        return Batch(x, y.contiguous(), mask, soil, mask.float(), at, day).to(device)

    def of(self, stations: BoolArray, every: int = 1) -> Days:
        """The days of some stations, every n-th of them."""
        at = np.flatnonzero(stations[self.station])[::every]
        return Days(self.x[at], self.physics[at], self.y[at], self.station[at], self.day[at])


def scaled(table: PointTable, physics: FloatArray) -> Days:
    """Columns in their spread over all days; no label has a say in it."""
    spread = np.nanstd(table.x, axis=0)
    x = (table.x - np.nanmean(table.x, axis=0)) / np.where(spread > 0, spread, 1.0)
    return Days(np.clip(x, -4.0, 4.0), physics, table.y, table.station, table.day)


def by_network(fit: Days, best_by: Days, asked: Days, steps: int, folder: Path) -> FloatArray:
    """What the correction says, trained on some stations."""
    learning = Learning(
        model="unet_residual", widths=(16, 32, 32), physics="none", epochs=8,
        steps_per_epoch=steps // 8, batch_size=64, learning_rate=2e-3,
        simulated_batch_probability=0.0,
    )  # fmt: skip
    network = new_network(config_of(learning, fit.x.shape[1] + 1, 1), SEED)
    sources: Any = {"station": fit}
    validation: Any = best_by
    options = RunOptions(fresh=True)
    result = train(
        network, sources, validation, TrainSettings.of(learning, SEED), folder, options=options
    )
    network.load_state_dict(result.weights)
    network.eval()
    out = []
    with torch.no_grad():
        for part in np.array_split(np.arange(len(asked)), -(-len(asked) // 512)):
            batch = asked.batch(part)
            out.append(network(batch.x, batch.soil).theta[:, 0, 4, 4].double().numpy())
    return np.concatenate(out)


def by_trees(fit: Days, asked: Days) -> FloatArray:
    """What LightGBM says, as the product grows it."""
    import lightgbm

    data = lightgbm.Dataset(np.column_stack([fit.x, fit.physics]), fit.y)
    booster = lightgbm.train({**PARAMETERS, "seed": SEED, "num_threads": 1}, data, ROUNDS)
    shown = np.column_stack([asked.x, asked.physics])
    return np.asarray(booster.predict(shown, num_threads=1))


def features_of(stations: list[PointStation]) -> FloatArray:
    """Measured soil and climate of each station, in place of the map's land features."""
    return np.array(
        [
            [*(one.soil.get(name, np.nan) for name in TRAITS),
             *(float(one.columns[name][0]) for name in CLIMATE)]
            for one in stations
        ]
    )  # fmt: skip


def sites(features: FloatArray) -> TrainingSites:
    """Stations as the trust layer has them."""
    return TrainingSites(features, np.zeros((len(features), 0)), np.zeros(len(features), bool))


def main() -> None:
    """Print errors at left-out stations and what the fallback does."""
    asked = parser(__doc__)
    asked.add_argument("--work", type=Path, required=True)
    asked.add_argument("--data", type=Path, default=Path("../shared/realdata"))
    asked.add_argument("--ptf", default="wosten1999", help="curves of the measured soils")
    asked.add_argument("--folds", type=int, default=8)
    asked.add_argument("--steps", type=int, default=400)
    asked.add_argument("--every", type=int, default=7, help="every n-th day trains and is judged")
    chosen = asked.parse_args()
    torch.set_num_threads(1)
    chosen.work.mkdir(parents=True, exist_ok=True)
    found = read_stations_of(chosen.data, chosen.work, chosen.ptf)
    stations = [one for one in found if MEASURED_SOIL in one.simulated]
    table = point_table(stations)
    physics = np.concatenate([one.simulated[MEASURED_SOIL][one.known] for one in stations])
    days, features = scaled(table, physics), features_of(stations)
    n = len(stations)
    parts = folds_of(range(n), [0] * n, chosen.folds, SEED, "station")
    masks = [
        {part: np.array([fold[k] == part for k in range(n)]) for part in (TRAIN, VALIDATION, TEST)}
        for fold in parts
    ]
    judged = []
    for mask in masks:
        own = days.of(mask[TEST], chosen.every)
        away = np.full(n, np.nan)
        near = sites(features[mask[TRAIN]])
        away[mask[TEST]] = near.distance(features[mask[TEST]])
        when = own.day.astype("datetime64[D]")
        judged.append(HeldOut(own.y, own.y, own.station, when, own.physics, away[own.station]))
    said: dict[str, list[FloatArray]] = {name: [] for name in NAMES}

    def say(name: str, k: int) -> FloatArray:
        own, mask = days.of(masks[k][TEST], chosen.every), masks[k]
        kept = (
            chosen.work
            / f"{chosen.ptf}-{name}-{k}-of-{chosen.folds}-{chosen.steps}-{chosen.every}.npy"
        )
        if name == "physics":
            value = own.physics
        elif kept.exists():
            value = np.load(kept)
        else:
            fit = days.of(mask[TRAIN], chosen.every)
            if name == "trees_physics":
                value = by_trees(fit, own)
            else:
                best = days.of(mask[VALIDATION], 10 * chosen.every)
                with tempfile.TemporaryDirectory() as folder:
                    value = by_network(fit, best, own, chosen.steps, Path(folder))
            np.save(kept, value)
        said[name].append(value)
        return value

    choice = race(NAMES, judged, say, "station")
    print(choice.words())
    for k in range(chosen.folds):  # those that left the race are scored all the same
        for name in NAMES:
            if len(said[name]) == k:
                say(name, k)
    figures = Figures()
    held = {name: joined(judged, parts_said) for name, parts_said in said.items()}
    figures.add("stations left out", n, "-")
    for name, one in held.items():
        show(figures, name, one, judged, n)
    figures.show(as_json=chosen.json)


def joined(judged: list[HeldOut], said: list[FloatArray]) -> HeldOut:
    """All folds of one model."""
    columns = {
        what: np.concatenate([getattr(one, what) for one in judged])
        for what in ("observed", "place", "date", "physics", "distance")
    }
    return HeldOut(predicted=np.concatenate(said), **columns)


def show(figures: Figures, name: str, held: HeldOut, judged: list[HeldOut], n: int) -> None:
    """Errors of a model at left-out stations, its interval, and what falling back does."""
    off = by_place(np.abs(held.predicted - held.observed), held.place)
    base = by_place(np.abs(held.physics - held.observed), held.place)
    figures.add(f"{name}: MAE, stations alike", float(off.mean()), "m3 m-3")
    # The interval and the fallback of a fold come from the stations of all others.
    fold = np.repeat(np.arange(len(judged)), [one.observed.size for one in judged])
    inside, worse, worse_with = np.zeros(fold.size, dtype=bool), 0, 0
    after = held.predicted.copy()
    for k in range(len(judged)):
        here, others = fold == k, part_of(held, fold != k)
        fit = calibrated_apart(others, COVERAGE, "station")
        assert fit is not None  # noqa: S101 - there are enough stations
        season = seasons_of(held.date)
        half = fit[0].half_width(held.predicted, None, season)
        if name != "physics":
            rule = find_fallback(others, sites(np.zeros((2, 1))), fit[0], COVERAGE)
            assert rule is not None  # noqa: S101 - physics is known
            back = here & (held.distance > rule.distance)
            after[back] = held.physics[back]
            half = np.where(back, rule.physics.half_width(held.physics, None, season), half)
        inside[here] = (np.abs(after - held.observed) <= half)[here]
        width = by_place(half[here], held.place[here])
        before = by_place(np.abs(held.predicted - held.observed)[here], held.place[here])
        then = by_place(np.abs(after - held.observed)[here], held.place[here])
        own = by_place(np.abs(held.physics - held.observed)[here], held.place[here])
        worse += int((before - own > width).sum())
        worse_with += int((then - own > width).sum())
    figures.add(f"{name}: station days in the interval of 80 %", 100 * float(inside.mean()), "%")
    for one in ("DJF", "MAM", "JJA", "SON"):
        own_days = seasons_of(held.date) == one
        share = 100 * float(inside[own_days].mean())
        figures.add(f"{name}: the same in {one}", share, "%")
    if name == "physics":
        return
    figures.add(f"{name}: stations worse than physics", int((off > base).sum()), "-")
    figures.add(f"{name}: by more than the interval says", worse, "-")
    figures.add(f"{name}: the same with fallback", worse_with, "-")
    with_it = by_place(np.abs(after - held.observed), held.place)
    moved = by_place((after != held.predicted).astype(float), held.place) > 0
    figures.add(f"{name}: stations that fall back", int(moved.sum()), "-")
    figures.add(f"{name}: MAE with fallback", float(with_it.mean()), "m3 m-3")
    limit = farthest(by_place(held.distance, held.place), off, base)
    figures.add(f"{name}: distance the product would keep", limit, "-")


def part_of(held: HeldOut, keep: BoolArray) -> HeldOut:
    """Some values."""
    names = ("observed", "predicted", "place", "date", "physics", "distance")
    return HeldOut(**{name: getattr(held, name)[keep] for name in names})


if __name__ == "__main__":
    main()
