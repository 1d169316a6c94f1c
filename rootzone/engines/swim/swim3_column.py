"""One column over all its days by SWIM3's own step rules: the stepping ``apsim``.

Physics ``swim3`` gives APSIM's answers. The same nodes and rules with van Genuchten's curves are
:func:`run_column_van_genuchten`.
"""

from __future__ import annotations

import math

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import kernel
from rootzone.engines.swim import forcing, layout, swim3_curves, swim3_setup, swim3_steps
from rootzone.engines.swim import swim3_nodes as nodes


def work_size(n_layer: int) -> int:
    """Length of the scratch array that a column of ``n_layer`` layers needs."""
    return n_layer * swim3_curves.N_COEF + (n_layer + 1) * nodes.N_NODE + swim3_steps.N_MARCH


@kernel
def spill_pond(node: FloatArray, march: FloatArray, pond_max_cm: float) -> float:
    """Let the pond above its limit run off; return that depth [cm]. SWIM3 itself has no limit."""
    over: float = march[nodes.POND] - pond_max_cm
    if over <= 0.0:
        return 0.0
    march[nodes.POND] = pond_max_cm
    node[nodes.P, 0] = nodes.P_SATURATED + pond_max_cm / nodes.PSI_SCALE_CM
    return over


@kernel
def run_day(
    kind: int,
    coef: FloatArray,
    node: FloatArray,
    march: FloatArray,
    settings: FloatArray,
    rain_mm: float,
    ep_mm: float,
    daily: FloatArray,
) -> int:
    """Advance the column through one day and add up its fluxes; return the status.

    Infiltration is what enters the soil before evaporation takes its part; APSIM's own output of
    that name is less by ``es``.

    Parameters
    ----------
    rain_mm, ep_mm : float
        Rain left after curve-number runoff and potential evaporation after cover [mm d-1].
    daily : array, shape (N_DAILY,)
        One row of ``daily_out``; fluxes are added to it.
    """
    n = coef.shape[0]
    rain_end = forcing.window_end_h(
        settings[layout.SET_RAIN_START_H], settings[layout.SET_RAIN_HOURS]
    )
    now_h = 0.0
    while now_h < forcing.HOURS_PER_DAY:
        dt = swim3_steps.choose_dt(march, settings, now_h, rain_mm, rain_end)
        if dt <= 0.0:
            return layout.ZERO_TIME_STEP
        taken = swim3_steps.take_step(kind, coef, node, march, settings, now_h, dt, rain_mm, ep_mm)
        if taken <= 0.0:
            return layout.NO_CONVERGENCE
        march[swim3_steps.FIRST] = 0.0
        march[swim3_steps.HAD_RAIN] = march[nodes.RAIN_RATE]
        march[swim3_steps.LARGEST_FLUX] = swim3_steps.largest_flux(node, march, n)
        mm = 10.0 * taken
        daily[layout.RUNOFF_MM] += march[nodes.RUNOFF] * mm
        daily[layout.DRAINAGE_MM] += node[nodes.Q, n] * mm
        daily[layout.ES_MM] += march[nodes.EVAPORATION] * mm
        daily[layout.INFILTRATION_MM] += (node[nodes.Q, 0] + march[nodes.EVAPORATION]) * mm
        daily[layout.RUNOFF_MM] += 10.0 * spill_pond(
            node, march, 0.1 * settings[layout.SET_POND_MAX_MM]
        )
        daily[layout.STEPS] += 1.0
        rest = forcing.HOURS_PER_DAY - (now_h + taken)
        now_h = now_h + taken if rest > swim3_steps.END_OF_DAY_H else forcing.HOURS_PER_DAY
    return layout.OK


