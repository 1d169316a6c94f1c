"""Time of a column with roots over that of a bare one, pair by pair in the same run.

Twelve USDA textures of 12 layers in five climates of two years, leaves all year. Ratios of CPU time
on one thread, medians over repeats in which bare and covered runs take turns; steps and evaluations
are counts and do not depend on the machine.
"""

from __future__ import annotations

import time

import numpy as np
from _engine_cases import CLIMATES, climate, settings_of, usda_sites, weather_batch
from _figures import Figures, parser
from engine_speed import columns_of

from rootzone.engines.protocol import SiteBatch
from rootzone.engines.swim import layout
from rootzone.engines.swim.batch import run_columns
from rootzone.engines.swim.settings import SwimSettings

GRASS = {"cover": "grass", "growing_season": False}
CASES = {
    "grass": GRASS,
    "grass, feddes": {**GRASS, "root_stress": "feddes"},
    "grass, s_shape": {**GRASS, "root_stress": "s_shape"},
    "grass, no compensation": {**GRASS, "compensation": 1.0},
    "deciduous_forest": {"cover": "deciduous_forest", "growing_season": False},
}


def settings_with(physics: str, changes: dict[str, object]) -> SwimSettings:
    base = settings_of(physics, "converged")
    return SwimSettings.model_validate({**base.model_dump(), **changes})


def add(figures: Figures, physics: str, batch: SiteBatch, repeats: int) -> None:
    cases = {"bare": settings_with(physics, {})} | {
        name: settings_with(physics, changes) for name, changes in CASES.items()
    }
    columns = {name: columns_of(batch, settings) for name, settings in cases.items()}
    seconds: dict[str, list[float]] = {name: [] for name in cases}
    counts = {}
    for repeat in range(repeats + 1):
        for name, settings in cases.items():
            used = time.process_time()
            daily = run_columns(columns[name], settings, threads=1).daily
            if repeat:  # the first run compiles
                seconds[name].append(time.process_time() - used)
            counts[name] = [np.nansum(daily[:, c]) for c in (layout.STEPS, layout.EVALUATIONS)]
    bare = np.array(seconds["bare"])
    years = batch.site_years
    figures.add(f"{physics}, bare", 1e3 * float(np.median(bare)) / years, "ms CPU per site-year")
    for name in CASES:
        ratio = float(np.median(np.array(seconds[name]) / bare))
        steps, evaluations = (
            now / before for now, before in zip(counts[name], counts["bare"], strict=True)
        )
        figures.add(f"{physics}, {name} over bare: CPU time", ratio, "-", "<= 1.3")
        figures.add(f"{physics}, {name} over bare: steps", steps, "-")
        figures.add(f"{physics}, {name} over bare: evaluations", evaluations, "-")


def main() -> None:
    parsed = parser(__doc__)
    parsed.add_argument("--repeats", type=int, default=5)
    parsed.add_argument("--physics", nargs="*", default=["van_genuchten", "swim3"])
    args = parsed.parse_args()
    batch = usda_sites(weather_batch([climate(name) for name in CLIMATES], list(CLIMATES)))
    figures = Figures()
    for physics in args.physics:
        add(figures, physics, batch, args.repeats)
    figures.show(as_json=args.json)


if __name__ == "__main__":
    main()
