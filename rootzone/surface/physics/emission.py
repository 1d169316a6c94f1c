r"""What a radiometer sees: Fresnel, roughness after Wang and Choudhury, a thin canopy above.

Angles inside are cosines; temperatures K; opacities at nadir unless a name says ``slant``.
"""

from __future__ import annotations

from typing import Final

from rootzone.surface.physics.both import Field, cos, exp, radians, same_kind, sqrt
from rootzone.surface.physics.dielectric import Constants, permittivity

Q_PER_H: Final = 0.1771
"""Polarisation mixing a unit of roughness in SMAP's dual-channel algorithm; SCA has none."""


def cosine(incidence_deg: Field) -> Field:
    """Cosine of an incidence angle [degree from nadir]."""
    return cos(radians(incidence_deg))


def fresnel(eps_re: Field, eps_im: Field, cos_i: Field) -> tuple[Field, Field]:
    r"""Reflectivities of a smooth surface, horizontal and vertical, in real arithmetic.

    With :math:`s = \sqrt{\epsilon - \sin^2 i} = p + iq` and :math:`c = \cos i`,
    :math:`r_H = |(c - s)/(c + s)|^2`, :math:`r_V = |(\epsilon c - s)/(\epsilon c + s)|^2`.

    Parameters
    ----------
    eps_re, eps_im : field
        Relative permittivity; the imaginary part is positive in lossy soil.
    cos_i : field
        Cosine of the incidence angle, 0 to 1.

    Returns
    -------
    r_h, r_v : field
        Power reflectivities [-].

    Examples
    --------
    Without loss at nadir both are ((sqrt(eps) - 1) / (sqrt(eps) + 1))^2; eps 4 gives 1/9.

    >>> r_h, r_v = fresnel(4.0, 0.0, 1.0)
    >>> round(float(r_h), 6), round(float(r_v), 6)
    (0.111111, 0.111111)
    """
    c = cos_i
    above = eps_re - (1.0 - c * c)
    size = sqrt(above * above + eps_im * eps_im)
    p = sqrt((size + above) / 2.0)
    # (size - above) / 2 loses its digits where there is little loss; this is the same number
    q = eps_im / (2.0 * p)
    r_h = ((c - p) ** 2 + q * q) / ((c + p) ** 2 + q * q)
    a, b = eps_re * c, eps_im * c
    r_v = ((a - p) ** 2 + (b - q) ** 2) / ((a + p) ** 2 + (b + q) ** 2)
    return r_h, r_v


def rough(
    r_p: Field, r_q: Field, h: Field, q: Field, cos_i: Field, angle_exponent: float = 2.0
) -> Field:
    r"""Reflectivity of a rough surface, :math:`((1-Q) r_p + Q r_q) e^{-h \cos^N i}`.

    Parameters
    ----------
    r_p, r_q : field
        Smooth reflectivity of the polarisation wanted, and of the other one [-].
    h, q : field
        Roughness, 0 or more, and polarisation mixing, 0 to 1 [-].
    cos_i : field
        Cosine of the incidence angle.
    angle_exponent : float
        N; SMAP takes 2.

    References
    ----------
    Wang and Choudhury (1981), doi:10.1029/JC086iC06p05277
    """
    return (r_p + q * (r_q - r_p)) * exp(-h * cos_i**angle_exponent)


def tau_omega(reflectivity: Field, omega: Field, tau: Field, t_k: Field, cos_i: Field) -> Field:
    r"""Brightness temperature of a soil under a canopy of its own temperature [K].

    .. math::
        T_B = T (1-R) \gamma + T (1-\omega)(1-\gamma)(1 + R\gamma), \quad
        \gamma = e^{-\tau / \cos i}

    Parameters
    ----------
    reflectivity : field
        Of the rough soil [-].
    omega, tau : field
        Single-scattering albedo, and opacity at nadir [-].
    t_k : field
        Effective temperature of soil and canopy [K].
    cos_i : field
        Cosine of the incidence angle.

    Examples
    --------
    Without a canopy: 300 K and reflectivity 0.2 give 240 K.

    >>> round(float(tau_omega(0.2, 0.05, 0.0, 300.0, 0.766)), 9)
    240.0

    References
    ----------
    Mo, Choudhury, Schmugge, Wang and Jackson (1982), doi:10.1029/JC087iC13p11229
    """
    gamma = exp(same_kind(-tau / cos_i, reflectivity))
    soil = (1.0 - reflectivity) * gamma
    canopy = (1.0 - omega) * (1.0 - gamma) * (1.0 + reflectivity * gamma)
    return t_k * (soil + canopy)


def brightness(
    theta: Field,
    soil: Constants,
    t_k: Field,
    h: Field,
    omega: Field,
    tau: Field,
    cos_i: Field,
    q: Field = 0.0,
    angle_exponent: float = 2.0,
) -> tuple[Field, Field]:
    """Brightness temperatures of a moist, rough soil under a canopy.

    Parameters
    ----------
    theta : field
        Water content [m3 m-3].
    soil : Constants
        Of the soil at the sensor's frequency.
    t_k, h, omega, tau, cos_i, q, angle_exponent
        As in `tau_omega` and `rough`.

    Returns
    -------
    tb_h, tb_v : field
        [K]
    """
    r_h, r_v = fresnel(*permittivity(theta, soil), cos_i)
    rough_h = rough(r_h, r_v, h, q, cos_i, angle_exponent)
    rough_v = rough(r_v, r_h, h, q, cos_i, angle_exponent)
    return (
        tau_omega(rough_h, omega, tau, t_k, cos_i),
        tau_omega(rough_v, omega, tau, t_k, cos_i),
    )
