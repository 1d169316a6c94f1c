"""Where the time of `swim3` + `converged` goes: nanoseconds per part, evaluation and node.

Each part is repeated alone on the state of a real run, so its numbers are warm; the rest of an
evaluation is control, and what the state of a whole run costs in cache.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from _figures import Figures, parser
from _swim3_reference import layers_array, read_soils, read_weather, settings_array

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import kernel
from rootzone.engines.swim import columns, layout
from rootzone.engines.swim.nodes import curves
from rootzone.engines.swim.nodes import flow as swim3_flow
from rootzone.engines.swim.nodes import nodes as swim3_nodes
from rootzone.engines.swim.nodes import setup_converged as swim3_converged
from rootzone.engines.swim.nodes import state as at
from rootzone.engines.swim.nodes import step as swim3_advance
from rootzone.engines.swim.nodes import table as swim3_table

REPEATS = 20_000
ROUNDS = 9
DAYS_PER_YEAR = 365.0

State = tuple[FloatArray, int, FloatArray, FloatArray]


@kernel
def repeat_look_up(
    cells: FloatArray, n: int, table: FloatArray, control: FloatArray, repeats: int
) -> None:
    for _ in range(repeats):
        swim3_table.look_up(cells, n, table)


@kernel
def repeat_fluxes(
    cells: FloatArray, n: int, table: FloatArray, control: FloatArray, repeats: int
) -> None:
    for _ in range(repeats):
        swim3_flow.set_fluxes(cells, n)


@kernel
def repeat_boundaries(
    cells: FloatArray, n: int, table: FloatArray, control: FloatArray, repeats: int
) -> None:
    for _ in range(repeats):
        swim3_flow.set_evaporation(cells, control)
        swim3_flow.set_bottom(cells, n, control)


@kernel
def repeat_residual(
    cells: FloatArray, n: int, table: FloatArray, control: FloatArray, repeats: int
) -> None:
    for _ in range(repeats):
        swim3_advance.set_residual(cells, n, control, 1.0, 0.6)


@kernel
def repeat_solve(
    cells: FloatArray, n: int, table: FloatArray, control: FloatArray, repeats: int
) -> None:
    for _ in range(repeats):
        swim3_advance.set_residual(cells, n, control, 1.0, 0.6)
        swim3_advance.solve_update(cells, n, control, 1.0, 0.6)


@kernel
def repeat_begin(
    cells: FloatArray, n: int, table: FloatArray, control: FloatArray, repeats: int
) -> None:
    for _ in range(repeats):
        swim3_advance.begin_step(cells, n, control, 1.0)


@kernel
def repeat_table(
    cells: FloatArray, n: int, table: FloatArray, control: FloatArray, repeats: int
) -> None:
    for _ in range(repeats // 100):
        swim3_table.fill_table(control, True, table, 0)


def state_of_a_run() -> tuple[State, FloatArray, float, float]:
    """State of a loam in summer, its curve coefficients, and evaluations and ms of a year."""
    soil = read_soils(-100)["loam"]
    layers = layers_array(soil)
    n = len(layers)
    weather = read_weather()["semiarid_plains"]
    initial = np.asarray(soil["init"], dtype=np.float64)
    theta = np.full((len(weather), n), np.nan)
    daily = np.full((len(weather), layout.N_DAILY), np.nan)
    work = np.zeros(swim3_converged.work_size(n))
    best_s = np.inf
    for _ in range(ROUNDS):
        start = time.perf_counter()
        columns.swim3_converged(layers, initial, weather, settings_array(), theta, daily, work)
        best_s = min(best_s, time.perf_counter() - start)
    years = len(weather) / DAYS_PER_YEAR
    evaluations = float(daily[:, layout.EVALUATIONS].sum()) / years
    first = n * curves.N_COEF + (n + 1) * swim3_nodes.N_NODE
    cells = work[first : first + at.N_CELLS]
    control = work[first + at.N_CELLS : first + at.N_CELLS + at.N_CONTROL]
    table = work[first + at.N_CELLS + at.N_CONTROL :]
    return (
        (cells, n, table, control),
        work[: curves.N_COEF],
        evaluations,
        1e3 * best_s / years,
    )


def nanoseconds(part: Callable[..., None], state: State) -> float:
    """Best time of one repetition [ns]."""
    cells, n, table, control = (
        np.array(item) if isinstance(item, np.ndarray) else item for item in state
    )
    part(cells, n, table, control, 100)
    best = np.inf
    for _ in range(ROUNDS):
        start = time.perf_counter()
        part(cells, n, table, control, REPEATS)
        best = min(best, time.perf_counter() - start)
    return 1e9 * best / REPEATS


def main() -> None:
    arguments = parser(__doc__).parse_args()
    figures = Figures()
    state, coef, evaluations, year_ms = state_of_a_run()
    n = state[1]
    residual = nanoseconds(repeat_residual, state)
    parts = {
        "table look-up": nanoseconds(repeat_look_up, state),
        "fluxes and their slopes": nanoseconds(repeat_fluxes, state),
        "boundaries": nanoseconds(repeat_boundaries, state),
        "residual": residual,
        "assembly and solve": nanoseconds(repeat_solve, state) - 0.5 * residual,
    }
    evaluation_ns = 1e6 * year_ms / evaluations
    for name, value in parts.items():
        figures.add(f"{name}, {n} nodes", value, "ns")
        figures.add(f"{name}, share of an evaluation", 100.0 * value / evaluation_ns, "%")
    figures.add("start of a step", nanoseconds(repeat_begin, state), "ns")
    figures.add("whole run, per evaluation", evaluation_ns, "ns")
    figures.add("whole run, per node and evaluation", evaluation_ns / n, "ns")
    figures.add("evaluations", evaluations, "per site-year")
    figures.add("whole run", year_ms, "ms per site-year", "<= 1.0")
    table_state = (state[0], n, state[2], coef)
    figures.add("one table", 0.1 * nanoseconds(repeat_table, table_state), "us")
    figures.show(as_json=arguments.json)


if __name__ == "__main__":
    main()
