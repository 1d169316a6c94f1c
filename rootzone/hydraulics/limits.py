"""Heads, least gaps and bounds that turn a retention curve into a guarded APSIM layer."""

from __future__ import annotations

from typing import Any, NamedTuple

from pydantic import ValidationError

from rootzone._shared.errors import RequestError
from rootzone.campaign.model import Soil
from rootzone.campaign.rules import broken_soil_rules

PARTICLE_DENSITY_G_CM3 = 2.65  # quartz; the value APSIM's own soil check uses
FILLED_PORES = 0.93  # share of the pores filled at SAT, the rest holding trapped air, as in SWIM3
SWIM3_LL15_SUCTION_CM = 15_000.0  # SWIM3 pins LL15 there, whatever head it was computed for
SWIM3_ZERO_SUCTION_CM = 6.0e6  # SWIM3 lets theta reach 0 there
PORE_INTERACTION_INDEX = 1.0  # SWIM3's default


class Bounds(NamedTuple):
    """The limits of a campaign's soil section, which tells their meaning, as kernels take them."""

    dul_suction_cm: float
    ll15_suction_cm: float
    airdry_suction_cm: float
    mualem_l: float
    gap_airdry_ll15: float
    gap_ll15_dul: float
    gap_dul_sat: float
    theta_r_max: float
    theta_span_min: float
    sat_min: float
    sat_max: float
    alpha_min_per_cm: float
    alpha_max_per_cm: float
    n_min: float
    n_max: float
    ks_min_mm_d: float
    ks_max_mm_d: float
    kdul_min_mm_d: float
    bd_min_g_cm3: float
    bd_max_g_cm3: float
    micropore_share_max: float
    initial_fraction: float
    on_k_above_ks: float


def bounds_of(soil: Soil) -> Bounds:
    """The section's numbers for kernels, every one a float."""
    told = limits_of(soil)
    action = _ON_K_ABOVE_KS.index(told.pop("on_k_above_ks"))
    return Bounds(**{name: float(value) for name, value in told.items()}, on_k_above_ks=action)


def limits_of(soil: Soil) -> dict[str, Any]:
    """What a soil layer is held to, flat, by the names of `Bounds`; JSON values."""
    told = {**dict(soil), **dict(soil.bounds)}
    return {name: told[name] for name in Bounds._fields}


def soil_with(**changes: float | str) -> Soil:
    """A soil section with some limits changed, each by its own name.

    Raises
    ------
    RequestError
        With every value that is out of range and every contradiction among them.

    Examples
    --------
    >>> soil_with(dul_suction_cm=330.0, sat_min=0.25).bounds.sat_min
    0.25
    """
    own = {name: value for name, value in changes.items() if name in Soil.model_fields}
    bounds = {name: value for name, value in changes.items() if name not in own}
    try:
        soil = Soil.model_validate({**own, "bounds": bounds})
    except ValidationError as error:
        wrong = [
            f"{item['loc'][-1]} = {item['input']!r}: {item['msg']}"
            for item in error.errors(include_url=False)
        ]
        raise RequestError("Soil limits: " + "; ".join(wrong) + ".") from error
    broken = [f"{rule.key[-1]}: {rule.problem}; {rule.mend}" for rule in broken_soil_rules(soil)]
    if broken:
        raise RequestError("Soil limits: " + "; ".join(broken) + ".")
    return soil


_ON_K_ABOVE_KS = ("note", "lower_ll15", "refuse")
NOTE, LOWER_LL15, REFUSE = 0.0, 1.0, 2.0
