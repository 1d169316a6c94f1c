r"""Permittivity of moist soil after Mironov: 2009 for any microwave frequency, 2013 for L band.

Both give the complex refractive index :math:`n + ik` as a straight line in water content with a
bend where bound water ends, and differ in their constants only. What depends on clay (and
temperature) alone is formed once, as `Constants`; a retrieval then needs seven numbers a cell.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from rootzone.surface.physics.both import Field, at_least, at_most, sqrt

L_BAND_HZ: Final = 1.41e9
_EPS_0: Final = 8.854e-12  # vacuum, F m-1; the value of the published codes, not CODATA's
_EPS_INF: Final = 4.9  # water far above its relaxation


class Constants(NamedTuple):
    """What a soil's permittivity needs besides its water.

    Attributes
    ----------
    n_dry, k_dry : field
        Refractive index and attenuation of dry soil [-].
    bound_limit : field
        Largest content of bound water [m3 m-3].
    n_bound, k_bound, n_free, k_free : field
        Index and attenuation of bound and of free water [-], at the sensor's frequency.
    """

    n_dry: Field
    k_dry: Field
    bound_limit: Field
    n_bound: Field
    k_bound: Field
    n_free: Field
    k_free: Field


def mironov2009_constants(clay_pct: Field, f_hz: float = L_BAND_HZ) -> Constants:
    """Constants at about 20 degC; NASA's retrievals from SMAP use these.

    Parameters
    ----------
    clay_pct : field
        Clay [% by weight], 0 to about 76.
    f_hz : float
        Frequency [Hz], 0.3e9 to 26.5e9.

    References
    ----------
    Mironov, Kosolapova and Fomin (2009), doi:10.1109/TGRS.2008.2011631. Checked through 2,022
    retrievals of SMAP release R18, see ``tests/surface/physics/test_retrieve.py``.
    """
    clay = clay_pct
    bound = _debye(
        79.8 - 85.4e-2 * clay + 32.7e-4 * clay**2,
        1.062e-11 + 3.450e-14 * clay,
        0.3112 + 0.467e-2 * clay,
        f_hz,
    )
    free = _debye(100.0 + 0.0 * clay, 8.5e-12, 0.3631 + 1.217e-2 * clay, f_hz)
    return Constants(
        1.634 - 0.539e-2 * clay + 0.2748e-4 * clay**2,
        0.03952 - 0.04038e-2 * clay,
        0.02863 + 0.30673e-2 * clay,
        *bound,
        *free,
    )


def mironov2013_constants(clay_pct: Field, t_degc: Field) -> Constants:
    """Constants at 1.4 GHz with the soil's temperature.

    An option, not what NASA ran: its retrievals differ by 5e-4 m3 m-3 in the median. Two public
    codes disagree in two coefficients; these are the pair that agrees with the form of 2009.

    Parameters
    ----------
    clay_pct : field
        Clay [% by weight].
    t_degc : field
        Soil temperature [degC], 10 to 40.

    References
    ----------
    Mironov, Kerr, Wigneron, Kosolapova and Demontoux (2013), doi:10.1109/LGRS.2012.2207878
    """
    c, t = clay_pct, t_degc
    return Constants(
        1.634 - 0.00539 * c + 2.75e-5 * c**2,
        0.0395 - 4.038e-4 * c,
        0.0286 + 0.00307 * c,
        8.86 + 0.00321 * t + (-0.0644 + 7.96e-4 * t) * c + (2.97e-4 - 9.6e-6 * t) * c**2,
        0.738 - 0.00903 * t + 8.57e-5 * t**2 + (-0.00215 + 1.47e-4 * t) * c
        + (7.36e-5 - 1.03e-6 * t + 1.05e-8 * t**2) * c**2,
        10.3 - 0.0173 * t + (6.5e-4 + 8.82e-5 * t) * c + (-6.34e-6 - 6.32e-7 * t) * c**2,
        0.7 - 0.017 * t + 1.78e-4 * t**2 + (0.0161 + 7.25e-4 * t) * c
        + (-1.46e-4 - 6.03e-6 * t - 7.87e-9 * t**2) * c**2,
    )  # fmt: skip


def permittivity(theta: Field, soil: Constants) -> tuple[Field, Field]:
    r"""Real and imaginary part of the relative permittivity.

    .. math::
        n = n_d + (n_b - 1) b + (n_f - 1) u, \quad k = k_d + k_b b + k_f u, \quad
        \epsilon = (n^2 - k^2) + 2 i n k

    with bound water b up to its limit and free water u beyond it. At the limit the slope jumps.

    Parameters
    ----------
    theta : field
        Water content [m3 m-3]; meaningless below about 0.02, where dry soil is extrapolated.
    soil : Constants
        Of the soil at the sensor's frequency.

    Examples
    --------
    Clay 20 %, 1.41 GHz, theta 0.20: 9.935 + 1.106i (``reference/surface/mironov2009.csv``).

    >>> eps = permittivity(np.array(0.20), mironov2009_constants(np.array(20.0)))
    >>> [round(float(part), 3) for part in eps]
    [9.935, 1.106]
    """
    bound = at_most(theta, soil.bound_limit)
    free = at_least(theta - soil.bound_limit, 0.0)
    n = soil.n_dry + (soil.n_bound - 1.0) * bound + (soil.n_free - 1.0) * free
    k = soil.k_dry + soil.k_bound * bound + soil.k_free * free
    return n * n - k * k, 2.0 * n * k


def _debye(
    static: Field, relaxation_s: Field, conductivity_s_m: Field, f_hz: float
) -> tuple[Field, Field]:
    """Refractive index and attenuation of water that relaxes once and conducts."""
    omega = 2.0 * np.pi * f_hz
    turn = omega * relaxation_s
    step = (static - _EPS_INF) / (1.0 + turn**2)
    real = _EPS_INF + step
    imaginary = step * turn + conductivity_s_m / (omega * _EPS_0)
    size = sqrt(real**2 + imaginary**2)
    return sqrt((size + real) / 2.0), sqrt((size - real) / 2.0)
