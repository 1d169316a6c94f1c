"""Texture closure: sand, silt and clay that add up to 100 %, or a named reason why not."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.jit import kernel
from rootzone.hydraulics.outcomes import Refusal

_NONE = int(Refusal.NONE)
_MISSING = int(Refusal.TEXTURE_MISSING)
_NEGATIVE = int(Refusal.TEXTURE_NEGATIVE)
_ABOVE_100 = int(Refusal.TEXTURE_ABOVE_100)
_ALL_ZERO = int(Refusal.TEXTURE_ALL_ZERO)
_NOT_CLOSED = int(Refusal.TEXTURE_NOT_CLOSED)


class ClosedTexture(NamedTuple):
    """Textures after closure, shape (row,) each; NaN where ``refusal`` is not 0."""

    sand_pct: FloatArray
    silt_pct: FloatArray
    clay_pct: FloatArray
    refusal: AnyArray


@kernel
def texture_refusal(sand_pct: float, silt_pct: float, clay_pct: float, tolerance_pct: float) -> int:
    """Number of the first fault of a texture, a member of ``Refusal``; 0 when there is none."""
    total = sand_pct + silt_pct + clay_pct
    if not np.isfinite(total):
        return _MISSING
    if sand_pct < 0.0 or silt_pct < 0.0 or clay_pct < 0.0:
        return _NEGATIVE
    if sand_pct > 100.0 or silt_pct > 100.0 or clay_pct > 100.0:
        return _ABOVE_100
    if total == 0.0:
        return _ALL_ZERO
    if abs(total - 100.0) > tolerance_pct:
        return _NOT_CLOSED
    return _NONE


@kernel
def closed(sand_pct: float, silt_pct: float, clay_pct: float) -> tuple[float, float, float]:
    """Fractions scaled to 100 % (Eq. 6), each kept inside 0 to 100 against rounding."""
    total = sand_pct + silt_pct + clay_pct
    sand = min(100.0 * sand_pct / total, 100.0)
    silt = min(100.0 * silt_pct / total, 100.0 - sand)
    return sand, silt, max(100.0 - sand - silt, 0.0)


@kernel
def _close_rows(
    sand_pct: FloatArray,
    silt_pct: FloatArray,
    clay_pct: FloatArray,
    tolerance_pct: float,
    out: FloatArray,
    refusal: AnyArray,
) -> None:
    for row in range(sand_pct.size):
        refusal[row] = texture_refusal(sand_pct[row], silt_pct[row], clay_pct[row], tolerance_pct)
        if refusal[row] == _NONE:
            out[0, row], out[1, row], out[2, row] = closed(
                sand_pct[row], silt_pct[row], clay_pct[row]
            )
        else:
            out[:, row] = np.nan


def close_textures(
    sand_pct: FloatArray, silt_pct: FloatArray, clay_pct: FloatArray, *, tolerance_pct: float = 10.0
) -> ClosedTexture:
    """Scale textures to 100 %, or say per row why it cannot be done.

    A faulty row never stops the others. Faults are looked for in this order, and the first is
    reported: a value that is NaN or infinite, a negative value, a value above 100, all three
    zero, a sum further than ``tolerance_pct`` from 100.

    Parameters
    ----------
    sand_pct, silt_pct, clay_pct : array, shape (row,)
        Fractions [%].
    tolerance_pct : float
        Largest distance of the sum from 100 [%]. The default of 10 lets through maps that give
        each fraction's own median or mean, as POLARIS does, and stops fractions of one.

    Returns
    -------
    ClosedTexture
        Normalised fractions [%] and a ``Refusal`` number per row; fractions are NaN where refused.

    References
    ----------
    DeepSoil manuscript, Eq. 6.
    """
    sand, silt, clay = (
        np.ascontiguousarray(values, dtype=np.float64) for values in (sand_pct, silt_pct, clay_pct)
    )
    out = np.empty((3, sand.size))
    refusal = np.zeros(sand.size, dtype=np.uint8)
    _close_rows(sand, silt, clay, tolerance_pct, out, refusal)
    return ClosedTexture(out[0], out[1], out[2], refusal)
