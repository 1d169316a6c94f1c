"""Mixed training against simulated labels alone and stations alone, on a made-up land.

The simulator's error is known (sandier soils, two thirds of the rain). One line for each share of
simulated batches p = 0, 0.2, 0.5, 0.8 and 1: mean and spread over three seeds of the figures at
stations left out, on dates not trained on. About 12 minutes on one core; nothing is kept.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch
from _figures import Figures, parser
from worlds.stations_world import (
    PROBABILITIES,
    SEEDS,
    MixedRun,
    MixingSettings,
    prepare_stations,
    run_mix,
    simulator_scores,
    table_of,
)
from worlds.truth import Bias


def main() -> None:
    base = MixingSettings()
    parsed = parser(__doc__)
    parsed.add_argument("--steps", type=int, default=base.steps)
    parsed.add_argument("--stations", type=int, default=30, help="stations to train on")
    parsed.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parsed.add_argument("--p", type=float, nargs="+", default=list(PROBABILITIES))
    parsed.add_argument("--ln-sand", type=float, default=base.bias.ln_sand)
    parsed.add_argument("--rain-factor", type=float, default=base.bias.rain_factor)
    parsed.add_argument("--threads", type=int, default=1)
    arguments = parsed.parse_args()
    torch.set_num_threads(arguments.threads)
    bias = Bias(ln_sand=arguments.ln_sand, rain_factor=arguments.rain_factor)
    stations = (arguments.stations, *base.stations[1:])
    settings = replace(base, bias=bias, steps=arguments.steps, stations=stations)
    figures = Figures()
    world = prepare_stations(settings)
    observed, truth = simulator_scores(world, settings)
    figures.add("simulator itself: RMSE at stations left out", observed.rmse, "m3 m-3")
    figures.add("simulator itself: bias", observed.bias, "m3 m-3")
    figures.add("simulator itself: RMSE against the truth", truth.rmse, "m3 m-3")
    runs: list[MixedRun] = []
    with tempfile.TemporaryDirectory() as name:
        for seed in arguments.seeds:
            for p in arguments.p:
                start = time.perf_counter()
                run = run_mix(world, settings, p, seed, Path(name) / f"{p}_{seed}")
                runs.append(run)
                seconds = time.perf_counter() - start
                print(
                    f"p {p:g} seed {seed}: RMSE {run.observed.rmse:.4f} bias "
                    f"{run.observed.bias:+.4f} truth {run.truth.rmse:.4f} in {seconds:.0f} s",
                    file=sys.stderr,
                    flush=True,
                )
    for p, row in table_of(runs).items():
        for key, (mean, spread) in row.items():
            unit = "-" if key == "r2" else "m3 m-3"
            figures.add(f"p = {p:g}: {key}, mean of {len(arguments.seeds)} seeds", mean, unit)
            figures.add(f"p = {p:g}: {key}, standard deviation", spread, unit)
    figures.show(as_json=arguments.json)


if __name__ == "__main__":
    main()
