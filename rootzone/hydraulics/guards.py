"""Guards of one layer: a parameter set in, ordered and bounded limits out, every change noted."""

from __future__ import annotations

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import kernel
from rootzone.hydraulics import limits as _limits
from rootzone.hydraulics.limits import FILLED_PORES, PARTICLE_DENSITY_G_CM3, Bounds
from rootzone.hydraulics.outcomes import Refusal, Rule
from rootzone.hydraulics.swim3_traps import (
    ll15_for_falling_retention,
    ll15_for_micropore_ks,
    micropore_ks,
    retention_falls,
)
from rootzone.hydraulics.van_genuchten import conductivity_at_se, theta_at_psi

# Plain integers for the kernels.
_NONE = int(Refusal.NONE)
_PARAMETER_MISSING = int(Refusal.PARAMETER_MISSING)
_PARAMETER_IMPOSSIBLE = int(Refusal.PARAMETER_IMPOSSIBLE)
_SOIL_ORDER = int(Refusal.SOIL_ORDER)
_LIMITS_TOO_CLOSE = int(Refusal.LIMITS_TOO_CLOSE)
_K_ABOVE_KS = int(Refusal.K_ABOVE_KS)
_THETA_R_BOUND = int(Rule.THETA_R_BOUND)
_SAT_BOUND = int(Rule.SAT_BOUND)
_ALPHA_BOUND = int(Rule.ALPHA_BOUND)
_N_BOUND = int(Rule.N_BOUND)
_KS_BOUND = int(Rule.KS_BOUND)
_BD_ESTIMATED = int(Rule.BD_ESTIMATED)
_BD_BOUND = int(Rule.BD_BOUND)
_BD_BELOW_THETA_S = int(Rule.BD_BELOW_THETA_S)
_SAT_POROSITY = int(Rule.SAT_POROSITY)
_DUL_BELOW_SAT = int(Rule.DUL_BELOW_SAT)
_LL15_BELOW_DUL = int(Rule.LL15_BELOW_DUL)
_LL15_MICROPORE_K = int(Rule.LL15_MICROPORE_K)
_LL15_MONOTONE = int(Rule.LL15_MONOTONE)
_AIRDRY_BELOW_LL15 = int(Rule.AIRDRY_BELOW_LL15)
_KDUL_BOUND = int(Rule.KDUL_BOUND)
# Beyond these no soil has been measured: it is another unit. alpha of 1 cm-1 is an air entry of
# 1 cm, so an alpha above it is in m-1; Ks of 1e-3 mm d-1 is 1e-14 m s-1: below it, it is in m s-1.
_ALPHA_MOST, _N_MOST, _KS_LEAST, _KS_MOST = 1.0, 50.0, 1.0e-3, 1.0e6
_REFUSE = _limits.REFUSE
_NOTE = _limits.NOTE

MAX_NOTES_PER_LAYER = 18  # no rule is noted more than once for a layer


def empty_notes(n_layer: int) -> FloatArray:
    """Room for the adjustments of ``n_layer`` layers: one row each of layer, rule, before, after.

    One plain array, because handing several to every small kernel costs more than the formulas.
    The last row holds, in its first place, how many rows are used.
    """
    return np.zeros((max(n_layer, 1) * MAX_NOTES_PER_LAYER + 1, 4))


@kernel
def note(notes: FloatArray, row: int, rule: int, before: float, after: float) -> None:
    """Write down one adjustment."""
    at = int(notes[-1, 0])
    notes[at, 0] = row
    notes[at, 1] = rule
    notes[at, 2] = before
    notes[at, 3] = after
    notes[-1, 0] = at + 1


@kernel
def clipped(value: float, low: float, high: float, rule: int, notes: FloatArray, row: int) -> float:
    """``value`` inside its bounds, with a note if that changed it."""
    inside = min(max(value, low), high)
    if inside != value:
        note(notes, row, rule, value, inside)
    return inside


@kernel
def parameter_refusal(theta_r: float, theta_s: float, alpha: float, n: float, ks: float) -> int:
    """Why a parameter set is beyond mending, or 0."""
    if not np.isfinite(theta_r + theta_s + alpha + n + ks):
        return _PARAMETER_MISSING
    if theta_r < 0.0 or theta_r >= 1.0 or theta_s <= 0.0 or theta_s > 1.0:
        return _PARAMETER_IMPOSSIBLE
    if alpha <= 0.0 or n <= 1.0 or ks <= 0.0:
        return _PARAMETER_IMPOSSIBLE
    if alpha > _ALPHA_MOST or n > _N_MOST or not _KS_LEAST <= ks <= _KS_MOST:
        return _PARAMETER_IMPOSSIBLE
    return _NONE


@kernel
def bulk_density_from_sat(sat: float) -> float:
    """Bulk density [g cm-3] of a soil that fills 93 % of its pores at SAT: 2.65 (1 - SAT/0.93)."""
    return PARTICLE_DENSITY_G_CM3 * (1.0 - sat / FILLED_PORES)


