"""Retrievals as graphs: the same formulas as `rootzone.surface.physics`, handed nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from rootzone._shared.errors import RequestError
from rootzone.surface.physics.both import at_least, log10
from rootzone.surface.physics.dielectric import mironov2009_constants, permittivity
from rootzone.surface.physics.emission import cosine, fresnel, rough, tau_omega
from rootzone.surface.physics.retrieve import FLOOR
from rootzone.surface.physics.water_cloud import soil_under_cloud
from rootzone.surface.select.graph import Node, as_node

_HALVINGS: Final = 20  # of 0.02..0.6 to 6e-7 wide; the middle is off by at most half of that
SCAV_BANDS: Final = ("tb_v", "t_k", "clay_pct", "h", "omega", "tau", "incidence_deg", "porosity")


def scav_graph(bands: Mapping[str, Node]) -> Node:
    """SCA-V between 0.02 and porosity, the root found by halving, written out step by step.

    Parameters
    ----------
    bands : mapping of str to Node
        The bands of `SCAV_BANDS`, in the units of `rootzone.surface.physics.retrieve.Scene`.

    Returns
    -------
    Node
        One band ``theta`` [m3 m-3], within 3e-7 of `retrieve_scav` up to a porosity of 0.6.
    """
    missing = [name for name in SCAV_BANDS if name not in bands]
    if missing:
        raise RequestError(f"SCA-V needs the band {missing[0]!r}; given are {sorted(bands)}.")
    tb, t, clay, h, omega, tau, angle, porosity = (bands[name] for name in SCAV_BANDS)
    cos_i, soil = cosine(angle), mironov2009_constants(clay)

    def too_cold(theta: Node) -> Node:
        """1 where the soil at ``theta`` is warmer than seen, so the water content lies above."""
        r_h, r_v = fresnel(*permittivity(theta, soil), cos_i)
        seen: Node = tau_omega(rough(r_v, r_h, h, 0.0, cos_i), omega, tau, t, cos_i)
        return seen > tb

    low = porosity * 0.0 + FLOOR
    high: Node = at_least(porosity, FLOOR)
    is_above_floor, is_at_ceiling = too_cold(low), too_cold(high)
    top = high
    for _ in range(_HALVINGS):
        middle = (low + high) * 0.5
        is_above = too_cold(middle)
        low = low.where(is_above, middle)
        high = middle.where(is_above, high)
    theta = ((low + high) * 0.5).where(is_at_ceiling, top).where(is_above_floor <= 0.0, FLOOR)
    # A masked test changes nothing, so what is masked in any band is masked here.
    return (theta + is_above_floor * 0.0).rename("theta")


def water_cloud_graph(
    bands: Mapping[str, Node], canopy: tuple[float, float], line: tuple[float, float]
) -> Node:
    """Water content from VV backscatter, its canopy taken away, by a line in decibels.

    Parameters
    ----------
    bands : mapping of str to Node
        ``vv`` [linear power], ``ndvi`` and ``incidence_deg``.
    canopy : tuple of float
        A and B of `rootzone.surface.physics.water_cloud`.
    line : tuple of float
        C and D of sigma [dB] = C + D theta.
    """
    soil: Node = soil_under_cloud(bands["vv"], bands["ndvi"], bands["incidence_deg"], canopy)
    # Where the canopy alone scatters more than was seen there is no soil to read: masked.
    decibels: Node = 10.0 * log10(soil.masked_by(soil > 0.0))
    return ((decibels - line[0]) / line[1]).rename("theta")


def linear_graph(
    bands: Mapping[str, Node], names: Sequence[str], weights: Sequence[float], at_zero: float
) -> Node:
    """A weighted sum of bands and a constant, such as a ridge regression's."""
    out = as_node(at_zero)
    for name, weight in zip(names, weights, strict=True):
        out = out + bands[name] * weight
    return out.rename("theta")
