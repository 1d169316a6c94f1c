"""What roots take from SWIM3's nodes, see ``swim/roots.py``."""

from __future__ import annotations

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import inner_kernel, instance, kernel
from rootzone.engines.swim import roots
from rootzone.engines.swim.nodes import state as at
from rootzone.engines.swim.nodes.table import psi_of_p


@inner_kernel
def suction_of(cells: FloatArray, i: int) -> tuple[float, float]:
    """Suction of a node [cm] and its slope in p."""
    psi, slope = psi_of_p(cells[at.P + i])
    return -psi, -slope


set_sinks = inner_kernel(instance(roots.set_sinks, "set_sinks_nodes", at=at, suction_of=suction_of))
plant_roots = kernel(instance(roots.plant_roots, "plant_roots_nodes", at=at))
residual_at_wilting = inner_kernel(
    instance(roots.residual_at_wilting, "residual_at_wilting_nodes", at=at)
)
uptake = inner_kernel(instance(roots.uptake, "uptake_nodes", at=at))
