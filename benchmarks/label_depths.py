"""How far labels are from a fine grid, read between layers and from the solver's own cells.

The twelve USDA textures under a seeded semi-arid year with the default hours of rain; the reference
has cells of ``--cell-cm`` at the surface and at every depth, and tight steps. Layers as in a
campaign (``rz.LAYERS_MM``). The cost of cells at more depths is given as a ratio of CPU time.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from _engine_cases import seeded_climate
from _figures import Figures, parser

import rootzone as rz
from rootzone.hydraulics.usda import USDA_CLASSES, usda_class

DEPTHS_MM = (50.0, 200.0, 500.0, 1000.0)


def textures() -> dict[str, list[float]]:
    """The middle of each USDA class, of all textures in steps of 2 %."""
    sand, clay = (axis.ravel() for axis in np.meshgrid(np.arange(1, 100, 2), np.arange(1, 100, 2)))
    real = sand + clay <= 99
    sand, clay = sand[real].astype(float), clay[real].astype(float)
    code = usda_class(sand, 100.0 - sand - clay, clay)
    middle = [(sand[code == k].mean(), clay[code == k].mean()) for k in np.unique(code)]
    assert len(middle) == len(USDA_CLASSES)  # noqa: S101 - every class occurs
    return {
        "site_id": list(range(1, len(middle) + 1)),
        "sand_pct": [s for s, _ in middle],
        "silt_pct": [100.0 - s - c for s, c in middle],
        "clay_pct": [c for _, c in middle],
    }


def timed(soils: rz.Soils, weather: dict[str, Any], **settings: Any) -> tuple[rz.Profiles, float]:  # noqa: ANN401
    """Profiles and CPU time [s]."""
    started = time.process_time()
    found = rz.simulate(soils, weather, threads=1, **settings)
    return found, time.process_time() - started


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--days", type=int, default=365)
    arguments.add_argument("--cell-cm", type=float, default=0.2)
    arguments.add_argument("--rounds", type=int, default=9)
    given = arguments.parse_args()
    figures = Figures()
    table = seeded_climate("semiarid_plains", given.days)
    days = np.datetime64("2022-01-01") + np.arange(given.days)
    weather = {"date": days.astype(str), "rain_mm": table[:, 0], "eo_mm": table[:, 1]}
    soils = rz.make_soils(textures(), thickness_mm=rz.LAYERS_MM)
    tight = {"tolerance": 2e-3, "iteration_residual": 5e-4, "theta_step": 5e-3}
    fine, _ = timed(
        soils, weather, label_depths_mm=DEPTHS_MM, first_cell_cm=given.cell_cm, cell_growth=1.05,
        **tight,
    )  # fmt: skip
    truth = rz.make_labels(fine, depth_mm=DEPTHS_MM, source="solver").to_polars()
    run, _ = timed(soils, weather, label_depths_mm=DEPTHS_MM)
    for source in ("layers", "solver"):
        found = rz.make_labels(run, depth_mm=DEPTHS_MM, source=source).to_polars()
        for depth_mm in DEPTHS_MM:
            here = (found["depth_mm"] == depth_mm).to_numpy()
            error = (found["theta"] - truth["theta"]).to_numpy()[here]
            name = f"from {source}, {depth_mm / 10:g} cm: RMSE"
            figures.add(name, 1e4 * np.sqrt(np.mean(error**2)), "1e-4 m3 m-3")
    ratios: dict[int, list[float]] = {2: [], 4: []}
    for _ in range(given.rounds):
        _, one = timed(soils, weather)
        for n, depths in ((2, DEPTHS_MM[:2]), (4, DEPTHS_MM)):
            ratios[n].append(timed(soils, weather, label_depths_mm=depths)[1] / one)
    for n, found_ratios in ratios.items():
        figures.add(f"cells at {n} depths: CPU time over that of one", np.median(found_ratios), "-")
    figures.show(as_json=given.json)


if __name__ == "__main__":
    main()
