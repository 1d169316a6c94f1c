"""Whole maps of three known worlds: networks, trees and physics, and what auto takes.

`exact` has maps without error, `pixel-error` an error of its own in every pixel (standard deviation
.3 of the logarithm of a share), `biased` a simulator with sandier soils and two thirds of the rain
beside 40 stations with noise. Maps tell one layer, the soil has twelve. Every candidate of
learning.model: auto is trained on labelled pixels (0.17 % of the land and the stations) of the
training days, and scored at every pixel of the tiles without a label on days never trained on.
Auto's choice is the product's own, at places put aside; intervals come from the same places. They
are held to the days of each such place, with the interval of all others, and, harder, to the tiles
without labels, which are a side of the land.
With several seeds the mean is printed and every seed's figures go to stderr. One world and one seed
take six to eight minutes of one core; `--worlds exact --seeds 1` runs one.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from _figures import Figures, parser
from worlds.map_methods import MethodSettings, choose, mapped, sites_at
from worlds.map_world import WORLDS, MapWorld, make_map_world

from rootzone._shared.arrays import FloatArray
from rootzone.campaign.learning_section import Learning
from rootzone.labels.splits import SEASONS, seasons_of
from rootzone.learning.fallback import find_fallback
from rootzone.learning.intervals import calibrated_apart
from rootzone.learning.race import Choice, HeldOut
from rootzone.maps.scores import pattern_of, score_map, spectrum

COVERAGE = 0.8


def run(name: str, arguments: object, seed: int, folder: Path) -> dict[str, float | str]:
    """All figures of a world and a seed."""
    asked = WORLDS[name]
    land = replace(asked.land, seed=6 + seed, tiles=arguments.tiles)  # type: ignore[attr-defined]
    world = make_map_world(replace(asked, land=land))
    settings = MethodSettings(steps=arguments.steps)  # type: ignore[attr-defined]
    names = tuple(arguments.candidates)  # type: ignore[attr-defined]
    choice, said = choose(world, settings, names, seed, folder)
    out: dict[str, float | str] = {"chosen": choice.chosen, "words": choice.words()}
    out |= {"lead": choice.lead, "lead_se": choice.lead_se, "columns": float(world.columns)}
    for method in names:
        maps = mapped(method, world, settings, seed, folder)
        here: dict[str, float] = {"auto": choice.mae[method]}
        here |= dict(scored(maps, world)) | dict(covered(maps, world, said[method]))
        out |= {f"{method}: {key}": value for key, value in here.items()}
        if method == choice.chosen:
            maps = with_fallback(maps, world, choice, out)
            here = dict(scored(maps, world)) | dict(covered(maps, world, choice.held_out))
            here |= dict(held_apart(choice.held_out, world))
            out |= {f"auto's pick: {key}": value for key, value in here.items()}
    return out


def with_fallback(
    maps: FloatArray, world: MapWorld, choice: Choice, out: dict[str, float | str]
) -> FloatArray:
    """The maps of auto's pick with physics where it falls back to that, as the product does."""
    fit = calibrated_apart(choice.held_out, COVERAGE, world.judge)
    if choice.chosen == "physics" or fit is None:  # nothing to fall back from
        return maps
    sites = sites_at(world, world.labels[world.judge])
    rule = find_fallback(choice.held_out, sites, fit[0], COVERAGE)
    assert rule is not None  # noqa: S101 - physics is known everywhere
    numbers = world.land.static.reshape(len(world.land.static), -1).T.astype(np.float64)
    instead = rule.instead(numbers).reshape(maps.shape[1:])
    out |= {
        "pixels that fall back": 100.0 * float(instead.mean()),
        "left-out places made worse than the interval says": float(rule.worse_with),
        "left-out places made worse without fallback": float(rule.worse),
    }
    return np.where(instead, world.physics[world.scored], maps)


