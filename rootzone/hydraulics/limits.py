"""Heads, least gaps and bounds that turn a retention curve into a guarded APSIM layer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

from rootzone._shared.errors import RequestError

PARTICLE_DENSITY_G_CM3 = 2.65  # quartz; the value APSIM's own soil check uses
FILLED_PORES = 0.93  # share of the pores filled at SAT, the rest holding trapped air, as in SWIM3
SWIM3_LL15_SUCTION_CM = 15_000.0  # SWIM3 pins LL15 there, whatever head it was computed for
SWIM3_ZERO_SUCTION_CM = 6.0e6  # SWIM3 lets theta reach 0 there
PORE_INTERACTION_INDEX = 1.0  # SWIM3's default

OnKAboveKs = Literal["note", "lower_ll15", "refuse"]


class Bounds(NamedTuple):
    """The numbers of ``SoilLimits`` in the form kernels take; see there for their meaning."""

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


@dataclass(frozen=True)
class SoilLimits:
    """What a soil layer is held to; docs/soil-hydraulics.md explains every default.

    Parameters
    ----------
    dul_suction_cm : float
        Suction at which DUL is read off the curve [cm]; minus SWIM3's PSIDul. 100, not the
        manuscript's 330: with 330, 364 of 924 reference runs of SWIM3 died on day 1, with 100
        only the purest sands did. Any head between 1 and ``ll15_suction_cm`` is allowed.
    ll15_suction_cm, airdry_suction_cm : float
        Suctions of LL15 and AirDry [cm]. SWIM3 takes LL15 as the value at 15,000 cm.
    mualem_l : float
        Pore connectivity in Eq. 12 [-].
    gap_airdry_ll15, gap_ll15_dul, gap_dul_sat : float
        Least distance between neighbouring limits [m3 m-3]. The first is smaller, because the
        guards may have to bring the LL15 of pure sand down to 0.002.
    theta_r_max, theta_span_min : float
        Largest theta_r, and least theta_s - theta_r; a smaller one is refused [m3 m-3].
    sat_min, sat_max : float
        Bounds of theta_s and so of SAT [m3 m-3].
    alpha_min_per_cm, alpha_max_per_cm, n_min, n_max : float
        Bounds of the shape parameters [cm-1], [-].
    ks_min_mm_d, ks_max_mm_d, kdul_min_mm_d : float
        Bounds of KS and lower bound of K(DUL) [mm d-1].
    bd_min_g_cm3, bd_max_g_cm3 : float
        Bulk densities that are believed [g cm-3].
    micropore_share_max : float
        With ``lower_ll15`` and ``refuse``: largest micropore conductivity at saturation, as a
        share of KS [-], below 1.
    initial_fraction : float
        Start of the simulation: 0 at the curve's value at ``ll15_suction_cm``, 1 at DUL.
    on_k_above_ks : str
        What to do with a layer whose SWIM3 micropore conductivity at saturation is above KS, or
        whose SWIM3 retention curve rises on drying: ``note`` writes both values down and leaves
        the limits on the curve, as the engine here mends its own curves; ``lower_ll15`` mends the
        layer for an engine that does not (APSIM), at the price of drier sands; ``refuse``
        refuses it.

    Raises
    ------
    RequestError
        With every contradiction among the values.
    """

    dul_suction_cm: float = 100.0
    ll15_suction_cm: float = 15_000.0
    airdry_suction_cm: float = 1.0e6
    mualem_l: float = 0.5
    gap_airdry_ll15: float = 0.001
    gap_ll15_dul: float = 0.005
    gap_dul_sat: float = 0.005
    theta_r_max: float = 0.3
    theta_span_min: float = 0.1
    sat_min: float = 0.2
    sat_max: float = 0.9
    alpha_min_per_cm: float = 1.0e-4
    alpha_max_per_cm: float = 0.5
    n_min: float = 1.05
    n_max: float = 8.0
    ks_min_mm_d: float = 0.1
    ks_max_mm_d: float = 20_000.0
    kdul_min_mm_d: float = 1.0e-6
    bd_min_g_cm3: float = 0.2
    bd_max_g_cm3: float = 2.1
    micropore_share_max: float = 0.9
    initial_fraction: float = 0.5
    on_k_above_ks: OnKAboveKs = "note"

    def __post_init__(self) -> None:
        """Refuse contradictory values, all at once."""
        mistakes = [text for wrong, text in self._contradictions() if wrong]
        if mistakes:
            raise RequestError("Soil limits: " + " ".join(mistakes))

    def _contradictions(self) -> list[tuple[bool, str]]:
        numbers = [value for value in vars(self).values() if not isinstance(value, str)]
        gaps = (self.gap_airdry_ll15, self.gap_ll15_dul, self.gap_dul_sat)
        return [
            (not all(math.isfinite(value) for value in numbers), "A value is not finite."),
            (
                not 1.0 < self.dul_suction_cm < self.ll15_suction_cm < self.airdry_suction_cm,
                "The suctions must rise from above 1 cm over DUL and LL15 to AirDry.",
            ),
            (self.dul_suction_cm >= SWIM3_LL15_SUCTION_CM, "DUL must be wetter than 15,000 cm."),
            (min(gaps) < 0.001, "Every gap must be 0.001 or more: APSIM compares at 3 decimals."),
            (
                sum(gaps) >= self.sat_min,
                f"The gaps add up to {sum(gaps):g}, which is not below sat_min {self.sat_min:g}.",
            ),
            (not 0.0 < self.sat_min < self.sat_max < 1.0, "0 < sat_min < sat_max < 1 is needed."),
            (self.theta_span_min <= 0.0, "theta_span_min must be above 0."),
            (self.theta_r_max < 0.0, "theta_r_max must be 0 or more."),
            (
                not 0.0 < self.alpha_min_per_cm < self.alpha_max_per_cm,
                "0 < alpha_min_per_cm < alpha_max_per_cm is needed.",
            ),
            (not 1.0 < self.n_min < self.n_max, "1 < n_min < n_max is needed."),
            (
                not 0.0 < self.kdul_min_mm_d <= self.ks_min_mm_d < self.ks_max_mm_d,
                "0 < kdul_min_mm_d <= ks_min_mm_d < ks_max_mm_d is needed.",
            ),
            (
                not 0.0 < self.bd_min_g_cm3 < self.bd_max_g_cm3 < PARTICLE_DENSITY_G_CM3,
                "0 < bd_min_g_cm3 < bd_max_g_cm3 < 2.65 is needed.",
            ),
            (
                not 0.0 < self.micropore_share_max < 1.0,
                "micropore_share_max must lie between 0 and 1.",
            ),
            (
                not 0.0 <= self.initial_fraction <= 1.0,
                "initial_fraction must lie between 0 (LL15) and 1 (DUL).",
            ),
            (
                self.on_k_above_ks not in _ON_K_ABOVE_KS,
                f"on_k_above_ks must be one of {', '.join(_ON_K_ABOVE_KS)}.",
            ),
        ]

    @property
    def psidul_cm(self) -> float:
        """SWIM3's PSIDul [cm]: the head DUL was read at, so that the two always belong together."""
        return -self.dul_suction_cm

    def bounds(self) -> Bounds:
        """The same numbers for kernels, every one a float."""
        values = {name: getattr(self, name) for name in Bounds._fields[:-1]}
        return Bounds(
            **{name: float(value) for name, value in values.items()},
            on_k_above_ks=float(_ON_K_ABOVE_KS.index(self.on_k_above_ks)),
        )


_ON_K_ABOVE_KS = ("note", "lower_ll15", "refuse")
NOTE, LOWER_LL15, REFUSE = 0.0, 1.0, 2.0
