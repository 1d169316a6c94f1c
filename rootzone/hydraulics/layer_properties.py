"""What is done about properties of layers: missing ones filled where asked, stones taken off."""

from __future__ import annotations

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone.hydraulics.closed_forms import normal_density_g_cm3
from rootzone.hydraulics.limits import PARTICLE_DENSITY_G_CM3
from rootzone.hydraulics.outcomes import Rule
from rootzone.hydraulics.soil_columns import Adjustments

# Organic matter [%] of a layer by the depth of its middle [mm]: what grassland soils usually have.
# A convention (those of the trial behind docs/station-campaign.md), not a measurement.
OM_BY_DEPTH = ((75.0, 2.5), (150.0, 2.0), (350.0, 1.2), (np.inf, 0.5))


def om_by_depth(middle_mm: FloatArray) -> FloatArray:
    """Usual organic matter at a depth [% of mass].

    >>> om_by_depth(np.array([25.0, 100.0, 200.0, 600.0])).tolist()
    [2.5, 2.0, 1.2, 0.5]
    """
    edges = np.array([edge for edge, _ in OM_BY_DEPTH])
    values = np.array([value for _, value in OM_BY_DEPTH])
    at = np.searchsorted(edges[:-1], middle_mm, side="right")
    return np.asarray(values[at])


def filled(
    om_pct: FloatArray,
    bd_g_cm3: FloatArray,
    sand_pct: FloatArray,
    clay_pct: FloatArray,
    middle_mm: FloatArray,
) -> tuple[FloatArray, FloatArray, Adjustments]:
    """Organic matter and bulk density with missing ones filled, and a note of each.

    Parameters
    ----------
    om_pct, bd_g_cm3 : array, shape (row,)
        Organic matter [%] and dry bulk density [g cm-3]; NaN where missing.
    sand_pct, clay_pct : array, shape (row,)
        Closed texture [%].
    middle_mm : array, shape (row,)
        Depth of each layer's middle [mm].
    """
    om = np.where(np.isnan(om_pct), om_by_depth(middle_mm), om_pct)
    bd = np.where(np.isnan(bd_g_cm3), normal_density_g_cm3(sand_pct, clay_pct, om), bd_g_cm3)
    notes = []
    for rule, before, after in (
        (Rule.OM_BY_DEPTH, om_pct, om),
        (Rule.BD_FROM_TEXTURE, bd_g_cm3, bd),
    ):
        rows = np.flatnonzero(np.isnan(before) & np.isfinite(after))
        kind = np.full(rows.size, int(rule), np.uint8)
        notes.append(Adjustments(rows, kind, before[rows], after[rows]))
    return om, bd, Adjustments.joined(notes)


def stone_volume(stones_mass_pct: FloatArray, bd_g_cm3: FloatArray) -> FloatArray:
    """Volume share of stones [%] from their share of mass and the fine earth's bulk density.

    >>> round(float(stone_volume(50.0, 1.325)), 1)  # half the mass at twice the density
    33.3
    """
    stones = np.asarray(stones_mass_pct) / PARTICLE_DENSITY_G_CM3
    earth = (100.0 - np.asarray(stones_mass_pct)) / np.asarray(bd_g_cm3)
    return np.asarray(100.0 * stones / (stones + earth))


def with_stones(
    parameters: FloatArray, bd_g_cm3: FloatArray | None, stones_vol_pct: FloatArray
) -> tuple[FloatArray, FloatArray | None, Adjustments]:
    """Parameters of the whole soil from those of its fine earth.

    Stones hold no water and let none through: water contents shrink by their volume share R, and
    Ks by 2 (1 - R) / (2 + R), that of a conductor with spheres in it. Missing stones are none.

    Parameters
    ----------
    parameters : array, shape (5, row)
        theta_r, theta_s, alpha, n, Ks of the fine earth.
    bd_g_cm3 : array, shape (row,), or None
        Dry bulk density of the fine earth [g cm-3].
    stones_vol_pct : array, shape (row,)
        Volume share of fragments above 2 mm [%], 0 to below 100.

    Returns
    -------
    parameters, bd_g_cm3, notes
        Of the whole soil; its bulk density counts stones as 2.65 g cm-3.

    References
    ----------
    Peck and Watson (1979), after Corring and Churchill (1961); Bouwer and Rice (1984) for theta.
    """
    share = np.where(np.isfinite(stones_vol_pct), stones_vol_pct, 0.0) / 100.0
    whole = parameters.copy()
    whole[:2] *= 1.0 - share
    whole[4] *= 2.0 * (1.0 - share) / (2.0 + share)
    bd = None if bd_g_cm3 is None else bd_g_cm3 * (1.0 - share) + PARTICLE_DENSITY_G_CM3 * share
    rows = np.flatnonzero((share > 0.0) & np.isfinite(parameters[1]))
    kind: AnyArray = np.full(rows.size, int(Rule.STONES), np.uint8)
    return whole, bd, Adjustments(rows, kind, parameters[1, rows], whole[1, rows])
