"""How much of what roots ask for a soil gives: three functions of its water, 0 to 1 each.

Each gives its value and its slope, for Newton's method: by water content the first, by suction the
others.
"""

from __future__ import annotations

import math

from rootzone._shared.jit import inner_kernel

# Feddes's third head moves with demand between these [cm d-1].
LOW_DEMAND_CM_D = 0.1
HIGH_DEMAND_CM_D = 0.5


@inner_kernel
def available_water_stress(
    theta: float, wilting: float, stressed_below: float
) -> tuple[float, float]:
    """FAO-56's stress: 1 above a water content, falling in a line to 0 at wilting.

    Parameters
    ----------
    theta : float
        Water content [m3 m-3].
    wilting, stressed_below : float
        Water contents at which nothing and everything is given [m3 m-3].

    Returns
    -------
    given, slope : float
        0 to 1, and its slope in theta.

    References
    ----------
    Allen et al. (1998), FAO-56, Eq. 84

    Examples
    --------
    >>> available_water_stress(0.15, 0.10, 0.20)[0]
    0.5
    """
    per = 1.0 / (stressed_below - wilting)
    given = (theta - wilting) * per
    inside = 0.0 < given < 1.0
    given = given if given < 1.0 else 1.0
    return (given if given > 0.0 else 0.0), (per if inside else 0.0)


@inner_kernel
def feddes_third_head(demand_cm_d: float, high_cm: float, low_cm: float) -> float:
    """Suction at which stress sets in: earlier the more is asked for [cm].

    >>> feddes_third_head(0.3, 200.0, 800.0)
    500.0
    """
    share = (demand_cm_d - LOW_DEMAND_CM_D) / (HIGH_DEMAND_CM_D - LOW_DEMAND_CM_D)
    share = share if share > 0.0 else 0.0
    share = share if share < 1.0 else 1.0
    return low_cm + share * (high_cm - low_cm)


@inner_kernel
def feddes_stress(
    suction_cm: float, h1: float, h2: float, h3: float, h4: float
) -> tuple[float, float]:
    """Feddes's stress: 0 wetter than h1, 1 from h2 to h3, 0 drier than h4, lines between.

    Parameters
    ----------
    suction_cm : float
        Minus the head [cm].
    h1, h2, h3, h4 : float
        Suctions [cm], rising; h1 = h2 = 0 leaves out what wet soil does to roots.

    Returns
    -------
    given, slope : float
        0 to 1, and its slope in the suction [cm-1].

    References
    ----------
    Feddes, Kowalik and Zaradny (1978); heads after Wesseling et al. (1991)

    Examples
    --------
    >>> feddes_stress(4100.0, 10.0, 25.0, 200.0, 8000.0)[0]
    0.5
    """
    given, slope = 1.0, 0.0
    if suction_cm >= h4:
        given = 0.0
    elif suction_cm > h3:
        slope = -1.0 / (h4 - h3)
        given = (suction_cm - h4) * slope
    elif suction_cm < h2:
        slope = 1.0 / (h2 - h1)
        given = (suction_cm - h1) * slope
        if given <= 0.0:
            given, slope = 0.0, 0.0
    return given, slope


@inner_kernel
def _power(x: float, p: float) -> float:
    """Power p of x above 0; whole small ones by products, for pow takes as long as a cell does."""
    whole = int(p)
    if whole == p and whole <= 8:
        out = 1.0
        for _ in range(whole):
            out *= x
        return out
    return math.exp(p * math.log(x))


@inner_kernel
def s_shape_stress(suction_cm: float, h50_cm: float, p: float) -> tuple[float, float]:
    """Van Genuchten's S-shape: 1 / (1 + (h / h50)^p).

    Parameters
    ----------
    suction_cm : float
        Minus the head [cm]; saturated soil gives everything.
    h50_cm : float
        Suction at which half is given [cm].
    p : float
        Steepness [-], 3 for most crops.

    Returns
    -------
    given, slope : float
        0 to 1, and its slope in the suction [cm-1].

    References
    ----------
    van Genuchten (1987), A numerical model for water and solute movement in and below the root
    zone, USSL research report 121

    Examples
    --------
    >>> s_shape_stress(800.0, 800.0, 3.0)[0]
    0.5
    """
    if suction_cm <= 0.0:
        return 1.0, 0.0
    power = _power(suction_cm / h50_cm, p)
    given: float = 1.0 / (1.0 + power)
    return given, -p * power * given * given / suction_cm
