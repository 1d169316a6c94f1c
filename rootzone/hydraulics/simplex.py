"""Interpolation on the texture triangle's own lattice of integer percentages.

The 5,151 integer textures cut the simplex into 10,000 equal triangles whose edges run along
constant sand, constant silt and constant clay. Every texture lies in one of them (or on an edge
that two share), so three vertices and three weights describe it: Eq. 8 and 9 of the manuscript.
"""

from __future__ import annotations

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import kernel

N_VERTEX = 5151
N_PARAMETER = 5

# Columns of the table.
THETA_R = 0
THETA_S = 1
LOG10_ALPHA_PER_CM = 2
LOG10_N = 3
LOG10_KS_CM_D = 4

_MM_D_PER_CM_D = 10.0


@kernel
def vertex_row(sand: int, silt: int) -> int:
    """Row of an integer texture in the table, which is ordered by sand, then silt."""
    return sand * 101 - sand * (sand - 1) // 2 + silt


@kernel
def triangle_at(sand_pct: float, silt_pct: float) -> tuple[int, int, int, float, float, float]:
    """Three table rows and their weights for a closed texture.

    Parameters
    ----------
    sand_pct, silt_pct : float
        Closed fractions [%]: 0 or more each, 100 or less together.

    Returns
    -------
    row_0, row_1, row_2 : int
        Table rows of the vertices; a vertex with weight 0 may repeat another.
    weight_0, weight_1, weight_2 : float
        Barycentric weights, 0 or more, with sum 1.

    References
    ----------
    DeepSoil manuscript, Eq. 8.
    """
    sand = int(sand_pct)  # rounds down: no fraction is negative
    silt = int(silt_pct)
    sand_part = sand_pct - sand
    silt_part = silt_pct - silt
    if sand + silt >= 100:  # the zero-clay corner itself; anything more is rounding
        row = vertex_row(sand, 100 - sand)
        return row, row, row, 1.0, 0.0, 0.0
    if sand + silt == 99 and sand_part + silt_part > 1.0:  # on the zero-clay edge, but for rounding
        total = sand_part + silt_part
        sand_part /= total
        silt_part = 1.0 - sand_part
    if sand_part + silt_part <= 1.0:
        return (
            vertex_row(sand, silt),
            vertex_row(sand + 1, silt),
            vertex_row(sand, silt + 1),
            max(1.0 - sand_part - silt_part, 0.0),
            sand_part,
            silt_part,
        )
    return (
        vertex_row(sand + 1, silt + 1),
        vertex_row(sand, silt + 1),
        vertex_row(sand + 1, silt),
        sand_part + silt_part - 1.0,
        1.0 - sand_part,
        1.0 - silt_part,
    )


@kernel
def parameters_at(
    sand_pct: float, silt_pct: float, table: FloatArray
) -> tuple[float, float, float, float, float]:
    """Van Genuchten parameters of one closed texture: Eq. 9, then Eq. 10.

    Returns
    -------
    theta_r, theta_s, alpha_per_cm, n, ks_mm_d : float
        Natural values; alpha, n and Ks are interpolated as logarithms.
    """
    row_0, row_1, row_2, w_0, w_1, w_2 = triangle_at(sand_pct, silt_pct)
    theta_r = w_0 * table[row_0, 0] + w_1 * table[row_1, 0] + w_2 * table[row_2, 0]
    theta_s = w_0 * table[row_0, 1] + w_1 * table[row_1, 1] + w_2 * table[row_2, 1]
    log10_alpha = w_0 * table[row_0, 2] + w_1 * table[row_1, 2] + w_2 * table[row_2, 2]
    log10_n = w_0 * table[row_0, 3] + w_1 * table[row_1, 3] + w_2 * table[row_2, 3]
    log10_ks = w_0 * table[row_0, 4] + w_1 * table[row_1, 4] + w_2 * table[row_2, 4]
    return (
        theta_r,
        theta_s,
        10.0**log10_alpha,
        10.0**log10_n,
        10.0**log10_ks * _MM_D_PER_CM_D,
    )


@kernel
def fill_parameters(
    sand_pct: FloatArray, silt_pct: FloatArray, table: FloatArray, out: FloatArray
) -> None:
    """Fill ``out``, shape (5, row), for closed textures; NaN where a texture is NaN."""
    for row in range(sand_pct.size):
        if np.isfinite(sand_pct[row] + silt_pct[row]):
            out[0, row], out[1, row], out[2, row], out[3, row], out[4, row] = parameters_at(
                sand_pct[row], silt_pct[row], table
            )
        else:
            out[:, row] = np.nan


def parameters_from_texture(
    sand_pct: FloatArray, silt_pct: FloatArray, table: FloatArray
) -> FloatArray:
    """Van Genuchten parameters of closed textures.

    Parameters
    ----------
    sand_pct, silt_pct : array, shape (row,)
        Closed fractions [%], as ``close_textures`` returns them; clay is the rest.
    table : array, shape (5151, 5)
        ``RosettaTable.values``.

    Returns
    -------
    array, shape (5, row)
        theta_r, theta_s [m3 m-3], alpha [cm-1], n [-], Ks [mm d-1]; NaN where a texture is NaN.

    References
    ----------
    DeepSoil manuscript, Eq. 7 to 10.
    """
    sand = np.ascontiguousarray(sand_pct, dtype=np.float64)
    silt = np.ascontiguousarray(silt_pct, dtype=np.float64)
    out = np.empty((N_PARAMETER, sand.size))
    fill_parameters(sand, silt, table, out)
    return out
