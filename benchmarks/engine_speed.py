"""Time of the embedded engine per site-year, on one core and two, all pairs in the same run.

Twelve USDA textures of 12 layers in eight semi-arid cells of two years, at the default hours of
rain and demand and spread over whole days, then the year of drought before 150 mm storms. Medians
over repeats; one and two threads take turns, so that a busy neighbour hits both. Reading, writing
and compiling are left out. The error of the label at 20 cm is that of the first cell's textures
against the same engine on cells from 1 mm on in settled steps.
"""

from __future__ import annotations

import time

import numba
import numpy as np
from _engine_cases import PAIRS, climate, semi_arid_cells, settings_of, usda_sites, weather_batch
from _figures import Figures, parser

from rootzone.engines.protocol import SiteBatch
from rootzone.engines.swim import layout
from rootzone.engines.swim.batch import KINDS, ColumnResults, Columns, pack_layers, run_columns
from rootzone.engines.swim.engine import soil_forcing
from rootzone.engines.swim.settings import SwimSettings

TARGET_MS = {
    ("van_genuchten", "converged"): "<= 0.6",
    ("swim3", "converged"): "<= 1.0",
    ("swim3", "apsim"): "<= 2.5",
}
TARGET_RMSE = {"default hours": "<= 6e-4", "whole days": "<= 5e-4"}
WHOLE_DAYS = {"rain_hours": 24.0, "eo_start_h": 0.0, "eo_hours": 24.0}
FINE = {
    "first_cell_cm": 0.1,
    "cell_growth": 1.05,
    "tolerance": 2e-3,
    "theta_step": 5e-3,
    "iteration_residual": 1e-4,
}


def columns_of(batch: SiteBatch, settings: SwimSettings) -> Columns:
    return Columns(
        pack_layers(batch.soil, settings.physics),
        batch.layer_start,
        batch.soil["theta_initial"],
        soil_forcing(batch.weather, settings).weather,
        batch.weather.day_start,
        batch.cell,
    )


def timed(
    columns: Columns, settings: SwimSettings, threads: int
) -> tuple[float, float, ColumnResults]:
    """Wall and CPU seconds; on a busy machine the CPU time is what one core needs."""
    start, used = time.perf_counter(), time.process_time()
    results = run_columns(columns, settings, threads=threads)
    return time.perf_counter() - start, time.process_time() - used, results


def add_error(figures: Figures, case: str, **hours: float) -> None:
    """Error of the label at 20 cm against fine cells under the same forcing."""
    batch = usda_sites(weather_batch(semi_arid_cells(1), ["s"]))
    labels = []
    for changed in (hours, {**hours, **FINE}):
        settings = settings_of("van_genuchten", "converged", **changed)
        labels.append(run_columns(columns_of(batch, settings), settings).daily[:, layout.N_DAILY])
    rmse = float(np.sqrt(np.mean((labels[0] - labels[1]) ** 2)))
    name = f"van_genuchten + converged, semi-arid, {case}: RMSE at 20 cm against fine cells"
    figures.add(name, rmse, "-", TARGET_RMSE[case])


def add_pair(
    figures: Figures,
    pair: tuple[str, str],
    case: str,
    batch: SiteBatch,
    repeats: int,
    target: str,
    **changed: float,
) -> None:
    settings = settings_of(*pair, **changed)
    columns = columns_of(batch, settings)
    cores = 2 if numba.config.NUMBA_NUM_THREADS >= 2 else 1
    timed(columns, settings, cores)  # compiles, or loads
    seconds: dict[int, list[float]] = {threads: [] for threads in range(1, cores + 1)}
    cpu_seconds: list[float] = []
    for _ in range(repeats):
        for threads, taken in seconds.items():
            wall, cpu, results = timed(columns, settings, threads)
            taken.append(wall)
            if threads == 1:
                cpu_seconds.append(cpu)
    name = f"{pair[0]} + {pair[1]}, {case}"
    years = batch.site_years
    ms = {threads: 1e3 * float(np.median(taken)) / years for threads, taken in seconds.items()}
    daily = results.daily
    evaluations = float(np.nansum(daily[:, layout.EVALUATIONS]))
    cpu_ms = 1e3 * float(np.median(cpu_seconds)) / years
    figures.add(f"{name}: one core", ms[1], "ms per site-year", target)
    figures.add(f"{name}: one core, CPU time", cpu_ms, "ms per site-year", target)
    if cores == 2:
        figures.add(f"{name}: two cores", ms[2], "ms per site-year")
        ratios = [one / two for one, two in zip(seconds[1], seconds[2], strict=True)]
        figures.add(f"{name}: one core over two", float(np.median(ratios)), "-", ">= 1.9")
    figures.add(f"{name}: steps", np.nansum(daily[:, layout.STEPS]) / years, "per site-year")
    figures.add(f"{name}: evaluations", evaluations / years, "per site-year")
    per_node = 1e6 * cpu_ms * years / (evaluations * 12)
    figures.add(f"{name}: time per layer and evaluation", per_node, "ns")
    failed = int((results.report[:, :2] != 0).any(axis=1).sum())
    figures.add(f"{name}: failures", failed, f"of {columns.n_column} columns")


def main() -> None:
    parsed = parser(__doc__)
    parsed.add_argument("--repeats", type=int, default=7)
    parsed.add_argument("--cells", type=int, default=8)
    arguments = parsed.parse_args()
    semi_arid = usda_sites(weather_batch(semi_arid_cells(arguments.cells), ["s"] * arguments.cells))
    storms = usda_sites(weather_batch([climate("drought_and_storms")] * 2, ["x", "y"]))
    figures = Figures()
    for pair in PAIRS:
        if pair in KINDS:
            target = TARGET_MS.get(pair, "")
            add_pair(
                figures, pair, "semi-arid, default hours", semi_arid, arguments.repeats, target
            )
    pair = ("van_genuchten", "converged")
    name = "semi-arid, whole days"
    add_pair(figures, pair, name, semi_arid, arguments.repeats, "<= 0.35", **WHOLE_DAYS)
    name = "150 mm storms, default hours"
    add_pair(figures, pair, name, storms, arguments.repeats, "<= 2.0")
    add_error(figures, "default hours")
    add_error(figures, "whole days", **WHOLE_DAYS)
    figures.show(as_json=arguments.json)


if __name__ == "__main__":
    main()
