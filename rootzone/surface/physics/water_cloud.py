r"""Vegetation over a scattering soil as a cloud of drops, linear power."""

from __future__ import annotations

from typing import Final, NamedTuple

from rootzone.surface.physics.both import Field, cos, exp, radians


class Canopy(NamedTuple):
    """Coefficients of a canopy whose descriptor is NDVI.

    Attributes
    ----------
    a, b : float
        Scattering and attenuation a unit of the descriptor [-]; in training 0 to 0.5 and 0 to 3.
    """

    a: float
    b: float


# Quoted for Baghdadi et al. (2017), doi:10.3390/rs9090969, C band; not checked against the paper.
VV: Final = Canopy(0.0950, 0.5513)
VH: Final = Canopy(0.0413, 1.1662)


def transmissivity(v: Field, b: Field, incidence_deg: Field) -> Field:
    r"""Two-way transmissivity :math:`\gamma^2 = e^{-2 B V / \cos i}` [-]."""
    c = cos(radians(incidence_deg), v)
    return exp(-2.0 * b * v / c)


def water_cloud(
    soil: Field, v: Field, incidence_deg: Field, canopy: Canopy | tuple[Field, Field]
) -> Field:
    r"""Backscatter of soil and canopy, :math:`A V \cos i (1 - \gamma^2) + \gamma^2 \sigma_{soil}`.

    Parameters
    ----------
    soil : field
        Backscatter of the bare soil [linear power].
    v : field
        Vegetation descriptor, NDVI with the default coefficients [-]; 0 gives the soil back.
    incidence_deg : field
        Incidence angle [degree].
    canopy : Canopy
        Its coefficients.

    References
    ----------
    Attema and Ulaby (1978), doi:10.1029/RS013i002p00357
    """
    a, b = canopy
    through = transmissivity(v, b, incidence_deg)
    c = cos(radians(incidence_deg), v)
    return a * v * c * (1.0 - through) + through * soil


def soil_under_cloud(
    total: Field, v: Field, incidence_deg: Field, canopy: Canopy | tuple[Field, Field]
) -> Field:
    """Backscatter of the soil that `water_cloud` would turn into ``total``.

    Negative where the canopy alone scatters more than was seen; such values mean nothing.
    """
    a, b = canopy
    through = transmissivity(v, b, incidence_deg)
    c = cos(radians(incidence_deg), v)
    return (total - a * v * c * (1.0 - through)) / through
