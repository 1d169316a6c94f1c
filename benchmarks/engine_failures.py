"""Every integer texture of the triangle in five climates: failures, balance, bounds.

5,151 textures x 5 climates (semi-arid, montane, humid, monsoon, and 150 mm storms after a year of
drought) x 2 years, 12 layers, the converged stepping of both physics.
"""

from __future__ import annotations

import numpy as np
from _engine_cases import (
    CLIMATES,
    climate,
    settings_of,
    sites,
    usda_sites,
    weather_batch,
    whole_triangle,
)
from _figures import Figures, parser

from rootzone.engines.swim.batch import KINDS
from rootzone.engines.swim.engine import SwimEngine


def add_physics(figures: Figures, physics: str, every: int, names: list[str]) -> None:
    engine = SwimEngine(settings_of(physics, "converged"))
    engine.run(usda_sites(weather_batch([climate(names[0])[:5]], ["warm-up"])))
    sand, silt = (values[::every] for values in whole_triangle())
    totals = {"columns": 0, "failures": 0, "repaired": 0}
    balance, above, below = 0.0, -np.inf, -np.inf
    classes: dict[str, int] = {}
    for name in names:
        batch = sites(sand, silt, weather_batch([climate(name)], [name]))
        upper = batch.soil["theta_s" if physics == "van_genuchten" else "sat"][::12]
        lower = batch.soil["theta_r"][::12] if physics == "van_genuchten" else 0.0 * upper
        for run in engine.stream(batch):
            totals["failures"] += len(run.failures)
            totals["repaired"] += len(run.repairs)
            for failure in run.failures:
                classes[failure.failure_class] = classes.get(failure.failure_class, 0) + 1
            balance = max(balance, float(np.abs(run.profiles.daily["balance_error_mm"]).max()))
            for i, site in enumerate(run.profiles.site_ids):
                theta = run.profiles.theta_of(i)
                above = max(above, float(theta.max() - upper[site]))
                below = max(below, float(lower[site] - theta.min()))
        totals["columns"] += batch.n_site
    label = f"{physics} + converged"
    figures.add(f"{label}: columns", totals["columns"], "two-year columns")
    figures.add(f"{label}: failures", totals["failures"], "columns", "0")
    for failure_class, count in classes.items():
        figures.add(f"{label}: {failure_class}", count, "columns")
    figures.add(f"{label}: worst daily water balance", balance, "mm", "<= 1e-6")
    figures.add(f"{label}: highest theta less its upper limit", above, "m3 m-3", "<= 0")
    figures.add(f"{label}: lower limit less the lowest theta", below, "m3 m-3", "<= 0")
    figures.add(f"{label}: columns with a mended fault", totals["repaired"], "columns")


def main() -> None:
    parsed = parser(__doc__)
    parsed.add_argument("--every", type=int, default=1, help="take every n-th texture")
    parsed.add_argument("--climates", nargs="*", default=list(CLIMATES))
    parsed.add_argument("--physics", nargs="*", default=["van_genuchten", "swim3"])
    arguments = parsed.parse_args()
    figures = Figures()
    for physics in arguments.physics:
        if (physics, "converged") in KINDS:
            add_physics(figures, physics, arguments.every, arguments.climates)
    figures.show(as_json=arguments.json)


if __name__ == "__main__":
    main()
