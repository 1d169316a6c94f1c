"""A column through its days, written once: weather in, water contents and daily sums out.

:func:`run_column` and :func:`run_periods` are texts, not kernels: ``columns.py`` makes a kernel of
them for each pair of physics and stepping, with the names below bound to that pair's functions
(``_shared.jit.instance``). A pair brings

``set_up(layers, theta_initial, settings, work)``
    Lay out the state in the scratch: cells, tables, control, per_layer, the number of cells, and a
    status that is not ``layout.OK`` for a soil that cannot run.
``run_day(cells, n, tables, control, settings, rain_mm, demand_mm)``
    Move the water of one day; returns a status.
``read_layers(cells, n, tables, per_layer, n_layer)``
    Layers' water contents into ``per_layer``; returns the water stored [cm].
``read_depths(cells, n, settings, daily)``
    Water content at the depths that follow the settings, behind the daily columns.
``MM_PER_SUM``
    Millimetres in one unit of the sums that its steps keep.
"""

from __future__ import annotations

from collections.abc import Callable

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import kernel, slot
from rootzone._shared.units import MM_PER_CM
from rootzone.engines.plants import stress
from rootzone.engines.swim import forcing, layout, state, surface

set_up: Callable[..., tuple[FloatArray, FloatArray, FloatArray, FloatArray, int, int]] = slot()
run_day: Callable[..., int] = slot()
read_layers: Callable[..., float] = slot()
read_depths: Callable[..., None] = slot()
advance: Callable[..., None] = slot()
settle: Callable[..., None] = slot()
commit: Callable[..., None] = slot()
MM_PER_SUM: float = slot()
HOURS_PER_UNIT: float = slot()
_NO_TIME_H = 1e-9


def run_periods(
    cells: FloatArray,
    n: int,
    tables: FloatArray,
    control: FloatArray,
    settings: FloatArray,
    rain_mm: float,
    demand_mm: float,
) -> int:
    """One day, in the periods of constant weather that its rain and demand windows cut it into.

    ``advance(cells, n, tables, control, duration)`` marches over one period, ``HOURS_PER_UNIT`` is
    its unit of time in hours, and ``settle(cells, n, control)`` ends the day.

    Nothing changes at midnight of a dry night, so a step may go on into the next morning. Fluxes
    are constant over a step, so water and sums are split there exactly: ``commit`` moves the rest.
    """
    rain_from = settings[layout.SET_RAIN_START_H]
    rain_to = forcing.window_end_h(rain_from, settings[layout.SET_RAIN_HOURS])
    demand_from = settings[layout.SET_EO_START_H]
    demand_to = forcing.window_end_h(demand_from, settings[layout.SET_EO_HOURS])
    rain_cm, demand_cm = rain_mm / MM_PER_CM, demand_mm / MM_PER_CM
    uptake_cm = control[state.UPTAKE_TODAY]
    hour = 0.0
    if control[state.CARRIED] > 0.0:
        commit(cells, n, control, control[state.CARRIED], control[state.CARRIED_SIGMA])
        hour = control[state.CARRIED] * HOURS_PER_UNIT
        control[state.CARRIED] = 0.0
        control[state.STEPS] = 0.0  # it was counted yesterday
    while hour < forcing.HOURS_PER_DAY - _NO_TIME_H:
        until = forcing.HOURS_PER_DAY
        control[state.RAIN] = 0.0
        control[state.DEMAND] = 0.0
        control[state.UPTAKE_DEMAND] = 0.0
        if rain_cm > 0.0:
            until = forcing.next_change_h(hour, rain_from, rain_to, until)
            if rain_from <= hour < rain_to:
                control[state.RAIN] = rain_cm * HOURS_PER_UNIT / (rain_to - rain_from)
        if demand_cm > 0.0 or uptake_cm > 0.0:
            until = forcing.next_change_h(hour, demand_from, demand_to, until)
            if demand_from <= hour < demand_to:
                per_unit = HOURS_PER_UNIT / (demand_to - demand_from)
                control[state.DEMAND] = demand_cm * HOURS_PER_UNIT / (demand_to - demand_from)
                control[state.UPTAKE_DEMAND] = uptake_cm * per_unit
        quiet = control[state.RAIN] + control[state.DEMAND] + control[state.UPTAKE_DEMAND] <= 0.0
        control[state.BEYOND] = 0.0
        if quiet and control[state.POND] <= 0.0 and until >= forcing.HOURS_PER_DAY:
            control[state.BEYOND] = control[state.MORNING] / HOURS_PER_UNIT
        if until - hour > _NO_TIME_H:
            advance(cells, n, tables, control, (until - hour) / HOURS_PER_UNIT)
        hour = until
    settle(cells, n, control)
    return layout.OK


