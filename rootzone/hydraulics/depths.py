"""Source layers averaged over the layers of a campaign profile, by depth."""

from __future__ import annotations

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray, IntArray
from rootzone._shared.jit import kernel
from rootzone.hydraulics.outcomes import Refusal

TOLERANCE_MM = 0.5  # depths closer than this are the same depth

_INVALID = int(Refusal.DEPTH_INVALID)
_OVERLAP = int(Refusal.DEPTH_OVERLAP)


@kernel
def _depth_faults(
    first_row: IntArray, top_mm: FloatArray, bottom_mm: FloatArray, refusal: AnyArray
) -> None:
    for site in range(first_row.size - 1):
        above = 0.0
        for row in range(first_row[site], first_row[site + 1]):
            thickness = bottom_mm[row] - top_mm[row]
            if not (np.isfinite(thickness) and thickness > TOLERANCE_MM):
                refusal[row] = _INVALID
            elif abs(top_mm[row] - above) > TOLERANCE_MM:
                refusal[row] = _OVERLAP
            above = bottom_mm[row]


def depth_refusals(first_row: IntArray, top_mm: FloatArray, bottom_mm: FloatArray) -> AnyArray:
    """``Refusal`` number of each layer whose depths are wrong, shape (row,); 0 where they are not.

    Layers must be thicker than 0.5 mm, start at the surface and follow each other without gap or
    overlap of more than 0.5 mm.
    """
    refusal = np.zeros(top_mm.size, dtype=np.uint8)
    _depth_faults(first_row, top_mm, bottom_mm, refusal)
    return refusal


@kernel
def _average(
    first_row: IntArray,
    top_mm: FloatArray,
    bottom_mm: FloatArray,
    values: FloatArray,
    edges_mm: FloatArray,
    out: FloatArray,
) -> None:
    n_layer = edges_mm.size - 1
    for site in range(first_row.size - 1):
        for layer in range(n_layer):
            target = site * n_layer + layer
            covered = 0.0
            for row in range(first_row[site], first_row[site + 1]):
                overlap = min(bottom_mm[row], edges_mm[layer + 1]) - max(
                    top_mm[row], edges_mm[layer]
                )
                if overlap > 0.0:
                    covered += overlap
                    for k in range(values.shape[0]):
                        out[k, target] += overlap * values[k, row]
            for k in range(values.shape[0]):
                out[k, target] = out[k, target] / covered if covered > 0.0 else np.nan


def average_over_layers(
    first_row: IntArray,
    top_mm: FloatArray,
    bottom_mm: FloatArray,
    values: FloatArray,
    thickness_mm: FloatArray,
) -> FloatArray:
    """Mean of each quantity over the layers of a profile, weighted by the depth they share.

    Parameters
    ----------
    first_row : array of int, shape (site + 1,)
        Row at which each site's source layers start.
    top_mm, bottom_mm : array, shape (row,)
        Source layers [mm] without gap or overlap, see ``depth_refusals``.
    values : array, shape (quantity, row)
        Quantities to average; give alpha, n and Ks as logarithms.
    thickness_mm : array, shape (layer,)
        Layers of the profile from the surface down [mm].

    Returns
    -------
    array, shape (quantity, site * layer)
        Means, site after site. A layer that the source covers in part gets the mean over that
        part, one that it does not reach NaN; ``uncovered_layers`` tells both.
    """
    edges = np.concatenate(([0.0], np.cumsum(thickness_mm)))
    out = np.zeros((values.shape[0], (first_row.size - 1) * len(thickness_mm)))
    _average(first_row, top_mm, bottom_mm, np.ascontiguousarray(values), edges, out)
    return out


def uncovered_layers(
    first_row: IntArray, bottom_mm: FloatArray, thickness_mm: FloatArray
) -> AnyArray:
    """Whether each profile layer ends below its site's deepest source layer, (site * layer,)."""
    deepest = bottom_mm[first_row[1:] - 1]
    return (np.cumsum(thickness_mm) > deepest[:, np.newaxis] + TOLERANCE_MM).ravel()


def extended_bottoms(
    first_row: IntArray, bottom_mm: FloatArray, thickness_mm: FloatArray
) -> FloatArray:
    """Source bottoms with each site's deepest taken down to the end of the profile."""
    extended = bottom_mm.copy()
    last = first_row[1:] - 1
    extended[last] = np.maximum(extended[last], float(np.sum(thickness_mm)))
    return extended