def scored(maps: FloatArray, world: MapWorld) -> Iterator[tuple[str, float]]:
    """Errors at tiles without labels and everywhere, pattern, and detail against the truth's."""
    off = maps - world.truth
    yield "MAE, tiles left out", float(np.abs(off[:, world.left_out]).mean())
    yield "RMSE, tiles left out", float(np.sqrt(np.square(off[:, world.left_out]).mean()))
    yield "bias, tiles left out", float(off[:, world.left_out].mean())
    yield "MAE, every pixel", float(np.abs(off).mean())
    yield "pattern of period 8", max(pattern_of(one) for one in maps)
    each = [score_map(one, true) for one, true in zip(maps, world.truth, strict=True)]
    yield "detail over the truth's", float(np.mean([one.detail for one in each]))
    yield "edges over the truth's", float(np.mean([one.edge_ratio for one in each]))
    pairs = [(spectrum(a), spectrum(b)) for a, b in zip(maps, world.truth, strict=True)]
    mine, theirs = (np.mean([pair[k][1] for pair in pairs], axis=0) for k in (0, 1))
    for px, ratio in zip(pairs[0][0][0], mine / theirs, strict=True):
        yield f"variance at {px:.0f} px over the truth's", float(ratio)


def covered(maps: FloatArray, world: MapWorld, held: HeldOut) -> Iterator[tuple[str, float]]:
    """Share of pixels and days that an interval of 80 % holds at tiles without labels.

    Where stations judge, it is to hold what a station there would read: the truth with the noise
    and the lasting offset of a sensor.
    """
    fit = calibrated_apart(held, COVERAGE, world.judge)
    if fit is None:
        return
    season = seasons_of(world.land.dates[world.scored])
    shown = maps[:, world.left_out]
    half = fit[0].half_width(shown, None, season[:, None])
    inside = np.abs(shown - world.read_at(world.left_out)) <= half
    yield "half width", float(half.mean())
    yield "interval holds", 100.0 * float(inside.mean())
    for one in SEASONS:
        if (season == one).any():
            yield f"interval holds in {one}", 100.0 * float(inside[season == one].mean())


def held_apart(held: HeldOut, world: MapWorld) -> Iterator[tuple[str, float]]:
    """Share of the days of places put aside that an interval from all other such places holds."""
    season, inside = seasons_of(held.date), np.zeros(held.observed.size, dtype=bool)
    for one in np.unique(held.place):
        own = held.place == one
        others = HeldOut(
            held.observed[~own], held.predicted[~own], held.place[~own], held.date[~own]
        )
        fit = calibrated_apart(others, COVERAGE, world.judge)
        if fit is None:
            return
        half = fit[0].half_width(held.predicted[own], None, season[own])
        inside[own] = np.abs(held.predicted[own] - held.observed[own]) <= half
    yield "interval holds, places put aside", 100.0 * float(inside.mean())
    for one in SEASONS:
        if (season == one).any():
            share = 100.0 * float(inside[season == one].mean())
            yield f"interval holds in {one}, places put aside", share


def main() -> None:
    parsed = parser(__doc__)
    parsed.add_argument("--worlds", nargs="+", choices=[*WORLDS], default=[*WORLDS])
    parsed.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parsed.add_argument("--candidates", nargs="+", default=[*Learning().candidates])
    parsed.add_argument("--steps", type=int, default=MethodSettings().steps)
    parsed.add_argument("--tiles", type=int, default=4, help="tiles of 64 px along each side")
    parsed.add_argument("--threads", type=int, default=1)
    arguments = parsed.parse_args()
    torch.set_num_threads(arguments.threads)
    figures = Figures()
    for name in arguments.worlds:
        told = []
        for seed in arguments.seeds:
            started = time.process_time()
            with tempfile.TemporaryDirectory() as folder:
                told.append(run(name, arguments, seed, Path(folder)))
            told[-1]["CPU"] = time.process_time() - started
            print(
                json.dumps({"world": name, "seed": seed, **told[-1]}), file=sys.stderr, flush=True
            )
        for key in dict.fromkeys(key for one in told for key in one):
            values = [float(one[key]) for one in told if isinstance(one.get(key), float)]
            if values:
                mean = float(np.mean(values))
                figures.add(f"{name}, {key}", mean, unit_of(key))
    figures.show(as_json=arguments.json)


def unit_of(key: str) -> str:
    if "holds" in key or "fall back" in key:
        return "%"
    if key == "CPU":
        return "s"
    return "-" if "truth's" in key or key == "columns" or "made worse" in key else "m3 m-3"


if __name__ == "__main__":
    main()