def run_column(
    layers: FloatArray,
    theta_initial: FloatArray,
    weather: FloatArray,
    settings: FloatArray,
    theta_out: FloatArray,
    daily_out: FloatArray,
    work: FloatArray,
) -> tuple[int, int, int]:
    """Run one column; arrays as :mod:`rootzone.engines.swim.layout` says.

    Returns
    -------
    status, fail_day, repairs : int
        ``layout.OK`` or how the run ended, the day of failure or -1, ``layout.REPAIR_*`` bits.
    """
    n_layer = layers.shape[0]
    cells, tables, control, per_layer, n, status = set_up(layers, theta_initial, settings, work)
    if status != layout.OK:
        return status, 0, 0
    curve_number = surface.effective_curve_number(settings)
    demand_share = surface.demand_share(settings)
    stored = read_layers(cells, n, tables, per_layer, n_layer)
    for day in range(weather.shape[0]):
        rain_mm = weather[day, layout.RAIN_MM]
        shed_mm = surface.morning_runoff_mm(per_layer, n_layer, rain_mm, curve_number)
        for entry in range(state.FIRST_SUM, state.LAST_SUM + 1):
            control[entry] = 0.0
        pond = control[state.POND]
        demand_mm = demand_share * weather[day, layout.EO_MM]
        if weather.shape[1] > layout.TRANSPIRATION_MM:
            uptake_cm = weather[day, layout.TRANSPIRATION_MM] / MM_PER_CM
            control[state.UPTAKE_TODAY] = uptake_cm
            if settings[layout.SET_STRESS_KIND] == layout.STRESS_FEDDES:
                control[state.STRESS_3] = stress.feddes_third_head(
                    uptake_cm,
                    settings[layout.SET_STRESS_3_HIGH],
                    settings[layout.SET_STRESS_3_LOW],
                )
        control[state.MORNING] = 0.0
        if day + 1 < weather.shape[0]:
            control[state.MORNING] = quiet_morning_h(weather[day + 1], demand_share, settings)
        status = run_day(cells, n, tables, control, settings, rain_mm - shed_mm, demand_mm)
        now = read_layers(cells, n, tables, per_layer, n_layer)
        if status == layout.OK and not abs(now) < 1e300:
            status = layout.BAD_STATE
        if status != layout.OK:
            return status, day, int(control[state.REPAIRS])
        for k in range(n_layer):
            theta_out[day, k] = per_layer[state.LAYER_THETA * n_layer + k]
        gain_mm = MM_PER_CM * (now - stored)
        stored = now
        write_day(daily_out[day], control, MM_PER_SUM, rain_mm, shed_mm, pond, gain_mm)
        read_depths(cells, n, settings, daily_out[day])
    if control[state.FALLBACKS] > 0.0:
        control[state.REPAIRS] = int(control[state.REPAIRS]) | layout.REPAIR_EXPLICIT_STEP
    return layout.OK, -1, int(control[state.REPAIRS])


@kernel
def quiet_morning_h(weather: FloatArray, demand_share: float, settings: FloatArray) -> float:
    """Hours of a day before its rain, evaporation or uptake begins; 0 where rain falls at all."""
    if weather[layout.RAIN_MM] > 0.0:
        return 0.0
    wanted = demand_share * weather[layout.EO_MM]
    if weather.shape[0] > layout.TRANSPIRATION_MM:
        wanted += weather[layout.TRANSPIRATION_MM]
    return settings[layout.SET_EO_START_H] if wanted > 0.0 else forcing.HOURS_PER_DAY


@kernel
def write_day(
    daily: FloatArray,
    control: FloatArray,
    mm_per_sum: float,
    rain_mm: float,
    shed_mm: float,
    pond_before_cm: float,
    gain_mm: float,
) -> None:
    """One row of daily sums and states.

    Infiltration is what crossed the surface net of evaporation, the balance of the surface: rain -
    runoff - es - growth of the pond, the same whichever solver ran. The balance error is what the
    solver gained out of nothing.

    Parameters
    ----------
    daily : array, shape (N_DAILY,)
        Filled.
    control : array
        Sums of the day.
    mm_per_sum : float
        Millimetres in one unit of those sums.
    rain_mm, shed_mm : float
        Rain of the day, and what the curve number sent off [mm d-1].
    pond_before_cm : float
        Pond at the start of the day [cm].
    gain_mm : float
        Growth of the water in the soil [mm d-1].
    """
    runoff_mm = shed_mm + mm_per_sum * control[state.SUM_RUNOFF]
    drainage_mm = mm_per_sum * control[state.SUM_DRAINAGE]
    es_mm = mm_per_sum * control[state.SUM_EVAPORATION]
    uptake_mm = mm_per_sum * control[state.SUM_UPTAKE]
    pond_mm = MM_PER_CM * control[state.POND]
    pond_gain_mm = pond_mm - MM_PER_CM * pond_before_cm
    entered_mm = rain_mm - runoff_mm - es_mm - pond_gain_mm
    daily[layout.RUNOFF_MM] = runoff_mm
    daily[layout.DRAINAGE_MM] = drainage_mm
    daily[layout.ES_MM] = es_mm
    daily[layout.UPTAKE_MM] = uptake_mm
    daily[layout.INFILTRATION_MM] = entered_mm
    daily[layout.POND_MM] = pond_mm
    daily[layout.BALANCE_ERROR_MM] = entered_mm - drainage_mm - uptake_mm - gain_mm
    daily[layout.STEPS] = control[state.STEPS]
    daily[layout.EVALUATIONS] = control[state.EVALUATIONS]
