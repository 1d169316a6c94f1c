"""From textures or parameters of many layers to guarded soil columns.

This is what a campaign calls. Rows are layers, site after site, top layer first; ``first_row``
says where each site starts. Work goes in chunks of whole sites, so memory beyond the inputs and
the result stays small.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray, FloatArray, IntArray
from rootzone._shared.jit import kernel
from rootzone.campaign.model import Soil
from rootzone.hydraulics.guards import (
    bounded_parameters,
    bulk_density_and_theta_s,
    empty_notes,
    guarded_limits,
    note,
    parameter_refusal,
)
from rootzone.hydraulics.limits import NOTE, Bounds, bounds_of
from rootzone.hydraulics.outcomes import Refusal, Rule
from rootzone.hydraulics.read_rosetta import RosettaTable, read_rosetta_table
from rootzone.hydraulics.simplex import parameters_from_texture
from rootzone.hydraulics.soil_columns import (
    SOIL_VALUES,
    Adjustments,
    SoilColumns,
    mark_incomplete_sites,
)
from rootzone.hydraulics.swim3_traps import (
    kdul_for_micropore_ks,
    micropore_ks,
    retention_falls,
)
from rootzone.hydraulics.texture import close_textures
from rootzone.hydraulics.van_genuchten import theta_at_psi

ROUNDING_PCT = 1e-9  # a sum this near to 100 % is 100 %
_CHUNK_ROWS = 1 << 16
_NONE = int(Refusal.NONE)
_SOIL_ORDER = int(Refusal.SOIL_ORDER)
_KDUL_PROFILE = int(Rule.KDUL_PROFILE)
_MICROPORE_K_ABOVE_KS = int(Rule.MICROPORE_K_ABOVE_KS)
_RETENTION_RISES = int(Rule.RETENTION_RISES)
_NOTE = NOTE

_N_GIVEN = 5
_BD, _AIRDRY, _LL15, _DUL, _SAT, _KDUL_LAYER, _KDUL, _INITIAL = range(_N_GIVEN, len(SOIL_VALUES))


@kernel
def _derive_layer(
    values: FloatArray, row: int, bd: float, bd_given: bool, bounds: Bounds, notes: FloatArray
) -> int:
    """Fill one layer of ``values`` from its five parameters; give the refusal or 0.

    The start lies between DUL and the LL15 of the curve, not one that was lowered for SWIM3, which
    may be below theta_r: both physics can start there, and do so at the same water content.
    """
    refusal = parameter_refusal(
        values[0, row], values[1, row], values[2, row], values[3, row], values[4, row]
    )
    if refusal != _NONE:
        return refusal
    theta_r, theta_s, alpha, n, ks = bounded_parameters(
        values[0, row], values[1, row], values[2, row], values[3, row], values[4, row],
        bounds, notes, row,
    )  # fmt: skip
    if theta_s - theta_r < bounds.theta_span_min:
        return _SOIL_ORDER
    bd, theta_s = bulk_density_and_theta_s(bd, bd_given, theta_r, theta_s, bounds, notes, row)
    airdry, ll15, dul, kdul, refusal = guarded_limits(
        theta_r, theta_s, alpha, n, ks, bounds, notes, row
    )
    values[0, row], values[1, row], values[2, row] = theta_r, theta_s, alpha
    values[3, row], values[4, row], values[_BD, row] = n, ks, bd
    values[_AIRDRY, row], values[_LL15, row], values[_DUL, row] = airdry, ll15, dul
    values[_SAT, row], values[_KDUL_LAYER, row] = theta_s, kdul
    dry = min(theta_at_psi(-bounds.ll15_suction_cm, theta_r, theta_s, alpha, n), dul)
    values[_INITIAL, row] = dry + bounds.initial_fraction * (dul - dry)
    return refusal


@kernel
def _profile_kdul(
    values: FloatArray, start: int, stop: int, bounds: Bounds, notes: FloatArray
) -> float:
    """SWIM3's one KDul: the top layer's K(DUL), lowered where a deeper layer cannot bear it."""
    kdul = float(values[_KDUL_LAYER, start])
    head, share = bounds.dul_suction_cm, bounds.micropore_share_max
    for row in range(start + 1, stop):
        ll15, dul, sat, ks = (
            values[_LL15, row], values[_DUL, row], values[_SAT, row], values[4, row]
        )  # fmt: skip
        if micropore_ks(ll15, dul, sat, ks, kdul, head) > share * ks * (1.0 + 1e-12):
            lower = kdul_for_micropore_ks(ll15, dul, sat, ks, head, share)
            note(notes, row, _KDUL_PROFILE, kdul, lower)
            kdul = lower
    return kdul


@kernel
def _note_traps(
    values: FloatArray, start: int, stop: int, head: float, kdul: float, notes: FloatArray
) -> None:
    """Write down the layers on whose SWIM3 curves an engine must act."""
    for row in range(start, stop):
        ll15, dul, sat, ks = (
            values[_LL15, row], values[_DUL, row], values[_SAT, row], values[4, row]
        )  # fmt: skip
        km = micropore_ks(ll15, dul, sat, ks, kdul, head)
        if km > ks:
            note(notes, row, _MICROPORE_K_ABOVE_KS, km, ks)
        if not retention_falls(ll15, dul, sat, head):
            note(notes, row, _RETENTION_RISES, ll15, ll15)


@kernel
def _derive_sites(
    first_row: IntArray,
    bd: FloatArray,
    bounds: Bounds,
    values: FloatArray,
    refusal: AnyArray,
    notes: FloatArray,
) -> None:
    """Fill ``values`` and ``refusal`` for all sites; ``bd`` is empty where none is given."""
    for site in range(first_row.size - 1):
        start, stop = first_row[site], first_row[site + 1]
        usable = True
        for row in range(start, stop):
            if refusal[row] == _NONE:
                given = bd[row] if bd.size > 0 else 0.0
                noted = notes[-1, 0]
                refusal[row] = _derive_layer(values, row, given, bd.size > 0, bounds, notes)
                if refusal[row] != _NONE:
                    notes[-1, 0] = noted
            if refusal[row] != _NONE:
                usable = False
        if usable and stop > start:
            if bounds.on_k_above_ks == _NOTE:
                kdul = values[_KDUL_LAYER, start]
                _note_traps(values, start, stop, bounds.dul_suction_cm, kdul, notes)
            else:
                kdul = _profile_kdul(values, start, stop, bounds, notes)
            values[_KDUL, start:stop] = kdul


def _site_chunks(first_row: IntArray) -> Iterator[tuple[int, int]]:
    """First and last site of consecutive chunks of about ``_CHUNK_ROWS`` layers."""
    site, n_site = 0, first_row.size - 1
    while site < n_site:
        last = int(np.searchsorted(first_row, first_row[site] + _CHUNK_ROWS, side="right")) - 1
        last = min(max(last, site + 1), n_site)
        yield site, last
        site = last


@kernel
def _refuse_parameters(parameters: FloatArray, refusal: AnyArray) -> None:
    for row in range(parameters.shape[1]):
        refusal[row] = parameter_refusal(
            parameters[0, row],
            parameters[1, row],
            parameters[2, row],
            parameters[3, row],
            parameters[4, row],
        )


def parameter_refusals(parameters: FloatArray) -> AnyArray:
    """``Refusal`` number of each missing or impossible parameter set, shape (row,)."""
    refusal = np.zeros(parameters.shape[1], dtype=np.uint8)
    _refuse_parameters(np.ascontiguousarray(parameters), refusal)
    return refusal


def soils_from_parameters(
    parameters: FloatArray,
    first_row: IntArray,
    *,
    bd_g_cm3: FloatArray | None = None,
    limits: Soil | None = None,
    refusal: AnyArray | None = None,
) -> SoilColumns:
    """Guarded soil columns from van Genuchten parameters, measured, mapped or looked up.

    Parameters
    ----------
    parameters : array, shape (5, row)
        theta_r, theta_s [m3 m-3], alpha [cm-1], n [-], Ks [mm d-1]; natural values.
    first_row : array of int, shape (site + 1,)
        Row at which each site starts; see ``uniform_first_rows``.
    bd_g_cm3 : array, shape (row,), optional
        Dry bulk density [g cm-3]; NaN where unknown. Without it all are estimated from SAT.
    limits : Soil, optional
        Heads, gaps and bounds; the defaults otherwise.
    refusal : array of int, shape (row,), optional
        Refusals known beforehand, such as those of the texture closure.

    Returns
    -------
    SoilColumns
        A refused layer never stops the others; no value is changed without an adjustment.
    """
    limits = limits or Soil()
    n_row = int(first_row[-1])
    values = np.full((len(SOIL_VALUES), n_row), np.nan)
    values[:_N_GIVEN] = parameters
    refused = np.zeros(n_row, np.uint8) if refusal is None else refusal.astype(np.uint8)
    bd = np.empty(0) if bd_g_cm3 is None else np.ascontiguousarray(bd_g_cm3, dtype=np.float64)
    first, bounds = np.asarray(first_row, np.int64), bounds_of(limits)
    parts = _derive_in_chunks(first, bd, bounds, values, refused)
    mark_incomplete_sites(first_row, refused)
    values[:, refused != _NONE] = np.nan
    adjustments = Adjustments.joined(parts).of_rows(refused == _NONE)
    return SoilColumns(first_row, values, refused, adjustments, limits)


def _derive_in_chunks(
    first_row: IntArray, bd: FloatArray, bounds: Bounds, values: FloatArray, refusal: AnyArray
) -> list[Adjustments]:
    parts = []
    for site, last in _site_chunks(first_row):
        start, stop = int(first_row[site]), int(first_row[last])
        notes = empty_notes(stop - start)
        _derive_sites(
            first_row[site : last + 1] - start,
            bd[start:stop],
            bounds,
            values[:, start:stop],
            refusal[start:stop],
            notes,
        )
        used = notes[: int(notes[-1, 0])]
        if used.size:
            parts.append(
                Adjustments(
                    used[:, 0].astype(np.int64) + start,
                    used[:, 1].astype(np.uint8),
                    used[:, 2].copy(),
                    used[:, 3].copy(),
                )
            )
    return parts


def soils_from_textures(
    sand_pct: FloatArray,
    silt_pct: FloatArray,
    clay_pct: FloatArray,
    first_row: IntArray,
    *,
    bd_g_cm3: FloatArray | None = None,
    limits: Soil | None = None,
    tolerance_pct: float = 10.0,
    note_pct: float = 1.0,
    table: RosettaTable | None = None,
) -> SoilColumns:
    """Guarded soil columns from textures: closure, Rosetta lookup, limits, guards.

    Parameters
    ----------
    sand_pct, silt_pct, clay_pct : array, shape (row,)
        Fractions [%]; see ``close_textures`` for what is refused.
    first_row, bd_g_cm3, limits
        As in ``soils_from_parameters``.
    tolerance_pct : float
        Largest distance of a sum from 100 % that is closed and not refused.
    note_pct : float
        Distance [%] above which closing is written down as an adjustment; smaller ones are counted.
    table : RosettaTable, optional
        The packed table otherwise.

    Returns
    -------
    SoilColumns
        As from ``soils_from_parameters``.

    Notes
    -----
    Rosetta is used without bulk density, as in the manuscript (Eq. 7). A bulk density that is given
    bounds SAT and is passed on; it does not enter the lookup.
    """
    table = table or read_rosetta_table()
    texture = close_textures(sand_pct, silt_pct, clay_pct, tolerance_pct=tolerance_pct)
    parameters = parameters_from_texture(texture.sand_pct, texture.silt_pct, table.values)
    soils = soils_from_parameters(
        parameters, first_row, bd_g_cm3=bd_g_cm3, limits=limits, refusal=texture.refusal
    )
    closure, n_normalised = closure_adjustments(
        np.asarray(sand_pct, np.float64) + silt_pct + clay_pct, soils.usable, note_pct
    )
    return SoilColumns(
        soils.first_row,
        soils.values,
        soils.refusal,
        Adjustments.joined([closure, soils.adjustments]),
        soils.limits,
        n_normalised,
    )


def closure_adjustments(
    total_pct: FloatArray, usable: BoolArray, note_pct: float
) -> tuple[Adjustments, int]:
    """Notes of textures that were scaled by more than ``note_pct``, and how many were scaled."""
    off = np.where(usable, np.abs(total_pct - 100.0), 0.0)
    rows = np.flatnonzero(off > note_pct)
    rule = np.full(rows.size, int(Rule.TEXTURE_NORMALISED), np.uint8)
    notes = Adjustments(rows, rule, total_pct[rows], np.full(rows.size, 100.0))
    return notes, int(np.count_nonzero(off > ROUNDING_PCT))
