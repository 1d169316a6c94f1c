"""All USCRN station-years with usable forcing x 12 USDA textures: failures, time by climate.

Needs the real data beside the checkout (../shared). Rain, temperature and radiation are measured;
potential evaporation is APSIM's formula; climates are UNEP's aridity classes of each year.
"""

from __future__ import annotations

import time
from collections import defaultdict

import numpy as np
from _engine_cases import (
    SHARED,
    aridity_group,
    settings_of,
    uscrn_station_years,
    usda_sites,
    weather_batch,
)
from _figures import Figures, parser

from rootzone.engines.swim.batch import KINDS
from rootzone.engines.swim.engine import SwimEngine


def main() -> None:
    parsed = parser(__doc__)
    parsed.add_argument("--every", type=int, default=1, help="take every n-th station-year")
    parsed.add_argument("--physics", nargs="*", default=["van_genuchten", "swim3"])
    arguments = parsed.parse_args()
    if not SHARED.is_dir():
        raise SystemExit("the real data are not beside this checkout (../shared)")
    groups: dict[str, list[tuple[str, np.ndarray]]] = defaultdict(list)
    for name, forcing in uscrn_station_years()[:: arguments.every]:
        groups[aridity_group(forcing)].append((name, forcing))
    figures = Figures()
    figures.add("station-years", sum(len(cells) for cells in groups.values()), "years")
    for physics in arguments.physics:
        if (physics, "converged") in KINDS:
            add_physics(figures, physics, groups)
    figures.show(as_json=arguments.json)


def add_physics(
    figures: Figures, physics: str, groups: dict[str, list[tuple[str, np.ndarray]]]
) -> None:
    engine = SwimEngine(settings_of(physics, "converged"))
    engine.run(usda_sites(weather_batch([next(iter(groups.values()))[0][1][:5]], ["warm-up"])))
    failures, balance = 0, 0.0
    for group, cells in sorted(groups.items()):
        batch = usda_sites(weather_batch([cell for _, cell in cells], [name for name, _ in cells]))
        start = time.perf_counter()
        for run in engine.stream(batch):
            failures += len(run.failures)
            balance = max(balance, float(np.abs(run.profiles.daily["balance_error_mm"]).max()))
        ms = 1e3 * (time.perf_counter() - start) / batch.site_years
        name = f"{physics} + converged, {group}"
        figures.add(f"{name}: site-years", batch.n_site, "site-years")
        figures.add(f"{name}: wall time, {engine.threads} threads", ms, "ms per site-year")
    figures.add(f"{physics} + converged: failures", failures, "site-years", "0")
    figures.add(f"{physics} + converged: worst daily water balance", balance, "mm", "<= 1e-6")


if __name__ == "__main__":
    main()
