"""Where the time of an evaluation goes: tables, fluxes, assembly, solution, control; one core."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from _figures import Figures, parser
from fine_richards import CAMPAIGN_CM, SOILS

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import inner_kernel, kernel
from rootzone.engines.swim.cells import flux as fv_flux
from rootzone.engines.swim.cells import state as fv_state
from rootzone.engines.swim.cells import step as fv_step
from rootzone.engines.swim.cells.grid import (
    CELL_GROWTH,
    FIRST_CELL_CM,
    split_layers,
)
from rootzone.engines.swim.cells.problem import Accuracy, Bottom, Problem, Surface, vg_table
from rootzone.engines.swim.cells.table import TABLE_SIZE, fill_vg_table, new_table_scratch

Part = Callable[[FloatArray, int, FloatArray, FloatArray], None]
LOOPS = 2000


def column() -> Problem:
    dz, layer_of = np.zeros(fv_state.MAX_CELLS), np.zeros(fv_state.MAX_CELLS)
    n = split_layers(CAMPAIGN_CM, FIRST_CELL_CM, CELL_GROWTH, np.array([20.0]), dz, layer_of)
    heads = -np.geomspace(2e4, 200.0, n)
    problem = Problem(
        dz[:n], [vg_table(*SOILS["loam"])], [0] * n, heads, Surface(demand_cm_d=0.4), Bottom(),
        Accuracy(0.02, 4e-3, 0.025),
    )  # fmt: skip
    return problem.march(0.05)


def timed(part: Part) -> float:
    """Nanoseconds of one call, the best of many short loops."""

    @kernel
    def loop(cells: FloatArray, n: int, tables: FloatArray, control: FloatArray) -> None:
        for _ in range(LOOPS):
            part(cells, n, tables, control)

    problem = column()
    given = (problem.cells, problem.n, problem.tables, problem.control)
    loop(*given)
    best = np.inf
    for _ in range(200):
        begin = time.perf_counter()
        loop(*given)
        best = min(best, time.perf_counter() - begin)
    return best / LOOPS * 1e9


@inner_kernel
def tables_part(c: FloatArray, n: int, t: FloatArray, k: FloatArray) -> None:
    fv_flux.read_cells(c, n, t)


@inner_kernel
def fluxes_part(c: FloatArray, n: int, t: FloatArray, k: FloatArray) -> None:
    fv_flux.set_inner_fluxes(c, n, t, k)
    fv_flux.set_surface_flux(c, k)
    fv_flux.set_bottom_flux(c, n, t, k)
    fv_flux.set_rates(c, n)


@inner_kernel
def solution_part(c: FloatArray, n: int, t: FloatArray, k: FloatArray) -> None:
    fv_step.solve_update(c, n, k, 0.3, 0.6)


@inner_kernel
def control_part(c: FloatArray, n: int, t: FloatArray, k: FloatArray) -> None:
    c[fv_state.THETA] += 1e-12 * fv_step.set_residual(c, n, k, 0.3, 0.6)
    change, error = fv_step.change_and_error(c, n, k, 0.3, 0.6)
    c[fv_state.THETA] += 1e-12 * (change + error)
    c[fv_state.THETA] += 1e-12 * fv_step.begin_step(c, n, k, 0.3)


def table_building_us() -> float:
    table, scratch = np.zeros(TABLE_SIZE), new_table_scratch()
    best = np.inf
    for _ in range(2000):
        begin = time.perf_counter()
        fill_vg_table(*SOILS["loam"], 0.5, False, table, 0, scratch)
        best = min(best, time.perf_counter() - begin)
    return best * 1e6


def main() -> None:
    given = parser(__doc__).parse_args()
    figures = Figures()
    n = column().n
    parts = {
        "table look-up": timed(tables_part),
        "fluxes and slopes": timed(fluxes_part),
        "assembly and solution": timed(solution_part),
        "residual, norms, start of step": timed(control_part),
    }
    total = sum(parts.values())
    figures.add("cells", n, "-")
    for name, ns in parts.items():
        figures.add(name, ns, "ns")
        figures.add(f"{name}, share", 100.0 * ns / total, "%")
    figures.add("an evaluation of all cells", total, "ns")
    figures.add("an evaluation of one cell", total / n, "ns")
    figures.add("building the table of a horizon", table_building_us(), "us", "<= 10")
    figures.show(as_json=given.json)


if __name__ == "__main__":
    main()