@kernel
def bulk_density_and_theta_s(
    bd: float,
    bd_given: bool,
    theta_r: float,
    theta_s: float,
    bounds: Bounds,
    notes: FloatArray,
    row: int,
) -> tuple[float, float]:
    """Bulk density and theta_s that leave theta_s inside the pore space 1 - BD/2.65.

    A believable bulk density lowers theta_s, and with it the whole curve. One that is missing, out
    of bounds, or leaves too little pore space gives way to the estimate from theta_s.
    """
    estimate = bulk_density_from_sat(theta_s)
    if not bd_given:
        return estimate, theta_s
    if np.isnan(bd):
        note(notes, row, _BD_ESTIMATED, bd, estimate)
        return estimate, theta_s
    if not bounds.bd_min_g_cm3 <= bd <= bounds.bd_max_g_cm3:
        note(notes, row, _BD_BOUND, bd, estimate)
        return estimate, theta_s
    porosity = 1.0 - bd / PARTICLE_DENSITY_G_CM3
    if theta_s <= porosity:
        return bd, theta_s
    if porosity < max(bounds.sat_min, theta_r + bounds.theta_span_min):
        note(notes, row, _BD_BELOW_THETA_S, bd, estimate)
        return estimate, theta_s
    note(notes, row, _SAT_POROSITY, theta_s, porosity)
    return bd, porosity


@kernel
def ordered_ll15(
    ll15: float,
    dul: float,
    sat: float,
    ks: float,
    kdul: float,
    bounds: Bounds,
    notes: FloatArray,
    row: int,
) -> tuple[float, int]:
    """LL15 far enough below DUL for SWIM3's curves, and the refusal if that may not be mended."""
    if dul - ll15 < bounds.gap_ll15_dul:
        lower = dul - bounds.gap_ll15_dul
        note(notes, row, _LL15_BELOW_DUL, ll15, lower)
        ll15 = lower
    if ll15 <= 0.0:
        return ll15, _LIMITS_TOO_CLOSE
    if bounds.on_k_above_ks == _NOTE:
        return ll15, _NONE
    head, share = bounds.dul_suction_cm, bounds.micropore_share_max
    too_conductive = micropore_ks(ll15, dul, sat, ks, kdul, head) > share * ks
    rises = not retention_falls(ll15, dul, sat, head)
    if bounds.on_k_above_ks == _REFUSE and (too_conductive or rises):
        return ll15, _K_ABOVE_KS
    if too_conductive:
        lower = ll15_for_micropore_ks(dul, sat, ks, kdul, head, share)
        note(notes, row, _LL15_MICROPORE_K, ll15, lower)
        ll15 = lower
    if ll15 > 0.0 and not retention_falls(ll15, dul, sat, head):
        lower = ll15_for_falling_retention(ll15, dul, sat, head)
        note(notes, row, _LL15_MONOTONE, ll15, lower)
        ll15 = lower
    return ll15, _NONE if ll15 > 0.0 else _K_ABOVE_KS


@kernel
def guarded_limits(
    theta_r: float,
    theta_s: float,
    alpha: float,
    n: float,
    ks: float,
    bounds: Bounds,
    notes: FloatArray,
    row: int,
) -> tuple[float, float, float, float, int]:
    """AirDry, LL15, DUL [m3 m-3] and K(DUL) [mm d-1] of a bounded curve, and a refusal or 0.

    SAT is ``theta_s``. The order is kept from the wet end down: DUL gives way to SAT, LL15 to DUL
    and to SWIM3's curves, AirDry to LL15.
    """
    dul = theta_at_psi(-bounds.dul_suction_cm, theta_r, theta_s, alpha, n)
    if theta_s - dul < bounds.gap_dul_sat:
        lower = theta_s - bounds.gap_dul_sat
        note(notes, row, _DUL_BELOW_SAT, dul, lower)
        dul = lower
    kdul = conductivity_at_se((dul - theta_r) / (theta_s - theta_r), ks, n, bounds.mualem_l)
    kdul = clipped(kdul, bounds.kdul_min_mm_d, ks, _KDUL_BOUND, notes, row)
    ll15 = theta_at_psi(-bounds.ll15_suction_cm, theta_r, theta_s, alpha, n)
    ll15, refusal = ordered_ll15(ll15, dul, theta_s, ks, kdul, bounds, notes, row)
    airdry = theta_at_psi(-bounds.airdry_suction_cm, theta_r, theta_s, alpha, n)
    if ll15 - airdry < bounds.gap_airdry_ll15:
        lower = ll15 - bounds.gap_airdry_ll15
        if refusal == _NONE and lower < 0.0:
            refusal = _LIMITS_TOO_CLOSE
        note(notes, row, _AIRDRY_BELOW_LL15, airdry, lower)
        airdry = lower
    return airdry, ll15, dul, kdul, refusal


@kernel
def bounded_parameters(
    theta_r: float,
    theta_s: float,
    alpha: float,
    n: float,
    ks: float,
    bounds: Bounds,
    notes: FloatArray,
    row: int,
) -> tuple[float, float, float, float, float]:
    """The five parameters inside their bounds."""
    return (
        clipped(theta_r, 0.0, bounds.theta_r_max, _THETA_R_BOUND, notes, row),
        clipped(theta_s, bounds.sat_min, bounds.sat_max, _SAT_BOUND, notes, row),
        clipped(alpha, bounds.alpha_min_per_cm, bounds.alpha_max_per_cm, _ALPHA_BOUND, notes, row),
        clipped(n, bounds.n_min, bounds.n_max, _N_BOUND, notes, row),
        clipped(ks, bounds.ks_min_mm_d, bounds.ks_max_mm_d, _KS_BOUND, notes, row),
    )
