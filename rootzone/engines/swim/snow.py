"""Winter as a step between the weather and the soil: a snow store and frozen ground.

Both are off by default, because APSIM has neither and takes every precipitation as rain. They
change the weather that the soil sees; the soil engine itself does not know about them.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field

import numpy as np

from rootzone._shared.arrays import FloatArray, IntArray
from rootzone._shared.jit import kernel
from rootzone.engines.swim.settings import SwimSettings

# Insulation by snow in the frozen ground index, per cm of snow: cold enters more slowly than heat
# (Molnau and Bissell 1983).
_COLD_PER_CM = 0.5
_WARM_PER_CM = 0.08
_INSULATION = 0.4


@dataclass(frozen=True)
class SoilForcing:
    """What reaches the soil, and where the rest of the precipitation is.

    Parameters
    ----------
    weather : array, shape (day, 2 or 3)
        Water reaching the soil, potential evaporation, and under a canopy what roots would take
        [mm d-1].
    snow_mm : array, shape (day,)
        Water in the snow store at the end of each day [mm].
    blocked_mm : array, shape (day,)
        Water that frozen ground sent off as runoff [mm d-1].
    interception_mm : array, shape (day,), or empty
        Rain that evaporated from leaves and litter [mm d-1].
    canopy_mm : array, shape (day,), or empty
        Rain on leaves and litter at the end of each day [mm].
    """

    weather: FloatArray
    snow_mm: FloatArray
    blocked_mm: FloatArray
    interception_mm: FloatArray = field(default_factory=lambda: np.zeros(0))
    canopy_mm: FloatArray = field(default_factory=lambda: np.zeros(0))


def winter_forcing(
    rain_mm: FloatArray,
    eo_mm: FloatArray,
    tmax_degc: FloatArray,
    tmin_degc: FloatArray,
    day_start: IntArray,
    settings: SwimSettings,
) -> SoilForcing:
    """Pass the weather of every cell through the snow store and the frozen ground index.

    Precipitation of each day = water to the soil + blocked + change of the snow store, exactly.

    Parameters
    ----------
    rain_mm, eo_mm : array, shape (day,)
        Precipitation and potential evaporation [mm d-1], cell after cell.
    tmax_degc, tmin_degc : array, shape (day,)
        Daily extremes of air temperature [degC]; their mean decides.
    day_start : array of int, shape (cell + 1,)
        Where each cell's days begin; each starts without snow or frost.
    settings : SwimSettings
        Switches and parameters.
    """
    n = len(rain_mm)
    out = SoilForcing(np.empty((n, 2)), np.zeros(n), np.zeros(n))
    mean_degc = 0.5 * (tmax_degc + tmin_degc)
    for first, last in itertools.pairwise(day_start):
        part = slice(int(first), int(last))
        _fill_winter(
            rain_mm[part],
            eo_mm[part],
            mean_degc[part],
            settings.snow,
            settings.snow_below_degc,
            settings.snow_melt_above_degc,
            settings.snow_melt_mm_degc,
            settings.snow_density,
            settings.frozen_soil,
            settings.frozen_above_degc_d,
            settings.frozen_decay,
            out.weather[part],
            out.snow_mm[part],
            out.blocked_mm[part],
        )
    return out


@kernel
def melt_mm(snow_mm: float, mean_degc: float, above_degc: float, factor_mm_degc: float) -> float:
    """Melt of a day by the degree-day method, M = f (T - T0), never more than there is.

    Parameters
    ----------
    snow_mm : float
        Water in the store [mm].
    mean_degc, above_degc : float
        Mean temperature of the day and the one at which melt begins [degC].
    factor_mm_degc : float
        Degree-day factor [mm degC-1 d-1]; 1.6 to 6, and 2.74 where nothing better is known
        (USDA National Engineering Handbook 630, chapter 11).
    """
    return min(snow_mm, max(0.0, factor_mm_degc * (mean_degc - above_degc)))


@kernel
def next_frozen_index(
    index_degc_d: float, mean_degc: float, snow_depth_cm: float, decay: float
) -> float:
    r"""Continuous frozen ground index of the next day.

    .. math:: F_t = \max(0, A F_{t-1} - T e^{-0.4 K D})

    with K = 0.5 cm-1 below 0 degC and 0.08 cm-1 above, D the snow depth [cm] and A the decay.
    Ground counts as frozen above about 83 degC d.

    References
    ----------
    Molnau and Bissell (1983), A continuous frozen ground index for flood forecasting, Western
    Snow Conference 51:109
    """
    per_cm = _COLD_PER_CM if mean_degc < 0.0 else _WARM_PER_CM
    pulse = mean_degc * math.exp(-_INSULATION * per_cm * snow_depth_cm)
    return max(0.0, decay * index_degc_d - pulse)


@kernel
def _fill_winter(
    rain_mm: FloatArray,
    eo_mm: FloatArray,
    mean_degc: FloatArray,
    with_snow: bool,
    snow_below_degc: float,
    melt_above_degc: float,
    melt_factor: float,
    snow_density: float,
    with_frost: bool,
    frozen_above: float,
    decay: float,
    weather: FloatArray,
    snow_out: FloatArray,
    blocked: FloatArray,
) -> None:
    snow_mm = 0.0
    index = 0.0
    for day in range(rain_mm.shape[0]):
        water_mm = rain_mm[day]
        demand_mm = eo_mm[day]
        if with_snow:
            if mean_degc[day] <= snow_below_degc:
                snow_mm += water_mm
                water_mm = 0.0
            melted = melt_mm(snow_mm, mean_degc[day], melt_above_degc, melt_factor)
            snow_mm -= melted
            water_mm += melted
            # The day's energy goes to the snow; soil under it does not evaporate.
            if snow_mm > 0.0:
                demand_mm = 0.0
        if with_frost:
            depth_cm = 0.1 * snow_mm / snow_density
            index = next_frozen_index(index, mean_degc[day], depth_cm, decay)
            if index > frozen_above:
                blocked[day] = water_mm
                water_mm = 0.0
                demand_mm = 0.0
        weather[day, 0] = water_mm
        weather[day, 1] = demand_mm
        snow_out[day] = snow_mm
