"""What roots take from the cells, see ``swim/roots.py``."""

from __future__ import annotations

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import inner_kernel, instance, kernel
from rootzone.engines.swim import roots
from rootzone.engines.swim.cells import state as at


@inner_kernel
def suction_of(cells: FloatArray, i: int) -> tuple[float, float]:
    """Suction of a cell [cm] and its slope in u."""
    return -cells[at.HEAD + i], -cells[at.HEAD_SLOPE + i]


set_sinks = inner_kernel(instance(roots.set_sinks, "set_sinks_cells", at=at, suction_of=suction_of))
plant_roots = kernel(instance(roots.plant_roots, "plant_roots_cells", at=at))
residual_at_wilting = inner_kernel(
    instance(roots.residual_at_wilting, "residual_at_wilting_cells", at=at)
)
uptake = inner_kernel(instance(roots.uptake, "uptake_cells", at=at))


@kernel
def clear_sinks(cells: FloatArray, n: int) -> None:
    """No cell gives water to roots."""
    for i in range(n):
        cells[at.SINK + i] = 0.0
        cells[at.SINK_SLOPE + i] = 0.0
        cells[at.SINK_START + i] = 0.0
        cells[at.ROOT_SHARE + i] = 0.0
