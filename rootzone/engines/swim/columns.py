"""The four column kernels: one text of the day and of the step, with each solver's parts put in.

========================  ====================================================================
kernel                    solver
========================  ====================================================================
van_genuchten_converged   cells finer than the layers, steps held by their errors
swim3_converged           SWIM3's nodes and curves, steps held by their errors
swim3_apsim               SWIM3's nodes and curves, SWIM3's own step rules: APSIM's answers
van_genuchten_apsim       SWIM3's nodes and step rules with van Genuchten's curves
========================  ====================================================================

Arrays as :mod:`rootzone.engines.swim.layout` says.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from rootzone._shared.jit import inner_kernel, instance, kernel
from rootzone._shared.units import MM_PER_CM
from rootzone.engines.swim import day, steps
from rootzone.engines.swim.cells import flux as cell_flux
from rootzone.engines.swim.cells import setup as cell_setup
from rootzone.engines.swim.cells import step as cell_step
from rootzone.engines.swim.forcing import HOURS_PER_DAY
from rootzone.engines.swim.nodes import apsim_day
from rootzone.engines.swim.nodes import flow as node_flow
from rootzone.engines.swim.nodes import nodes as swim3_nodes
from rootzone.engines.swim.nodes import setup_converged as node_setup
from rootzone.engines.swim.nodes import step as node_step


def _advance_on(grid: str, step: ModuleType, evaluate: Callable[..., None]) -> Any:  # noqa: ANN401
    """The step's control over one grid."""
    parts = {name: getattr(step, name) for name in ("set_residual", "solve_update", "move")}
    iterate = inner_kernel(instance(steps.iterate, f"iterate_{grid}", evaluate=evaluate, **parts))
    called = ("begin_step", "change_and_error", "commit", "restore", "explicit_step")
    numbers = ("SIGMA", "SHRINK", "REJECT_ERROR", "DT_GIVE_UP", "DT_IMPATIENT")
    parts = {name: getattr(step, name) for name in (*called, *numbers)}
    return inner_kernel(instance(steps.advance, f"advance_{grid}", iterate_step=iterate, **parts))


def _converged(
    name: str,
    advance: Callable[..., None],
    step: ModuleType,
    hours_per_unit: float,
    setup: ModuleType,
) -> Any:  # noqa: ANN401
    """A column whose days are cut into periods of constant weather."""
    run_day = inner_kernel(
        instance(
            day.run_periods,
            f"day_of_{name}",
            advance=advance,
            settle=step.settle,
            commit=step.commit,
            HOURS_PER_UNIT=hours_per_unit,
        )
    )
    return kernel(
        instance(
            day.run_column,
            name,
            set_up=setup.set_up,
            read_layers=setup.read_layers,
            read_depths=setup.read_depths,
            run_day=run_day,
            MM_PER_SUM=MM_PER_CM,
        )
    )


def _apsim(name: str, kind: int) -> Any:  # noqa: ANN401
    """A column by SWIM3's step rules."""
    return kernel(
        instance(
            day.run_column,
            name,
            set_up=kernel(instance(apsim_day.set_up, f"set_up_{name}", KIND=kind)),
            read_layers=apsim_day.read_layers,
            read_depths=node_setup.read_depths,
            run_day=kernel(instance(apsim_day.run_day, f"day_of_{name}", KIND=kind)),
            MM_PER_SUM=1.0,
        )
    )


advance_cells = _advance_on("cells", cell_step, cell_flux.evaluate)
advance_nodes = _advance_on("nodes", node_step, node_flow.evaluate)
van_genuchten_converged = _converged(
    "van_genuchten_converged", advance_cells, cell_step, HOURS_PER_DAY, cell_setup
)
swim3_converged = _converged("swim3_converged", advance_nodes, node_step, 1.0, node_setup)
swim3_apsim = _apsim("swim3_apsim", swim3_nodes.KIND_SWIM3)
van_genuchten_apsim = _apsim("van_genuchten_apsim", swim3_nodes.KIND_VAN_GENUCHTEN)
