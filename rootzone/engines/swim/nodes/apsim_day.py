"""One day of SWIM3's nodes by SWIM3's own step rules: the stepping ``apsim``.

Physics ``swim3`` gives APSIM's answers; the same nodes and rules take van Genuchten's curves too.
"""

from __future__ import annotations

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import kernel, slot
from rootzone._shared.units import MM_PER_CM
from rootzone.engines.swim import forcing, layout, state
from rootzone.engines.swim.nodes import apsim_steps, curves, nodes, setup

KIND: int = slot()


def work_size(n_layer: int) -> int:
    """Length of the scratch array that a column of ``n_layer`` layers needs."""
    per_node = n_layer * (curves.N_COEF + state.N_LAYER_ROW) + (n_layer + 1) * nodes.N_NODE
    return per_node + apsim_steps.N_MARCH


@kernel
def spill_pond(node: FloatArray, march: FloatArray, pond_max_cm: float) -> float:
    """Let the pond above its limit run off; return that depth [cm]. SWIM3 itself has no limit."""
    over: float = march[nodes.POND] - pond_max_cm
    if over <= 0.0:
        return 0.0
    march[nodes.POND] = pond_max_cm
    node[nodes.P, 0] = nodes.P_SATURATED + pond_max_cm / nodes.PSI_SCALE_CM
    return over


def run_day(
    node: FloatArray,
    n: int,
    coef: FloatArray,
    march: FloatArray,
    settings: FloatArray,
    rain_mm: float,
    ep_mm: float,
) -> int:
    """Advance the column through one day and add up its fluxes [mm]; return the status.

    A text for ``columns.py``, which binds ``KIND`` to the curves of one physics.

    Parameters
    ----------
    node, n, coef, march
        State of the nodes, their number, coefficients of their curves, and ``control``.
    rain_mm, ep_mm : float
        Rain left after curve-number runoff and potential evaporation after cover [mm d-1].
    """
    rain_end = forcing.window_end_h(
        settings[layout.SET_RAIN_START_H], settings[layout.SET_RAIN_HOURS]
    )
    now_h = 0.0
    while now_h < forcing.HOURS_PER_DAY:
        dt = apsim_steps.choose_dt(march, settings, now_h, rain_mm, rain_end)
        if dt <= 0.0:
            return layout.ZERO_TIME_STEP
        taken = apsim_steps.take_step(KIND, coef, node, march, settings, now_h, dt, rain_mm, ep_mm)
        if taken <= 0.0:
            return layout.NO_CONVERGENCE
        march[apsim_steps.FIRST] = 0.0
        march[apsim_steps.HAD_RAIN] = march[nodes.RAIN_RATE]
        march[apsim_steps.LARGEST_FLUX] = apsim_steps.largest_flux(node, march, n)
        mm = MM_PER_CM * taken
        march[state.SUM_RUNOFF] += march[nodes.RUNOFF] * mm
        march[state.SUM_DRAINAGE] += node[nodes.Q, n] * mm
        march[state.SUM_EVAPORATION] += march[nodes.EVAPORATION] * mm
        pond_max_cm = settings[layout.SET_POND_MAX_MM] / MM_PER_CM
        march[state.SUM_RUNOFF] += MM_PER_CM * spill_pond(node, march, pond_max_cm)
        march[state.STEPS] += 1.0
        rest = forcing.HOURS_PER_DAY - (now_h + taken)
        now_h = now_h + taken if rest > apsim_steps.END_OF_DAY_H else forcing.HOURS_PER_DAY
    return layout.OK


def set_up(
    layers: FloatArray, theta_initial: FloatArray, settings: FloatArray, work: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, int, int]:
    """Lay out a column in its scratch: node, coef, march, per_layer, nodes, status.

    A text for ``columns.py``, as :func:`run_day`.
    """
    n = layers.shape[0]
    n_coef = n * curves.N_COEF
    n_node = (n + 1) * nodes.N_NODE
    coef = work[:n_coef].reshape((n, curves.N_COEF))
    node = work[n_coef : n_coef + n_node].reshape((nodes.N_NODE, n + 1))
    end = n_coef + n_node
    march = work[end : end + apsim_steps.N_MARCH]
    end += apsim_steps.N_MARCH
    per_layer = work[end : end + state.N_LAYER_ROW * n]
    march[:] = 0.0
    march[apsim_steps.FIRST] = 1.0
    if not setup.layers_are_ordered(KIND, layers, theta_initial):
        return node, coef, march, per_layer, n, layout.BAD_STATE
    repairs = setup.prepare(KIND, layers, theta_initial, settings, coef, node)
    march[state.REPAIRS] = repairs
    setup.fill_layers(layers, coef, settings, per_layer)
    return node, coef, march, per_layer, n, layout.OK


@kernel
def read_layers(
    node: FloatArray, n: int, coef: FloatArray, per_layer: FloatArray, n_layer: int
) -> float:
    """Water content of each layer; returns the water stored [cm]."""
    stored = 0.0
    for i in range(n):
        per_layer[state.LAYER_THETA * n_layer + i] = node[nodes.THETA, i]
        stored += node[nodes.THETA, i] * coef[i, curves.DX_CM]
    return stored
