"""Flooded soils: what enters in a day, as a share of Ks times the time; and storms' balances.

A surface held under water over a soil that is drier below takes in at least Ks, for the gradient
is 1 or more (Philip 1957). Textures of the triangle and the clays of the HYDRUS catalogue, half-way
between LL15 and DUL or at a given head, on the default cells and on fine ones. Then a year of
drought and one of 150 mm storms: runoff, drainage and evaporation of the two years on the default
cells against fine ones, as a share of the rain.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from _engine_cases import seeded_climate, settings_of, sites, weather_batch, whole_triangle
from _figures import Figures, parser
from engine_speed import columns_of

from rootzone.engines.protocol import SiteBatch
from rootzone.engines.swim import batch_kernels, layout
from rootzone.engines.swim.batch import run_columns
from rootzone.hydraulics.van_genuchten import theta_from_psi

# theta_r, theta_s, alpha [cm-1], n, Ks [mm d-1]: Carsel and Parrish (1988), and n at the limit.
CLAYS = {
    "clay": (0.068, 0.38, 0.008, 1.09, 48.0),
    "silty clay": (0.07, 0.36, 0.005, 1.09, 4.8),
    "n 1.05": (0.0, 0.46, 0.008, 1.05, 48.0),
}
STORM_GRID = {"first_cell_cm": 0.1, "cell_growth": 1.08, "tolerance": 5e-3, "theta_step": 1e-2}
TEXTURES_AT_ONCE = 128
FLOOD_MM_D = 90_000.0  # more than any soil takes in
GRIDS = {
    "default cells": {},
    "short steps": {"tolerance": 3e-3, "theta_step": 3e-3, "iteration_residual": 3e-4},
    "fine cells": {"first_cell_cm": 0.04, "cell_growth": 1.02, "tolerance": 2e-3},
}


def shares(batch: SiteBatch, **grid: float) -> tuple[np.ndarray, int]:
    """Infiltration of a day over Ks times a day, and columns that did not finish."""
    settings = settings_of(
        "van_genuchten", "converged", cn2_bare=0.0, pond_max_mm=0.0, rain_hours=24.0, **grid
    )
    results = run_columns(columns_of(batch, settings), settings)
    ks_mm_d = batch.soil["ks_mm_d"][batch.layer_start[:-1]]
    failed = results.report[:, batch_kernels.STATUS] != layout.OK
    return results.daily[:, layout.INFILTRATION_MM] / ks_mm_d, int(failed.sum())


def clay_column(batch: SiteBatch, soil: tuple[float, ...], psi_cm: float) -> SiteBatch:
    """One site of the batch, with another soil at a head."""
    first = {name: values[: batch.layer_start[1]].copy() for name, values in batch.soil.items()}
    names = ("theta_r", "theta_s", "alpha_per_cm", "n", "ks_mm_d")
    for name, value in zip(names, soil, strict=True):
        first[name][:] = value
    first["theta_initial"][:] = theta_from_psi(
        np.array([psi_cm]), *(np.array([value]) for value in soil[:4])
    )
    return replace(
        batch,
        site_ids=batch.site_ids[:1],
        layer_start=batch.layer_start[:2],
        soil=first,
        cell=batch.cell[:1],
    )


def storms_off(sand: np.ndarray, silt: np.ndarray, days: np.ndarray) -> np.ndarray:
    """Runoff, drainage, evaporation off those on cells from 1 mm on, % of rain, a row a texture."""
    batch = sites(sand, silt, weather_batch([days], ["storms"]))
    sums = []
    for grid in ({}, STORM_GRID):
        settings = settings_of("van_genuchten", "converged", **grid)
        daily = run_columns(columns_of(batch, settings), settings).daily
        daily = daily.reshape(len(sand), len(days), -1).sum(axis=1)
        sums.append(daily[:, [layout.RUNOFF_MM, layout.DRAINAGE_MM, layout.ES_MM]])
    return 100.0 * np.abs(sums[0] - sums[1]) / days[:, 0].sum()


def add_storms(figures: Figures, sand: np.ndarray, silt: np.ndarray, keep: Path | None) -> None:
    """Balances of two years with storms on the default cells, against cells from 1 mm on.

    What ``keep`` holds of an earlier run is taken from there; it is written as textures are done.
    """
    days = seeded_climate("drought_and_storms")
    done: dict[str, list[float]] = {}
    if keep is not None and keep.exists():
        done = json.loads(keep.read_text())
    names = [f"{a:g} % sand, {b:g} % silt" for a, b in zip(sand, silt, strict=True)]
    left = [i for i, name in enumerate(names) if name not in done]
    for start in range(0, len(left), TEXTURES_AT_ONCE):
        part = left[start : start + TEXTURES_AT_ONCE]
        for i, values in zip(part, storms_off(sand[part], silt[part], days), strict=True):
            done[names[i]] = values.tolist()
        if keep is not None:
            keep.write_text(json.dumps(done))
    off = np.array([done[name] for name in names])
    for name, values in zip(("runoff", "drainage", "evaporation"), off.T, strict=True):
        figures.add(f"storms, {name} against fine cells: worst", values.max(), "% of rain", "<= 2")
        figures.add(f"storms, {name} against fine cells: median", np.median(values), "% of rain")
    worst = int(off.max(axis=1).argmax())
    figures.add(f"storms: the worst is {names[worst]}", off[worst].max(), "% of rain")
    figures.add("storms: textures", len(sand), "-")


def main() -> None:
    parsed = parser(__doc__)
    parsed.add_argument("--every", type=int, default=1, help="take every n-th texture")
    parsed.add_argument("--storms-every", type=int, default=5, help="the same, for the storms")
    parsed.add_argument(
        "--keep", type=Path, help="file of the storms' results; a run goes on there"
    )
    arguments = parsed.parse_args()
    sand, silt = (values[:: arguments.every] for values in whole_triangle())
    batch = sites(sand, silt, weather_batch([np.array([[FLOOD_MM_D, 0.0]])], ["flood"]))
    figures = Figures()
    found, failed = shares(batch)
    figures.add("triangle, default cells: least share of Ks t", found.min(), "-", ">= 1")
    figures.add("triangle, default cells: median", np.median(found), "-")
    figures.add("triangle, default cells: below 1", int((found < 1.0).sum()), f"of {len(found)}")
    figures.add("triangle, default cells: failures", failed, "columns", "0")
    for name, soil in CLAYS.items():
        for psi_cm in (-100.0, -1000.0, -15000.0):
            for grid, values in GRIDS.items():
                share, _ = shares(clay_column(batch, soil, psi_cm), **values)
                figures.add(f"{name} from {psi_cm:g} cm, {grid}", share[0], "-", ">= 1")
    add_storms(figures, *(v[:: arguments.storms_every] for v in whole_triangle()), arguments.keep)
    figures.show(as_json=arguments.json)


if __name__ == "__main__":
    main()