@kernel
def run_days(
    kind: int,
    layers: FloatArray,
    theta_initial: FloatArray,
    weather: FloatArray,
    settings: FloatArray,
    theta_out: FloatArray,
    daily_out: FloatArray,
    work: FloatArray,
) -> tuple[int, int, int]:
    """Run one column over all days of ``weather``; see :func:`run_column`."""
    n = layers.shape[0]
    n_coef = n * swim3_curves.N_COEF
    n_node = (n + 1) * nodes.N_NODE
    coef = work[:n_coef].reshape((n, swim3_curves.N_COEF))
    node = work[n_coef : n_coef + n_node].reshape((nodes.N_NODE, n + 1))
    march = work[n_coef + n_node : n_coef + n_node + swim3_steps.N_MARCH]
    march[:] = 0.0
    march[swim3_steps.FIRST] = 1.0
    if not swim3_setup.layers_are_ordered(kind, layers, theta_initial):
        return layout.BAD_STATE, 0, 0
    march[swim3_steps.REPAIRS] = swim3_setup.prepare(
        kind, layers, theta_initial, settings, coef, node
    )
    ep_share = forcing.cover_factor(0.0, settings[layout.SET_RESIDUE_COVER])
    cn2 = swim3_setup.effective_curve_number(settings)
    for day in range(weather.shape[0]):
        stored_cm = swim3_setup.water_cm(coef, node, nodes.THETA) + march[nodes.POND]
        rain_mm = weather[day, layout.RAIN_MM]
        runoff_mm = swim3_setup.morning_runoff_mm(coef, node, nodes.THETA, rain_mm, cn2)
        daily = daily_out[day]
        daily[:] = 0.0
        daily[layout.RUNOFF_MM] = runoff_mm
        march[swim3_steps.EVALUATIONS] = 0.0
        ep_mm = weather[day, layout.EO_MM] * ep_share
        status = run_day(kind, coef, node, march, settings, rain_mm - runoff_mm, ep_mm, daily)
        if status != layout.OK:
            daily[:] = math.nan
            return status, day, int(march[swim3_steps.REPAIRS])
        for i in range(n):
            theta_out[day, i] = node[nodes.THETA, i]
        pond_cm = march[nodes.POND]
        gain_mm = 10.0 * (swim3_setup.water_cm(coef, node, nodes.THETA) + pond_cm - stored_cm)
        daily[layout.POND_MM] = 10.0 * pond_cm
        daily[layout.EVALUATIONS] = march[swim3_steps.EVALUATIONS]
        lost_mm = daily[layout.RUNOFF_MM] + daily[layout.DRAINAGE_MM] + daily[layout.ES_MM]
        daily[layout.BALANCE_ERROR_MM] = rain_mm - lost_mm - gain_mm
    return layout.OK, -1, int(march[swim3_steps.REPAIRS])


@kernel
def run_column(
    layers: FloatArray,
    theta_initial: FloatArray,
    weather: FloatArray,
    settings: FloatArray,
    theta_out: FloatArray,
    daily_out: FloatArray,
    work: FloatArray,
) -> tuple[int, int, int]:
    """Run one column by physics ``swim3`` and stepping ``apsim``.

    Parameters
    ----------
    layers : array, shape (layer, N_SWIM3)
        Thickness [mm], LL15, DUL, SAT [m3 m-3], KS, KDul [mm d-1], PSIDul [cm].
    theta_initial, weather, settings, theta_out, daily_out : array
        As in :mod:`rootzone.engines.swim.layout`.
    work : array, shape (work_size(layer),)
        Scratch.

    Returns
    -------
    status, fail_day, repairs : int
        How the run ended, the day it failed on (-1: none), and the bits of mended faults.
    """
    return run_days(
        nodes.KIND_SWIM3,
        layers,
        theta_initial,
        weather,
        settings,
        theta_out,
        daily_out,
        work,
    )


@kernel
def run_column_van_genuchten(
    layers: FloatArray,
    theta_initial: FloatArray,
    weather: FloatArray,
    settings: FloatArray,
    theta_out: FloatArray,
    daily_out: FloatArray,
    work: FloatArray,
) -> tuple[int, int, int]:
    """Run one column by physics ``van_genuchten`` and stepping ``apsim``: N_VG columns of layers.

    Otherwise as :func:`run_column`.
    """
    return run_days(
        nodes.KIND_VAN_GENUCHTEN,
        layers,
        theta_initial,
        weather,
        settings,
        theta_out,
        daily_out,
        work,
    )
