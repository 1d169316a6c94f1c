r"""Backscatter of bare soil, linear power: Oh 2004, Baghdadi 2016, and two older models.

``ks`` is the wave number times the standard deviation of heights. Angles in degrees.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from rootzone.surface.physics.both import Field, cos, exp, log10, radians, sin, sqrt
from rootzone.surface.physics.emission import fresnel

LIGHT_M_S: Final = 299_792_458.0
SENTINEL1_HZ: Final = 5.405e9


class Sigma0(NamedTuple):
    """Backscattering coefficients [linear power]; None where a model has no such channel."""

    vv: Field
    hh: Field
    vh: Field | None


def ks_of_rms(rms_cm: Field, f_hz: float = SENTINEL1_HZ) -> Field:
    """Wave number times rms height [-]; 1 cm at 5.405 GHz is 1.1328."""
    return 2.0 * 3.141592653589793 * f_hz / LIGHT_M_S * (rms_cm / 100.0)


def oh2004(theta: Field, ks: Field, incidence_deg: Field) -> Sigma0:
    """Oh's model of 2004.

    Valid for theta 0.04 to 0.291 m3 m-3, ks 0.13 to 6.98, 10 to 70 degrees.

    References
    ----------
    Oh (2004), doi:10.1109/TGRS.2003.821065
    """
    angle = radians(incidence_deg)
    cross = 0.11 * theta**0.7 * cos(angle, theta) ** 2.2 * (1.0 - exp(-0.32 * ks**1.8))
    ratio = 0.095 * (0.13 + sin(1.5 * angle, theta)) ** 1.4 * (1.0 - exp(-1.3 * ks**0.9))
    vv = cross / ratio
    p = 1.0 - (incidence_deg / 90.0) ** (0.35 * theta**-0.65) * exp(-0.4 * ks**1.4)
    return Sigma0(vv, p * vv, cross)


def baghdadi2016(theta: Field, ks: Field, incidence_deg: Field) -> Sigma0:
    """Baghdadi's semi-empirical model; its moisture is in percent, ours is not.

    References
    ----------
    Baghdadi et al. (2016), doi:10.3390/rs8110920
    """
    angle = radians(incidence_deg)
    c, s = cos(angle, theta), sin(angle, theta)
    wet = 100.0 * theta * c / s
    vv = 10**-1.138 * c**1.528 * 10 ** (0.008 * wet) * ks ** (0.71 * s)
    hh = 10**-1.287 * c**1.227 * 10 ** (0.009 * wet) * ks ** (0.86 * s)
    vh = 10**-2.325 * c**-0.01 * 10 ** (0.011 * wet) * ks ** (0.44 * s)
    return Sigma0(vv, hh, vh)


def oh1992(eps_re: Field, eps_im: Field, ks: Field, incidence_deg: Field) -> Sigma0:
    """Oh's model of 1992, which takes the permittivity.

    References
    ----------
    Oh, Sarabandi and Ulaby (1992), doi:10.1109/36.134086
    """
    angle = radians(incidence_deg)
    nadir, _ = fresnel(eps_re, eps_im, 1.0)
    r_h, r_v = fresnel(eps_re, eps_im, cos(angle, eps_re))
    root_p = 1.0 - (2.0 * angle / 3.141592653589793) ** (1.0 / (3.0 * nadir)) * exp(-ks)
    q = 0.23 * sqrt(nadir) * (1.0 - exp(-ks))
    g = 0.7 * (1.0 - exp(-0.65 * ks**1.8))
    vv = g * cos(angle, eps_re) ** 3 / root_p * (r_v + r_h)
    return Sigma0(vv, root_p**2 * vv, q * vv)


def dubois1995(eps_re: Field, ks: Field, incidence_deg: Field, f_hz: float) -> Sigma0:
    """Dubois' model; ks below 2.5, theta below 0.35 m3 m-3, 30 degrees or more.

    References
    ----------
    Dubois, van Zyl and Engman (1995), doi:10.1109/36.406677
    """
    angle = radians(incidence_deg)
    c, s = cos(angle, eps_re), sin(angle, eps_re)
    wave_cm = 100.0 * LIGHT_M_S / f_hz
    wet = eps_re * s / c
    hh = 10**-2.75 * c**1.5 / s**5 * 10 ** (0.028 * wet) * (ks * s) ** 1.4 * wave_cm**0.7
    vv = 10**-2.35 * c**3 / s**3 * 10 ** (0.046 * wet) * (ks * s) ** 1.1 * wave_cm**0.7
    return Sigma0(vv, hh, None)


def db_from_linear(sigma0: Field) -> Field:
    """Decibels of linear power; -inf of nothing."""
    return 10.0 * log10(sigma0)


def linear_from_db(sigma0_db: Field) -> Field:
    """Linear power of decibels."""
    return 10.0 ** (sigma0_db / 10.0)
